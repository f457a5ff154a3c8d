/* Files of operators' lines and agreements, as mails and chats leave them. What is taken is written again as it was,
 * and its proofs hold; what is refused is refused in one sentence. */
#include "founding_files.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "clean.h"
#include "command.h"
#include "complaints.h"
#include "frame.h"
#include "fuzz.h"

static const char *input_file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int file = -1;

	if (file < 0)
		file = memfd_create("texts", 0);
	assert(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	complaints = 0;
	return path;
}

static void lines_of_file(const uint8_t *data, size_t size)
{
	struct operator_lines lines = {NULL, 0};
	int code = operator_lines_read(&lines, input_file(data, size));

	assert(code == EXIT_DONE ? !complaints && lines.count : complaints == 1);
	for (size_t i = 0; i < lines.count; i++) {
		struct operator_line again;
		char text[LINE_TEXT_SIZE];
		assert(operator_line_check(&lines.items[i]) == 0);
		operator_line_write(&lines.items[i], text);
		assert(operator_line_read(text, &again) == 0 && operator_line_equal(&again, &lines.items[i]));
		assert(operator_lines_find(&lines, again.validator.consensus_key) == &lines.items[i]);
	}
	operator_lines_free(&lines);
}

static void agreements_of_file(const uint8_t *data, size_t size)
{
	struct agreements agreements = {NULL, 0};
	int code = agreements_read(&agreements, input_file(data, size));

	assert(code == EXIT_DONE ? !complaints && agreements.count : complaints == 1);
	agreements_free(&agreements);
}

/* Whether the cleaned text is this one, but for its case and its scheme. */
static bool is_same_text(const char *clean, const char *written)
{
	if (!text_begins(clean, FRAME_SCHEME))
		written += strlen(FRAME_SCHEME);
	return strlen(clean) == strlen(written) && text_begins(clean, written);
}

/* One text by itself, whose signatures nobody looks at. */
static void one_text(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *clean = malloc(size + 1);
	struct operator_line line;
	struct agreement agreement;
	char written[LINE_TEXT_SIZE];

	assert(clean);
	if (!text_clean(text, &clean_plain, clean, size + 1)) {
		if (!operator_line_read(clean, &line)) {
			operator_line_write(&line, written);
			assert(is_same_text(clean, written));
		}
		if (!agreement_read(clean, &agreement)) {
			agreement_write(&agreement, written);
			assert(is_same_text(clean, written));
		}
	}
	free(clean);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	assert(fuzz_network());
	lines_of_file(data, size);
	agreements_of_file(data, size);
	one_text(data, size);
	return 0;
}

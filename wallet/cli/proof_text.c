/* See proof_text.h. */
#include "proof_text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECEIPT_TEXT_SIZE (512u * 1024) /* above the library's own limit, which is on bytes */

static int proof_file_read(const char *path, char **text)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	if (!file)
		return cli_complain(EXIT_MISMATCH, "\"%.80s\" is neither a receipt nor a file with one: %s", path,
		                    strerror(errno));
	char *buffer = malloc(RECEIPT_TEXT_SIZE);
	size_t size = buffer ? fread(buffer, 1, RECEIPT_TEXT_SIZE, file) : 0;
	int code = buffer && ferror(file) ? cli_complain(EXIT_FAILED, "%s: %s", path, strerror(errno)) : 0;
	if (!is_stdin)
		fclose(file);
	if (!buffer)
		return cli_complain(EXIT_FAILED, "out of memory");
	if (!code && (size == RECEIPT_TEXT_SIZE || memchr(buffer, '\0', size)))
		code = cli_complain(EXIT_MISMATCH, "%s: not a receipt: %s", path,
		                    size == RECEIPT_TEXT_SIZE ? "too long" : "not text in UTF-8");
	if (code) {
		free(buffer);
		return code;
	}
	buffer[size] = '\0';
	*text = buffer;
	return 0;
}

int proof_text_read(const char *given, char **text)
{
	enum uncia_text_kind kind = uncia_text_kind(given);
	if (kind != UNCIA_TEXT_RECEIPT && kind != UNCIA_TEXT_EXPIRY)
		return proof_file_read(given, text);
	*text = strdup(given);
	return *text ? 0 : cli_complain(EXIT_FAILED, "out of memory");
}

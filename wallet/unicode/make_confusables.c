/* Writes the table of look-alikes (confusables.h) as C, at build time: of each character that normalisation form KD
 * leaves alone, what it is drawn like, as ICU knows it from Unicode's data (UTS #39). */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#define ROOM         64
#define ENTRIES_MAX  8192
#define TEXT_MAX     65536
#define LAST_SCALAR  0x10ffff
#define IS_SCALAR(c) ((c) < 0xd800 || (c) > 0xdfff)

static int from[ENTRIES_MAX], at[ENTRIES_MAX], count, text_size;
static char text[TEXT_MAX];

static bool equal(const UChar *a, int32_t a_size, const UChar *b, int32_t b_size)
{
	return a_size == b_size && u_memcmp(a, b, a_size) == 0;
}

/* Notes what a character is drawn like, where that is something else. */
static void confusable_add(UChar32 c, const USpoofChecker *checker, const UNormalizer2 *nfkd, UErrorCode *error)
{
	UChar self[2], normal[ROOM], drawn[ROOM];
	int32_t self_size = 0, written = 0;
	U16_APPEND_UNSAFE(self, self_size, c);
	int32_t normal_size = unorm2_normalize(nfkd, self, self_size, normal, ROOM, error);
	int32_t drawn_size = uspoof_getSkeleton(checker, 0, self, self_size, drawn, ROOM, error);
	if (U_FAILURE(*error) || !equal(self, self_size, normal, normal_size) ||
	    equal(self, self_size, drawn, drawn_size))
		return;
	if (count == ENTRIES_MAX) {
		*error = U_BUFFER_OVERFLOW_ERROR;
		return;
	}
	from[count] = c;
	at[count++] = text_size;
	u_strToUTF8(text + text_size, TEXT_MAX - text_size, &written, drawn, drawn_size, error);
	text_size += written + 1;
}

static void print_numbers(const char *type, const char *name, const int *numbers)
{
	printf("const %s %s[] = {", type, name);
	for (int i = 0; i < count; i++)
		printf("%s%d,", i % 16 ? " " : "\n", numbers[i]);
	puts("\n};");
}

int main(void)
{
	UErrorCode error = U_ZERO_ERROR;
	USpoofChecker *checker = uspoof_open(&error);
	const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&error);
	for (UChar32 c = 1; U_SUCCESS(error) && c <= LAST_SCALAR; c++)
		if (IS_SCALAR(c))
			confusable_add(c, checker, nfkd, &error);
	if (U_FAILURE(error) || count == 0) {
		fprintf(stderr, "make_confusables: %s\n", u_errorName(error));
		return EXIT_FAILURE;
	}
	puts("/* Made by make_confusables. */\n#include \"confusables.h\"");
	printf("const size_t confusable_count = %d;\n", count);
	print_numbers("uint32_t", "confusable_from", from);
	print_numbers("uint16_t", "confusable_at", at);
	printf("const char confusable_text[] = {");
	for (int i = 0; i < text_size; i++)
		printf("%s%d,", i % 24 ? " " : "\n", text[i]);
	puts("\n};");
	uspoof_close(checker);
	return fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Preparation of passphrases, by utf8proc. No copy of one is left in memory that is given back. */
#include "passphrase.h"
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include <utf8proc.h>
#include "uncia/error.h"
#include "utf8.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define NORMAL_FORM_C   (UTF8PROC_STABLE | UTF8PROC_COMPOSE)

static bool is_known_text(const char *text)
{
	uint32_t c;
	while (*text != '\0')
		if (!utf8_next(&text, &c) || utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_CN)
			return false;
	return true;
}

static utf8proc_int32_t space_to_space(utf8proc_int32_t c, void *unused)
{
	(void)unused;
	return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS ? ' ' : c;
}

/* In normalisation form C, or NULL where memory ends. */
static char *passphrase_normalise(const char *text)
{
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
	utf8proc_ssize_t size = (utf8proc_ssize_t)strlen(text);
	utf8proc_ssize_t count = utf8proc_decompose_custom(bytes, size, NULL, 0, NORMAL_FORM_C, space_to_space, NULL);
	if (count < 0)
		return NULL;
	size_t room = ((size_t)count + 1) * sizeof(utf8proc_int32_t);
	utf8proc_int32_t *characters = malloc(room);
	if (!characters)
		return NULL;
	utf8proc_decompose_custom(bytes, size, characters, count, NORMAL_FORM_C, space_to_space, NULL);
	/* Writes the text over the characters. */
	char *copy = utf8proc_reencode(characters, count, NORMAL_FORM_C) < 0 ? NULL : strdup((const char *)characters);
	sodium_memzero(characters, room);
	free(characters);
	return copy;
}

int passphrase_prepare(const char *given, char **prepared)
{
	bool is_known = is_known_text(given), has_mark = strncmp(given, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0;
	char *copy = is_known ? passphrase_normalise(given + (has_mark ? strlen(BYTE_ORDER_MARK) : 0)) : strdup(given);
	if (!copy)
		return UNCIA_E_MEMORY;
	*prepared = copy;
	return 0;
}

void passphrase_free(char *prepared)
{
	if (!prepared)
		return;
	sodium_memzero(prepared, strlen(prepared));
	free(prepared);
}

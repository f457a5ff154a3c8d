/* Options in the payloads of texts: see text_option.h. */
#include "text_option.h"
#include <assert.h>
#include <string.h>
#include "utf8.h"

int text_option_next(struct text_options *options, struct text_option *option)
{
	const size_t left = (size_t)(options->end - options->at);
	if (left == 0)
		return 0;
	if (left < 2 || left - 2 < options->at[1] || options->at[0] <= options->last)
		return UNCIA_E_ENCODING;
	*option = (struct text_option){options->at[0], options->at[1], options->at + 2};
	options->last = option->type;
	options->at += 2 + option->length;
	return 1;
}

int text_option_unknown(const struct text_option *option)
{
	return option->type < OPTION_IGNORED ? UNCIA_E_NEWER : 0;
}

int text_option_text(const struct text_option *option, char *text, size_t size)
{
	if (option->length == 0 || option->length >= size || memchr(option->value, 0, option->length))
		return UNCIA_E_ENCODING;
	memcpy(text, option->value, option->length);
	text[option->length] = '\0';
	return utf8_is_plain(text) ? 0 : UNCIA_E_ENCODING;
}

uint8_t *text_option_put(uint8_t *to, uint8_t type, const void *value, size_t size)
{
	assert(size <= UINT8_MAX);
	*to++ = type;
	*to++ = (uint8_t)size;
	memcpy(to, value, size);
	return to + size;
}

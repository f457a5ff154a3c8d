/* Checks text before people see it or it is stored. */
#include "utf8.h"
#include <stddef.h>
#include <stdint.h>

/* Decodes one character at *text; returns false where it is not the shortest form of a scalar value. */
static bool next_character(const uint8_t **text, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *p = *text;
	unsigned more = *p < 0x80 ? 0 : *p >> 5 == 6 ? 1 : *p >> 4 == 14 ? 2 : *p >> 3 == 30 ? 3 : 4;
	if (more == 4)
		return false;
	uint32_t value = more == 0 ? *p : *p & (0x3fu >> more);
	for (unsigned i = 1; i <= more; i++) {
		if (p[i] >> 6 != 2) /* or the NUL at the end */
			return false;
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < smallest[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return false;
	*text = p + 1 + more;
	*character = value;
	return true;
}

bool utf8_is_plain(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	uint32_t c;
	while (*p != 0) {
		if (!next_character(&p, &c))
			return false;
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200e && c <= 0x200f) ||
		    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			return false;
	}
	return true;
}

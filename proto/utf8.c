/* Checks text before people see it or it is stored. */
#include "utf8.h"
#include <stddef.h>

bool utf8_next(const char **text, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *p = (const uint8_t *)*text;
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
	*text += 1 + more;
	*character = value;
	return true;
}

/* First and last characters of a range. */
struct range {
	uint32_t first, last;
};

/* ranges: ascending; a range of zeros ends them. */
static bool range_holds(const struct range *ranges, uint32_t c)
{
	for (; ranges->last != 0; ranges++)
		if (c >= ranges->first && c <= ranges->last)
			return true;
	return false;
}

bool utf8_is_plain(const char *text)
{
	static const struct range controls[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c}, {0x200e, 0x200f},
	                                        {0x2028, 0x202e}, {0x2066, 0x2069}, {0, 0}};
	uint32_t c;
	while (*text != '\0')
		if (!utf8_next(&text, &c) || range_holds(controls, c))
			return false;
	return true;
}

bool utf8_is_blank(uint32_t character)
{
	static const struct range blanks[] = {{0x09, 0x0d},
	                                      {0x20, 0x20},
	                                      {0x85, 0x85},
	                                      {0xa0, 0xa0},
	                                      {0x1680, 0x1680},
	                                      {0x2000, 0x200a},
	                                      {0x2028, 0x2029},
	                                      {0x202f, 0x202f},
	                                      {0x205f, 0x205f},
	                                      {0x3000, 0x3000},
	                                      {0, 0}};
	return range_holds(blanks, character);
}

bool utf8_is_break(uint32_t character)
{
	static const struct range breaks[] = {{0x0a, 0x0d}, {0x85, 0x85}, {0x2028, 0x2029}, {0, 0}};
	return range_holds(breaks, character);
}

bool utf8_is_unseen(uint32_t character)
{
	static const struct range unseen[] = {
	    {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},   {0x180b, 0x180f}, {0x200b, 0x200f},
	    {0x202a, 0x202e}, {0x2060, 0x206f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0, 0}};
	return range_holds(unseen, character);
}

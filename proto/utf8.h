/* Characters of UTF-8 text, and which of them people do not see (docs/spec/texts.md). Threads: any. */
#ifndef UTF8_H
#define UTF8_H
#include <stdbool.h>
#include <stdint.h>

/* Decodes one character of a NUL-terminated text at *text, which is not at its end. Returns false where there is not
 * the shortest form of a scalar value, and leaves both alone; else *text is behind it. */
bool utf8_next(const char **text, uint32_t *character);

/* Well-formed UTF-8 without control characters: C0 and C1, DEL, line and paragraph separators, and the marks that
 * reorder text, with which a memo or a name could pass for another. */
bool utf8_is_plain(const char *text);

/* White space of any width, line ends included. */
bool utf8_is_blank(uint32_t character);
/* A line end. */
bool utf8_is_break(uint32_t character);
/* A character that shows nothing: zero-width, joining, ordering, variation selectors, byte order mark. */
bool utf8_is_unseen(uint32_t character);

#endif

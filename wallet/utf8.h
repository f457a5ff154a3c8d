/* Text that people see: UTF-8 without control characters. */
#ifndef UTF8_H
#define UTF8_H
#include <stdbool.h>

/* Well-formed UTF-8 without C0 and C1 controls, DEL, and the marks that reorder text, with which a memo or a name
 * could pass for another. */
bool utf8_is_plain(const char *text);

#endif

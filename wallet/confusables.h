/* Characters that are drawn like others, of those that normalisation form KD leaves alone. The table is made at build
 * time by unicode/make_confusables.c. */
#ifndef CONFUSABLES_H
#define CONFUSABLES_H
#include <stddef.h>
#include <stdint.h>

extern const size_t confusable_count;
extern const uint32_t confusable_from[]; /* ascending */
extern const uint16_t confusable_at[];   /* where in confusable_text it stands what it is drawn like */
extern const char confusable_text[];     /* NUL-terminated UTF-8, one after the other */

#endif

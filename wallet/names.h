/* Names of contacts: what one may be, and which two people cannot tell apart (docs/spec/texts.md, "Names"). Threads:
 * any. */
#ifndef NAMES_H
#define NAMES_H
#include <stdbool.h>
#include <uncia/uncia.h>

/* Prepares a name as uncia_contact_name says: normalisation form KC, and the rules for names. */
int name_prepare(const char *given, char name[UNCIA_CONTACT_NAME_SIZE], char why[UNCIA_WHY_SIZE]);

/* Whether a text has none of the characters that a name must not have: what nobody sees, what ends lines, what has no
 * meaning; and neither begins nor ends with a blank, nor begins with a mark. */
bool name_is_seen(const char *text);

#define NAME_KEY_SIZE 2048
/* What a name looks like: as it is, and without regard to case. */
struct name_keys {
	char drawn[NAME_KEY_SIZE], folded[NAME_KEY_SIZE];
};
/* name: any text; what is not UTF-8 looks like itself alone. */
void name_keys_make(const char *name, struct name_keys *keys);
/* Whether people may take one for the other. */
bool name_keys_alike(const struct name_keys *a, const struct name_keys *b);

#endif

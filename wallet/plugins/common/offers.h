/* What conversations have shown, and can be accepted there: requests and claims. */
#ifndef UNCIA_PLUGIN_OFFERS_H
#define UNCIA_PLUGIN_OFFERS_H

#include "plugin_state.h"

/* Keeps a text, under a code of its own. The oldest of whoever has shown the most gives way. NULL where there is no
 * randomness, or it is too long. */
const struct offer *offer_add(struct plugin *p, const struct plugin_message *message, enum uncia_text_kind kind,
                              const char *text);
/* The one of this kind and code, or, where the code is "", the only one that is open and was shown here. NULL, and it
 * is said why. */
const struct offer *offer_find(struct plugin *p, const struct conversation *where, enum uncia_text_kind kind,
                               const char *code);

#endif

/* Payments and claims ordered: what is typed read, a key made, the order given. */
#ifndef UNCIA_PLUGIN_ORDERING_H
#define UNCIA_PLUGIN_ORDERING_H

#include "plugin_state.h"

/* A fresh idempotency key; false where there is no randomness. */
bool ordering_key(char key[PLUGIN_KEY_SIZE]);
/* Orders a payment that puts the amount under a claim of this wallet's, for so many seconds. */
void ordering_claim(struct plugin *p, const struct conversation *peer, const struct intent *intent, uint32_t seconds);
/* Reads an amount above zero from the first word of *arguments, and leaves *arguments behind it. Says what is wrong. */
bool ordering_amount(const struct plugin *p, const struct conversation *where, const char **arguments,
                     uint64_t *amount);
/* Whether this can be the note of a payment. Says what is wrong. */
bool ordering_note(const struct plugin *p, const struct conversation *where, const char *note);
/* Orders a payment to the intent's address. */
void ordering_pay(struct plugin *p, const struct conversation *peer, const struct intent *intent);

#endif

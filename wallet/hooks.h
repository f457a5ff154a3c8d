/* The hooks of the host that the wallet was given, kept apart from its own functions. */
#ifndef HOOKS_H
#define HOOKS_H
#include <uncia/uncia.h>

/* Sets w->given and w->host. given: with all defaults filled in. */
void hooks_init(struct uncia_wallet *w, const struct uncia_host *given);

#endif

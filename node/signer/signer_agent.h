/* The sign agent: answers requests on a Unix socket out of its record, one after the other. One thread. */
#ifndef SIGNER_AGENT_H
#define SIGNER_AGENT_H
#include <signal.h>
#include "signed_record.h"

struct signer_agent_options {
	struct signed_record *record; /* the caller's */
	const char *path;             /* of the socket; an old one, which nobody listens on, is removed */
	/* Set by a signal handler: it ends. The signal is blocked but while the agent waits, by `waiting`. */
	const volatile sig_atomic_t *stop;
	const sigset_t *waiting;
	/* Called once, when it listens; and with each vote that was refused, and why. Neither may be NULL. */
	void (*ready)(void *context);
	void (*refused)(void *context, const struct signer_request *request, enum signer_verdict verdict);
	void *context;
};

/* What the agent has done, for its end. */
struct signer_agent_counts {
	uint64_t votes, expiries, refused;
};

/* Listens on the socket, which its owner and group may use, and answers until it is stopped. Returns 0; UNCIA_E_BUSY
 * (somebody listens there); UNCIA_E_ARGUMENT (the path is too long, or names what is no socket); UNCIA_E_IO,
 * UNCIA_E_FULL, UNCIA_E_DAMAGED, UNCIA_E_MEMORY (the record has failed). why: a sentence. */
int signer_agent_run(const struct signer_agent_options *options, struct signer_agent_counts *counts, char why[256]);

#endif

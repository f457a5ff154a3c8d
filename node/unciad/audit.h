/* The offline audit of a home: checks everything that its store claims again, from the genesis on. Threads: the
 * command's.
 */
#ifndef AUDIT_H
#define AUDIT_H
#include <signal.h>
#include "home.h"

struct audit_report {
	uint64_t height, records, blocks, payments, certificates, signatures;
	amount_t supply;
	struct hash block_id, state_root; /* of the tip, and after it */
	uint64_t uncovered; /* blocks below the tip, with it, that are final by a certificate of one that is not here */
	uint64_t lost_view; /* of a vote of this key that the journal has lost: it never votes again; 0: none */
	uint64_t failed_height; /* where the audit failed */
	char failure[300];
};

/* In: an opened store, which is only read; directory: where a temporary ledger may be made; *stop: set by a signal
 * handler to end early. *report is valid where the result is 0 or EXIT_MISMATCH. Returns 0; EXIT_MISMATCH
 * (report->failure says what, failed_height where); EXIT_FAILED (this machine could not carry the audit out; said on
 * standard error). */
int audit_run(const struct home *home, struct store *store, const char *directory, const volatile sig_atomic_t *stop,
              struct audit_report *report);

#endif

/* The audit of a home: checks everything that its store claims again, from the genesis on. Threads: the
 * command's.
 */
#ifndef AUDIT_H
#define AUDIT_H
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

struct audit_options {
	const char *directory; /* where a temporary ledger may be made */
	/* Called for each final block, and before, with zeros, as records are read. Not 0: an exit code, having said
	 * why, which ends the audit. May be NULL. */
	int (*progress)(void *context, uint64_t height, uint64_t tip);
	void *context;
	unsigned threads; /* that check signatures; 0: one for each processor */
};

/* In: an opened store, which is only read. *report is valid where the result is 0 or EXIT_MISMATCH, and does not hang
 * on the number of threads. Returns 0; EXIT_MISMATCH (report->failure says what, failed_height where); EXIT_FAILED
 * (this machine could not carry the audit out; said on standard error); what `progress` has returned. */
int audit_run(const struct home *home, struct store *store, const struct audit_options *options,
              struct audit_report *report);

#endif

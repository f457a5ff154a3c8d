/* Shared by the files of the audit. What one of them finds first, in the order in which all would be looked at by one
 * thread, is what is found: signatures are checked by others meanwhile (audit_pool.h). Threads: the command's. */
#ifndef AUDIT_PRIVATE_H
#define AUDIT_PRIVATE_H
#include "audit.h"
#include "audit_pool.h"
#include "scratch.h"

#define VOTE_KEY  (8 + 1 + HASH_SIZE) /* view, kind, block id: of votes and of certificates */
#define BLOCK_KEY (8 + HASH_SIZE)     /* view, block id */

/* Where a walk over a table of the journal goes on: at the first key that is not below this one. */
struct table_walk {
	uint8_t key[JOURNAL_KEY_MAX + 1];
	size_t size;
};

struct audit {
	const struct home *home;
	struct store *store;
	struct storage_view view;
	struct scratch scratch;
	struct audit_pool *pool; /* checks the signatures of payments and certificates */
	struct seen_keys *seen;
	struct audit_report *report;
	const struct audit_options *options;
	struct state_meta stored;
	uint64_t tip_height;
	struct {
		uint64_t height, view, timestamp_ms;
		struct hash id;
	} parent;
	uint64_t covered_height;    /* the newest block that a finality certificate names */
	bool covered_above;         /* one names a block that is not here yet */
	uint64_t contradicted_view; /* the newest view with a certificate against the final block of that view */
	struct table_walk next_certificate;
};

/* A finding about the home: puts it into the report. Returns EXIT_MISMATCH. */
int audit_mismatch(struct audit *a, uint64_t height, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Tells this machine's trouble, which ends the audit, from all else, which is a finding about the home. Returns
 * EXIT_FAILED, having said so, or EXIT_MISMATCH. */
int audit_judge(struct audit *a, uint64_t height, const char *what, int error);
/* The smallest key above this one. */
void audit_key_after(const struct bytes *key, struct table_walk *next);
/* View and block id of the final block of this height. */
int audit_read_final(struct audit *a, uint64_t height, uint64_t *view, struct hash *id);

/* Every stored certificate of views up to that of this final block; `last`: of all views that are left. A final
 * certificate up to the tip must name the chain's block of its view; beyond it, a block that is not here yet. Their
 * signatures go to the pool. */
int audit_certificates(struct audit *a, uint64_t height, uint64_t view, const struct hash *id, bool last);
/* The own votes, which must not contradict each other; the newest ones of the others, and a lost one; proof of a second
 * chain. */
int audit_votes(struct audit *a);
int audit_peers(struct audit *a);
int audit_second_chain(struct audit *a);

#endif

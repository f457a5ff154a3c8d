/* A home's two LMDB environments, `journal` and `state`, behind the core's storage view (docs/spec/storage.md).
 * The one user of LMDB.
 *
 * Threads: the view is for one reading thread (the loop). journal_commit is for one journal thread, state_apply for
 * one state thread; each may run while the loop reads. */
#ifndef STORE_H
#define STORE_H
#include "storage_view.h"

struct store;
struct journal_write {
	enum journal_table table; /* 0 (no table): forget VOTE records of views <= view */
	const void *key, *value;
	size_t key_size, value_size;
	uint64_t view;
};

/* Makes both environments new in HOME/data, holding the genesis flush, bound to the network id and the validator's
 * public key (zeros for an observer). HOME exists. They are made in HOME/data.new, synced and renamed: a crash leaves
 * nothing, or all of it; what it left is cleaned by the next attempt.
 * Returns 0; UNCIA_E_EXISTS; UNCIA_E_BUSY; UNCIA_E_ARGUMENT (path too long); UNCIA_E_FULL, UNCIA_E_MEMORY,
 * UNCIA_E_IO (errno says why). */
int store_create(const char *home, const struct hash *network_id, const uint8_t consensus_key[32],
                 const struct flush *genesis);
/* Opens, and takes the home's lock: one process per home, readers included. why: a sentence on failure (path, what to
 * do). read_only: for status and check of a stopped home; no commit may follow. No fork while it is open.
 * Returns 0; UNCIA_E_BUSY (with the pid); UNCIA_E_NOT_FOUND; UNCIA_E_NETWORK (of another network or key);
 * UNCIA_E_DAMAGED (truncated, bad header or checksum); UNCIA_E_ARGUMENT; UNCIA_E_MEMORY; UNCIA_E_IO. */
int store_open(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], bool read_only,
               struct store **store, char why[256]);
void store_close(struct store *store);
void store_view(struct store *store, struct storage_view *view);
/* Lets the view see what was committed since. Loop thread, between events. */
int store_view_renew(struct store *store);
/* Of the journal alone: the state is seen as before, whatever was applied to it meanwhile. */
int store_view_renew_journal(struct store *store);
/* A sentence on the view's last failure, naming the record that is damaged. Loop thread. */
const char *store_damage(const struct store *store);

/* One synced transaction. Any failure is final: the caller must end the process; later commits are refused.
 * Returns 0; UNCIA_E_FULL (disk or map); UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_IO. */
int journal_commit(struct store *store, const struct journal_write *writes, size_t count, char why[256]);
/* Prepares the flush and stores it: one synced transaction, atomic with its meta. As journal_commit; but
 * UNCIA_E_ARGUMENT, where the meta's height is not above the stored one, does nothing and is not final. */
int state_apply(struct store *store, struct flush *flush, char why[256]);
/* Bytes that can still be written: free on the file system under the home, or left before one of the maps is nine
 * tenths full (the next start has larger ones), whichever is less. Any thread. Returns 0 or UNCIA_E_IO. */
int store_space(const struct store *store, uint64_t *free_bytes);

/* For `unciad check`: walks every record of both environments and verifies its checksum, and that
 * none is missing from its table. Stops at the first fault. Loop thread. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_IO. */
int store_check_records(struct store *store, uint64_t *records, char why[256]);
/* For `unciad check`: whether both hold the same state, every record of it. why: the first that differs.
 * Returns 0; UNCIA_E_PROOF (they differ); UNCIA_E_DAMAGED; UNCIA_E_IO. */
int store_compare_state(struct store *store, struct store *other, char why[256]);

#endif

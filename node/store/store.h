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

/* Makes both environments new, holding the genesis flush, in a temporary directory beside them; syncs, renames, syncs
 * the parent. Binds them to the network id and the validator's public key. Returns 0; UNCIA_E_EXISTS; UNCIA_E_IO. */
int store_create(const char *home, const struct hash *network_id, const uint8_t consensus_key[32],
		 const struct flush *genesis);
/* Opens and takes the home's lock. why: a sentence on failure (path, what to do).
 * Returns 0; UNCIA_E_BUSY (with the pid); UNCIA_E_NOT_FOUND; UNCIA_E_NETWORK (of another network or key);
 * UNCIA_E_DAMAGED (truncated, bad header or checksum); UNCIA_E_IO. read_only: for status and check; still locks out
 * a second process unless it is `shared` (status of a stopped home). */
int store_open(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], bool read_only,
	       struct store **store, char why[256]);
void store_close(struct store *store);
void store_view(struct store *store, struct storage_view *view);
/* Lets the view see what was committed since. Loop thread, between events. */
int store_view_renew(struct store *store);

/* One synced transaction. Any failure is final: the caller must end the process. Grows the map when needed. */
int journal_commit(struct store *store, const struct journal_write *writes, size_t count, char why[256]);
/* One synced transaction, atomic with its meta; the meta's height must be above the stored one. */
int state_apply(struct store *store, const struct flush *flush, char why[256]);
/* Free bytes of the file system under the home. */
int store_space(const struct store *store, uint64_t *free_bytes);

/* For `unciad check`: walks every record of both environments and verifies its checksum. */
int store_check_records(struct store *store, uint64_t *records, char why[256]);

#endif

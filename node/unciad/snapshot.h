/* A home opened for reading, whether or not a validator runs in it: a stopped one under its lock; one that runs, beside
 * the validator, as of one moment (docs/spec/storage.md §8). Each function that returns an int returns an exit code.
 * Threads: the command's. */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H
#include "control_client.h"
#include "home.h"

struct snapshot {
	const struct home *home; /* the caller's */
	struct store *store;     /* NULL: it is not open */
	bool running;            /* a validator runs there */
	struct control_link link;
	uint64_t reserve;                  /* bytes that must stay free where it runs */
	uint64_t began_ms, looked_ms;      /* when it was opened, and last looked at */
	uint64_t size_at_first, size_most; /* of the files; the most that they may grow to */
};

/* Opens it. Where that fails it was said on standard error, unless *error is set: that is store_open's, with `why`. On
 * 0 snapshot_close follows. */
int snapshot_open(const struct home *home, struct snapshot *snapshot, int *error, char why[256]);
/* Looks, not more often than twice a second, at what it costs the validator that it is open: LMDB frees no page
 * meanwhile. Returns 0, or EXIT_FAILED, having said so, where the files have grown by more than half, and a GiB, or
 * the validator would soon have no room to vote. */
int snapshot_watch(struct snapshot *snapshot);
/* Closes it. Also one whose opening failed. */
void snapshot_close(struct snapshot *snapshot);

#endif

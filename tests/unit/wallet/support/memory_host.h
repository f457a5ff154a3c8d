/* A host in memory: its storage can be made to fail at the n-th call, its clock stands still unless moved. */
#ifndef MEMORY_HOST_H
#define MEMORY_HOST_H
#include <uncia/uncia.h>
#include "payment.h"

enum failure { FAIL_BEFORE, FAIL_AFTER }; /* without the call's effect, or with it */

struct memory_blob {
	char name[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	bool lost; /* made by a call that failed: a running system shows it, a power cut takes it */
	/* What it was before a replacement that failed: a power cut brings it back. NULL: there was none. */
	uint8_t *before;
	size_t before_size;
};

/* What was accepted, and is not durable yet. */
struct memory_later {
	char name[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
};

struct memory_host {
	struct uncia_host host;
	struct memory_blob blobs[512];
	size_t count;
	uint64_t now_ms;
	unsigned calls, fail_at; /* fail_at 0: never */
	unsigned fail_count;     /* this many calls in a row */
	enum failure failure;
	/* Blobs are durable only later: until memory_host_confirm a power cut takes them. */
	bool later;
	struct memory_later laters[256];
	size_t later_count;
	uint64_t random; /* counts, so that a run can be repeated */
	bool random_fails, random_repeats;
	/* Called instead of nothing before each create: to let somebody else be faster. */
	void (*before_create)(struct memory_host *m, const char *name);
	void *context;
};

void memory_host_init(struct memory_host *m);
void memory_host_deinit(struct memory_host *m);
struct memory_blob *memory_host_find(struct memory_host *m, const char *name);
/* Whether a payment is stored (durably, where that comes later), by itself or, where it was underway when it got its
 * end, in the archive: else no byte of it may leave. */
bool memory_host_has(struct memory_host *m, const struct payment *payment);
/* What it stores now, and that put back later, as a backup is; freed by the latter. */
struct memory_copy {
	struct memory_blob *blobs;
	size_t count;
};
void memory_host_copy(const struct memory_host *m, struct memory_copy *copy);
/* only: blobs whose names start so; the others stay as they are. "" for all. */
void memory_host_put_back(struct memory_host *m, struct memory_copy *copy, const char *only);
/* The `number`-th of those that are not durable yet now is, or, with an error, never will be; the wallet is told.
 * Returns what that answers. */
int memory_host_confirm(struct memory_host *m, struct uncia_wallet *w, size_t number, int error);
/* Takes what is not durable. */
void memory_host_power_cut(struct memory_host *m);
/* Removes all blobs whose names start so. */
void memory_host_forget(struct memory_host *m, const char *prefix);
/* How many blobs' names start so. */
size_t memory_host_count(struct memory_host *m, const char *prefix);

#endif

/* What a simulated phone gives to libuncia: storage, randomness and clocks (struct uncia_host). The storage tells what
 * a running system shows from what survives a power cut, may fail, and may be where the process dies. */
#ifndef PHONE_HOST_H
#define PHONE_HOST_H
#include <uncia/uncia.h>
#include "network.h"

struct phone_file {
	bool there;
	uint8_t *data;
	size_t size;
};

struct phone_blob {
	char name[UNCIA_BLOB_NAME_SIZE];
	struct phone_file seen, kept; /* by a running system; after a power cut */
};

/* What was accepted, and is durable later. */
struct phone_later {
	char name[UNCIA_BLOB_NAME_SIZE];
	struct phone_file file;
	struct phone_later *next;
};

struct phone_host {
	struct uncia_host host;
	const struct network *network;
	uint64_t random;
	struct phone_blob *blobs;
	size_t count, capacity;
	bool late; /* payments' blobs are durable only when phone_host_confirm says so */
	struct phone_later *laters;
	/* faults */
	uint32_t dies_in;   /* at the so-manieth writing call from now on the process ends; 0: does not */
	uint32_t fail_next; /* so many writing calls fail */
	bool loads_fail;
	uint32_t failures; /* that were made so far */
	bool dead;         /* nothing that this process does has any effect any more */
	/* clocks */
	int64_t drift_ppm, wall_ms;
};

void phone_host_init(struct phone_host *h, const struct network *network, uint64_t random);
void phone_host_deinit(struct phone_host *h);
uint64_t phone_host_draw(struct phone_host *h, uint64_t below);
/* What the next process finds: after a power cut, of each blob what was kept, or what was seen. */
void phone_host_restart(struct phone_host *h, bool power_cut);
/* Makes durable what was accepted first, and tells the wallet, which may be NULL. Returns whether there was anything.
 */
bool phone_host_confirm(struct phone_host *h, struct uncia_wallet *wallet);
/* Another phone: nothing is left. */
void phone_host_wipe(struct phone_host *h);
/* What is there now, apart; and back again, each blob with a probability of so many in a hundred: those that are not
 * stay as they are. The copy can be put back any number of times. */
struct phone_copy {
	struct phone_blob *blobs;
	size_t count;
};
void phone_copy_make(const struct phone_host *h, struct phone_copy *copy);
void phone_copy_put_back(struct phone_host *h, const struct phone_copy *copy, uint32_t in_a_hundred);
void phone_copy_free(struct phone_copy *copy);
/* Whether a blob whose name begins so, and that survives a power cut, holds these bytes. */
bool phone_host_keeps(const struct phone_host *h, const char *name, const void *bytes, size_t size);
size_t phone_host_count(const struct phone_host *h, const char *prefix);

#endif

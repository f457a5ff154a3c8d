/* The world of one wallet in the search of the outbox (outbox.c): its storage, its clock, validators of which one may
 * lie, the ledger as it truly is; and the mistakes that can be planted by wrapping calls of the product. */
#ifndef OUTBOX_WORLD_H
#define OUTBOX_WORLD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/uncia.h>
#include "payment.h"

enum verdict { HOLDS, LOSS, TWICE, FALSE_END, OTHER_END, NEITHER };

enum mistake {
	MISTAKE_NONE,
	MISTAKE_SEND_FIRST,
	MISTAKE_FOUND_IS_KEPT,
	MISTAKE_FORGETS,
	MISTAKE_OTHER_NONCE,
	MISTAKE_EXPIRY_FREES_KEY,
	MISTAKE_ONE_WORD,
	MISTAKE_REFUSAL_ENDS,
	MISTAKE_END_NOT_STORED,
	MISTAKE_CLEARS_FIRST,
	MISTAKE_FOUND_SEGMENT_IS_KEPT
};

enum action {
	ACT_PAY,           /* under the key */
	ACT_PAY_OTHERWISE, /* under the same key, something else */
	ACT_PAY_UNKEYED,
	ACT_RECEIPT, /* of the payment under the key; so it is final */
	ACT_RECEIPT_UNKEYED,
	ACT_WORD_FALSE, /* of the one validator that lies: expired */
	ACT_WORDS_TRUE, /* of two honest ones, once it is so */
	ACT_REFUSAL,
	ACT_PENDING,
	ACT_WAIT,   /* until something is to be sent again */
	ACT_EXPIRE, /* until past every expiry */
	ACT_LINK,   /* comes up */
	ACT_KILL,
	ACT_POWER_CUT,
	ACTIONS
};

#define BLOBS_MAX    32
#define PAYMENTS_MAX 16

struct blob_version {
	bool there;
	uint8_t *data;
	size_t size;
};

struct blob {
	char name[UNCIA_BLOB_NAME_SIZE];
	struct blob_version seen, kept;
};

struct known_payment { /* that ever left, was given out, or found */
	struct payment_id id;
	uint8_t nonce[NONCE_SIZE];
	bool keyed, sent, vouched; /* vouched: its id was given out */
	bool is_final, is_expired; /* in the ledger; for good */
	enum uncia_payment_state told;
	bool stored_end; /* its end was in storage when the wallet opened */
};

struct world {
	struct uncia_host host;
	struct uncia_wallet *wallet;
	struct blob blobs[BLOBS_MAX];
	uint32_t blob_count;
	uint64_t now_ms, random;
	uint32_t waits;
	/* of the step under way */
	uint32_t calls, fail_at;
	bool effect_seen, effect_kept, ends, dead;
	struct known_payment payments[PAYMENTS_MAX];
	uint32_t payment_count;
	enum mistake mistake;
	uint32_t segment_records; /* of its archive */
	enum verdict verdict;
};

struct digest {
	uint8_t b[32];
};

/* What an outbox says to its owner. */
struct summary {
	uint32_t count;
	struct {
		struct payment_id id;
		enum uncia_payment_state state;
	} payments[PAYMENTS_MAX];
};

/* Once: keys, a committee, a home. */
void world_prepare(void);
void world_forget(void);
void world_init(struct world *w, enum mistake mistake, uint32_t segment_records);
/* Another world in the same state: what happens in the one does not in the other. */
void world_copy(struct world *w, const struct world *from);
void world_deinit(struct world *w);
bool world_may(const struct world *w, enum action action);
void world_act(struct world *w, enum action action);
void world_restart(struct world *w, bool power_cut);
/* Takes the events, and looks whether all holds. */
void world_look(struct world *w);
void world_digest(const struct world *w, struct digest *digest);
void world_summary(const struct world *w, struct summary *summary);
/* Whether every payment is as it was before, or as after: each by itself. */
bool summary_is_one_of(const struct summary *now, const struct summary *before, const struct summary *after);
const char *world_action_name(enum action action);

/* outbox_archive.c */
struct archive;
struct hasher;
struct homing;
/* What a wallet holds of it in memory, also where storage says something else by now. */
void world_copy_archive(struct uncia_wallet *wallet, const struct archive *from);
/* And of its holds, of which there are none. Returns 0 or UNCIA_E_MEMORY. */
int world_copy_holds(struct uncia_wallet *wallet, const struct homing *from);
void world_digest_archive(struct hasher *hasher, const struct archive *archive);

/* outbox_storage.c */
void world_host(struct world *w); /* fills the hooks */
struct blob *world_blob(const struct world *w, const char *name);
void world_copy_blobs(struct world *w, const struct world *from);
void world_lose_unkept(struct world *w);
void world_free_blobs(struct world *w);

#endif

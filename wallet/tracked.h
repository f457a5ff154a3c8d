/* The payments that the wallet has in memory: those of its outbox, and others that were asked for. */
#ifndef TRACKED_H
#define TRACKED_H
#include <uthash.h>
#include <uncia/uncia.h>
#include "payment.h"

struct expiry_word {
	uint32_t validator;
	uint8_t *bytes; /* canonical message Expiry, its signature verified */
	size_t size;
};

/* What stays in this home of a payment: its memo, and the host's tag. */
struct notes {
	const char *memo;   /* or NULL */
	const uint8_t *tag; /* NULL where there is none */
	size_t tag_size;    /* at most UNCIA_TAG_SIZE */
};

/* What is known of it; for an own one, what its blob holds (outbox.c). */
struct record {
	bool own;
	char blob[UNCIA_BLOB_NAME_SIZE]; /* own */
	bool archived;                   /* own: it has its end, and the archive has it */
	bool durable;                    /* own: its blob is known to outlive a power cut; not sent before */
	uint64_t stored_after;           /* own: not sent before all up to this one is durable (storing.h) */
	uint64_t end_after;              /* own, with its end: nor shown so */
	struct payment *payment;         /* own or FINAL; else NULL */
	struct payment *carried;         /* a give-back: sent until it has its end, and not stored; else NULL */
	char *memo;                      /* own: its text, or NULL */
	uint8_t *tag;                    /* own: the host's bytes, or NULL */
	size_t tag_size;
	enum uncia_payment_state state;
	uint64_t made_ms;
	uint64_t height, timestamp_ms; /* FINAL: of its block */
	uint32_t index;
	uint8_t *receipt; /* FINAL and not own: the outbox keeps those of its own */
	size_t receipt_size;
	struct expiry_word *expiries;
	size_t expiry_count;
	uint64_t expiry_weight;
};

/* What validators say of it while it has no end, and the query about it (following.c): the host's, or one of the rounds
 * in which a payment is followed. */
struct following {
	uint64_t started_ms, elapsed_ms;
	enum uncia_pending_reason reason;
	int refusal;
	bool followed;   /* another's: to its end */
	bool asked;      /* the host waits for the end of the query, whatever it finds out */
	uint32_t takers; /* parts of the wallet that follow it, too: following_take_up */
	uint32_t round;  /* of the queries that have ended without an end of it, the last one's number; 0: none has */
	int round_error; /* and what came of it */
	bool forgotten;  /* by the rule of uncia_wallet_follow nobody will ever tell more of it */
	bool querying;
	uint64_t deadline_ms;              /* of the query, as are those below */
	bool answered[COMMITTEE_SIZE_MAX]; /* who knows of no end yet */
	uint64_t answered_weight, first_answer_ms;
	bool seen_pending; /* one of them holds it */
};

struct resending { /* following.c */
	uint64_t next_ms, backoff_ms;
};

struct tracked {
	struct payment_id id;
	uint64_t number; /* its name in request ids */
	struct record record;
	struct following following;
	struct resending resending;
	UT_hash_handle hh, by_number, by_blob; /* in `tracked` and `by_number`; own: in `outbox` */
};

/* The payment of this id; of this number, as events name it. NULL: none is tracked. */
struct tracked *tracked_find(const struct uncia_wallet *w, const struct payment_id *id);
/* See tracked_find. */
struct tracked *tracked_by_number(const struct uncia_wallet *w, uint64_t number);
/* The own one whose blob has this name, or NULL. */
struct tracked *tracked_by_blob(const struct uncia_wallet *w, const char *blob);
/* NULL where memory ends. */
struct tracked *tracked_add(struct uncia_wallet *w, const struct payment_id *id);
/* It is one of this outbox. Returns 0 or UNCIA_E_MEMORY. */
int tracked_make_own(struct uncia_wallet *w, struct tracked *t, const char *blob);
/* It could not be stored: it is as it was before tracked_make_own. */
void tracked_disown(struct uncia_wallet *w, struct tracked *t, const struct record *was);
/* Whether it is FINAL or EXPIRED: that never changes. */
bool tracked_has_end(const struct tracked *t);
/* How the host may see it: as pending until its end is durable. */
enum uncia_payment_state tracked_shown(const struct uncia_wallet *w, const struct tracked *t);
/* The one way by which its state changes, and an end ends what was asked about it, too. record.payment is set before it
 * becomes FINAL or one's own. */
void tracked_move(struct tracked *t, enum uncia_payment_state to);
/* From now on its end is waited for. */
void tracked_follow(struct uncia_wallet *w, struct tracked *t);
/* The archive has it. */
void tracked_archived(struct uncia_wallet *w, struct tracked *t);
/* Forgets archived ones where there are many: they are found in the archive. */
void tracked_trim(struct uncia_wallet *w);
void tracked_remove(struct uncia_wallet *w, struct tracked *t);
void tracked_free_all(struct uncia_wallet *w);

#endif

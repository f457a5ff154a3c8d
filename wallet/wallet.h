/* The wallet from the inside: one struct, and the functions by which its parts (outbox, session, sync, paying,
 * history) reach each other. Nothing of this is public. */
#ifndef WALLET_H
#define WALLET_H
#include <sys/types.h>
#include <uthash.h>
#include "keyfile.h"
#include "message.pb-c.h"
#include "network.h"
#include "payment.h"
#include "receipt.h"
#include "wire_link.h"

#define LINKS_MAX          7u     /* as many links as this, or as weigh F+1 where that takes more */
#define LINGER_MS          10000u /* links stay open this long after the last work */
#define BACKOFF_FIRST_MS   250u
#define BACKOFF_MAX_MS     30000u
#define LIAR_PAUSE_MS      60000u /* a validator that sent what does not verify is left alone this long */
#define REQUEST_TIMEOUT_MS 10000u
#define SETTLE_MS          300u /* once enough have answered, the others get this long */
#define QUERIES_MAX        64u

/* ---- what is tracked: payments of the outbox, and others that were asked for ----------------- */

struct expiry_word {
	uint32_t validator;
	uint8_t *bytes; /* canonical message Expiry, its signature verified */
	size_t size;
};

struct tracked {
	struct payment_id id;
	uint64_t number; /* its name in request ids */
	bool own;
	char blob[UNCIA_BLOB_NAME_SIZE]; /* own */
	bool durable;                    /* own: its blob is known to outlive a power cut; not sent before */
	struct payment *payment;         /* own or FINAL; else NULL */
	enum uncia_payment_state state;
	enum uncia_pending_reason reason;
	int refusal;
	uint64_t height, timestamp_ms;
	uint32_t index;
	uint64_t made_ms, started_ms, elapsed_ms;
	uint8_t *receipt; /* FINAL and not own: the outbox keeps those of its own */
	size_t receipt_size;
	struct expiry_word *expiries;
	size_t expiry_count;
	uint64_t expiry_weight;
	bool querying;
	bool answered[COMMITTEE_SIZE_MAX]; /* who told this query that there is no end yet */
	uint64_t answered_weight, first_answer_ms;
	bool seen_pending;    /* one of them holds it */
	uint64_t deadline_ms; /* of the query */
	uint64_t next_send_ms, backoff_ms;
	UT_hash_handle hh, by_blob; /* in `tracked`; own: in `outbox` */
};

/* ---- a validator that the network file names ------------------------------------------------- */

enum answer_kind { ANSWER_NONE, ANSWER_PROVED, ANSWER_ABSENT };

struct node {
	struct link *link; /* while a connection is open */
	bool established, drop;
	int drop_error;
	uint32_t failures; /* since it last answered sensibly */
	uint64_t retry_ms; /* no connection before */
	uint64_t opened_ms, heard_ms;
	uint64_t asked_ms;       /* since when an answer is missing; 0: none is */
	enum answer_kind answer; /* to the sync under way */
	uint64_t answer_height, sync_sent_ms;
	bool history_tried;
};

struct sync {
	bool active;
	uint64_t generation, started_ms, first_answer_ms;
	bool has_best;
	struct account_state best; /* the newest proved in this sync */
	/* what the last ones found out */
	bool known, exists;
	struct account_state state;
	uint64_t height; /* of the state, or as of which there is no account */
};

struct history {
	bool active;
	uint64_t generation, started_ms, attempt_ms;
	uint32_t node; /* who was asked; UINT32_MAX: nobody yet */
	uint64_t before_height;
	uint32_t before_index, limit;
	bool gapless; /* this page goes on where the last one ended */
	/* the last page */
	bool has_page;
	struct uncia_receipt **receipts;
	size_t count;
	uint64_t next_height;
	uint32_t next_index;
	/* Of the payments on gapless pages, those that made the proved state, newest first: how many, what the account
	 * held before the last of them, and whether they cannot have been all. */
	uint64_t seen;
	amount_t held;
	bool gap;
	uint64_t as_of; /* the proved state's height, as it was at the first of these pages */
};

struct queued_event {
	struct uncia_event event;
	struct queued_event *prev, *next;
};

struct driver;

struct uncia_wallet {
	struct uncia_host host;
	const struct uncia_network *network; /* or NULL */
	pid_t owner;                         /* no other process may use it */
	bool has_network_id;
	struct hash network_id; /* of the network, or what the home is bound to */
	struct keyfile keyfile;
	struct secret *secret; /* NULL: locked */
	struct address address;
	uint32_t request_timeout_ms;
	struct queued_event *events;
	bool events_lost;
	struct tracked *tracked, *outbox; /* all by id; own by blob */
	uint64_t last_number;
	struct node *nodes; /* as the network's endpoints */
	uint32_t *order;    /* a random order of them */
	uint64_t busy_until_ms;
	bool clock_known; /* the newest verified header: its time, and when it was verified */
	uint64_t clock_timestamp_ms, clock_learned_ms;
	struct sync sync;
	struct history history;
	struct name_list contacts;
	struct driver *driver; /* NULL: driven by bytes */
};

/* wallet.c */
/* 0; UNCIA_E_ARGUMENT for NULL; UNCIA_E_BUSY in another process than the one that opened it. */
int wallet_usable(const struct uncia_wallet *w);
uint64_t wallet_now(const struct uncia_wallet *w);
/* A header was verified. */
void wallet_learn_time(struct uncia_wallet *w, uint64_t timestamp_ms);
/* Best guess at the ledger's time: the newest verified header's, plus what has passed here since. */
uint64_t wallet_ledger_ms(const struct uncia_wallet *w);

/* events.c */
/* Queues an event; one of the same kind and subject that was not taken yet is replaced. text may be NULL. */
void wallet_event(struct uncia_wallet *w, enum uncia_event_kind kind, int error, const struct payment_id *id,
                  uint32_t validator, bool up, const char *text);
void events_free(struct uncia_wallet *w);

/* receipts.c */
struct uncia_receipt {
	struct payment *payment;
	uint64_t height, timestamp_ms;
	uint32_t index;
	uint8_t *bytes;
	size_t size;
};
int receipt_open(const struct uncia_network *network, const uint8_t *bytes, size_t size,
                 struct uncia_receipt **receipt);
/* Fills what a decoded payment says: sender, to, output_count, amount, memo_hash, expires_at, id, detailed. */
void payment_describe(const struct payment *payment, struct uncia_payment *info);

/* outbox.c */
/* Loads all records that are not tracked yet. A damaged one becomes an ERROR event where `tell`. Returns 0;
 * UNCIA_E_MEMORY; what the host returned. */
int outbox_load(struct uncia_wallet *w, bool tell);
void outbox_blob_name(const uint8_t nonce[NONCE_SIZE], char name[UNCIA_BLOB_NAME_SIZE]);
/* The own payment of that nonce, from memory or storage. Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; … */
int outbox_find(struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], struct tracked **found);
/* Stores a new payment, exclusively and durably, then tracks it. payment is owned in success. Returns 0;
 * UNCIA_E_EXISTS; UNCIA_E_MEMORY; what the host returned. */
int outbox_add(struct uncia_wallet *w, struct payment *payment, struct tracked **added);
/* Makes durable what was only found in storage: whoever put it there may have ended, or failed, before it was. receipt:
 * of a FINAL one. Returns 0; UNCIA_E_MEMORY; what the host returned. */
int outbox_confirm(struct uncia_wallet *w, struct tracked *t, const uint8_t *receipt, size_t receipt_size);
/* Stores an end: `receipt` for FINAL (height … set in t), the collected statements for EXPIRED. */
int outbox_store_end(struct uncia_wallet *w, struct tracked *t, enum uncia_payment_state state, const uint8_t *receipt,
                     size_t receipt_size);
/* Loads a FINAL one's receipt. Owns: free(). */
int outbox_receipt(const struct uncia_wallet *w, const struct tracked *t, uint8_t **receipt, size_t *size);
/* Takes a final payment of this wallet's, found in its history, into the outbox. Returns 0; UNCIA_E_MEMORY; what the
 * host returned. */
int outbox_recall(struct uncia_wallet *w, const struct uncia_receipt *receipt);
struct tracked *tracked_find(const struct uncia_wallet *w, const struct payment_id *id);
struct tracked *tracked_by_number(const struct uncia_wallet *w, uint64_t number);
/* NULL where memory ends. */
struct tracked *tracked_add(struct uncia_wallet *w, const struct payment_id *id);
void tracked_remove(struct uncia_wallet *w, struct tracked *t);
void tracked_free_all(struct uncia_wallet *w);

/* session.c: links, requests out, messages in */
int session_init(struct uncia_wallet *w);
void session_deinit(struct uncia_wallet *w);
/* There is something to do: links are wanted. */
void session_wake(struct uncia_wallet *w);
/* 0; UNCIA_E_ARGUMENT where there is no such validator; as wallet_usable. */
int session_usable(const struct uncia_wallet *w, uint32_t node);
uint64_t session_weight(const struct uncia_wallet *w, uint32_t node);
/* Whether a connection to this one is to be there. */
bool session_wanted(const struct uncia_wallet *w, uint32_t node, bool working);
/* Whether a connection that counts may still come up or answer. */
bool session_in_progress(const struct uncia_wallet *w, uint32_t node);
/* Sends to one established node; failures drop the link. */
#define REQUEST_NUMBER_BITS 56 /* of a request's id; its purpose is in those above */
enum request_purpose { REQUEST_ACCOUNT = 1, REQUEST_PAYMENT = 2, REQUEST_HISTORY = 3 };
void session_send(struct uncia_wallet *w, uint32_t node, enum request_purpose purpose, uint64_t number,
                  Uncia__Pb__WalletRequest *request);
/* Takes bytes of a link that is open. is_up: requests can be sent from now on. Returns 0 or what link_feed does. */
int session_feed(struct uncia_wallet *w, uint32_t node, const void *data, size_t size, bool *is_up);
bool session_next(struct uncia_wallet *w, uint32_t node, struct bytes *message);
/* It answered sensibly. */
void session_answered(struct uncia_wallet *w, uint32_t node);
/* From now on this link is not wanted; the host closes it. */
void session_drop(struct uncia_wallet *w, uint32_t node, int error);
void session_closed(struct uncia_wallet *w, uint32_t node, int error);
void session_tick(struct uncia_wallet *w);
uint64_t session_next_ms(const struct uncia_wallet *w, bool working);

/* Parts: each is told when a link is up, when a reply for it came (a negative result closes the link), when time has
 * passed; each says when it next wants to be (UINT64_MAX: never) and whether it has work. */
void sync_link_up(struct uncia_wallet *w, uint32_t node);
void sync_link_down(struct uncia_wallet *w, uint32_t node);
int sync_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply);
void sync_tick(struct uncia_wallet *w);
uint64_t sync_next_ms(const struct uncia_wallet *w);

void paying_link_up(struct uncia_wallet *w, uint32_t node);
int paying_reply(struct uncia_wallet *w, uint32_t node, uint64_t number, const Uncia__Pb__NodeReply *reply);
void paying_tick(struct uncia_wallet *w);
uint64_t paying_next_ms(const struct uncia_wallet *w);
bool paying_active(const struct uncia_wallet *w);

void history_link_up(struct uncia_wallet *w, uint32_t node);
void history_link_down(struct uncia_wallet *w, uint32_t node);
int history_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply);
void history_tick(struct uncia_wallet *w);
uint64_t history_next_ms(const struct uncia_wallet *w);
void history_deinit(struct uncia_wallet *w);

/* balance.c: what of the proved balance is on its way out; and what a payment takes out of the account. */
amount_t balance_waiting(const struct uncia_wallet *w);
amount_t balance_leaving(const struct uncia_wallet *w, const struct payment *payment);

/* drive.c */
bool drive_has_work(const struct uncia_wallet *w);
uint64_t drive_next_ms(const struct uncia_wallet *w);

/* driver.c */
void driver_free(struct driver *driver);

#endif

/* Whether this home knows all that its account has paid, and the look-up where it does not: a home may be older than
 * itself (docs/spec/wallet.md 7.2, "A home that came back"). */
#ifndef CATCH_UP_H
#define CATCH_UP_H
#include <uncia/uncia.h>
#include "message.pb-c.h"
#include "receipt.h"
#include "walk.h"

enum catch_up_stage {
	STAGE_NONE,
	STAGE_BEGIN, /* an earlier sync has to end first */
	STAGE_SYNC,  /* what waits for a block, and then the account, is asked for */
	STAGE_COUNT, /* the receipts since the mark are counted, of one validator */
	STAGE_LIFE,  /* those since the account was created are gone back through, of one validator */
	STAGE_WORDS  /* each of validators weighing F+1 gives all that it has */
};

/* Up to which state of the account this home knows all of the account's own payments: the blob "caught-up". */
struct mark {
	bool there;
	uint64_t height;
	bool exists; /* the account does; else the next two are 0 */
	uint64_t created;
	uint32_t payments;
	uint64_t finals; /* final payments up to that height in the outbox: fewer now, and the mark is worth nothing */
};

struct catch_up {
	bool looked; /* since the wallet was opened, to the end */
	struct mark mark;
	enum catch_up_stage stage;
	int error; /* of the last one that ended */
	/* What is being caught up with: a proved state, or since when there is no account. */
	bool exists, saturated;
	struct account_state state;
	uint64_t height;
	uint64_t proved;  /* height of the state that the sync has proved */
	uint64_t reached; /* the same, of the last look-up that came to its end */
	uint64_t floor;   /* down to here all is known */
	bool read;        /* a page was read for it */
	/* STAGE_COUNT and on: where this stage begins to read, and where the next page begins; as history.h */
	uint64_t from_height, before_height;
	uint32_t from_index, before_index;
	uint64_t counted;         /* STAGE_COUNT */
	struct account_walk walk; /* STAGE_LIFE */
	/* Of this account, not final when they were told: to be looked for in the outbox once the time is known. */
	struct payment **waiting;
	size_t waiting_count;
	/* Requests */
	uint64_t generation, started_ms, progress_ms, attempt_ms;
	uint32_t node; /* who was asked; UINT32_MAX: nobody */
	/* By endpoint: asked for this page; gave a part of what was too little; STAGE_WORDS: whose word counts, and who
	 * has given all. */
	bool *tried, *failed, *counts, *told;
	bool *waited;      /* told what waits for a block */
	bool *answered;    /* the sync */
	uint64_t *heights; /* of those: as of which they did */
};

/* Returns 0 or UNCIA_E_MEMORY. */
int catch_up_init(struct uncia_wallet *w);
void catch_up_deinit(struct uncia_wallet *w);
/* Whether the ledger may hold payments of this account that the outbox does not. */
bool catch_up_behind(const struct uncia_wallet *w);
bool catch_up_active(const struct uncia_wallet *w);
/* Ends it without an event. What was found until then stays. */
void catch_up_cancel(struct uncia_wallet *w);
void catch_up_link_up(struct uncia_wallet *w, uint32_t node);
void catch_up_link_down(struct uncia_wallet *w, uint32_t node);
/* A negative result drops the link. */
int catch_up_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply);
void catch_up_tick(struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t catch_up_next_ms(const struct uncia_wallet *w);

#define MARK_BLOB "caught-up"
/* mark.c: the blob. Returns 0, also where there is none; UNCIA_E_MEMORY; what the host returned. */
int mark_load(const struct uncia_host *host, struct mark *mark);
/* Returns 0; UNCIA_E_MEMORY; what the host returned. */
int mark_store(const struct uncia_host *host, const struct mark *mark);

#endif

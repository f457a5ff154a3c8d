/* What a hold has now: asked of several validators, believed with its proof only, and "no such hold" from weight F+1
 * only (docs/spec/wallet.md 7.11). One at a time. */
#ifndef HOLDS_H
#define HOLDS_H
#include "message.pb-c.h"
#include "receipt.h"
#include "sync.h"

struct hold_answer { /* of one validator */
	enum answer_kind kind;
	uint64_t height;
	uint64_t sent_ms; /* last; 0: not over this link */
};

struct hold_look {
	bool active;
	uint64_t generation, started_ms, first_answer_ms;
	struct entry_id id;
	struct hold_answer *answers; /* as the network's endpoints */
	bool has_best;
	struct account_state best; /* the newest that was proved in this look */
	/* what the last one found out */
	bool known, exists;
	struct account_state state;
	uint64_t height;
};

/* Returns 0 or UNCIA_E_MEMORY. */
int holds_init(struct uncia_wallet *w);
void holds_deinit(struct uncia_wallet *w);
/* Gives up the look without an event. Returns whether there was one. */
bool holds_cancel(struct uncia_wallet *w);
void holds_link_up(struct uncia_wallet *w, uint32_t node);
void holds_link_down(struct uncia_wallet *w, uint32_t node);
/* A negative result drops the link. */
int holds_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply);
void holds_tick(struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t holds_next_ms(const struct uncia_wallet *w);

#endif

/* Asking the validators for the account. */
#ifndef SYNC_H
#define SYNC_H
#include <uncia/uncia.h>
#include "message.pb-c.h"
#include "receipt.h"

enum answer_kind { ANSWER_NONE, ANSWER_PROVED, ANSWER_ABSENT };

struct sync_answer { /* of one validator, to the sync under way */
	enum answer_kind kind;
	uint64_t height, sent_ms; /* sent_ms: when it was asked; 0: not over this link */
};

struct sync {
	bool active;
	bool thorough; /* it waits for W-F, not for F+1, where they can be had: for the paying of a new key */
	int error;     /* of the last one */
	uint64_t generation, started_ms, first_answer_ms;
	struct sync_answer *answers; /* as the network's endpoints */
	bool has_best;
	struct account_state best; /* the newest proved in this sync */
	/* what the last ones found out */
	bool known, exists;
	struct account_state state;
	uint64_t height; /* of the state, or as of which there is no account */
};

/* Returns 0 or UNCIA_E_MEMORY. */
int wallet_sync_init(struct uncia_wallet *w);
void wallet_sync_deinit(struct uncia_wallet *w);
void wallet_sync_link_up(struct uncia_wallet *w, uint32_t node);
void wallet_sync_link_down(struct uncia_wallet *w, uint32_t node);
/* A negative result drops the link. */
int wallet_sync_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply);
void wallet_sync_tick(struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t wallet_sync_next_ms(const struct uncia_wallet *w);

#endif

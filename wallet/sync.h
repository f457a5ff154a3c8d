/* Asking the validators for the account. */
#ifndef SYNC_H
#define SYNC_H
#include <uncia/uncia.h>
#include "message.pb-c.h"
#include "receipt.h"

enum answer_kind { ANSWER_NONE, ANSWER_PROVED, ANSWER_ABSENT };

struct sync_answer { /* of one validator, to the sync under way */
	enum answer_kind kind;
	uint64_t height;
	uint64_t asked_ms, sent_ms; /* when it was asked first, and last; 0: not over this link */
	uint64_t clock_ms;          /* its wall clock, when that was told; 0: it was not */
	uint64_t heard_ms;          /* when that was */
};

struct sync_times {
	uint64_t at_ms, asked_ms; /* when it ended, and when the newest of its questions was asked that were answered */
	uint64_t told_weight;     /* of those who told their clocks */
	uint64_t latest_clock_ms; /* the latest of these clocks, at at_ms */
	uint64_t told_clock_ms;   /* the latest that validators weighing F+1 told or surpass; 0: there is none */
};

struct sync {
	bool active;
	bool thorough; /* it waits for W-F, not for F+1, where they can be had */
	int error;     /* of the last one */
	uint64_t generation, started_ms, first_answer_ms;
	struct sync_answer *answers; /* as the network's endpoints */
	bool has_best;
	struct account_state best; /* the newest proved in this sync */
	/* what the last ones found out */
	bool known, exists;
	struct account_state state;
	uint64_t height; /* of the state, or as of which there is no account */
	bool sure;       /* nothing that was final when this wallet was opened is above that height: wallet 7.6 */
	struct sync_times times; /* of the last one that found something out */
};

/* Returns 0 or UNCIA_E_MEMORY. */
int wallet_sync_init(struct uncia_wallet *w);
void wallet_sync_deinit(struct uncia_wallet *w);
/* Begins a sync, or goes on with the one under way, that is not content with fewer answers than the others could add
 * to: what it finds out is sure. Returns as uncia_wallet_sync. */
int wallet_sync_thorough(struct uncia_wallet *w);
/* Ends it without an event. */
void wallet_sync_cancel(struct uncia_wallet *w);
void wallet_sync_link_up(struct uncia_wallet *w, uint32_t node);
void wallet_sync_link_down(struct uncia_wallet *w, uint32_t node);
/* A negative result drops the link. */
int wallet_sync_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply);
void wallet_sync_tick(struct uncia_wallet *w);
/* The time from which a payment that is signed now counts its life (wallet 7.2), in milliseconds since 1970. Returns 0,
 * or UNCIA_E_UNREACHABLE where what the last sync found out is too old for that, or does not tell the time. */
int wallet_sync_time(const struct uncia_wallet *w, uint64_t *time_ms);
/* UINT64_MAX: never. */
uint64_t wallet_sync_next_ms(const struct uncia_wallet *w);

#endif

/* Watches: each waits until payments have touched an account or a hold above a place of its history, and is answered
 * once, with the proof of it and the receipts that are at hand. Nothing is queued for who does not read: what comes
 * between an answer and the next watch is in the next answer, or in the history. */
#ifndef WATCHES_H
#define WATCHES_H
#include "waiters.h"

#define WATCHES_MAX            65536u
#define WATCHES_PER_WALLET_MAX 64u
#define WATCH_RECEIPTS_MAX     16u
#define WATCH_ANSWERS_PER_STEP 256u

struct watch {
	struct watch *prev, *next;                 /* of the same account; or in `watches_due` */
	struct watch *prev_of_link, *next_of_link; /* of the same wallet */
	struct watched *watched;                   /* NULL: it is due */
	struct wallet_link *link;
	struct entry_id id;
	uint64_t request_id;
	struct position after;
	uint64_t due_height; /* it is answered once that height is settled */
};
struct watched {           /* an account or a hold that is watched */
	UT_hash_handle hh; /* by id */
	struct entry_id id;
	struct watch *watches;
};

/* A block has become final, in memory: whoever watches what it touches is due. Returns whether anybody is.
 * It costs a look-up for each entry that a payment names, however many watches there are. */
bool watches_touch(struct serve *s, const struct chain_block *block);
/* Answers those that are due, a bounded number a step. Returns 0 or an error of this machine. */
int watches_answer(struct serve *s);
/* Whether there are some that could be answered now. */
bool watches_due(const struct serve *s);
/* All of one wallet. */
void watches_forget(struct serve *s, uint64_t wallet);

#endif

/* What a hold has now: asked of several validators, believed with its proof only, and "no such hold" from weight F+1
 * only (docs/spec/wallet.md 7.12); and where what it had has gone, by receipts. */
#ifndef LOOK_H
#define LOOK_H
#include "message.pb-c.h"
#include "receipts.h"
#include "session.h"
#include "sync.h"

enum look_stage {
	LOOK_NONE,
	LOOK_STATE, /* several validators are asked what it has */
	LOOK_LIFE   /* one after the other, which payments took from it, or sent it home */
};

struct look_answer { /* of one validator */
	enum answer_kind kind;
	uint64_t height;
	uint64_t sent_ms; /* last; 0: not over this link */
	bool tried;       /* LOOK_LIFE */
};

struct look {
	enum look_stage stage;
	enum request_purpose purpose; /* of its questions: REQUEST_HOLD is the host's, which is told of the end */
	uint64_t generation, started_ms, first_answer_ms;
	struct entry_id id;
	uint64_t
	    since; /* the height at which it was opened: who says of an earlier one that it is not there says nothing */
	amount_t opened;             /* with so much; 0: it is not asked where that has gone */
	struct look_answer *answers; /* as the network's endpoints */
	bool has_best;
	struct account_state best; /* the newest that was proved in this look */
	uint32_t node;             /* LOOK_LIFE: who is asked, or UINT32_MAX */
	uint64_t attempt_ms;
	/* what the last one found out */
	int error;
	bool known, exists;
	struct account_state state;
	uint64_t height;
	struct uncia_receipt **left; /* newest first */
	size_t left_count;
	bool complete; /* these are all that took from it or sent it home */
};

/* NULL where memory ends. Owns: look_free. */
struct look *look_new(const struct uncia_wallet *w, enum request_purpose purpose);
void look_free(struct look *look);
/* Begins; one that is under way is given up. since and opened: as in struct look. The wallet has a network
 * (asserted). */
void look_begin(struct uncia_wallet *w, struct look *look, const struct address *id, uint64_t since, amount_t opened);
/* Gives it up without an event. Returns whether there was one. */
bool look_cancel(struct look *look);
bool look_active(const struct look *look);
void look_link_up(struct uncia_wallet *w, struct look *look, uint32_t node);
void look_link_down(struct uncia_wallet *w, struct look *look, uint32_t node);
/* A negative result drops the link. */
int look_reply(struct uncia_wallet *w, struct look *look, uint32_t node, uint64_t generation,
               const Uncia__Pb__NodeReply *reply);
void look_tick(struct uncia_wallet *w, struct look *look);
/* UINT64_MAX: never. */
uint64_t look_next_ms(const struct uncia_wallet *w, const struct look *look);

#endif

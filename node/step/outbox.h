/* What waits for the disk (docs/spec/consensus.md §6.8, "Durable before sent"): messages, answers and own votes, each
 * held until the journal records that it rests on are durable. What waits leaves in the order in which it was put in;
 * what rests on nothing that is still on its way to the disk does not wait, and overtakes it. */
#ifndef OUTBOX_H
#define OUTBOX_H
#include "step.h"

/* Leaves at once where commit `after` is durable, else when it is; copied. Returns 0 or UNCIA_E_MEMORY. */
int step_outbox_send(struct step *s, uint64_t after, uint32_t peer, const void *message, size_t size);
/* The same to a wallet. Where too much waits, its link is closed instead. */
int step_outbox_answer(struct step *s, uint64_t after, uint64_t wallet, const void *message, size_t size);
/* An own vote, which counts here like everybody else's only once it is durable. Never at once: it was journaled in this
 * very step. */
int step_outbox_own_vote(struct step *s, uint64_t after, const struct vote *vote);

/* The place in the order of whatever its owner keeps until then: a flush. Returns 0 or UNCIA_E_MEMORY. */
int step_outbox_mark(struct step *s, uint64_t after);

/* Hands out what has become durable, oldest first: messages and answers as actions, until there is something for the
 * caller. Returns RELEASED_OWN_VOTE (*vote), RELEASED_MARK; 0 where nothing more is due, or this step has released as
 * much as one may; UNCIA_E_MEMORY. */
enum released { RELEASED_OWN_VOTE = 1, RELEASED_MARK };
int step_outbox_release(struct step *s, struct vote *vote);
/* When the rest is due: now, or TIME_NEVER. */
uint64_t step_outbox_wake(const struct step *s);
/* How much waits: entries, and their bytes. */
void step_outbox_load(const struct step *s, size_t *items, size_t *bytes);
void step_outbox_free(struct step *s);

#endif

/* All that a wallet or a validator may bring: payments on their way to a block, submitted by wallets and gossiped
 * between validators, each signature checked once (docs/spec/ledger.md §3, network.md §8). */
#ifndef PAYMENTS_H
#define PAYMENTS_H
#include "message.pb-c.h"
#include "slab.h"
#include "serve.h"
#include "verification.h"

struct payments {
	struct step *step;
	struct chain *chain;
	struct ledger *ledger;
	struct mempool *mempool;
	struct serve *serve;
	struct slab memory;     /* of decoded payments */
	struct payment **relay; /* verified in this step, to be gossiped at its end */
	size_t relay_count, relay_capacity;
	uint64_t gossip_refused; /* that the pool had no place for */
};

/* For a struct whose first members, to `serve`, are set. payments_deinit comes before the mempool's and chain's end,
 * payments_memory_deinit after: payments that they hold give their memory back. */
void payments_init(struct payments *p);
void payments_deinit(struct payments *p);
void payments_memory_deinit(struct payments *p);

/* A wallet submits. What does not fit is refused with a reason; what has an end is answered with it. Returns 0 or an
 * error of this machine. */
int payments_submit(struct payments *p, uint64_t wallet, uint64_t request_id, const struct bytes *bytes);
/* A validator passes on. Returns 0; UNCIA_E_ENCODING, UNCIA_E_AMOUNT (the link is to be closed: no honest validator
 * passes that on); or an error of this machine. */
int payments_gossip(struct payments *p, uint32_t peer, const Uncia__Pb__Gossip *message);
/* The verdicts of a job of theirs are in. Returns 0 or an error of this machine. */
int payments_verified(struct payments *p, struct job *job);
/* The verifier gave up what was not checked yet, since the link of who passed it on is closed. What some wallet waits
 * for is checked all the same, as if it had come from there alone; the rest leaves the pool. Returns 0 or an error of
 * this machine. */
int payments_given_up(struct payments *p, struct job *job);
/* Gives back what no verdict was taken of, before the job is freed. */
void payments_job_release(struct payments *p, struct job *job);
/* Gossips what was verified in this step to every validator. */
int payments_relay(struct payments *p);
/* What waits here, to a validator that has just been linked. */
int payments_to_peer(struct payments *p, uint32_t peer);

#endif

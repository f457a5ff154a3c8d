/* All that a wallet or a validator may bring: payments on their way to a block, submitted by wallets and gossiped
 * between validators, each signature checked once (docs/spec/ledger.md §3, network.md §8). */
#ifndef PAYMENTS_H
#define PAYMENTS_H
#include "message.pb-c.h"
#include "origins.h"
#include "read_budget.h"
#include "slab.h"
#include "serve.h"
#include "verification.h"

struct submitter;

/* Who submits: the number of a link, and of the address that it comes from. */
struct wallet_link_id {
	uint64_t wallet;
	uint32_t origin;
};

#define SUBMITTER_WAITING_MAX                                                                                          \
	1024u /* KiB of payments, each at least one, that one wallet's link waits to have checked */

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
	/* Payments that wallets have brought, and validators, whatever became of them; of both those with a wrong
	 * signature; and those that have given way in a full pool; ever. */
	uint64_t submitted, passed_on, wrong_signatures, evicted;
	struct read_budget useless[PEERS_MAX]; /* what each peer has passed on in vain */

	/* Signature checks under way: of what wallets submitted, of these of suspects' ones; of what validators passed
	 * on, of each. */
	uint32_t checking_submitted, checking_suspects, checking_gossip, checking_of[PEERS_MAX];
	struct submitter *submitters; /* wallets that wait to have something checked, or brought wrong signatures */
	struct submitter *turns;      /* those that wait, the next one first; without: */
	struct submitter *suspects;   /* those that have come to be suspects when it was their turn */
	struct submitter *levels[SUBMITTER_WAITING_MAX + 1]; /* the same, by how much waits */
	uint32_t waiting, waiting_most;                      /* KiB, of all and of who has most */
	struct origin origins[ORIGIN_PLACES];
};

/* For a struct whose first members, to `serve`, are set. payments_deinit comes before the mempool's and chain's end,
 * payments_memory_deinit after: payments that they hold give their memory back. */
void payments_init(struct payments *p);
void payments_deinit(struct payments *p);
void payments_memory_deinit(struct payments *p);

/* A wallet submits. What does not fit is refused with a reason; what has an end is answered with it. Returns 0 or an
 * error of this machine. */
int payments_submit(struct payments *p, const struct wallet_link_id *from, uint64_t request_id,
                    const struct bytes *bytes);
/* A validator passes on. Returns 0; UNCIA_E_ENCODING, UNCIA_E_AMOUNT (the link is to be closed: no honest validator
 * passes that on); or an error of this machine. */
int payments_gossip(struct payments *p, uint32_t peer, const Uncia__Pb__Gossip *message);
/* Whether what this validator passes on is looked at now: not where too much of it was of no use lately. */
bool payments_gossip_due(struct payments *p, uint32_t peer);
/* The verdicts of a job of theirs are in. Returns 0 or an error of this machine. */
int payments_verified(struct payments *p, struct job *job);
/* The verifier gave up what was not checked yet, since the link of who passed it on is closed. What some wallet waits
 * for is checked all the same, as if it had come from there alone; the rest leaves the pool. Returns 0 or an error of
 * this machine. */
int payments_given_up(struct payments *p, struct job *job);
/* Has checked what waits for its turn, as far as not too much is being checked. Returns 0 or an error of this machine.
 */
int payments_turns(struct payments *p);
/* When there is something for payments_turns to do without another event, or TIME_NEVER. */
uint64_t payments_wake(const struct payments *p);
/* Whether something of this wallet's waits for its turn. */
bool payments_waits(const struct payments *p, uint64_t wallet);
/* That link is gone, and what waits of it. */
void payments_wallet_closed(struct payments *p, uint64_t wallet);
/* Gives back what no verdict was taken of, before the job is freed. */
void payments_job_release(struct payments *p, struct job *job);
/* Gossips what was verified in this step to every validator. */
int payments_relay(struct payments *p);
/* What waits here, to a validator that has just been linked. */
int payments_to_peer(struct payments *p, uint32_t peer);

#endif

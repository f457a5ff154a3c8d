/* All that a wallet may ask, and is told: accounts with proofs, receipts, histories, the ends of payments that it waits
 * for (docs/spec/network.md §7). It decides nothing: it reads the ledger, the chain and the journal, and has nothing
 * signed but expiries. */
#ifndef SERVE_H
#define SERVE_H
#include "chain.h"
#include "message.pb-c.h"
#include "read_budget.h"
#include "step.h"
#include "verification.h"

struct wallet_link;
struct awaited;
struct question;
struct watch;
struct watched;

struct serve {
	struct step *step;
	struct chain *chain;
	struct ledger *ledger;
	struct mempool *mempool;
	uint8_t hash_seed[16];

	struct wallet_link *wallets;                  /* that wait for something, or have had something read for them */
	struct awaited *awaited;                      /* payments whose ends some wallet waits for */
	struct question *questions, **questions_last; /* oldest first */
	uint32_t question_count;
	uint32_t readers;                  /* of how many wallets the journal is to be read for */
	struct read_budget readers_budget; /* of all of them together */
	struct watched *watched;           /* accounts that are watched */
	struct watch *watches_due;         /* those whose accounts have been touched, to be answered; oldest first */
	uint32_t watch_count;              /* all of them */
	uint64_t expired_seconds;          /* the tip's time that expiry has been gone through for */
	struct expiry_second *seconds;     /* of payments that are awaited and have not expired */
	struct awaited *due, *signing;     /* that have: in line, and those that are being signed */
	bool signing_job;                  /* one job of them is under way */
};

/* Fills the queues of a struct whose first members, to hash_seed, are set. */
void serve_init(struct serve *s);
void serve_deinit(struct serve *s);

/* Each of these asks for a wallet, under the number of its request. What there is goes out now or when it is durable;
 * what there is not yet waits, bounded in number and time. Each returns 0; UNCIA_E_ENCODING (no such question: the link
 * is to be closed); or an error of this machine. */
int serve_account(struct serve *s, uint64_t wallet, uint64_t request_id, const Uncia__Pb__AccountQuery *message);
int serve_history(struct serve *s, uint64_t wallet, uint64_t request_id, const Uncia__Pb__HistoryQuery *message);
/* Waits, however long, until payments have touched the account above a place of its history, and is answered once. */
int serve_watch(struct serve *s, uint64_t wallet, uint64_t request_id, const Uncia__Pb__Watch *message);
/* The payments of an account that wait here for a block. */
int serve_waiting(struct serve *s, uint64_t wallet, uint64_t request_id, const Uncia__Pb__WaitingQuery *message);
/* What is known of a payment; its wallet then waits for the end where there is none yet. */
int serve_payment(struct serve *s, uint64_t wallet, uint64_t request_id, const struct payment_id *id);
/* Says that a payment is pending, and why. */
int serve_pending(struct serve *s, uint64_t wallet, uint64_t request_id, const struct payment_id *id,
                  enum pending_reason reason);

/* Every payment of a block that has become final leaves the pool; who waits for it gets its receipt, once body and
 * finality certificate are durable. `decided`: the block that the finality certificate names. Where that is too far
 * above for a receipt, nobody waits here any more: this is no expiry, and who asks again is told what there is. */
int serve_final(struct serve *s, struct chain_block *block, struct chain_block *decided);
/* Called as the final tip advances: what its time has passed is gone for good. Who waits for any of it is told when
 * that is signed. */
void serve_expire(struct serve *s);
/* Has some of what has expired signed, where none is being signed: one job at a time. Returns 0 or UNCIA_E_MEMORY. */
int serve_sign(struct serve *s);
/* That job is done: who waits is told. Returns 0 or an error of this machine. */
int serve_signed(struct serve *s, const struct job *job);
/* Goes over the waiting questions, oldest first. */
int serve_answer(struct serve *s);
/* That link is gone. */
void serve_wallet_closed(struct serve *s, uint64_t wallet);
/* Whether it waits for the end of a payment, or for an answer. */
bool serve_waits(const struct serve *s, uint64_t wallet);
/* Whether it has watched an account since it is linked. */
bool serve_watches(const struct serve *s, uint64_t wallet);
/* When a waiting question is to be looked at again, or TIME_NEVER. */
uint64_t serve_wake(const struct serve *s);
/* The most payments that one wallet waits for. */
size_t serve_waiters_most(const struct serve *s);
/* Watches, of all wallets. */
size_t serve_watch_count(const struct serve *s);

#endif

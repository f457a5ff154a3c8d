/* The wallets that wait for ends of payments, found by payment and by wallet. What they are told is made elsewhere. */
#ifndef WAITERS_H
#define WAITERS_H
#include "serve.h"

#define WAITERS_PER_WALLET_MAX 1024u

struct waiter { /* one wallet waits for the end of one payment */
	struct waiter *next_of_payment, *next_of_wallet, **back_of_wallet;
	uint64_t wallet, request_id;
	struct awaited *awaited;
	bool asked; /* after the expiry: it counts among its wallet's */
};
/* Moves, by waiters.c and expiries.c: WAITING → DUE → SIGNING. */
enum awaited_state {
	AWAITED_WAITING, /* in the list of its second */
	AWAITED_DUE,     /* it can never become final; to be signed, in line */
	AWAITED_SIGNING, /* among those that are being signed */
};
struct awaited {
	UT_hash_handle hh; /* by id */
	struct payment_id id;
	struct waiter *waiters;
	enum awaited_state state;
	struct awaited *prev, *next; /* in the list of its state */
};
/* Payments that expire at one second. */
struct expiry_second {
	UT_hash_handle hh; /* by second */
	uint64_t second;
	struct awaited *first;
};
struct wallet_link {
	UT_hash_handle hh; /* by number */
	uint64_t number;
	struct waiter *waiters;
	struct watch *watches;
	bool watcher; /* it has had a watch */
	uint32_t watch_count;
	uint32_t waiter_count, question_count;
	uint32_t asked_count; /* of its waiters: those that ask after what has expired already */
	uint32_t read_count;  /* of its questions: those that the journal is read for */
	struct read_budget budget;
};

/* NULL: out of memory. */
struct wallet_link *wallet_link_get(struct serve *s, uint64_t number);
/* Forgets the link and all that it waits for; its questions and watches must be gone. */
void wallet_link_forget(struct serve *s, uint64_t number);
/* Whether the wallet may wait for this payment: it waits for fewer than it may, or for this one already. */
bool waiter_fits(struct serve *s, uint64_t number, const struct payment_id *id);
/* One wallet waits for one payment once, under its newest request. Returns 0; UNCIA_E_LIMIT; UNCIA_E_MEMORY. */
int waiter_add(struct serve *s, uint64_t number, uint64_t request_id, const struct payment_id *id);

/* Whether this validator can say that the payment, which is not in the ledger, can never become final (ledger §3). */
bool expiry_is_due(const struct serve *s, const struct payment_id *id);
/* The ledger's time has gone on, from one second to another: who has expired by then is in line to be signed. */
void awaited_expire(struct serve *s, uint64_t from, uint64_t to);
/* expiries.c: A wallet asks after such a payment: it is told as soon as that is signed, or refused where it asks too
 * much. Returns 0 or an error of this machine. */
int expiry_ask(struct serve *s, uint64_t wallet, uint64_t request_id, const struct payment_id *id);
/* NULL where nobody waits for it. */
struct awaited *awaited_find(struct serve *s, const struct payment_id *id);
/* The same reply to all who wait for this payment, each under its own request; then they wait no more. */
int awaited_reply(struct serve *s, struct awaited *awaited, uint64_t after, Uncia__Pb__NodeReply *reply);
void awaited_free(struct serve *s, struct awaited *awaited); /* nobody is told */

#endif

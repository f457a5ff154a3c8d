/* Validators that lie to wallets, up to F of them in weight: false ends, false balances, false absences, what belongs
 * to others, what is old, broken or nothing at all. They sign what they like with their own keys, and have nobody
 * else's. */
#ifndef WALLET_LIES_H
#define WALLET_LIES_H
#include "message.pb-c.h"
#include "network.h"

#define LIES_MAX     4
#define REMEMBER_MAX 16

struct lies {
	bool pass_on; /* the honest one goes on as well, before these */
	bool hang_up; /* after them */
	size_t count;
	struct {
		uint8_t *bytes;
		size_t size;
	} messages[LIES_MAX];
};

struct remembered {
	uint8_t *bytes;
	size_t size;
};

struct wallet_lies {
	const struct fixture *fixture;
	uint64_t random;
	bool only_omits; /* all that they say is true, and some of it missing: nothing shows that they lie */
	/* what honest validators have said: the raw material */
	struct remembered receipts[REMEMBER_MAX], proofs[REMEMBER_MAX];
	size_t receipt_count, proof_count; /* ever; the newest of them are kept */
};

void wallet_lies_init(struct wallet_lies *l, const struct fixture *fixture, uint64_t random);
void wallet_lies_deinit(struct wallet_lies *l);
/* Some validator said this to some wallet. */
void wallet_lies_learn(struct wallet_lies *l, const struct bytes *message);
/* In place of, or beside, passing a wallet's request on to the validator itself. */
void wallet_lies_asked(struct wallet_lies *l, uint32_t validator, const Uncia__Pb__WalletRequest *request,
                       struct lies *lies);
/* In place of, or beside, the validator's honest answer. */
void wallet_lies_answered(struct wallet_lies *l, const struct bytes *message, struct lies *lies);

#endif

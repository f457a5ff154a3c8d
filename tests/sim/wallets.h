/* The wallets of the simulator: they pay, send the same bytes again, pay what they do not have, two things at once, or
 * what no honest wallet would, ask, and remember every answer. What they were told is checked against the final chain
 * in the end. */
#ifndef WALLETS_H
#define WALLETS_H
#include "checks.h"

#define WALLET_PAYMENTS_MAX  600
#define WALLET_PAYMENTS_KEPT 100 /* of those, for what must be paid once all is mended */
#define WALLET_HOLDS_MAX     64
#define GENESIS_ACCOUNTS     12

struct wallet_payment {
	struct payment *payment;
	bool told_final;
	uint64_t height; /* where the receipt says it is */
	uint32_t index;
	struct hash block;
	uint64_t told_by; /* a bit for each validator that signed its expiry */
	bool asked;       /* for its receipt, in the end */
};

struct wallet_hold { /* that somebody has opened, or tried to */
	struct hold_opening opening;
	struct payment_id opened_by;
	uint32_t claim; /* the number of its key */
	bool has_secret;
	uint8_t secret[SECRET_SIZE];
};

struct wallets {
	struct checks *checks;
	struct network *network;
	struct fixture_key
	    keys[MODEL_ACCOUNTS]; /* of persons with phones the address, and once they have paid the public key */
	uint64_t random, nonce, link;
	size_t replies_seen, count;
	struct { /* "no such account": who said so last, and as of which height */
		uint64_t by, heights[NETWORK_NODES_MAX];
	} absent[MODEL_ACCOUNTS];
	struct wallet_payment payments[WALLET_PAYMENTS_MAX];
	uint32_t claims;
	size_t hold_count;
	struct wallet_hold holds[WALLET_HOLDS_MAX];
};

/* Links from this number on are not theirs: what is said on them is left. */
#define WALLETS_STRANGERS UINT64_C(1000000)

void wallets_keys(struct wallets *w); /* first: fills the keys of WALLET_ACCOUNTS */
void wallets_begin(struct wallets *w, struct checks *checks, uint64_t seed);
void wallets_deinit(struct wallets *w);
/* One of them does something. */
void wallets_act(struct wallets *w);
/* An ordinary payment by whoever holds most, to a node. */
const struct wallet_payment *wallets_pay_surely(struct wallets *w, uint32_t node);
/* Sends an account something from whoever holds most. */
void wallets_give(struct wallets *w, uint32_t account, amount_t amount);
/* Takes and give-backs, as holds come to their ends: honest ones and others. */
void wallets_act_on_holds(struct wallets *w);
/* Sends every hold home that ends soon: to that node, once it has ended. Returns how many are not there yet. */
size_t wallets_bring_home(struct wallets *w, uint32_t node);
/* Takes in the replies since the last time. */
void wallets_hear(struct wallets *w);
/* Asks a node for up to `count` of the payments that it holds as final; then, some time later, whether it gave their
 * receipts.
 */
void wallets_ask_final(struct wallets *w, uint32_t node, size_t count);
void wallets_check_answered(struct wallets *w, uint32_t node);
/* All they were ever told, against the model. */
void wallets_check(struct wallets *w);

#endif

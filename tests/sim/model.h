/* The ledger written a second time, from its rules (docs/spec/ledger.md) and nothing of the core: the final chain's
 * blocks in, balances at every height out. Slow and plain. Knows a fixed set of addresses: the simulator's wallets pay
 * no others. */
#ifndef MODEL_H
#define MODEL_H
#include "block.h"

#define WALLET_ACCOUNTS 24 /* of the wallets that are made of bytes (wallets.h) */
#define PERSONS_MAX     3  /* who have phones (phones.h) */
#define MODEL_ACCOUNTS  (WALLET_ACCOUNTS + PERSONS_MAX)

struct model_account {
	struct address address;
	amount_t balance;
	uint32_t payments; /* that touched it since it was last created */
	size_t since;      /* by the number of which of all payments */
};

/* A hold, and what it had after each payment that touched it. */
struct model_hold {
	struct address id, home;
	struct payment_id opening;
	struct hash lock;
	uint32_t end;
	size_t change_count;
	struct model_change {
		uint64_t height;
		amount_t balance; /* 0: it is gone */
		uint32_t payments;
	} * changes;
};

struct model_payment {
	struct payment_id id;
	uint64_t height;
	uint32_t index;
	uint32_t touched; /* a bit for each account */
	uint32_t sender;  /* its account's number; MODEL_ACCOUNTS where a hold pays */
};

struct model_height {
	struct hash id;
	uint64_t timestamp_ms;
	struct model_account accounts[MODEL_ACCOUNTS];
};

struct model {
	struct hash network_id;
	amount_t smallest_amount, supply;
	size_t height_count; /* heights[0] is the genesis */
	struct model_height *heights;
	size_t payment_count;
	struct model_payment *payments;
	size_t hold_count;
	struct model_hold *holds;
	/* Payments that somebody has made: while nobody else's spoils them (model_apply). Shared with the wallets. */
	size_t made_count;
	const struct payment **made;
	uint64_t takes, given_back;
	uint64_t pairs; /* of a payment that was valid and somebody else's that came first */
};

/* payments_before: what the counters of the accounts of the genesis begin at, 0 in a real network. */
void model_init(struct model *m, const struct genesis *genesis, const struct address addresses[MODEL_ACCOUNTS],
                uint32_t payments_before);
void model_deinit(struct model *m);
/* A payment that nobody else's may spoil from here on. It outlives the model. */
void model_watch(struct model *m, const struct payment *payment);
/* Carries out the next block of the final chain. Returns NULL, or which rule it breaks; or that a watched payment,
 * which was valid before a payment of another sender, is not after it. */
const char *model_apply(struct model *m, const struct block *block);
/* NULL where the payment is not final. */
const struct model_payment *model_find(const struct model *m, const struct payment_id *id);
/* NULL where there never was one of this id. */
const struct model_hold *model_hold(const struct model *m, const struct address *id);
/* What it had after the final block of that height; all zero where it was not there. */
struct model_change model_hold_at(const struct model_hold *hold, uint64_t height);
/* The account's number, or MODEL_ACCOUNTS. */
size_t model_account(const struct model *m, const struct address *address);

#endif

/* The parts of a genesis, checked with a message for each mistake before the canonical bytes are made. Each function
 * that returns an int returns an exit code, and has said on standard error what failed. Threads: the command's. */
#ifndef GENESIS_DRAFT_H
#define GENESIS_DRAFT_H
#include "committee.h"

#define SMALLEST_AMOUNT_DEFAULT (AMOUNT_MICROS / 100)

/* What is more often a mistake than meant, and cannot be changed once a network has begun. */
enum genesis_doubt {
	DOUBT_TIME = 1u << 0,     /* far from the clock: seconds or microseconds, perhaps */
	DOUBT_WEIGHTS = 1u << 1,  /* one validator is more than may be faulty */
	DOUBT_SMALLEST = 1u << 2, /* the supply is a few smallest amounts */
};

struct genesis_draft {
	const char *name, *currency_code; /* the caller's */
	uint64_t timestamp_ms;
	amount_t smallest_amount;
	bool has_faulty, has_slow; /* false: the default for the total weight */
	uint64_t faulty, slow;
	uint32_t validator_count, account_count;
	struct validator validators[COMMITTEE_SIZE_MAX];
	struct genesis_account *accounts; /* owned: draft_deinit */
};

/* CONSENSUSKEY:NETWORKKEY[:WEIGHT] */
int draft_add_validator_text(struct genesis_draft *draft, const char *text);
/* Its consensus key must be a valid one, and neither key another validator's. */
int draft_add_validator(struct genesis_draft *draft, const struct validator *validator);
/* What --smallest says. */
int draft_take_smallest(struct genesis_draft *draft, const char *text);
/* ADDRESS=AMOUNT, the value of --option. */
int draft_add_account_text(struct genesis_draft *draft, const char *option, const char *text);
/* Appends; an address that is there twice is found by draft_check. */
int draft_add_account(struct genesis_draft *draft, const struct genesis_account *account);
/* Checks everything but the validators' keys, so that these may be made afterwards. Sorts the accounts. Out: the
 * weights that are tolerated. */
int draft_check(const struct genesis_draft *draft, uint64_t *faulty, uint64_t *slow);
/* The doubt of this name ("time", "weights", "smallest"); 0: there is none. */
unsigned doubt_of_name(const char *name);
/* Refuses what is in doubt, unless it is among `allowed`. The draft has passed draft_check, which gave `faulty`. */
int draft_doubt(const struct genesis_draft *draft, uint64_t faulty, uint64_t now_ms, unsigned allowed);
/* Checks the draft and makes the genesis; on 0, genesis_deinit. */
int draft_make(const struct genesis_draft *draft, struct genesis *genesis);
/* Frees the accounts. */
void draft_deinit(struct genesis_draft *draft);

#endif

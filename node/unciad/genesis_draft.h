/* The parts of a genesis, checked with a message for each mistake before the canonical bytes are made. Each function
 * that returns an int returns an exit code, and has said on standard error what failed. Threads: the command's. */
#ifndef GENESIS_DRAFT_H
#define GENESIS_DRAFT_H
#include "committee.h"

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
/* ADDRESS=AMOUNT */
int draft_add_account_text(struct genesis_draft *draft, const char *text);
/* Appends; an address that is there twice is found by draft_check. */
int draft_add_account(struct genesis_draft *draft, const struct genesis_account *account);
/* Checks everything but the validators' keys, so that these may be made afterwards. Sorts the accounts. Out: the
 * weights that are tolerated. */
int draft_check(const struct genesis_draft *draft, uint64_t *faulty, uint64_t *slow);
/* Checks the draft and makes the genesis; on 0, genesis_deinit. */
int draft_make(const struct genesis_draft *draft, struct genesis *genesis);
/* Frees the accounts. */
void draft_deinit(struct genesis_draft *draft);

#endif

/* What a genesis is made of, checked with a message for each mistake before the canonical bytes are made. */
#ifndef GENESIS_DRAFT_H
#define GENESIS_DRAFT_H
#include "committee.h"

struct genesis_draft {
	const char *name, *currency_code;
	uint64_t timestamp_ms;
	amount_t smallest_amount;
	bool has_faulty, has_slow; /* else the defaults for the total weight */
	uint64_t faulty, slow;
	uint32_t validator_count, account_count;
	struct validator validators[COMMITTEE_SIZE_MAX];
	struct genesis_account *accounts; /* owned: draft_deinit */
};

/* Each returns an exit code, with a message on standard error. */
/* CONSENSUSKEY:NETWORKKEY[:WEIGHT] */
int draft_add_validator_text(struct genesis_draft *draft, const char *text);
int draft_add_validator(struct genesis_draft *draft, const struct validator *validator);
/* ADDRESS=AMOUNT */
int draft_add_account_text(struct genesis_draft *draft, const char *text);
int draft_add_account(struct genesis_draft *draft, const struct genesis_account *account);
/* All but the keys, which may be made only afterwards: the weights are enough. Out: what is tolerated. */
int draft_check(const struct genesis_draft *draft, uint64_t *faulty, uint64_t *slow);
int draft_make(const struct genesis_draft *draft, struct genesis *genesis);
void draft_deinit(struct genesis_draft *draft);

#endif

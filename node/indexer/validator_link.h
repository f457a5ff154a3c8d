/* Asks validators for proofs of balances, as any wallet does, over their wallets' ports (docs/spec/network.md §8.4).
 * What they answer is verified. Threads: any; questions wait for each other. */
#ifndef VALIDATOR_LINK_H
#define VALIDATOR_LINK_H
#include "known.h"
#include "receipt.h"

#define VALIDATOR_WHY_SIZE 200

struct validator_link;

/* A verified proof. */
struct entry_answer {
	uint8_t *proof; /* canonical AccountProof; owned: free() */
	size_t proof_size;
	struct account_state state;
};

/* `known` outlives it. Returns NULL where memory ends, or the file names no validator's address. */
struct validator_link *validator_link_new(const struct known_network *known);
/* Closes its connection. NULL does nothing. */
void validator_link_free(struct validator_link *link);
/* Asks one validator, and where it does not answer or lies the next, for three seconds together. Returns 0;
 * UNCIA_E_NOT_FOUND (one says that there is no such entry); UNCIA_E_BUSY (others ask already); UNCIA_E_UNREACHABLE,
 * UNCIA_E_CLOSED, UNCIA_E_PROOF, UNCIA_E_PROTOCOL, UNCIA_E_MEMORY; why: a sentence. */
int validator_ask_entry(struct validator_link *link, const struct entry_id *id, struct entry_answer *answer,
                        char why[VALIDATOR_WHY_SIZE]);

#endif

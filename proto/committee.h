/* The validators of one epoch: keys, weights, quorums (docs/spec/consensus.md §6), and the genesis
 * (docs/spec/ledger.md). Weights are plain numbers. Threads: any; what is made here is not changed afterwards. */
#ifndef COMMITTEE_H
#define COMMITTEE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "address.h"
#include "amount.h"
#include "protocol_limits.h"
#include "sign.h"

struct validator {
	uint8_t consensus_key[32]; /* Ed25519 */
	uint8_t network_key[32];   /* X25519 */
	uint64_t weight;
};

struct committee {
	uint64_t epoch;
	uint32_t size;
	uint64_t weight;        /* W */
	uint64_t faulty, slow;  /* F, P */
	uint64_t quorum_slow;   /* Qs = floor((W+F)/2)+1 */
	uint64_t quorum_fast;   /* Qf = W-P */
	uint64_t key_threshold; /* K = F+P+1 */
	struct hash hash;
	struct validator validators[COMMITTEE_SIZE_MAX];
};

/* Computes the quorums and the hash. Checks: 1..COMMITTEE_SIZE_MAX members, weights positive and summing
 * without overflow below 2^62, W >= 3F+2P+1, keys distinct, consensus keys valid points, no network key
 * of low order. The validators are copied. Returns 0 or UNCIA_E_CONFIG, which leaves *c alone. */
int committee_init(struct committee *c, uint64_t epoch, const struct validator *validators, uint32_t size,
                   uint64_t faulty, uint64_t slow);
/* F = floor((W-1)/3), P = floor((W-3F-1)/2), for a weight W above zero. */
void committee_default_faults(uint64_t weight, uint64_t *faulty, uint64_t *slow);
/* The number of the validator that leads a view: round robin. */
uint32_t committee_leader(const struct committee *c, uint64_t view);

struct genesis_account {
	struct address address;
	amount_t balance;
};

struct genesis {
	struct hash network_id;
	char name[33];
	uint64_t timestamp_ms;
	uint32_t currency;
	char currency_code[9];
	amount_t smallest_amount;
	amount_t supply; /* the checked sum of the accounts */
	struct committee committee;
	uint32_t account_count;
	struct genesis_account *accounts; /* strictly ascending by address */
	uint8_t *bytes;                   /* canonical */
	size_t size;
};

/* From here on no payment could be in time (ledger §3.3): its expiry, in seconds, has 32 bits. */
#define GENESIS_TIME_END_MS (((UINT64_C(1) << 32) - PAYMENT_LIFETIME_MAX_S) * 1000)

/* Whether a network may have this name: 1 to 32 letters, digits, dots, hyphens, underscores and spaces, of which none
 * stands at an end. So it fits a network file, a terminal and a shell. And a currency this code: 3 to 8 letters A-Z. */
bool network_name_ok(const char *name, size_t size);
bool currency_code_ok(const char *code, size_t size);

/* The version of the rules that this program keeps. */
#define GENESIS_VERSION 3u

/* The version that these bytes of a genesis state, of whichever program they are; 0: they are no genesis. */
uint32_t genesis_version(const void *bytes, size_t size);

/* From canonical bytes, which are copied. Returns 0; UNCIA_E_ENCODING; UNCIA_E_VERSION (not GENESIS_VERSION, and not
 * judged further); UNCIA_E_CONFIG (what the protocol does not allow); UNCIA_E_LIMIT (over GENESIS_SIZE_MAX);
 * UNCIA_E_MEMORY. *g is left alone on errors.
 * Owns: genesis_deinit frees what it holds. */
int genesis_decode(struct genesis *g, const void *bytes, size_t size);

/* What somebody who founds a network decides. */
struct genesis_parameters {
	const char *name; /* network_name_ok */
	uint64_t timestamp_ms;
	const char *currency_code; /* currency_code_ok */
	amount_t smallest_amount;
	const struct validator *validators; /* in the order of their numbers */
	uint32_t validator_count;
	uint64_t faulty, slow;                  /* F and P */
	const struct genesis_account *accounts; /* in any order, no address twice; NULL where there is none */
	uint32_t account_count;
};

/* Builds the genesis that has these parameters. Nothing of them is kept. Returns as genesis_decode; UNCIA_E_CONFIG
 * where the protocol has no such genesis. Owns: genesis_deinit frees what it holds. */
int genesis_make(struct genesis *g, const struct genesis_parameters *parameters);
/* Frees what the genesis holds and zeroes it. NULL does nothing. */
void genesis_deinit(struct genesis *g);
/* The id of the genesis block (view 0, height 0): hash(HASH_BLOCK, network id). */
void genesis_block_id(const struct genesis *g, struct hash *id);

#endif

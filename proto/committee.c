/* The committee of one epoch: its checks, quorums, hash and leaders. genesis.c reads it from the genesis. */
#include "committee.h"
#include <assert.h>
#include <string.h>
#include "big_endian.h"
#include "uncia/error.h"

/* Weights sum below this, so that no sum or product of quorum arithmetic below can overflow 64 bits. */
#define WEIGHT_BOUND (UINT64_C(1) << 62)

static bool network_key_valid(const uint8_t key[32])
{
	/* Fails, giving zero, exactly for the points of low order: the scalar is clamped to a multiple of 8. */
	static const uint8_t scalar[32] = {8};
	uint8_t shared[32];
	return crypto_scalarmult_curve25519(shared, scalar, key) == 0;
}

static bool keys_distinct(const struct validator *validators, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		for (uint32_t j = 0; j < i; j++)
			if (memcmp(validators[i].consensus_key, validators[j].consensus_key, 32) == 0 ||
			    memcmp(validators[i].network_key, validators[j].network_key, 32) == 0)
				return false;
	return true;
}

/* The bytes under HASH_COMMITTEE, integers big-endian: epoch u64 ‖ F u64 ‖ P u64 ‖ size u32, then for each member in
 * order consensus key 32 ‖ network key 32 ‖ weight u64. */
static void committee_hash(struct committee *c)
{
	uint8_t head[28], weight[8];
	struct hasher h;
	hasher_init(&h, HASH_COMMITTEE);
	be64_put(head, c->epoch);
	be64_put(head + 8, c->faulty);
	be64_put(head + 16, c->slow);
	be32_put(head + 24, c->size);
	hasher_add(&h, head, sizeof(head));
	for (uint32_t i = 0; i < c->size; i++) {
		const struct validator *v = &c->validators[i];
		be64_put(weight, v->weight);
		hasher_add(&h, v->consensus_key, sizeof(v->consensus_key));
		hasher_add(&h, v->network_key, sizeof(v->network_key));
		hasher_add(&h, weight, sizeof(weight));
	}
	hasher_end(&h, &c->hash);
}

int committee_init(struct committee *c, uint64_t epoch, const struct validator *validators, uint32_t size,
                   uint64_t faulty, uint64_t slow)
{
	if (size == 0 || size > COMMITTEE_SIZE_MAX || !keys_distinct(validators, size))
		return UNCIA_E_CONFIG;
	uint64_t weight = 0;
	for (uint32_t i = 0; i < size; i++) {
		const struct validator *v = &validators[i];
		if (v->weight == 0 || v->weight >= WEIGHT_BOUND - weight || !sign_key_valid(v->consensus_key) ||
		    !network_key_valid(v->network_key))
			return UNCIA_E_CONFIG;
		weight += v->weight;
	}
	/* consensus §6: W >= 3F + 2P + 1. F and P are bounded first, so that the sum stays below 2^63. */
	if (faulty > weight / 3 || slow > weight / 2 || 3 * faulty + 2 * slow + 1 > weight)
		return UNCIA_E_CONFIG;

	memset(c, 0, sizeof(*c));
	c->epoch = epoch;
	c->size = size;
	c->weight = weight;
	c->faulty = faulty;
	c->slow = slow;
	/* consensus §6: Qs = floor((W+F)/2)+1, Qf = W-P, K = F+P+1. */
	c->quorum_slow = (weight + faulty) / 2 + 1;
	c->quorum_fast = weight - slow;
	c->key_threshold = faulty + slow + 1;
	assert(c->quorum_slow <= c->quorum_fast && c->quorum_fast <= weight && c->key_threshold <= weight);
	memcpy(c->validators, validators, size * sizeof(*validators));
	committee_hash(c);
	return 0;
}

void committee_default_faults(uint64_t weight, uint64_t *faulty, uint64_t *slow)
{
	assert(weight > 0);
	uint64_t f = (weight - 1) / 3;
	*slow = (weight - 1 - 3 * f) / 2;
	*faulty = f;
}

uint32_t committee_leader(const struct committee *c, uint64_t view)
{
	assert(c->size > 0);
	return (uint32_t)(view % c->size);
}

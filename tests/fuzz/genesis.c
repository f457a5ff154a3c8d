/* The genesis. Accepted means: its parts make the same genesis again, and the supply is the sum of the accounts. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct genesis *g = malloc(2 * sizeof(*g)), *again = g + 1;

	assert(g);
	fuzz_network();
	if (genesis_decode(g, data, size) == 0) {
		const struct committee *c = &g->committee;
		amount_t supply = 0;
		assert(g->size == size && memcmp(g->bytes, data, size) == 0);
		for (uint32_t i = 0; i < g->account_count; i++)
			assert(amount_add(supply, g->accounts[i].balance, &supply));
		assert(supply == g->supply && c->weight >= 3 * c->faulty + 2 * c->slow + 1);
		assert(genesis_make(again,
		                    &(struct genesis_parameters){g->name, g->timestamp_ms, g->currency_code,
		                                                 g->smallest_amount, c->validators, c->size, c->faulty,
		                                                 c->slow, g->accounts, g->account_count}) == 0);
		assert(again->size == size && memcmp(again->bytes, data, size) == 0);
		assert(memcmp(&again->network_id, &g->network_id, HASH_SIZE) == 0);
		genesis_deinit(again);
		genesis_deinit(g);
	}
	free(g);
	return 0;
}

/* Proofs of account 0, with forged signatures granted: accepted means that the entry is that account's. */
#include "receipt.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fixture *f = fuzz_network();
	struct fixture_key key;
	struct account_state state;

	fixture_account(0, &key);
	if (account_proof_verify(&f->genesis.committee, &f->genesis.network_id, &key.address, data, size, &state))
		return 0;
	assert(state.entry.kind == ENTRY_ACCOUNT && memcmp(&state.entry.address, &key.address, ADDRESS_SIZE) == 0);
	assert(state.index < state.entry_count);
	return 0;
}

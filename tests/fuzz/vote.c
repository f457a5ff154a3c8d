/* Votes. Accepted means: encoding it again gives the same bytes. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash none;
	struct vote vote;
	uint8_t bytes[256];
	size_t again;

	if (vote_decode(data, size, &vote))
		return 0;
	assert(vote.kind >= VOTE_NOTAR1 && vote.kind <= VOTE_FINAL);
	assert(vote_kind_names_block(vote.kind) || memcmp(&vote.block_id, &none, sizeof(none)) == 0);
	assert(vote_encode(&vote, bytes, &again) == 0 && again == size && memcmp(bytes, data, size) == 0);
	return 0;
}

/* Block headers and whole blocks. Accepted means: encoding it again gives the same bytes. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header header;
	struct block *block;

	if (header_decode(data, size, &header) == 0) {
		struct header again = header;
		memset(again.bytes, 0, sizeof(again.bytes));
		assert(header_encode(&again) == 0 && again.size == size && memcmp(again.bytes, data, size) == 0);
		assert(memcmp(&again.id, &header.id, sizeof(header.id)) == 0);
	}
	if (block_decode(&fuzz_network()->genesis.network_id, data, size, &block))
		return 0;
	uint8_t *bytes;
	size_t again_size;
	struct hash path[64];
	size_t path_size;
	assert(block->count == block->header.payment_count);
	assert(block_encode(&block->header, block->payments, block->count, &bytes, &again_size) == 0);
	assert(again_size == size && memcmp(bytes, data, size) == 0);
	if (block->count) {
		merkle_path(block->tree, block->count, block->count - 1, path, &path_size);
		assert(merkle_verify(&block->tree[block->count - 1], block->count - 1, block->count, path, path_size,
		                     &block->header.payments_root));
	}
	free(bytes);
	block_free(block);
	return 0;
}

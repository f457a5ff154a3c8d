/* The vector of the specification for short ids, made from it alone. */
#include "short_ids.h"
#include "spec_vectors.h"

START_TEST(short_ids_are_those_of_the_vector)
{
	vectors_open("blocks");
	const json_t *block = vector_at(NULL, "block"), *hashes = vector_at(block, "whole_hashes");
	struct bytes ids = vector_bytes(block, "short_ids");
	uint32_t count = (uint32_t)json_array_size(hashes);
	static struct payment payments[16];
	struct short_ids *sought;
	struct hash id;
	vector_copy(json_array_get(vector_at(NULL, "headers"), 0), "id", id.b, HASH_SIZE);
	ck_assert(count > 2 && count <= 16);
	ck_assert_uint_eq(ids.size, 8 * count);
	ck_assert_int_eq(short_ids_new(&id, ids.data, count, &sought), 0);
	for (uint32_t i = 0; i < count; i++) {
		payments[i].references = 1;
		memcpy(payments[i].whole.b, vector_hex(json_array_get(hashes, i)).data, HASH_SIZE);
		short_ids_offer(sought, &payments[i].whole, &payments[i]);
		ck_assert_uint_eq(short_ids_missing(sought), count - 1 - i);
		ck_assert_ptr_eq(short_ids_payments(sought)[i], &payments[i]);
	}
	short_ids_free(sought);
	vectors_close();
}
END_TEST

UNIT_MAIN("mempool_vectors", short_ids_are_those_of_the_vector)

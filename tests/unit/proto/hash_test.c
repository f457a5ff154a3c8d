/* The domain tags, and that the hash is BLAKE2b-256 with the tag as personalisation. */
#include "hash.h"
#include "unit.h"

START_TEST(tags_are_distinct_and_fit)
{
	for (int a = 0; a < HASH_TAGS; a++) {
		const char *text = hash_tag_text((enum hash_tag)a);
		ck_assert_uint_le(strlen(text), 16);
		ck_assert_int_eq(strncmp(text, "uncia.", 6), 0);
		ck_assert_uint_gt(strlen(text), 6);
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(text, hash_tag_text((enum hash_tag)b));
	}
}
END_TEST

START_TEST(same_bytes_differ_under_each_tag)
{
	struct hash digests[HASH_TAGS];
	for (int a = 0; a < HASH_TAGS; a++) {
		hash1((enum hash_tag)a, "same", 4, &digests[a]);
		for (int b = 0; b < a; b++)
			ck_assert_mem_ne(digests[a].b, digests[b].b, HASH_SIZE);
	}
}
END_TEST

/* Computed with Python: hashlib.blake2b(b"abcdef", digest_size=32, person=b"uncia.payment"). */
START_TEST(digest_is_blake2b_256_with_personalisation)
{
	uint8_t expected[32];
	struct hash digest;
	unit_hex("16db44346bef9f1f84cad0aabfc457294cc0115d3f9421c4fcf8adda1b9d4a06", expected, sizeof(expected));
	hash1(HASH_PAYMENT, "abcdef", 6, &digest);
	ck_assert_mem_eq(digest.b, expected, 32);
	unit_hex("47ce38d31d2560b7e32f7c32ff0f0137104637180100c9ade211d479577c3bf5", expected, sizeof(expected));
	hash1(HASH_STATE_ROOT, NULL, 0, &digest);
	ck_assert_mem_eq(digest.b, expected, 32);
}
END_TEST

START_TEST(parts_and_streams_hash_as_their_concatenation)
{
	uint8_t bytes[300];
	struct hash whole, parts, stream;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	hash1(HASH_BLOCK, bytes, sizeof(bytes), &whole);
	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		hash2(HASH_BLOCK, bytes, cut, bytes + cut, sizeof(bytes) - cut, &parts);
		ck_assert_mem_eq(whole.b, parts.b, HASH_SIZE);
	}
	struct hasher h;
	hasher_init(&h, HASH_BLOCK);
	for (size_t i = 0; i < sizeof(bytes); i++)
		hasher_add(&h, bytes + i, 1);
	hasher_end(&h, &stream);
	ck_assert_mem_eq(whole.b, stream.b, HASH_SIZE);
}
END_TEST

/* From the SipHash paper, appendix A: key 00..0f, message 00..0e. */
START_TEST(siphash_matches_its_paper)
{
	uint8_t key[16], message[15];
	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	memcpy(message, key, sizeof(message));
	ck_assert_uint_eq(siphash(key, message, sizeof(message)), UINT64_C(0xa129ca6149be45e5));
}
END_TEST

UNIT_MAIN("hash", tags_are_distinct_and_fit, same_bytes_differ_under_each_tag,
          digest_is_blake2b_256_with_personalisation, parts_and_streams_hash_as_their_concatenation,
          siphash_matches_its_paper)

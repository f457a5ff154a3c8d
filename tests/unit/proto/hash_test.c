/* The domain tags, and that the hash is BLAKE2b-256 with the tag as personalisation. */
#include "hash.h"
#include "hash_many.h"
#include "unit.h"

/* Each tag's text, as the specification has it. */
static const char *const texts[HASH_TAGS] = {
    [HASH_GENESIS] = "uncia.genesis",
    [HASH_ADDRESS] = "uncia.address",
    [HASH_PAYMENT] = "uncia.payment",
    [HASH_PAYMENT_SIGN] = "uncia.paysign",
    [HASH_PAYMENT_WHOLE] = "uncia.paywhole",
    [HASH_BLOCK] = "uncia.block",
    [HASH_VOTE] = "uncia.vote",
    [HASH_EXPIRY] = "uncia.expiry",
    [HASH_PAYMENTS_LEAF] = "uncia.payleaf",
    [HASH_PAYMENTS_NODE] = "uncia.paynode",
    [HASH_STATE_GROUP] = "uncia.stgroup",
    [HASH_STATE_NODE] = "uncia.stnode",
    [HASH_STATE_ROOT] = "uncia.stroot",
    [HASH_COMMITTEE] = "uncia.committee",
    [HASH_NONCE] = "uncia.nonce",
    [HASH_KEY] = "uncia.key",
    [HASH_RECORD] = "uncia.record",
    [HASH_MEMO] = "uncia.memo",
    [HASH_SHORT_ID] = "uncia.shortid",
    [HASH_LOCK] = "uncia.lock",
    [HASH_SEAL] = "uncia.seal",
    [HASH_HOLD] = "uncia.hold",
    [HASH_CLAIM_SEED] = "uncia.claimseed",
    [HASH_CLAIM_KEY] = "uncia.claimkey",
    [HASH_CONTACT] = "uncia.contact",
    [HASH_ASK] = "uncia.ask",
    [HASH_REQUEST] = "uncia.request",
    [HASH_CODE] = "uncia.code",
    [HASH_RECONFIG] = "uncia.reconfig",
    [HASH_RECONFIGURE] = "uncia.reconwhole",
    [HASH_JOIN] = "uncia.join",
    [HASH_LINE] = "uncia.line",
    [HASH_LINE_NONCE] = "uncia.linenonce",
    [HASH_AGREE] = "uncia.agree",
};

START_TEST(each_tag_is_its_text_as_personalisation)
{
	for (int tag = 0; tag < HASH_TAGS; tag++) {
		uint8_t personal[16] = {0}, expected[HASH_SIZE];
		struct hash digest;
		ck_assert_ptr_nonnull(texts[tag]);
		memcpy(personal, texts[tag], strlen(texts[tag]));
		ck_assert_int_eq(crypto_generichash_blake2b_salt_personal(expected, HASH_SIZE, (const uint8_t *)"same",
		                                                          4, NULL, 0, NULL, personal),
		                 0);
		hash1((enum hash_tag)tag, "same", 4, &digest);
		ck_assert_mem_eq(digest.b, expected, HASH_SIZE);
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

/* Sizes on both sides of each block's end, numbers of inputs on both sides of what is hashed at a time. */
START_TEST(many_hash_as_each_alone)
{
	enum { COUNT = 37, SIZE = 650 };
	static uint8_t bytes[COUNT][SIZE];
	const uint8_t *inputs[COUNT];
	struct hash hashes[COUNT], *out[COUNT], alone;

	for (size_t i = 0; i < COUNT; i++) {
		for (size_t k = 0; k < SIZE; k++)
			bytes[i][k] = (uint8_t)(i * 131 + k * k);
		inputs[COUNT - 1 - i] = bytes[i];
		out[i] = &hashes[i];
	}
	for (size_t size = 0; size <= SIZE; size++) {
		for (size_t count = size % 3; count <= COUNT; count += 3) {
			enum hash_tag tag = (enum hash_tag)((size + count) % HASH_TAGS);
			memset(hashes, 0, sizeof(hashes));
			hash_many(tag, inputs, size, count, out);
			for (size_t i = 0; i < count; i++) {
				hash1(tag, inputs[i], size, &alone);
				ck_assert_mem_eq(hashes[i].b, alone.b, HASH_SIZE);
			}
			for (size_t i = count; i < COUNT; i++)
				ck_assert(sodium_is_zero(hashes[i].b, HASH_SIZE));
		}
	}
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

UNIT_MAIN("hash", each_tag_is_its_text_as_personalisation, same_bytes_differ_under_each_tag,
          digest_is_blake2b_256_with_personalisation, parts_and_streams_hash_as_their_concatenation,
          many_hash_as_each_alone, siphash_matches_its_paper)

/* The table of domain tags and the hash under them. Not a general hash: nothing is hashed without a tag. */
#include "hash.h"
#include <assert.h>
#include <string.h>

/* encoding, "Hashing": the tag is libsodium's personalisation parameter, zero-padded to 16 bytes. */
static const char tags[HASH_TAGS][crypto_generichash_blake2b_PERSONALBYTES + 1] = {
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

const uint8_t *hash_tag_personal(enum hash_tag tag)
{
	assert((unsigned)tag < HASH_TAGS && tags[tag][0]);
	return (const uint8_t *)tags[tag];
}

/* libsodium's calls fail only for sizes out of range, which are constants here. */
void hasher_init(struct hasher *h, enum hash_tag tag)
{
	int rc =
	    crypto_generichash_blake2b_init_salt_personal(&h->state, NULL, 0, HASH_SIZE, NULL, hash_tag_personal(tag));
	assert(rc == 0);
	(void)rc;
}

void hasher_add(struct hasher *h, const void *data, size_t size)
{
	if (size == 0)
		return;
	int rc = crypto_generichash_blake2b_update(&h->state, data, size);
	assert(rc == 0);
	(void)rc;
}

void hasher_end(struct hasher *h, struct hash *out)
{
	int rc = crypto_generichash_blake2b_final(&h->state, out->b, HASH_SIZE);
	assert(rc == 0);
	(void)rc;
}

void hash2(enum hash_tag tag, const void *a, size_t a_size, const void *b, size_t b_size, struct hash *out)
{
	struct hasher h;

	hasher_init(&h, tag);
	hasher_add(&h, a, a_size);
	hasher_add(&h, b, b_size);
	hasher_end(&h, out);
	if (tag == HASH_KEY || tag == HASH_CLAIM_SEED || tag == HASH_CLAIM_KEY)
		sodium_memzero(&h, sizeof(h));
}

uint64_t siphash(const uint8_t key[16], const void *data, size_t size)
{
	uint8_t digest[crypto_shorthash_siphash24_BYTES];
	uint64_t value = 0;

	int rc = crypto_shorthash_siphash24(digest, data, size, key);
	assert(rc == 0);
	(void)rc;
	/* SipHash's own output order is little-endian. */
	for (unsigned i = 0; i < sizeof(digest); i++)
		value |= (uint64_t)digest[i] << (8 * i);
	return value;
}

/* Domain-separated BLAKE2b-256 (docs/spec/encoding.md, "Hashing"). Every use of the hash has a tag of its own,
 * listed here and nowhere else. sodium_init must have succeeded; after that nothing here fails. Threads: any. */
#ifndef HASH_H
#define HASH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sodium.h>

#define HASH_SIZE 32

enum hash_tag {
	HASH_GENESIS,       /* "uncia.genesis": canonical genesis bytes -> network id */
	HASH_ADDRESS,       /* "uncia.address": public key -> address */
	HASH_PAYMENT,       /* "uncia.payment": network id, body -> payment id */
	HASH_PAYMENT_SIGN,  /* "uncia.paysign": network id, body -> what the payer signs */
	HASH_PAYMENT_WHOLE, /* "uncia.paywhole": whole signed payment -> verdict cache, Merkle leaf input */
	HASH_BLOCK,         /* "uncia.block": header bytes -> block id */
	HASH_VOTE,          /* "uncia.vote": network id, vote statement -> what a validator signs */
	HASH_EXPIRY,        /* "uncia.expiry": network id, expiry statement -> what a validator signs */
	HASH_PAYMENTS_LEAF, /* "uncia.payleaf" */
	HASH_PAYMENTS_NODE, /* "uncia.paynode" */
	HASH_STATE_GROUP,   /* "uncia.stgroup": eight entries */
	HASH_STATE_NODE,    /* "uncia.stnode": four children */
	HASH_STATE_ROOT,    /* "uncia.stroot": entry count, free head, top digest */
	HASH_COMMITTEE,     /* "uncia.committee" */
	HASH_NONCE,         /* "uncia.nonce": idempotency key -> payment nonce */
	HASH_KEY,           /* "uncia.key": wallet seed -> account key seed */
	HASH_RECORD,        /* "uncia.record": storage checksum */
	HASH_MEMO,          /* "uncia.memo": memo text -> memo hash */
	HASH_SHORT_ID,      /* "uncia.shortid": block id -> SipHash key of its short ids */
	HASH_LOCK,          /* "uncia.lock": claim key, hash of the secret -> lock of a hold */
	HASH_SEAL,          /* "uncia.seal": opening payment's id, lock -> seal of a hold */
	HASH_HOLD,          /* "uncia.hold": home, seal -> id of a hold */
	HASH_CLAIM_SEED,    /* "uncia.claimseed": wallet seed, payment, number -> seed of a claim */
	HASH_CLAIM_KEY,     /* "uncia.claimkey": network id, seed of a claim -> seed of its key */
	HASH_CONTACT,       /* "uncia.contact": network id, address, handle -> what a contact text signs */
	HASH_ASK,           /* "uncia.ask": network id, a request's payload before its signature -> what it signs */
	HASH_REQUEST,       /* "uncia.request": a request's payload -> the key of its payment */
	HASH_CODE,          /* "uncia.code": network id, two addresses -> the digits that two people compare */
	HASH_RECONFIG,      /* "uncia.reconfig": network id, Reconfigure -> what those sign who approve it */
	HASH_RECONFIGURE,   /* "uncia.reconwhole": SignedReconfigure -> what the header of its block names */
	HASH_JOIN,          /* "uncia.join": network id, epoch, keys, weight -> what a new validator signs */
	HASH_LINE,          /* "uncia.line": an operator's statement -> what both of his keys sign */
	HASH_LINE_NONCE,    /* "uncia.linenonce": part, network secret, digest -> the nonce of that key's signature */
	HASH_AGREE,         /* "uncia.agree": network id -> what an operator signs who agrees to a genesis */
	HASH_TAGS
};

struct hash {
	uint8_t b[HASH_SIZE];
};

/* Not in constant time: hashes are public. */
static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, HASH_SIZE) == 0;
}

/* The 16 bytes by which a hash is under its tag: BLAKE2b's personalisation. */
const uint8_t *hash_tag_personal(enum hash_tag tag);
/* The hash of two parts one after the other. A part of size 0 may be NULL. */
void hash2(enum hash_tag tag, const void *a, size_t a_size, const void *b, size_t b_size, struct hash *out);
/* The hash of one part. */
static inline void hash1(enum hash_tag tag, const void *a, size_t a_size, struct hash *out)
{
	hash2(tag, a, a_size, NULL, 0, out);
}

/* The same over any number of parts: init, add each, end. */
struct hasher {
	crypto_generichash_state state;
};
/* Begins a hash under a tag. */
void hasher_init(struct hasher *h, enum hash_tag tag);
/* Adds a part; of size 0, nothing. */
void hasher_add(struct hasher *h, const void *data, size_t size);
/* Gives the hash. The hasher is used up: hasher_init begins anew. */
void hasher_end(struct hasher *h, struct hash *out);

/* SipHash-2-4 of bytes under a 16-byte key: short ids, and seeds of hash tables. */
uint64_t siphash(const uint8_t key[16], const void *data, size_t size);

#endif

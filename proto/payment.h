/* Payments: decoding, checks that need no ledger, ids, making and signing (docs/spec/ledger.md §3). Threads: any; a
 * payment belongs to one at a time, since its references are counted without atomics. */
#ifndef PAYMENT_H
#define PAYMENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "address.h"
#include "amount.h"
#include "entry_id.h"
#include "slab.h"
#include "protocol_limits.h"
#include "sign.h"

#define NONCE_SIZE     16
#define MEMO_HASH_SIZE 32
#define CURRENCY_FIRST 1u

/* expires_at big-endian, then 28 bytes of hash: sorts by expiry. */
struct payment_id {
	uint8_t b[32];
};
/* In seconds since 1970, UTC. */
static inline uint32_t payment_id_expires_at(const struct payment_id *id)
{
	return (uint32_t)id->b[0] << 24 | (uint32_t)id->b[1] << 16 | (uint32_t)id->b[2] << 8 | id->b[3];
}

struct output {
	struct address to;
	bool has_reference;
	uint8_t reference[REFERENCE_SIZE];
	amount_t amount;
};

/* A decoded signed payment. One block of memory, immutable once made, shared by reference: payment_ref adds one,
 * payment_free gives one back and frees it all with the last. The count is not atomic: one thread at a time. */
struct payment {
	struct slab *home; /* where its memory goes back to; NULL: to malloc's */
	uint32_t references;
	struct payment_id id;
	struct hash digest; /* what the payer signs */
	struct hash whole;  /* hash of the whole signed payment: the key of its verdict */
	struct address sender;
	uint32_t expires_at; /* seconds since 1970, UTC */
	uint8_t nonce[NONCE_SIZE];
	uint32_t currency;
	bool has_memo_hash;
	uint8_t memo_hash[MEMO_HASH_SIZE];
	uint8_t public_key[PUBLIC_KEY_SIZE];
	uint8_t signature[SIGNATURE_SIZE];
	amount_t total; /* the checked sum of the outputs */
	uint32_t output_count;
	const struct output *outputs;
	const uint8_t *bytes; /* the signed payment as received */
	uint32_t size;
};

/* Decodes and checks all that needs neither ledger nor clock: canonical bytes at both levels, sizes, 1..255
 * outputs, every amount > 0, total without overflow, currency known (CURRENCY_FIRST). Paying oneself is
 * allowed. Does not verify the signature, nor that public_key belongs to sender.
 * Returns 0; UNCIA_E_LIMIT; UNCIA_E_ENCODING; UNCIA_E_AMOUNT; UNCIA_E_MEMORY.
 * Owns: *payment is the caller's, free with payment_free. */
int payment_decode(const struct hash *network_id, const void *bytes, size_t size, struct payment **payment);
/* The same into an item of the slab `home`, which outlives it, where it fits into one. home: NULL for none. Threads:
 * home's, and so payment_free. */
int payment_decode_at(struct slab *home, const struct hash *network_id, const void *bytes, size_t size,
                      struct payment **payment);
/* When a signed payment expires, read off its bytes alone. False: its bytes do not begin as all do, which decoding says
 * more of; true says nothing of the rest. */
bool payment_peek(const void *bytes, size_t size, uint32_t *expires_at);
/* The hash of the whole signed payment, as in struct payment, of bytes that may be anything. */
void payment_whole(const void *bytes, size_t size, struct hash *whole);
/* One reference more. Returns the payment. */
struct payment *payment_ref(struct payment *payment);
/* Gives one reference back; the last one frees the payment. NULL does nothing. */
void payment_free(struct payment *payment);

/* The i-th entry that the payment names: the sender, then the receivers of its outputs in order. One entry may be named
 * several times. Out: *id, where `id` is not NULL. False past the last. */
bool payment_named(const struct payment *payment, uint32_t i, struct entry_id *id);
/* Whether the payment names this entry. Out: *first, its lowest number there, where `first` is not NULL. */
bool payment_touches(const struct payment *payment, const struct entry_id *id, uint32_t *first);
/* The same of an account. */
bool payment_touches_account(const struct payment *payment, const struct address *address);

/* Encodes, signs and decodes. Of `draft` are read: sender (zero: the address of public_key), expires_at, nonce,
 * currency, outputs and memo_hash. Returns as payment_decode; UNCIA_E_ENCODING also where there are not 1..255 outputs.
 * Owns: *payment is the caller's, payment_free. */
int payment_make(const struct hash *network_id, const struct payment *draft, const uint8_t public_key[32],
                 const uint8_t secret_key[SECRET_KEY_SIZE], struct payment **payment);

#endif

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
#include "hold.h"
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

/* A hold that a transfer opens. */
struct hold_opening {
	struct hash lock;
	bool has_home; /* else it is the sender's */
	struct address home;
	uint32_t end; /* seconds since 1970, UTC */
	amount_t amount;
	/* What follows from it and the payment: */
	struct hash seal;
	struct address id;
};

/* The hold that a take or a give-back empties. */
struct hold_reference {
	struct address home;
	struct payment_id opening; /* of a take; zero for a give-back */
	bool has_secret;           /* of a take */
	uint8_t secret[SECRET_SIZE];
	struct hash seal; /* follows from the others for a take */
};

enum payment_kind {
	PAYMENT_TRANSFER,
	PAYMENT_TAKE,      /* from a hold, before its end */
	PAYMENT_GIVE_BACK, /* of a hold, after its end; nobody has signed it */
};

/* A decoded signed payment. One block of memory, immutable once made, shared by reference: payment_ref adds one,
 * payment_free gives one back and frees it all with the last. The count is not atomic: one thread at a time. */
struct payment {
	struct slab *home; /* where its memory goes back to; NULL: to malloc's */
	uint32_t references;
	enum payment_kind kind;
	struct payment_id id;
	struct hash digest;    /* what the payer signs */
	struct hash whole;     /* hash of the whole signed payment: the key of its verdict */
	struct address sender; /* an account's address; of a take and a give-back, the id of the hold */
	uint32_t expires_at;   /* seconds since 1970, UTC */
	uint8_t nonce[NONCE_SIZE];
	uint32_t currency;
	bool has_memo_hash;
	uint8_t memo_hash[MEMO_HASH_SIZE];
	uint8_t public_key[PUBLIC_KEY_SIZE]; /* zero where nobody signs */
	uint8_t signature[SIGNATURE_SIZE];
	amount_t total; /* the checked sum of the outputs and holds */
	uint32_t output_count;
	const struct output *outputs; /* of a give-back, one: its amount, to its home */
	uint32_t hold_count;
	const struct hold_opening *holds;
	const struct hold_reference *hold; /* NULL for a transfer */
	const uint8_t *bytes;              /* the signed payment as received */
	uint32_t size;
};

/* Decodes and checks all that needs neither ledger nor clock: canonical bytes at both levels, sizes, 1..255
 * outputs and holds together, every amount > 0, total without overflow, currency known (CURRENCY_FIRST); of a take and
 * a give-back that the sender is the hold that they name. Paying oneself is allowed. Does not verify the signature, nor
 * that public_key belongs to an account that is the sender.
 * Returns 0; UNCIA_E_LIMIT; UNCIA_E_ENCODING; UNCIA_E_AMOUNT; UNCIA_E_MEMORY.
 * Owns: *payment is the caller's, free with payment_free. */
int payment_decode(const struct hash *network_id, const void *bytes, size_t size, struct payment **payment);
/* The same into an item of the slab `home`, which outlives it, where it fits into one. home: NULL for none. Threads:
 * home's, and so payment_free. */
int payment_decode_at(struct slab *home, const struct hash *network_id, const void *bytes, size_t size,
                      struct payment **payment);
/* The same without what is hashed, id, digest, `whole`, and the seals and ids of holds: those are not set before
 * payments_hash. */
int payment_parse(struct slab *home, const void *bytes, size_t size, struct payment **payment);
/* Sets what payment_parse has left, of many payments at once. */
void payments_hash(const struct hash *network_id, struct payment *const *payments, size_t count);
/* Who sends a signed payment and when it expires, read off its bytes alone. False: its bytes do not begin as all do,
 * which decoding says more of; true says nothing of the rest. */
bool payment_peek(const void *bytes, size_t size, struct address *sender, uint32_t *expires_at);
/* One reference more. Returns the payment. */
struct payment *payment_ref(struct payment *payment);
/* Gives one reference back; the last one frees the payment. NULL does nothing. */
void payment_free(struct payment *payment);

/* The i-th entry that the payment names: the sender, then the receivers of its outputs, then its holds, in order. One
 * entry may be named several times. Out: *id, where `id` is not NULL. False past the last. */
bool payment_named(const struct payment *payment, uint32_t i, struct entry_id *id);
/* Whether the payment names this entry. Out: *first, its lowest number there, where `first` is not NULL. */
bool payment_touches(const struct payment *payment, const struct entry_id *id, uint32_t *first);
/* Whether an account pays: it is a transfer of this address. */
static inline bool payment_is_from(const struct payment *payment, const struct address *address)
{
	return payment->kind == PAYMENT_TRANSFER && address_equal(&payment->sender, address);
}
/* Whether it is one that this account's wallet makes and keeps: a transfer of it, or a take, by whatever key. */
static inline bool payment_is_own(const struct payment *payment, const struct address *address)
{
	return payment->kind == PAYMENT_TAKE || payment_is_from(payment, address);
}
/* As payment_touches, of an account. */
bool payment_touches_account(const struct payment *payment, const struct address *address);

/* Whether somebody must have signed it: all but a give-back. */
static inline bool payment_is_signed(const struct payment *payment)
{
	return payment->kind != PAYMENT_GIVE_BACK;
}

/* Whether its signature holds, as far as the payment alone can say: the key of a take, which no entry holds, must be
 * one that may be bound as well (encoding §1.3). True of a give-back, which nobody signs. */
bool payment_signature_valid(const struct payment *payment);

/* Encodes, signs and decodes. Of `draft` are read: kind, sender (of a transfer; zero: the address of public_key),
 * expires_at, nonce, currency, outputs, memo_hash; holds of a transfer (without seal and id); hold of a take (without
 * seal); hold (home and seal) and total of a give-back, for which the keys are NULL. Returns as payment_decode;
 * UNCIA_E_ENCODING also where there are not 1..255 outputs and holds. Owns: *payment is the caller's, payment_free. */
int payment_make(const struct hash *network_id, const struct payment *draft, const uint8_t *public_key,
                 const uint8_t *secret_key, struct payment **payment);

#endif

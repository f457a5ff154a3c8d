/* See claims.h. */
#include "claims.h"
#include <assert.h>
#include <string.h>
#include "big_endian.h"
#include "receipts.h"

/* What the hold of that number is under. The caller wipes *seed. */
static void claim_seed(const struct uncia_wallet *w, const struct payment *payment, uint32_t number,
                       uint8_t seed[CLAIM_SEED_SIZE])
{
	uint8_t input[HASH_SIZE + NONCE_SIZE + 8];
	struct hash hash;
	assert(w->secret && number < PAYMENT_OUTPUTS_MAX);
	memcpy(input, w->network_id.b, HASH_SIZE);
	memcpy(input + HASH_SIZE, payment->nonce, NONCE_SIZE);
	be32_put(input + HASH_SIZE + NONCE_SIZE, payment->expires_at);
	be32_put(input + HASH_SIZE + NONCE_SIZE + 4, number);
	hash2(HASH_CLAIM_SEED, w->secret->seed, WORDS_SEED_SIZE, input, sizeof(input), &hash);
	memcpy(seed, hash.b, CLAIM_SEED_SIZE);
	sodium_memzero(&hash, sizeof(hash));
}

/* Of a seed. Returns 0 or UNCIA_E_LIBRARY. */
static int lock_of_seed(const struct uncia_wallet *w, const uint8_t seed[CLAIM_SEED_SIZE], struct hash *lock)
{
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	int rc = claim_keypair(&w->network_id, seed, public_key, secret_key);
	sodium_memzero(secret_key, sizeof(secret_key));
	if (!rc)
		hold_lock(public_key, NULL, lock);
	return rc;
}

int claim_lock(const struct uncia_wallet *w, const struct payment *payment, uint32_t number, struct hash *lock)
{
	uint8_t seed[CLAIM_SEED_SIZE];
	claim_seed(w, payment, number, seed);
	int rc = lock_of_seed(w, seed, lock);
	sodium_memzero(seed, sizeof(seed));
	return rc;
}

/* Its claim, where the hold is one of this wallet's and goes home to it. Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_LIBRARY.
 */
static int claim_of(const struct uncia_wallet *w, const struct payment *payment, uint32_t number,
                    struct uncia_claim *claim)
{
	struct hash lock;
	claim_seed(w, payment, number, claim->seed);
	int rc = lock_of_seed(w, claim->seed, &lock);
	const struct hold_opening *hold = &payment->holds[number];
	if (!rc && (!hash_equal(&lock, &hold->lock) || hold->has_home))
		rc = UNCIA_E_NOT_FOUND;
	memcpy(claim->home, hold->home.b, ADDRESS_SIZE);
	memcpy(claim->opening.b, payment->id.b, sizeof(claim->opening.b));
	return rc;
}

int uncia_wallet_claim(const struct uncia_wallet *w, const struct uncia_receipt *receipt, uint32_t number,
                       char text[UNCIA_CHAT_TEXT_SIZE])
{
	struct uncia_claim claim = {.size = sizeof(claim)};
	int rc = wallet_readable(w);
	if (!rc && (!receipt || !text || number >= receipt->payment->hold_count))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->has_network_id)
		rc = UNCIA_E_NETWORK;
	if (!rc && !w->secret)
		rc = UNCIA_E_LOCKED;
	if (!rc && !payment_is_from(receipt->payment, &w->address))
		rc = UNCIA_E_NOT_FOUND;
	if (rc)
		return rc;
	rc = claim_of(w, receipt->payment, number, &claim);
	if (!rc)
		rc = uncia_claim_format(w->network_id.b, &claim, text);
	sodium_memzero(&claim, sizeof(claim));
	return rc;
}

/* The names of a hold: lock, seal and id. */
#include "hold.h"
#include "payment.h"

void hold_lock_hashed(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t *secret_hash, struct hash *lock)
{
	static const uint8_t none[crypto_hash_sha256_BYTES];

	hash2(HASH_LOCK, public_key, PUBLIC_KEY_SIZE, secret_hash ? secret_hash : none, sizeof(none), lock);
}

void hold_lock(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t *secret, struct hash *lock)
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	if (secret)
		crypto_hash_sha256(digest, secret, SECRET_SIZE); /* cannot fail */
	hold_lock_hashed(public_key, secret ? digest : NULL, lock);
}

void hold_seal(const struct payment_id *opening, const struct hash *lock, struct hash *seal)
{
	hash2(HASH_SEAL, opening->b, sizeof(opening->b), lock->b, HASH_SIZE, seal);
}

void hold_id(const struct address *home, const struct hash *seal, struct address *id)
{
	struct hash hash;

	hash2(HASH_HOLD, home->b, ADDRESS_SIZE, seal->b, HASH_SIZE, &hash);
	memcpy(id->b, hash.b, ADDRESS_SIZE);
}

int claim_keypair(const struct hash *network_id, const uint8_t seed[CLAIM_SEED_SIZE],
                  uint8_t public_key[PUBLIC_KEY_SIZE], uint8_t secret_key[SECRET_KEY_SIZE])
{
	struct hash key_seed;

	hash2(HASH_CLAIM_KEY, network_id->b, HASH_SIZE, seed, CLAIM_SEED_SIZE, &key_seed);
	int rc = sign_keypair(key_seed.b, public_key, secret_key);
	sodium_memzero(&key_seed, sizeof(key_seed));
	return rc;
}

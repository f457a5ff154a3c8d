/* Signatures and key agreement for the simulator: the real ones, or a stand-in that is a hundred times faster, keyed by
 * a secret that only the simulator has, so that nobody in it can forge one. Linked in place of the calls (-Wl,--wrap);
 * the object code of the product is the same either way.
 *
 * One real signature of four has a point of order 8 in its R: it is as valid as any (docs/spec/encoding.md 1.3), and
 * whoever goes by another equation disagrees with the rest.
 *
 * Every node of a network checks the same signatures: a real one is checked once, and its verdict then remembered under
 * all that it depends on. What is slow on purpose (recovery words), and the verdicts on libsodium, are had once. */
#include "standin.h"
#include <sodium.h>
#include <string.h>
#include "torsion.h"

#define MEMORY 16384 /* verdicts */

bool standin_signatures;

int __real_sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest,
                       uint8_t signature[SIGNATURE_SIZE]);
int __wrap_sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest,
                       uint8_t signature[SIGNATURE_SIZE]);
bool __real_sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE]);
bool __wrap_sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE]);
bool __wrap_sign_verify_bound(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                              const uint8_t signature[SIGNATURE_SIZE]);
bool __real_sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE]);
bool __wrap_sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE]);

static void standin(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                    uint8_t signature[SIGNATURE_SIZE])
{
	static const uint8_t key[crypto_shorthash_siphashx24_KEYBYTES] = "simulator's own";
	uint8_t text[PUBLIC_KEY_SIZE + HASH_SIZE];

	memcpy(text, public_key, PUBLIC_KEY_SIZE);
	memcpy(text + PUBLIC_KEY_SIZE, digest->b, HASH_SIZE);
	memset(signature, 0, SIGNATURE_SIZE);
	crypto_shorthash_siphashx24(signature, text, sizeof(text), key);
}

int __wrap_sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest,
                       uint8_t signature[SIGNATURE_SIZE])
{
	if (!standin_signatures)
		return digest->b[0] % 4 ? __real_sign_digest(secret_key, digest, signature)
		                        : sign_with_torsion(secret_key, digest, 1, signature);
	standin(secret_key + SECRET_KEY_SIZE - PUBLIC_KEY_SIZE, digest, signature); /* libsodium keeps it there */
	return 0;
}

static bool verify_once(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE])
{
	static struct verdict {
		uint8_t public_key[PUBLIC_KEY_SIZE], signature[SIGNATURE_SIZE];
		struct hash digest;
		bool known, valid;
	} verdicts[MEMORY];
	uint32_t at;

	memcpy(&at, signature + SIGNATURE_SIZE / 2 - sizeof(at), sizeof(at));
	struct verdict *v = &verdicts[at % MEMORY];
	if (v->known && memcmp(v->public_key, public_key, PUBLIC_KEY_SIZE) == 0 &&
	    memcmp(v->signature, signature, SIGNATURE_SIZE) == 0 && memcmp(&v->digest, digest, sizeof(*digest)) == 0)
		return v->valid;
	memcpy(v->public_key, public_key, PUBLIC_KEY_SIZE);
	memcpy(v->signature, signature, SIGNATURE_SIZE);
	v->digest = *digest;
	v->known = true;
	v->valid = __real_sign_verify(public_key, digest, signature);
	return v->valid;
}

bool __wrap_sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE])
{
	uint8_t expected[SIGNATURE_SIZE];

	if (!standin_signatures)
		return verify_once(public_key, digest, signature);
	standin(public_key, digest, expected);
	return memcmp(signature, expected, SIGNATURE_SIZE) == 0;
}

/* In the simulator a key that is bound was checked by the same nodes, or is a validator's. */
bool __wrap_sign_verify_bound(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                              const uint8_t signature[SIGNATURE_SIZE])
{
	return __wrap_sign_verify(public_key, digest, signature);
}

bool __wrap_sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE])
{
	static uint8_t valid[MEMORY][PUBLIC_KEY_SIZE]; /* the zeros it begins with are no valid key */
	uint32_t at;

	if (standin_signatures)
		return true;
	memcpy(&at, public_key, sizeof(at));
	uint8_t *known = valid[at % MEMORY];
	if (memcmp(known, public_key, PUBLIC_KEY_SIZE) == 0)
		return at != 0;
	bool result = __real_sign_key_valid(public_key);
	if (result)
		memcpy(known, public_key, PUBLIC_KEY_SIZE);
	return result;
}

/* ---- key agreement ---- */

int __real_crypto_scalarmult(uint8_t *shared, const uint8_t *secret, const uint8_t *public_key);
int __wrap_crypto_scalarmult(uint8_t *shared, const uint8_t *secret, const uint8_t *public_key);
int __real_crypto_scalarmult_base(uint8_t *public_key, const uint8_t *secret);
int __wrap_crypto_scalarmult_base(uint8_t *public_key, const uint8_t *secret);

static void mix(uint8_t out[32], const void *bytes, size_t size)
{
	crypto_generichash(out, 32, bytes, size, (const uint8_t *)"simulator's own", crypto_generichash_KEYBYTES_MIN);
}

int __wrap_crypto_scalarmult_base(uint8_t *public_key, const uint8_t *secret)
{
	if (!standin_signatures)
		return __real_crypto_scalarmult_base(public_key, secret);
	mix(public_key, secret, 32);
	return 0;
}

/* The same for both ends: the two public keys in order. */
int __wrap_crypto_scalarmult(uint8_t *shared, const uint8_t *secret, const uint8_t *public_key)
{
	uint8_t pair[64], own[32];

	if (!standin_signatures)
		return __real_crypto_scalarmult(shared, secret, public_key);
	mix(own, secret, 32);
	bool first = memcmp(own, public_key, 32) < 0;
	memcpy(pair, first ? own : public_key, 32);
	memcpy(pair + 32, first ? public_key : own, 32);
	mix(shared, pair, sizeof(pair));
	return 0;
}

/* ---- once ---- */

#define WORDS_SEED_SIZE 64
#define WORDS_KNOWN_MAX 8

void __real_words_seed(const char *words, const char *passphrase, uint8_t seed[WORDS_SEED_SIZE]);
void __wrap_words_seed(const char *words, const char *passphrase, uint8_t seed[WORDS_SEED_SIZE]);
int __real_sign_self_test(void);
int __wrap_sign_self_test(void);

void __wrap_words_seed(const char *words, const char *passphrase, uint8_t seed[WORDS_SEED_SIZE])
{
	static struct {
		char words[256];
		uint8_t seed[WORDS_SEED_SIZE];
	} known[WORDS_KNOWN_MAX];
	size_t i = 0;

	while (i < WORDS_KNOWN_MAX && known[i].words[0] && strcmp(known[i].words, words) != 0)
		i++;
	if (passphrase[0] || i == WORDS_KNOWN_MAX || strlen(words) >= sizeof(known[i].words)) {
		__real_words_seed(words, passphrase, seed);
		return;
	}
	if (!known[i].words[0]) {
		strcpy(known[i].words, words);
		__real_words_seed(words, passphrase, known[i].seed);
	}
	memcpy(seed, known[i].seed, WORDS_SEED_SIZE);
}

int __wrap_sign_self_test(void)
{
	static bool passed;

	if (!passed && __real_sign_self_test() == 0)
		passed = true;
	return passed ? 0 : __real_sign_self_test();
}

/* The key file and the account key that comes out of it (docs/spec/wallet.md, "Keys", "The key file"). */
#ifndef KEYFILE_H
#define KEYFILE_H
#include "blob.h"
#include "sign.h"
#include "words.h"

#define KEYFILE_BLOB       "key"
#define KEYFILE_MEMORY_MAX (1ull << 30) /* a changed file cannot ask for more than this, */
#define KEYFILE_PASSES_MAX 16u          /* nor for more than this */

enum keyfile_method { KEYFILE_PLAIN = 1, KEYFILE_ARGON2ID = 2 };

struct keyfile {
	enum keyfile_method method;
	uint64_t memory;
	uint32_t passes;
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	uint8_t public_key[PUBLIC_KEY_SIZE];
	uint8_t sealed[WORDS_ENTROPY_MAX + crypto_aead_xchacha20poly1305_ietf_ABYTES];
	size_t sealed_size;
};

/* Lives in guarded memory: secret_new, secret_free (which wipes). */
struct secret {
	bool here; /* false in a child of fork, for which all of this reads as zeros */
	uint8_t entropy[WORDS_ENTROPY_MAX];
	size_t entropy_size;
	uint8_t key[SECRET_KEY_SIZE];
	uint8_t public_key[PUBLIC_KEY_SIZE];
	uint8_t seed[WORDS_SEED_SIZE]; /* of BIP-39: what the keys of claims are made of */
};
/* NULL where memory ends. */
struct secret *secret_new(void);
void secret_free(struct secret *secret);

/* Seals and stores, exclusively. Returns as uncia_wallet_create. */
int keyfile_create(const struct uncia_host *host, const char *words, const struct uncia_key_options *options);
/* Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; what the host returned. */
int keyfile_load(const struct uncia_host *host, struct keyfile *file);
/* Returns 0; UNCIA_E_PASSPHRASE; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_LIBRARY. Owns: secret_free. */
int keyfile_open(const struct keyfile *file, const char *passphrase, struct secret **secret);

#endif

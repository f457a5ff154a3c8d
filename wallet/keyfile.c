/* Keeps the entropy of the recovery words under a passphrase, and derives the account key from it. */
#include "keyfile.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "address.h"
#include "big_endian.h"
#include "canonical.h"
#include "fields.h"
#include "notice_record.h"
#include "passphrase.h"
#include "storage.pb-c.h"
#include "system.h"

#define KEYFILE_VERSION  1
#define MAC_SIZE         crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEALING_KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES

struct secret *secret_new(void)
{
	if (sodium_init() < 0)
		return NULL;
	struct secret *secret = sodium_malloc(sizeof(*secret));
	if (!secret)
		return NULL;
	memset(secret, 0, sizeof(*secret));
	secret->here = true;
	/* A child of fork finds zeros here (faults 60). sodium_malloc shares no page with anything else. */
	system_wipe_on_fork(secret, sizeof(*secret));
	return secret;
}

void secret_free(struct secret *secret)
{
	/* In a child of fork the canary is wiped, too, and sodium_free would end the process. */
	if (secret && secret->here)
		sodium_free(secret);
}

/* wallet 7.1: account key seed = hash(HASH_KEY, BIP-39 seed with an empty passphrase ‖ account u32), account 0. */
static int keyfile_derive(struct secret *secret)
{
	char words[UNCIA_WORDS_TEXT_SIZE];
	uint8_t input[WORDS_SEED_SIZE + 4];
	struct hash seed;
	words_from_entropy(secret->entropy, secret->entropy_size, words);
	words_seed(words, "", secret->seed);
	memcpy(input, secret->seed, WORDS_SEED_SIZE);
	be32_put(input + WORDS_SEED_SIZE, 0);
	hash1(HASH_KEY, input, sizeof(input), &seed);
	int rc = sign_keypair(seed.b, secret->public_key, secret->key);
	sodium_memzero(words, sizeof(words));
	sodium_memzero(input, sizeof(input));
	sodium_memzero(&seed, sizeof(seed));
	return rc;
}

/* Encodes the key file; without `sealed` it is the associated data of the seal. */
static int keyfile_encode(const struct keyfile *file, bool with_sealed, uint8_t **data, size_t *size)
{
	Uncia__Pb__KeyFile message = UNCIA__PB__KEY_FILE__INIT;
	assert(file->method == KEYFILE_PLAIN || file->method == KEYFILE_ARGON2ID);
	assert(file->sealed_size <= sizeof(file->sealed));
	message.version = KEYFILE_VERSION;
	message.method = file->method;
	message.memory = file->memory;
	message.passes = file->passes;
	if (file->method == KEYFILE_ARGON2ID) {
		message.salt = field_of(file->salt, sizeof(file->salt));
		message.nonce = field_of(file->nonce, sizeof(file->nonce));
	}
	message.public_key = field_of(file->public_key, sizeof(file->public_key));
	if (with_sealed)
		message.sealed = field_of(file->sealed, file->sealed_size);
	return canonical_encode(&message.base, data, size);
}

/* passphrase: as it goes into the key, prepared or not. */
static int sealing_key(const struct keyfile *file, const char *passphrase, uint8_t key[SEALING_KEY_SIZE])
{
	/* The only failure of Argon2id with parameters in range is memory. */
	return crypto_pwhash(key, SEALING_KEY_SIZE, passphrase, strlen(passphrase), file->salt, file->passes,
	                     (size_t)file->memory, crypto_pwhash_ALG_ARGON2ID13) == 0
	           ? 0
	           : UNCIA_E_MEMORY;
}

static int keyfile_seal(const struct uncia_host *host, struct keyfile *file, const char *passphrase,
                        const struct secret *secret)
{
	uint8_t key[SEALING_KEY_SIZE], *header = NULL;
	char *prepared = NULL;
	size_t header_size = 0;
	assert(passphrase && secret->entropy_size + MAC_SIZE <= sizeof(file->sealed));
	if (host_random(host, file->salt, sizeof(file->salt)) || host_random(host, file->nonce, sizeof(file->nonce)))
		return UNCIA_E_RANDOM;
	int rc = passphrase_prepare(passphrase, &prepared);
	if (!rc)
		rc = sealing_key(file, prepared, key);
	if (!rc)
		rc = keyfile_encode(file, false, &header, &header_size);
	if (!rc) {
		if (crypto_aead_xchacha20poly1305_ietf_encrypt(file->sealed, NULL, secret->entropy,
		                                               secret->entropy_size, header, header_size, NULL,
		                                               file->nonce, key) != 0)
			rc = UNCIA_E_LIBRARY;
		file->sealed_size = secret->entropy_size + MAC_SIZE;
	}
	free(header);
	passphrase_free(prepared);
	sodium_memzero(key, sizeof(key));
	return rc;
}

static int options_check(const struct uncia_key_options *options, struct keyfile *file)
{
	if (!options || options->size != sizeof(*options) || (!options->passphrase) != options->no_passphrase)
		return UNCIA_E_ARGUMENT;
	if (options->no_passphrase) {
		file->method = KEYFILE_PLAIN;
		return 0;
	}
	file->method = KEYFILE_ARGON2ID;
	file->memory = options->kdf_memory != 0 ? options->kdf_memory : crypto_pwhash_MEMLIMIT_MODERATE;
	file->passes = options->kdf_passes != 0 ? options->kdf_passes : crypto_pwhash_OPSLIMIT_MODERATE;
	return file->memory < crypto_pwhash_MEMLIMIT_MIN || file->memory > KEYFILE_MEMORY_MAX ||
	               file->passes > KEYFILE_PASSES_MAX
	           ? UNCIA_E_ARGUMENT
	           : 0;
}

int keyfile_create(const struct uncia_host *host, const char *words, const struct uncia_key_options *options)
{
	struct keyfile file = {0};
	uint8_t *data = NULL;
	size_t size = 0;
	int rc = options_check(options, &file);
	if (rc)
		return rc;
	struct secret *secret = secret_new();
	if (!secret)
		return UNCIA_E_MEMORY;
	rc = words_to_entropy(words, secret->entropy, &secret->entropy_size);
	if (!rc)
		rc = keyfile_derive(secret);
	if (!rc) {
		memcpy(file.public_key, secret->public_key, sizeof(file.public_key));
		if (file.method == KEYFILE_ARGON2ID) {
			rc = keyfile_seal(host, &file, options->passphrase, secret);
		} else {
			memcpy(file.sealed, secret->entropy, secret->entropy_size);
			file.sealed_size = secret->entropy_size;
		}
	}
	if (!rc)
		rc = keyfile_encode(&file, true, &data, &size);
	if (!rc)
		rc = blob_create(host, KEYFILE_BLOB, data, size);
	blob_free(data, size);
	sodium_memzero(&file, sizeof(file));
	secret_free(secret);
	return rc;
}

static bool keyfile_take(const Uncia__Pb__KeyFile *message, struct keyfile *file)
{
	bool plain = message->method == KEYFILE_PLAIN;
	size_t mac_size = plain ? 0 : MAC_SIZE;
	if (message->version != KEYFILE_VERSION || (!plain && message->method != KEYFILE_ARGON2ID))
		return false;
	if (message->sealed.len != 16 + mac_size && message->sealed.len != 32 + mac_size)
		return false;
	if (!plain && (message->memory < crypto_pwhash_MEMLIMIT_MIN || message->memory > KEYFILE_MEMORY_MAX ||
	               message->passes < crypto_pwhash_OPSLIMIT_MIN || message->passes > KEYFILE_PASSES_MAX))
		return false;
	file->method = plain ? KEYFILE_PLAIN : KEYFILE_ARGON2ID;
	file->memory = message->memory;
	file->passes = message->passes;
	file->sealed_size = message->sealed.len;
	return field_copy(&message->salt, file->salt, plain ? 0 : sizeof(file->salt)) &&
	       field_copy(&message->nonce, file->nonce, plain ? 0 : sizeof(file->nonce)) &&
	       field_copy(&message->public_key, file->public_key, sizeof(file->public_key)) &&
	       field_copy(&message->sealed, file->sealed, file->sealed_size);
}

int keyfile_load(const struct uncia_host *host, struct keyfile *file)
{
	struct keyfile taken = {0};
	struct arena arena;
	ProtobufCMessage *message;
	uint8_t *data;
	size_t size;
	int rc = blob_load(host, KEYFILE_BLOB, &data, &size);
	if (rc)
		return rc;
	arena_init(&arena, canonical_arena_limit(size));
	rc = canonical_decode(&uncia__pb__key_file__descriptor, data, size, &arena, &message);
	if (!rc && keyfile_take((const Uncia__Pb__KeyFile *)message, &taken))
		*file = taken;
	else if (rc != UNCIA_E_MEMORY)
		rc = UNCIA_E_DAMAGED;
	arena_deinit(&arena);
	blob_free(data, size);
	sodium_memzero(&taken, sizeof(taken));
	return rc;
}

/* With the bytes of one passphrase. header: the associated data. */
static int keyfile_try(const struct keyfile *file, const char *passphrase, const struct bytes *header,
                       struct secret *secret)
{
	uint8_t key[SEALING_KEY_SIZE];
	int rc = sealing_key(file, passphrase, key);
	if (!rc &&
	    crypto_aead_xchacha20poly1305_ietf_decrypt(secret->entropy, NULL, NULL, file->sealed, file->sealed_size,
	                                               header->data, header->size, file->nonce, key) != 0)
		rc = UNCIA_E_PASSPHRASE;
	sodium_memzero(key, sizeof(key));
	return rc;
}

static int keyfile_unseal(const struct keyfile *file, const char *passphrase, struct secret *secret)
{
	uint8_t *header = NULL;
	char *prepared = NULL;
	size_t header_size = 0;
	/* Who gives a passphrase has sealed it: this is another key, put in its place. */
	if (file->method == KEYFILE_PLAIN && passphrase)
		return UNCIA_E_PASSPHRASE;
	if (file->method == KEYFILE_PLAIN) {
		assert(file->sealed_size <= sizeof(secret->entropy));
		memcpy(secret->entropy, file->sealed, file->sealed_size);
		secret->entropy_size = file->sealed_size;
		return 0;
	}
	if (!passphrase)
		return UNCIA_E_PASSPHRASE;
	assert(file->sealed_size > MAC_SIZE && file->sealed_size - MAC_SIZE <= sizeof(secret->entropy));
	int rc = keyfile_encode(file, false, &header, &header_size);
	if (!rc)
		rc = passphrase_prepare(passphrase, &prepared);
	const struct bytes associated = {header, header_size};
	if (!rc)
		rc = keyfile_try(file, prepared, &associated, secret);
	/* Keys that were sealed before passphrases were prepared. */
	if (rc == UNCIA_E_PASSPHRASE && prepared && strcmp(prepared, passphrase) != 0)
		rc = keyfile_try(file, passphrase, &associated, secret);
	secret->entropy_size = file->sealed_size - MAC_SIZE;
	passphrase_free(prepared);
	free(header);
	return rc;
}

int keyfile_open(const struct keyfile *file, const char *passphrase, struct secret **secret)
{
	struct secret *opened = secret_new();
	if (!opened)
		return UNCIA_E_MEMORY;
	int rc = keyfile_unseal(file, passphrase, opened);
	if (!rc)
		rc = keyfile_derive(opened);
	/* Without a passphrase nothing but the envelope's checksum covers the public key. */
	if (!rc && memcmp(opened->public_key, file->public_key, PUBLIC_KEY_SIZE) != 0)
		rc = UNCIA_E_DAMAGED;
	if (rc) {
		secret_free(opened);
		return rc;
	}
	*secret = opened;
	return 0;
}

int uncia_words_make(const struct uncia_host *host, unsigned count, char words[UNCIA_WORDS_TEXT_SIZE])
{
	uint8_t entropy[WORDS_ENTROPY_MAX];
	if ((count != 12 && count != 24) || !words || (host && host->size != sizeof(*host)))
		return UNCIA_E_ARGUMENT;
	if (sodium_init() < 0)
		return UNCIA_E_RANDOM;
	size_t size = count == 12 ? 16 : 32;
	if (!host || !host->random ? system_random(NULL, entropy, size) : host_random(host, entropy, size))
		return UNCIA_E_RANDOM;
	words_from_entropy(entropy, size, words);
	sodium_memzero(entropy, sizeof(entropy));
	return 0;
}

int uncia_words_address(const char *words, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct destination own = {.has_reference = false};
	if (!words || !text)
		return UNCIA_E_ARGUMENT;
	struct secret *secret = secret_new();
	if (!secret)
		return UNCIA_E_MEMORY;
	int rc = words_to_entropy(words, secret->entropy, &secret->entropy_size);
	if (!rc)
		rc = keyfile_derive(secret);
	if (!rc) {
		address_of_key(secret->public_key, &own.address);
		destination_format(&own, text);
	}
	secret_free(secret);
	return rc;
}

int uncia_wallet_create(const struct uncia_host *host, const char *words, const struct uncia_key_options *options)
{
	struct uncia_host filled;
	if (!words || host_init(&filled, host))
		return UNCIA_E_ARGUMENT;
	int rc = sign_self_test();
	if (!rc)
		rc = keyfile_create(&filled, words, options);
	/* Without it the home begins to count at its first sync: then too little is told, never too much. */
	if ((rc == 0 || rc == UNCIA_LATER) && notice_floor_begin(&filled, options->fresh) < 0)
		host_log(&filled, UNCIA_LOG_WARNING, "what was paid before the first sync will count as told");
	return rc;
}

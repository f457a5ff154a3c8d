/* The key file: what opens it, what damage does to it, what it costs at most. */
#include "keyfile.h"
#include <sys/wait.h>
#include <unistd.h>
#include "canonical.h"
#include "fields.h"
#include "memory_host.h"
#include "storage.pb-c.h"
#include "unit.h"

#define WORDS "legal winner thank year wave sausage worth useful legal winner thank yellow"
static const struct uncia_key_options cheap = {
    .size = sizeof(cheap), .passphrase = "correct horse", .kdf_memory = 8192, .kdf_passes = 1};
static const struct uncia_key_options none = {.size = sizeof(none), .no_passphrase = true};

static void make(struct memory_host *m, const struct uncia_key_options *options)
{
	memory_host_init(m);
	ck_assert_int_eq(uncia_wallet_create(&m->host, WORDS, options), 0);
}

/* Loads and opens: the first error of the two. */
static int open_it(struct memory_host *m, const char *passphrase)
{
	struct keyfile file;
	struct secret *secret;
	int result = keyfile_load(&m->host, &file);
	if (result == 0)
		result = keyfile_open(&file, passphrase, &secret);
	if (result == 0)
		secret_free(secret);
	return result;
}

START_TEST(key_is_the_one_of_its_words)
{
	/* The rule of wallet.md, step by step. */
	struct memory_host m;
	struct keyfile file;
	struct secret *secret;
	uint8_t seed[WORDS_SEED_SIZE + 4], public_key[PUBLIC_KEY_SIZE], key[SECRET_KEY_SIZE];
	struct hash account;
	words_seed(WORDS, "", seed);
	memset(seed + WORDS_SEED_SIZE, 0, 4);
	hash1(HASH_KEY, seed, sizeof(seed), &account);
	ck_assert_int_eq(sign_keypair(account.b, public_key, key), 0);
	static const struct uncia_key_options *const kinds[] = {&cheap, &none};
	for (size_t i = 0; i < 2; i++) {
		make(&m, kinds[i]);
		ck_assert_int_eq(keyfile_load(&m.host, &file), 0);
		ck_assert_mem_eq(file.public_key, public_key, sizeof(public_key));
		ck_assert_int_eq(keyfile_open(&file, kinds[i]->passphrase, &secret), 0);
		ck_assert_mem_eq(secret->key, key, sizeof(key));
		secret_free(secret);
		memory_host_deinit(&m);
	}
}
END_TEST

/* Whether nothing but zeros is in it, and freeing it leaves the process alone. */
static bool is_gone(struct secret *secret)
{
	bool gone = sodium_is_zero((const uint8_t *)secret, sizeof(*secret)) == 1;
	secret_free(secret);
	return gone;
}

START_TEST(a_child_process_finds_no_key)
{
	struct memory_host m;
	struct keyfile file;
	struct secret *secret;
	make(&m, &none);
	ck_assert_int_eq(keyfile_load(&m.host, &file), 0);
	ck_assert_int_eq(keyfile_open(&file, NULL, &secret), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(is_gone(secret) ? 0 : 1);
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_mem_eq(secret->public_key, file.public_key, sizeof(file.public_key));
	secret_free(secret);
	memory_host_deinit(&m);
}
END_TEST

START_TEST(a_home_has_one_key)
{
	struct memory_host m;
	make(&m, &none);
	ck_assert_int_eq(uncia_wallet_create(&m.host, WORDS, &cheap), UNCIA_E_EXISTS);
	ck_assert_int_eq(open_it(&m, NULL), 0);
	memory_host_deinit(&m);
}
END_TEST

START_TEST(wrong_passphrase_is_told_from_damage)
{
	struct memory_host m;
	make(&m, &cheap);
	size_t blobs = m.count, size = m.blobs[0].size;
	ck_assert_int_eq(open_it(&m, "correct horse"), 0);
	ck_assert_int_eq(open_it(&m, "correct horse "), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(open_it(&m, ""), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(open_it(&m, NULL), UNCIA_E_PASSPHRASE);
	/* faults 57: nothing is written. */
	ck_assert_uint_eq(m.count, blobs);
	ck_assert_uint_eq(m.blobs[0].size, size);
	memory_host_deinit(&m);
}
END_TEST

/* "é" as one character, and as an e with an accent. */
#define COMPOSED   "caf\xc3\xa9 1"
#define DECOMPOSED "cafe\xcc\x81 1"

START_TEST(a_passphrase_opens_however_its_letters_are_composed)
{
	static const char *const same[] = {COMPOSED, DECOMPOSED,
	                                   "caf\xc3\xa9\xc2\xa0"
	                                   "1",
	                                   "\xef\xbb\xbf" COMPOSED,
	                                   "cafe\xcc\x81\xe3\x80\x80"
	                                   "1"};
	static const char *const others[] = {"cafe 1",         "CAF\xc3\x89 1", COMPOSED " ", "caf\xc3\xa9-1",
	                                     "caf\xc3\xa9  1", "caf\xe9 1",     "",           "\xef\xbb\xbf"};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct uncia_key_options options = cheap;
		struct memory_host m;
		options.passphrase = same[i];
		make(&m, &options);
		for (size_t j = 0; j < sizeof(same) / sizeof(same[0]); j++)
			ck_assert_int_eq(open_it(&m, same[j]), 0);
		for (size_t j = 0; j < sizeof(others) / sizeof(others[0]); j++)
			ck_assert_int_eq(open_it(&m, others[j]), UNCIA_E_PASSPHRASE);
		memory_host_deinit(&m);
	}
}
END_TEST

/* Not UTF-8, and a character that no Unicode has assigned so far. */
START_TEST(a_passphrase_that_is_no_text_opens_as_its_bytes)
{
	static const char *const odd[] = {"caf\xe9",
	                                  "a\xff"
	                                  "cafe\xcc\x81",
	                                  "\xf3\xa0\xb0\x80"
	                                  "cafe\xcc\x81"};
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct uncia_key_options options = cheap;
		struct memory_host m;
		options.passphrase = odd[i];
		make(&m, &options);
		ck_assert_int_eq(open_it(&m, odd[i]), 0);
		ck_assert_int_eq(open_it(&m, "caf\xc3\xa9"), UNCIA_E_PASSPHRASE);
		memory_host_deinit(&m);
	}
}
END_TEST

/* Seals the key file anew, under these very bytes, as it was done before passphrases were prepared. */
static void seal_under_bytes(struct memory_host *m, const char *passphrase)
{
	Uncia__Pb__KeyFile pb = UNCIA__PB__KEY_FILE__INIT;
	struct keyfile file;
	struct secret *secret;
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], *data;
	size_t size;
	ck_assert_int_eq(keyfile_load(&m->host, &file), 0);
	ck_assert_int_eq(keyfile_open(&file, cheap.passphrase, &secret), 0);
	ck_assert_int_eq(crypto_pwhash(key, sizeof(key), passphrase, strlen(passphrase), file.salt, file.passes,
	                               (size_t)file.memory, crypto_pwhash_ALG_ARGON2ID13),
	                 0);
	pb.version = 1;
	pb.method = file.method;
	pb.memory = file.memory;
	pb.passes = file.passes;
	pb.salt = field_of(file.salt, sizeof(file.salt));
	pb.nonce = field_of(file.nonce, sizeof(file.nonce));
	pb.public_key = field_of(file.public_key, sizeof(file.public_key));
	ck_assert_int_eq(canonical_encode(&pb.base, &data, &size), 0);
	crypto_aead_xchacha20poly1305_ietf_encrypt(file.sealed, NULL, secret->entropy, secret->entropy_size, data, size,
	                                           NULL, file.nonce, key);
	free(data);
	pb.sealed = field_of(file.sealed, file.sealed_size);
	ck_assert_int_eq(canonical_encode(&pb.base, &data, &size), 0);
	ck_assert_int_eq(blob_replace(&m->host, KEYFILE_BLOB, data, size), 0);
	free(data);
	secret_free(secret);
}

START_TEST(a_key_that_was_sealed_under_unprepared_bytes_still_opens)
{
	static const char *const old[] = {DECOMPOSED, "\xef\xbb\xbf" COMPOSED,
	                                  "a\xc2\xa0"
	                                  "b"};
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		struct memory_host m;
		make(&m, &cheap);
		seal_under_bytes(&m, old[i]);
		ck_assert_int_eq(open_it(&m, old[i]), 0);
		ck_assert_int_eq(open_it(&m, "a b"), UNCIA_E_PASSPHRASE);
		ck_assert_int_eq(open_it(&m, COMPOSED), UNCIA_E_PASSPHRASE);
		memory_host_deinit(&m);
	}
}
END_TEST

START_TEST(every_flipped_byte_and_every_length_is_damage)
{
	static const struct uncia_key_options *const kinds[] = {&cheap, &none};
	for (size_t k = 0; k < 2; k++) {
		struct memory_host m;
		make(&m, kinds[k]);
		struct memory_blob *blob = &m.blobs[0];
		for (size_t i = 0; i < blob->size; i++) {
			for (uint8_t bit = 1; bit != 0; bit = (uint8_t)(bit << 1)) {
				blob->data[i] ^= bit;
				ck_assert_int_eq(open_it(&m, "correct horse"), UNCIA_E_DAMAGED);
				blob->data[i] ^= bit;
			}
		}
		for (size_t size = blob->size; size-- != 0;) {
			blob->size = size;
			ck_assert_int_eq(open_it(&m, "correct horse"), UNCIA_E_DAMAGED);
		}
		memory_host_deinit(&m);
	}
}
END_TEST

/* What somebody can do who knows how the checksum is made. */
START_TEST(a_change_with_a_right_checksum_never_opens)
{
	struct memory_host m;
	uint8_t *data;
	size_t size;
	make(&m, &cheap);
	ck_assert_int_eq(blob_load(&m.host, KEYFILE_BLOB, &data, &size), 0);
	for (size_t i = 0; i < size; i++) {
		data[i] ^= 0x01;
		ck_assert_int_eq(blob_replace(&m.host, KEYFILE_BLOB, data, size), 0);
		int result = open_it(&m, "correct horse");
		ck_assert_msg(result == UNCIA_E_DAMAGED || result == UNCIA_E_PASSPHRASE, "byte %zu: %d", i, result);
		data[i] ^= 0x01;
	}
	blob_free(data, size);
	memory_host_deinit(&m);
}
END_TEST

static int open_with(struct memory_host *m, uint64_t memory, uint32_t passes)
{
	Uncia__Pb__KeyFile message = UNCIA__PB__KEY_FILE__INIT;
	uint8_t filler[48] = {1}, *data;
	size_t size;
	message.version = 1;
	message.method = KEYFILE_ARGON2ID;
	message.memory = memory;
	message.passes = passes;
	message.salt = field_of(filler, 16);
	message.nonce = field_of(filler, 24);
	message.public_key = field_of(filler, 32);
	message.sealed = field_of(filler, 32);
	ck_assert_int_eq(canonical_encode(&message.base, &data, &size), 0);
	ck_assert_int_eq(blob_replace(&m->host, KEYFILE_BLOB, data, size), 0);
	free(data);
	return open_it(m, "x");
}

START_TEST(a_key_file_cannot_ask_for_much_memory_or_time)
{
	struct memory_host m;
	memory_host_init(&m);
	ck_assert_int_eq(open_with(&m, 8192, 1), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(open_with(&m, KEYFILE_MEMORY_MAX + 1, 1), UNCIA_E_DAMAGED);
	ck_assert_int_eq(open_with(&m, UINT64_MAX, 1), UNCIA_E_DAMAGED);
	ck_assert_int_eq(open_with(&m, 8192, KEYFILE_PASSES_MAX + 1), UNCIA_E_DAMAGED);
	ck_assert_int_eq(open_with(&m, 8192, 0), UNCIA_E_DAMAGED);
	ck_assert_int_eq(open_with(&m, 100, 1), UNCIA_E_DAMAGED);
	memory_host_deinit(&m);
}
END_TEST

START_TEST(creation_refuses_bad_options_and_words)
{
	struct memory_host m;
	memory_host_init(&m);
	struct uncia_key_options options = {.size = sizeof(options)};
	ck_assert_int_eq(uncia_wallet_create(&m.host, WORDS, &options), UNCIA_E_ARGUMENT);
	options.passphrase = "x";
	options.no_passphrase = true;
	ck_assert_int_eq(uncia_wallet_create(&m.host, WORDS, &options), UNCIA_E_ARGUMENT);
	options.no_passphrase = false;
	options.kdf_memory = 1;
	ck_assert_int_eq(uncia_wallet_create(&m.host, WORDS, &options), UNCIA_E_ARGUMENT);
	options.size = 0;
	ck_assert_int_eq(uncia_wallet_create(&m.host, WORDS, &options), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_create(&m.host, WORDS, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_create(NULL, WORDS, &none), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_create(&m.host, "legal winner", &none), UNCIA_E_WORDS);
	ck_assert_uint_eq(m.count, 0);
	memory_host_deinit(&m);
}
END_TEST

/* Somebody who can write the home puts another public key into the file, under a checksum that holds. */
START_TEST(a_changed_public_key_is_nobodys_address)
{
	static const struct uncia_key_options *const kinds[] = {&cheap, &none};
	char own[UNCIA_ADDRESS_TEXT_SIZE], text[UNCIA_ADDRESS_TEXT_SIZE] = "untouched";
	struct uncia_wallet *wallet;
	ck_assert_int_eq(uncia_words_address(WORDS, own), 0);
	for (size_t i = 0; i < 2; i++) {
		struct memory_host m;
		struct keyfile file;
		uint8_t *data;
		size_t size;
		make(&m, kinds[i]);
		struct uncia_wallet_options options = {.size = sizeof(options), .passphrase = kinds[i]->passphrase};
		ck_assert_int_eq(uncia_wallet_open(&m.host, NULL, &options, &wallet), 0);
		ck_assert_int_eq(uncia_wallet_address(wallet, text), 0);
		ck_assert_str_eq(text, own);
		uncia_wallet_close(wallet);
		ck_assert_int_eq(keyfile_load(&m.host, &file), 0);
		ck_assert_int_eq(blob_load(&m.host, KEYFILE_BLOB, &data, &size), 0);
		uint8_t *key = memmem(data, size, file.public_key, PUBLIC_KEY_SIZE);
		ck_assert_ptr_nonnull(key);
		key[7] ^= 1;
		ck_assert_int_eq(blob_replace(&m.host, KEYFILE_BLOB, data, size), 0);
		blob_free(data, size);
		strcpy(text, "untouched");
		if (kinds[i] == &none) {
			ck_assert_int_eq(uncia_wallet_open(&m.host, NULL, NULL, &wallet), UNCIA_E_DAMAGED);
		} else {
			ck_assert_int_eq(uncia_wallet_open(&m.host, NULL, NULL, &wallet), 0);
			ck_assert_int_eq(uncia_wallet_address(wallet, text), UNCIA_E_LOCKED);
			ck_assert_int_eq(uncia_wallet_unlock(wallet, cheap.passphrase), UNCIA_E_PASSPHRASE);
			ck_assert_int_eq(uncia_wallet_address(wallet, text), UNCIA_E_LOCKED);
			ck_assert_str_eq(text, "untouched");
			uncia_wallet_close(wallet);
		}
		memory_host_deinit(&m);
	}
}
END_TEST

/* Somebody who can write a sealed home puts a key of his own there, which asks for no passphrase. */
START_TEST(a_key_that_is_not_sealed_does_not_open_with_a_passphrase)
{
	static const struct uncia_wallet_options with = {.size = sizeof(with), .passphrase = "correct horse"};
	char words[UNCIA_WORDS_TEXT_SIZE], text[UNCIA_ADDRESS_TEXT_SIZE] = "untouched";
	struct uncia_wallet *wallet;
	struct memory_host m;
	make(&m, &none);
	ck_assert_int_eq(uncia_wallet_open(&m.host, NULL, &with, &wallet), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(uncia_wallet_open(&m.host, NULL, NULL, &wallet), 0);
	ck_assert_int_eq(uncia_wallet_unlock(wallet, "correct horse"), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(uncia_wallet_words(wallet, "correct horse", words), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(uncia_wallet_unlock(wallet, NULL), 0);
	ck_assert_int_eq(uncia_wallet_words(wallet, NULL, words), 0);
	ck_assert_str_eq(words, WORDS);
	ck_assert_int_eq(uncia_wallet_address(wallet, text), 0);
	uncia_wallet_close(wallet);
	memory_host_deinit(&m);
}
END_TEST

UNIT_MAIN("keyfile", key_is_the_one_of_its_words, a_child_process_finds_no_key, a_home_has_one_key,
          wrong_passphrase_is_told_from_damage, a_passphrase_opens_however_its_letters_are_composed,
          a_passphrase_that_is_no_text_opens_as_its_bytes, a_key_that_was_sealed_under_unprepared_bytes_still_opens,
          every_flipped_byte_and_every_length_is_damage, a_change_with_a_right_checksum_never_opens,
          a_key_file_cannot_ask_for_much_memory_or_time, creation_refuses_bad_options_and_words,
          a_changed_public_key_is_nobodys_address, a_key_that_is_not_sealed_does_not_open_with_a_passphrase)

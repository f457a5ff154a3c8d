/* The vectors of the specification, made from it alone: words, key files, blobs, idempotency keys, the network file. */
#include "claims.h"
#include "keyfile.h"
#include "memory_host.h"
#include "spec_vectors.h"
#include "wallet_rig.h"

START_TEST(keys_of_words_are_those_of_the_vectors)
{
	vectors_open("wallet");
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "keys"), i, vector)
	{
		struct bytes entropy = vector_bytes(vector, "entropy");
		char words[UNCIA_WORDS_TEXT_SIZE], text[UNCIA_ADDRESS_TEXT_SIZE];
		uint8_t seed[WORDS_SEED_SIZE], back[WORDS_ENTROPY_MAX], public_key[PUBLIC_KEY_SIZE];
		size_t size;
		words_from_entropy(entropy.data, entropy.size, words);
		ck_assert_str_eq(words, vector_text(vector, "words"));
		ck_assert_int_eq(words_to_entropy(words, back, &size), 0);
		ck_assert_uint_eq(size, entropy.size);
		ck_assert_mem_eq(back, entropy.data, size);
		words_seed(words, "", seed);
		vector_expect(vector, "bip39_seed", seed, sizeof(seed));
		/* Through a home, as an application makes one. */
		struct memory_host m;
		struct keyfile file;
		struct secret *secret;
		const struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
		const json_t *first = json_array_get(vector_at(vector, "accounts"), 0);
		memory_host_init(&m);
		ck_assert_int_eq(keyfile_create(&m.host, words, &options), 0);
		ck_assert_int_eq(keyfile_load(&m.host, &file), 0);
		vector_expect(first, "public_key", file.public_key, sizeof(file.public_key));
		ck_assert_int_eq(keyfile_open(&file, NULL, &secret), 0);
		vector_expect(first, "seed", secret->key, 32); /* the first half of libsodium's secret key */
		memcpy(public_key, secret->public_key, sizeof(public_key));
		secret_free(secret);
		memory_host_deinit(&m);
		struct destination destination = {.has_reference = false};
		address_of_key(public_key, &destination.address);
		destination_format(&destination, text);
		ck_assert_str_eq(text, vector_text(first, "address"));
	}
	ck_assert_uint_eq(i, 3);
	vectors_close();
}
END_TEST

START_TEST(key_files_of_the_vectors_open)
{
	vectors_open("wallet");
	const json_t *files = vector_at(NULL, "key_files"), *argon = vector_at(files, "argon2id"), *vector;
	struct bytes entropy = vector_bytes(files, "entropy");
	uint8_t key[32];
	size_t i;
	json_array_foreach(vector_at(files, "files"), i, vector)
	{
		const char *passphrase = vector_text(vector, "passphrase");
		struct bytes blob = vector_bytes(vector, "blob");
		struct memory_host m;
		struct keyfile file;
		struct secret *secret;
		memory_host_init(&m);
		ck_assert_int_eq(m.host.create(m.host.context, KEYFILE_BLOB, blob.data, blob.size), 0);
		ck_assert_int_eq(keyfile_load(&m.host, &file), 0);
		ck_assert_int_eq(keyfile_open(&file, *passphrase ? passphrase : NULL, &secret), 0);
		ck_assert_uint_eq(secret->entropy_size, entropy.size);
		ck_assert_mem_eq(secret->entropy, entropy.data, entropy.size);
		secret_free(secret);
		memory_host_deinit(&m);
		if (!*passphrase)
			continue;
		ck_assert_int_eq(crypto_pwhash(key, sizeof(key), passphrase, strlen(passphrase),
		                               vector_bytes(argon, "salt").data, vector_number(argon, "passes"),
		                               (size_t)vector_number(argon, "memory"), crypto_pwhash_ALG_ARGON2ID13),
		                 0);
		vector_expect(argon, "key", key, sizeof(key));
	}
	ck_assert_uint_eq(i, 2);
	vectors_close();
}
END_TEST

START_TEST(claims_are_under_the_keys_of_the_vectors)
{
	vectors_open("wallet");
	const json_t *claims = vector_at(NULL, "claims"), *vector;
	struct rig *rig = rig_new(4);
	size_t i;
	vector_expect(claims, "bip39_seed", rig->wallet->secret->seed, WORDS_SEED_SIZE);
	json_array_foreach(vector_at(claims, "claims"), i, vector)
	{
		uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
		struct payment payment = {.expires_at = (uint32_t)vector_number(vector, "expires_at")};
		struct bytes network = vector_bytes(vector, "network_id"), nonce = vector_bytes(vector, "nonce"),
		             seed = vector_bytes(vector, "seed");
		struct hash lock;
		memcpy(payment.nonce, nonce.data, NONCE_SIZE);
		memcpy(rig->wallet->network_id.b, network.data, HASH_SIZE);
		ck_assert_int_eq(claim_lock(rig->wallet, &payment, (uint32_t)vector_number(vector, "number"), &lock),
		                 0);
		vector_expect(vector, "lock", lock.b, HASH_SIZE);
		/* Whoever is given the text alone has the same key. */
		ck_assert_uint_eq(seed.size, CLAIM_SEED_SIZE);
		ck_assert_int_eq(claim_keypair(&rig->wallet->network_id, seed.data, public_key, secret_key), 0);
		vector_expect(vector, "public_key", public_key, PUBLIC_KEY_SIZE);
	}
	ck_assert_uint_eq(i, 3);
	rig_free(rig);
	vectors_close();
}
END_TEST

START_TEST(a_payment_under_a_key_has_the_nonce_of_the_vector)
{
	vectors_open("wallet");
	const json_t *vector, *idempotency = vector_at(NULL, "idempotency");
	struct rig *rig = rig_new(4);
	size_t i;
	ck_assert_str_eq(FAKE_WORDS, vector_text(json_array_get(vector_at(NULL, "keys"), 0), "words"));
	ck_assert_int_eq(rig_sync(rig), 0);
	json_array_foreach(vector_at(idempotency, "nonces"), i, vector)
	{
		struct uncia_payment_id id;
		ck_assert_int_eq(rig_pay(rig, vector_text(vector, "key"), 500000, &id), 0);
		ck_assert_ptr_nonnull(memory_host_find(&rig->host, vector_text(vector, "blob")));
		ck_assert_str_eq(vector_text(vector, "blob") + strlen("payment-"), vector_text(vector, "nonce"));
	}
	ck_assert_uint_eq(i, 3);
	rig_free(rig);
	vectors_close();
}
END_TEST

START_TEST(requests_and_memos_are_those_of_the_vectors)
{
	vectors_open("wallet");
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "requests"), i, vector)
	{
		struct uncia_request request = {.size = sizeof(request)};
		struct destination destination;
		const char *memo = json_string_value(vector_at(vector, "memo"));
		ck_assert_int_eq(uncia_request_parse(NULL, vector_text(vector, "text"), &request), 0);
		ck_assert_int_eq(destination_parse(request.address, &destination), 0);
		vector_expect(vector, "address", destination.address.b, ADDRESS_SIZE);
		vector_expect(vector, "reference", destination.reference,
		              destination.has_reference ? REFERENCE_SIZE : 0);
		ck_assert(request.has_amount == !json_is_null(vector_at(vector, "amount")));
		if (request.has_amount)
			ck_assert_uint_eq(request.amount, vector_number(vector, "amount"));
		ck_assert_str_eq(request.memo, memo ? memo : "");
	}
	ck_assert_uint_eq(i, 3);
	json_array_foreach(vector_at(NULL, "memos"), i, vector)
	{
		struct hash hash;
		const char *text = vector_text(vector, "text");
		hash1(HASH_MEMO, text, strlen(text), &hash);
		vector_expect(vector, "memo_hash", hash.b, HASH_SIZE);
	}
	vectors_close();
}
END_TEST

START_TEST(the_network_file_of_the_vectors_is_read)
{
	vectors_open("genesis");
	struct uncia_network *network;
	char why[UNCIA_WHY_SIZE];
	uint8_t id[32];
	int error = uncia_network_parse(vector_text(NULL, "network_file"), &network, why);
	ck_assert_msg(!error, "%s", why);
	uncia_network_id(network, id);
	vector_expect(json_array_get(vector_at(NULL, "networks"), 1), "network_id", id, sizeof(id));
	ck_assert_uint_eq(uncia_network_validators(network), 9);
	uncia_network_free(network);
	vectors_close();
}
END_TEST

UNIT_MAIN("wallet_vectors", keys_of_words_are_those_of_the_vectors, key_files_of_the_vectors_open,
          claims_are_under_the_keys_of_the_vectors, a_payment_under_a_key_has_the_nonce_of_the_vector,
          requests_and_memos_are_those_of_the_vectors, the_network_file_of_the_vectors_is_read)

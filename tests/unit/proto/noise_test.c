/* Noise: the public vectors byte for byte, and what must be refused. */
#include "noise.h"
#include <jansson.h>
#include "protocol_limits.h"
#include "uncia/error.h"
#include "unit.h"

#define MESSAGE_MAX 512

/* ---- the public vectors --------------------------------------------------------------------- */

static size_t field(json_t *vector, const char *name, uint8_t *out, size_t room)
{
	return unit_hex(json_string_value(json_object_get(vector, name)), out, room);
}

/* Its fields, in order. */
#define CONFIG(...) (&(struct noise_handshake_config){__VA_ARGS__})

static void init_from(struct noise_handshake *h, json_t *vector, enum noise_pattern pattern, bool initiator)
{
	uint8_t prologue[64], secret[32], remote[32], ephemeral[32];
	bool has_static = !initiator || pattern == NOISE_IK;
	size_t prologue_size = field(vector, initiator ? "init_prologue" : "resp_prologue", prologue, sizeof(prologue));

	field(vector, initiator ? "init_ephemeral" : "resp_ephemeral", ephemeral, 32);
	if (has_static)
		field(vector, initiator ? "init_static" : "resp_static", secret, 32);
	if (initiator)
		field(vector, "init_remote_static", remote, 32);
	ck_assert_int_eq(
	    noise_handshake_init(h, CONFIG(pattern, initiator, prologue, prologue_size, has_static ? secret : NULL,
	                                   initiator ? remote : NULL, ephemeral)),
	    0);
}

static void run_vector(json_t *vector, enum noise_pattern pattern)
{
	struct noise_handshake side[2]; /* initiator, responder */
	struct noise_transport transport[2];
	uint8_t payload[MESSAGE_MAX], expected[MESSAGE_MAX], out[MESSAGE_MAX], back[MESSAGE_MAX], digest[64];
	size_t out_size, back_size;
	json_t *messages = json_object_get(vector, "messages");

	init_from(&side[0], vector, pattern, true);
	init_from(&side[1], vector, pattern, false);
	ck_assert_uint_eq(json_array_size(messages), 6);
	for (size_t i = 0; i < json_array_size(messages); i++) {
		json_t *message = json_array_get(messages, i);
		size_t from = i % 2, to = 1 - from;
		size_t payload_size = field(message, "payload", payload, sizeof(payload));
		size_t expected_size = field(message, "ciphertext", expected, sizeof(expected));
		if (i < 2) {
			ck_assert_int_eq(noise_handshake_write(&side[from], payload, payload_size, out, &out_size), 0);
			ck_assert_int_eq(noise_handshake_read(&side[to], out, out_size, back, &back_size), 0);
		} else {
			ck_assert_int_eq(noise_send(&transport[from], payload, payload_size, out, &out_size), 0);
			ck_assert_int_eq(noise_receive(&transport[to], out, out_size, back, &back_size), 0);
		}
		ck_assert_uint_eq(out_size, expected_size);
		ck_assert_mem_eq(out, expected, expected_size);
		ck_assert_uint_eq(back_size, payload_size);
		ck_assert_mem_eq(back, payload, payload_size);
		if (i == 1) {
			ck_assert_int_eq(noise_handshake_split(&side[0], &transport[0]), 0);
			ck_assert_int_eq(noise_handshake_split(&side[1], &transport[1]), 0);
		}
	}
	field(vector, "handshake_hash", digest, sizeof(digest));
	ck_assert_mem_eq(transport[0].handshake_hash, digest, 64);
	ck_assert_mem_eq(transport[1].handshake_hash, digest, 64);
}

START_TEST(public_vectors_match_byte_for_byte)
{
	json_t *file = json_load_file(VECTORS "/noise-cacophony.json", 0, NULL);
	json_t *vectors = json_object_get(file, "vectors");
	unsigned seen[2] = {0};

	ck_assert_uint_eq(json_array_size(vectors), 2);
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		json_t *vector = json_array_get(vectors, i);
		const char *name = json_string_value(json_object_get(vector, "protocol_name"));
		enum noise_pattern pattern = strncmp(name, "Noise_IK_", 9) == 0 ? NOISE_IK : NOISE_NK;
		run_vector(vector, pattern);
		seen[pattern]++;
	}
	ck_assert(seen[NOISE_IK] == 1 && seen[NOISE_NK] == 1);
	json_decref(file);
}
END_TEST

/* ---- own pairs ------------------------------------------------------------------------------ */

static const uint8_t initiator_secret[32] = {1, 2, 3}, responder_secret[32] = {4, 5, 6};
static const uint8_t initiator_ephemeral[32] = {0, 7}, responder_ephemeral[32] = {0, 8};

/* The points of small order on Curve25519, in each encoding that fits 255 bits: 0, 1, two of order 8, p-1, p, p+1. */
static const char *const low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};
#define LOW_ORDER (sizeof(low_order) / sizeof(low_order[0]))

static void start(struct noise_handshake *i, struct noise_handshake *r, enum noise_pattern pattern,
                  const char *prologue_i, const char *prologue_r)
{
	uint8_t remote[32];
	ck_assert_int_eq(noise_public_key(responder_secret, remote), 0);
	ck_assert_int_eq(
	    noise_handshake_init(i, CONFIG(pattern, true, prologue_i, strlen(prologue_i),
	                                   pattern == NOISE_IK ? initiator_secret : NULL, remote, initiator_ephemeral)),
	    0);
	ck_assert_int_eq(noise_handshake_init(r, CONFIG(pattern, false, prologue_r, strlen(prologue_r),
	                                                responder_secret, NULL, responder_ephemeral)),
	                 0);
}

static void connect_pair(enum noise_pattern pattern, struct noise_transport *ti, struct noise_transport *tr)
{
	struct noise_handshake i, r;
	uint8_t out[128], payload[128];
	size_t size, payload_size;

	start(&i, &r, pattern, "p", "p");
	ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, out, &size), 0);
	ck_assert_int_eq(noise_handshake_read(&r, out, size, payload, &payload_size), 0);
	ck_assert_uint_eq(payload_size, 0);
	ck_assert_int_eq(noise_handshake_write(&r, NULL, 0, out, &size), 0);
	ck_assert_int_eq(noise_handshake_read(&i, out, size, payload, &payload_size), 0);
	ck_assert_int_eq(noise_handshake_split(&i, ti), 0);
	ck_assert_int_eq(noise_handshake_split(&r, tr), 0);
}

START_TEST(every_flipped_bit_of_a_handshake_is_refused)
{
	for (int pattern = NOISE_IK; pattern <= NOISE_NK; pattern++) {
		struct noise_handshake i, r, copy;
		uint8_t first[128], second[128], payload[128];
		size_t first_size, second_size, payload_size = 77;

		start(&i, &r, pattern, "p", "p");
		ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, first, &first_size), 0);
		for (size_t bit = 0; bit < 8 * first_size; bit++) {
			copy = r;
			first[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_int_eq(noise_handshake_read(&copy, first, first_size, payload, &payload_size),
			                 UNCIA_E_SIGNATURE);
			first[bit / 8] ^= (uint8_t)(1 << bit % 8);
			/* Wiped, and of no further use. */
			for (size_t k = 0; k < 32; k++)
				ck_assert_uint_eq(copy.static_secret[k] | copy.ephemeral_secret[k], 0);
			ck_assert_int_eq(noise_handshake_read(&copy, first, first_size, payload, &payload_size),
			                 UNCIA_E_PROTOCOL);
		}
		for (size_t cut = 0; cut < first_size; cut++) {
			copy = r;
			ck_assert_int_ne(noise_handshake_read(&copy, first, cut, payload, &payload_size), 0);
		}
		ck_assert_int_eq(noise_handshake_read(&r, first, first_size, payload, &payload_size), 0);
		ck_assert_int_eq(noise_handshake_write(&r, NULL, 0, second, &second_size), 0);
		for (size_t bit = 0; bit < 8 * second_size; bit++) {
			copy = i;
			second[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_int_eq(noise_handshake_read(&copy, second, second_size, payload, &payload_size),
			                 UNCIA_E_SIGNATURE);
			second[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		ck_assert_int_eq(noise_handshake_read(&i, second, second_size, payload, &payload_size), 0);
	}
}
END_TEST

START_TEST(wrong_prologue_or_static_key_is_refused)
{
	for (int pattern = NOISE_IK; pattern <= NOISE_NK; pattern++) {
		struct noise_handshake i, r;
		uint8_t out[128], payload[128], other[32];
		size_t size, payload_size;

		start(&i, &r, pattern, "uncia1", "uncia2");
		ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, out, &size), 0);
		ck_assert_int_eq(noise_handshake_read(&r, out, size, payload, &payload_size), UNCIA_E_SIGNATURE);

		start(&i, &r, pattern, "p", "p");
		ck_assert_int_eq(noise_public_key(initiator_secret, other), 0);
		ck_assert_int_eq(noise_handshake_init(&i, CONFIG(pattern, true, "p", 1,
		                                                 pattern == NOISE_IK ? initiator_secret : NULL, other,
		                                                 initiator_ephemeral)),
		                 0);
		ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, out, &size), 0);
		ck_assert_int_eq(noise_handshake_read(&r, out, size, payload, &payload_size), UNCIA_E_SIGNATURE);
	}
}
END_TEST

START_TEST(initiator_of_one_pattern_cannot_speak_to_the_other)
{
	struct noise_handshake ik_i, ik_r, nk_i, nk_r;
	uint8_t out[128], payload[128];
	size_t size, payload_size;

	start(&ik_i, &ik_r, NOISE_IK, "p", "p");
	start(&nk_i, &nk_r, NOISE_NK, "p", "p");
	ck_assert_int_eq(noise_handshake_write(&ik_i, NULL, 0, out, &size), 0);
	ck_assert_int_eq(noise_handshake_read(&nk_r, out, size, payload, &payload_size), UNCIA_E_SIGNATURE);
	ck_assert_int_eq(noise_handshake_write(&nk_i, NULL, 0, out, &size), 0);
	ck_assert_int_ne(noise_handshake_read(&ik_r, out, size, payload, &payload_size), 0);
}
END_TEST

START_TEST(responder_learns_the_initiators_key)
{
	struct noise_handshake i, r;
	uint8_t out[128], payload[128], expected[32];
	size_t size, payload_size;

	start(&i, &r, NOISE_IK, "p", "p");
	ck_assert(!r.has_remote_static);
	ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, out, &size), 0);
	ck_assert_int_eq(noise_handshake_read(&r, out, size, payload, &payload_size), 0);
	ck_assert_int_eq(noise_public_key(initiator_secret, expected), 0);
	ck_assert(r.has_remote_static);
	ck_assert_mem_eq(r.remote_static, expected, 32);
}
END_TEST

/* An initiator written a second time, from the specification alone, which may claim any point and any shared secret: a
 * point of small order makes that secret zero whatever the responder's key is, so all MACs of a forgery are right. */
struct forger {
	uint8_t ck[64], h[64], key[32], message[160];
	size_t size;
};

static void forge_hash(struct forger *f, const void *data, size_t size)
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, 64);
	crypto_generichash_update(&state, f->h, 64);
	crypto_generichash_update(&state, data, size);
	crypto_generichash_final(&state, f->h, 64);
}

static void forge_hmac(const uint8_t key[64], const void *data, size_t size, uint8_t out[64])
{
	uint8_t pad[128 + 64];
	for (int outer = 0; outer < 2; outer++) {
		memset(pad, outer ? 0x5c : 0x36, 128);
		for (int i = 0; i < 64; i++)
			pad[i] ^= key[i];
		ck_assert_uint_le(size, 65);
		uint8_t all[128 + 65];
		memcpy(all, pad, 128);
		memcpy(all + 128, outer ? out : data, outer ? 64 : size);
		crypto_generichash(out, 64, all, 128 + (outer ? 64 : size), NULL, 0);
	}
}

static void forge_key(struct forger *f, const uint8_t shared[32])
{
	uint8_t temporary[64], next[65], key[64];
	forge_hmac(f->ck, shared, 32, temporary);
	forge_hmac(temporary, "\x01", 1, next);
	next[64] = 2;
	forge_hmac(temporary, next, 65, key);
	memcpy(f->ck, next, 64);
	memcpy(f->key, key, 32);
}

static void forge_seal(struct forger *f, const void *plain, size_t size)
{
	const uint8_t nonce[12] = {0}; /* each key seals once here */
	uint8_t *out = f->message + f->size;
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, size, f->h, 64, NULL, nonce, f->key);
	forge_hash(f, out, size + 16);
	f->size += size + 16;
}

static void forge_start(struct forger *f, const char *name, const uint8_t ephemeral[32], const uint8_t es[32])
{
	uint8_t remote[32];
	memset(f, 0, sizeof(*f));
	memcpy(f->h, name, strlen(name));
	memcpy(f->ck, f->h, 64);
	forge_hash(f, "p", 1);
	ck_assert_int_eq(noise_public_key(responder_secret, remote), 0);
	forge_hash(f, remote, 32);
	memcpy(f->message, ephemeral, 32);
	f->size = 32;
	forge_hash(f, ephemeral, 32);
	forge_key(f, es);
}

static int read_forged(const struct forger *f, enum noise_pattern pattern)
{
	struct noise_handshake i, r;
	uint8_t payload[160];
	size_t payload_size;
	start(&i, &r, pattern, "p", "p");
	return noise_handshake_read(&r, f->message, f->size, payload, &payload_size);
}

/* Forges with the ephemeral and static points given, and their shared secrets. */
static int forge(enum noise_pattern pattern, const uint8_t e[32], const uint8_t es[32], const uint8_t s[32],
                 const uint8_t ss[32])
{
	struct forger f;
	if (pattern == NOISE_NK) {
		forge_start(&f, "Noise_NK_25519_ChaChaPoly_BLAKE2b", e, es);
	} else {
		forge_start(&f, "Noise_IK_25519_ChaChaPoly_BLAKE2b", e, es);
		forge_seal(&f, s, 32);
		forge_key(&f, ss);
	}
	forge_seal(&f, NULL, 0);
	return read_forged(&f, pattern);
}

START_TEST(low_order_points_are_refused_though_every_mac_is_right)
{
	const uint8_t zero[32] = {0};
	uint8_t e[32], es[32], s[32], ss[32], remote[32], point[32];

	ck_assert_int_eq(noise_public_key(responder_secret, remote), 0);
	ck_assert_int_eq(noise_public_key(initiator_ephemeral, e), 0);
	ck_assert_int_eq(noise_public_key(initiator_secret, s), 0);
	ck_assert_int_eq(crypto_scalarmult(es, initiator_ephemeral, remote), 0);
	ck_assert_int_eq(crypto_scalarmult(ss, initiator_secret, remote), 0);
	/* With honest points the second initiator is accepted: it is a fair one. */
	ck_assert_int_eq(forge(NOISE_NK, e, es, NULL, NULL), 0);
	ck_assert_int_eq(forge(NOISE_IK, e, es, s, ss), 0);
	for (size_t k = 0; k < LOW_ORDER; k++) {
		unit_hex(low_order[k], point, 32);
		ck_assert_int_eq(forge(NOISE_NK, point, zero, NULL, NULL), UNCIA_E_SIGNATURE);
		ck_assert_int_eq(forge(NOISE_IK, point, zero, s, ss), UNCIA_E_SIGNATURE);
		ck_assert_int_eq(forge(NOISE_IK, e, es, point, zero), UNCIA_E_SIGNATURE);
	}
}
END_TEST

START_TEST(low_order_points_of_the_responder_are_refused)
{
	for (size_t k = 0; k < LOW_ORDER; k++) {
		struct noise_handshake i, r;
		uint8_t out[128], payload[128], point[32];
		size_t size, payload_size;

		/* Dialling one. */
		unit_hex(low_order[k], point, 32);
		ck_assert_int_eq(
		    noise_handshake_init(&i, CONFIG(NOISE_NK, true, "p", 1, NULL, point, initiator_ephemeral)), 0);
		ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, out, &size), UNCIA_E_SIGNATURE);
		/* As its ephemeral. */
		start(&i, &r, NOISE_NK, "p", "p");
		ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, out, &size), 0);
		ck_assert_int_eq(noise_handshake_read(&r, out, size, payload, &payload_size), 0);
		ck_assert_int_eq(noise_handshake_write(&r, NULL, 0, out, &size), 0);
		memcpy(out, point, 32);
		ck_assert_int_eq(noise_handshake_read(&i, out, size, payload, &payload_size), UNCIA_E_SIGNATURE);
	}
}
END_TEST

START_TEST(turns_are_kept)
{
	struct noise_handshake i, r;
	struct noise_transport t;
	uint8_t out[128], payload[128];
	size_t size, payload_size;

	start(&i, &r, NOISE_NK, "p", "p");
	ck_assert_int_eq(noise_handshake_write(&r, NULL, 0, out, &size), UNCIA_E_PROTOCOL);
	start(&i, &r, NOISE_NK, "p", "p");
	ck_assert_int_eq(noise_handshake_read(&i, out, 48, payload, &payload_size), UNCIA_E_PROTOCOL);
	start(&i, &r, NOISE_NK, "p", "p");
	ck_assert_int_eq(noise_handshake_split(&i, &t), UNCIA_E_PROTOCOL);
	start(&i, &r, NOISE_NK, "p", "p");
	ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, out, &size), 0);
	ck_assert_int_eq(noise_handshake_write(&i, NULL, 0, out, &size), UNCIA_E_PROTOCOL);
	start(&i, &r, NOISE_NK, "p", "p");
	ck_assert_int_eq(noise_handshake_write(&i, out, 65500, out, &size), UNCIA_E_LIMIT);
	noise_handshake_wipe(NULL);
	noise_transport_wipe(NULL);
}
END_TEST

START_TEST(missing_or_superfluous_keys_are_refused)
{
	struct noise_handshake h;
	const uint8_t *k = initiator_secret;
	ck_assert_int_eq(noise_handshake_init(&h, CONFIG(NOISE_IK, true, "", 0, NULL, k, k)), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(noise_handshake_init(&h, CONFIG(NOISE_IK, true, "", 0, k, NULL, k)), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(noise_handshake_init(&h, CONFIG(NOISE_IK, false, "", 0, k, k, k)), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(noise_handshake_init(&h, CONFIG(NOISE_NK, true, "", 0, k, k, k)), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(noise_handshake_init(&h, CONFIG(NOISE_NK, false, "", 0, NULL, NULL, k)), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(noise_handshake_init(&h, CONFIG(NOISE_NK, true, "", 0, NULL, k, NULL)), UNCIA_E_ARGUMENT);
}
END_TEST

/* ---- transport ------------------------------------------------------------------------------ */

static void seal(struct noise_transport *t, uint8_t value, uint8_t record[17])
{
	size_t size;
	ck_assert_int_eq(noise_send(t, &value, 1, record, &size), 0);
	ck_assert_uint_eq(size, 17);
}

START_TEST(tampered_records_kill_the_transport)
{
	for (size_t bit = 0; bit < 8 * 17; bit++) {
		struct noise_transport i, r;
		uint8_t record[17], bad[17], out[17];
		size_t size = 5;

		connect_pair(NOISE_IK, &i, &r);
		seal(&i, 42, record);
		memcpy(bad, record, sizeof(bad));
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(noise_receive(&r, bad, 17, out, &size), UNCIA_E_SIGNATURE);
		ck_assert_int_eq(noise_receive(&r, record, 17, out, &size), UNCIA_E_SIGNATURE);
		ck_assert_int_eq(noise_send(&r, "x", 1, out, &size), UNCIA_E_SIGNATURE);
		ck_assert_uint_eq(size, 5);
	}
}
END_TEST

START_TEST(replayed_reordered_reflected_and_short_records_are_refused)
{
	struct noise_transport i, r;
	uint8_t first[17], second[17], out[17];
	size_t size;

	connect_pair(NOISE_NK, &i, &r);
	seal(&i, 1, first);
	ck_assert_int_eq(noise_receive(&r, first, 17, out, &size), 0);
	ck_assert_int_eq(noise_receive(&r, first, 17, out, &size), UNCIA_E_SIGNATURE);

	connect_pair(NOISE_NK, &i, &r);
	seal(&i, 1, first);
	seal(&i, 2, second);
	ck_assert_int_eq(noise_receive(&r, second, 17, out, &size), UNCIA_E_SIGNATURE);

	connect_pair(NOISE_NK, &i, &r);
	seal(&i, 1, first);
	ck_assert_int_eq(noise_receive(&i, first, 17, out, &size), UNCIA_E_SIGNATURE);

	for (size_t cut = 0; cut < 17; cut++) {
		connect_pair(NOISE_NK, &i, &r);
		seal(&i, 1, first);
		ck_assert_int_eq(noise_receive(&r, first, cut, out, &size), UNCIA_E_SIGNATURE);
	}
}
END_TEST

START_TEST(sizes_are_bounded)
{
	static uint8_t plain[NOISE_PLAINTEXT_MAX + 1], record[NOISE_RECORD_MAX + 1], out[NOISE_RECORD_MAX + 1];
	struct noise_transport i, r;
	size_t size;

	connect_pair(NOISE_NK, &i, &r);
	ck_assert_int_eq(noise_send(&i, plain, sizeof(plain), record, &size), UNCIA_E_LIMIT);
	ck_assert_int_eq(noise_send(&i, plain, NOISE_PLAINTEXT_MAX, record, &size), 0);
	ck_assert_uint_eq(size, NOISE_RECORD_MAX);
	ck_assert_int_eq(noise_receive(&r, record, size, out, &size), 0);
	ck_assert_uint_eq(size, NOISE_PLAINTEXT_MAX);
	ck_assert_int_eq(noise_send(&i, NULL, 0, record, &size), 0);
	ck_assert_uint_eq(size, NOISE_MAC_SIZE);
	ck_assert_int_eq(noise_receive(&r, record, size, out, &size), 0);
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(noise_receive(&r, record, NOISE_RECORD_MAX + 1, out, &size), UNCIA_E_LIMIT);
}
END_TEST

START_TEST(last_nonce_is_never_used)
{
	struct noise_transport i, r;
	uint8_t record[17], out[17];
	size_t size;

	connect_pair(NOISE_NK, &i, &r);
	i.send.nonce = r.receive.nonce = UINT64_MAX - 1;
	seal(&i, 1, record);
	ck_assert_int_eq(noise_receive(&r, record, 17, out, &size), 0);
	ck_assert_int_eq(noise_send(&i, "x", 1, record, &size), UNCIA_E_LIMIT);
	ck_assert_int_eq(noise_receive(&r, record, 17, out, &size), UNCIA_E_LIMIT);
}
END_TEST

/* Both ways, over two rekeys and more; sealed and opened in place. */
START_TEST(keys_change_every_thousand_records)
{
	struct noise_transport i, r;
	unsigned changes = 0;

	connect_pair(NOISE_IK, &i, &r);
	for (uint32_t n = 0; n < 2500; n++) {
		uint8_t before[32], record[20];
		size_t size;
		memcpy(before, i.send.key, 32);
		for (int way = 0; way < 2; way++) {
			memcpy(record, &n, sizeof(n));
			ck_assert_int_eq(noise_send(way ? &r : &i, record, sizeof(n), record, &size), 0);
			ck_assert_int_eq(noise_receive(way ? &i : &r, record, size, record, &size), 0);
			ck_assert_uint_eq(size, sizeof(n));
			ck_assert_mem_eq(record, &n, sizeof(n));
		}
		bool changed = memcmp(before, i.send.key, 32) != 0;
		ck_assert_int_eq(changed, (n + 1) % REKEY_INTERVAL == 0);
		changes += changed;
		ck_assert_uint_eq(i.send.nonce, n + 1);
		ck_assert_mem_eq(i.send.key, r.receive.key, 32);
		ck_assert_mem_eq(r.send.key, i.receive.key, 32);
	}
	ck_assert_uint_eq(changes, 2);
}
END_TEST

/* Noise §4.2, done again here with libsodium alone. */
START_TEST(rekey_is_the_one_of_the_specification)
{
	struct noise_transport i, r;
	uint8_t nonce[12], zeros[32] = {0}, sealed[48], record[17];

	connect_pair(NOISE_NK, &i, &r);
	memset(nonce, 0, 4);
	memset(nonce + 4, 0xff, 8);
	ck_assert_int_eq(
	    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros, 32, NULL, 0, NULL, nonce, i.send.key), 0);
	for (unsigned n = 0; n < REKEY_INTERVAL; n++)
		seal(&i, 1, record);
	ck_assert_mem_eq(i.send.key, sealed, 32);
}
END_TEST

UNIT_MAIN("noise", public_vectors_match_byte_for_byte, every_flipped_bit_of_a_handshake_is_refused,
          wrong_prologue_or_static_key_is_refused, initiator_of_one_pattern_cannot_speak_to_the_other,
          responder_learns_the_initiators_key, low_order_points_are_refused_though_every_mac_is_right,
          low_order_points_of_the_responder_are_refused, turns_are_kept, missing_or_superfluous_keys_are_refused,
          tampered_records_kill_the_transport, replayed_reordered_reflected_and_short_records_are_refused,
          sizes_are_bounded, last_nonce_is_never_used, keys_change_every_thousand_records,
          rekey_is_the_one_of_the_specification)

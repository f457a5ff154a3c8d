/* The Noise Protocol Framework, revision 34, for two patterns and one suite. Section numbers are that
 * specification's. No I/O and no randomness; messages go through wire_link.c. */
#include "noise.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>
#include "protocol_limits.h"
#include "uncia/error.h"

#define HASH_LENGTH            64
#define BLOCK_LENGTH           128
#define HANDSHAKE_OVERHEAD_MAX 128
#define STEPS                  2
#define STEP_WIPED             99

enum token { END, E, S, EE, ES, SE, SS };

/* §7.5. Both patterns have the pre-message "<- s". */
static const struct pattern {
	const char *name;
	bool initiator_static;
	enum token messages[STEPS][5];
} patterns[] = {
    [NOISE_IK] = {"Noise_IK_25519_ChaChaPoly_BLAKE2b", true, {{E, ES, S, SS, END}, {E, EE, SE, END}}},
    [NOISE_NK] = {"Noise_NK_25519_ChaChaPoly_BLAKE2b", false, {{E, ES, END}, {E, EE, END}}},
};

/* ---- hash functions (§4.3) ------------------------------------------------------------------ */

struct part {
	const void *data;
	size_t size;
};

/* libsodium's calls fail only for sizes out of range, which are constants here. */
static void hash_parts(const struct part *parts, size_t count, uint8_t out[HASH_LENGTH])
{
	crypto_generichash_blake2b_state state;

	int rc = crypto_generichash_blake2b_init(&state, NULL, 0, HASH_LENGTH);
	for (size_t i = 0; i < count; i++)
		if (parts[i].size > 0)
			rc |= crypto_generichash_blake2b_update(&state, parts[i].data, parts[i].size);
	rc |= crypto_generichash_blake2b_final(&state, out, HASH_LENGTH);
	sodium_memzero(&state, sizeof(state));
	assert(rc == 0);
	(void)rc;
}

/* §4.3: HMAC (RFC 2104) over the hash, not the keyed mode of BLAKE2b. The key is always HASH_LENGTH long. */
static void hmac(const uint8_t key[HASH_LENGTH], const void *a, size_t a_size, const void *b, size_t b_size,
                 uint8_t out[HASH_LENGTH])
{
	uint8_t pad[BLOCK_LENGTH], inner[HASH_LENGTH];

	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < HASH_LENGTH; i++)
		pad[i] ^= key[i];
	hash_parts((struct part[]){{pad, sizeof(pad)}, {a, a_size}, {b, b_size}}, 3, inner);
	for (size_t i = 0; i < BLOCK_LENGTH; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_parts((struct part[]){{pad, sizeof(pad)}, {inner, sizeof(inner)}}, 2, out);
	sodium_memzero(pad, sizeof(pad));
	sodium_memzero(inner, sizeof(inner));
}

/* §4.3, with two outputs. */
static void hkdf(const uint8_t chaining_key[HASH_LENGTH], const void *input, size_t size, uint8_t out1[HASH_LENGTH],
                 uint8_t out2[HASH_LENGTH])
{
	uint8_t temporary[HASH_LENGTH], first[HASH_LENGTH];

	hmac(chaining_key, input, size, NULL, 0, temporary);
	hmac(temporary, "\x01", 1, NULL, 0, first);
	hmac(temporary, first, sizeof(first), "\x02", 1, out2);
	memcpy(out1, first, sizeof(first));
	sodium_memzero(temporary, sizeof(temporary));
	sodium_memzero(first, sizeof(first));
}

/* ---- CipherState (§5.1) --------------------------------------------------------------------- */

static void cipher_set(struct noise_cipher *c, const uint8_t key[HASH_LENGTH])
{
	memcpy(c->key, key, sizeof(c->key));
	c->nonce = 0;
	c->has_key = true;
	c->since_rekey = 0;
}

/* §12.3: 32 zero bits, then the counter in little-endian order. */
static void nonce_bytes(uint64_t counter, uint8_t out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
	memset(out, 0, 4);
	for (int i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(counter >> 8 * i);
}

static int cipher_encrypt(struct noise_cipher *c, const void *ad, size_t ad_size, const void *plain, size_t size,
                          uint8_t *out)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

	assert(c->has_key);
	/* §5.1: 2^64-1 is reserved for rekeying. */
	if (c->nonce == UINT64_MAX)
		return UNCIA_E_LIMIT;
	nonce_bytes(c->nonce, nonce);
	if (crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, size, ad, ad_size, NULL, nonce, c->key) != 0)
		return UNCIA_E_LIMIT;
	c->nonce++;
	return 0;
}

static int cipher_decrypt(struct noise_cipher *c, const void *ad, size_t ad_size, const void *sealed, size_t size,
                          uint8_t *out)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

	assert(c->has_key);
	if (c->nonce == UINT64_MAX)
		return UNCIA_E_LIMIT;
	nonce_bytes(c->nonce, nonce);
	if (size < NOISE_MAC_SIZE ||
	    crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, size, ad, ad_size, nonce, c->key) != 0)
		return UNCIA_E_SIGNATURE;
	c->nonce++;
	return 0;
}

/* §4.2 REKEY: the first 32 bytes of ENCRYPT(k, 2^64-1, empty, 32 zeros). §11.3: the nonce is left as it is.
 * network, "Links": each direction every REKEY_INTERVAL records. */
static int cipher_count_record(struct noise_cipher *c)
{
	static const uint8_t zeros[NOISE_KEY_SIZE];
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], sealed[NOISE_KEY_SIZE + NOISE_MAC_SIZE];

	assert(c->since_rekey < REKEY_INTERVAL);
	if (++c->since_rekey < REKEY_INTERVAL)
		return 0;
	nonce_bytes(UINT64_MAX, nonce);
	if (crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros, sizeof(zeros), NULL, 0, NULL, nonce,
	                                              c->key) != 0)
		return UNCIA_E_LIMIT;
	memcpy(c->key, sealed, sizeof(c->key));
	c->since_rekey = 0;
	sodium_memzero(sealed, sizeof(sealed));
	return 0;
}

/* ---- SymmetricState (§5.2) ------------------------------------------------------------------ */

static void mix_hash(struct noise_handshake *h, const void *data, size_t size)
{
	hash_parts((struct part[]){{h->hash, HASH_LENGTH}, {data, size}}, 2, h->hash);
}

static void mix_key(struct noise_handshake *h, const uint8_t input[32])
{
	uint8_t key[HASH_LENGTH];

	hkdf(h->chaining_key, input, 32, h->chaining_key, key);
	cipher_set(&h->cipher, key); /* §5.2: truncated to 32 bytes */
	sodium_memzero(key, sizeof(key));
}

static int encrypt_and_hash(struct noise_handshake *h, const void *plain, size_t size, uint8_t *out, size_t *out_size)
{
	size_t sealed_size = size;

	if (h->cipher.has_key) {
		int rc = cipher_encrypt(&h->cipher, h->hash, HASH_LENGTH, plain, size, out);
		if (rc)
			return rc;
		sealed_size += NOISE_MAC_SIZE;
	} else if (size > 0) {
		memcpy(out, plain, size);
	}
	mix_hash(h, out, sealed_size);
	*out_size = sealed_size;
	return 0;
}

static int decrypt_and_hash(struct noise_handshake *h, const uint8_t *data, size_t size, uint8_t *out, size_t *out_size)
{
	size_t plain_size = size;

	if (h->cipher.has_key) {
		int rc = cipher_decrypt(&h->cipher, h->hash, HASH_LENGTH, data, size, out);
		if (rc)
			return rc;
		plain_size -= NOISE_MAC_SIZE;
	} else if (size > 0) {
		memcpy(out, data, size);
	}
	mix_hash(h, data, size);
	*out_size = plain_size;
	return 0;
}

/* ---- HandshakeState (§5.3) ------------------------------------------------------------------ */

int noise_public_key(const uint8_t secret[32], uint8_t public_key[32])
{
	return crypto_scalarmult_base(public_key, secret) == 0 ? 0 : UNCIA_E_ARGUMENT;
}

int noise_handshake_init(struct noise_handshake *h, const struct noise_handshake_config *config)
{
	if (config->pattern != NOISE_IK && config->pattern != NOISE_NK)
		return UNCIA_E_ARGUMENT;
	const struct pattern *p = &patterns[config->pattern];
	bool needs_static = !config->initiator || p->initiator_static;
	if (!config->ephemeral_secret || (config->static_secret != NULL) != needs_static ||
	    (config->remote_static != NULL) != config->initiator)
		return UNCIA_E_ARGUMENT;

	struct noise_handshake n = {.pattern = config->pattern, .initiator = config->initiator};
	memcpy(n.ephemeral_secret, config->ephemeral_secret, 32);
	int rc = noise_public_key(n.ephemeral_secret, n.ephemeral_public);
	if (rc == 0 && config->static_secret) {
		memcpy(n.static_secret, config->static_secret, 32);
		rc = noise_public_key(n.static_secret, n.static_public);
	}
	if (rc) {
		noise_handshake_wipe(&n);
		return rc;
	}
	if (config->remote_static) {
		memcpy(n.remote_static, config->remote_static, 32);
		n.has_remote_static = true;
	}
	/* §5.2: a name no longer than the hash is the first hash itself, padded with zeros. */
	memcpy(n.hash, p->name, strlen(p->name));
	memcpy(n.chaining_key, n.hash, HASH_LENGTH);
	mix_hash(&n, config->prologue, config->prologue_size);
	mix_hash(&n, n.initiator ? n.remote_static : n.static_public, 32);
	*h = n;
	noise_handshake_wipe(&n);
	return 0;
}

/* The DH of a token, mixed in. §12.1 leaves all-zero results to us: they are refused. */
static int mix_dh(struct noise_handshake *h, enum token token)
{
	const uint8_t *secret, *public_key;
	uint8_t shared[32];

	switch (token) {
	case EE:
		secret = h->ephemeral_secret;
		public_key = h->remote_ephemeral;
		break;
	case ES:
		secret = h->initiator ? h->ephemeral_secret : h->static_secret;
		public_key = h->initiator ? h->remote_static : h->remote_ephemeral;
		break;
	case SE:
		secret = h->initiator ? h->static_secret : h->ephemeral_secret;
		public_key = h->initiator ? h->remote_ephemeral : h->remote_static;
		break;
	default:
		assert(token == SS);
		secret = h->static_secret;
		public_key = h->remote_static;
	}
	int rc = crypto_scalarmult(shared, secret, public_key) == 0 ? 0 : UNCIA_E_SIGNATURE;
	if (rc == 0)
		mix_key(h, shared);
	sodium_memzero(shared, sizeof(shared));
	return rc;
}

static int fail(struct noise_handshake *h, int error)
{
	noise_handshake_wipe(h);
	return error;
}

static int write_message(struct noise_handshake *h, const void *payload, size_t payload_size, uint8_t *out,
                         size_t *out_size)
{
	size_t at = 0, n;
	int rc = 0;

	for (const enum token *t = patterns[h->pattern].messages[h->step]; *t != END && rc == 0; t++) {
		if (*t == E) {
			memcpy(out + at, h->ephemeral_public, 32);
			mix_hash(h, h->ephemeral_public, 32);
			at += 32;
		} else if (*t == S) {
			rc = encrypt_and_hash(h, h->static_public, 32, out + at, &n);
			at += rc ? 0 : n;
		} else {
			rc = mix_dh(h, *t);
		}
	}
	if (rc == 0)
		rc = encrypt_and_hash(h, payload, payload_size, out + at, &n);
	if (rc)
		return rc;
	*out_size = at + n;
	assert(*out_size <= payload_size + HANDSHAKE_OVERHEAD_MAX);
	return 0;
}

int noise_handshake_write(struct noise_handshake *h, const void *payload, size_t payload_size, uint8_t *out,
                          size_t *out_size)
{
	if (h->step >= STEPS || (h->step % 2 == 0) != h->initiator)
		return fail(h, UNCIA_E_PROTOCOL);
	if (payload_size > NOISE_RECORD_MAX - HANDSHAKE_OVERHEAD_MAX)
		return fail(h, UNCIA_E_LIMIT);
	int rc = write_message(h, payload, payload_size, out, out_size);
	if (rc)
		return fail(h, rc);
	h->step++;
	return 0;
}

static int read_message(struct noise_handshake *h, const uint8_t *message, size_t size, uint8_t *payload,
                        size_t *payload_size)
{
	size_t n;
	int rc = 0;

	for (const enum token *t = patterns[h->pattern].messages[h->step]; *t != END && rc == 0; t++) {
		if (*t == E) {
			if (size < 32)
				return UNCIA_E_PROTOCOL;
			memcpy(h->remote_ephemeral, message, 32);
			mix_hash(h, h->remote_ephemeral, 32);
			message += 32;
			size -= 32;
		} else if (*t == S) {
			size_t sealed_size = 32 + NOISE_MAC_SIZE; /* in both patterns a DH precedes s */
			if (size < sealed_size)
				return UNCIA_E_PROTOCOL;
			rc = decrypt_and_hash(h, message, sealed_size, h->remote_static, &n);
			h->has_remote_static = rc == 0;
			message += sealed_size;
			size -= sealed_size;
		} else {
			rc = mix_dh(h, *t);
		}
	}
	return rc ? rc : decrypt_and_hash(h, message, size, payload, payload_size);
}

int noise_handshake_read(struct noise_handshake *h, const void *message, size_t size, uint8_t *payload,
                         size_t *payload_size)
{
	if (h->step >= STEPS || (h->step % 2 == 0) == h->initiator || size > NOISE_RECORD_MAX)
		return fail(h, UNCIA_E_PROTOCOL);
	int rc = read_message(h, message, size, payload, payload_size);
	if (rc)
		return fail(h, rc);
	h->step++;
	return 0;
}

int noise_handshake_split(struct noise_handshake *h, struct noise_transport *t)
{
	uint8_t first[HASH_LENGTH], second[HASH_LENGTH];

	if (h->step != STEPS)
		return fail(h, UNCIA_E_PROTOCOL);
	/* §5.2 Split: the first key is for what the initiator sends. */
	hkdf(h->chaining_key, NULL, 0, first, second);
	memset(t, 0, sizeof(*t));
	cipher_set(h->initiator ? &t->send : &t->receive, first);
	cipher_set(h->initiator ? &t->receive : &t->send, second);
	memcpy(t->handshake_hash, h->hash, HASH_LENGTH);
	sodium_memzero(first, sizeof(first));
	sodium_memzero(second, sizeof(second));
	noise_handshake_wipe(h);
	return 0;
}

void noise_handshake_wipe(struct noise_handshake *h)
{
	if (!h)
		return;
	sodium_memzero(h, sizeof(*h));
	h->step = STEP_WIPED;
}

/* ---- transport ------------------------------------------------------------------------------ */

int noise_send(struct noise_transport *t, const void *plain, size_t size, uint8_t *out, size_t *out_size)
{
	if (!t->send.has_key)
		return UNCIA_E_SIGNATURE;
	if (size > NOISE_PLAINTEXT_MAX)
		return UNCIA_E_LIMIT;
	int rc = cipher_encrypt(&t->send, NULL, 0, plain, size, out);
	if (rc == 0)
		rc = cipher_count_record(&t->send);
	if (rc == 0)
		*out_size = size + NOISE_MAC_SIZE;
	return rc;
}

int noise_receive(struct noise_transport *t, const void *record, size_t size, uint8_t *out, size_t *out_size)
{
	if (!t->receive.has_key)
		return UNCIA_E_SIGNATURE;
	int rc = size > NOISE_RECORD_MAX ? UNCIA_E_LIMIT : cipher_decrypt(&t->receive, NULL, 0, record, size, out);
	if (rc == 0)
		rc = cipher_count_record(&t->receive);
	if (rc) {
		noise_transport_wipe(t);
		return rc;
	}
	*out_size = size - NOISE_MAC_SIZE;
	return 0;
}

void noise_transport_wipe(struct noise_transport *t)
{
	if (t)
		sodium_memzero(t, sizeof(*t));
}

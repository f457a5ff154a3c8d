/* Noise_IK and Noise_NK with 25519, ChaChaPoly, BLAKE2b: handshake and transport states, with no I/O
 * (docs/spec/network.md, "Links"). Sizes in bytes. Threads: any, one at a time for each state. */
#ifndef NOISE_H
#define NOISE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOISE_KEY_SIZE      32
#define NOISE_MAC_SIZE      16
#define NOISE_RECORD_MAX    65535u /* ciphertext of one record */
#define NOISE_PLAINTEXT_MAX (NOISE_RECORD_MAX - NOISE_MAC_SIZE)

enum noise_pattern { NOISE_IK, NOISE_NK };

struct noise_cipher {
	uint8_t key[32];
	uint64_t nonce;
	bool has_key;
	uint32_t since_rekey;
};

/* Its secrets are wiped by noise_handshake_split, by any failure and by noise_handshake_wipe. */
struct noise_handshake {
	enum noise_pattern pattern;
	bool initiator;
	unsigned step; /* messages written and read */
	uint8_t static_secret[32], static_public[32];
	uint8_t ephemeral_secret[32], ephemeral_public[32];
	uint8_t remote_static[32], remote_ephemeral[32];
	bool has_remote_static;
	uint8_t chaining_key[64], hash[64];
	struct noise_cipher cipher;
};

struct noise_transport {
	struct noise_cipher send, receive;
	uint8_t handshake_hash[64];
};

struct noise_handshake_config {
	enum noise_pattern pattern;
	bool initiator;
	const void *prologue; /* what both sides must agree on beforehand; NULL where its size is 0 */
	size_t prologue_size;
	const uint8_t *static_secret;    /* NOISE_KEY_SIZE bytes; NULL for the NK initiator */
	const uint8_t *remote_static;    /* the responder's key, for initiators; NULL for responders */
	const uint8_t *ephemeral_secret; /* NOISE_KEY_SIZE fresh random bytes: nothing in here draws randomness */
};

/* Starts a handshake. Copies what it needs of the configuration.
 * Returns 0; UNCIA_E_ARGUMENT (a key is missing, or given where the pattern has none). Secrets: noise_handshake_wipe.
 */
int noise_handshake_init(struct noise_handshake *h, const struct noise_handshake_config *config);
/* Writes the next handshake message. out has room for payload_size + 128; out: *out_size. Returns 0; UNCIA_E_PROTOCOL
 * (not our turn); UNCIA_E_LIMIT (payload too large); UNCIA_E_SIGNATURE (a low-order point). After any failure of write
 * or read the handshake is wiped and every later call fails. */
int noise_handshake_write(struct noise_handshake *h, const void *payload, size_t payload_size, uint8_t *out,
                          size_t *out_size);
/* Reads the peer's next handshake message. payload has room for size; out: *payload_size. Returns 0; UNCIA_E_PROTOCOL
 * (not its turn, too short); UNCIA_E_SIGNATURE (MAC or point). After an initiator's first message under IK,
 * h->remote_static is its key; a replay has it too. */
int noise_handshake_read(struct noise_handshake *h, const void *message, size_t size, uint8_t *payload,
                         size_t *payload_size);
/* Splits into transport keys and wipes the handshake, remote_static included.
 * Returns 0 or UNCIA_E_PROTOCOL (messages are missing). Secrets: noise_transport_wipe. */
int noise_handshake_split(struct noise_handshake *h, struct noise_transport *t);
/* Overwrites the secrets; every later call fails. NULL does nothing. */
void noise_handshake_wipe(struct noise_handshake *h);

/* Seals one record of at most NOISE_PLAINTEXT_MAX bytes. out has room for size + NOISE_MAC_SIZE, and may be the input
 * itself. Rekeys by itself every REKEY_INTERVAL records, as Noise's REKEY does: a new key, the nonce counts on.
 * Returns 0; UNCIA_E_LIMIT (too large, nonce exhausted); UNCIA_E_SIGNATURE (no keys: wiped). */
int noise_send(struct noise_transport *t, const void *plain, size_t size, uint8_t *out, size_t *out_size);
/* Opens one record of at most NOISE_RECORD_MAX bytes. out has room for size, and may be the input itself. Rekeys as
 * noise_send. Returns as noise_send; UNCIA_E_SIGNATURE too where the record is not the peer's next. After any failure
 * the transport is wiped, and every later call fails. */
int noise_receive(struct noise_transport *t, const void *record, size_t size, uint8_t *out, size_t *out_size);
/* Overwrites the keys; every later call fails. NULL does nothing. */
void noise_transport_wipe(struct noise_transport *t);
/* The X25519 public key of a secret. Returns 0 or UNCIA_E_ARGUMENT. */
int noise_public_key(const uint8_t secret[32], uint8_t public_key[32]);

#endif

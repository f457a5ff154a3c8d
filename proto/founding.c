/* See founding.h. A line's payload is its statement, as it is signed, and the two proofs behind it. */
#include "founding.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "big_endian.h"
#include "clean.h"
#include "frame.h"
#include "uncia/error.h"

#define LINE_PREFIX       "uncline"
#define AGREEMENT_PREFIX  "uncagree"
#define WEIGHT_MAX        ((UINT64_C(1) << 62) - 1)
#define STATEMENT_MAX     (1 + (FOUNDING_NAME_SIZE - 1) + 32 + 32 + 8 + 1 + (HOST_SIZE_MAX - 1) + 2)
#define PROOFS_SIZE       (NETWORK_PROOF_SIZE + SIGNATURE_SIZE)
#define LINE_PAYLOAD_MAX  (STATEMENT_MAX + PROOFS_SIZE)
#define AGREEMENT_PAYLOAD (HASH_SIZE + PUBLIC_KEY_SIZE + SIGNATURE_SIZE)

static_assert(6 + sizeof(LINE_PREFIX) + 1 + (LINE_PAYLOAD_MAX * 8 + 4) / 5 + 6 + 1 <= LINE_TEXT_SIZE,
              "room for a line");
static_assert(6 + sizeof(AGREEMENT_PREFIX) + 1 + (AGREEMENT_PAYLOAD * 8 + 4) / 5 + 6 + 1 <= AGREEMENT_TEXT_SIZE,
              "room for an agreement");

static size_t put_counted(uint8_t *at, const char *text)
{
	size_t size = strlen(text);
	at[0] = (uint8_t)size;
	memcpy(at + 1, text, size);
	return 1 + size;
}

/* Returns its size. */
static size_t put_statement(const struct operator_line *line, uint8_t bytes[STATEMENT_MAX])
{
	uint8_t *at = bytes + put_counted(bytes, line->name);
	memcpy(at, line->validator.consensus_key, 32);
	memcpy(at + 32, line->validator.network_key, 32);
	be64_put(at + 64, line->validator.weight);
	at += 72;
	at += put_counted(at, line->host);
	at[0] = (uint8_t)(line->port >> 8);
	at[1] = (uint8_t)line->port;
	return (size_t)(at - bytes) + 2;
}

/* What is left of a payload. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *cursor_take(struct cursor *c, size_t size)
{
	const uint8_t *at = c->at;
	if (c->left < size)
		return NULL;
	c->at += size;
	c->left -= size;
	return at;
}

/* A text behind its length, without a NUL in it. */
static bool cursor_text(struct cursor *c, char *text, size_t room)
{
	const uint8_t *size = cursor_take(c, 1), *from = size ? cursor_take(c, *size) : NULL;
	if (!from || *size >= room || memchr(from, 0, *size))
		return false;
	memcpy(text, from, *size);
	text[*size] = '\0';
	return true;
}

static bool cursor_copy(struct cursor *c, void *to, size_t size)
{
	const uint8_t *from = cursor_take(c, size);
	if (from)
		memcpy(to, from, size);
	return from != NULL;
}

/* As a network file would have it. */
static bool host_is_good(const char *host, uint16_t port)
{
	char text[HOST_SIZE_MAX + 10], parsed[HOST_SIZE_MAX];
	uint16_t parsed_port;
	snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
	return host_port_parse(text, parsed, &parsed_port) && !strcmp(parsed, host) && parsed_port == port;
}

static bool statement_is_good(const struct operator_line *line)
{
	const struct validator *v = &line->validator;
	return network_name_ok(line->name, strlen(line->name)) && v->weight >= 1 && v->weight <= WEIGHT_MAX &&
	       memcmp(v->consensus_key, v->network_key, 32) && sign_key_valid(v->consensus_key) &&
	       host_is_good(line->host, line->port);
}

static void line_digest(const struct operator_line *line, struct hash *digest)
{
	uint8_t bytes[STATEMENT_MAX];
	size_t size = put_statement(line, bytes);
	hash1(HASH_LINE, bytes, size, digest);
}

int operator_line_sign(struct operator_line *line, const uint8_t consensus_secret[SECRET_KEY_SIZE],
                       const uint8_t network_secret[32])
{
	struct hash digest;
	if (!statement_is_good(line))
		return UNCIA_E_CONFIG;
	line_digest(line, &digest);
	int error = network_proof_make(network_secret, &digest, line->network_proof);
	return error ? error : sign_digest(consensus_secret, &digest, line->signature);
}

int operator_line_check(const struct operator_line *line)
{
	struct hash digest;
	line_digest(line, &digest);
	if (!sign_verify(line->validator.consensus_key, &digest, line->signature))
		return UNCIA_E_SIGNATURE;
	return network_proof_holds(line->validator.network_key, &digest, line->network_proof) ? 0 : UNCIA_E_PROOF;
}

void operator_line_write(const struct operator_line *line, char text[LINE_TEXT_SIZE])
{
	uint8_t payload[LINE_PAYLOAD_MAX];
	size_t size = put_statement(line, payload);
	memcpy(payload + size, line->network_proof, NETWORK_PROOF_SIZE);
	memcpy(payload + size + NETWORK_PROOF_SIZE, line->signature, SIGNATURE_SIZE);
	frame_write_prefix(LINE_PREFIX, payload, size + PROOFS_SIZE, text);
}

static const char *behind_scheme(const char *text)
{
	return text + (text_begins(text, FRAME_SCHEME) ? strlen(FRAME_SCHEME) : 0);
}

enum founding_text founding_text_kind(const char *text)
{
	const char *run = behind_scheme(text);
	if (text_begins(run, LINE_PREFIX "1"))
		return FOUNDING_LINE;
	return text_begins(run, AGREEMENT_PREFIX "1") ? FOUNDING_AGREEMENT : FOUNDING_NONE;
}

/* The payload of a text of that prefix, of at most `room` bytes. */
static int take_payload(const char *prefix, const char *text, uint8_t *payload, size_t room, size_t *size)
{
	const char *run = behind_scheme(text);
	int error = frame_check_prefix(prefix, run, strlen(run), size);
	if (!error && *size > room)
		error = UNCIA_E_ENCODING;
	if (!error)
		frame_payload_prefix(prefix, run, payload, *size);
	return error;
}

int operator_line_read(const char *text, struct operator_line *line)
{
	uint8_t payload[LINE_PAYLOAD_MAX], port[2];
	struct cursor c = {.at = payload};
	if (founding_text_kind(text) != FOUNDING_LINE)
		return UNCIA_E_ENCODING;
	int error = take_payload(LINE_PREFIX, text, payload, sizeof(payload), &c.left);
	if (error)
		return error;
	memset(line, 0, sizeof(*line));
	const uint8_t *weight;
	bool whole = cursor_text(&c, line->name, sizeof(line->name)) &&
	             cursor_copy(&c, line->validator.consensus_key, 32) &&
	             cursor_copy(&c, line->validator.network_key, 32) && (weight = cursor_take(&c, 8)) != NULL;
	if (!whole)
		return UNCIA_E_ENCODING;
	line->validator.weight = be64_get(weight);
	whole = cursor_text(&c, line->host, sizeof(line->host)) && cursor_copy(&c, port, 2) &&
	        cursor_copy(&c, line->network_proof, NETWORK_PROOF_SIZE) &&
	        cursor_copy(&c, line->signature, SIGNATURE_SIZE) && !c.left;
	if (!whole)
		return UNCIA_E_ENCODING;
	line->port = (uint16_t)(port[0] << 8 | port[1]);
	return statement_is_good(line) ? 0 : UNCIA_E_ENCODING;
}

bool operator_line_equal(const struct operator_line *one, const struct operator_line *other)
{
	uint8_t a[STATEMENT_MAX], b[STATEMENT_MAX];
	size_t size = put_statement(one, a);
	return size == put_statement(other, b) && !memcmp(a, b, size);
}

static void agreement_digest(const struct hash *network_id, struct hash *digest)
{
	hash1(HASH_AGREE, network_id->b, HASH_SIZE, digest);
}

int agreement_sign(const struct hash *network_id, const uint8_t consensus_key[PUBLIC_KEY_SIZE],
                   const uint8_t consensus_secret[SECRET_KEY_SIZE], struct agreement *agreement)
{
	struct hash digest;
	agreement->network_id = *network_id;
	memcpy(agreement->consensus_key, consensus_key, PUBLIC_KEY_SIZE);
	agreement_digest(network_id, &digest);
	return sign_digest(consensus_secret, &digest, agreement->signature);
}

bool agreement_holds(const struct agreement *agreement)
{
	struct hash digest;
	agreement_digest(&agreement->network_id, &digest);
	return sign_verify(agreement->consensus_key, &digest, agreement->signature);
}

void agreement_write(const struct agreement *agreement, char text[AGREEMENT_TEXT_SIZE])
{
	uint8_t payload[AGREEMENT_PAYLOAD];
	memcpy(payload, agreement->network_id.b, HASH_SIZE);
	memcpy(payload + HASH_SIZE, agreement->consensus_key, PUBLIC_KEY_SIZE);
	memcpy(payload + HASH_SIZE + PUBLIC_KEY_SIZE, agreement->signature, SIGNATURE_SIZE);
	frame_write_prefix(AGREEMENT_PREFIX, payload, sizeof(payload), text);
}

int agreement_read(const char *text, struct agreement *agreement)
{
	uint8_t payload[AGREEMENT_PAYLOAD];
	size_t size;
	if (founding_text_kind(text) != FOUNDING_AGREEMENT)
		return UNCIA_E_ENCODING;
	int error = take_payload(AGREEMENT_PREFIX, text, payload, sizeof(payload), &size);
	if (error || size != sizeof(payload))
		return error ? error : UNCIA_E_ENCODING;
	memcpy(agreement->network_id.b, payload, HASH_SIZE);
	memcpy(agreement->consensus_key, payload + HASH_SIZE, PUBLIC_KEY_SIZE);
	memcpy(agreement->signature, payload + HASH_SIZE + PUBLIC_KEY_SIZE, SIGNATURE_SIZE);
	return 0;
}

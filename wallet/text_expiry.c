/* The expiry of a payment as text: the signed payment, and the words of validators that it can never become final. An
 * id alone would prove nothing: anybody can make one of a payment that never was. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "canonical.h"
#include "clean.h"
#include "consensus.pb-c.h"
#include "fields.h"
#include "frame.h"
#include "network.h"
#include "outbox.h"
#include "receipts.h"
#include "vote.h"
#include "wallet.h"

#define HEAD_SIZE (FRAME_NETWORK + 8u + 2u)
#define WORD_SIZE (2u + 8u + 8u + SIGNATURE_SIZE)

_Static_assert(PAYMENT_SIZE_MAX <= UINT16_MAX, "a payment's length fits 16 bits");

struct uncia_expiry {
	struct payment *payment;
};

/* ---- reading --------------------------------------------------------------------------------- */

static uint16_t number16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

/* Whether these are words of different validators, in ascending order, which together weigh more than may be faulty. */
static bool words_hold(const struct genesis *genesis, const struct payment *payment, const uint8_t *words, size_t count)
{
	const struct committee *c = &genesis->committee;
	struct hash digest;
	uint64_t weight = 0;
	int last = -1;
	for (const uint8_t *word = words; word < words + count * WORD_SIZE; word += WORD_SIZE) {
		uint16_t validator = number16(word);
		uint64_t height = be64_get(word + 2), timestamp_ms = be64_get(word + 10);
		if (validator <= last || validator >= c->size || timestamp_ms / 1000 < payment->expires_at)
			return false;
		expiry_digest(&genesis->network_id, &payment->id, height, timestamp_ms, &digest);
		if (!sign_verify_bound(c->validators[validator].consensus_key, &digest, word + 18))
			return false;
		weight += c->validators[validator].weight;
		last = validator;
	}
	return weight > c->faulty;
}

/* Whether its sender has signed it: by the key that the address is of, or that the hold follows from (which decoding
 * has checked). Nobody signs a give-back: that one expired says nothing of anybody. */
static bool expired_is_signed(const struct payment *payment)
{
	struct address of_key;
	address_of_key(payment->public_key, &of_key);
	return payment_is_signed(payment) &&
	       (payment->kind == PAYMENT_TAKE || address_equal(&of_key, &payment->sender)) &&
	       payment_signature_valid(payment);
}

/* Out: *payment, owned by the caller. */
static int expiry_check(const struct genesis *genesis, const uint8_t *payload, size_t size, struct payment **payment)
{
	struct payment *decoded;
	if (size < HEAD_SIZE)
		return UNCIA_E_ENCODING;
	if (memcmp(payload, genesis->network_id.b, FRAME_NETWORK) != 0)
		return UNCIA_E_NETWORK;
	const size_t length = number16(payload + FRAME_NETWORK + 8), left = size - HEAD_SIZE;
	if (length > left || (left - length) % WORD_SIZE != 0)
		return UNCIA_E_ENCODING;
	int rc = payment_decode(&genesis->network_id, payload + HEAD_SIZE, length, &decoded);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_ENCODING;
	/* An id whose expiry is not after the genesis is of no payment (wallet 7.7). */
	if (!expired_is_signed(decoded))
		rc = UNCIA_E_SIGNATURE;
	else if (be64_get(payload + FRAME_NETWORK) != genesis->committee.epoch ||
	         (uint64_t)decoded->expires_at * 1000 <= genesis->timestamp_ms ||
	         !words_hold(genesis, decoded, payload + HEAD_SIZE + length, (left - length) / WORD_SIZE))
		rc = UNCIA_E_PROOF;
	if (rc)
		payment_free(decoded);
	else
		*payment = decoded;
	return rc;
}

/* The payload of a pasted text, to be freed. */
static int expiry_payload(const char *text, uint8_t **payload, size_t *size)
{
	const size_t room = strnlen(text, CLEAN_TEXT_MAX) + 2;
	char *clean = malloc(room);
	const char *run;
	if (!clean)
		return UNCIA_E_MEMORY;
	int rc = frame_open(UNCIA_TEXT_EXPIRY, text, clean, room, &run, size);
	if (!rc && *size > HEAD_SIZE + PAYMENT_SIZE_MAX + COMMITTEE_SIZE_MAX * WORD_SIZE)
		rc = UNCIA_E_LIMIT;
	if (!rc && !(*payload = malloc(*size + 1)))
		rc = UNCIA_E_MEMORY;
	if (!rc)
		frame_payload(UNCIA_TEXT_EXPIRY, run, *payload, *size);
	free(clean);
	return rc;
}

int uncia_expiry_verify(const struct uncia_network *network, const char *text, struct uncia_expiry **expiry)
{
	uint8_t *payload;
	size_t size;
	if (!network || !text || !expiry)
		return UNCIA_E_ARGUMENT;
	int rc = expiry_payload(text, &payload, &size);
	if (rc)
		return rc;
	struct uncia_expiry *verified = calloc(1, sizeof(*verified));
	rc = verified ? expiry_check(&network->genesis, payload, size, &verified->payment) : UNCIA_E_MEMORY;
	free(payload);
	if (rc)
		free(verified);
	else
		*expiry = verified;
	return rc;
}

void uncia_expiry_free(struct uncia_expiry *expiry)
{
	if (!expiry)
		return;
	payment_free(expiry->payment);
	free(expiry);
}

int uncia_expiry_payment(const struct uncia_expiry *expiry, struct uncia_payment *payment)
{
	if (!expiry || !payment || payment->size != sizeof(*payment))
		return UNCIA_E_ARGUMENT;
	*payment = (struct uncia_payment){.size = sizeof(*payment), .state = UNCIA_PAYMENT_EXPIRED};
	payment_describe(expiry->payment, payment);
	return 0;
}

int uncia_expiry_output(const struct uncia_expiry *expiry, uint32_t number, char address[UNCIA_ADDRESS_TEXT_SIZE],
                        uint64_t *amount)
{
	if (!expiry || !address || !amount || number >= expiry->payment->output_count)
		return UNCIA_E_ARGUMENT;
	output_describe(&expiry->payment->outputs[number], address, amount);
	return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Puts a validator's stored word where it stands in the text. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_MEMORY. */
static int word_put(const ProtobufCBinaryData *stored, uint8_t word[WORD_SIZE])
{
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(stored->len));
	int rc = canonical_decode(&uncia__pb__expiry__descriptor, stored->data, stored->len, &arena, &message);
	if (!rc) {
		const Uncia__Pb__Expiry *expiry = (const Uncia__Pb__Expiry *)message;
		word[0] = (uint8_t)(expiry->validator >> 8);
		word[1] = (uint8_t)expiry->validator;
		be64_put(word + 2, expiry->height);
		be64_put(word + 10, expiry->timestamp_ms);
		if (expiry->validator > UINT16_MAX || !field_copy(&expiry->signature, word + 18, SIGNATURE_SIZE))
			rc = UNCIA_E_DAMAGED;
	}
	arena_deinit(&arena);
	return rc && rc != UNCIA_E_MEMORY ? UNCIA_E_DAMAGED : rc;
}

static int by_validator(const void *a, const void *b)
{
	return memcmp(a, b, 2);
}

/* The text of a record of an expired payment. */
static int expiry_write(const struct genesis *genesis, const Uncia__Pb__PaymentRecord *record, char **text)
{
	const size_t count = record->n_expiries, length = record->payment.len;
	const size_t size = HEAD_SIZE + length + count * WORD_SIZE;
	struct payment *payment = NULL;
	if (length > PAYMENT_SIZE_MAX || count > COMMITTEE_SIZE_MAX)
		return UNCIA_E_DAMAGED;
	uint8_t *payload = malloc(size);
	char *fresh = malloc(frame_text_size(UNCIA_TEXT_EXPIRY, size));
	int rc = payload && fresh ? 0 : UNCIA_E_MEMORY;
	for (size_t i = 0; !rc && i < count; i++)
		rc = word_put(&record->expiries[i]->data, payload + HEAD_SIZE + length + i * WORD_SIZE);
	if (!rc) {
		memcpy(payload, genesis->network_id.b, FRAME_NETWORK);
		be64_put(payload + FRAME_NETWORK, genesis->committee.epoch);
		payload[FRAME_NETWORK + 8] = (uint8_t)(length >> 8);
		payload[FRAME_NETWORK + 9] = (uint8_t)length;
		memcpy(payload + HEAD_SIZE, record->payment.data, length);
		if (count > 1)
			qsort(payload + HEAD_SIZE + length, count, WORD_SIZE, by_validator);
		/* What nobody would believe is not given out. */
		rc = expiry_check(genesis, payload, size, &payment);
		payment_free(payment);
		rc = rc && rc != UNCIA_E_MEMORY ? UNCIA_E_DAMAGED : rc;
	}
	if (!rc) {
		frame_write(UNCIA_TEXT_EXPIRY, payload, size, fresh);
		*text = fresh;
	} else {
		free(fresh);
	}
	free(payload);
	return rc;
}

int uncia_wallet_expiry(const struct uncia_wallet *w, const struct uncia_payment_id *id, char **text)
{
	const Uncia__Pb__PaymentRecord *record;
	struct arena arena;
	struct payment_id key;
	uint8_t nonce[NONCE_SIZE];
	int rc = wallet_readable(w);
	if (!rc && (!id || !text))
		rc = UNCIA_E_ARGUMENT;
	if (!rc && !w->network)
		rc = UNCIA_E_NETWORK;
	if (rc)
		return rc;
	memcpy(key.b, id->b, sizeof(key.b));
	const struct tracked *t = tracked_find(w, &key);
	if (t && tracked_shown(w, t) != t->record.state) /* its end is not durable yet */
		return UNCIA_E_NOT_FOUND;
	const struct ended *ended = archive_find_id(w, &key);
	if (ended && ended->state == UNCIA_PAYMENT_EXPIRED)
		memcpy(nonce, ended->nonce, NONCE_SIZE);
	else if (t && t->record.own && t->record.state == UNCIA_PAYMENT_EXPIRED)
		memcpy(nonce, t->record.payment->nonce, NONCE_SIZE);
	else
		return UNCIA_E_NOT_FOUND;
	rc = outbox_record(w, nonce, &arena, &record);
	if (!rc)
		rc = expiry_write(&w->network->genesis, record, text);
	arena_deinit(&arena);
	return rc;
}

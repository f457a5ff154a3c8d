/* Payments as bytes: decoding with every check that needs neither ledger nor clock, and making them. Whether a payment
 * fits a ledger, and whether its signature holds, is decided elsewhere. */
#include "payment.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "canonical.h"
#include "fields.h"
#include "payment.pb-c.h"
#include "uncia/error.h"

#define OUTPUTS_OFFSET sizeof(struct payment)
static_assert(sizeof(struct payment) % _Alignof(struct output) == 0, "outputs follow the payment in its block");

/* ---- decoding ----
 * By hand, where all other messages are decoded by protobuf-c and encoded again to compare: no message is decoded
 * nearly as often. Every tag is one byte and every length but those of messages is fixed, so that little is left to get
 * wrong; encoding §2 holds because nothing else is taken: the fields in the order of their numbers, each once, none
 * that is empty or zero, all lengths and numbers in their shortest form, to the last byte. The fuzz target `payment`
 * holds it against protobuf-c. */

#define TAG_VARINT(number)  ((number) << 3)
#define TAG_BYTES(number)   ((number) << 3 | 2)
#define TAG_FIXED32(number) ((number) << 3 | 5)

struct reader {
	const uint8_t *at, *end;
};

static bool reader_done(const struct reader *r)
{
	return r->at == r->end;
}

static bool take_tag(struct reader *r, uint8_t tag)
{
	if (reader_done(r) || *r->at != tag)
		return false;
	r->at++;
	return true;
}

static bool take_varint(struct reader *r, uint64_t *value)
{
	uint64_t sum = 0;

	for (unsigned shift = 0; shift < 64 && !reader_done(r); shift += 7) {
		uint8_t byte = *r->at++;
		if (shift == 63 && byte > 1)
			return false; /* past 64 bits */
		sum |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*value = sum;
		return byte != 0 || shift == 0; /* else a shorter form says the same */
	}
	return false;
}

/* A field of exactly `size` bytes, which is below 128. */
static bool take_bytes(struct reader *r, uint8_t tag, void *to, size_t size)
{
	if ((size_t)(r->end - r->at) < 2 + size || r->at[0] != tag || r->at[1] != size)
		return false;
	memcpy(to, r->at + 2, size);
	r->at += 2 + size;
	return true;
}

/* The same of a field that may be left out. */
static bool take_optional(struct reader *r, uint8_t tag, void *to, size_t size, bool *has)
{
	*has = !reader_done(r) && *r->at == tag;
	return !*has || take_bytes(r, tag, to, size);
}

static bool take_message(struct reader *r, uint8_t tag, struct reader *message)
{
	uint64_t size;

	if (!take_tag(r, tag) || !take_varint(r, &size) || size > (size_t)(r->end - r->at))
		return false;
	*message = (struct reader){r->at, r->at + size};
	r->at += size;
	return true;
}

static bool take_expires_at(struct reader *r, uint32_t *expires_at)
{
	if ((size_t)(r->end - r->at) < 1 + sizeof(*expires_at) || !take_tag(r, TAG_FIXED32(2)))
		return false;
	/* Fields of protobuf are the one thing here that begins with the low byte. */
	*expires_at = (uint32_t)r->at[3] << 24 | (uint32_t)r->at[2] << 16 | (uint32_t)r->at[1] << 8 | r->at[0];
	r->at += sizeof(*expires_at);
	return *expires_at != 0;
}

/* All but the outputs into `payment`. *body: what is hashed and signed; *outputs: where they are, counted. */
static bool read_envelope(struct reader r, struct payment *payment, struct reader *body, struct reader *outputs)
{
	struct reader transfer, output;
	uint64_t currency;

	if (!take_message(&r, TAG_BYTES(1), body) ||
	    !take_bytes(&r, TAG_BYTES(2), payment->public_key, PUBLIC_KEY_SIZE) ||
	    !take_bytes(&r, TAG_BYTES(3), payment->signature, SIGNATURE_SIZE) || !reader_done(&r))
		return false;
	r = *body;
	if (!take_bytes(&r, TAG_BYTES(1), payment->sender.b, ADDRESS_SIZE) ||
	    !take_expires_at(&r, &payment->expires_at) || !take_bytes(&r, TAG_BYTES(3), payment->nonce, NONCE_SIZE) ||
	    !take_message(&r, TAG_BYTES(4), &transfer) ||
	    !take_optional(&r, TAG_BYTES(5), payment->memo_hash, MEMO_HASH_SIZE, &payment->has_memo_hash) ||
	    !reader_done(&r))
		return false;
	if (!take_tag(&transfer, TAG_VARINT(1)) || !take_varint(&transfer, &currency) || currency != CURRENCY_FIRST)
		return false;
	payment->currency = CURRENCY_FIRST;
	*outputs = transfer;
	/* ledger §3: one operation, 1..255 outputs. */
	for (; !reader_done(&transfer); payment->output_count++)
		if (payment->output_count == PAYMENT_OUTPUTS_MAX || !take_message(&transfer, TAG_BYTES(2), &output))
			return false;
	return payment->output_count > 0;
}

static bool read_output(struct reader r, struct output *output)
{
	if (!take_bytes(&r, TAG_BYTES(1), output->to.b, ADDRESS_SIZE) ||
	    !take_optional(&r, TAG_BYTES(2), output->reference, REFERENCE_SIZE, &output->has_reference))
		return false;
	if (reader_done(&r)) /* an amount of zero, which is left out */
		return true;
	return take_tag(&r, TAG_VARINT(3)) && take_varint(&r, &output->amount) && output->amount && reader_done(&r);
}

/* UNCIA_E_AMOUNT where nothing else is wrong. */
static int read_outputs(struct reader r, struct payment *payment, struct output *outputs)
{
	struct reader message;
	int rc = 0;

	for (uint32_t i = 0; i < payment->output_count; i++) {
		if (!take_message(&r, TAG_BYTES(2), &message) || !read_output(message, &outputs[i]))
			return UNCIA_E_ENCODING;
		if (outputs[i].amount == 0 || !amount_add(payment->total, outputs[i].amount, &payment->total))
			rc = UNCIA_E_AMOUNT;
	}
	return rc;
}

/* encoding §1: id = expires_at ‖ 28 bytes of the body's hash; the payer signs the same input under another tag; the
 * verdict on the signature is remembered under the hash of all the bytes. */
static void payment_hash(struct payment *payment, const struct hash *network_id, const struct reader *body)
{
	size_t size = (size_t)(body->end - body->at);
	struct hash hash;

	hash2(HASH_PAYMENT, network_id->b, HASH_SIZE, body->at, size, &hash);
	be32_put(payment->id.b, payment->expires_at);
	memcpy(payment->id.b + 4, hash.b, sizeof(payment->id.b) - 4);
	hash2(HASH_PAYMENT_SIGN, network_id->b, HASH_SIZE, body->at, size, &payment->digest);
	payment_whole(payment->bytes, payment->size, &payment->whole);
}

void payment_whole(const void *bytes, size_t size, struct hash *whole)
{
	hash1(HASH_PAYMENT_WHOLE, bytes, size, whole);
}

bool payment_peek(const void *bytes, size_t size, uint32_t *expires_at)
{
	struct reader r = {bytes, (const uint8_t *)bytes + size}, body;
	uint8_t sender[ADDRESS_SIZE];

	return take_message(&r, TAG_BYTES(1), &body) && take_bytes(&body, TAG_BYTES(1), sender, sizeof(sender)) &&
	       take_expires_at(&body, expires_at);
}

int payment_decode(const struct hash *network_id, const void *bytes, size_t size, struct payment **payment)
{
	return payment_decode_at(NULL, network_id, bytes, size, payment);
}

int payment_decode_at(struct slab *home, const struct hash *network_id, const void *bytes, size_t size,
                      struct payment **payment)
{
	struct payment read = {.references = 1, .size = (uint32_t)size};
	struct reader body, outputs;

	if (size > PAYMENT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	if (size == 0 || !read_envelope((struct reader){bytes, (const uint8_t *)bytes + size}, &read, &body, &outputs))
		return UNCIA_E_ENCODING;
	/* One block of memory: the struct, its outputs, its bytes. */
	size_t outputs_size = read.output_count * sizeof(struct output);
	size_t memory_size = OUTPUTS_OFFSET + outputs_size + size;
	read.home = home && memory_size <= home->size ? home : NULL;
	uint8_t *memory = read.home ? slab_alloc(home) : malloc(memory_size);
	if (!memory)
		return UNCIA_E_MEMORY;
	struct payment *p = (struct payment *)memory;
	struct output *list = (struct output *)(memory + OUTPUTS_OFFSET);
	*p = read;
	memset(list, 0, outputs_size);
	int rc = read_outputs(outputs, p, list);
	if (rc) {
		payment_free(p);
		return rc; /* NOLINT(clang-analyzer-*): that was the one reference */
	}
	p->outputs = list;
	p->bytes = memcpy(memory + OUTPUTS_OFFSET + outputs_size, bytes, size);
	payment_hash(p, network_id, &body);
	*payment = p;
	return 0;
}

struct payment *payment_ref(struct payment *payment)
{
	assert(payment->references > 0 && payment->references < UINT32_MAX);
	payment->references++;
	return payment;
}

void payment_free(struct payment *payment)
{
	if (!payment)
		return;
	assert(payment->references > 0);
	if (--payment->references)
		return;
	if (payment->home)
		slab_free(payment->home, payment);
	else
		free(payment);
}

const struct address *payment_named(const struct payment *payment, uint32_t i)
{
	if (i == 0)
		return &payment->sender;
	return i <= payment->output_count ? &payment->outputs[i - 1].to : NULL;
}

bool payment_touches(const struct payment *payment, const struct address *address, uint32_t *first)
{
	const struct address *named;

	for (uint32_t i = 0; (named = payment_named(payment, i)); i++) {
		if (!address_equal(named, address))
			continue;
		if (first)
			*first = i;
		return true;
	}
	return false;
}

/* ---- making ---- */

/* The body's canonical bytes from a draft. */
static int body_encode(const struct payment *draft, const struct address *sender, uint8_t **bytes, size_t *size)
{
	Uncia__Pb__Output outputs[PAYMENT_OUTPUTS_MAX];
	Uncia__Pb__Output *pointers[PAYMENT_OUTPUTS_MAX];
	for (uint32_t i = 0; i < draft->output_count; i++) {
		const struct output *from = &draft->outputs[i];
		outputs[i] = (Uncia__Pb__Output)UNCIA__PB__OUTPUT__INIT;
		outputs[i].to = field_of(from->to.b, ADDRESS_SIZE);
		if (from->has_reference)
			outputs[i].reference = field_of(from->reference, REFERENCE_SIZE);
		outputs[i].amount = from->amount;
		pointers[i] = &outputs[i];
	}
	Uncia__Pb__Transfer transfer = UNCIA__PB__TRANSFER__INIT;
	transfer.currency = draft->currency;
	transfer.n_outputs = draft->output_count;
	transfer.outputs = pointers;
	Uncia__Pb__Payment body = UNCIA__PB__PAYMENT__INIT;
	body.sender = field_of(sender->b, ADDRESS_SIZE);
	body.expires_at = draft->expires_at;
	body.nonce = field_of(draft->nonce, NONCE_SIZE);
	body.operation_case = UNCIA__PB__PAYMENT__OPERATION_TRANSFER;
	body.transfer = &transfer;
	if (draft->has_memo_hash)
		body.memo_hash = field_of(draft->memo_hash, MEMO_HASH_SIZE);
	return canonical_encode(&body.base, bytes, size);
}

int payment_make(const struct hash *network_id, const struct payment *draft, const uint8_t public_key[32],
                 const uint8_t secret_key[SECRET_KEY_SIZE], struct payment **payment)
{
	if (draft->output_count == 0 || draft->output_count > PAYMENT_OUTPUTS_MAX)
		return UNCIA_E_ENCODING;
	struct address sender = draft->sender;
	if (sodium_is_zero(sender.b, ADDRESS_SIZE))
		address_of_key(public_key, &sender);

	uint8_t *body = NULL, *bytes = NULL;
	size_t body_size, size;
	int rc = body_encode(draft, &sender, &body, &body_size);
	if (rc)
		return rc;
	struct hash digest;
	uint8_t signature[SIGNATURE_SIZE];
	hash2(HASH_PAYMENT_SIGN, network_id->b, HASH_SIZE, body, body_size, &digest);
	rc = sign_digest(secret_key, &digest, signature);
	if (rc == 0) {
		Uncia__Pb__SignedPayment envelope = UNCIA__PB__SIGNED_PAYMENT__INIT;
		envelope.body = field_of(body, body_size);
		envelope.public_key = field_of(public_key, PUBLIC_KEY_SIZE);
		envelope.signature = field_of(signature, SIGNATURE_SIZE);
		rc = canonical_encode(&envelope.base, &bytes, &size);
	}
	/* Decoding is the one place that says what a payment may be: what is made passes through it too. */
	if (rc == 0)
		rc = payment_decode(network_id, bytes, size, payment);
	free(bytes);
	free(body);
	return rc;
}

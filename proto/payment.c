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

/* The body's fields into `payment`, which points to outputs that are already counted and allocated. */
static int body_read(const Uncia__Pb__Payment *body, struct payment *payment, struct output *outputs)
{
	if (!field_copy(&body->sender, payment->sender.b, ADDRESS_SIZE) ||
	    !field_copy(&body->nonce, payment->nonce, NONCE_SIZE) || body->expires_at == 0)
		return UNCIA_E_ENCODING;
	payment->expires_at = body->expires_at;
	payment->has_memo_hash = body->memo_hash.len != 0;
	if (payment->has_memo_hash && !field_copy(&body->memo_hash, payment->memo_hash, MEMO_HASH_SIZE))
		return UNCIA_E_ENCODING;

	const Uncia__Pb__Transfer *transfer = body->transfer;
	if (transfer->currency != CURRENCY_FIRST)
		return UNCIA_E_ENCODING;
	payment->currency = transfer->currency;
	for (size_t i = 0; i < transfer->n_outputs; i++) {
		const Uncia__Pb__Output *from = transfer->outputs[i];
		struct output *to = &outputs[i];
		if (!field_copy(&from->to, to->to.b, ADDRESS_SIZE))
			return UNCIA_E_ENCODING;
		to->has_reference = from->reference.len != 0;
		if (to->has_reference && !field_copy(&from->reference, to->reference, REFERENCE_SIZE))
			return UNCIA_E_ENCODING;
		if (from->amount == 0 || !amount_add(payment->total, from->amount, &payment->total))
			return UNCIA_E_AMOUNT;
		to->amount = from->amount;
	}
	payment->output_count = (uint32_t)transfer->n_outputs;
	payment->outputs = outputs;
	return 0;
}

/* encoding §1: id = expires_at ‖ 28 bytes of the body's hash; the payer signs the same input under another tag; the
 * verdict on the signature is remembered under the hash of all the bytes. */
static void payment_hash(struct payment *payment, const struct hash *network_id, const ProtobufCBinaryData *body)
{
	struct hash hash;
	hash2(HASH_PAYMENT, network_id->b, HASH_SIZE, body->data, body->len, &hash);
	be32_put(payment->id.b, payment->expires_at);
	memcpy(payment->id.b + 4, hash.b, sizeof(payment->id.b) - 4);
	hash2(HASH_PAYMENT_SIGN, network_id->b, HASH_SIZE, body->data, body->len, &payment->digest);
	hash1(HASH_PAYMENT_WHOLE, payment->bytes, payment->size, &payment->whole);
}

/* One block of memory: the struct, its outputs, its bytes. */
static int payment_build(const struct hash *network_id, const Uncia__Pb__SignedPayment *envelope,
                         const Uncia__Pb__Payment *body, const void *bytes, size_t size, struct payment **payment)
{
	/* ledger §3: one operation, 1..255 outputs. */
	if (body->operation_case != UNCIA__PB__PAYMENT__OPERATION_TRANSFER || body->transfer->n_outputs == 0 ||
	    body->transfer->n_outputs > PAYMENT_OUTPUTS_MAX)
		return UNCIA_E_ENCODING;
	size_t outputs_size = body->transfer->n_outputs * sizeof(struct output);
	struct payment *p = malloc(OUTPUTS_OFFSET + outputs_size + size);
	if (!p)
		return UNCIA_E_MEMORY;
	memset(p, 0, OUTPUTS_OFFSET + outputs_size);
	uint8_t *copy = (uint8_t *)p + OUTPUTS_OFFSET + outputs_size;
	memcpy(copy, bytes, size);
	p->references = 1;
	p->bytes = copy;
	p->size = (uint32_t)size;

	int rc = UNCIA_E_ENCODING;
	if (field_copy(&envelope->public_key, p->public_key, PUBLIC_KEY_SIZE) &&
	    field_copy(&envelope->signature, p->signature, SIGNATURE_SIZE))
		rc = body_read(body, p, (struct output *)((uint8_t *)p + OUTPUTS_OFFSET));
	if (rc) {
		free(p);
		return rc;
	}
	payment_hash(p, network_id, &envelope->body);
	*payment = p;
	return 0;
}

int payment_decode(const struct hash *network_id, const void *bytes, size_t size, struct payment **payment)
{
	if (size > PAYMENT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	struct arena arena;
	/* Twice: the envelope and the body inside it are each decoded within the bound of their size. */
	arena_init(&arena, 2 * canonical_arena_limit(size));
	ProtobufCMessage *envelope, *body;
	int rc = canonical_decode(&uncia__pb__signed_payment__descriptor, bytes, size, &arena, &envelope);
	if (rc == 0) {
		const ProtobufCBinaryData *inner = &((Uncia__Pb__SignedPayment *)envelope)->body;
		rc = canonical_decode(&uncia__pb__payment__descriptor, inner->data, inner->len, &arena, &body);
	}
	if (rc == 0)
		rc = payment_build(network_id, (Uncia__Pb__SignedPayment *)envelope, (Uncia__Pb__Payment *)body, bytes,
		                   size, payment);
	arena_deinit(&arena);
	return rc;
}

struct payment *payment_ref(struct payment *payment)
{
	payment->references++;
	return payment;
}

void payment_free(struct payment *payment)
{
	if (payment && --payment->references == 0)
		free(payment);
}

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

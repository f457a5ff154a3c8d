/* Payments, made: their canonical bytes from a draft, signed, and decoded again, since decoding is the one place that
 * says what a payment may be. */
#include <assert.h>
#include <stdlib.h>
#include "canonical.h"
#include "fields.h"
#include "payment.h"
#include "payment.pb-c.h"
#include "uncia/error.h"

/* The messages of a body, which point into a draft. */
struct body {
	Uncia__Pb__Output outputs[PAYMENT_OUTPUTS_MAX], *output_list[PAYMENT_OUTPUTS_MAX];
	Uncia__Pb__Hold holds[PAYMENT_OUTPUTS_MAX], *hold_list[PAYMENT_OUTPUTS_MAX];
	Uncia__Pb__Transfer transfer;
	Uncia__Pb__Take take;
	Uncia__Pb__GiveBack give_back;
	Uncia__Pb__Payment payment;
};

static void body_lists(struct body *body, const struct payment *draft)
{
	for (uint32_t i = 0; i < draft->output_count; i++) {
		const struct output *from = &draft->outputs[i];
		Uncia__Pb__Output *to = body->output_list[i] = &body->outputs[i];
		uncia__pb__output__init(to);
		to->to = field_of(from->to.b, ADDRESS_SIZE);
		if (from->has_reference)
			to->reference = field_of(from->reference, REFERENCE_SIZE);
		to->amount = from->amount;
	}
	for (uint32_t i = 0; i < draft->hold_count; i++) {
		const struct hold_opening *from = &draft->holds[i];
		Uncia__Pb__Hold *to = body->hold_list[i] = &body->holds[i];
		uncia__pb__hold__init(to);
		to->lock = field_of(from->lock.b, HASH_SIZE);
		if (from->has_home)
			to->home = field_of(from->home.b, ADDRESS_SIZE);
		to->end = from->end;
		to->amount = from->amount;
	}
}

static void body_transfer(struct body *body, const struct payment *draft)
{
	uncia__pb__transfer__init(&body->transfer);
	body_lists(body, draft);
	body->transfer.currency = draft->currency;
	body->transfer.n_outputs = draft->output_count;
	body->transfer.outputs = body->output_list;
	body->transfer.n_holds = draft->hold_count;
	body->transfer.holds = body->hold_list;
	body->payment.operation_case = UNCIA__PB__PAYMENT__OPERATION_TRANSFER;
	body->payment.transfer = &body->transfer;
}

static void body_take(struct body *body, const struct payment *draft)
{
	const struct hold_reference *hold = draft->hold;

	uncia__pb__take__init(&body->take);
	body_lists(body, draft);
	body->take.opening = field_of(hold->opening.b, sizeof(hold->opening.b));
	body->take.home = field_of(hold->home.b, ADDRESS_SIZE);
	if (hold->has_secret)
		body->take.secret = field_of(hold->secret, SECRET_SIZE);
	body->take.currency = draft->currency;
	body->take.n_outputs = draft->output_count;
	body->take.outputs = body->output_list;
	body->payment.operation_case = UNCIA__PB__PAYMENT__OPERATION_TAKE;
	body->payment.take = &body->take;
}

static void body_give_back(struct body *body, const struct payment *draft)
{
	uncia__pb__give_back__init(&body->give_back);
	body->give_back.home = field_of(draft->hold->home.b, ADDRESS_SIZE);
	body->give_back.seal = field_of(draft->hold->seal.b, HASH_SIZE);
	body->give_back.currency = draft->currency;
	body->give_back.amount = draft->total;
	body->payment.operation_case = UNCIA__PB__PAYMENT__OPERATION_GIVE_BACK;
	body->payment.give_back = &body->give_back;
}

/* The body's canonical bytes from a draft. Returns 0, UNCIA_E_ENCODING, or UNCIA_E_MEMORY. Owns: *bytes is the
 * caller's.
 */
static int body_encode(const struct payment *draft, const struct address *sender, uint8_t **bytes, size_t *size)
{
	struct body *body;

	if (draft->output_count > PAYMENT_OUTPUTS_MAX || draft->hold_count > PAYMENT_OUTPUTS_MAX - draft->output_count)
		return UNCIA_E_ENCODING;
	body = malloc(sizeof(*body));
	if (!body)
		return UNCIA_E_MEMORY;
	uncia__pb__payment__init(&body->payment);
	body->payment.sender = field_of(sender->b, ADDRESS_SIZE);
	body->payment.expires_at = draft->expires_at;
	body->payment.nonce = field_of(draft->nonce, NONCE_SIZE);
	if (draft->has_memo_hash)
		body->payment.memo_hash = field_of(draft->memo_hash, MEMO_HASH_SIZE);
	switch (draft->kind) {
	case PAYMENT_TRANSFER:
		body_transfer(body, draft);
		break;
	case PAYMENT_TAKE:
		body_take(body, draft);
		break;
	case PAYMENT_GIVE_BACK:
		body_give_back(body, draft);
		break;
	}
	int rc = canonical_encode(&body->payment.base, bytes, size);
	free(body);
	return rc;
}

/* What pays: an account, or the hold that is named. */
static void draft_sender(const struct payment *draft, const uint8_t *public_key, struct address *sender)
{
	struct hash lock, seal;

	*sender = draft->sender;
	switch (draft->kind) {
	case PAYMENT_TRANSFER:
		if (sodium_is_zero(sender->b, ADDRESS_SIZE))
			address_of_key(public_key, sender);
		break;
	case PAYMENT_TAKE:
		hold_lock(public_key, draft->hold->has_secret ? draft->hold->secret : NULL, &lock);
		hold_seal(&draft->hold->opening, &lock, &seal);
		hold_id(&draft->hold->home, &seal, sender);
		break;
	case PAYMENT_GIVE_BACK:
		hold_id(&draft->hold->home, &draft->hold->seal, sender);
		break;
	}
}

/* Wraps a body that is signed, or that nobody signs (signature: NULL), and decodes the whole. */
static int envelope_decode(const struct hash *network_id, struct bytes body, const uint8_t *public_key,
                           const uint8_t *signature, struct payment **payment)
{
	Uncia__Pb__SignedPayment envelope = UNCIA__PB__SIGNED_PAYMENT__INIT;
	uint8_t *bytes = NULL;
	size_t size;

	envelope.body = field_of(body.data, body.size);
	if (signature) {
		envelope.public_key = field_of(public_key, PUBLIC_KEY_SIZE);
		envelope.signature = field_of(signature, SIGNATURE_SIZE);
	}
	int rc = canonical_encode(&envelope.base, &bytes, &size);
	if (rc == 0)
		rc = payment_decode(network_id, bytes, size, payment);
	free(bytes);
	return rc;
}

int payment_make(const struct hash *network_id, const struct payment *draft, const uint8_t *public_key,
                 const uint8_t *secret_key, struct payment **payment)
{
	const bool is_signed = payment_is_signed(draft);
	uint8_t signature[SIGNATURE_SIZE], *body = NULL;
	struct address sender;
	struct hash digest;
	size_t body_size;

	assert((draft->kind == PAYMENT_TRANSFER || draft->hold) && is_signed == !!public_key &&
	       is_signed == !!secret_key);
	draft_sender(draft, public_key, &sender);
	int rc = body_encode(draft, &sender, &body, &body_size);
	if (rc)
		return rc;
	hash2(HASH_PAYMENT_SIGN, network_id->b, HASH_SIZE, body, body_size, &digest);
	if (is_signed)
		rc = sign_digest(secret_key, &digest, signature);
	if (rc == 0)
		rc = envelope_decode(network_id, (struct bytes){body, body_size}, public_key,
		                     is_signed ? signature : NULL, payment);
	free(body);
	return rc;
}

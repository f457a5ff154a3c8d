/* See by_schema.h: encoding §2 as "whatever encodes to the same bytes again", then the sizes and values of ledger §3.
 */
#include "by_schema.h"
#include <stdio.h>
#include <stdlib.h>
#include "canonical.h"
#include "fields.h"
#include "payment.pb-c.h"
#include "uncia/error.h"

#define AGREE(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static bool long_as(const ProtobufCBinaryData *field, size_t size)
{
	return field->len == size;
}

static bool empty_or(const ProtobufCBinaryData *field, size_t size)
{
	return field->len == 0 || field->len == size;
}

/* The verdict on messages that are canonical. */
static int judge(const Uncia__Pb__SignedPayment *envelope, const Uncia__Pb__Payment *body)
{
	if (body->operation_case != UNCIA__PB__PAYMENT__OPERATION_TRANSFER)
		return UNCIA_E_ENCODING;
	const Uncia__Pb__Transfer *transfer = body->transfer;
	if (!long_as(&envelope->public_key, PUBLIC_KEY_SIZE) || !long_as(&envelope->signature, SIGNATURE_SIZE) ||
	    !long_as(&body->sender, ADDRESS_SIZE) || !long_as(&body->nonce, NONCE_SIZE) ||
	    !empty_or(&body->memo_hash, MEMO_HASH_SIZE) || body->expires_at == 0 ||
	    transfer->currency != CURRENCY_FIRST || transfer->n_outputs == 0 ||
	    transfer->n_outputs > PAYMENT_OUTPUTS_MAX)
		return UNCIA_E_ENCODING;
	unsigned __int128 total = 0;
	bool zero = false;
	for (size_t i = 0; i < transfer->n_outputs; i++) {
		const Uncia__Pb__Output *output = transfer->outputs[i];
		if (!long_as(&output->to, ADDRESS_SIZE) || !empty_or(&output->reference, REFERENCE_SIZE))
			return UNCIA_E_ENCODING;
		zero |= output->amount == 0;
		total += output->amount;
	}
	return zero || total > UINT64_MAX ? UNCIA_E_AMOUNT : 0;
}

static void same(const ProtobufCBinaryData *field, bool has, const uint8_t *bytes)
{
	AGREE(has == (field->len != 0));
	AGREE(!has || memcmp(field->data, bytes, field->len) == 0);
}

static void same_fields(const struct payment *p, const Uncia__Pb__SignedPayment *envelope,
                        const Uncia__Pb__Payment *body, const struct hash *network_id)
{
	struct hash digest;
	amount_t total = 0;

	same(&envelope->public_key, true, p->public_key);
	same(&envelope->signature, true, p->signature);
	same(&body->sender, true, p->sender.b);
	same(&body->nonce, true, p->nonce);
	same(&body->memo_hash, p->has_memo_hash, p->memo_hash);
	AGREE(p->expires_at == body->expires_at && p->currency == body->transfer->currency);
	AGREE(p->output_count == body->transfer->n_outputs);
	for (uint32_t i = 0; i < p->output_count; i++) {
		const Uncia__Pb__Output *output = body->transfer->outputs[i];
		same(&output->to, true, p->outputs[i].to.b);
		same(&output->reference, p->outputs[i].has_reference, p->outputs[i].reference);
		AGREE(p->outputs[i].amount == output->amount);
		total += output->amount;
	}
	AGREE(p->total == total);
	hash2(HASH_PAYMENT_SIGN, network_id->b, HASH_SIZE, envelope->body.data, envelope->body.len, &digest);
	AGREE(memcmp(digest.b, p->digest.b, HASH_SIZE) == 0);
}

bool by_schema_agrees(const struct hash *network_id, const void *bytes, size_t size)
{
	struct payment *payment = NULL;
	struct arena arena;
	ProtobufCMessage *envelope = NULL, *body = NULL;

	int said = payment_decode(network_id, bytes, size, &payment);
	AGREE((said == 0) == (payment != NULL));
	arena_init(&arena, SIZE_MAX); /* the bound on memory is protobuf-c's need alone */
	int rc = canonical_decode(&uncia__pb__signed_payment__descriptor, bytes, size, &arena, &envelope);
	if (rc == 0) {
		const ProtobufCBinaryData *inner = &((Uncia__Pb__SignedPayment *)envelope)->body;
		rc = canonical_decode(&uncia__pb__payment__descriptor, inner->data, inner->len, &arena, &body);
	}
	if (rc == 0)
		rc = judge((Uncia__Pb__SignedPayment *)envelope, (Uncia__Pb__Payment *)body);
	if (size > PAYMENT_SIZE_MAX)
		rc = UNCIA_E_LIMIT;
	AGREE(said == rc);
	if (payment)
		same_fields(payment, (Uncia__Pb__SignedPayment *)envelope, (Uncia__Pb__Payment *)body, network_id);
	arena_deinit(&arena);
	payment_free(payment);
	return said == 0;
}

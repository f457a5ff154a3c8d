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

/* The parts of a payment, of whatever operation. */
struct parts {
	uint32_t currency;
	size_t output_count, hold_count;
	Uncia__Pb__Output *const *outputs;
	Uncia__Pb__Hold *const *holds;
};

static struct parts parts_of(const Uncia__Pb__Payment *body)
{
	if (body->operation_case == UNCIA__PB__PAYMENT__OPERATION_TRANSFER)
		return (struct parts){body->transfer->currency, body->transfer->n_outputs, body->transfer->n_holds,
		                      body->transfer->outputs, body->transfer->holds};
	return (struct parts){body->take->currency, body->take->n_outputs, 0, body->take->outputs, NULL};
}

static const uint8_t *home_of(const Uncia__Pb__Payment *body, const Uncia__Pb__Hold *hold)
{
	return hold->home.len ? hold->home.data : body->sender.data;
}

/* ledger §3.1: sizes of holds, the sender not written out, no two the same. */
static int judge_holds(const Uncia__Pb__Payment *body, const struct parts *parts)
{
	for (size_t i = 0; i < parts->hold_count; i++) {
		const Uncia__Pb__Hold *hold = parts->holds[i];
		if (!long_as(&hold->lock, HASH_SIZE) || !empty_or(&hold->home, ADDRESS_SIZE) || hold->end == 0 ||
		    hold->end > UINT32_MAX - 3600 ||
		    (hold->home.len && memcmp(hold->home.data, body->sender.data, ADDRESS_SIZE) == 0))
			return UNCIA_E_ENCODING;
		for (size_t k = 0; k < i; k++)
			if (memcmp(parts->holds[k]->lock.data, hold->lock.data, HASH_SIZE) == 0 &&
			    memcmp(home_of(body, parts->holds[k]), home_of(body, hold), ADDRESS_SIZE) == 0)
				return UNCIA_E_ENCODING;
	}
	return 0;
}

static int judge_parts(const Uncia__Pb__Payment *body, const struct parts *parts)
{
	unsigned __int128 total = 0;
	bool zero = false;

	if (parts->currency != CURRENCY_FIRST || parts->output_count + parts->hold_count == 0 ||
	    parts->output_count + parts->hold_count > PAYMENT_OUTPUTS_MAX)
		return UNCIA_E_ENCODING;
	for (size_t i = 0; i < parts->output_count; i++) {
		const Uncia__Pb__Output *output = parts->outputs[i];
		if (!long_as(&output->to, ADDRESS_SIZE) || !empty_or(&output->reference, REFERENCE_SIZE))
			return UNCIA_E_ENCODING;
		zero |= output->amount == 0;
		total += output->amount;
	}
	for (size_t i = 0; i < parts->hold_count; i++) {
		zero |= parts->holds[i]->amount == 0;
		total += parts->holds[i]->amount;
	}
	if (judge_holds(body, parts))
		return UNCIA_E_ENCODING;
	return zero || total > UINT64_MAX ? UNCIA_E_AMOUNT : 0;
}

/* Whether the sender is the hold of this home and seal. */
static bool is_sender(const Uncia__Pb__Payment *body, const ProtobufCBinaryData *home, const uint8_t seal[HASH_SIZE])
{
	struct hash id;

	hash2(HASH_HOLD, home->data, home->len, seal, HASH_SIZE, &id);
	return memcmp(id.b, body->sender.data, ADDRESS_SIZE) == 0;
}

static int judge_take(const Uncia__Pb__SignedPayment *envelope, const Uncia__Pb__Payment *body)
{
	const Uncia__Pb__Take *take = body->take;
	uint8_t secret[32] = {0};
	struct hash lock, seal;

	if (!long_as(&take->opening, HASH_SIZE) || !long_as(&take->home, ADDRESS_SIZE) ||
	    !empty_or(&take->secret, 32) || take->n_outputs == 0)
		return UNCIA_E_ENCODING;
	if (take->secret.len)
		crypto_hash_sha256(secret, take->secret.data, 32);
	hash2(HASH_LOCK, envelope->public_key.data, PUBLIC_KEY_SIZE, secret, sizeof(secret), &lock);
	hash2(HASH_SEAL, take->opening.data, HASH_SIZE, lock.b, HASH_SIZE, &seal);
	return is_sender(body, &take->home, seal.b) ? 0 : UNCIA_E_ENCODING;
}

static int judge_give_back(const Uncia__Pb__SignedPayment *envelope, const Uncia__Pb__Payment *body)
{
	const Uncia__Pb__GiveBack *give_back = body->give_back;
	static const uint8_t zero[NONCE_SIZE];

	if (envelope->public_key.len || envelope->signature.len || body->memo_hash.len ||
	    memcmp(body->nonce.data, zero, NONCE_SIZE) != 0 || body->expires_at % 3600 ||
	    !long_as(&give_back->home, ADDRESS_SIZE) || !long_as(&give_back->seal, HASH_SIZE) ||
	    give_back->currency != CURRENCY_FIRST || !is_sender(body, &give_back->home, give_back->seal.data))
		return UNCIA_E_ENCODING;
	return give_back->amount ? 0 : UNCIA_E_AMOUNT;
}

/* The verdict on messages that are canonical. */
static int judge(const Uncia__Pb__SignedPayment *envelope, const Uncia__Pb__Payment *body)
{
	const bool give_back = body->operation_case == UNCIA__PB__PAYMENT__OPERATION_GIVE_BACK;

	if (body->operation_case == UNCIA__PB__PAYMENT__OPERATION__NOT_SET || !long_as(&body->sender, ADDRESS_SIZE) ||
	    !long_as(&body->nonce, NONCE_SIZE) || !empty_or(&body->memo_hash, MEMO_HASH_SIZE) || body->expires_at == 0)
		return UNCIA_E_ENCODING;
	if (give_back)
		return judge_give_back(envelope, body);
	if (!long_as(&envelope->public_key, PUBLIC_KEY_SIZE) || !long_as(&envelope->signature, SIGNATURE_SIZE))
		return UNCIA_E_ENCODING;
	if (body->operation_case == UNCIA__PB__PAYMENT__OPERATION_TAKE && judge_take(envelope, body))
		return UNCIA_E_ENCODING;
	const struct parts parts = parts_of(body);
	return judge_parts(body, &parts);
}

static void same(const ProtobufCBinaryData *field, bool has, const uint8_t *bytes)
{
	AGREE(has == (field->len != 0));
	AGREE(!has || memcmp(field->data, bytes, field->len) == 0);
}

/* Returns the sum of the amounts. */
static amount_t same_parts(const struct payment *p, const Uncia__Pb__Payment *body)
{
	const struct parts parts = parts_of(body);
	amount_t total = 0;

	AGREE(p->currency == parts.currency && p->output_count == parts.output_count &&
	      p->hold_count == parts.hold_count);
	for (uint32_t i = 0; i < p->output_count; i++) {
		const Uncia__Pb__Output *output = parts.outputs[i];
		same(&output->to, true, p->outputs[i].to.b);
		same(&output->reference, p->outputs[i].has_reference, p->outputs[i].reference);
		AGREE(p->outputs[i].amount == output->amount);
		total += output->amount;
	}
	for (uint32_t i = 0; i < p->hold_count; i++) {
		const Uncia__Pb__Hold *hold = parts.holds[i];
		same(&hold->lock, true, p->holds[i].lock.b);
		same(&hold->home, p->holds[i].has_home, p->holds[i].home.b);
		AGREE(memcmp(p->holds[i].home.b, home_of(body, hold), ADDRESS_SIZE) == 0);
		AGREE(p->holds[i].amount == hold->amount && p->holds[i].end == hold->end);
		total += hold->amount;
	}
	return total;
}

static void same_fields(const struct payment *p, const Uncia__Pb__SignedPayment *envelope,
                        const Uncia__Pb__Payment *body, const struct hash *network_id)
{
	struct hash digest;
	amount_t total;

	same(&body->sender, true, p->sender.b);
	same(&body->nonce, true, p->nonce);
	same(&body->memo_hash, p->has_memo_hash, p->memo_hash);
	AGREE(p->expires_at == body->expires_at);
	if (body->operation_case == UNCIA__PB__PAYMENT__OPERATION_GIVE_BACK) {
		AGREE(p->kind == PAYMENT_GIVE_BACK && !payment_is_signed(p) && p->output_count == 1 && !p->hold_count);
		same(&body->give_back->home, true, p->outputs[0].to.b);
		same(&body->give_back->home, true, p->hold->home.b);
		same(&body->give_back->seal, true, p->hold->seal.b);
		total = p->outputs[0].amount;
		AGREE(total == body->give_back->amount && !p->outputs[0].has_reference);
	} else {
		same(&envelope->public_key, true, p->public_key);
		same(&envelope->signature, true, p->signature);
		total = same_parts(p, body);
	}
	if (body->operation_case == UNCIA__PB__PAYMENT__OPERATION_TAKE) {
		AGREE(p->kind == PAYMENT_TAKE);
		same(&body->take->home, true, p->hold->home.b);
		same(&body->take->opening, true, p->hold->opening.b);
		same(&body->take->secret, p->hold->has_secret, p->hold->secret);
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

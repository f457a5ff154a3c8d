/* Signed payments. Taken or refused as protobuf-c says by the schema; accepted means: kept in these bytes, and its
 * parts make a payment of the same id. */
#include "by_schema.h"
#include "fuzz.h"

/* Parsed alone and hashed with others, it is the same. */
static void hashed_together(const struct hash *network_id, const struct payment *payment)
{
	struct payment *parsed[3];

	for (unsigned i = 0; i < 3; i++)
		assert(payment_parse(NULL, payment->bytes, payment->size, &parsed[i]) == 0);
	payments_hash(network_id, parsed, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert(memcmp(&parsed[i]->id, &payment->id, sizeof(payment->id)) == 0);
		assert(hash_equal(&parsed[i]->digest, &payment->digest) &&
		       hash_equal(&parsed[i]->whole, &payment->whole));
		for (uint32_t k = 0; k < payment->hold_count; k++)
			assert(address_equal(&parsed[i]->holds[k].id, &payment->holds[k].id));
		payment_free(parsed[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fixture *f = fuzz_network();
	struct fixture_key key;
	struct payment *payment, *again;
	struct address sender;
	uint32_t expires_at;

	payment_peek(data, size, &sender, &expires_at); /* of bytes that may be anything */
	by_schema_agrees(&f->genesis.network_id, data, size);
	if (payment_decode(&f->genesis.network_id, data, size, &payment))
		return 0;
	assert(payment->size == size && memcmp(payment->bytes, data, size) == 0);
	assert(payment_peek(data, size, &sender, &expires_at) && expires_at == payment->expires_at);
	assert(address_equal(&sender, &payment->sender));
	hashed_together(&f->genesis.network_id, payment);
	uint32_t parts = payment->output_count + payment->hold_count;
	assert(parts >= 1 && parts <= PAYMENT_OUTPUTS_MAX);
	assert(payment_named(payment, parts, NULL) && !payment_named(payment, parts + 1, NULL));
	amount_t total = 0;
	for (uint32_t i = 0; i < payment->output_count; i++)
		assert(payment->outputs[i].amount && amount_add(total, payment->outputs[i].amount, &total));
	for (uint32_t i = 0; i < payment->hold_count; i++)
		assert(payment->holds[i].amount && amount_add(total, payment->holds[i].amount, &total));
	assert(total == payment->total && payment_id_expires_at(&payment->id) == payment->expires_at);
	static const struct address none;
	if (!payment_is_signed(payment)) {
		assert(fixture_give_back(&f->genesis.network_id, payment->hold, payment->total, payment->expires_at,
		                         &again) == 0);
		assert(again->size == size && memcmp(again->bytes, data, size) == 0);
		payment_free(again);
	} else if (memcmp(&payment->sender, &none, sizeof(none)) != 0) { /* payment_make takes that for "the key's" */
		fixture_account(0, &key);
		assert(payment_make(&f->genesis.network_id, payment, payment->public_key, key.secret_key, &again) == 0);
		assert(memcmp(&again->id, &payment->id, sizeof(again->id)) == 0 && again->size == size);
		payment_free(again);
	}
	payment_free(payment);
	return 0;
}

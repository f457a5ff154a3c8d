/* The vectors of holds, made from the specification alone: locks, seals, ids and entries; openings, takes, give-backs.
 */
#include "entry.h"
#include "fixture.h"
#include "payment.h"
#include "spec_vectors.h"

static struct hash network_id;

static void open_payments(void)
{
	vectors_open("payments");
	vector_copy(NULL, "network_id", network_id.b, HASH_SIZE);
}

static void read_envelope(const json_t *vector, struct payment *draft)
{
	draft->currency = CURRENCY_FIRST;
	vector_copy(vector, "nonce", draft->nonce, NONCE_SIZE);
	draft->expires_at = (uint32_t)vector_number(vector, "expires_at");
}

static uint32_t read_outputs(const json_t *vector, struct output outputs[PAYMENT_OUTPUTS_MAX])
{
	const json_t *item;
	size_t k;

	json_array_foreach(vector_at(vector, "outputs"), k, item)
	{
		outputs[k] = (struct output){.amount = vector_number(item, "amount")};
		vector_copy(item, "to", outputs[k].to.b, ADDRESS_SIZE);
		outputs[k].has_reference = vector_bytes(item, "reference").size != 0;
		if (outputs[k].has_reference)
			vector_copy(item, "reference", outputs[k].reference, REFERENCE_SIZE);
	}
	return (uint32_t)k;
}

static void expect_payment(const json_t *vector, const struct payment *payment)
{
	vector_expect(vector, "bytes", payment->bytes, payment->size);
	vector_expect(vector, "id", payment->id.b, sizeof(payment->id.b));
	vector_expect(vector, "sender", payment->sender.b, ADDRESS_SIZE);
	vector_expect(vector, "digest", payment->digest.b, HASH_SIZE);
	vector_expect(vector, "whole_hash", payment->whole.b, HASH_SIZE);
	ck_assert(payment_signature_valid(payment));
}

/* Returns the public key of its seed. */
static void lock_of(const json_t *vector, struct hold_opening *hold)
{
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	struct bytes secret = vector_bytes(vector, "secret");

	ck_assert_int_eq(sign_keypair(vector_bytes(vector, "claim_seed").data, public_key, secret_key), 0);
	hold_lock(public_key, secret.size ? secret.data : NULL, &hold->lock);
	vector_expect(vector, "lock", hold->lock.b, HASH_SIZE);
	hold->has_home = vector_bytes(vector, "home").size != 0;
	if (hold->has_home)
		vector_copy(vector, "home", hold->home.b, ADDRESS_SIZE);
	hold->end = (uint32_t)vector_number(vector, "end");
	hold->amount = vector_number(vector, "amount");
}

static void expect_hold(const json_t *vector, const struct hold_opening *hold)
{
	uint8_t bytes[ENTRY_SIZE];
	struct entry entry;
	struct entry_id id;

	vector_expect(vector, "home_address", hold->home.b, ADDRESS_SIZE);
	vector_expect(vector, "seal", hold->seal.b, HASH_SIZE);
	vector_expect(vector, "id", hold->id.b, ADDRESS_SIZE);
	vector_copy(vector, "entry", bytes, ENTRY_SIZE);
	ck_assert_int_eq(entry_decode(bytes, &entry), 0);
	ck_assert_uint_eq(entry.kind, ENTRY_HOLD);
	ck_assert_uint_eq(entry.end, hold->end);
	ck_assert_uint_eq(entry.balance, hold->amount);
	ck_assert(entry_id_of(&entry, &id) && address_equal(&id.address, &hold->id));
}

START_TEST(openings_are_those_of_the_vectors)
{
	open_payments();
	const json_t *vector, *item;
	size_t i, k;
	json_array_foreach(vector_at(NULL, "openings"), i, vector)
	{
		static struct output outputs[PAYMENT_OUTPUTS_MAX];
		static struct hold_opening holds[PAYMENT_OUTPUTS_MAX];
		struct payment draft = {.outputs = outputs, .holds = holds}, *payment;
		uint8_t public_key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE];
		ck_assert_int_eq(sign_keypair(vector_bytes(vector, "sender_seed").data, public_key, secret), 0);
		read_envelope(vector, &draft);
		draft.output_count = read_outputs(vector, outputs);
		json_array_foreach(vector_at(vector, "holds"), k, item) lock_of(item, &holds[k]);
		draft.hold_count = (uint32_t)k;
		ck_assert_int_eq(payment_make(&network_id, &draft, public_key, secret, &payment), 0);
		expect_payment(vector, payment);
		json_array_foreach(vector_at(vector, "holds"), k, item) expect_hold(item, &payment->holds[k]);
		ck_assert_uint_eq(payment->hold_count, k);
		payment_free(payment);
	}
	ck_assert_uint_ge(i, 1);
	vectors_close();
}
END_TEST

START_TEST(takes_are_those_of_the_vectors)
{
	open_payments();
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "takes"), i, vector)
	{
		static struct output outputs[PAYMENT_OUTPUTS_MAX];
		struct hold_reference hold = {.has_secret = vector_bytes(vector, "secret").size != 0};
		struct payment draft = {.kind = PAYMENT_TAKE, .outputs = outputs, .hold = &hold}, *payment;
		uint8_t public_key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE];
		ck_assert_int_eq(sign_keypair(vector_bytes(vector, "sender_seed").data, public_key, secret), 0);
		read_envelope(vector, &draft);
		vector_copy(vector, "opening", hold.opening.b, sizeof(hold.opening.b));
		vector_copy(vector, "home", hold.home.b, ADDRESS_SIZE);
		if (hold.has_secret)
			vector_copy(vector, "secret", hold.secret, SECRET_SIZE);
		draft.output_count = read_outputs(vector, outputs);
		ck_assert_int_eq(payment_make(&network_id, &draft, public_key, secret, &payment), 0);
		expect_payment(vector, payment);
		payment_free(payment);
	}
	ck_assert_uint_ge(i, 2);
	vectors_close();
}
END_TEST

START_TEST(give_backs_are_those_of_the_vectors)
{
	open_payments();
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "give_backs"), i, vector)
	{
		struct payment *payment;
		struct hold_reference hold = {.has_secret = false};
		uint32_t expires_at = fixture_give_back_expires_at(vector_number(vector, "now_s"));
		vector_copy(vector, "home", hold.home.b, ADDRESS_SIZE);
		vector_copy(vector, "seal", hold.seal.b, HASH_SIZE);
		ck_assert_uint_eq(expires_at, vector_number(vector, "expires_at"));
		ck_assert_int_eq(
		    fixture_give_back(&network_id, &hold, vector_number(vector, "amount"), expires_at, &payment), 0);
		expect_payment(vector, payment);
		payment_free(payment);
	}
	ck_assert_uint_ge(i, 2);
	vectors_close();
}
END_TEST

UNIT_MAIN("hold_vectors", openings_are_those_of_the_vectors, takes_are_those_of_the_vectors,
          give_backs_are_those_of_the_vectors)

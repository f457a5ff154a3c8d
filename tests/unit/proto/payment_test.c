/* Payments: what is made decodes to itself, ids and digests follow the specification, all else is refused. */
#include "payment.h"
#include "big_endian.h"
#include "canonical.h"
#include "fields.h"
#include "fixture.h"
#include "payment.pb-c.h"
#include "uncia/error.h"
#include "unit.h"

static struct fixture f;
#define NETWORK (&f.genesis.network_id)
#define EXPIRY  (FIXTURE_TIME_S + 60)

/* A message that tests may spoil before it is signed and encoded. */
struct draft {
	Uncia__Pb__Output outputs[PAYMENT_OUTPUTS_MAX + 1];
	Uncia__Pb__Output *pointers[PAYMENT_OUTPUTS_MAX + 1];
	Uncia__Pb__Transfer transfer;
	Uncia__Pb__Payment body;
	Uncia__Pb__SignedPayment envelope;
	struct fixture_key from, to;
};
static struct draft d;
static const uint8_t filler[256];

static void draft_reset(uint32_t output_count)
{
	fixture_account(1, &d.from);
	fixture_account(2, &d.to);
	for (uint32_t i = 0; i < output_count; i++) {
		d.outputs[i] = (Uncia__Pb__Output)UNCIA__PB__OUTPUT__INIT;
		d.outputs[i].to = field_of(d.to.address.b, ADDRESS_SIZE);
		d.outputs[i].amount = 5000 + i;
		d.pointers[i] = &d.outputs[i];
	}
	d.transfer = (Uncia__Pb__Transfer)UNCIA__PB__TRANSFER__INIT;
	d.transfer.currency = CURRENCY_FIRST;
	d.transfer.n_outputs = output_count;
	d.transfer.outputs = d.pointers;
	d.body = (Uncia__Pb__Payment)UNCIA__PB__PAYMENT__INIT;
	d.body.sender = field_of(d.from.address.b, ADDRESS_SIZE);
	d.body.expires_at = EXPIRY;
	d.body.nonce = field_of(filler, NONCE_SIZE);
	d.body.operation_case = UNCIA__PB__PAYMENT__OPERATION_TRANSFER;
	d.body.transfer = &d.transfer;
	d.envelope = (Uncia__Pb__SignedPayment)UNCIA__PB__SIGNED_PAYMENT__INIT;
	d.envelope.public_key = field_of(d.from.public_key, PUBLIC_KEY_SIZE);
	d.envelope.signature = field_of(filler, SIGNATURE_SIZE);
}

/* Decodes the envelope around these body bytes. */
static int decode_body(const uint8_t *body, size_t size)
{
	uint8_t *bytes;
	size_t bytes_size;
	struct payment *payment = NULL;
	d.envelope.body = field_of(body, size);
	ck_assert_int_eq(canonical_encode(&d.envelope.base, &bytes, &bytes_size), 0);
	int rc = payment_decode(NETWORK, bytes, bytes_size, &payment);
	ck_assert((rc == 0) == (payment != NULL));
	payment_free(payment);
	free(bytes);
	return rc;
}

static int decode_draft(void)
{
	uint8_t *body;
	size_t size;
	ck_assert_int_eq(canonical_encode(&d.body.base, &body, &size), 0);
	int rc = decode_body(body, size);
	free(body);
	return rc;
}

START_TEST(payment_made_decodes_to_its_draft)
{
	struct fixture_key from, to;
	fixture_account(1, &from);
	fixture_account(2, &to);
	struct output outputs[2] = {{.to = to.address, .has_reference = true, .reference = "order 17", .amount = 1},
	                            {.to = from.address, .amount = 500000}};
	struct payment draft = {.expires_at = EXPIRY,
	                        .nonce = "0123456789abcde",
	                        .currency = CURRENCY_FIRST,
	                        .has_memo_hash = true,
	                        .memo_hash = "thirty-two bytes of a memo hash",
	                        .output_count = 2,
	                        .outputs = outputs};
	struct payment *made;
	ck_assert_int_eq(payment_make(NETWORK, &draft, from.public_key, from.secret_key, &made), 0);
	ck_assert_mem_eq(made->sender.b, from.address.b, ADDRESS_SIZE);
	ck_assert_uint_eq(made->expires_at, EXPIRY);
	ck_assert_mem_eq(made->nonce, draft.nonce, NONCE_SIZE);
	ck_assert(made->has_memo_hash);
	ck_assert_mem_eq(made->memo_hash, draft.memo_hash, MEMO_HASH_SIZE);
	ck_assert_uint_eq(made->output_count, 2);
	ck_assert_uint_eq(made->total, 500001);
	ck_assert(made->outputs[0].has_reference && !made->outputs[1].has_reference);
	ck_assert_mem_eq(made->outputs[0].reference, "order 17", REFERENCE_SIZE);
	ck_assert_mem_eq(made->outputs[0].to.b, to.address.b, ADDRESS_SIZE);
	ck_assert_mem_eq(made->public_key, from.public_key, 32);
	ck_assert(sign_verify(made->public_key, &made->digest, made->signature));

	struct payment *again;
	ck_assert_int_eq(payment_decode(NETWORK, made->bytes, made->size, &again), 0);
	ck_assert_mem_eq(again->id.b, made->id.b, 32);
	ck_assert_mem_eq(again->whole.b, made->whole.b, HASH_SIZE);
	payment_free(again);
	payment_free(made);
}
END_TEST

START_TEST(payment_sender_may_differ_from_its_keys_address)
{
	/* a rotated key signs for the address of the first one */
	struct fixture_key from, to;
	fixture_account(1, &from);
	fixture_account(2, &to);
	struct output output = {.to = from.address, .amount = 1};
	struct payment draft = {.sender = to.address,
	                        .expires_at = EXPIRY,
	                        .currency = CURRENCY_FIRST,
	                        .output_count = 1,
	                        .outputs = &output};
	struct payment *made;
	ck_assert_int_eq(payment_make(NETWORK, &draft, from.public_key, from.secret_key, &made), 0);
	ck_assert_mem_eq(made->sender.b, to.address.b, ADDRESS_SIZE);
	payment_free(made);
}
END_TEST

START_TEST(payment_id_is_the_expiry_and_28_bytes_of_hash)
{
	struct payment *payment = fixture_payment(&f, 1, 2, 5000, 0x01020304, 1);
	static const uint8_t prefix[4] = {1, 2, 3, 4};
	ck_assert_mem_eq(payment->id.b, prefix, 4);
	ck_assert_uint_eq(payment_id_expires_at(&payment->id), 0x01020304);

	struct arena arena;
	ProtobufCMessage *message;
	struct hash hash;
	arena_init(&arena, canonical_arena_limit(payment->size));
	ck_assert_int_eq(
	    canonical_decode(&uncia__pb__signed_payment__descriptor, payment->bytes, payment->size, &arena, &message),
	    0);
	const ProtobufCBinaryData *body = &((Uncia__Pb__SignedPayment *)message)->body;
	hash2(HASH_PAYMENT, NETWORK->b, HASH_SIZE, body->data, body->len, &hash);
	ck_assert_mem_eq(payment->id.b + 4, hash.b, 28);
	hash2(HASH_PAYMENT_SIGN, NETWORK->b, HASH_SIZE, body->data, body->len, &hash);
	ck_assert_mem_eq(payment->digest.b, hash.b, HASH_SIZE);
	hash1(HASH_PAYMENT_WHOLE, payment->bytes, payment->size, &hash);
	ck_assert_mem_eq(payment->whole.b, hash.b, HASH_SIZE);
	arena_deinit(&arena);
	payment_free(payment);
}
END_TEST

START_TEST(payment_id_leaves_out_the_signature_and_whole_holds_it)
{
	struct payment *payment = fixture_payment(&f, 1, 2, 5000, EXPIRY, 1), *other;
	uint8_t bytes[512];
	memcpy(bytes, payment->bytes, payment->size);
	bytes[payment->size - 1] ^= 1;
	ck_assert_int_eq(payment_decode(NETWORK, bytes, payment->size, &other), 0);
	ck_assert_mem_eq(other->id.b, payment->id.b, 32);
	ck_assert_mem_eq(other->digest.b, payment->digest.b, HASH_SIZE);
	ck_assert_mem_ne(other->whole.b, payment->whole.b, HASH_SIZE);
	ck_assert(!sign_verify(other->public_key, &other->digest, other->signature));
	payment_free(other);
	payment_free(payment);
}
END_TEST

START_TEST(payment_of_another_network_has_another_id_and_digest)
{
	struct hash network = fixture_hash(5);
	struct payment *payment = fixture_payment(&f, 1, 2, 5000, EXPIRY, 1), *other;
	ck_assert_int_eq(payment_decode(&network, payment->bytes, payment->size, &other), 0);
	ck_assert_mem_ne(other->id.b, payment->id.b, 32);
	ck_assert(!sign_verify(other->public_key, &other->digest, other->signature));
	payment_free(other);
	payment_free(payment);
}
END_TEST

START_TEST(payment_goes_into_a_slab_where_it_fits_and_back)
{
	struct payment *small = fixture_payment(&f, 1, 2, 5000, EXPIRY, 1), *first, *second, *large;
	struct slab home;
	size_t size = sizeof(*small) + sizeof(struct output) + small->size;

	slab_init(&home, size, 10);
	ck_assert_int_eq(payment_decode_at(&home, NETWORK, small->bytes, small->size, &first), 0);
	ck_assert_mem_eq(first->bytes, small->bytes, small->size);
	ck_assert_mem_eq(first->whole.b, small->whole.b, HASH_SIZE);
	payment_free(payment_ref(first));
	ck_assert_uint_eq(home.count, 0);
	payment_free(first);
	ck_assert_uint_eq(home.count, 1);
	ck_assert_int_eq(payment_decode_at(&home, NETWORK, small->bytes, small->size, &second), 0);
	ck_assert_uint_eq(home.count, 0);
	ck_assert_ptr_eq(second->home, &home);
	payment_free(second);
	/* What is refused only for its amount has taken one by then. */
	uint8_t *body, *bytes;
	size_t body_size, bytes_size;
	draft_reset(1);
	d.outputs[0].amount = 0;
	ck_assert_int_eq(canonical_encode(&d.body.base, &body, &body_size), 0);
	d.envelope.body = field_of(body, body_size);
	ck_assert_int_eq(canonical_encode(&d.envelope.base, &bytes, &bytes_size), 0);
	ck_assert_int_eq(payment_decode_at(&home, NETWORK, bytes, bytes_size, &second), UNCIA_E_AMOUNT);
	ck_assert_uint_eq(home.count, 1);
	free(bytes);
	free(body);
	slab_deinit(&home);

	slab_init(&home, size - 1, 10);
	ck_assert_int_eq(payment_decode_at(&home, NETWORK, small->bytes, small->size, &large), 0);
	payment_free(large);
	ck_assert_uint_eq(home.count, 0);
	payment_free(small);
}
END_TEST

START_TEST(payment_takes_1_to_255_outputs)
{
	draft_reset(1);
	ck_assert_int_eq(decode_draft(), 0);
	draft_reset(PAYMENT_OUTPUTS_MAX);
	ck_assert_int_eq(decode_draft(), 0);
	draft_reset(PAYMENT_OUTPUTS_MAX + 1);
	ck_assert_int_eq(decode_draft(), UNCIA_E_ENCODING);
	draft_reset(0);
	ck_assert_int_eq(decode_draft(), UNCIA_E_ENCODING);
}
END_TEST

/* Of one size and of several, in runs of all lengths. */
START_TEST(payments_hashed_together_are_hashed_as_each_alone)
{
	enum { COUNT = 150 };
	struct payment *alone[COUNT], *together[COUNT];

	for (uint32_t i = 0; i < COUNT; i++) {
		amount_t amount = 5000 + (i / 3 % 4 == 3 ? (amount_t)1 << (8 + i % 30) : i);
		alone[i] = fixture_payment(&f, i % 3, 3, i < 70 ? 5000 + i : amount, EXPIRY, i);
	}
	for (uint32_t count = 0; count <= COUNT; count += 1 + count / 4) {
		for (uint32_t i = 0; i < count; i++)
			ck_assert_int_eq(payment_parse(NULL, alone[i]->bytes, alone[i]->size, &together[i]), 0);
		payments_hash(NETWORK, together, count);
		for (uint32_t i = 0; i < count; i++) {
			ck_assert_mem_eq(together[i]->id.b, alone[i]->id.b, sizeof(alone[i]->id.b));
			ck_assert_mem_eq(together[i]->digest.b, alone[i]->digest.b, HASH_SIZE);
			ck_assert_mem_eq(together[i]->whole.b, alone[i]->whole.b, HASH_SIZE);
			payment_free(together[i]);
		}
	}
	for (uint32_t i = 0; i < COUNT; i++)
		payment_free(alone[i]);
}
END_TEST

START_TEST(payment_make_refuses_what_decoding_would)
{
	static struct output outputs[PAYMENT_OUTPUTS_MAX + 1];
	struct fixture_key from;
	fixture_account(1, &from);
	struct payment draft = {.expires_at = EXPIRY, .currency = CURRENCY_FIRST, .outputs = outputs}, *made = NULL;
	ck_assert_int_eq(payment_make(NETWORK, &draft, from.public_key, from.secret_key, &made), UNCIA_E_ENCODING);
	draft.output_count = PAYMENT_OUTPUTS_MAX + 1;
	ck_assert_int_eq(payment_make(NETWORK, &draft, from.public_key, from.secret_key, &made), UNCIA_E_ENCODING);
	draft.output_count = 1; /* of amount 0 */
	ck_assert_int_eq(payment_make(NETWORK, &draft, from.public_key, from.secret_key, &made), UNCIA_E_AMOUNT);
	outputs[0].amount = 1;
	draft.expires_at = 0;
	ck_assert_int_eq(payment_make(NETWORK, &draft, from.public_key, from.secret_key, &made), UNCIA_E_ENCODING);
	ck_assert_ptr_null(made);
}
END_TEST

START_TEST(payment_refuses_zero_amounts_and_totals_that_overflow)
{
	draft_reset(3);
	d.outputs[1].amount = 0;
	ck_assert_int_eq(decode_draft(), UNCIA_E_AMOUNT);
	draft_reset(3);
	d.outputs[0].amount = UINT64_MAX - 1;
	d.outputs[1].amount = 1;
	d.outputs[2].amount = 1;
	ck_assert_int_eq(decode_draft(), UNCIA_E_AMOUNT);
	draft_reset(2);
	d.outputs[0].amount = UINT64_MAX - 1;
	d.outputs[1].amount = 1;
	ck_assert_int_eq(decode_draft(), 0);
}
END_TEST

START_TEST(payment_refuses_every_wrong_length)
{
	draft_reset(1);
	ProtobufCBinaryData *const fields[] = {
	    &d.body.sender,          &d.body.nonce,          &d.body.memo_hash,     &d.outputs[0].to,
	    &d.outputs[0].reference, &d.envelope.public_key, &d.envelope.signature,
	};
	static const struct {
		size_t size;
		bool optional;
	} rules[] = {{20, false}, {16, false}, {32, true}, {20, false}, {8, true}, {32, false}, {64, false}};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		for (size_t size = 0; size <= 80; size++) {
			draft_reset(1);
			*fields[i] = field_of(filler, size);
			bool good = size == rules[i].size || (rules[i].optional && size == 0);
			ck_assert_msg(decode_draft() == (good ? 0 : UNCIA_E_ENCODING), "field %zu size %zu", i, size);
		}
}
END_TEST

START_TEST(payment_refuses_other_currencies_no_operation_and_no_expiry)
{
	draft_reset(1);
	d.transfer.currency = 0;
	ck_assert_int_eq(decode_draft(), UNCIA_E_ENCODING);
	d.transfer.currency = 2;
	ck_assert_int_eq(decode_draft(), UNCIA_E_ENCODING);
	draft_reset(1);
	d.body.operation_case = UNCIA__PB__PAYMENT__OPERATION__NOT_SET;
	ck_assert_int_eq(decode_draft(), UNCIA_E_ENCODING);
	draft_reset(1);
	d.body.expires_at = 0;
	ck_assert_int_eq(decode_draft(), UNCIA_E_ENCODING);
	ck_assert_int_eq(decode_body(filler, 0), UNCIA_E_ENCODING);
}
END_TEST

START_TEST(payment_refuses_unknown_field)
{
	static const uint8_t unknown[] = {0x7a, 0x01, 0x00}; /* field 15, one byte */
	struct payment *payment = fixture_payment(&f, 1, 2, 5000, EXPIRY, 1), *out;
	uint8_t bytes[512], *body;
	size_t size;
	/* in the envelope */
	memcpy(bytes, payment->bytes, payment->size);
	memcpy(bytes + payment->size, unknown, sizeof(unknown));
	ck_assert_int_eq(payment_decode(NETWORK, bytes, payment->size + sizeof(unknown), &out), UNCIA_E_ENCODING);
	/* in the body */
	draft_reset(1);
	ck_assert_int_eq(canonical_encode(&d.body.base, &body, &size), 0);
	memcpy(bytes, body, size);
	ck_assert_int_eq(decode_body(bytes, size), 0);
	memcpy(bytes + size, unknown, sizeof(unknown));
	ck_assert_int_eq(decode_body(bytes, size + sizeof(unknown)), UNCIA_E_ENCODING);
	free(body);
	payment_free(payment);
}
END_TEST

START_TEST(payment_refuses_cut_bytes_and_those_past_the_limit)
{
	struct payment *payment = fixture_payment(&f, 1, 2, 5000, EXPIRY, 1), *out;
	for (size_t size = 0; size < payment->size; size++)
		ck_assert_int_eq(payment_decode(NETWORK, payment->bytes, size, &out), UNCIA_E_ENCODING);
	static const uint8_t large[PAYMENT_SIZE_MAX + 1];
	ck_assert_int_eq(payment_decode(NETWORK, large, sizeof(large), &out), UNCIA_E_LIMIT);
	ck_assert_int_eq(payment_decode(NETWORK, large, sizeof(large) - 1, &out), UNCIA_E_ENCODING);
	payment_free(payment);
}
END_TEST

START_TEST(payment_with_a_flipped_bit_is_refused_or_another_payment)
{
	struct payment *payment = fixture_payment(&f, 1, 2, 5000, EXPIRY, 1), *out;
	uint8_t bytes[512];
	memcpy(bytes, payment->bytes, payment->size);
	for (size_t bit = 0; bit < payment->size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (payment_decode(NETWORK, bytes, payment->size, &out) == 0) {
			ck_assert_mem_ne(out->whole.b, payment->whole.b, HASH_SIZE);
			ck_assert(!sign_verify(out->public_key, &out->digest, out->signature));
			payment_free(out);
		}
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	payment_free(payment);
}
END_TEST

START_TEST(payment_refuses_thousands_of_empty_outputs)
{
	/* transfer { currency 1, outputs: 8,000 of no bytes }: 2 bytes each, that would be dozens in memory */
	static uint8_t body[16384];
	draft_reset(1);
	size_t count = 8000, inner = 2 + 2 * count, at = 0;
	body[at++] = 0x22; /* field 4 */
	body[at++] = (uint8_t)(inner & 0x7f) | 0x80;
	body[at++] = (uint8_t)(inner >> 7 & 0x7f);
	body[at - 1] |= inner >> 14 ? 0x80 : 0;
	if (inner >> 14)
		body[at++] = (uint8_t)(inner >> 14);
	body[at++] = 0x08;
	body[at++] = 0x01;
	for (size_t i = 0; i < count; i++) {
		body[at++] = 0x12;
		body[at++] = 0x00;
	}
	ck_assert_int_eq(decode_body(body, at), UNCIA_E_ENCODING);
}
END_TEST

/* A payment from account 1 to accounts 2, 3, 2 and 1. */
static struct payment *payment_of_several(struct address addresses[5])
{
	static const uint32_t to[] = {2, 3, 2, 1};
	struct output outputs[4] = {{.amount = 0}};
	struct fixture_key from, key;
	struct payment *payment;
	fixture_account(1, &from);
	for (uint32_t i = 0; i < 5; i++) {
		fixture_account(i, &key);
		addresses[i] = key.address;
	}
	for (uint32_t i = 0; i < 4; i++)
		outputs[i] = (struct output){.to = addresses[to[i]], .amount = 1};
	struct payment draft = {
	    .currency = CURRENCY_FIRST, .expires_at = EXPIRY, .output_count = 4, .outputs = outputs};
	ck_assert_int_eq(payment_make(NETWORK, &draft, from.public_key, from.secret_key, &payment), 0);
	return payment;
}

START_TEST(payment_names_its_sender_then_its_receivers)
{
	struct address addresses[5];
	struct payment *payment = payment_of_several(addresses);
	static const uint32_t named[] = {1, 2, 3, 2, 1};
	struct entry_id id;
	for (uint32_t i = 0; i < 5; i++)
		ck_assert(payment_named(payment, i, &id) && entry_id_equal(&id, ACCOUNT(addresses[named[i]])));
	ck_assert(!payment_named(payment, 5, &id));
	ck_assert(!payment_named(payment, UINT32_MAX, NULL));
	payment_free(payment);
}
END_TEST

START_TEST(payment_touches_whom_it_names_and_tells_the_first_place)
{
	struct address addresses[5];
	struct payment *payment = payment_of_several(addresses);
	uint32_t first = 77;
	ck_assert(!payment_touches(payment, ACCOUNT(addresses[0]), &first));
	ck_assert(!payment_touches(payment, ACCOUNT(addresses[4]), NULL));
	ck_assert_uint_eq(first, 77);
	ck_assert(payment_touches(payment, ACCOUNT(addresses[1]), &first));
	ck_assert_uint_eq(first, 0);
	ck_assert(payment_touches(payment, ACCOUNT(addresses[2]), &first));
	ck_assert_uint_eq(first, 1);
	ck_assert(payment_touches(payment, ACCOUNT(addresses[3]), &first));
	ck_assert_uint_eq(first, 2);
	ck_assert(payment_touches(payment, ACCOUNT(addresses[3]), NULL));
	payment_free(payment);
}
END_TEST

int main(void)
{
	fixture_init(&f, 4, 3, 1000000);
	const TTest *tests[] = {
	    payment_made_decodes_to_its_draft,
	    payment_sender_may_differ_from_its_keys_address,
	    payment_id_is_the_expiry_and_28_bytes_of_hash,
	    payment_id_leaves_out_the_signature_and_whole_holds_it,
	    payment_of_another_network_has_another_id_and_digest,
	    payment_goes_into_a_slab_where_it_fits_and_back,
	    payment_takes_1_to_255_outputs,
	    payments_hashed_together_are_hashed_as_each_alone,
	    payment_make_refuses_what_decoding_would,
	    payment_refuses_zero_amounts_and_totals_that_overflow,
	    payment_refuses_every_wrong_length,
	    payment_refuses_other_currencies_no_operation_and_no_expiry,
	    payment_refuses_unknown_field,
	    payment_refuses_cut_bytes_and_those_past_the_limit,
	    payment_with_a_flipped_bit_is_refused_or_another_payment,
	    payment_refuses_thousands_of_empty_outputs,
	    payment_names_its_sender_then_its_receivers,
	    payment_touches_whom_it_names_and_tells_the_first_place,
	};
	int rc = unit_run("payment", NULL, NULL, tests, sizeof(tests) / sizeof(tests[0]));
	fixture_deinit(&f);
	return rc;
}

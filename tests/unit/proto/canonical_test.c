/* Canonical decoding: one encoding per meaning, whatever protobuf itself would let pass, in bounded memory. */
#include "canonical.h"
#include "consensus.pb-c.h"
#include "message.pb-c.h"
#include "payment.pb-c.h"
#include "protocol_limits.h"
#include "uncia/error.h"
#include "unit.h"

#define SET(field, bytes, length) ((field).data = (uint8_t *)(bytes), (field).len = (length))

static const uint8_t filler[64] = {0xa5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x80, 0xff};

static void encode(const void *message, uint8_t **data, size_t *size)
{
	ck_assert_int_eq(canonical_encode(message, data, size), 0);
}

/* A payment of two outputs with every field in use. */
static void example_payment(uint8_t **data, size_t *size)
{
	Uncia__Pb__Output outputs[2] = {UNCIA__PB__OUTPUT__INIT, UNCIA__PB__OUTPUT__INIT};
	Uncia__Pb__Output *list[2] = {&outputs[0], &outputs[1]};
	Uncia__Pb__Transfer transfer = UNCIA__PB__TRANSFER__INIT;
	Uncia__Pb__Payment payment = UNCIA__PB__PAYMENT__INIT;

	SET(outputs[0].to, filler, 20);
	SET(outputs[0].reference, filler + 9, 8);
	outputs[0].amount = 500000;
	SET(outputs[1].to, filler + 20, 20);
	outputs[1].amount = UINT64_MAX;
	transfer.currency = 1;
	transfer.n_outputs = 2;
	transfer.outputs = list;
	SET(payment.sender, filler + 5, 20);
	payment.expires_at = 1700000000;
	SET(payment.nonce, filler + 7, 16);
	payment.operation_case = UNCIA__PB__PAYMENT__OPERATION_TRANSFER;
	payment.transfer = &transfer;
	SET(payment.memo_hash, filler, 32);
	encode(&payment, data, size);
}

static void example_signed(uint8_t **data, size_t *size)
{
	uint8_t *body;
	size_t body_size;
	Uncia__Pb__SignedPayment whole = UNCIA__PB__SIGNED_PAYMENT__INIT;

	example_payment(&body, &body_size);
	SET(whole.body, body, body_size);
	SET(whole.public_key, filler, 32);
	SET(whole.signature, filler, 64);
	encode(&whole, data, size);
	free(body);
}

static int decode(const ProtobufCMessageDescriptor *type, const void *data, size_t size)
{
	struct arena arena;
	ProtobufCMessage *message = NULL;

	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(type, data, size, &arena, &message);
	if (rc == 0) {
		/* What is accepted encodes to the very same bytes, by another way than the decoder's own check. */
		uint8_t *again;
		ck_assert_ptr_nonnull(message);
		ck_assert_uint_eq(protobuf_c_message_get_packed_size(message), size);
		again = malloc(size + 1);
		ck_assert_uint_eq(protobuf_c_message_pack(message, again), size);
		if (size > 0)
			ck_assert_mem_eq(again, data, size);
		free(again);
	} else {
		ck_assert_ptr_null(message);
	}
	ck_assert_uint_le(arena.used, arena.limit);
	arena_deinit(&arena);
	return rc;
}

static void assert_hex(const ProtobufCMessageDescriptor *type, const char *hex, int expected)
{
	uint8_t bytes[256];
	size_t size = unit_hex(hex, bytes, sizeof(bytes));
	int rc = decode(type, bytes, size);
	ck_assert_msg(rc == expected, "%s: %d", hex, rc);
}

START_TEST(examples_decode)
{
	uint8_t *data;
	size_t size;
	example_payment(&data, &size);
	ck_assert_int_eq(decode(&uncia__pb__payment__descriptor, data, size), 0);
	free(data);
	example_signed(&data, &size);
	ck_assert_int_eq(decode(&uncia__pb__signed_payment__descriptor, data, size), 0);
	free(data);
	ck_assert_int_eq(decode(&uncia__pb__payment__descriptor, NULL, 0), 0);
	assert_hex(&uncia__pb__output__descriptor, "0a01aa1805", 0);
	assert_hex(&uncia__pb__payment__descriptor, "2200", 0);
}
END_TEST

START_TEST(second_encodings_of_one_meaning_are_refused)
{
	static const char *const outputs[] = {
	    "0a01aa188500",                 /* overlong value */
	    "0a01aa1885808080808080808000", /* overlong to ten bytes */
	    "0a8100aa1805",                 /* overlong length */
	    "8a0001aa1805",                 /* overlong tag */
	    "0a001805",                     /* explicit empty bytes */
	    "0a01aa1800",                   /* explicit zero */
	    "18050a01aa",                   /* out of order */
	    "0a01aa18051805",               /* twice the same */
	    "0a01aa18041805",               /* twice, the last wins */
	    "0a01aa0a01aa1805",
	    "0a01aa1a0105",                   /* packed form of a field that is not repeated */
	    "0a01aa190500000000000000",       /* 64-bit wire type for a varint */
	    "0a01aa1d05000000",               /* 32-bit wire type */
	    "08aa1805",                       /* varint for bytes */
	    "0a01aa18ffffffffffffffffff7f",   /* more than 64 bits */
	    "0a01aa18ffffffffffffffffffff01", /* eleven bytes */
	    "0a01aa1b1c1805",                 /* groups */
	    "0a01aa1e1805",
	    "0a01aa1f1805", /* wire types that do not exist */
	    "0a01aa18",     /* cut short */
	    "0a02aa",
	    "0a",
	    "8a",
	    "0affffffff0faa",
	    "0affffffffffffffffff01aa",
	    "00",
	    "0000",
	    "0200",           /* field number zero */
	    "0a01aa18052001", /* unknown fields of each wire type */
	    "0a01aa180522010a",
	    "0a01aa18052500000000",
	    "0a01aa1805210000000000000000",
	    "20010a01aa1805",
	    "0a01aa1805f8ffffff0f01", /* the largest field number */
	};
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
		assert_hex(&uncia__pb__output__descriptor, outputs[i], UNCIA_E_ENCODING);
	/* A 32-bit field with more than 32 bits. */
	assert_hex(&uncia__pb__transfer__descriptor, "08ffffffff0f", 0);
	assert_hex(&uncia__pb__transfer__descriptor, "088080808010", UNCIA_E_ENCODING);
	assert_hex(&uncia__pb__transfer__descriptor, "0881808080808001", UNCIA_E_ENCODING);
	assert_hex(&uncia__pb__transfer__descriptor, "08ffffffffffffffffff01", UNCIA_E_ENCODING);
	/* fixed32: zero is absent. */
	assert_hex(&uncia__pb__payment__descriptor, "1501000000", 0);
	assert_hex(&uncia__pb__payment__descriptor, "1500000000", UNCIA_E_ENCODING);
	assert_hex(&uncia__pb__payment__descriptor, "1001", UNCIA_E_ENCODING);
}
END_TEST

START_TEST(oneof_set_twice_is_refused)
{
	assert_hex(&uncia__pb__payment__descriptor, "22020801", 0);
	assert_hex(&uncia__pb__payment__descriptor, "2202080122020801", UNCIA_E_ENCODING);
	assert_hex(&uncia__pb__payment__descriptor, "22002200", UNCIA_E_ENCODING);
	/* Two members of one oneof, messages and bytes. */
	assert_hex(&uncia__pb__node_reply__descriptor, "080112021001", 0);
	assert_hex(&uncia__pb__node_reply__descriptor, "08011a0155", 0);
	assert_hex(&uncia__pb__node_reply__descriptor, "0801120210011a0155", UNCIA_E_ENCODING);
	assert_hex(&uncia__pb__node_reply__descriptor, "08011a015512021001", UNCIA_E_ENCODING);
	assert_hex(&uncia__pb__node_reply__descriptor, "08011a01551a0155", UNCIA_E_ENCODING);
	assert_hex(&uncia__pb__node_reply__descriptor, "0801120052020801", UNCIA_E_ENCODING);
}
END_TEST

/* An unknown field survives re-encoding where it comes last: only looking for it finds it. */
START_TEST(unknown_fields_are_refused_at_every_depth)
{
	const ProtobufCMessageDescriptor *payment = &uncia__pb__payment__descriptor;
	const ProtobufCMessageDescriptor *peer = &uncia__pb__peer_message__descriptor;

	assert_hex(payment, "2206080112021805", 0);
	assert_hex(payment, "22060801120218057801", UNCIA_E_ENCODING); /* of the payment */
	assert_hex(payment, "22080801120218057801", UNCIA_E_ENCODING); /* of the transfer */
	assert_hex(payment, "22080801120418057801", UNCIA_E_ENCODING); /* of its output */
	assert_hex(payment,
	           "220c0801120218051204"
	           "18057801",
	           UNCIA_E_ENCODING); /* of its second output */
	assert_hex(peer, "22050a030a01aa", 0);
	assert_hex(peer, "22070a050a01aa7801", UNCIA_E_ENCODING);   /* of a blob */
	assert_hex(peer, "22070a030a01aa7801", UNCIA_E_ENCODING);   /* of the gossip */
	assert_hex(peer, "22050a030a01aaf80101", UNCIA_E_ENCODING); /* of the message */
}
END_TEST

static uint64_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((random_state >> 33) % n);
}

/* Every substitution, insertion and deletion of one byte: refused, or an encoding of its own (decode asserts it). */
static void mutate_everywhere(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size,
                              unsigned *accepted, unsigned *refused)
{
	uint8_t *mutant = malloc(size + 2);

	for (size_t at = 0; at <= size; at++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(mutant, data, size);
			if (at < size && value != data[at]) {
				mutant[at] = (uint8_t)value;
				++*(decode(type, mutant, size) == 0 ? accepted : refused);
			}
			memcpy(mutant, data, at);
			mutant[at] = (uint8_t)value;
			memcpy(mutant + at + 1, data + at, size - at);
			++*(decode(type, mutant, size + 1) == 0 ? accepted : refused);
		}
		if (at < size) {
			memcpy(mutant, data, at);
			memcpy(mutant + at, data + at + 1, size - at - 1);
			++*(decode(type, mutant, size - 1) == 0 ? accepted : refused);
			++*(decode(type, data, at) == 0 ? accepted : refused);
		}
	}
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(mutant, data, size);
		for (unsigned k = 2 + random_below(4); k > 0; k--)
			mutant[random_below((uint32_t)size)] = (uint8_t)random_below(256);
		++*(decode(type, mutant, size) == 0 ? accepted : refused);
	}
	free(mutant);
}

START_TEST(mutants_are_refused_or_canonical_themselves)
{
	unsigned accepted = 0, refused = 0;
	uint8_t *data;
	size_t size;

	example_payment(&data, &size);
	mutate_everywhere(&uncia__pb__payment__descriptor, data, size, &accepted, &refused);
	free(data);
	example_signed(&data, &size);
	mutate_everywhere(&uncia__pb__signed_payment__descriptor, data, size, &accepted, &refused);
	free(data);
	/* Both kinds occur: a changed byte of a bytes field is another payment, a changed tag is none. */
	ck_assert_uint_gt(accepted, 1000);
	ck_assert_uint_gt(refused, 1000);
}
END_TEST

START_TEST(bomb_of_empty_submessages_is_refused_by_the_limit)
{
	const size_t size = 1 << 20;
	uint8_t *bomb = malloc(size);
	struct arena arena;
	ProtobufCMessage *message = NULL;

	for (size_t i = 0; i < size; i += 2)
		memcpy(bomb + i, "\x12\x00", 2);
	arena_init(&arena, canonical_arena_limit(size));
	ck_assert_int_eq(canonical_decode(&uncia__pb__transfer__descriptor, bomb, size, &arena, &message),
	                 UNCIA_E_LIMIT);
	ck_assert_uint_le(arena.used, 4096 + 16 * size);
	ck_assert_ptr_null(message);
	arena_deinit(&arena);
	/* Unknown fields, two bytes each. */
	for (size_t i = 0; i < size; i += 2)
		memcpy(bomb + i, "\x78\x01", 2);
	ck_assert_int_eq(decode(&uncia__pb__transfer__descriptor, bomb, size), UNCIA_E_LIMIT);
	/* Empty bytes inside: a block of empty blobs. */
	for (size_t i = 0; i < size; i += 4)
		memcpy(bomb + i, "\x12\x02\x0a\x00", 4);
	ck_assert_int_eq(decode(&uncia__pb__block__descriptor, bomb, size), UNCIA_E_LIMIT);
	free(bomb);
}
END_TEST

/* encoding, "Canonical bytes": a repeated element takes at least 24 bytes on the wire, so no honest message meets the
 * arena's bound. */
START_TEST(smallest_honest_elements_stay_within_the_limit)
{
	const size_t sizes[] = {1, 15, 16, 17, 1000, 4097, 8193, 43690, 349525};
	uint8_t *data = malloc(24 * sizes[8]);

	for (size_t i = 0; i < sizes[8]; i++) {
		memcpy(data + 24 * i, "\x0a\x16\x0a\x14", 4);
		memset(data + 24 * i + 4, (int)(i & 0xff), 20);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		ck_assert_int_eq(decode(&uncia__pb__gossip__descriptor, data, 24 * sizes[i]), 0);
	free(data);
}
END_TEST

START_TEST(arena_too_small_is_a_limit)
{
	uint8_t *data;
	size_t size;
	struct arena arena;
	ProtobufCMessage *message = NULL;

	example_payment(&data, &size);
	arena_init(&arena, 64);
	ck_assert_int_eq(canonical_decode(&uncia__pb__payment__descriptor, data, size, &arena, &message),
	                 UNCIA_E_LIMIT);
	arena_deinit(&arena);
	/* An earlier refusal of the arena does not colour a later verdict. */
	arena_init(&arena, 4096);
	ck_assert_ptr_null(arena_alloc(&arena, 4097));
	ck_assert_int_eq(canonical_decode(&uncia__pb__payment__descriptor, "\x0a", 1, &arena, &message),
	                 UNCIA_E_ENCODING);
	ck_assert_int_eq(canonical_decode(&uncia__pb__payment__descriptor, data, size, &arena, &message), 0);
	arena_deinit(&arena);
	free(data);
	ck_assert_uint_eq(canonical_arena_limit(0), 4096);
	ck_assert_uint_eq(canonical_arena_limit(100), 4096 + 1600);
	ck_assert_uint_eq(canonical_arena_limit(SIZE_MAX), SIZE_MAX);
}
END_TEST

START_TEST(fields_are_counted_up_to_a_limit)
{
	/* An integer, one of 4 bytes, one of 8, three bytes of something, and nothing under a tag of two bytes. */
	static const uint8_t five[] = {0x08, 0x96, 0x01, 0x15, 1,    2, 3, 4, 0x19, 1,    2,    3, 4,
	                               5,    6,    7,    8,    0x22, 3, 1, 2, 3,    0x82, 0x7d, 0};
	static uint8_t many[2 * 1000];
	ck_assert(canonical_fields_within(five, 0, 0));
	ck_assert(canonical_fields_within(five, sizeof(five), 5));
	ck_assert(canonical_fields_within(five, sizeof(five), SIZE_MAX));
	for (size_t most = 0; most < 5; most++)
		ck_assert(!canonical_fields_within(five, sizeof(five), most));
	/* What is no message is for the decoder to refuse: no more than `most` fields come before that. */
	for (size_t size = 1; size < sizeof(five); size++)
		ck_assert(canonical_fields_within(five, size, 5));
	ck_assert(canonical_fields_within("\x0b\x00\x0b", 3, 1));
	ck_assert(canonical_fields_within("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 12, 1));
	for (size_t i = 0; i < 1000; i++)
		many[2 * i] = 0x2a; /* an element of nothing */
	ck_assert(canonical_fields_within(many, sizeof(many), 1000));
	ck_assert(!canonical_fields_within(many, sizeof(many), 999));
	/* What is inside of an element is not counted. */
	many[1] = 100;
	ck_assert(canonical_fields_within(many, sizeof(many), 950));
	ck_assert(!canonical_fields_within(many, sizeof(many), 949));
}
END_TEST

UNIT_MAIN("canonical", examples_decode, second_encodings_of_one_meaning_are_refused, oneof_set_twice_is_refused,
          unknown_fields_are_refused_at_every_depth, mutants_are_refused_or_canonical_themselves,
          bomb_of_empty_submessages_is_refused_by_the_limit, smallest_honest_elements_stay_within_the_limit,
          arena_too_small_is_a_limit, fields_are_counted_up_to_a_limit)

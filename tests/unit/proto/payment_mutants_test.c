/* Bytes that are almost a payment: the decoder written by hand and the schema say the same of each. The changes are
 * made at every depth, inside lengths that fit them, so that they are not all refused for a length. */
#include "by_schema.h"
#include "fixture.h"
#include "unit.h"

#define MUTANTS 3000

struct piece {
	uint8_t b[2048];
	size_t size;
};

static struct fixture f;
static uint64_t seed;

static uint32_t chance(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static void add(struct piece *p, const void *data, size_t size)
{
	ck_assert_uint_le(p->size + size, sizeof(p->b));
	memcpy(p->b + p->size, data, size);
	p->size += size;
}

static void add_byte(struct piece *p, uint8_t byte)
{
	add(p, &byte, 1);
}

/* A length or number, now and then longer than it need be. */
static void add_varint(struct piece *p, uint64_t value, bool longer)
{
	for (; value > 127; value >>= 7)
		add_byte(p, (uint8_t)value | 0x80);
	add_byte(p, (uint8_t)value | (longer ? 0x80 : 0));
	if (longer)
		add_byte(p, 0);
}

static void add_field(struct piece *p, uint8_t tag, size_t size)
{
	static const uint8_t filler[64] = {1, 2, 3};
	add_byte(p, tag);
	add_varint(p, size, false);
	add(p, filler, size);
}

static void add_message(struct piece *p, uint8_t tag, const struct piece *message)
{
	add_byte(p, tag);
	add_varint(p, message->size, chance(400) == 0);
	add(p, message->b, message->size);
}

/* Puts a copy of some bytes of it in another place, takes some away, or changes one. */
static void mutate(struct piece *p)
{
	static const uint8_t likely[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0x08, 0x0a, 0x10, 0x12, 0x14, 0x15,
	                                 0x18, 0x1a, 0x20, 0x22, 0x2a, 0x08, 0x40, 0x11, 0x13, 0x09, 0x7a};
	size_t at = p->size ? chance((uint32_t)p->size) : 0,
	       n = 1 + chance(p->size > at ? (uint32_t)(p->size - at) : 1);
	uint8_t byte = chance(2) ? likely[chance(sizeof(likely))] : (uint8_t)chance(256);
	struct piece copy = *p;

	switch (chance(5)) {
	case 0:
		if (p->size)
			p->b[at] = byte;
		break;
	case 1:
		p->size = at;
		add_byte(p, byte);
		add(p, copy.b + at, copy.size - at);
		break;
	case 2:
		if (!p->size)
			break;
		p->size = at;
		n = chance(2) ? 1 : n;
		add(p, copy.b + at + n, copy.size - at - n);
		break;
	case 3:
		if (!p->size || copy.size > 600)
			break;
		p->size = chance((uint32_t)copy.size + 1);
		size_t to = p->size;
		add(p, copy.b + at, n);
		add(p, copy.b + to, copy.size - to);
		break;
	default:
		add_byte(p, byte);
	}
}

static void maybe_mutate(struct piece *p, bool now)
{
	if (!now)
		return;
	mutate(p);
	if (chance(4) == 0)
		mutate(p);
}

static void add_output(struct piece *transfer, bool now)
{
	struct piece output = {.size = 0};

	add_field(&output, 0x0a, ADDRESS_SIZE);
	if (chance(2))
		add_field(&output, 0x12, chance(20) ? REFERENCE_SIZE : chance(10));
	if (chance(20)) {
		add_byte(&output, 0x18);
		if (chance(30) == 0) { /* about 2^63, or what is past 64 bits */
			add(&output, "\x80\x80\x80\x80\x80\x80\x80\x80\x80", 9);
			add_byte(&output, (uint8_t)(1 + chance(3)));
		} else {
			add_varint(&output, chance(3) ? UINT64_MAX >> chance(64) : chance(3), chance(40) == 0);
		}
	}
	maybe_mutate(&output, now);
	add_message(transfer, 0x12, &output);
}

/* depth: where the change is made, 4 for nowhere. */
static bool mutant(unsigned depth)
{
	struct piece envelope = {.size = 0}, body = {.size = 0}, transfer = {.size = 0};

	add_byte(&transfer, 0x08);
	add_varint(&transfer, chance(20) ? 1 : chance(3), chance(40) == 0);
	for (uint32_t i = 0, n = chance(4); i < n; i++)
		add_output(&transfer, depth == 0 && i == 0);
	maybe_mutate(&transfer, depth == 1);
	add_field(&body, 0x0a, ADDRESS_SIZE);
	add_byte(&body, 0x15);
	add_byte(&body, chance(30) ? 1 : 0);
	add(&body, "\0\0", 3);
	add_field(&body, 0x1a, NONCE_SIZE);
	add_message(&body, 0x22, &transfer);
	if (chance(2))
		add_field(&body, 0x2a, MEMO_HASH_SIZE);
	maybe_mutate(&body, depth == 2);
	add_message(&envelope, 0x0a, &body);
	add_field(&envelope, 0x12, PUBLIC_KEY_SIZE);
	add_field(&envelope, 0x1a, SIGNATURE_SIZE);
	maybe_mutate(&envelope, depth == 3);
	return by_schema_agrees(&f.genesis.network_id, envelope.b, envelope.size);
}

START_TEST(mutants_are_judged_as_by_the_schema)
{
	for (unsigned depth = 0; depth <= 4; depth++) {
		unsigned taken = 0;
		seed = depth + 1;
		for (int i = 0; i < MUTANTS; i++)
			taken += mutant(depth);
		/* Both verdicts were heard, many times. */
		ck_assert_uint_gt(taken, MUTANTS / 100);
		ck_assert_uint_lt(taken, MUTANTS - MUTANTS / 10);
	}
}
END_TEST

START_TEST(every_flipped_bit_and_every_cut_is_judged_as_by_the_schema)
{
	struct payment *payment = fixture_payment(&f, 1, 2, 5000, FIXTURE_TIME_S + 60, 1);
	uint8_t bytes[512];
	size_t size = payment->size;

	for (size_t at = 0; at < size; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bytes, payment->bytes, size);
			bytes[at] ^= (uint8_t)(1u << bit);
			by_schema_agrees(&f.genesis.network_id, bytes, size);
		}
	for (size_t cut = 0; cut <= size; cut++)
		ck_assert(by_schema_agrees(&f.genesis.network_id, payment->bytes, cut) == (cut == size));
	payment_free(payment);
}
END_TEST

int main(void)
{
	fixture_init(&f, 4, 3, 1000000);
	const TTest *tests[] = {mutants_are_judged_as_by_the_schema,
	                        every_flipped_bit_and_every_cut_is_judged_as_by_the_schema};
	int rc = unit_run("payment_mutants", NULL, NULL, tests, sizeof(tests) / sizeof(tests[0]));
	fixture_deinit(&f);
	return rc;
}

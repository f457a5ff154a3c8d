/* Committees: quorums, leaders, and every configuration that is refused. */
#include "committee.h"
#include "big_endian.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"

static struct validator members[COMMITTEE_SIZE_MAX + 1];

static void members_reset(void)
{
	for (uint32_t i = 0; i <= COMMITTEE_SIZE_MAX; i++) {
		struct fixture_validator validator;
		fixture_validator(i, &validator);
		memcpy(members[i].consensus_key, validator.consensus.public_key, 32);
		memcpy(members[i].network_key, validator.network_public, 32);
		members[i].weight = 1;
	}
}

static int init(uint32_t size, uint64_t faulty, uint64_t slow)
{
	static struct committee c;
	return committee_init(&c, 0, members, size, faulty, slow);
}

START_TEST(quorums_are_those_of_the_specification)
{
	static const struct {
		uint32_t n;
		uint64_t f, p, slow, fast, k;
	} rows[] = {
	    {1, 0, 0, 1, 1, 1}, {4, 1, 0, 3, 4, 2}, {6, 1, 1, 4, 5, 3}, {7, 2, 0, 5, 7, 3}, {7, 1, 1, 5, 6, 3},
	};
	members_reset();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct committee c;
		ck_assert_int_eq(committee_init(&c, 3, members, rows[i].n, rows[i].f, rows[i].p), 0);
		ck_assert_uint_eq(c.epoch, 3);
		ck_assert_uint_eq(c.size, rows[i].n);
		ck_assert_uint_eq(c.weight, rows[i].n);
		ck_assert_uint_eq(c.quorum_slow, rows[i].slow);
		ck_assert_uint_eq(c.quorum_fast, rows[i].fast);
		ck_assert_uint_eq(c.key_threshold, rows[i].k);
	}
}
END_TEST

START_TEST(default_faults_fit_and_no_larger_ones_do)
{
	for (uint64_t weight = 1; weight < 2000; weight++) {
		uint64_t f, p;
		committee_default_faults(weight, &f, &p);
		ck_assert_uint_le(3 * f + 2 * p + 1, weight);
		ck_assert_uint_gt(3 * (f + 1) + 1, weight);
		ck_assert_uint_gt(3 * f + 2 * (p + 1) + 1, weight);
	}
	uint64_t f, p;
	committee_default_faults(UINT64_MAX, &f, &p);
	ck_assert_uint_eq(f, (UINT64_MAX - 1) / 3);
}
END_TEST

START_TEST(committee_takes_1_to_128_members)
{
	members_reset();
	ck_assert_int_eq(init(0, 0, 0), UNCIA_E_CONFIG);
	ck_assert_int_eq(init(1, 0, 0), 0);
	ck_assert_int_eq(init(COMMITTEE_SIZE_MAX, 42, 0), 0);
	ck_assert_int_eq(init(COMMITTEE_SIZE_MAX + 1, 0, 0), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(committee_refuses_more_faults_than_its_weight_bears)
{
	members_reset();
	for (uint64_t f = 0; f < 12; f++)
		for (uint64_t p = 0; p < 12; p++)
			ck_assert_int_eq(init(10, f, p), 3 * f + 2 * p + 1 <= 10 ? 0 : UNCIA_E_CONFIG);
	/* values whose products overflow to something small */
	ck_assert_int_eq(init(10, UINT64_MAX / 3 + 1, 0), UNCIA_E_CONFIG);
	ck_assert_int_eq(init(10, 0, UINT64_C(1) << 63), UNCIA_E_CONFIG);
	ck_assert_int_eq(init(10, UINT64_MAX, UINT64_MAX), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(committee_refuses_weights_of_zero_or_too_large_together)
{
	struct committee c;
	members_reset();
	members[1].weight = 0;
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
	members[1].weight = (UINT64_C(1) << 62) - 4;
	uint64_t f, p;
	committee_default_faults((UINT64_C(1) << 62) - 1, &f, &p);
	ck_assert_int_eq(committee_init(&c, 0, members, 4, f, p), 0);
	ck_assert_uint_eq(c.weight, (UINT64_C(1) << 62) - 1);
	/* two quorums share more than F: 2 Qs > W + F */
	ck_assert_uint_gt(2 * c.quorum_slow, c.weight + c.faulty);
	members[1].weight++;
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
	members[1].weight = UINT64_MAX;
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
	for (int i = 0; i < 4; i++)
		members[i].weight = UINT64_C(1) << 62; /* 2^64 together: zero */
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(committee_refuses_a_key_that_appears_twice)
{
	members_reset();
	memcpy(members[3].consensus_key, members[1].consensus_key, 32);
	ck_assert_int_eq(init(3, 0, 0), 0);
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
	members_reset();
	memcpy(members[2].network_key, members[0].network_key, 32);
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(committee_refuses_keys_that_are_not_valid_points)
{
	members_reset();
	memset(members[2].consensus_key, 0, 32);
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
	/* low order on curve25519: 0, 1, and the one of order 8 */
	static const uint8_t order_8[32] = {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
	                                    0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
	                                    0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00};
	members_reset();
	memset(members[2].network_key, 0, 32);
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
	members[2].network_key[0] = 1;
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
	memcpy(members[2].network_key, order_8, 32);
	ck_assert_int_eq(init(4, 0, 0), UNCIA_E_CONFIG);
	members[2].network_key[0]++; /* some other point */
	ck_assert_int_eq(init(4, 0, 0), 0);
}
END_TEST

START_TEST(committee_leaves_its_place_alone_when_it_refuses)
{
	struct committee c, before;
	memset(&c, 0x5a, sizeof(c));
	before = c;
	members_reset();
	ck_assert_int_eq(committee_init(&c, 0, members, 4, 2, 0), UNCIA_E_CONFIG);
	ck_assert_mem_eq(&c, &before, sizeof(c));
}
END_TEST

START_TEST(leaders_take_turns_by_view)
{
	struct committee c;
	members_reset();
	ck_assert_int_eq(committee_init(&c, 0, members, 7, 0, 0), 0);
	for (uint64_t view = 0; view < 50; view++)
		ck_assert_uint_eq(committee_leader(&c, view), view % 7);
	ck_assert_uint_eq(committee_leader(&c, UINT64_MAX), UINT64_MAX % 7);
}
END_TEST

START_TEST(hash_is_over_the_layout_and_binds_every_field)
{
	struct committee c, other;
	members_reset();
	ck_assert_int_eq(committee_init(&c, 1, members, 2, 0, 0), 0);
	uint8_t bytes[28 + 2 * 72];
	be64_put(bytes, 1);
	be64_put(bytes + 8, 0);
	be64_put(bytes + 16, 0);
	be32_put(bytes + 24, 2);
	for (int i = 0; i < 2; i++) {
		memcpy(bytes + 28 + 72 * i, members[i].consensus_key, 32);
		memcpy(bytes + 60 + 72 * i, members[i].network_key, 32);
		be64_put(bytes + 92 + 72 * i, 1);
	}
	struct hash expected;
	hash1(HASH_COMMITTEE, bytes, sizeof(bytes), &expected);
	ck_assert_mem_eq(c.hash.b, expected.b, HASH_SIZE);

	ck_assert_int_eq(committee_init(&c, 0, members, 9, 1, 1), 0);
	ck_assert_int_eq(committee_init(&other, 1, members, 9, 1, 1), 0);
	ck_assert_mem_ne(c.hash.b, other.hash.b, HASH_SIZE);
	ck_assert_int_eq(committee_init(&other, 0, members, 9, 0, 1), 0);
	ck_assert_mem_ne(c.hash.b, other.hash.b, HASH_SIZE);
	ck_assert_int_eq(committee_init(&other, 0, members, 9, 1, 0), 0);
	ck_assert_mem_ne(c.hash.b, other.hash.b, HASH_SIZE);
	members[8].weight = 2;
	ck_assert_int_eq(committee_init(&other, 0, members, 9, 1, 1), 0);
	ck_assert_mem_ne(c.hash.b, other.hash.b, HASH_SIZE);
	members_reset();
	struct validator swap = members[0];
	members[0] = members[1];
	members[1] = swap;
	ck_assert_int_eq(committee_init(&other, 0, members, 9, 1, 1), 0);
	ck_assert_mem_ne(c.hash.b, other.hash.b, HASH_SIZE);
}
END_TEST

UNIT_MAIN("committee", quorums_are_those_of_the_specification, default_faults_fit_and_no_larger_ones_do,
          committee_takes_1_to_128_members, committee_refuses_more_faults_than_its_weight_bears,
          committee_refuses_weights_of_zero_or_too_large_together, committee_refuses_a_key_that_appears_twice,
          committee_refuses_keys_that_are_not_valid_points, committee_leaves_its_place_alone_when_it_refuses,
          leaders_take_turns_by_view, hash_is_over_the_layout_and_binds_every_field)

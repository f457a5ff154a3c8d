/* The genesis: made, read back, and each way it can be wrong. */
#include "canonical.h"
#include "committee.h"
#include "fields.h"
#include "fixture.h"
#include "genesis.pb-c.h"
#include "uncia/error.h"
#include "unit.h"

/* A good genesis message, which tests spoil. */
static struct {
	struct fixture_validator keys[4];
	struct fixture_key holders[3];
	Uncia__Pb__Validator validators[4], *validator_pointers[4];
	Uncia__Pb__GenesisAccount accounts[3], *account_pointers[3];
	Uncia__Pb__Genesis pb;
} d;
static const uint8_t filler[64];

static int by_address(const void *a, const void *b)
{
	return memcmp(((const struct fixture_key *)a)->address.b, ((const struct fixture_key *)b)->address.b,
	              ADDRESS_SIZE);
}

static void reset(void)
{
	d.pb = (Uncia__Pb__Genesis)UNCIA__PB__GENESIS__INIT;
	for (uint32_t i = 0; i < 4; i++) {
		fixture_validator(i, &d.keys[i]);
		d.validators[i] = (Uncia__Pb__Validator)UNCIA__PB__VALIDATOR__INIT;
		d.validators[i].consensus_key = field_of(d.keys[i].consensus.public_key, 32);
		d.validators[i].network_key = field_of(d.keys[i].network_public, 32);
		d.validators[i].weight = 1;
		d.validator_pointers[i] = &d.validators[i];
	}
	for (uint32_t i = 0; i < 3; i++)
		fixture_account(i, &d.holders[i]);
	qsort(d.holders, 3, sizeof(d.holders[0]), by_address);
	for (uint32_t i = 0; i < 3; i++) {
		d.accounts[i] = (Uncia__Pb__GenesisAccount)UNCIA__PB__GENESIS_ACCOUNT__INIT;
		d.accounts[i].address = field_of(d.holders[i].address.b, ADDRESS_SIZE);
		d.accounts[i].balance = 1000 * (i + 1);
		d.account_pointers[i] = &d.accounts[i];
	}
	d.pb.version = 3;
	d.pb.name = field_of("test net", 8);
	d.pb.timestamp_ms = FIXTURE_TIME_MS;
	d.pb.faulty = 1;
	d.pb.n_validators = 4;
	d.pb.validators = d.validator_pointers;
	d.pb.currency = 1;
	d.pb.currency_code = field_of("UNC", 3);
	d.pb.smallest_amount = 1000;
	d.pb.n_accounts = 3;
	d.pb.accounts = d.account_pointers;
}

static int decode(void)
{
	uint8_t *bytes;
	size_t size;
	struct genesis g;
	ck_assert_int_eq(canonical_encode(&d.pb.base, &bytes, &size), 0);
	int rc = genesis_decode(&g, bytes, size);
	free(bytes);
	if (rc == 0)
		genesis_deinit(&g);
	return rc;
}

START_TEST(genesis_made_decodes_to_the_same_network)
{
	struct fixture f;
	struct genesis g;
	struct hash id;
	fixture_init(&f, 4, 50, 1000000);
	const struct genesis *made = &f.genesis;
	ck_assert_int_eq(genesis_decode(&g, made->bytes, made->size), 0);
	ck_assert_mem_eq(g.network_id.b, made->network_id.b, HASH_SIZE);
	hash1(HASH_GENESIS, g.bytes, g.size, &id);
	ck_assert_mem_eq(g.network_id.b, id.b, HASH_SIZE);
	ck_assert_str_eq(g.name, "fixture");
	ck_assert_str_eq(g.currency_code, "UNC");
	ck_assert_uint_eq(g.currency, 1);
	ck_assert_uint_eq(g.timestamp_ms, FIXTURE_TIME_MS);
	ck_assert_uint_eq(g.smallest_amount, FIXTURE_SMALLEST_AMOUNT);
	ck_assert_uint_eq(g.supply, 50000000);
	ck_assert_uint_eq(g.account_count, 50);
	ck_assert_uint_eq(g.committee.size, 4);
	ck_assert_uint_eq(g.committee.faulty, 1);
	for (uint32_t i = 1; i < g.account_count; i++)
		ck_assert_int_lt(memcmp(g.accounts[i - 1].address.b, g.accounts[i].address.b, ADDRESS_SIZE), 0);
	struct hash block_id;
	genesis_block_id(&g, &block_id);
	hash1(HASH_BLOCK, g.network_id.b, HASH_SIZE, &id);
	ck_assert_mem_eq(block_id.b, id.b, HASH_SIZE);
	genesis_deinit(&g);
	fixture_deinit(&f);
}
END_TEST

START_TEST(genesis_does_not_depend_on_the_order_of_its_accounts)
{
	struct genesis a, b;
	struct validator member = {.weight = 1};
	struct genesis_account accounts[5], reversed[5];
	reset();
	memcpy(member.consensus_key, d.keys[0].consensus.public_key, 32);
	memcpy(member.network_key, d.keys[0].network_public, 32);
	for (uint32_t i = 0; i < 5; i++) {
		struct fixture_key key;
		fixture_account(i, &key);
		accounts[i] = reversed[4 - i] = (struct genesis_account){.address = key.address, .balance = 5000 + i};
	}
	ck_assert_int_eq(
	    genesis_make(&a, &(struct genesis_parameters){"n", 1, "UNC", 1, &member, 1, 0, 0, accounts, 5}), 0);
	ck_assert_int_eq(
	    genesis_make(&b, &(struct genesis_parameters){"n", 1, "UNC", 1, &member, 1, 0, 0, reversed, 5}), 0);
	ck_assert_mem_eq(a.network_id.b, b.network_id.b, HASH_SIZE);
	genesis_deinit(&a);
	genesis_deinit(&b);
	/* the same address twice */
	accounts[1].address = accounts[3].address;
	ck_assert_int_eq(
	    genesis_make(&a, &(struct genesis_parameters){"n", 1, "UNC", 1, &member, 1, 0, 0, accounts, 5}),
	    UNCIA_E_CONFIG);
	/* no holder at all is a network without money */
	ck_assert_int_eq(genesis_make(&a, &(struct genesis_parameters){"n", 1, "UNC", 1, &member, 1, 0, 0, NULL, 0}),
	                 0);
	ck_assert_uint_eq(a.supply, 0);
	genesis_deinit(&a);
	ck_assert_int_eq(genesis_make(&a, &(struct genesis_parameters){"n", 1, "UNC", 1, &member,
	                                                               COMMITTEE_SIZE_MAX + 1, 0, 0, NULL, 0}),
	                 UNCIA_E_CONFIG);
}
END_TEST

/* Whatever else stands in it: the rules of another version may have other fields and other limits. */
START_TEST(genesis_of_another_version_is_called_that_and_not_judged)
{
	static const struct {
		uint8_t bytes[8];
		size_t size;
		uint32_t version;
		int rc;
	} of[] = {
	    {{0x08, 4}, 2, 4, UNCIA_E_VERSION},
	    {{0x08, 1, 0xff, 0xff}, 4, 1, UNCIA_E_VERSION},
	    {{0x08, 0xff, 0xff, 0xff, 0xff, 0x0f, 7}, 7, UINT32_MAX, UNCIA_E_VERSION},
	    {{0x08, 0xff, 0xff, 0xff, 0xff, 0x10, 7}, 7, 0, UNCIA_E_ENCODING},
	    {{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 7, 0, UNCIA_E_ENCODING},
	    {{0x08, 0x83, 0}, 3, 3, UNCIA_E_ENCODING}, /* two bytes where one would do */
	    {{0x08, 0x83}, 2, 0, UNCIA_E_ENCODING},
	    {{0x08, 0}, 2, 0, UNCIA_E_ENCODING},
	    {{0x08}, 1, 0, UNCIA_E_ENCODING},
	    {{0x10, 3}, 2, 0, UNCIA_E_ENCODING},
	    {{0}, 0, 0, UNCIA_E_ENCODING},
	};
	struct genesis g;
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		ck_assert_uint_eq(genesis_version(of[i].bytes, of[i].size), of[i].version);
		ck_assert_int_eq(genesis_decode(&g, of[i].bytes, of[i].size), of[i].rc);
	}
	reset();
	for (uint32_t version = 1; version < 300; version++) {
		d.pb.version = version;
		ck_assert_int_eq(decode(), version == GENESIS_VERSION ? 0 : UNCIA_E_VERSION);
	}
}
END_TEST

START_TEST(genesis_refuses_wrong_constants)
{
	reset();
	ck_assert_int_eq(decode(), 0);
	d.pb.version = 0;
	ck_assert_int_eq(decode(), UNCIA_E_ENCODING);
	reset();
	d.pb.currency = 2;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
	reset();
	d.pb.smallest_amount = 0;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
	reset();
	d.pb.faulty = 2;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
	reset();
	d.pb.n_validators = 0;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(genesis_takes_names_and_codes_of_their_alphabets_only)
{
	static const struct {
		const char *name, *code;
		int rc;
	} rows[] = {
	    {"a", "UNC", 0},
	    {"A town-2_b.c", "ABCDEFGH", 0},
	    {"12345678901234567890123456789012", "XYZ", 0},
	    {" a", "UNC", UNCIA_E_CONFIG},
	    {"a ", "UNC", UNCIA_E_CONFIG},
	    {" ", "UNC", UNCIA_E_CONFIG},
	    {";a", "UNC", UNCIA_E_CONFIG},
	    {"a ;b", "UNC", UNCIA_E_CONFIG},
	    {"a#b", "UNC", UNCIA_E_CONFIG},
	    {"a=b", "UNC", UNCIA_E_CONFIG},
	    {"a~", "UNC", UNCIA_E_CONFIG},
	    {"123456789012345678901234567890123", "XYZ", UNCIA_E_CONFIG},
	    {"", "UNC", UNCIA_E_CONFIG},
	    {"new\nline", "UNC", UNCIA_E_CONFIG},
	    {"del\x7f", "UNC", UNCIA_E_CONFIG},
	    {"\xc3\xa9", "UNC", UNCIA_E_CONFIG},
	    {"a", "UN", UNCIA_E_CONFIG},
	    {"a", "ABCDEFGHI", UNCIA_E_CONFIG},
	    {"a", "unc", UNCIA_E_CONFIG},
	    {"a", "UN1", UNCIA_E_CONFIG},
	    {"a", "UN[", UNCIA_E_CONFIG},
	    {"a", "UN@", UNCIA_E_CONFIG},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		reset();
		d.pb.name = field_of(rows[i].name, strlen(rows[i].name));
		d.pb.currency_code = field_of(rows[i].code, strlen(rows[i].code));
		ck_assert_msg(decode() == rows[i].rc, "row %zu", i);
	}
	reset();
	d.pb.name = field_of("nul\0nul", 7);
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(genesis_has_a_time_at_which_payments_can_expire)
{
	static const uint64_t first_refused = UINT64_C(4294963696) * 1000;
	reset();
	d.pb.timestamp_ms = first_refused - 1;
	ck_assert_int_eq(decode(), 0);
	d.pb.timestamp_ms = first_refused;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
	d.pb.timestamp_ms = UINT64_MAX;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(genesis_refuses_accounts_out_of_order_or_twice)
{
	reset();
	d.account_pointers[0] = &d.accounts[1];
	d.account_pointers[1] = &d.accounts[0];
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
	reset();
	d.account_pointers[1] = &d.accounts[0];
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(genesis_refuses_balances_below_the_smallest_and_supplies_that_overflow)
{
	reset();
	d.accounts[0].balance = 999;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
	d.accounts[0].balance = 0;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
	reset();
	d.accounts[0].balance = UINT64_MAX - 5000; /* beside 2000 and 3000 */
	ck_assert_int_eq(decode(), 0);
	d.accounts[0].balance++;
	ck_assert_int_eq(decode(), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(genesis_refuses_wrong_lengths)
{
	for (size_t size = 0; size < 64; size++) {
		reset();
		d.validators[1].consensus_key = field_of(filler, size);
		ck_assert_int_eq(decode(), size == 32 ? UNCIA_E_CONFIG : UNCIA_E_ENCODING); /* zero is no key */
		reset();
		d.validators[1].network_key = field_of(filler, size);
		ck_assert_int_eq(decode(), size == 32 ? UNCIA_E_CONFIG : UNCIA_E_ENCODING);
		reset();
		d.accounts[0].address = field_of(filler, size);
		ck_assert_int_eq(decode(), size == 20 ? 0 : UNCIA_E_ENCODING);
	}
}
END_TEST

START_TEST(genesis_with_a_flipped_bit_is_refused_or_another_network)
{
	uint8_t *bytes;
	size_t size;
	struct genesis good, g;
	reset();
	ck_assert_int_eq(canonical_encode(&d.pb.base, &bytes, &size), 0);
	ck_assert_int_eq(genesis_decode(&good, bytes, size), 0);
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (genesis_decode(&g, bytes, size) == 0) {
			ck_assert_mem_ne(g.network_id.b, good.network_id.b, HASH_SIZE);
			genesis_deinit(&g);
		}
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		if (genesis_decode(&g, bytes, cut) == 0) {
			ck_assert_mem_ne(g.network_id.b, good.network_id.b, HASH_SIZE);
			genesis_deinit(&g);
		}
	ck_assert_int_eq(genesis_decode(&g, bytes, (size_t)GENESIS_SIZE_MAX + 1), UNCIA_E_LIMIT);
	genesis_deinit(&good);
	free(bytes);
}
END_TEST

START_TEST(genesis_of_100000_accounts_fits_its_arena)
{
	const uint32_t count = 100000;
	struct genesis_account *accounts = calloc(count, sizeof(*accounts));
	struct validator member = {.weight = 1};
	struct genesis g;
	ck_assert_ptr_nonnull(accounts);
	reset();
	memcpy(member.consensus_key, d.keys[0].consensus.public_key, 32);
	memcpy(member.network_key, d.keys[0].network_public, 32);
	for (uint32_t i = 0; i < count; i++) {
		struct hash hash = fixture_hash(i);
		memcpy(accounts[i].address.b, hash.b, ADDRESS_SIZE);
		accounts[i].balance = 1; /* the shortest on the wire */
	}
	ck_assert_int_eq(
	    genesis_make(&g, &(struct genesis_parameters){"many", 1, "UNC", 1, &member, 1, 0, 0, accounts, count}), 0);
	ck_assert_uint_eq(g.supply, count);
	genesis_deinit(&g);
	genesis_deinit(NULL);
	free(accounts);
}
END_TEST

UNIT_MAIN("genesis", genesis_made_decodes_to_the_same_network, genesis_does_not_depend_on_the_order_of_its_accounts,
          genesis_of_another_version_is_called_that_and_not_judged, genesis_refuses_wrong_constants,
          genesis_has_a_time_at_which_payments_can_expire, genesis_takes_names_and_codes_of_their_alphabets_only,
          genesis_refuses_accounts_out_of_order_or_twice,
          genesis_refuses_balances_below_the_smallest_and_supplies_that_overflow, genesis_refuses_wrong_lengths,
          genesis_with_a_flipped_bit_is_refused_or_another_network, genesis_of_100000_accounts_fits_its_arena)

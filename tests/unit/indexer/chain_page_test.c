/* Pages of the final chain for followers: consecutive, bounded, and final by what is in them. */
#include "big_endian.h"
#include "chain_page.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"

#define BLOCKS 300u

static struct fixture f;
static struct block *blocks[BLOCKS];
static bool certified[BLOCKS];
static uint32_t final_count;      /* so many are final in the journal */
static uint32_t missing = BLOCKS; /* the body of this one is not there */
static uint8_t value[8 + HASH_SIZE], tip_key[8];
static uint8_t *encoded;
static struct certificate *certificate;
static struct chain_page page;
static size_t bytes_read;

static int give_final(const uint8_t *key, struct bytes *out)
{
	uint64_t height = be64_get(key);
	if (!height || height > final_count)
		return UNCIA_E_NOT_FOUND;
	be64_put(value, blocks[height - 1]->header.view);
	memcpy(value + 8, blocks[height - 1]->header.id.b, HASH_SIZE);
	*out = (struct bytes){value, sizeof(value)};
	return 0;
}

/* The view is the block's number plus one. */
static int view_get(void *context, enum journal_table table, const void *key, size_t key_size, struct bytes *out)
{
	uint32_t i = (uint32_t)be64_get(key) - 1;
	size_t size;
	(void)context;
	(void)key_size;
	if (table == JOURNAL_FINAL)
		return give_final(key, out);
	ck_assert_uint_lt(i, BLOCKS);
	if (table == JOURNAL_BLOCK) {
		if (i == missing)
			return UNCIA_E_NOT_FOUND;
		free(encoded);
		ck_assert_int_eq(
		    block_encode(&blocks[i]->header, blocks[i]->payments, blocks[i]->count, &encoded, &size), 0);
		*out = (struct bytes){encoded, size};
		return 0;
	}
	ck_assert_int_eq(table, JOURNAL_CERT);
	if (!certified[i] || ((const uint8_t *)key)[8] != CERT_SF)
		return UNCIA_E_NOT_FOUND;
	free(certificate);
	certificate = fixture_certificate(&f, CERT_SF, i + 1, &blocks[i]->header.id, 3);
	*out = (struct bytes){certificate->bytes, certificate->size};
	return 0;
}

static int view_last(void *context, enum journal_table table, struct bytes *key, struct bytes *out)
{
	(void)context;
	ck_assert_int_eq(table, JOURNAL_FINAL);
	if (!final_count)
		return UNCIA_E_NOT_FOUND;
	be64_put(tip_key, final_count);
	*key = (struct bytes){tip_key, sizeof(tip_key)};
	return give_final(tip_key, out);
}

static const struct storage_view view = {.journal_get = view_get, .journal_last = view_last};

static void setup(void)
{
	memset(certified, 0, sizeof(certified));
	final_count = BLOCKS;
	missing = BLOCKS;
	chain_page_begin(&page);
}

static void teardown(void)
{
	chain_page_end(&page);
}

static int fill(uint64_t from)
{
	chain_page_end(&page);
	return chain_page_fill(&page, &view, from, &bytes_read);
}

/* The page has blocks from that height on, in their bytes. */
static void page_is(uint64_t from, size_t count, size_t headers)
{
	ck_assert_uint_eq(page.count, count);
	ck_assert_uint_eq(page.header_count, headers);
	for (size_t i = 0; i < count; i++) {
		struct header header;
		ck_assert_int_eq(block_header(page.blocks[i].block.data, page.blocks[i].block.size, &header), 0);
		ck_assert_uint_eq(header.height, from + i);
	}
}

START_TEST(page_ends_at_the_last_block_where_that_is_certified)
{
	final_count = 5;
	certified[4] = certified[2] = true;
	ck_assert_int_eq(fill(2), 0);
	page_is(2, 4, 0);
	ck_assert_uint_gt(page.blocks[3].certificate.size, 0);
	ck_assert_uint_eq(page.tip_height, 5);
	ck_assert_int_eq(fill(6), 0);
	page_is(6, 0, 0);
	ck_assert_uint_eq(page.tip_height, 5);
}
END_TEST

START_TEST(page_is_cut_where_nothing_proves_its_end)
{
	final_count = 9;
	certified[5] = true;
	ck_assert_int_eq(fill(1), 0);
	page_is(1, 6, 0);
	ck_assert_int_eq(fill(7), 0);
	page_is(7, 0, 0);
	final_count = 0;
	ck_assert_int_eq(fill(1), 0);
	page_is(1, 0, 0);
}
END_TEST

START_TEST(page_of_most_blocks_is_followed_by_headers_up_to_a_certificate)
{
	certified[BLOCKS - 1] = true;
	ck_assert_int_eq(fill(1), 0);
	page_is(1, CHAIN_PAGE_BLOCKS_MAX, BLOCKS - CHAIN_PAGE_BLOCKS_MAX);
	ck_assert_uint_gt(page.certificate.size, 0);
	ck_assert_int_eq(fill(CHAIN_PAGE_BLOCKS_MAX + 1), 0);
	page_is(CHAIN_PAGE_BLOCKS_MAX + 1, BLOCKS - CHAIN_PAGE_BLOCKS_MAX, 0);
}
END_TEST

START_TEST(certificates_of_empty_blocks_are_few_and_of_others_all)
{
	uint32_t empty = 0, full = 0;
	memset(certified, true, sizeof(certified));
	ck_assert_int_eq(fill(1), 0);
	page_is(1, CHAIN_PAGE_BLOCKS_MAX, 0);
	for (uint32_t i = 0; i < page.count; i++) {
		ck_assert(!blocks[i]->count || page.blocks[i].certificate.size);
		full += blocks[i]->count > 0;
		empty += !blocks[i]->count && page.blocks[i].certificate.size;
	}
	ck_assert_uint_gt(full, 20);
	ck_assert_uint_le(empty, 5);
}
END_TEST

START_TEST(a_body_that_is_missing_is_damage)
{
	memset(certified, true, sizeof(certified));
	missing = 3;
	ck_assert_int_eq(fill(1), UNCIA_E_DAMAGED);
}
END_TEST

/* Every tenth has a payment. */
static void make_blocks(void)
{
	for (uint32_t i = 0; i < BLOCKS; i++) {
		struct payment *payment = fixture_payment(&f, 0, 1, 5000, FIXTURE_TIME_S + 60, i);
		struct hash root = fixture_hash(i);
		blocks[i] = fixture_block(&f, i ? &blocks[i - 1]->header : NULL, i + 1, &payment, i % 10 == 0, &root);
		if (i % 10)
			payment_free(payment);
	}
}

int main(void)
{
	fixture_init(&f, 4, 2, 1000000);
	make_blocks();
	const TTest *tests[] = {
	    page_ends_at_the_last_block_where_that_is_certified,
	    page_is_cut_where_nothing_proves_its_end,
	    page_of_most_blocks_is_followed_by_headers_up_to_a_certificate,
	    certificates_of_empty_blocks_are_few_and_of_others_all,
	    a_body_that_is_missing_is_damage,
	};
	int rc = unit_run("chain_page", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
	for (uint32_t i = 0; i < BLOCKS; i++)
		block_free(blocks[i]);
	free(encoded);
	free(certificate);
	fixture_deinit(&f);
	return rc;
}

/* Pages of the final chain, honest and not: what is taken is proved by the genesis alone. */
#include "chain_check.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"

#define BLOCKS 6u
#define QUORUM 3u /* of four */

static struct fixture f, other;
static struct block *blocks[BLOCKS];
static struct chain_page page;
static struct chain_place genesis;
static struct checked_page checked;
static char why[256];

/* A chain of blocks of two payments each, in the views from 1 on. */
static void make_blocks(void)
{
	for (uint32_t i = 0; i < BLOCKS; i++) {
		struct payment *payments[2];
		struct hash root = fixture_hash(i);
		for (uint32_t k = 0; k < 2; k++)
			payments[k] = fixture_payment(&f, k, k + 1, 5000 + i, FIXTURE_TIME_S + 60, 2 * i + k);
		blocks[i] = fixture_block(&f, i ? &blocks[i - 1]->header : NULL, i + 1, payments, 2, &root);
	}
}

static struct bytes kept(const void *data, size_t size)
{
	struct bytes copy;
	ck_assert_int_eq(chain_page_copy(&page, &(struct bytes){data, size}, &copy), 0);
	return copy;
}

static struct bytes certificate_of(const struct fixture *by, enum certificate_kind kind, const struct block *block,
                                   uint32_t signers)
{
	struct certificate *certificate = fixture_certificate(by, kind, block->header.view, &block->header.id, signers);
	struct bytes bytes = kept(certificate->bytes, certificate->size);
	free(certificate);
	return bytes;
}

/* Blocks first to last, without certificates. */
static void fill_page(uint32_t first, uint32_t last)
{
	chain_page_begin(&page);
	page.blocks = arena_alloc(&page.arena, BLOCKS * sizeof(*page.blocks));
	page.headers = arena_alloc(&page.arena, BLOCKS * sizeof(*page.headers));
	for (uint32_t i = first; i <= last; i++) {
		uint8_t *bytes;
		size_t size;
		ck_assert_int_eq(block_encode(&blocks[i]->header, blocks[i]->payments, blocks[i]->count, &bytes, &size),
		                 0);
		page.blocks[page.count++].block = kept(bytes, size);
		free(bytes);
	}
}

static void add_header(uint32_t i)
{
	page.headers[page.header_count++] = kept(blocks[i]->header.bytes, blocks[i]->header.size);
}

static void certify_last(void)
{
	page.blocks[page.count - 1].certificate = certificate_of(&f, CERT_SF, blocks[page.count - 1], QUORUM);
}

static int check_from(const struct chain_place *place)
{
	int error = chain_check_page(&f.genesis, place, &page, &checked, why);
	if (!error) {
		ck_assert_uint_eq(checked.count, page.count);
		checked_page_free(&checked);
	}
	return error;
}

START_TEST(page_of_certified_blocks_is_taken)
{
	fill_page(0, 3);
	for (uint32_t i = 0; i <= 3; i++)
		page.blocks[i].certificate =
		    i % 2 ? certificate_of(&f, CERT_FF, blocks[i], 4) : certificate_of(&f, CERT_SF, blocks[i], QUORUM);
	ck_assert_int_eq(check_from(&genesis), 0);
	chain_page_end(&page);
}
END_TEST

START_TEST(page_is_final_by_the_certificate_of_headers_behind_it)
{
	fill_page(0, 2);
	add_header(3);
	add_header(4);
	page.certificate = certificate_of(&f, CERT_SF, blocks[4], QUORUM);
	ck_assert_int_eq(check_from(&genesis), 0);
	/* Of the block before the last, it proves nothing. */
	page.certificate = certificate_of(&f, CERT_SF, blocks[3], QUORUM);
	ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF);
	/* Nor does it where one header is left out. */
	page.headers[0] = page.headers[1];
	page.header_count = 1;
	page.certificate = certificate_of(&f, CERT_SF, blocks[4], QUORUM);
	ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF);
	chain_page_end(&page);
}
END_TEST

START_TEST(page_goes_on_from_where_one_is)
{
	struct chain_place place;
	chain_place_of(&blocks[2]->header, &place);
	fill_page(3, 4);
	page.blocks[1].certificate = certificate_of(&f, CERT_SF, blocks[4], QUORUM);
	ck_assert_int_eq(check_from(&place), 0);
	ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF); /* another height */
	chain_page_end(&page);
}
END_TEST

START_TEST(page_of_another_chain_is_told_from_one_that_proves_nothing)
{
	struct chain_place place;
	chain_place_of(&blocks[2]->header, &place);
	place.id = fixture_hash(99);
	fill_page(3, 4);
	page.blocks[1].certificate = certificate_of(&f, CERT_SF, blocks[4], QUORUM);
	ck_assert_int_eq(check_from(&place), UNCIA_E_SECOND_CHAIN);
	ck_assert_ptr_nonnull(strstr(why, "height 4 follows another one at height 3"));
	page.blocks[1].certificate = certificate_of(&other, CERT_SF, blocks[4], QUORUM);
	ck_assert_int_eq(check_from(&place), UNCIA_E_PROOF);
	chain_page_end(&page);
}
END_TEST

START_TEST(page_without_finality_is_refused)
{
	fill_page(0, 1);
	ck_assert_int_ne(check_from(&genesis), 0); /* no certificate at all */
	page.blocks[1].certificate = certificate_of(&f, CERT_N, blocks[1], QUORUM);
	ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF); /* one of notarisation */
	page.blocks[1].certificate = certificate_of(&f, CERT_SF, blocks[0], QUORUM);
	ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF); /* of another block */
	certify_last();
	ck_assert_int_eq(check_from(&genesis), 0);
	page.blocks[0].certificate = certificate_of(&other, CERT_SF, blocks[0], QUORUM);
	ck_assert_int_ne(check_from(&genesis), 0); /* a wrong one that is not needed */
	chain_page_end(&page);
}
END_TEST

START_TEST(page_with_any_byte_changed_is_refused)
{
	fill_page(0, 1);
	page.blocks[0].certificate = certificate_of(&f, CERT_SF, blocks[0], QUORUM);
	certify_last();
	struct bytes *const parts[] = {&page.blocks[0].block, &page.blocks[0].certificate, &page.blocks[1].block,
	                               &page.blocks[1].certificate};
	for (size_t p = 0; p < 4; p++) {
		uint8_t *bytes = (uint8_t *)(uintptr_t)parts[p]->data;
		for (size_t at = 0; at < parts[p]->size; at += 1 + parts[p]->size / 150) {
			bytes[at] ^= 1;
			ck_assert_int_ne(check_from(&genesis), 0);
			bytes[at] ^= 1;
		}
	}
	ck_assert_int_eq(check_from(&genesis), 0);
	chain_page_end(&page);
}
END_TEST

START_TEST(page_in_another_order_or_twice_is_refused)
{
	struct chain_page_block first;
	fill_page(0, 3);
	page.blocks[3].certificate = certificate_of(&f, CERT_SF, blocks[3], QUORUM);
	first = page.blocks[1];
	page.blocks[1] = page.blocks[2];
	page.blocks[2] = first;
	ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF);
	page.blocks[1] = page.blocks[0];
	ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF);
	chain_page_end(&page);
}
END_TEST

/* Blocks that hold a change of the committee, and those that close, in any place of a page. */
START_TEST(header_that_ends_the_epoch_is_refused)
{
	static const char reason[] = "ends the epoch, which this version does not follow";
	for (uint32_t kind = 0; kind < 2; kind++) {
		struct hash root = fixture_hash(77);
		struct block *end = fixture_block(&f, &blocks[1]->header, 3, NULL, 0, &root), *kept_block = blocks[2];
		*(kind ? &end->header.closing : &end->header.reconfigures) = true;
		ck_assert_int_eq(header_encode(&end->header), 0);
		blocks[2] = end;
		fill_page(0, 2); /* as the last block */
		page.blocks[2].certificate = certificate_of(&f, CERT_SF, blocks[2], QUORUM);
		ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF);
		if (kind) /* of the other one the body is none that is known here */
			ck_assert_msg(strstr(why, reason) != NULL, "%s", why);
		chain_page_end(&page);
		fill_page(0, 1); /* as a header behind the blocks */
		add_header(2);
		page.certificate = certificate_of(&f, CERT_SF, blocks[2], QUORUM);
		ck_assert_int_eq(check_from(&genesis), UNCIA_E_PROOF);
		ck_assert_msg(strstr(why, reason) != NULL, "%s", why);
		chain_page_end(&page);
		blocks[2] = kept_block;
		block_free(end);
	}
}
END_TEST

int main(void)
{
	const uint64_t weights[] = {2, 1, 1, 1, 1};
	fixture_init(&f, 4, 3, 1000000);
	fixture_init_weighted(&other, 5, weights, 1, 0, 3, 1000000);
	chain_place_genesis(&f.genesis, &genesis);
	make_blocks();
	const TTest *tests[] = {
	    page_of_certified_blocks_is_taken,
	    page_is_final_by_the_certificate_of_headers_behind_it,
	    page_goes_on_from_where_one_is,
	    page_of_another_chain_is_told_from_one_that_proves_nothing,
	    page_without_finality_is_refused,
	    page_with_any_byte_changed_is_refused,
	    page_in_another_order_or_twice_is_refused,
	    header_that_ends_the_epoch_is_refused,
	};
	int rc = unit_run("chain_check", NULL, NULL, tests, sizeof(tests) / sizeof(tests[0]));
	for (uint32_t i = 0; i < BLOCKS; i++)
		block_free(blocks[i]);
	fixture_deinit(&f);
	fixture_deinit(&other);
	return rc;
}

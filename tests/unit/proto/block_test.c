/* Headers and bodies: one form, whole, and what is not that refused. */
#include "block.h"
#include "canonical.h"
#include "consensus.pb-c.h"
#include "fields.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"

static struct fixture f;
#define EXPIRY (FIXTURE_TIME_S + 60)

static struct block *make_block(uint32_t count)
{
	struct payment *payments[64];
	for (uint32_t i = 0; i < count; i++)
		payments[i] = fixture_payment(&f, i % 3, (i + 1) % 3, 5000 + i, EXPIRY, i);
	struct hash root = fixture_hash(1);
	return fixture_block(&f, NULL, 1, payments, count, &root);
}

START_TEST(header_decodes_to_what_was_encoded)
{
	struct block *block = make_block(2);
	struct header header;
	const struct header *made = &block->header;
	ck_assert_int_eq(header_decode(made->bytes, made->size, &header), 0);
	ck_assert_mem_eq(header.id.b, made->id.b, HASH_SIZE);
	ck_assert_mem_eq(header.parent_id.b, made->parent_id.b, HASH_SIZE);
	ck_assert_mem_eq(header.payments_root.b, made->payments_root.b, HASH_SIZE);
	ck_assert_mem_eq(header.parent_state_root.b, made->parent_state_root.b, HASH_SIZE);
	ck_assert_mem_eq(header.committee_hash.b, f.genesis.committee.hash.b, HASH_SIZE);
	ck_assert_uint_eq(header.view, 1);
	ck_assert_uint_eq(header.height, 1);
	ck_assert_uint_eq(header.proposer, 1);
	ck_assert_uint_eq(header.payment_count, 2);
	ck_assert_uint_eq(header.timestamp_ms, FIXTURE_TIME_MS + 1);
	block_free(block);
}
END_TEST

START_TEST(header_with_every_number_at_its_largest_fits)
{
	struct header header = {.epoch = UINT64_MAX,
	                        .view = UINT64_MAX,
	                        .height = UINT64_MAX,
	                        .timestamp_ms = UINT64_MAX,
	                        .payment_count = BLOCK_PAYMENTS_MAX,
	                        .proposer = UINT32_MAX};
	struct header back;
	ck_assert_int_eq(header_encode(&header), 0);
	ck_assert_int_eq(header_decode(header.bytes, header.size, &back), 0);
	ck_assert_uint_eq(back.view, UINT64_MAX);
	header.payment_count++;
	ck_assert_int_eq(header_encode(&header), UNCIA_E_LIMIT);
}
END_TEST

START_TEST(header_refuses_cut_grown_and_oversized_bytes)
{
	struct block *block = make_block(1);
	struct header header;
	uint8_t bytes[HEADER_SIZE_MAX + 1] = {0};
	block->header.proposer = 0; /* absent, so that the bytes end with a field that must be there */
	ck_assert_int_eq(header_encode(&block->header), 0);
	memcpy(bytes, block->header.bytes, block->header.size);
	for (size_t size = 0; size < block->header.size; size++)
		ck_assert_int_eq(header_decode(bytes, size, &header), UNCIA_E_ENCODING);
	ck_assert_int_eq(header_decode(bytes, block->header.size + 1, &header), UNCIA_E_ENCODING);
	ck_assert_int_eq(header_decode(bytes, sizeof(bytes), &header), UNCIA_E_LIMIT);
	block_free(block);
}
END_TEST

START_TEST(block_decodes_to_what_was_encoded)
{
	for (uint32_t count = 0; count <= 33; count += 11) {
		struct block *block = make_block(count), *back;
		uint8_t *bytes;
		size_t size;
		ck_assert_int_eq(block_encode(&block->header, block->payments, count, &bytes, &size), 0);
		ck_assert_int_eq(block_decode(&f.genesis.network_id, bytes, size, &back), 0);
		ck_assert_uint_eq(back->count, count);
		ck_assert_mem_eq(back->header.id.b, block->header.id.b, HASH_SIZE);
		for (uint32_t i = 0; i < count; i++)
			ck_assert_mem_eq(back->payments[i]->whole.b, block->payments[i]->whole.b, HASH_SIZE);
		block_free(back);
		block_free(block);
		free(bytes);
	}
}
END_TEST

START_TEST(block_refuses_payments_that_its_header_does_not_name)
{
	struct block *block = make_block(4), *back;
	uint8_t *bytes;
	size_t size;
	/* one fewer */
	ck_assert_int_eq(block_encode(&block->header, block->payments, 3, &bytes, &size), 0);
	ck_assert_int_eq(block_decode(&f.genesis.network_id, bytes, size, &back), UNCIA_E_PROOF);
	free(bytes);
	/* two exchanged */
	struct payment *swap = block->payments[0];
	block->payments[0] = block->payments[1];
	block->payments[1] = swap;
	ck_assert_int_eq(block_encode(&block->header, block->payments, 4, &bytes, &size), 0);
	ck_assert_int_eq(block_decode(&f.genesis.network_id, bytes, size, &back), UNCIA_E_PROOF);
	free(bytes);
	block_free(block);
}
END_TEST

START_TEST(block_refuses_a_header_that_miscounts_under_the_right_root)
{
	for (int change = -1; change <= 1; change += 2) {
		struct block *block = make_block(4), *back;
		uint8_t *bytes;
		size_t size;
		block->header.payment_count += (uint32_t)change;
		ck_assert_int_eq(header_encode(&block->header), 0);
		ck_assert_int_eq(block_encode(&block->header, block->payments, 4, &bytes, &size), 0);
		ck_assert_int_eq(block_decode(&f.genesis.network_id, bytes, size, &back), UNCIA_E_PROOF);
		free(bytes);
		block_free(block);
	}
}
END_TEST

START_TEST(header_refuses_more_payments_than_a_block_may_hold)
{
	static const uint8_t zero[HASH_SIZE];
	for (uint32_t count = BLOCK_PAYMENTS_MAX - 1; count <= BLOCK_PAYMENTS_MAX + 1; count++) {
		Uncia__Pb__BlockHeader pb = UNCIA__PB__BLOCK_HEADER__INIT;
		pb.parent_id = pb.payments_root = pb.parent_state_root = pb.committee_hash = field_of(zero, HASH_SIZE);
		pb.payment_count = count;
		uint8_t *bytes;
		size_t size;
		struct header header;
		ck_assert_int_eq(canonical_encode(&pb.base, &bytes, &size), 0);
		ck_assert_int_eq(header_decode(bytes, size, &header),
		                 count > BLOCK_PAYMENTS_MAX ? UNCIA_E_ENCODING : 0);
		free(bytes);
	}
}
END_TEST

START_TEST(header_refuses_every_wrong_length)
{
	static const uint8_t zero[HASH_SIZE + 1];
	for (int field = 0; field < 4; field++)
		for (size_t length = 0; length <= sizeof(zero); length++) {
			Uncia__Pb__BlockHeader pb = UNCIA__PB__BLOCK_HEADER__INIT;
			ProtobufCBinaryData *const fields[] = {&pb.parent_id, &pb.payments_root, &pb.parent_state_root,
			                                       &pb.committee_hash};
			for (int i = 0; i < 4; i++)
				*fields[i] = field_of(zero, i == field ? length : HASH_SIZE);
			uint8_t *bytes;
			size_t size;
			struct header header;
			ck_assert_int_eq(canonical_encode(&pb.base, &bytes, &size), 0);
			ck_assert_int_eq(header_decode(bytes, size, &header),
			                 length == HASH_SIZE ? 0 : UNCIA_E_ENCODING);
			free(bytes);
		}
}
END_TEST

START_TEST(block_holds_payments_of_4_mib_and_no_more)
{
	static struct output outputs[PAYMENT_OUTPUTS_MAX];
	static struct payment *payments[1024];
	struct fixture_key from;
	struct hash root = fixture_hash(1);
	fixture_account(0, &from);
	for (uint32_t i = 0; i < PAYMENT_OUTPUTS_MAX; i++)
		outputs[i] = (struct output){.to = from.address, .has_reference = true, .amount = 5000};
	uint32_t count = 0;
	for (size_t total = 0; total <= BLOCK_SIZE_MAX; total += payments[count++]->size)
		payments[count] = fixture_payment_outputs(&f, &from, outputs, PAYMENT_OUTPUTS_MAX, EXPIRY, count);
	for (uint32_t take = count; take + 1 >= count; take--) {
		struct block *back;
		struct header header;
		uint8_t *bytes;
		size_t size;
		fixture_header(&f, NULL, 1, payments, take, &root, &header);
		ck_assert_int_eq(block_encode(&header, payments, take, &bytes, &size), 0);
		int rc = block_decode(&f.genesis.network_id, bytes, size, &back);
		ck_assert_int_eq(rc, take == count ? UNCIA_E_LIMIT : 0);
		if (rc == 0)
			block_free(back);
		free(bytes);
	}
	for (uint32_t i = 0; i < count; i++)
		payment_free(payments[i]);
}
END_TEST

START_TEST(block_of_another_network_has_another_root)
{
	struct block *block = make_block(1), *back;
	struct hash other = fixture_hash(9);
	uint8_t *bytes;
	size_t size;
	ck_assert_int_eq(block_encode(&block->header, block->payments, 1, &bytes, &size), 0);
	ck_assert_int_eq(block_decode(&other, bytes, size, &back), UNCIA_E_PROOF);
	free(bytes);
	block_free(block);
}
END_TEST

START_TEST(block_refuses_every_flipped_bit)
{
	struct block *block = make_block(2), *back;
	uint8_t *bytes;
	size_t size;
	ck_assert_int_eq(block_encode(&block->header, block->payments, 2, &bytes, &size), 0);
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* Most fail to decode; a flip in the header alone may be a valid header of another id. */
		if (block_decode(&f.genesis.network_id, bytes, size, &back) == 0) {
			ck_assert_mem_ne(back->header.id.b, block->header.id.b, HASH_SIZE);
			block_free(back);
		}
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(bytes);
	block_free(block);
}
END_TEST

int main(void)
{
	fixture_init(&f, 4, 3, 1000000);
	const TTest *tests[] = {
	    header_decodes_to_what_was_encoded,
	    header_with_every_number_at_its_largest_fits,
	    header_refuses_cut_grown_and_oversized_bytes,
	    block_decodes_to_what_was_encoded,
	    block_refuses_payments_that_its_header_does_not_name,
	    block_refuses_a_header_that_miscounts_under_the_right_root,
	    header_refuses_more_payments_than_a_block_may_hold,
	    header_refuses_every_wrong_length,
	    block_holds_payments_of_4_mib_and_no_more,
	    block_of_another_network_has_another_root,
	    block_refuses_every_flipped_bit,
	};
	int rc = unit_run("block", NULL, NULL, tests, sizeof(tests) / sizeof(tests[0]));
	fixture_deinit(&f);
	return rc;
}

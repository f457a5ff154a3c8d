#include "fixture.h"

static const struct place here = {'j', 2, "key", 3};

START_TEST(record_reads_back_what_was_written)
{
	uint8_t record[RECORD_OVERHEAD + 5];
	struct bytes payload = {0};
	record_write(&here, "hello", 5, record);
	ck_assert_int_eq(record_read(&here, record, sizeof(record), &payload), 0);
	ck_assert_uint_eq(payload.size, 5);
	ck_assert_mem_eq(payload.data, "hello", 5);
	record_write(&here, NULL, 0, record);
	ck_assert_int_eq(record_read(&here, record, RECORD_OVERHEAD, &payload), 0);
	ck_assert_uint_eq(payload.size, 0);
}
END_TEST

/* storage §3 gives this one as its example. */
START_TEST(record_has_the_bytes_of_the_specification)
{
	static const uint8_t expected[] = {1,    0,    0,    0,    5,   0xd6, 0x43, 0x9a, 0xa3,
	                                   0x2b, 0xa8, 0xac, 0x26, 'h', 'e',  'l',  'l',  'o'};
	uint8_t record[RECORD_OVERHEAD + 5];
	record_write(&here, "hello", 5, record);
	ck_assert_mem_eq(record, expected, sizeof(expected));
}
END_TEST

START_TEST(record_refuses_any_flipped_bit)
{
	uint8_t record[RECORD_OVERHEAD + 5];
	struct bytes payload = {0};
	for (size_t bit = 0; bit < 8 * sizeof(record); bit++) {
		record_write(&here, "hello", 5, record);
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(record_read(&here, record, sizeof(record), &payload), UNCIA_E_DAMAGED);
		ck_assert_ptr_null(payload.data);
	}
}
END_TEST

START_TEST(record_refuses_another_place)
{
	static const struct place others[] = {
	    {'s', 2, "key", 3}, {'j', 3, "key", 3}, {'j', 2, "kez", 3}, {'j', 2, "key", 4}, {'j', 2, "ke", 2}};
	uint8_t record[RECORD_OVERHEAD + 5];
	struct bytes payload;
	record_write(&here, "hello", 5, record);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_int_eq(record_read(&others[i], record, sizeof(record), &payload), UNCIA_E_DAMAGED);
}
END_TEST

START_TEST(record_refuses_another_size)
{
	uint8_t record[RECORD_OVERHEAD + 6] = {0};
	struct bytes payload;
	record_write(&here, "hello", 5, record);
	for (size_t size = 0; size <= sizeof(record); size++) {
		if (size != RECORD_OVERHEAD + 5)
			ck_assert_int_eq(record_read(&here, record, size, &payload), UNCIA_E_DAMAGED);
	}
}
END_TEST

UNIT_MAIN("record", record_reads_back_what_was_written, record_has_the_bytes_of_the_specification,
          record_refuses_any_flipped_bit, record_refuses_another_place, record_refuses_another_size)

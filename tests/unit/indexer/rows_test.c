/* PostgreSQL's binary forms, by bytes that its documentation and its own output give. */
#include "rows.h"
#include "unit.h"

/* The field that begins at an offset is this, in hexadecimal, behind its size. */
static void field_is(const struct rows *rows, size_t at, const char *hex)
{
	uint8_t expected[64];
	size_t size = unit_hex(hex, expected, sizeof(expected));
	ck_assert_uint_ge(rows->size, at + size);
	ck_assert_mem_eq(rows->data + at, expected, size);
}

START_TEST(amounts_are_digits_of_ten_thousand)
{
	static const struct {
		uint64_t value;
		const char *hex; /* as `select value::numeric` gives it */
	} cases[] = {
	    {0, "000000080000000000000000"},
	    {1, "0000000a00010000000000000001"},
	    {9999, "0000000a0001000000000000270f"},
	    {10000, "0000000a00010001000000000001"},
	    {120000, "0000000a0001000100000000000c"},
	    {1234567, "0000000c000200010000000000"
	              "7b11d7"},
	    {UINT64_MAX, "0000001200050004000000000734"
	                 "1a5802d10ee306"
	                 "4f"},
	};
	for (size_t i = 0; i < 6; i++) {
		struct rows rows = {0};
		rows_amount(&rows, cases[i].value);
		field_is(&rows, 0, cases[i].hex);
		rows_free(&rows);
	}
}
END_TEST

START_TEST(amounts_are_read_as_they_were_written)
{
	static const uint64_t values[] = {
	    0, 1, 9999, 10000, 99990000, 100000000, 1234567890123, 1000000000000000, UINT64_MAX - 1, UINT64_MAX};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct rows rows = {0};
		uint64_t back;
		rows_amount(&rows, values[i]);
		ck_assert(numeric_read(rows.data + 4, rows.size - 4, &back));
		ck_assert_uint_eq(back, values[i]);
		ck_assert(!numeric_read(rows.data + 4, rows.size - 5, &back));
		rows_free(&rows);
	}
}
END_TEST

START_TEST(what_is_no_whole_amount_is_not_read)
{
	static const char *const wrong[] = {
	    "", /* nothing */
	    "000100004000000000"
	    "01", /* negative */
	    "0000"
	    "0000c0000000", /* NaN */
	    "0002000000000001"
	    "00010001",                             /* with decimals */
	    "00010005000000000001",                 /* 10^20 */
	    "0005000400000000270f270f270f270f270f", /* above 2^64 */
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t bytes[32];
		uint64_t value;
		size_t size = unit_hex(wrong[i], bytes, sizeof(bytes));
		ck_assert_msg(!numeric_read(bytes, size, &value), "%s", wrong[i]);
	}
}
END_TEST

START_TEST(numbers_that_a_column_does_not_hold_fail_the_rows)
{
	struct rows rows = {0};
	rows_bigint(&rows, INT64_MAX);
	rows_integer(&rows, INT32_MAX);
	ck_assert(!rows.failed);
	rows_integer(&rows, (uint32_t)INT32_MAX + 1);
	ck_assert(rows.failed);
	rows_free(&rows);
	rows_bigint(&rows, (uint64_t)INT64_MAX + 1);
	ck_assert(rows.failed);
	rows_free(&rows);
}
END_TEST

START_TEST(an_array_counts_its_elements)
{
	struct rows rows = {0};
	rows_array_begin(&rows);
	rows_bytes(&rows, "ab", 2);
	rows_bytes(&rows, "c", 1);
	rows_array_end(&rows, 2);
	field_is(&rows, 0,
	         "00000001"
	         "00000000"
	         "00000011"
	         "00000002"
	         "00000001"
	         "00000002"
	         "6162"
	         "00000001"
	         "63");
	rows_free(&rows);
}
END_TEST

UNIT_MAIN("rows", amounts_are_digits_of_ten_thousand, amounts_are_read_as_they_were_written,
          what_is_no_whole_amount_is_not_read, numbers_that_a_column_does_not_hold_fail_the_rows,
          an_array_counts_its_elements)

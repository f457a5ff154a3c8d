/* Amounts: overflow at every edge, and what is and is not an amount as text. */
#include "amount.h"
#include "uncia/error.h"
#include "unit.h"

START_TEST(addition_refuses_overflow)
{
	amount_t out = 42;
	ck_assert(amount_add(UINT64_MAX - 1, 1, &out));
	ck_assert_uint_eq(out, UINT64_MAX);
	out = 42;
	ck_assert(!amount_add(UINT64_MAX, 1, &out));
	ck_assert(!amount_add(1, UINT64_MAX, &out));
	ck_assert(!amount_add(UINT64_MAX, UINT64_MAX, &out));
	ck_assert_uint_eq(out, 42);
	ck_assert(amount_add(0, 0, &out));
	ck_assert_uint_eq(out, 0);
}
END_TEST

START_TEST(subtraction_refuses_to_go_below_zero)
{
	amount_t out = 42;
	ck_assert(!amount_subtract(0, 1, &out));
	ck_assert(!amount_subtract(UINT64_MAX - 1, UINT64_MAX, &out));
	ck_assert_uint_eq(out, 42);
	ck_assert(amount_subtract(7, 7, &out));
	ck_assert_uint_eq(out, 0);
}
END_TEST

START_TEST(amounts_parse)
{
	static const struct {
		const char *text;
		amount_t amount;
	} good[] = {
	    {"0", 0},
	    {"0.000000", 0},
	    {"0.000001", 1},
	    {"0.5", 500000},
	    {"0.50", 500000},
	    {"1", 1000000},
	    {"007", 7000000},
	    {"12.500000", 12500000},
	    {"12.000009", 12000009},
	    {"18446744073709", UINT64_C(18446744073709000000)},
	    {"18446744073709.551615", UINT64_MAX},
	    {"000000000000000000000000000000000000000000000000000000001.1", 1100000},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		amount_t amount = 99;
		ck_assert_msg(amount_parse(good[i].text, &amount) == 0, "%s", good[i].text);
		ck_assert_uint_eq(amount, good[i].amount);
	}
}
END_TEST

START_TEST(what_is_not_an_amount_is_refused)
{
	static const char *const bad[] = {
	    "",
	    " ",
	    "a",
	    "1a",
	    "1.a",
	    "1.5a",
	    "x1",
	    "-1",
	    "+1",
	    "-0",
	    ".5",
	    ".",
	    "5.",
	    "1..5",
	    "1.5.5",
	    "1e3",
	    "1E3",
	    "0x10",
	    " 1",
	    "1 ",
	    "1\n",
	    "1. 5",
	    "1,5",
	    "1,000",
	    "1_000",
	    "0.0000001",
	    "0.0000000",
	    "1.1234567",
	    "inf",
	    "nan",
	    "\xd9\xa1",
	    "18446744073709.551616",
	    "18446744073709.6",
	    "18446744073710",
	    "18446744073709551616",
	    "99999999999999999999999999999999",
	    "184467440737095516150",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		amount_t amount = 99;
		ck_assert_msg(amount_parse(bad[i], &amount) == UNCIA_E_AMOUNT, "%s", bad[i]);
		ck_assert_uint_eq(amount, 99);
	}
	amount_t amount = 99;
	ck_assert_int_eq(amount_parse(NULL, &amount), UNCIA_E_AMOUNT);
}
END_TEST

START_TEST(format_and_parse_are_inverse)
{
	char text[AMOUNT_TEXT_SIZE];
	amount_format(500000, text);
	ck_assert_str_eq(text, "0.500000");
	amount_format(0, text);
	ck_assert_str_eq(text, "0.000000");
	amount_format(UINT64_MAX, text);
	ck_assert_str_eq(text, "18446744073709.551615");
	uint64_t x = 1;
	for (int i = 0; i < 100000; i++) {
		amount_t back, amount = x >> i % 64;
		amount_format(amount, text);
		ck_assert_int_eq(amount_parse(text, &back), 0);
		ck_assert_uint_eq(back, amount);
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	}
}
END_TEST

UNIT_MAIN("amount", addition_refuses_overflow, subtraction_refuses_to_go_below_zero, amounts_parse,
          what_is_not_an_amount_is_refused, format_and_parse_are_inverse)

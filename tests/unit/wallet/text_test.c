/* Ids, addresses, memos and requests as text. */
#include <uncia/uncia.h>
#include "old_texts.h"
#include "unit.h"
#include "utf8.h"

static const uint8_t account[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};

static void make_address(bool reference, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct uncia_address address = {.has_reference = reference, .reference = {9, 8, 7, 6, 5, 4, 3, 2}};
	memcpy(address.account, account, sizeof(account));
	uncia_address_format(&address, text);
}

START_TEST(addresses_come_back_with_their_reference)
{
	for (int reference = 0; reference < 2; reference++) {
		char text[UNCIA_ADDRESS_TEXT_SIZE];
		struct uncia_address parsed;
		make_address(reference, text);
		ck_assert_int_eq(uncia_address_parse(text, &parsed), 0);
		ck_assert_mem_eq(parsed.account, account, sizeof(account));
		ck_assert_int_eq(parsed.has_reference, reference);
		text[10] = text[10] == 'q' ? 'p' : 'q';
		ck_assert_int_eq(uncia_address_parse(text, &parsed), UNCIA_E_ADDRESS);
	}
	ck_assert_int_eq(uncia_address_parse(NULL, NULL), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(ids_are_64_hexadecimal_digits)
{
	struct uncia_payment_id id, same;
	char text[UNCIA_ID_TEXT_SIZE];
	for (size_t i = 0; i < sizeof(id.b); i++)
		id.b[i] = (uint8_t)(i * 9);
	uncia_payment_id_format(&id, text);
	ck_assert_uint_eq(strlen(text), 64);
	ck_assert_int_eq(uncia_payment_id_parse(text, &same), 0);
	ck_assert_mem_eq(id.b, same.b, sizeof(id.b));
	text[63] = 'g';
	ck_assert_int_eq(uncia_payment_id_parse(text, &same), UNCIA_E_ARGUMENT);
	text[63] = '\0';
	ck_assert_int_eq(uncia_payment_id_parse(text, &same), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_payment_id_parse("", &same), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(old_requests_come_back)
{
	static const char *const memos[] = {
	    "",    "rent", "rent.", "-",
	    "...", "a-_~", ".a",    "rent & 50% off? \xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\x95 #1+1=2"};
	for (size_t i = 0; i < sizeof(memos) / sizeof(memos[0]); i++) {
		for (int amount = 0; amount < 2; amount++) {
			struct uncia_request parsed = {.size = sizeof(parsed)};
			char text[OLD_REQUEST_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE];
			make_address(true, address);
			old_request_text(address, amount ? 500000 : 0, memos[i], text);
			ck_assert_int_eq(uncia_request_parse(NULL, text, &parsed), 0);
			ck_assert_str_eq(parsed.address, address);
			ck_assert_int_eq(parsed.has_amount, amount);
			ck_assert_uint_eq(parsed.amount, amount ? 500000 : 0);
			ck_assert_str_eq(parsed.memo, memos[i]);
			ck_assert(!parsed.checked && !parsed.has_lock && parsed.currency == 1 && parsed.ends_at == 0);
			ck_assert_str_eq(parsed.key, "");
		}
	}
}
END_TEST

START_TEST(the_longest_old_memo_is_read_and_a_longer_one_refused)
{
	struct uncia_request parsed = {.size = sizeof(parsed)};
	char text[OLD_REQUEST_SIZE], longer[OLD_REQUEST_SIZE + 8], address[UNCIA_ADDRESS_TEXT_SIZE],
	    memo[UNCIA_MEMO_SIZE];
	make_address(false, address);
	memset(memo, '%', sizeof(memo) - 1);
	memo[sizeof(memo) - 1] = '\0';
	old_request_text(address, 0, memo, text);
	ck_assert_int_eq(uncia_request_parse(NULL, text, &parsed), 0);
	ck_assert_str_eq(parsed.memo, memo);
	snprintf(longer, sizeof(longer), "%s%%25", text);
	ck_assert_int_eq(uncia_request_parse(NULL, longer, &parsed), UNCIA_E_LIMIT);
	ck_assert_int_eq(uncia_memo_check(memo), 0);
	ck_assert_int_eq(uncia_memo_check(longer), UNCIA_E_LIMIT);
	ck_assert_int_eq(uncia_memo_check("a\nb"), UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_memo_check(NULL), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(requests_refuse_what_they_do_not_know)
{
	static const struct {
		const char *tail;
		int error;
	} bad[] = {
	    {"?amount=", UNCIA_E_CHANGED},
	    {"?amount=0", UNCIA_E_AMOUNT},
	    {"?amount=-1", UNCIA_E_AMOUNT},
	    {"?amount=1.0000001", UNCIA_E_AMOUNT},
	    {"?amount=18446744073709.551616", UNCIA_E_AMOUNT},
	    {"?amount=11111111111111111111111111111111111111111111", UNCIA_E_AMOUNT},
	    {"?amount=00000000000000000000000001.000000", UNCIA_E_AMOUNT}, /* 32 characters and more */
	    {"?amount=1&amount=1", UNCIA_E_CHANGED},
	    {"?amount=&memo=a", UNCIA_E_CHANGED},
	    {"?memo=a&memo=a", UNCIA_E_CHANGED},
	    {"?memo=", UNCIA_E_CHANGED},
	    {"?memo=&amount=1", UNCIA_E_CHANGED},
	    {"?memo=a b", UNCIA_E_CHANGED},
	    {"?memo=a\xc2\xa0z", UNCIA_E_CHANGED},
	    {"?memo=a b&amount=1", UNCIA_E_CHANGED},
	    {"?memo=%4", UNCIA_E_CHANGED},
	    {"?memo=%", UNCIA_E_CHANGED},
	    {"?memo=%4g", UNCIA_E_CHANGED},
	    {"?memo=%00", UNCIA_E_CHANGED},
	    {"?memo=%0A", UNCIA_E_CHANGED},
	    {"?memo=%FF", UNCIA_E_CHANGED},
	    {"?memo=%E2%80%AE", UNCIA_E_CHANGED},
	    {"?memo=%D8%9C", UNCIA_E_CHANGED},    /* U+061C */
	    {"?memo=%E2%80%8E", UNCIA_E_CHANGED}, /* U+200E */
	    {"?memo=%E2%80%A8", UNCIA_E_CHANGED}, /* U+2028 */
	    {"?to=a", UNCIA_E_CHANGED},
	    {"?amount=1&", UNCIA_E_CHANGED},
	    {"?amount=1?memo=a", UNCIA_E_AMOUNT},
	    {"&amount=1", UNCIA_E_ADDRESS},
	    {"#x", UNCIA_E_ADDRESS},
	};
	char address[UNCIA_ADDRESS_TEXT_SIZE], text[256];
	struct uncia_request parsed = {.size = sizeof(parsed)};
	make_address(false, address);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "uncia:%s%s", address, bad[i].tail);
		ck_assert_msg(uncia_request_parse(NULL, text, &parsed) == bad[i].error, "%s", text);
	}
	snprintf(text, sizeof(text), "bitcoin:%s", address);
	ck_assert_int_eq(uncia_request_parse(NULL, text, &parsed), UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_request_parse(NULL, "uncia:", &parsed), UNCIA_E_ADDRESS);
	snprintf(text, sizeof(text), "uncia:uncia:%s", address);
	ck_assert_int_eq(uncia_request_parse(NULL, text, &parsed), UNCIA_E_ADDRESS);
	ck_assert_int_eq(uncia_request_parse(NULL, text, NULL), UNCIA_E_ARGUMENT);
	parsed.size--;
	ck_assert_int_eq(uncia_request_parse(NULL, text, &parsed), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(the_bounds_of_a_requests_amount_are_requests)
{
	static const struct {
		const char *tail;
		uint64_t amount;
	} good[] = {{"?amount=0.000001", 1},
	            {"?amount=18446744073709.551615", UINT64_MAX},
	            {"?amount=000000000000000000000001.000000", 1000000}, /* 31 characters */
	            {"?AMOUNT=1&memo=a", 1000000},
	            {"?memo=a&Amount=01", 1000000}};
	char address[UNCIA_ADDRESS_TEXT_SIZE], text[256];
	struct uncia_request parsed = {.size = sizeof(parsed)};
	make_address(false, address);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "uncia:%s%s", address, good[i].tail);
		ck_assert_msg(uncia_request_parse(NULL, text, &parsed) == 0, "%s", text);
		ck_assert_uint_eq(parsed.amount, good[i].amount);
	}
}
END_TEST

START_TEST(text_that_could_deceive_is_not_plain)
{
	static const char *const bad[] = {
	    "\xd8\x9c",         "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9",
	    "\xe2\x81\xa9",     "\x7f",         "\n",           "\xc2\x80",     "\xe2\x80\xae",
	    "\xe2\x81\xa6",     "\xc0\xaf",     "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
	    "\xf0\x82\x82\xac", "\xe2\x82",     "\x80",         "\xff",         "a\xc3"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!utf8_is_plain(bad[i]), "number %zu", i);
	ck_assert(utf8_is_plain("J\xc3\xbcrgen \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80"));
}
END_TEST

START_TEST(memo_hashes_differ_with_the_memo)
{
	uint8_t one[32], two[32];
	ck_assert_int_eq(uncia_memo_hash("rent", one), 0);
	ck_assert_int_eq(uncia_memo_hash("rent ", two), 0);
	ck_assert_mem_ne(one, two, sizeof(one));
	ck_assert_int_eq(uncia_memo_hash(NULL, one), UNCIA_E_ARGUMENT);
}
END_TEST

UNIT_MAIN("text", addresses_come_back_with_their_reference, ids_are_64_hexadecimal_digits, old_requests_come_back,
          the_longest_old_memo_is_read_and_a_longer_one_refused, requests_refuse_what_they_do_not_know,
          the_bounds_of_a_requests_amount_are_requests, text_that_could_deceive_is_not_plain,
          memo_hashes_differ_with_the_memo)

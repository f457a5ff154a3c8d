/* The cases of docs/spec/vectors/texts.json, which a second implementation goes by. */
#include <jansson.h>
#include <uncia/uncia.h>
#include "address.h"
#include "clean.h"
#include "names.h"
#include "passphrase.h"
#include "unit.h"
#include "words.h"

static json_t *file;

/* The array of that name. */
static const json_t *cases(const char *name)
{
	json_error_t error;
	if (!file)
		file = json_load_file(SPEC_VECTORS "/texts.json", 0, &error);
	ck_assert_msg(file, "%s, line %d", error.text, error.line);
	const json_t *list = json_object_get(file, name);
	ck_assert_uint_gt(json_array_size(list), 2);
	return list;
}

static const char *text_of(const json_t *one, const char *name)
{
	return json_string_value(json_object_get(one, name));
}

/* Both NULL, or both texts and equal. */
static void check_equal(const char *text, const char *got, const char *expected)
{
	ck_assert_msg((!got) == (!expected) && (!got || strcmp(got, expected) == 0), "%s: %s instead of %s", text,
	              got ? got : "refused", expected ? expected : "refused");
}

START_TEST(cleaning_is_what_the_specification_says)
{
	const json_t *list = cases("cleaning"), *one;
	size_t i;
	json_array_foreach(list, i, one)
	{
		const char *form = text_of(one, "form"), *text = text_of(one, "text");
		char clean[512];
		int rc = text_clean(text,
		                    strcmp(form, "plain") == 0     ? &clean_plain
		                    : strcmp(form, "request") == 0 ? &clean_request
		                                                   : &clean_receipt,
		                    clean, sizeof(clean));
		check_equal(text, rc ? NULL : clean, text_of(one, "clean"));
	}
}
END_TEST

START_TEST(addresses_are_read_as_the_specification_says)
{
	const json_t *list = cases("addresses"), *one;
	size_t i;
	json_array_foreach(list, i, one)
	{
		struct uncia_address address;
		char text[UNCIA_ADDRESS_TEXT_SIZE] = "";
		int rc = uncia_address_parse(text_of(one, "text"), &address);
		if (!rc)
			uncia_address_format(&address, text);
		check_equal(text_of(one, "text"), rc ? NULL : text, text_of(one, "address"));
	}
}
END_TEST

START_TEST(requests_are_read_as_the_specification_says)
{
	const json_t *list = cases("requests"), *one;
	size_t i;
	json_array_foreach(list, i, one)
	{
		struct uncia_request request = {.size = sizeof(request)};
		const json_t *expected = json_object_get(one, "request");
		const char *text = text_of(one, "text");
		char amount[UNCIA_AMOUNT_TEXT_SIZE];
		int rc = uncia_request_parse(NULL, text, &request);
		ck_assert_msg((rc == 0) == json_is_object(expected), "%d: %s", rc, text);
		if (rc)
			continue;
		uncia_amount_format(request.amount, amount);
		check_equal(text, request.address, text_of(expected, "address"));
		check_equal(text, request.has_amount ? amount : NULL, text_of(expected, "amount"));
		check_equal(text, request.memo[0] != '\0' ? request.memo : NULL, text_of(expected, "memo"));
	}
}
END_TEST

START_TEST(words_are_read_as_the_specification_says)
{
	const json_t *list = cases("words"), *one;
	size_t i;
	json_array_foreach(list, i, one)
	{
		const char *text = text_of(one, "text");
		uint8_t entropy[WORDS_ENTROPY_MAX];
		char words[UNCIA_WORDS_TEXT_SIZE];
		unsigned count, unknown;
		size_t size;
		int rc = words_to_entropy(text, entropy, &size);
		if (!rc)
			words_from_entropy(entropy, size, words);
		check_equal(text, rc ? NULL : words, text_of(one, "words"));
		ck_assert_int_eq(uncia_words_examine(text, &count, &unknown), rc);
		if (!rc)
			continue;
		ck_assert_int_eq(count, json_integer_value(json_object_get(one, "count")));
		ck_assert_int_eq(unknown, json_integer_value(json_object_get(one, "unknown")));
	}
}
END_TEST

START_TEST(passphrases_are_prepared_as_the_specification_says)
{
	const json_t *list = cases("passphrases"), *one;
	size_t i;
	json_array_foreach(list, i, one)
	{
		char *prepared;
		ck_assert_int_eq(passphrase_prepare(text_of(one, "text"), &prepared), 0);
		check_equal(text_of(one, "text"), prepared, text_of(one, "prepared"));
		passphrase_free(prepared);
	}
}
END_TEST

START_TEST(names_are_what_the_specification_says)
{
	const json_t *list = cases("names"), *one;
	size_t i;
	json_array_foreach(list, i, one)
	{
		char name[UNCIA_CONTACT_NAME_SIZE], why[UNCIA_WHY_SIZE];
		int rc = uncia_contact_name(text_of(one, "text"), name, why);
		check_equal(text_of(one, "text"), rc ? NULL : name, text_of(one, "name"));
	}
}
END_TEST

/* Whether the two names of a pair look alike. */
static bool pair_is_alike(const json_t *pair)
{
	struct name_keys one, two;
	name_keys_make(json_string_value(json_array_get(pair, 0)), &one);
	name_keys_make(json_string_value(json_array_get(pair, 1)), &two);
	return name_keys_alike(&one, &two);
}

START_TEST(names_look_alike_as_the_specification_says)
{
	const json_t *list = cases("alike"), *pair;
	size_t i;
	json_array_foreach(list, i, pair)
	{
		ck_assert_msg(pair_is_alike(pair), "%s", json_string_value(json_array_get(pair, 0)));
	}
	list = cases("different");
	json_array_foreach(list, i, pair)
	{
		ck_assert_msg(!pair_is_alike(pair), "%s", json_string_value(json_array_get(pair, 0)));
	}
	json_decref(file);
	file = NULL;
}
END_TEST

UNIT_MAIN("spec_texts", cleaning_is_what_the_specification_says, addresses_are_read_as_the_specification_says,
          requests_are_read_as_the_specification_says, words_are_read_as_the_specification_says,
          passphrases_are_prepared_as_the_specification_says, names_are_what_the_specification_says,
          names_look_alike_as_the_specification_says)

/* Bech32m against its published strings, and addresses with and without a reference. */
#include "address.h"
#include <ctype.h>
#include <jansson.h>
#include "bech32m.h"
#include "hash.h"
#include "uncia/error.h"
#include "unit.h"

static json_t *strings_of(const char *list, json_t **file)
{
	*file = json_load_file(VECTORS "/bech32m.json", 0, NULL);
	ck_assert_ptr_nonnull(*file);
	json_t *strings = json_object_get(*file, list);
	ck_assert_uint_gt(json_array_size(strings), 0);
	return strings;
}

START_TEST(published_valid_strings_decode_and_encode_back)
{
	json_t *file, *strings = strings_of("valid_bech32m", &file);
	for (size_t i = 0; i < json_array_size(strings); i++) {
		const char *text = json_string_value(json_array_get(strings, i));
		char hrp[84], again[91];
		uint8_t data[90];
		size_t size = sizeof(data);
		ck_assert_msg(bech32m_decode(text, hrp, sizeof(hrp), data, &size) == 0, "%s", text);
		ck_assert_int_eq(bech32m_encode(hrp, data, size, again, sizeof(again)), 0);
		ck_assert_uint_eq(strlen(again), strlen(text));
		for (size_t k = 0; again[k]; k++)
			ck_assert_int_eq(again[k], tolower((unsigned char)text[k]));
		/* Room is checked: one group, or one character of the prefix, or the NUL too little. */
		if (size > 0) {
			size_t less = size - 1;
			ck_assert_int_eq(bech32m_decode(text, hrp, sizeof(hrp), data, &less), UNCIA_E_ADDRESS);
		}
		size_t room = sizeof(data);
		ck_assert_int_eq(bech32m_decode(text, again, strlen(hrp), data, &room), UNCIA_E_ADDRESS);
		ck_assert_int_eq(bech32m_encode(hrp, data, size, again, strlen(text)), UNCIA_E_ADDRESS);
	}
	json_decref(file);
}
END_TEST

START_TEST(published_invalid_strings_are_refused)
{
	json_t *file, *strings = strings_of("invalid_bech32m", &file);
	for (size_t i = 0; i < json_array_size(strings); i++) {
		const char *text = json_string_value(json_array_get(strings, i));
		char hrp[91];
		uint8_t data[90];
		size_t size = sizeof(data);
		ck_assert_msg(bech32m_decode(text, hrp, sizeof(hrp), data, &size) == UNCIA_E_ADDRESS, "%s", text);
	}
	json_decref(file);
}
END_TEST

START_TEST(encoder_refuses_bad_prefixes_and_groups)
{
	uint8_t data[90] = {32};
	char text[128];
	ck_assert_int_eq(bech32m_encode("a", data, 1, text, sizeof(text)), UNCIA_E_ADDRESS);
	data[0] = 31;
	ck_assert_int_eq(bech32m_encode("a", data, 1, text, sizeof(text)), 0);
	ck_assert_int_eq(bech32m_encode("", data, 1, text, sizeof(text)), UNCIA_E_ADDRESS);
	ck_assert_int_eq(bech32m_encode("A", data, 1, text, sizeof(text)), UNCIA_E_ADDRESS);
	ck_assert_int_eq(bech32m_encode("a b", data, 1, text, sizeof(text)), UNCIA_E_ADDRESS);
	ck_assert_int_eq(bech32m_encode("a", data, 82, text, sizeof(text)), 0);
	ck_assert_int_eq(bech32m_encode("a", data, 83, text, sizeof(text)), UNCIA_E_ADDRESS);
}
END_TEST

static struct destination example(bool with_reference)
{
	struct destination d = {.has_reference = with_reference};
	for (uint8_t i = 0; i < ADDRESS_SIZE; i++)
		d.address.b[i] = (uint8_t)(i * 13 + 1);
	if (with_reference)
		memcpy(d.reference,
		       "\x00\xff"
		       "order7",
		       REFERENCE_SIZE);
	return d;
}

static void assert_same(const struct destination *a, const struct destination *b)
{
	ck_assert_mem_eq(a->address.b, b->address.b, ADDRESS_SIZE);
	ck_assert_int_eq(a->has_reference, b->has_reference);
	ck_assert_mem_eq(a->reference, b->reference, REFERENCE_SIZE);
}

START_TEST(destinations_format_and_parse_back)
{
	for (int reference = 0; reference < 2; reference++) {
		struct destination d = example(reference), back;
		char text[ADDRESS_TEXT_SIZE];
		destination_format(&d, text);
		ck_assert_int_eq(strncmp(text, "unc1", 4), 0);
		ck_assert_uint_eq(strlen(text), reference ? 55 : 42);
		ck_assert_int_eq(destination_parse(text, &back), 0);
		assert_same(&d, &back);
		for (char *c = text; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		ck_assert_int_eq(destination_parse(text, &back), 0);
		assert_same(&d, &back);
		text[0] = 'u';
		ck_assert_int_eq(destination_parse(text, &back), UNCIA_E_ADDRESS);
	}
}
END_TEST

/* Any one wrong, missing, extra or swapped character is noticed. */
START_TEST(mistyped_addresses_are_refused)
{
	for (int reference = 0; reference < 2; reference++) {
		struct destination d = example(reference), out = example(!reference), untouched = out;
		char text[ADDRESS_TEXT_SIZE], bad[ADDRESS_TEXT_SIZE + 1];
		destination_format(&d, text);
		size_t length = strlen(text);
		for (size_t i = 0; i < length; i++) {
			for (int c = 1; c < 256; c++) {
				memcpy(bad, text, length + 1);
				bad[i] = (char)c;
				if (bad[i] != text[i])
					ck_assert_int_eq(destination_parse(bad, &out), UNCIA_E_ADDRESS);
			}
			memcpy(bad, text, i);
			memcpy(bad + i, text + i + 1, length - i);
			ck_assert_int_eq(destination_parse(bad, &out), UNCIA_E_ADDRESS);
			if (i + 1 < length && text[i] != text[i + 1]) {
				memcpy(bad, text, length + 1);
				bad[i] = text[i + 1];
				bad[i + 1] = text[i];
				ck_assert_int_eq(destination_parse(bad, &out), UNCIA_E_ADDRESS);
			}
			memcpy(bad, text, i);
			bad[i] = 'q';
			memcpy(bad + i + 1, text + i, length - i + 1);
			ck_assert_int_eq(destination_parse(bad, &out), UNCIA_E_ADDRESS);
		}
		assert_same(&out, &untouched);
	}
	struct destination out;
	ck_assert_int_eq(destination_parse(NULL, &out), UNCIA_E_ADDRESS);
	ck_assert_int_eq(destination_parse("", &out), UNCIA_E_ADDRESS);
}
END_TEST

/* Strings with a right checksum whose payload has another size, non-zero padding, or another prefix. */
START_TEST(other_payloads_and_prefixes_are_refused)
{
	struct destination out;
	char text[91];
	uint8_t groups[80] = {0};
	for (size_t count = 0; count <= 80; count++) {
		ck_assert_int_eq(bech32m_encode("unc", groups, count, text, sizeof(text)), 0);
		/* 32 groups are 20 bytes; 45 are 28 bytes and one zero bit. */
		ck_assert_int_eq(destination_parse(text, &out), count == 32 || count == 45 ? 0 : UNCIA_E_ADDRESS);
	}
	groups[44] = 1;
	ck_assert_int_eq(bech32m_encode("unc", groups, 45, text, sizeof(text)), 0);
	ck_assert_int_eq(destination_parse(text, &out), UNCIA_E_ADDRESS);
	groups[44] = 2;
	ck_assert_int_eq(bech32m_encode("unc", groups, 45, text, sizeof(text)), 0);
	ck_assert_int_eq(destination_parse(text, &out), 0);
	static const char *const prefixes[] = {"un", "und", "unca", "bc", "uncia"};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		ck_assert_int_eq(bech32m_encode(prefixes[i], groups, 32, text, sizeof(text)), 0);
		ck_assert_int_eq(destination_parse(text, &out), UNCIA_E_ADDRESS);
	}
}
END_TEST

START_TEST(address_is_the_front_of_the_key_hash)
{
	uint8_t key[32] = {1, 2, 3};
	struct address address;
	struct hash digest;
	address_of_key(key, &address);
	hash1(HASH_ADDRESS, key, sizeof(key), &digest);
	ck_assert_mem_eq(address.b, digest.b, ADDRESS_SIZE);
}
END_TEST

UNIT_MAIN("address", published_valid_strings_decode_and_encode_back, published_invalid_strings_are_refused,
          encoder_refuses_bad_prefixes_and_groups, destinations_format_and_parse_back, mistyped_addresses_are_refused,
          other_payloads_and_prefixes_are_refused, address_is_the_front_of_the_key_hash)

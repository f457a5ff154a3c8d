/* Recovery words: the public vectors both ways, and what is refused. */
#include "words.h"
#include <jansson.h>
#include "unit.h"

static void check_vector(const char *entropy_hex, const char *words, const char *seed_hex)
{
	uint8_t entropy[WORDS_ENTROPY_MAX], back[WORDS_ENTROPY_MAX], seed[WORDS_SEED_SIZE], expected[WORDS_SEED_SIZE];
	char written[UNCIA_WORDS_TEXT_SIZE];
	size_t size = unit_hex(entropy_hex, entropy, sizeof(entropy)), back_size = 0;
	if (size == 24) { /* 18 words: not of this wallet */
		ck_assert_int_eq(words_to_entropy(words, back, &back_size), UNCIA_E_WORDS);
		return;
	}
	words_from_entropy(entropy, size, written);
	ck_assert_str_eq(written, words);
	ck_assert_int_eq(words_to_entropy(words, back, &back_size), 0);
	ck_assert_uint_eq(back_size, size);
	ck_assert_mem_eq(back, entropy, size);
	words_seed(words, "TREZOR", seed);
	ck_assert_uint_eq(unit_hex(seed_hex, expected, sizeof(expected)), sizeof(expected));
	ck_assert_mem_eq(seed, expected, sizeof(seed));
}

START_TEST(words_pass_the_public_vectors)
{
	json_error_t error;
	json_t *file = json_load_file(VECTORS "/bip39.json", 0, &error), *vector;
	size_t i;
	ck_assert_ptr_nonnull(file);
	json_t *vectors = json_object_get(file, "english");
	ck_assert_uint_ge(json_array_size(vectors), 24);
	json_array_foreach(vectors, i, vector)
	{
		check_vector(json_string_value(json_array_get(vector, 0)), json_string_value(json_array_get(vector, 1)),
		             json_string_value(json_array_get(vector, 2)));
	}
	json_decref(file);
}
END_TEST

START_TEST(word_list_is_the_public_one)
{
	char line[64];
	FILE *file = fopen(VECTORS "/bip39-english.txt", "r");
	ck_assert_ptr_nonnull(file);
	for (size_t i = 0; i < WORDS_ENGLISH_COUNT; i++) {
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
		line[strcspn(line, "\r\n")] = '\0';
		ck_assert_str_eq(words_english[i], line);
	}
	fclose(file);
}
END_TEST

#define GOOD "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

START_TEST(words_accept_case_and_spaces)
{
	ck_assert_int_eq(uncia_words_check(GOOD), 0);
	ck_assert_int_eq(
	    uncia_words_check("  Abandon ABANDON\tabandon abandon abandon abandon\nabandon abandon abandon "
	                      "abandon  abandon about \r\n"),
	    0);
}
END_TEST

START_TEST(words_refuse_everything_else)
{
	static const char *const bad[] = {
	    "",
	    " ",
	    "abandon",
	    GOOD " ",
	    GOOD " abandon",
	    GOOD " " GOOD,
	    GOOD " " GOOD " abandon",
	    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon",
	    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abou",
	    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon aboutabout",
	    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon ab\xc3\xb6ut",
	    "abandon,abandon,abandon,abandon,abandon,abandon,abandon,abandon,abandon,abandon,abandon,about",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(uncia_words_check(bad[i]), i == 3 ? 0 : UNCIA_E_WORDS);
	ck_assert_int_eq(uncia_words_check(NULL), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(a_single_word_is_in_the_list_or_not)
{
	static const char *const bad[] = {"", " ", "abou", "aboutt", "about zoo", "abandonabandon", "ab\xc3\xb6ut"};
	for (size_t i = 0; i < WORDS_ENGLISH_COUNT; i++)
		ck_assert_int_eq(uncia_word_check(words_english[i]), 0);
	ck_assert_int_eq(uncia_word_check(" ABOUT\n"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(uncia_word_check(bad[i]), UNCIA_E_WORDS);
	ck_assert_int_eq(uncia_word_check(NULL), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(a_swapped_word_is_noticed)
{
	/* One word in 16 would pass by chance: of all 2047 others in the last place, few may. */
	char words[UNCIA_WORDS_TEXT_SIZE];
	unsigned passed = 0;
	for (size_t i = 0; i < WORDS_ENGLISH_COUNT; i++) {
		int size = snprintf(
		    words, sizeof(words),
		    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon %s",
		    words_english[i]);
		ck_assert_int_lt(size, (int)sizeof(words));
		passed += uncia_words_check(words) == 0;
	}
	ck_assert_uint_eq(passed, 128);
}
END_TEST

START_TEST(fresh_words_are_words_and_fresh)
{
	char one[UNCIA_WORDS_TEXT_SIZE], two[UNCIA_WORDS_TEXT_SIZE];
	static const unsigned counts[] = {12, 24};
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(uncia_words_make(NULL, counts[i], one), 0);
		ck_assert_int_eq(uncia_words_make(NULL, counts[i], two), 0);
		ck_assert_int_eq(uncia_words_check(one), 0);
		ck_assert_str_ne(one, two);
	}
	ck_assert_int_eq(uncia_words_make(NULL, 13, one), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_words_make(NULL, 12, NULL), UNCIA_E_ARGUMENT);
}
END_TEST

UNIT_MAIN("words", words_pass_the_public_vectors, word_list_is_the_public_one, words_accept_case_and_spaces,
          words_refuse_everything_else, a_single_word_is_in_the_list_or_not, a_swapped_word_is_noticed,
          fresh_words_are_words_and_fresh)

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

/* As people write words down, print them, and paste them. */
START_TEST(words_are_read_as_people_write_them_down)
{
	static const char *const good[] = {
	    GOOD,
	    "  Abandon ABANDON\tabandon abandon abandon abandon\nabandon abandon abandon abandon  abandon about \r\n",
	    "abandon,abandon, abandon;abandon. abandon-abandon/abandon|abandon (abandon) [abandon] \"abandon\" about.",
	    "\xef\xbb\xbf" GOOD "\r\n",
	    "1. abandon\n2. abandon\n3. abandon\n4. abandon\n5. abandon\n6. abandon\n7. abandon\n8. abandon\n"
	    "9. abandon\n10. abandon\n11. abandon\n12. about\n",
	    "1) abandon 2) abandon 3) abandon 4) abandon 5) abandon 6) abandon 7)abandon 8)abandon #9 abandon "
	    "10:abandon 11=abandon 12about",
	    "> abandon abandon abandon abandon abandon abandon\r\n> abandon abandon abandon abandon abandon about\r\n",
	    "aban aban aban aban aban aban aban aban aban aban aban abou",
	    "ABAN aban abando aban abandon aban aban aban aban aban aban about",
	    "aban\xe2\x80\x8b"
	    "don abandon aban\xc2\xad"
	    "don abandon abandon abandon abandon abandon abandon abandon abandon "
	    "about",
	    "abandon\xc2\xa0"
	    "abandon\xe3\x80\x80"
	    "abandon\xe2\x80\xa8"
	    "abandon abandon abandon abandon abandon abandon "
	    "abandon \xe2\x80\xa2 abandon \xe2\x80\x9c"
	    "about\xe2\x80\x9d",
	};
	uint8_t entropy[WORDS_ENTROPY_MAX], zeros[16] = {0};
	size_t size;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		unsigned count = 99, unknown = 99;
		ck_assert_msg(words_to_entropy(good[i], entropy, &size) == 0, "%s", good[i]);
		ck_assert_uint_eq(size, sizeof(zeros));
		ck_assert_mem_eq(entropy, zeros, sizeof(zeros));
		ck_assert_int_eq(uncia_words_examine(good[i], &count, &unknown), 0);
		ck_assert_uint_eq(count, 12);
		ck_assert_uint_eq(unknown, 0);
	}
}
END_TEST

START_TEST(every_word_is_known_by_its_first_four_letters_and_by_no_three)
{
	for (size_t i = 0; i < WORDS_ENGLISH_COUNT; i++) {
		const char *word = words_english[i];
		char text[512], first[WORDS_ENGLISH_SIZE];
		uint8_t one[WORDS_ENTROPY_MAX], two[WORDS_ENTROPY_MAX];
		size_t size;
		for (size_t letters = 1; letters <= strlen(word); letters++) {
			snprintf(first, sizeof(first), "%.*s", (int)letters, word);
			bool other = letters < 4 && strlen(word) > letters;
			/* Three letters may be a word, another one. */
			if (!other)
				ck_assert_int_eq(uncia_word_check(first), 0);
			else if (uncia_word_check(first) == 0)
				ck_assert_uint_eq(letters, 3);
		}
		/* It is that word, and no other that begins alike: the entropy is the same. */
		uint8_t entropy[16] = {(uint8_t)(i >> 3), (uint8_t)(i << 5)};
		words_from_entropy(entropy, sizeof(entropy), text);
		ck_assert_int_eq(strncmp(text, word, strlen(word)), 0);
		char *space = strchr(text, ' '), shorter[512];
		snprintf(shorter, sizeof(shorter), "%.4s%s", word, strlen(word) > 4 ? space : text + strlen(word));
		ck_assert_int_eq(words_to_entropy(text, one, &size), 0);
		ck_assert_int_eq(words_to_entropy(shorter, two, &size), 0);
		ck_assert_mem_eq(one, two, 16);
	}
}
END_TEST

START_TEST(words_refuse_everything_else_and_say_which)
{
	static const struct {
		const char *words;
		unsigned count, unknown;
	} bad[] = {
	    {"", 0, 0},
	    {" ", 0, 0},
	    {"1. 2. 3.", 0, 0},
	    {"abandon", 1, 0},
	    {GOOD " abandon", 13, 0},
	    {GOOD " " GOOD, 24, 0},
	    {GOOD " " GOOD " abandon", 25, 0},
	    {"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon", 12, 0},
	    {"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abo", 12, 12},
	    {"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon aboutabout", 12,
	     12},
	    {"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon aboutt", 12, 12},
	    {"abandon abandon abandon abandon abandon abandon ab\xc3\xb6ndon abandon abandon abandon abandon about", 12,
	     7},
	    {"abandon \xd0\xb0"
	     "bandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
	     12, 2},
	    {"abandon abandon aban\xff"
	     "don abandon abandon abandon abandon abandon abandon abandon abandon about",
	     12, 3},
	    {"zzzz abandon abandon yyyy abandon abandon abandon abandon abandon abandon abandon about", 12, 1},
	    {"aban don abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about", 13, 2},
	};
	unsigned count, unknown;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(uncia_words_check(bad[i].words) == UNCIA_E_WORDS, "%s", bad[i].words);
		ck_assert_int_eq(uncia_words_examine(bad[i].words, &count, &unknown), UNCIA_E_WORDS);
		ck_assert_msg(count == bad[i].count && unknown == bad[i].unknown, "%s: %u of %u", bad[i].words, unknown,
		              count);
	}
	ck_assert_int_eq(uncia_words_check(NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_words_examine(NULL, &count, &unknown), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_words_examine(GOOD, NULL, &unknown), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_words_examine(GOOD, &count, NULL), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(a_single_word_is_in_the_list_or_not)
{
	static const char *const bad[] = {"", " ", "abo", "aboutt", "about zoo", "abandonabandon", "ab\xc3\xb6ut"};
	ck_assert_int_eq(uncia_word_check(" ABOUT\n"), 0);
	ck_assert_int_eq(uncia_word_check("12. abou"), 0);
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

UNIT_MAIN("words", words_pass_the_public_vectors, word_list_is_the_public_one, words_are_read_as_people_write_them_down,
          every_word_is_known_by_its_first_four_letters_and_by_no_three, words_refuse_everything_else_and_say_which,
          a_single_word_is_in_the_list_or_not, a_swapped_word_is_noticed, fresh_words_are_words_and_fresh)

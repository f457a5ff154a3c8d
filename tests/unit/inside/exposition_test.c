/* The text format: what a sample looks like, what is escaped, what is cumulative, what does not fit. */
#include "exposition.h"
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"
#include "unit.h"

static struct exposition e;

static void setup(void)
{
	e = (struct exposition){0};
}

static void teardown(void)
{
	exposition_deinit(&e);
}

/* What was written so far. */
static const char *written(void)
{
	static char text[8192];

	ck_assert_int_eq(e.error, 0);
	ck_assert_uint_lt(e.size, sizeof(text));
	memcpy(text, e.text, e.size);
	text[e.size] = '\0';
	return text;
}

START_TEST(a_family_has_its_help_its_type_and_its_samples)
{
	exposition_family(&e, "uncia_final_height", EXPOSITION_GAUGE, "Height.");
	exposition_sample(&e, NULL, (struct exposition_value){.number = 12});
	exposition_family(&e, "uncia_votes_total", EXPOSITION_COUNTER, "Votes.");
	exposition_sample(&e, &(struct exposition_label){"kind", "final"},
	                  (struct exposition_value){.number = UINT64_MAX});
	ck_assert_str_eq(written(), "# HELP uncia_final_height Height.\n# TYPE uncia_final_height gauge\n"
	                            "uncia_final_height 12\n"
	                            "# HELP uncia_votes_total Votes.\n# TYPE uncia_votes_total counter\n"
	                            "uncia_votes_total{kind=\"final\"} 18446744073709551615\n");
}
END_TEST

START_TEST(numbers_have_their_decimals_and_no_zeros_behind_them)
{
	static const struct {
		struct exposition_value value;
		const char *text;
	} cases[] = {
	    {{0, 3, false}, "0"},       {{1234, 3, false}, "1.234"}, {{1200, 3, false}, "1.2"},
	    {{1000, 3, false}, "1"},    {{5, 3, false}, "0.005"},    {{5, 3, true}, "-0.005"},
	    {{0, 3, true}, "0"},        {{100, 6, false}, "0.0001"}, {{UINT64_MAX, 9, false}, "18446744073.709551615"},
	    {{1000, 0, true}, "-1000"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[80];
		exposition_family(&e, "x", EXPOSITION_GAUGE, "h");
		size_t before = e.size;
		exposition_sample(&e, NULL, cases[i].value);
		snprintf(line, sizeof(line), "x %s\n", cases[i].text);
		ck_assert_str_eq(written() + before, line);
	}
}
END_TEST

/* A text that could end its line would be read as figures. */
START_TEST(what_could_end_a_line_or_a_label_is_escaped)
{
	exposition_family(&e, "x", EXPOSITION_GAUGE, "a\nb\\c\"d");
	exposition_sample(&e, &(struct exposition_label){"l", "a\nb\\c\"d} 7"}, (struct exposition_value){.number = 1});
	ck_assert_str_eq(written(), "# HELP x a\\nb\\\\c\"d\n# TYPE x gauge\nx{l=\"a\\nb\\\\c\\\"d} 7\"} 1\n");
}
END_TEST

START_TEST(a_histogram_is_cumulative_and_ends_with_all)
{
	struct histogram histogram = {.sum_us = 0};

	histogram_add(&histogram, 0);
	histogram_add(&histogram, 100); /* a bound is within its bucket */
	histogram_add(&histogram, 101);
	histogram_add(&histogram, 2000000);
	histogram_add(&histogram, 31000000);
	ck_assert_uint_eq(histogram_count(&histogram), 5);
	exposition_family(&e, "d", EXPOSITION_HISTOGRAM, "h");
	exposition_histogram(&e, &histogram);
	const char *text = written();
	ck_assert_ptr_nonnull(
	    strstr(text, "# TYPE d histogram\nd_bucket{le=\"0.0001\"} 2\nd_bucket{le=\"0.00025\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(text, "d_bucket{le=\"1\"} 3\nd_bucket{le=\"2.5\"} 4\n"));
	ck_assert_ptr_nonnull(
	    strstr(text, "d_bucket{le=\"30\"} 4\nd_bucket{le=\"+Inf\"} 5\nd_sum 33.000201\nd_count 5\n"));
}
END_TEST

START_TEST(a_text_past_its_bound_fails_and_stays_as_it_was)
{
	size_t size = 0;

	for (unsigned i = 0; i < 100000 && !e.error; i++) {
		size = e.size;
		exposition_family(&e, "x", EXPOSITION_GAUGE, "a sentence that is not short");
	}
	ck_assert_int_eq(e.error, UNCIA_E_LIMIT);
	ck_assert_uint_le(e.size, EXPOSITION_SIZE_MAX);
	ck_assert_uint_gt(size, EXPOSITION_SIZE_MAX / 4);
	size = e.size;
	exposition_sample(&e, NULL, (struct exposition_value){.number = 1});
	ck_assert_uint_eq(e.size, size);
}
END_TEST

UNIT_MAIN_BETWEEN("exposition", setup, teardown, a_family_has_its_help_its_type_and_its_samples,
                  numbers_have_their_decimals_and_no_zeros_behind_them, what_could_end_a_line_or_a_label_is_escaped,
                  a_histogram_is_cumulative_and_ends_with_all, a_text_past_its_bound_fails_and_stays_as_it_was)

/* What every unit test program shares: running its list of tests, and hex. */
#ifndef UNIT_H
#define UNIT_H
#include <check.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The id of the account of an address, for entry_id.h. */
#define ACCOUNT(address_) (&(struct entry_id){ENTRY_ACCOUNT, (address_)})

/* Runs the tests, or with UNIT_ONLY=TEXT in the environment those whose name contains it, each between setup and
 * teardown, where there are any; the value is main's. */
static inline int unit_run(const char *name, void (*setup)(void), void (*teardown)(void), const TTest *const *tests,
                           size_t count)
{
	Suite *suite = suite_create(name);
	TCase *cases = tcase_create(name);
	tcase_set_timeout(cases, 120);
	tcase_add_checked_fixture(cases, setup, teardown);
	const char *only = getenv("UNIT_ONLY");
	for (size_t i = 0; i < count; i++)
		if (!only || strstr(tests[i]->name, only))
			tcase_add_test(cases, tests[i]);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
#define UNIT_MAIN_BETWEEN(name, setup, teardown, ...)                                                                  \
	int main(void)                                                                                                 \
	{                                                                                                              \
		const TTest *tests[] = {__VA_ARGS__};                                                                  \
		return unit_run(name, setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));                       \
	}
#define UNIT_MAIN(name, ...) UNIT_MAIN_BETWEEN(name, NULL, NULL, __VA_ARGS__)

/* The bytes of hex text, at most `room` of them; the value is their number. */
static inline size_t unit_hex(const char *text, uint8_t *out, size_t room)
{
	size_t size;
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(sodium_hex2bin(out, room, text, strlen(text), NULL, &size, NULL), 0);
	ck_assert_uint_eq(size * 2, strlen(text));
	return size;
}

#endif

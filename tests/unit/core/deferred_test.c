/* What waited for the disk: how much of it leaves in one step. Whether it waits is the business of the tests of whole
 * networks. */
#include "parts.h"
#include "unit.h"

#define ANSWERS     300u
#define ANSWER_SIZE ((size_t)1 << 20)

/* A disk that stood still for a minute, and all that could not be said meanwhile. */
START_TEST(answers_that_waited_for_a_disk_that_stood_still_all_leave_in_order)
{
	static uint8_t answer[ANSWER_SIZE];
	struct actions actions;
	struct replica r = {.config.self = 0, .now_ms = 5, .sequence = 1, .out = &actions};
	uint32_t steps = 0, left = 0;

	r.deferred_last = &r.deferred_first;
	ck_assert_int_eq(actions_init(&actions), 0);
	for (uint32_t i = 0; i < ANSWERS; i++)
		ck_assert_int_eq(defer_answer(&r, 1, i, answer, sizeof(answer)), 0);
	ck_assert_int_eq(deferred_run(&r), 0);
	ck_assert_uint_eq(actions.count, 0);
	ck_assert_uint_eq(deferred_wake(&r), TIME_NEVER);
	r.durable = 1;
	for (; left < ANSWERS; steps++) {
		ck_assert_uint_eq(deferred_wake(&r), r.now_ms);
		actions_clear(&actions);
		r.carried_out = 0;
		ck_assert_int_eq(deferred_run(&r), 0);
		ck_assert_uint_gt(actions.count, 0);
		for (size_t i = 0; i < actions.count; i++)
			ck_assert_uint_eq(actions.items[i].wallet, left++);
	}
	ck_assert_uint_gt(steps, 1);
	ck_assert_uint_eq(deferred_wake(&r), TIME_NEVER);
	actions_deinit(&actions);
}
END_TEST

UNIT_MAIN("deferred", answers_that_waited_for_a_disk_that_stood_still_all_leave_in_order)

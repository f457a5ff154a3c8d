/* What waited for the disk: how much of it is held, and how much leaves in one step. That it waits at all is the
 * business of the tests of whole networks. */
#include "parts.h"
#include "unit.h"

#define PIECES ((uint32_t)300)
#define PIECE  ((size_t)1 << 20)

static uint8_t piece[PIECE];
static struct actions actions;
static struct replica r;

static void open_replica(void)
{
	r = (struct replica){.config.self = 0, .now_ms = 5, .sequence = 1, .out = &actions};
	r.deferred_last = &r.deferred_first;
	ck_assert_int_eq(actions_init(&actions), 0);
}

static void next_step(void)
{
	actions_clear(&actions);
	r.carried_out = 0;
	ck_assert_int_eq(deferred_run(&r), 0);
}

/* A disk that stood still for long, and all that could not be said meanwhile. */
START_TEST(what_waited_for_a_disk_that_stood_still_leaves_in_order_over_several_steps)
{
	uint32_t steps = 0, left = 0;

	open_replica();
	for (uint32_t i = 0; i < PIECES; i++)
		ck_assert_int_eq(defer_send(&r, 1, 1 + i, piece, PIECE), 0);
	next_step();
	ck_assert_uint_eq(actions.count, 0);
	ck_assert_uint_eq(deferred_wake(&r), TIME_NEVER);
	r.durable = 1;
	for (; left < PIECES; steps++) {
		ck_assert_uint_eq(deferred_wake(&r), r.now_ms);
		next_step();
		ck_assert_uint_gt(actions.count, 0);
		for (size_t i = 0; i < actions.count; i++)
			ck_assert_uint_eq(actions.items[i].peer, 1 + left++);
	}
	ck_assert_uint_gt(steps, 1);
	ck_assert_uint_eq(deferred_wake(&r), TIME_NEVER);
	actions_deinit(&actions);
}
END_TEST

START_TEST(answers_that_wait_for_the_disk_are_bounded_and_whose_are_too_many_lose_their_link)
{
	uint32_t held = 0, lost = 0;

	open_replica();
	for (uint32_t i = 0; i < PIECES; i++)
		ck_assert_int_eq(defer_answer(&r, 1, 1 + i, piece, PIECE), 0);
	for (const struct deferred *d = r.deferred_first; d; d = d->next)
		ck_assert_uint_eq(d->wallet, 1 + held++);
	for (size_t i = 0; i < actions.count; i++, lost++) {
		ck_assert_int_eq(actions.items[i].kind, ACTION_DROP_WALLET);
		ck_assert_uint_eq(actions.items[i].wallet, 1 + held + i);
	}
	ck_assert_uint_gt(held, 100);
	ck_assert_uint_gt(lost, 10);
	ck_assert_uint_eq(held + lost, PIECES);
	/* When those have left there is room again. */
	r.durable = 1;
	while (r.deferred_first)
		next_step();
	ck_assert_uint_eq(r.answers_waiting, 0);
	actions_clear(&actions);
	ck_assert_int_eq(defer_answer(&r, 2, 7, piece, PIECE), 0);
	ck_assert_uint_eq(actions.count, 0);
	deferred_free(&r);
	actions_deinit(&actions);
}
END_TEST

UNIT_MAIN("deferred", what_waited_for_a_disk_that_stood_still_leaves_in_order_over_several_steps,
          answers_that_wait_for_the_disk_are_bounded_and_whose_are_too_many_lose_their_link)

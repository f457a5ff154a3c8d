/* What waited for the disk: how much of it is held, and how much leaves in one step. That it waits at all is the
 * business of the tests of whole networks. */
#include "outbox.h"
#include "unit.h"

#define PIECES ((uint32_t)300)
#define PIECE  ((size_t)1 << 20)

static uint8_t piece[PIECE];
static struct actions actions;
static struct genesis genesis = {.committee.size = COMMITTEE_SIZE_MAX};
static const struct storage_view no_storage;
static struct step s;

static uint32_t peer_of(uint32_t i)
{
	return 1 + i % (COMMITTEE_SIZE_MAX - 1);
}

static void begin_step(void)
{
	step_begin(&s, &actions, 5, 5, 0);
}

static void open_step(void)
{
	ck_assert_int_eq(actions_init(&actions), 0);
	ck_assert_int_eq(step_init(&s, &genesis, 0, 0, &no_storage), 0);
	begin_step();
	s.sequence = 1;
}

static void next_step(void)
{
	struct vote own;

	begin_step();
	ck_assert_int_eq(step_outbox_release(&s, &own), 0);
}

static void close_step(void)
{
	step_deinit(&s);
	actions_deinit(&actions);
}

/* A disk that stood still for long, and all that could not be said meanwhile. */
START_TEST(what_waited_for_a_disk_that_stood_still_leaves_in_order_over_several_steps)
{
	uint32_t steps = 0, left = 0;

	open_step();
	for (uint32_t i = 0; i < PIECES; i++)
		ck_assert_int_eq(step_outbox_send(&s, 1, peer_of(i), piece, PIECE), 0);
	next_step();
	ck_assert_uint_eq(actions.count, 0);
	ck_assert_uint_eq(step_outbox_wake(&s), TIME_NEVER);
	s.durable = 1;
	for (; left < PIECES; steps++) {
		ck_assert_uint_eq(step_outbox_wake(&s), s.now_ms);
		next_step();
		ck_assert_uint_gt(actions.count, 0);
		for (size_t i = 0; i < actions.count; i++)
			ck_assert_uint_eq(actions.items[i].peer, peer_of(left++));
	}
	ck_assert_uint_gt(steps, 1);
	ck_assert_uint_eq(step_outbox_wake(&s), TIME_NEVER);
	close_step();
}
END_TEST

START_TEST(answers_that_wait_for_the_disk_are_bounded_and_whose_are_too_many_lose_their_link)
{
	uint32_t held = 0, lost = 0;

	open_step();
	for (uint32_t i = 0; i < PIECES; i++)
		ck_assert_int_eq(step_outbox_answer(&s, 1, 1 + i, piece, PIECE), 0);
	size_t waiting, bytes;
	step_outbox_load(&s, &waiting, &bytes);
	held = (uint32_t)waiting;
	ck_assert_uint_eq(bytes, waiting * PIECE);
	for (size_t i = 0; i < actions.count; i++, lost++) {
		ck_assert_int_eq(actions.items[i].kind, ACTION_DROP_WALLET);
		ck_assert_uint_eq(actions.items[i].wallet, 1 + held + i);
	}
	ck_assert_uint_gt(held, 100);
	ck_assert_uint_gt(lost, 10);
	ck_assert_uint_eq(held + lost, PIECES);
	/* When those have left there is room again. */
	s.durable = 1;
	for (uint32_t left = 0; left < held;) {
		next_step();
		ck_assert_uint_gt(actions.count, 0);
		for (size_t i = 0; i < actions.count; i++) {
			ck_assert_int_eq(actions.items[i].kind, ACTION_ANSWER);
			ck_assert_uint_eq(actions.items[i].wallet, 1 + left++);
		}
	}
	ck_assert_uint_eq(s.answers_waiting, 0);
	begin_step();
	s.sequence = 2;
	ck_assert_int_eq(step_outbox_answer(&s, 2, 7, piece, PIECE), 0);
	ck_assert_uint_eq(actions.count, 0);
	close_step();
}
END_TEST

/* Own votes and marks come back in their place, between what was put in before and after them. */
START_TEST(what_is_for_the_caller_keeps_its_place_in_the_order)
{
	struct vote vote = {.kind = VOTE_SKIP1, .view = 9}, own;

	open_step();
	s.wrote = true;
	ck_assert_int_eq(step_outbox_send(&s, 1, 1, "a", 1), 0);
	ck_assert_int_eq(step_outbox_own_vote(&s, 1, &vote), 0);
	ck_assert_int_eq(step_outbox_send(&s, 1, 2, "b", 1), 0);
	ck_assert_int_eq(step_outbox_mark(&s, 1), 0);
	begin_step();
	ck_assert_int_eq(step_outbox_release(&s, &own), 0);
	s.durable = 1;
	ck_assert_int_eq(step_outbox_release(&s, &own), RELEASED_OWN_VOTE);
	ck_assert_uint_eq(own.view, 9);
	ck_assert_uint_eq(actions.count, 1);
	ck_assert_int_eq(step_outbox_release(&s, &own), RELEASED_MARK);
	ck_assert_uint_eq(actions.count, 2);
	ck_assert_int_eq(step_outbox_release(&s, &own), 0);
	close_step();
}
END_TEST

UNIT_MAIN("outbox", what_waited_for_a_disk_that_stood_still_leaves_in_order_over_several_steps,
          answers_that_wait_for_the_disk_are_bounded_and_whose_are_too_many_lose_their_link,
          what_is_for_the_caller_keeps_its_place_in_the_order)

/* The states of a payment in memory: which move to which, and that another move ends the process. */
#include "tracked.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"

/* Whether a payment in that state may move so; tried in a child, which an assertion ends. */
static bool moves(enum uncia_payment_state from, enum uncia_payment_state to, bool own)
{
	struct payment payment = {.size = 0};
	struct tracked t = {.record = {.own = own, .state = from, .payment = &payment},
	                    .following = {.querying = true}};
	int status;
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
		tracked_move(&t, to);
		bool ended = to == UNCIA_PAYMENT_FINAL || to == UNCIA_PAYMENT_EXPIRED;
		_exit(t.record.state == to && tracked_has_end(&t) == ended && t.following.querying != ended ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return !WIFSIGNALED(status);
}

START_TEST(an_end_never_changes)
{
	for (int own = 0; own < 2; own++)
		for (int to = UNCIA_PAYMENT_UNKNOWN; to <= UNCIA_PAYMENT_EXPIRED; to++) {
			ck_assert(!moves(UNCIA_PAYMENT_FINAL, (enum uncia_payment_state)to, own));
			ck_assert(!moves(UNCIA_PAYMENT_EXPIRED, (enum uncia_payment_state)to, own));
		}
}
END_TEST

START_TEST(what_has_no_end_may_get_one)
{
	for (int own = 0; own < 2; own++)
		for (int from = UNCIA_PAYMENT_UNKNOWN; from <= UNCIA_PAYMENT_PENDING; from++) {
			ck_assert(moves((enum uncia_payment_state)from, UNCIA_PAYMENT_PENDING, own));
			ck_assert(moves((enum uncia_payment_state)from, UNCIA_PAYMENT_FINAL, own));
			ck_assert(moves((enum uncia_payment_state)from, UNCIA_PAYMENT_EXPIRED, own));
		}
}
END_TEST

START_TEST(only_payments_of_others_become_unknown)
{
	ck_assert(moves(UNCIA_PAYMENT_PENDING, UNCIA_PAYMENT_UNKNOWN, false));
	ck_assert(!moves(UNCIA_PAYMENT_PENDING, UNCIA_PAYMENT_UNKNOWN, true));
}
END_TEST

UNIT_MAIN("tracked", an_end_never_changes, what_has_no_end_may_get_one, only_payments_of_others_become_unknown)

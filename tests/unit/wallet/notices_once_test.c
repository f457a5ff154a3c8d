/* A payment is told as paid once, for ever: across crashes, failing storage, processes, and homes that come back. */
#include <string.h>
#include "notice_rig.h"
#include "unit.h"

#define BOB_TOO "xmpp:robert@example.org"

/* ---- once ------------------------------------------------------------------------------------ */

START_TEST(a_payment_is_told_once_for_ever)
{
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_PAID);
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_AGAIN); /* this process has told it */
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &id), 0);
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &id), 0);
	for (int i = 0; i < 3; i++) {
		struct uncia_notice_result result = check_notice(BOB, &id, NULL);
		ck_assert_int_eq(result.verdict, UNCIA_NOTICE_AGAIN);
		ck_assert_str_eq(result.first, BOB);
		ck_assert(!result.older);
		ck_assert_int_eq(verdict_on(MALLORY, &id, NULL), UNCIA_NOTICE_REPEATED);
		rig_reopen(rig);
	}
	/* Another payment of the same sum is another one. */
	struct uncia_payment_id second = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(verdict_on(BOB, &second, NULL), UNCIA_NOTICE_PAID);
}
END_TEST

/* A host that watches tells it by itself, as of the account alone. His notice is no news then, and who repeats it
 * repeats what he has told. */
START_TEST(what_a_watch_told_is_not_told_again_by_its_notice)
{
	struct uncia_payment_id id = make_final(pays_me(0, SENT, "rent"));
	char address[UNCIA_ADDRESS_TEXT_SIZE], hex[UNCIA_ID_TEXT_SIZE];
	rig_address(0, address);
	uncia_payment_id_format(&id, hex);
	const struct uncia_peer payer = {.size = sizeof(payer), .account = address};
	const struct uncia_notice_query query = {.size = sizeof(query), .peer = &payer, .notice = hex};
	struct uncia_notice_result result = {.size = sizeof(result)};
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "chat"), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	id = make_final(pays_me(0, SENT, "rent"));
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_ptr_nonnull(uncia_watch_incoming(rig->wallet, 0));
	uncia_payment_id_format(&id, hex);
	uint32_t before = questions();
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert(result.over && result.memo_untold && !result.maybe_told);
	ck_assert_uint_eq(questions(), before);
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &id), 0);
	result = check_notice(MALLORY, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_REPEATED);
	ck_assert_str_eq(result.first, "");
	for (int i = 0; i < 2; i++) {
		result = check_notice(BOB, &id, "rent");
		ck_assert_int_eq(result.verdict, UNCIA_NOTICE_AGAIN);
		ck_assert_str_eq(result.memo, "rent");
		rig_reopen(rig);
		result = check_notice(MALLORY, &id, NULL);
		ck_assert_int_eq(result.verdict, UNCIA_NOTICE_REPEATED);
		ck_assert_str_eq(result.first, BOB);
	}
}
END_TEST

/* Killed before it could show it. */
START_TEST(what_was_never_acknowledged_is_told_again_after_a_start)
{
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_PAID);
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(verdict_on(MALLORY, &id, NULL), UNCIA_NOTICE_REPEATED); /* to nobody else, though */
	struct uncia_notice_result result = check_notice(BOB, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert(result.maybe_told);
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &id), 0);
	rig_reopen(rig);
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_AGAIN);
}
END_TEST

/* One person under two names with one account: the line may stand in the other conversation already. */
START_TEST(what_was_never_acknowledged_is_told_to_no_other_name)
{
	const struct uncia_peer nick = {.size = sizeof(nick), .own = OWN, .handle = BOB_TOO};
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(0, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &nick, address, UNCIA_PIN_DECIDED), 0);
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_PAID);
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	struct uncia_notice_result result = check_notice(BOB_TOO, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_REPEATED);
	ck_assert_str_eq(result.first, BOB);
	result = check_notice(BOB, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert(result.maybe_told);
}
END_TEST

/* Every call of storage fails once, with its effect or without, and then the power goes: PAID is what a record stands
 * behind, and one that is acknowledged is never told again. */
START_TEST(no_failure_of_storage_tells_twice_or_never)
{
	for (int after = 0; after < 2; after++)
		for (unsigned n = 1; n < 12; n++) {
			struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
			struct uncia_notice_result result;
			rig->host.calls = 0;
			rig->host.fail_at = n;
			rig->host.fail_count = 1;
			rig->host.failure = after ? FAIL_AFTER : FAIL_BEFORE;
			bool told = false;
			if (begin(BOB, notice_of(&id, NULL), false, &result) == 0) {
				fake_network_pass(&rig->net, rig->wallet, 1000);
				take_result(&result);
				told = result.verdict == UNCIA_NOTICE_PAID;
				ck_assert(told || result.error);
			}
			bool acknowledged = told && uncia_notice_acknowledge(rig->wallet, &id) == 0;
			rig->host.fail_at = 0;
			memory_host_power_cut(&rig->host);
			rig_reopen(rig);
			result = check_notice(BOB, &id, NULL);
			ck_assert_msg(result.verdict == (acknowledged ? UNCIA_NOTICE_AGAIN : UNCIA_NOTICE_PAID),
			              "%d %u", after, n);
		}
}
END_TEST

/* Two programs on one home: the other one is faster between the look and the record. */
static void be_faster(struct memory_host *m, const char *name)
{
	struct uncia_wallet *other = m->context;
	if (!other || strncmp(name, "notice-", 7) != 0)
		return;
	m->context = NULL;
	struct uncia_notice_result result = {.size = sizeof(result)};
	const struct uncia_peer peer = {.size = sizeof(peer), .own = OWN, .handle = BOB};
	const struct uncia_notice_query query = {.size = sizeof(query), .peer = &peer, .notice = notice_text};
	/* What it knows of the payment it had looked up before. */
	ck_assert_int_eq(uncia_wallet_notice_check(other, &query, &result), 0);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_int_eq(uncia_notice_acknowledge(other, &result.id), 0);
}

START_TEST(of_two_processes_one_tells_it)
{
	struct uncia_wallet *first = rig->wallet, *other;
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, rig->net.network, NULL, &other), 0);
	for (uint32_t i = 0; i < rig->net.count; i++)
		fake_network_cut(&rig->net, first, i);
	rig->wallet = other;
	ck_assert_int_eq(uncia_wallet_query(other, &id), 0);
	fake_network_pass(&rig->net, other, 1000);
	for (uint32_t i = 0; i < rig->net.count; i++)
		fake_network_cut(&rig->net, other, i);
	rig->wallet = first;
	notice_of(&id, NULL);
	rig->host.context = other;
	rig->host.before_create = be_faster;
	struct uncia_notice_result result = check_notice(BOB, &id, NULL);
	ck_assert_ptr_null(rig->host.context);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_AGAIN);
	rig->host.before_create = NULL;
	uncia_wallet_close(other);
}
END_TEST

/* ---- storage that is durable later ----------------------------------------------------------- */

START_TEST(it_is_told_when_its_record_is_durable)
{
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	struct uncia_notice_result result;
	rig->host.later = true;
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 20000);
	take_result(&result);
	ck_assert(result.verdict != UNCIA_NOTICE_PAID && !result.over);
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &id), UNCIA_E_NOT_FOUND);
	/* A power cut takes it: it was told to nobody. */
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	take_result(&result);
	ck_assert(!result.over);
	while (rig->host.later_count != 0)
		ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert(!result.maybe_told);
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &id), 0);
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_AGAIN);
	while (rig->host.later_count != 0)
		ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_AGAIN);
}
END_TEST

START_TEST(where_its_record_is_not_stored_it_is_not_told)
{
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	struct uncia_notice_result result;
	rig->host.later = true;
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	take_result(&result);
	ck_assert_uint_gt(rig->host.later_count, 0);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, UNCIA_E_IO), 0);
	ck_assert(take_result(&result));
	ck_assert(result.over);
	ck_assert_int_eq(result.error, UNCIA_E_IO);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_CHECKING);
	/* Checked once more it is not "told before" either: nobody has seen it. */
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.error, UNCIA_E_IO);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_CHECKING);
	rig->host.later = false;
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_PAID);
}
END_TEST

/* ---- homes that came back -------------------------------------------------------------------- */

/* From the words: what was told in the lost home is not known, so that all up to now counts as told. */
START_TEST(what_was_paid_before_a_home_was_restored_counts_as_told)
{
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	struct uncia_payment_id before = make_final(pays_me(0, SENT, NULL));
	rig_close(rig);
	memory_host_forget(&rig->host, "");
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	const struct uncia_peer bob = {.size = sizeof(bob), .own = OWN, .handle = BOB};
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(0, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED), 0);
	/* The first call of all: the state is asked for by it. */
	struct uncia_notice_result result = check_notice(BOB, &before, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_AGAIN);
	ck_assert(result.older);
	struct uncia_payment_id after = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(verdict_on(BOB, &after, NULL), UNCIA_NOTICE_PAID);
}
END_TEST

/* The home is made anew from the words, and Bob pinned in it. */
static void restore(void)
{
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	const struct uncia_peer bob = {.size = sizeof(bob), .own = OWN, .handle = BOB};
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_close(rig);
	memory_host_forget(&rig->host, "");
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	rig_address(0, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED), 0);
}

static void behave(uint32_t first, uint32_t end, enum behaviour behaviour)
{
	for (uint32_t i = first; i < end; i++)
		rig->net.nodes[i].behaviour = behaviour;
}

/* Some prove an old state, and are faster than the others: whether a sync ends with theirs or not, what was told before
 * is not told again. */
START_TEST(what_a_few_prove_is_not_where_a_restored_home_begins)
{
	for (uint32_t stale = 1; stale < 3; stale++)
		for (int synced = 0; synced < 2; synced++) {
			struct uncia_payment_id before = make_final(pays_me(0, SENT, NULL));
			struct uncia_notice_result result;
			restore();
			behave(0, stale, OLD_STATE);
			behave(stale, 4, SILENT);
			if (synced)
				ck_assert_int_eq(rig_sync(rig), 0);
			ck_assert_int_eq(begin(BOB, notice_of(&before, NULL), false, &result), 0);
			fake_network_pass(&rig->net, rig->wallet, 500);
			take_result(&result);
			ck_assert(!result.over);
			ck_assert_int_eq(uncia_notice_restored(rig->wallet), UNCIA_E_UNREACHABLE);
			behave(stale, 4, HONEST);
			fake_network_pass(&rig->net, rig->wallet, 9000);
			ck_assert(take_result(&result));
			ck_assert_int_eq(result.error, 0);
			ck_assert_int_eq(result.verdict, UNCIA_NOTICE_AGAIN);
			ck_assert(result.older);
			struct uncia_payment_id after = make_final(pays_me(0, SENT, NULL));
			ck_assert_int_eq(verdict_on(BOB, &after, NULL), UNCIA_NOTICE_PAID);
			behave(0, 4, HONEST);
		}
}
END_TEST

/* The rest never comes: one alone is no beginning, two of four are, if nobody else is to be had in time. */
START_TEST(one_that_is_there_alone_is_no_beginning_for_a_restored_home)
{
	struct uncia_payment_id before = make_final(pays_me(0, SENT, NULL));
	struct uncia_notice_result result;
	restore();
	behave(1, 4, SILENT);
	ck_assert_int_eq(begin(BOB, notice_of(&before, NULL), false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 11000);
	ck_assert(take_result(&result));
	ck_assert(result.over);
	ck_assert_int_eq(result.error, UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(uncia_notice_restored(rig->wallet), UNCIA_E_UNREACHABLE);
	behave(1, 2, HONEST);
	ck_assert_int_eq(begin(BOB, notice_of(&before, NULL), false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 11000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_AGAIN);
	ck_assert(result.older);
	ck_assert_int_eq(uncia_notice_restored(rig->wallet), 0);
}
END_TEST

/* Whatever a home that was there before has left behind. */
START_TEST(a_home_of_fresh_words_counts_from_the_beginning)
{
	for (int way = 0; way < 3; way++) {
		const bool fresh = way == 1;
		struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true, .fresh = fresh};
		struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
		char address[UNCIA_ADDRESS_TEXT_SIZE];
		rig_close(rig);
		memory_host_forget(&rig->host, way == 2 ? "key" : "");
		memory_host_forget(&rig->host, "pin-");
		ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
		ck_assert_int_eq(rig_open(rig), 0);
		const struct uncia_peer bob = {.size = sizeof(bob), .own = OWN, .handle = BOB};
		rig_address(0, address);
		ck_assert_int_eq(uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED), 0);
		ck_assert_int_eq(verdict_on(BOB, &id, NULL), fresh ? UNCIA_NOTICE_PAID : UNCIA_NOTICE_AGAIN);
	}
}
END_TEST

/* A backup knows less than was told. Whoever puts it back says so. */
START_TEST(a_home_from_a_backup_counts_from_when_it_came_back)
{
	struct memory_copy copy;
	memory_host_copy(&rig->host, &copy);
	struct uncia_payment_id told = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(verdict_on(BOB, &told, NULL), UNCIA_NOTICE_PAID);
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &told), 0);
	rig_close(rig);
	memory_host_put_back(&rig->host, &copy, "");
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(uncia_notice_restored(rig->wallet), UNCIA_E_UNREACHABLE); /* nothing is proved yet */
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(uncia_notice_restored(rig->wallet), 0);
	rig_reopen(rig);
	struct uncia_notice_result result = check_notice(BOB, &told, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_AGAIN);
	ck_assert(result.older);
	struct uncia_payment_id after = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(verdict_on(BOB, &after, NULL), UNCIA_NOTICE_PAID);
}
END_TEST

START_TEST(where_no_state_is_proved_nothing_is_told_as_paid)
{
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	struct uncia_notice_result result;
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	rig_close(rig);
	memory_host_forget(&rig->host, "");
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	const struct uncia_peer bob = {.size = sizeof(bob), .own = OWN, .handle = BOB};
	rig_address(0, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED), 0);
	for (uint32_t i = 0; i < 4; i++)
		rig->net.nodes[i].down = true;
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 30000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.error, UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_CHECKING);
	ck_assert(result.over);
}
END_TEST

/* What was told cannot be read: better silence with a reason than twice. */
START_TEST(a_damaged_record_tells_nothing)
{
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	struct uncia_notice_result result;
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_PAID);
	for (size_t i = 0; i < rig->host.count; i++)
		if (strncmp(rig->host.blobs[i].name, "notice-", 7) == 0)
			rig->host.blobs[i].data[rig->host.blobs[i].size - 1] ^= 1;
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), UNCIA_E_DAMAGED);
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &id), UNCIA_E_DAMAGED);
	rig_reopen(rig);
	result = check_notice(BOB, &id, NULL);
	ck_assert(result.over);
	ck_assert_int_eq(result.error, UNCIA_E_DAMAGED);
}
END_TEST

UNIT_MAIN_BETWEEN("notices_once", notice_rig_up, notice_rig_down, a_payment_is_told_once_for_ever,
                  what_a_watch_told_is_not_told_again_by_its_notice,
                  what_was_never_acknowledged_is_told_again_after_a_start,
                  what_was_never_acknowledged_is_told_to_no_other_name, no_failure_of_storage_tells_twice_or_never,
                  of_two_processes_one_tells_it, it_is_told_when_its_record_is_durable,
                  where_its_record_is_not_stored_it_is_not_told,
                  what_was_paid_before_a_home_was_restored_counts_as_told,
                  what_a_few_prove_is_not_where_a_restored_home_begins,
                  one_that_is_there_alone_is_no_beginning_for_a_restored_home,
                  a_home_of_fresh_words_counts_from_the_beginning, a_home_from_a_backup_counts_from_when_it_came_back,
                  where_no_state_is_proved_nothing_is_told_as_paid, a_damaged_record_tells_nothing)

/* Payments of others are told in order, none left out, each until it is acknowledged. */
#include <stdlib.h>
#include <string.h>
#include "unit.h"
#include "wallet_rig.h"

#define CLIENT "test"
#define SENT   5000u

static uint64_t next_nonce = 1;

static struct payment_id final_payment(struct rig *rig, uint32_t from, const struct address *to, amount_t amount)
{
	struct fixture_key payer;
	struct output output = {.to = *to, .amount = amount};
	fixture_account(from, &payer);
	struct payment *payment =
	    fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, next_nonce++);
	struct payment_id id = payment->id;
	fake_network_final(&rig->net, payment);
	payment_free(payment);
	return id;
}

static struct payment_id receive_one(struct rig *rig)
{
	return final_payment(rig, 0, &rig->net.account, SENT);
}

/* Somebody pays somebody else; the account's counter is not touched. */
static void others_pay(struct rig *rig)
{
	struct fixture_key other;
	amount_t balance = rig->net.balance;
	fixture_account(1, &other);
	final_payment(rig, 0, &other.address, SENT);
	rig->net.payments--;
	rig->net.balance = balance;
}

static void start(struct rig *rig)
{
	ck_assert_int_eq(uncia_watch_start(rig->wallet, CLIENT), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
}

static struct rig *rig_watching(void)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	start(rig);
	ck_assert(rig_event(rig, UNCIA_EVENT_WATCH, &event));
	ck_assert_int_eq(event.error, 0);
	rig_no_events(rig);
	return rig;
}

static size_t told(const struct rig *rig)
{
	size_t count = 0;
	while (uncia_watch_incoming(rig->wallet, count))
		count++;
	return count;
}

/* The n-th that waits is this one. */
static void check_told(struct rig *rig, size_t n, const struct payment_id *id)
{
	const struct uncia_receipt *receipt = uncia_watch_incoming(rig->wallet, n);
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_part part = {.size = sizeof(part)};
	ck_assert_ptr_nonnull(receipt);
	ck_assert_int_eq(uncia_receipt_payment(receipt, &payment), 0);
	ck_assert_mem_eq(payment.id.b, id->b, sizeof(id->b));
	ck_assert_int_eq(uncia_wallet_part(rig->wallet, receipt, &part), 0);
	ck_assert_int_eq(part.direction, UNCIA_DIRECTION_IN);
	ck_assert_uint_eq(part.amount, SENT);
}

static void acknowledge(struct rig *rig, const struct payment_id *id)
{
	struct uncia_payment_id public_id;
	memcpy(public_id.b, id->b, sizeof(id->b));
	ck_assert_int_eq(uncia_watch_acknowledge(rig->wallet, &public_id), 0);
}

static void reopen(struct rig *rig)
{
	rig_reopen(rig);
	start(rig);
}

START_TEST(each_is_told_in_order_until_it_is_acknowledged)
{
	struct rig *rig = rig_watching();
	struct payment_id ids[3];
	struct uncia_event event;
	for (int i = 0; i < 3; i++) {
		ids[i] = receive_one(rig);
		others_pay(rig);
		fake_network_pass(&rig->net, rig->wallet, 100);
		ck_assert(rig_event(rig, UNCIA_EVENT_INCOMING, &event));
		ck_assert_mem_eq(event.id.b, ids[i].b, sizeof(ids[i].b));
		ck_assert(!rig_event(rig, UNCIA_EVENT_INCOMING, &event));
		ck_assert_uint_eq(told(rig), (size_t)i + 1);
	}
	reopen(rig);
	ck_assert_uint_eq(told(rig), 3);
	for (size_t i = 0; i < 3; i++)
		check_told(rig, i, &ids[i]);
	acknowledge(rig, &ids[1]); /* and with it the first */
	ck_assert_uint_eq(told(rig), 1);
	check_told(rig, 0, &ids[2]);
	reopen(rig);
	ck_assert_uint_eq(told(rig), 1);
	check_told(rig, 0, &ids[2]);
	acknowledge(rig, &ids[2]);
	struct uncia_payment_id gone;
	memcpy(gone.b, ids[2].b, sizeof(gone.b));
	ck_assert_int_eq(uncia_watch_acknowledge(rig->wallet, &gone), UNCIA_E_NOT_FOUND);
	for (int i = 0; i < 2; i++) {
		reopen(rig);
		ck_assert_uint_eq(told(rig), 0);
	}
	rig_free(rig);
}
END_TEST

START_TEST(what_was_paid_before_counts_as_acknowledged)
{
	struct rig *rig = rig_new(4);
	for (int i = 0; i < 3; i++)
		receive_one(rig);
	start(rig);
	ck_assert_uint_eq(told(rig), 0);
	struct payment_id id = receive_one(rig);
	fake_network_pass(&rig->net, rig->wallet, 100);
	ck_assert_uint_eq(told(rig), 1);
	check_told(rig, 0, &id);
	rig_free(rig);
}
END_TEST

static void behave(struct rig *rig, uint32_t first, uint32_t end, enum behaviour behaviour)
{
	for (uint32_t i = first; i < end; i++)
		rig->net.nodes[i].behaviour = behaviour;
}

/* Some prove an old state, and are faster than the others. */
START_TEST(what_a_few_prove_is_not_where_a_client_begins)
{
	for (uint32_t stale = 1; stale < 3; stale++) {
		struct rig *rig = rig_new(4);
		struct uncia_event event;
		receive_one(rig);
		behave(rig, 0, stale, OLD_STATE);
		behave(rig, stale, 4, SILENT);
		start(rig);
		ck_assert(!rig_event(rig, UNCIA_EVENT_WATCH, &event));
		behave(rig, stale, 4, HONEST);
		fake_network_pass(&rig->net, rig->wallet, 20000);
		behave(rig, 0, stale, HONEST);
		fake_network_pass(&rig->net, rig->wallet, 70000);
		ck_assert_uint_eq(told(rig), 0);
		struct payment_id id = receive_one(rig);
		fake_network_pass(&rig->net, rig->wallet, 100);
		ck_assert_uint_eq(told(rig), 1);
		check_told(rig, 0, &id);
		rig_free(rig);
	}
}
END_TEST

START_TEST(what_comes_while_it_is_away_is_told_when_it_is_back)
{
	struct rig *rig = rig_watching();
	struct payment_id ids[100];
	rig_close(rig);
	for (int i = 0; i < 100; i++)
		ids[i] = receive_one(rig);
	ck_assert_int_eq(rig_open(rig), 0);
	start(rig);
	ck_assert_uint_eq(told(rig), 100);
	for (size_t i = 0; i < 100; i++)
		check_told(rig, i, &ids[i]);
	rig_free(rig);
}
END_TEST

/* More than are kept at once: of the newer ones only places are kept, and they are read again. */
START_TEST(however_many_come_while_it_is_away_all_are_told_in_order)
{
	struct rig *rig = rig_watching();
	static struct payment_id ids[640];
	rig_close(rig);
	for (size_t i = 0; i < 640; i++)
		ids[i] = receive_one(rig);
	rig->net.page_max = 50;
	ck_assert_int_eq(rig_open(rig), 0);
	start(rig);
	for (size_t i = 0; i < 640; i++) {
		ck_assert_uint_lt(told(rig), 512);
		check_told(rig, 0, &ids[i]);
		acknowledge(rig, &ids[i]);
		fake_network_pump(&rig->net, rig->wallet);
		if (i % 97 == 0)
			reopen(rig);
	}
	ck_assert_uint_eq(told(rig), 0);
	rig_free(rig);
}
END_TEST

/* Its own payments are counted, and nobody is told of them. */
START_TEST(own_payments_are_not_told_and_hide_nothing)
{
	struct rig *rig = rig_watching();
	struct uncia_payment_id own;
	struct payment_id ids[2];
	rig->net.finalise = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	for (int i = 0; i < 40; i++) {
		if (i == 20)
			ids[0] = receive_one(rig);
		ck_assert_int_eq(rig_pay(rig, NULL, 5000, &own), 0);
		fake_network_pass(&rig->net, rig->wallet, 50);
	}
	fake_network_pass(&rig->net, rig->wallet, 100);
	ck_assert_uint_eq(told(rig), 1);
	check_told(rig, 0, &ids[0]);
	acknowledge(rig, &ids[0]);
	ids[1] = receive_one(rig);
	reopen(rig);
	ck_assert_uint_eq(told(rig), 1);
	check_told(rig, 0, &ids[1]);
	rig_free(rig);
}
END_TEST

/* Whichever of the validators it is, and whatever it does. */
START_TEST(one_liar_keeps_nothing_from_being_told)
{
	static const enum behaviour lies[] = {MUTE,          HIDES_LAST, REPEATS,       REORDERS,   TELLS_OTHERS,
	                                      TELLS_NOTHING, HIDES_ALL,  FALSE_BALANCE, NO_ACCOUNT, OTHER_RECEIPT,
	                                      SILENT,        GARBAGE,    OLD_STATE,     REFUSES};
	for (size_t lie = 0; lie < sizeof(lies) / sizeof(lies[0]); lie++)
		for (uint32_t liar = 0; liar < 4; liar++) {
			struct rig *rig = rig_new(4);
			struct payment_id ids[8];
			others_pay(rig);
			start(rig);
			rig->net.nodes[liar].behaviour = lies[lie];
			for (size_t i = 0; i < 8; i++) {
				ids[i] = receive_one(rig);
				if (i % 3 == 1 && i < 7) /* two at once */
					continue;
				uint64_t before = rig->host.now_ms;
				while (told(rig) < i + 1)
					fake_network_pass(&rig->net, rig->wallet, 100);
				ck_assert_uint_le(rig->host.now_ms - before, 75000);
				fake_network_pass(&rig->net, rig->wallet, 61000);
				ck_assert_uint_eq(told(rig), i + 1);
			}
			for (size_t i = 0; i < 8; i++)
				check_told(rig, i, &ids[i]);
			rig_free(rig);
		}
}
END_TEST

/* Bits are flipped in it, it is cut, lengthened: another way each time. */
START_TEST(what_one_says_may_be_changed_in_any_way)
{
	for (uint64_t way = 1; way < 400; way += 20) {
		struct rig *rig = rig_watching();
		struct payment_id ids[4];
		for (uint32_t i = 0; i < 4; i++)
			rig->net.nodes[i].mutations = i == way % 4 ? way : 0;
		for (size_t i = 0; i < 4; i++) {
			ids[i] = receive_one(rig);
			fake_network_pass(&rig->net, rig->wallet, 75000);
			ck_assert_uint_eq(told(rig), i + 1);
		}
		for (size_t i = 0; i < 4; i++)
			check_told(rig, i, &ids[i]);
		rig_free(rig);
	}
}
END_TEST

/* The account is made by the first payment to it: no entry counts what came before. */
static void make_account(struct rig *rig)
{
	rig->net.exists = true;
	rig->net.payments = 1;
	rig->net.created = rig->net.tip.height;
}

START_TEST(the_first_payment_ever_is_told)
{
	static const enum behaviour lies[] = {HONEST, HIDES_ALL, HIDES_LAST, NO_ACCOUNT, MUTE, SILENT};
	for (size_t lie = 0; lie < sizeof(lies) / sizeof(lies[0]); lie++)
		for (uint32_t liar = 0; liar < 4; liar++) {
			struct rig *rig = rig_new(4);
			rig->net.exists = false;
			rig->net.balance = 0;
			start(rig);
			ck_assert_uint_eq(told(rig), 0);
			rig->net.nodes[liar].behaviour = lies[lie];
			struct payment_id id = receive_one(rig), second;
			make_account(rig);
			fake_network_pass(&rig->net, rig->wallet, lie ? 75000 : 1000);
			ck_assert_uint_eq(told(rig), 1);
			check_told(rig, 0, &id);
			second = receive_one(rig);
			fake_network_pass(&rig->net, rig->wallet, lie ? 75000 : 1000);
			ck_assert_uint_eq(told(rig), 2);
			check_told(rig, 1, &second);
			acknowledge(rig, &id);
			reopen(rig);
			fake_network_pass(&rig->net, rig->wallet, lie ? 75000 : 1000);
			ck_assert_uint_eq(told(rig), 1);
			check_told(rig, 0, &second);
			rig_free(rig);
		}
}
END_TEST

/* It is paid and emptied while nobody looks, once for good and once to be made anew. */
START_TEST(payments_of_former_lives_are_told)
{
	for (int anew = 0; anew < 2; anew++) {
		struct rig *rig = rig_watching();
		struct payment_id ids[3];
		if (anew)
			rig_close(rig);
		ids[0] = receive_one(rig);
		ids[1] = receive_one(rig);
		rig->net.exists = false;
		if (anew) {
			ids[2] = receive_one(rig);
			make_account(rig);
			ck_assert_int_eq(rig_open(rig), 0);
			start(rig);
		}
		fake_network_pass(&rig->net, rig->wallet, 3000);
		ck_assert_uint_eq(told(rig), 2 + (size_t)anew);
		for (size_t i = 0; i < 2 + (size_t)anew; i++)
			check_told(rig, i, &ids[i]);
		acknowledge(rig, &ids[0]);
		reopen(rig);
		fake_network_pass(&rig->net, rig->wallet, 3000);
		ck_assert_uint_eq(told(rig), 1 + (size_t)anew);
		check_told(rig, 0, &ids[1]);
		acknowledge(rig, &ids[1]);
		if (anew)
			acknowledge(rig, &ids[2]);
		reopen(rig);
		fake_network_pass(&rig->net, rig->wallet, 3000);
		ck_assert_uint_eq(told(rig), 0);
		rig_free(rig);
	}
}
END_TEST

START_TEST(a_counter_that_is_full_hides_nothing)
{
	struct rig *rig = rig_new(4);
	struct payment_id ids[3];
	rig->net.payments = UINT32_MAX;
	start(rig);
	for (int i = 0; i < 3; i++) {
		ids[i] = receive_one(rig);
		rig->net.payments = UINT32_MAX;
		fake_network_pass(&rig->net, rig->wallet, 3000);
		ck_assert_uint_eq(told(rig), (size_t)i + 1);
		check_told(rig, (size_t)i, &ids[i]);
	}
	rig_free(rig);
}
END_TEST

START_TEST(each_client_has_a_place_of_its_own)
{
	struct rig *rig = rig_watching();
	struct payment_id id = receive_one(rig);
	fake_network_pass(&rig->net, rig->wallet, 100);
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "other"), UNCIA_E_EXISTS);
	ck_assert_int_eq(uncia_watch_start(rig->wallet, CLIENT), 0);
	ck_assert_int_eq(uncia_watch_forget(rig->wallet, CLIENT), UNCIA_E_EXISTS);
	uncia_watch_stop(rig->wallet);
	ck_assert_ptr_null(uncia_watch_incoming(rig->wallet, 0));
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "other"), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_uint_eq(told(rig), 0); /* it begins now */
	struct payment_id second = receive_one(rig);
	fake_network_pass(&rig->net, rig->wallet, 100);
	ck_assert_uint_eq(told(rig), 1);
	acknowledge(rig, &second);
	uncia_watch_stop(rig->wallet);
	start(rig);
	ck_assert_uint_eq(told(rig), 2);
	check_told(rig, 0, &id);
	check_told(rig, 1, &second);
	static const char *const wrong[] = {"",    "Upper", "under_score",
	                                    "a b", "/",     "123456789012345678901234567890123"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(uncia_watch_start(rig->wallet, wrong[i]), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_watch_start(rig->wallet, NULL), UNCIA_E_ARGUMENT);
	rig_free(rig);
}
END_TEST

/* Where storing fails it may be either of the two, and nothing is lost. */
START_TEST(an_acknowledgement_that_fails_loses_nothing)
{
	for (int way = FAIL_BEFORE; way <= FAIL_AFTER; way++) {
		struct rig *rig = rig_watching();
		struct uncia_payment_id first;
		struct payment_id ids[2] = {receive_one(rig), receive_one(rig)};
		fake_network_pass(&rig->net, rig->wallet, 100);
		memcpy(first.b, ids[0].b, sizeof(first.b));
		rig->host.failure = (enum failure)way;
		rig->host.fail_at = rig->host.calls + 1;
		rig->host.fail_count = 1;
		ck_assert_int_eq(uncia_watch_acknowledge(rig->wallet, &first), UNCIA_E_IO);
		ck_assert_uint_eq(told(rig), 2);
		memory_host_power_cut(&rig->host);
		reopen(rig);
		ck_assert_uint_eq(told(rig), 2);
		check_told(rig, 0, &ids[0]);
		check_told(rig, 1, &ids[1]);
		rig_free(rig);
	}
}
END_TEST

START_TEST(a_place_that_cannot_be_read_is_told_and_can_be_forgotten)
{
	struct rig *rig = rig_watching();
	struct memory_blob *blob = memory_host_find(&rig->host, "watch-" CLIENT);
	ck_assert_ptr_nonnull(blob);
	blob->data[blob->size - 1] ^= 1;
	rig_reopen(rig);
	ck_assert_int_eq(uncia_watch_start(rig->wallet, CLIENT), UNCIA_E_DAMAGED);
	ck_assert_int_eq(uncia_watch_forget(rig->wallet, CLIENT), 0);
	ck_assert_int_eq(uncia_watch_forget(rig->wallet, CLIENT), 0);
	start(rig);
	struct payment_id id = receive_one(rig);
	fake_network_pass(&rig->net, rig->wallet, 100);
	check_told(rig, 0, &id);
	rig_free(rig);
}
END_TEST

/* Links to validators weighing F+1 are kept, and those that are gone are replaced. */
START_TEST(it_listens_to_a_few_and_to_others_where_those_are_gone)
{
	struct rig *rig = rig_watching();
	struct payment_id id;
	fake_network_pass(&rig->net, rig->wallet, 60000);
	for (uint32_t gone = 0; gone < 4; gone++) {
		uint32_t links = 0;
		for (uint32_t i = 0; i < 4; i++)
			links += rig->net.nodes[i].link != NULL;
		ck_assert_uint_eq(links, 2);
		for (uint32_t i = 0; i < 4; i++)
			rig->net.nodes[i].down = i == gone;
		fake_network_cut(&rig->net, rig->wallet, gone);
		fake_network_pass(&rig->net, rig->wallet, 1000);
		id = receive_one(rig);
		fake_network_pass(&rig->net, rig->wallet, 100);
		ck_assert_uint_eq(told(rig), 1);
		acknowledge(rig, &id);
		fake_network_pass(&rig->net, rig->wallet, 60000);
	}
	rig_free(rig);
}
END_TEST

/* A watch is answered once, and sent once for each answer: who answers with nothing new is asked once a second. */
START_TEST(who_answers_without_news_is_not_asked_without_end)
{
	struct rig *rig = rig_watching();
	for (uint32_t i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = TELLS_NOTHING;
	fake_network_pass(&rig->net, rig->wallet, 100000);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_lt(rig->net.nodes[i].watches, 110);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("watching", each_is_told_in_order_until_it_is_acknowledged, what_a_few_prove_is_not_where_a_client_begins,
          what_was_paid_before_counts_as_acknowledged, what_comes_while_it_is_away_is_told_when_it_is_back,
          however_many_come_while_it_is_away_all_are_told_in_order, own_payments_are_not_told_and_hide_nothing,
          one_liar_keeps_nothing_from_being_told, what_one_says_may_be_changed_in_any_way,
          the_first_payment_ever_is_told, payments_of_former_lives_are_told, a_counter_that_is_full_hides_nothing,
          each_client_has_a_place_of_its_own, an_acknowledgement_that_fails_loses_nothing,
          a_place_that_cannot_be_read_is_told_and_can_be_forgotten,
          it_listens_to_a_few_and_to_others_where_those_are_gone, who_answers_without_news_is_not_asked_without_end)

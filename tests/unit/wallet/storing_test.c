/* Storage that says only later that a blob is durable: nothing that rests on it leaves before. */
#include "unit.h"
#include "wallet_rig.h"

#define HALF UINT64_C(500000)

static struct rig *later(void)
{
	struct rig *rig = rig_new(4);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	rig->host.later = true;
	return rig;
}

static void confirm_all(struct rig *rig)
{
	while (rig->host.later_count != 0)
		ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
}

/* Confirms and goes on until nothing more is written. */
static void settle(struct rig *rig)
{
	do {
		confirm_all(rig);
		fake_network_pass(&rig->net, rig->wallet, 1000);
	} while (rig->host.later_count != 0);
}

static unsigned events_of(struct rig *rig, const struct uncia_payment_id *id)
{
	struct uncia_event event;
	unsigned count = 0;
	while (rig_event(rig, UNCIA_EVENT_PAYMENT, &event))
		count += memcmp(&event.id, id, sizeof(*id)) == 0 && event.error == 0;
	return count;
}

START_TEST(a_payment_leaves_and_its_end_is_shown_when_they_are_durable)
{
	struct rig *rig = later();
	struct uncia_payment_id id, again;
	char *receipt;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay_now(rig, "k", HALF, &id), 0);
	ck_assert_uint_eq(rig->host.later_count, 1);
	fake_network_pass(&rig->net, rig->wallet, 20000);
	ck_assert_uint_eq(rig_submits(rig), 0); /* however long it takes */
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &id).reason, UNCIA_PENDING_UNSENT);
	ck_assert_int_eq(rig_pay_now(rig, "k", HALF, &again), 0); /* the same one, and not sent either */
	ck_assert_mem_eq(id.b, again.b, sizeof(id.b));
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(rig_submits(rig), 0);
	rig_no_events(rig);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
	ck_assert_int_eq(uncia_wallet_timeout_ms(rig->wallet), 0); /* it goes now */
	fake_network_pass(&rig->net, rig->wallet, 100);
	ck_assert_uint_ge(rig_submits(rig), 4);
	/* Its receipt is here, and not stored for good. */
	ck_assert_uint_ge(rig->host.later_count, 1);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_uint_eq(rig_payment(rig, &id).height, 0);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &receipt), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_pending(rig->wallet, 0, &again), 0);
	fake_network_pass(&rig->net, rig->wallet, 20000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	events_of(rig, &id);
	confirm_all(rig);
	ck_assert_uint_eq(events_of(rig, &id), 1);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_uint_ne(rig_payment(rig, &id).height, 0);
	ck_assert_int_eq(uncia_wallet_pending(rig->wallet, 0, &again), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &receipt), 0);
	uncia_text_free(receipt);
	rig_free(rig);
}
END_TEST

START_TEST(what_a_power_cut_takes_was_never_sent_and_may_be_paid_again)
{
	struct rig *rig = later();
	struct uncia_payment_id first, second;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay_now(rig, "k", HALF, &first), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "k", &second), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(rig_pay_now(rig, "k", HALF, &second), 0);
	settle(rig);
	ck_assert_int_eq(rig_payment(rig, &second).state, UNCIA_PAYMENT_FINAL);
	ck_assert_uint_eq(rig->net.final_count, 1);
	rig_free(rig);
}
END_TEST

START_TEST(an_end_that_a_power_cut_takes_is_found_again)
{
	struct rig *rig = later();
	struct uncia_payment_id id, same;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay_now(rig, "k", HALF, &id), 0);
	confirm_all(rig);
	fake_network_pass(&rig->net, rig->wallet, 100);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "k", &same), 0);
	ck_assert_mem_eq(id.b, same.b, sizeof(id.b));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	settle(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

/* The second is durable before the first: neither goes before the first is. */
START_TEST(what_is_confirmed_out_of_order_waits_for_what_came_before)
{
	struct rig *rig = later();
	struct uncia_payment_id first, second;
	ck_assert_int_eq(rig_pay_now(rig, "a", HALF, &first), 0);
	ck_assert_int_eq(rig_pay_now(rig, "b", HALF, &second), 0);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 1, 0), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_uint_eq(rig_submits(rig), 0);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
	fake_network_pass(&rig->net, rig->wallet, 100);
	ck_assert_uint_ge(rig_submits(rig), 8);
	rig_free(rig);
}
END_TEST

START_TEST(a_second_confirmation_and_one_of_nothing_are_told_so_and_change_nothing)
{
	struct rig *rig = later();
	struct uncia_payment_id id, other;
	char name[UNCIA_BLOB_NAME_SIZE];
	ck_assert_int_eq(rig_pay_now(rig, "a", HALF, &id), 0);
	strcpy(name, rig->host.laters[0].name);
	ck_assert_int_eq(uncia_wallet_stored(NULL, name, 0), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_stored(rig->wallet, NULL, 0), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_stored(rig->wallet, name, 1), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_stored(rig->wallet, "payment-none", 0), UNCIA_E_NOT_FOUND);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_uint_eq(rig_submits(rig), 0);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
	ck_assert_int_eq(uncia_wallet_stored(rig->wallet, name, 0), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_stored(rig->wallet, name, UNCIA_E_IO), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(rig_pay_now(rig, "b", HALF, &other), 0); /* that was no failure */
	settle(rig);
	ck_assert_uint_ge(rig_submits(rig), 8);
	rig_free(rig);
}
END_TEST

START_TEST(storage_that_fails_later_sends_nothing_and_stores_nothing_more)
{
	struct rig *rig = later();
	struct uncia_payment_id durable, lost, third;
	struct uncia_event event;
	ck_assert_int_eq(rig_pay_now(rig, "a", HALF, &durable), 0);
	confirm_all(rig);
	fake_network_pass(&rig->net, rig->wallet, 100);
	uint32_t submits = rig_submits(rig);
	ck_assert_uint_ge(submits, 4);
	ck_assert_int_eq(rig_pay_now(rig, "b", HALF, &lost), 0);
	rig_no_events(rig);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, UNCIA_E_IO), 0);
	ck_assert(rig_event(rig, UNCIA_EVENT_ERROR, &event));
	ck_assert_int_eq(event.error, UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(event.text, "opened again"));
	ck_assert_int_eq(rig_pay_now(rig, "c", HALF, &third), UNCIA_E_IO);
	rig->net.finalise = true; /* what is durable goes on; its end cannot be stored, and so is not shown */
	fake_network_pass(&rig->net, rig->wallet, 40000);
	ck_assert_uint_gt(rig_submits(rig), submits);
	ck_assert_uint_eq(rig->net.final_count, 1);
	ck_assert_int_eq(rig_payment(rig, &durable).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &lost).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &lost).reason, UNCIA_PENDING_UNSENT);
	/* Opened again it goes by what the storage has. */
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "b", &third), UNCIA_E_NOT_FOUND);
	settle(rig);
	ck_assert_int_eq(rig_payment(rig, &durable).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

/* Whatever is confirmed when, and whenever the power is cut: what has left is in the home (the fake network looks
 * whether it is durable), what was shown as final is so ever after, and each key was paid once. */
START_TEST(no_order_of_confirmations_and_power_cuts_loses_or_doubles_a_payment)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct rig *rig = later();
		struct uncia_payment_id ids[8];
		bool paid[8] = {false}, shown[8] = {false};
		uint64_t random = seed;
		rig->net.finalise = true;
		for (int step = 0; step < 60; step++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			unsigned k = random >> 40 & 7;
			char key[2] = {(char)('a' + k), '\0'};
			switch (random >> 33 & 7) {
			case 0:
			case 1: {
				int rc = rig_sync(rig);
				ck_assert_int_eq(rc, 0);
				if (!rig_pay(rig, key, 20000, &ids[k]))
					paid[k] = true;
				break;
			}
			case 2:
				if ((random >> 50 & 3) != 0)
					break;
				memory_host_power_cut(&rig->host);
				rig_reopen(rig);
				break;
			case 3:
			case 4:
				if (rig->host.later_count != 0)
					ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet,
					                                     random % rig->host.later_count, 0),
					                 0);
				break;
			default:
				fake_network_pass(&rig->net, rig->wallet, 500);
			}
			for (unsigned i = 0; i < 8; i++) {
				struct uncia_payment payment = {.size = sizeof(payment)};
				if (!paid[i] || uncia_wallet_payment(rig->wallet, &ids[i], &payment))
					payment.state = UNCIA_PAYMENT_UNKNOWN;
				ck_assert_msg(!shown[i] || payment.state == UNCIA_PAYMENT_FINAL, "seed %u step %d",
				              (unsigned)seed, step);
				shown[i] = shown[i] || payment.state == UNCIA_PAYMENT_FINAL;
			}
		}
		settle(rig);
		ck_assert_uint_le(rig->net.final_count, 8);
		rig_free(rig);
	}
}
END_TEST

#define A_BLOB_AND_MORE 50 /* payments: a blob of the archive is full, and their own blobs are not needed any more */

/* The power is cut after so many confirmations of ends: every payment that was sent is in the home, and readable. */
static void cut_after(unsigned confirmations)
{
	struct rig *rig = later();
	struct uncia_payment_id ids[A_BLOB_AND_MORE];
	struct uncia_event event;
	for (int i = 0; i < A_BLOB_AND_MORE; i++)
		ck_assert_int_eq(rig_pay_now(rig, NULL, 20000, &ids[i]), 0);
	confirm_all(rig);
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 40000); /* all receipts are here */
	ck_assert_uint_eq(rig->net.final_count, A_BLOB_AND_MORE);
	for (unsigned i = 0; i < confirmations && rig->host.later_count != 0; i++) {
		ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
		fake_network_pass(&rig->net, rig->wallet, 100);
	}
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert(!rig_event(rig, UNCIA_EVENT_ERROR, &event)); /* nothing is damaged */
	for (int i = 0; i < A_BLOB_AND_MORE; i++)
		ck_assert(rig_payment(rig, &ids[i]).own);
	settle(rig);
	fake_network_pass(&rig->net, rig->wallet, 40000);
	settle(rig);
	for (int i = 0; i < A_BLOB_AND_MORE; i++)
		ck_assert_int_eq(rig_payment(rig, &ids[i]).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}

START_TEST(the_archive_takes_nothing_away_before_it_is_durable_itself)
{
	for (unsigned confirmations = 0; confirmations < 60; confirmations += 3)
		cut_after(confirmations);
}
END_TEST

static void confirm_one(struct rig *rig)
{
	ck_assert_uint_ge(rig->host.later_count, 1);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, 0), 0);
}

static struct payment_id receive(struct rig *rig)
{
	static uint64_t nonce = 1;
	struct fixture_key payer;
	struct output output = {.to = rig->net.account, .amount = 5000};
	fixture_account(0, &payer);
	struct payment *payment =
	    fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, nonce++);
	struct payment_id id = payment->id;
	fake_network_final(&rig->net, payment);
	payment_free(payment);
	return id;
}

static void check_first_is(struct rig *rig, const struct payment_id *id)
{
	const struct uncia_receipt *receipt = uncia_watch_incoming(rig->wallet, 0);
	struct uncia_payment payment = {.size = sizeof(payment)};
	ck_assert_ptr_nonnull(receipt);
	ck_assert_int_eq(uncia_receipt_payment(receipt, &payment), 0);
	ck_assert_mem_eq(payment.id.b, id->b, sizeof(id->b));
}

/* The place where a new client begins: a power cut before it is durable has the client begin at another one. */
START_TEST(a_watch_that_begins_tells_nothing_before_its_place_is_durable)
{
	struct rig *rig = later();
	struct uncia_event event;
	for (int again = 0; again < 2; again++) { /* within one process it finds the place that is not durable yet */
		ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
		fake_network_pass(&rig->net, rig->wallet, 5000);
		ck_assert_uint_eq(rig->host.later_count, 1);
		receive(rig);
		fake_network_pass(&rig->net, rig->wallet, 20000);
		ck_assert(!rig_event(rig, UNCIA_EVENT_WATCH, &event));
		ck_assert_ptr_null(uncia_watch_incoming(rig->wallet, 0));
		ck_assert_int_ne(uncia_wallet_timeout_ms(rig->wallet), 0); /* it does not spin */
		if (again == 0)
			uncia_watch_stop(rig->wallet);
	}
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert(!rig_event(rig, UNCIA_EVENT_WATCH, &event));
	struct payment_id id = receive(rig);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	confirm_one(rig);
	ck_assert_int_eq(uncia_wallet_timeout_ms(rig->wallet), 0); /* it goes on now */
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert(rig_event(rig, UNCIA_EVENT_WATCH, &event));
	ck_assert_int_eq(event.error, 0);
	check_first_is(rig, &id);
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	check_first_is(rig, &id);
	rig_free(rig);
}
END_TEST

START_TEST(an_acknowledgement_that_a_power_cut_takes_is_told_again)
{
	struct rig *rig = later();
	struct uncia_payment_id public_id;
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	settle(rig);
	struct payment_id id = receive(rig);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	check_first_is(rig, &id);
	memcpy(public_id.b, id.b, sizeof(id.b));
	for (int durable = 0; durable < 2; durable++) {
		ck_assert_int_eq(uncia_watch_acknowledge(rig->wallet, &public_id), 0);
		ck_assert_ptr_null(uncia_watch_incoming(rig->wallet, 0));
		ck_assert_uint_eq(rig->host.later_count, 1);
		if (durable)
			confirm_one(rig);
		memory_host_power_cut(&rig->host);
		rig_reopen(rig);
		ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
		fake_network_pass(&rig->net, rig->wallet, 5000);
		if (!durable)
			check_first_is(rig, &id);
	}
	ck_assert_ptr_null(uncia_watch_incoming(rig->wallet, 0));
	rig_free(rig);
}
END_TEST

#define CAME_IN_MAX 24

/* What came in, and what of it was acknowledged: the newest state, and that of each blob that is not durable yet. */
struct come_in {
	struct payment_id ids[CAME_IN_MAX];
	size_t count, acknowledged, durable;
	size_t waiting[CAME_IN_MAX];
	size_t waiting_count;
};

/* What is told begins where it may, and is all there is from there on, in order. Returns where it begins. */
static size_t check_told(struct rig *rig, const struct come_in *c, size_t least, size_t most)
{
	const struct uncia_receipt *receipt;
	size_t first = 0, told = 0;
	struct uncia_payment payment = {.size = sizeof(payment)};
	for (; (receipt = uncia_watch_incoming(rig->wallet, told)); told++) {
		ck_assert_int_eq(uncia_receipt_payment(receipt, &payment), 0);
		while (told == 0 && first < c->count && memcmp(c->ids[first].b, payment.id.b, sizeof(payment.id)) != 0)
			first++;
		ck_assert_uint_lt(first + told, c->count);
		ck_assert_mem_eq(c->ids[first + told].b, payment.id.b, sizeof(payment.id));
	}
	first = told == 0 ? c->count : first;
	ck_assert_uint_eq(first + told, c->count);
	ck_assert_msg(first >= least && first <= most, "told from %zu on, not from %zu to %zu", first, least, most);
	return first;
}

static void cut_and_go_on(struct rig *rig, struct come_in *c)
{
	memory_host_power_cut(&rig->host);
	rig_reopen(rig);
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	c->acknowledged = check_told(rig, c, c->durable, c->acknowledged);
	c->waiting_count = 0;
}

/* Whatever is confirmed when, and whenever the power is cut: nothing is left out, and nothing is told again whose
 * acknowledgement was durable. */
START_TEST(no_order_of_acknowledgements_and_power_cuts_leaves_a_payment_out)
{
	size_t again = 0;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct rig *rig = later();
		struct come_in c = {.count = 0};
		uint64_t random = seed;
		ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
		fake_network_pass(&rig->net, rig->wallet, 5000);
		settle(rig);
		for (int step = 0; step < 80; step++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			switch (random >> 33 & 7) {
			case 0:
			case 1:
				if (c.count == CAME_IN_MAX)
					break;
				c.ids[c.count++] = receive(rig);
				fake_network_pass(&rig->net, rig->wallet, 1000);
				break;
			case 2:
			case 3: {
				struct uncia_payment_id id;
				size_t left = c.count - c.acknowledged;
				if (left == 0)
					break;
				c.acknowledged += 1 + (random >> 40) % left;
				memcpy(id.b, c.ids[c.acknowledged - 1].b, sizeof(id.b));
				ck_assert_int_eq(uncia_watch_acknowledge(rig->wallet, &id), 0);
				c.waiting[c.waiting_count++] = c.acknowledged;
				break;
			}
			case 4:
				if (c.waiting_count == 0)
					break;
				confirm_one(rig);
				c.durable = c.waiting[0];
				memmove(c.waiting, c.waiting + 1, --c.waiting_count * sizeof(c.waiting[0]));
				break;
			case 5: {
				size_t before = c.acknowledged;
				if ((random >> 50 & 1) == 0)
					cut_and_go_on(rig, &c);
				again += before - c.acknowledged;
				break;
			}
			default:
				fake_network_pass(&rig->net, rig->wallet, 500);
			}
			ck_assert_uint_eq(rig->host.later_count, c.waiting_count);
			check_told(rig, &c, c.acknowledged, c.acknowledged);
		}
		rig_free(rig);
	}
	ck_assert_uint_gt(again, 0);
}
END_TEST

START_TEST(a_watch_does_not_begin_on_storage_that_failed_later)
{
	struct rig *rig = later();
	struct uncia_event event;
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(memory_host_confirm(&rig->host, rig->wallet, 0, UNCIA_E_IO), 0);
	fake_network_pass(&rig->net, rig->wallet, 20000);
	ck_assert(rig_event(rig, UNCIA_EVENT_ERROR, &event));
	ck_assert(rig_event(rig, UNCIA_EVENT_WATCH, &event));
	ck_assert_int_eq(event.error, UNCIA_E_IO);
	fake_network_pass(&rig->net, rig->wallet, 70000);
	ck_assert(!rig_event(rig, UNCIA_EVENT_WATCH, &event));
	ck_assert_int_ne(uncia_wallet_timeout_ms(rig->wallet), 0);
	rig_free(rig);
}
END_TEST

/* An order is as good as a payment: what it made waits for the storage. */
START_TEST(an_order_is_made_when_it_is_accepted_and_leaves_when_it_is_durable)
{
	struct rig *rig = later();
	struct uncia_event event;
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(1, address);
	const struct uncia_output output = {.address = address, .amount = HALF};
	const struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = &output, .output_count = 1, .key = "k"};
	rig->net.finalise = true;
	ck_assert_int_eq(uncia_wallet_order(rig->wallet, &request), 0);
	ck_assert(rig_event(rig, UNCIA_EVENT_ORDER, &event));
	ck_assert_int_eq(event.error, 0);
	struct uncia_payment_id id = event.id;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(rig_submits(rig), 0);
	settle(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(the_proof_that_a_payment_expired_is_there_when_its_end_is_durable)
{
	struct rig *rig = later();
	struct uncia_payment_id id;
	char *text;
	ck_assert_int_eq(rig_pay_now(rig, "k", HALF, &id), 0);
	confirm_all(rig);
	rig->net.expire = true;
	fake_network_pass(&rig->net, rig->wallet, 300000);
	ck_assert_uint_ge(rig->host.later_count, 1);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(uncia_wallet_expiry(rig->wallet, &id, &text), UNCIA_E_NOT_FOUND);
	settle(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	ck_assert_int_eq(uncia_wallet_expiry(rig->wallet, &id, &text), 0);
	uncia_text_free(text);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("storing", the_archive_takes_nothing_away_before_it_is_durable_itself,
          a_payment_leaves_and_its_end_is_shown_when_they_are_durable,
          what_a_power_cut_takes_was_never_sent_and_may_be_paid_again, an_end_that_a_power_cut_takes_is_found_again,
          what_is_confirmed_out_of_order_waits_for_what_came_before,
          a_second_confirmation_and_one_of_nothing_are_told_so_and_change_nothing,
          storage_that_fails_later_sends_nothing_and_stores_nothing_more,
          no_order_of_confirmations_and_power_cuts_loses_or_doubles_a_payment,
          a_watch_that_begins_tells_nothing_before_its_place_is_durable,
          an_acknowledgement_that_a_power_cut_takes_is_told_again, a_watch_does_not_begin_on_storage_that_failed_later,
          no_order_of_acknowledgements_and_power_cuts_leaves_a_payment_out,
          an_order_is_made_when_it_is_accepted_and_leaves_when_it_is_durable,
          the_proof_that_a_payment_expired_is_there_when_its_end_is_durable)

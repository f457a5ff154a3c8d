/* Hooks that call the wallet they are called by, and objects that end before others: each has a defined answer. */
#include <string.h>
#include "unit.h"
#include "wallet_rig.h"

static struct rig *rig;
static struct uncia_host plain; /* the host's own hooks */
static unsigned nested;         /* calls that were made from hooks */

/* Calls everything that there is, and is refused everywhere. */
static void call_back(void)
{
	struct uncia_wallet *w = rig->wallet;
	struct uncia_payment_id id = {{0}};
	struct uncia_address to = {{0}, false, {0}};
	struct uncia_event event = {.size = sizeof(event)};
	struct uncia_balance balance = {.size = sizeof(balance)};
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_part part = {.size = sizeof(part)};
	struct uncia_history_page page = {.size = sizeof(page)};
	struct uncia_output output = {.address = "x", .amount = 1};
	struct uncia_payment_request request = {.size = sizeof(request), .outputs = &output, .output_count = 1};
	char address[UNCIA_ADDRESS_TEXT_SIZE], text[UNCIA_WORDS_TEXT_SIZE], *line;
	struct uncia_hold_state hold = {.size = sizeof(hold)};
	struct uncia_request wish = {.size = sizeof(wish)};
	char chat[UNCIA_CHAT_TEXT_SIZE];
	uint8_t network_id[32];
	uint64_t amount;
	struct uncia_unlocking *unlocking;
	const void *data;
	size_t size;
	struct uncia_peer peer = {.size = sizeof(peer), .own = "xmpp:a@x", .handle = "xmpp:b@x"};
	struct uncia_pin pin = {.size = sizeof(pin)};
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check introduced = {.size = sizeof(introduced)};
	struct uncia_request_check asked = {.size = sizeof(asked)};
	struct uncia_notice_query query = {.size = sizeof(query), .peer = &peer, .notice = "x"};
	struct uncia_notice_result result = {.size = sizeof(result)};
	const int answers[] = {
	    uncia_wallet_unlock(w, "x"),
	    uncia_unlocking_begin(w, &unlocking),
	    uncia_wallet_unlock_with(w, NULL),
	    uncia_wallet_stored(w, "x", 0),
	    uncia_wallet_words(w, "x", text),
	    uncia_wallet_address(w, address),
	    uncia_wallet_address_unproved(w, address),
	    uncia_wallet_event(w, &event),
	    uncia_wallet_cancel(w, UNCIA_EVENT_BALANCE, NULL),
	    uncia_wallet_sync(w),
	    uncia_wallet_balance(w, &balance),
	    uncia_wallet_pay(w, &request, &id),
	    uncia_wallet_order(w, &request),
	    uncia_wallet_by_key(w, "k", &id),
	    uncia_wallet_catch_up(w),
	    uncia_wallet_payment(w, &id, &payment),
	    uncia_wallet_output(w, &id, 0, address, &amount),
	    uncia_wallet_paid(w, &to, &id),
	    uncia_wallet_follow(w, &id),
	    uncia_wallet_query(w, &id),
	    uncia_wallet_outbox(w, 0, &id),
	    uncia_contact_pin(w, "a", "b", false),
	    uncia_contact_alike(w, "a", text, address),
	    uncia_contact_find(w, "a", address),
	    uncia_contact_remove(w, "a"),
	    uncia_contact_count(w, &size),
	    uncia_contact_at(w, 0, text, address),
	    uncia_wallet_fd(w),
	    uncia_wallet_descriptors(w, NULL, 0, &size),
	    uncia_wallet_network_changed(w),
	    uncia_wallet_process(w),
	    uncia_wallet_link_opened(w, 0),
	    uncia_wallet_link_feed(w, 0, "", 0),
	    uncia_wallet_link_output(w, 0, &data, &size),
	    uncia_wallet_link_taken(w, 0, 0),
	    uncia_wallet_link_closed(w, 0, 0),
	    uncia_wallet_tick(w),
	    uncia_wallet_history(w, 0, 0, 1),
	    uncia_wallet_history_page(w, &page),
	    uncia_wallet_pending(w, 0, &id),
	    uncia_wallet_expired(w, 0, &id),
	    uncia_wallet_part(w, NULL, &part),
	    uncia_wallet_payment_part(w, &id, &part),
	    uncia_wallet_part_output(w, NULL, 0, address, &amount),
	    uncia_wallet_received(w, NULL, &amount),
	    uncia_wallet_receipt(w, &id, &line),
	    uncia_watch_start(w, "test"),
	    uncia_watch_acknowledge(w, &id),
	    uncia_watch_forget(w, "test"),
	    uncia_wallet_contact(w, NULL, chat),
	    uncia_wallet_expiry(w, &id, &line),
	    uncia_wallet_network_id(w, network_id),
	    uncia_wallet_request(w, &wish, chat),
	    uncia_wallet_key(w, network_id),
	    uncia_wallet_claim(w, NULL, 0, chat),
	    uncia_wallet_hold(w, NULL, 0),
	    uncia_wallet_hold_state(w, &hold),
	    uncia_wallet_take(w, NULL, &id),
	    uncia_wallet_give_back(w, NULL, 0, &id),
	    uncia_pin_find(w, &peer, &pin),
	    uncia_pin_set(w, &peer, "x", 0),
	    uncia_pin_drop(w, &peer),
	    uncia_pin_count(w, &size),
	    uncia_pin_at(w, 0, &pin),
	    uncia_contact_check(w, &peer, "x", &contact, &introduced),
	    uncia_request_check(w, &peer, "x", &wish, &asked),
	    uncia_wallet_notice_check(w, &query, &result),
	    uncia_notice_result(w, &result),
	    uncia_notice_acknowledge(w, &id),
	    uncia_notice_restored(w),
	};
	uncia_watch_stop(w);
	uncia_wallet_wake(w); /* from anywhere */
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		ck_assert_msg(answers[i] == UNCIA_E_NESTED, "call %zu: %d", i, answers[i]);
	ck_assert(!uncia_wallet_unlocked(w) && !uncia_wallet_link_wanted(w, 0) && uncia_wallet_outbox_count(w) == 0);
	ck_assert_ptr_null(uncia_wallet_history_receipt(w, 0));
	ck_assert_ptr_null(uncia_wallet_hold_receipt(w, 0));
	ck_assert_uint_eq(uncia_wallet_coming_home(w), 0);
	ck_assert_ptr_null(uncia_watch_incoming(w, 0));
	ck_assert_int_eq(uncia_wallet_timeout_ms(w), 0);
	uncia_wallet_close(w); /* it is still needed: nothing happens */
	nested++;
}

static int load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	if (rig->wallet)
		call_back();
	return plain.load(context, name, buffer, capacity, size);
}

static int create(void *context, const char *name, const void *data, size_t size)
{
	if (rig->wallet)
		call_back();
	return plain.create(context, name, data, size);
}

static uint64_t now_ms(void *context)
{
	if (rig->wallet)
		call_back();
	return plain.now_ms(context);
}

static void on_log(void *context, enum uncia_log_level level, const char *text)
{
	(void)context, (void)level, (void)text;
	call_back();
}

START_TEST(a_hook_that_calls_the_wallet_is_refused_and_changes_nothing)
{
	struct uncia_payment_id id;
	char name[UNCIA_ADDRESS_TEXT_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE];
	rig = rig_new(4);
	rig_close(rig);
	plain = rig->host.host;
	rig->host.host.load = load;
	rig->host.host.create = create;
	rig->host.host.now_ms = now_ms;
	rig->host.host.log = on_log;
	ck_assert_int_eq(rig_open(rig), 0);
	rig->net.finalise = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, "k", 500000, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_address(1, address);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "bob", address, false), 0);
	ck_assert_int_eq(uncia_contact_find(rig->wallet, "bob", name), 0);
	struct uncia_peer bob = {.size = sizeof(bob), .own = "xmpp:a@x", .handle = "xmpp:b@x"};
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED), 0);
	ck_assert_int_eq(rig_pay_now(rig, NULL, 1000 * AMOUNT_MICROS, &id), UNCIA_E_FUNDS); /* is logged */
	ck_assert_uint_gt(nested, 20);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
	rig->host.host = plain;
	rig_free(rig);
}
END_TEST

/* As languages do that free objects in any order. */
START_TEST(a_network_may_be_freed_before_its_wallets)
{
	struct uncia_wallet *second = NULL;
	struct uncia_payment_id id;
	rig = rig_new(4);
	char *text = fake_network_text(&rig->net);
	struct uncia_network *network = NULL;
	rig_close(rig);
	ck_assert_int_eq(uncia_network_parse(text, &network, NULL), 0);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, network, NULL, &rig->wallet), 0);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, network, NULL, &second), 0);
	uncia_network_free(network);
	uncia_wallet_close(second);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 500000, &id), 0);
	free(text);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("nested", a_hook_that_calls_the_wallet_is_refused_and_changes_nothing,
          a_network_may_be_freed_before_its_wallets)

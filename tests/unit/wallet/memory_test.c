/* What the wallet does where memory ends (faults: the n-th allocation fails, for every n): each call says so, stores
 * nothing by halves, leaks nothing, and works once there is memory again. */
#include <string.h>
#include "heap.h"
#include "unit.h"
#include "wallet_rig.h"

/* ck_assert allocates: where an allocation may be made to fail, it is held. */
#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		int held = heap_hold(1);                                                                               \
		ck_assert(condition);                                                                                  \
		heap_hold(held);                                                                                       \
	} while (0)

static struct rig *rig;
static char *text;
static struct memory_host empty;

/* Lets the n-th allocation and all after it fail, then it alone, for every n until the call asks for no more. The value
 * is how many failed. A call that gets by without one may succeed. `check`: what must hold after each failure. */
static int sweep(int (*call)(void), void (*check)(void))
{
	for (int n = 0;; n++) {
		int failed = 0;
		for (int once = 0; once < 2; once++) {
			if (once)
				heap_fail_once((uint64_t)n + 1);
			else
				heap_fail_from((uint64_t)n + 1);
			heap_hold(0);
			int result = call();
			heap_hold(1);
			failed = heap_failed();
			heap_fail_from(0);
			ck_assert_int_eq(result, failed ? UNCIA_E_MEMORY : 0);
			if (failed && check)
				check();
		}
		if (!failed)
			return n;
	}
}

static int call_network(void)
{
	struct uncia_network *network = NULL;
	char why[UNCIA_WHY_SIZE] = "";
	int result = uncia_network_parse(text, &network, why);
	CHECK((result == 0) == (network != NULL) && (result == 0) == (why[0] == 0));
	uncia_network_free(network);
	return result;
}

START_TEST(network_file_is_read_whole_or_refused)
{
	rig = rig_new(4);
	text = fake_network_text(&rig->net);
	ck_assert_int_ge(sweep(call_network, NULL), 5);
	free(text);
	rig_free(rig);
}
END_TEST

static int call_create(void)
{
	static const struct uncia_key_options none = {.size = sizeof(none), .no_passphrase = true};
	int result = uncia_wallet_create(&empty.host, FAKE_WORDS, &none);
	if (result == 0)
		memory_host_deinit(&empty);
	return result;
}

static void check_no_key(void)
{
	ck_assert_uint_eq(memory_host_count(&empty, ""), 0);
}

START_TEST(key_is_stored_whole_or_not_at_all)
{
	memory_host_init(&empty);
	ck_assert_int_ge(sweep(call_create, check_no_key), 1);
	memory_host_deinit(&empty);
}
END_TEST

static int call_open(void)
{
	struct uncia_wallet *wallet = NULL;
	int result = uncia_wallet_open(&rig->host.host, rig->net.network, NULL, &wallet);
	CHECK((result == 0) == (wallet != NULL));
	if (wallet)
		CHECK(uncia_wallet_outbox_count(wallet) == 2);
	uncia_wallet_close(wallet);
	return result;
}

static char *receipt;

static int call_receipt(void)
{
	struct uncia_receipt *verified = NULL;
	char *again = NULL;
	int result = uncia_receipt_verify(rig->net.network, receipt, &verified);
	CHECK((result == 0) == (verified != NULL));
	if (result == 0)
		result = uncia_receipt_text(verified, &again);
	CHECK(result != 0 || strcmp(again, receipt) == 0);
	uncia_text_free(again);
	uncia_receipt_free(verified);
	return result;
}

static struct uncia_payment_id paid;

static int call_wallet_receipt(void)
{
	char *again = NULL;
	int result = uncia_wallet_receipt(rig->wallet, &paid, &again);
	CHECK(result != 0 || strcmp(again, receipt) == 0);
	uncia_text_free(again);
	return result;
}

static int call_contacts(void)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE], name[UNCIA_CONTACT_NAME_SIZE];
	size_t count = 0;
	int result = uncia_contact_count(rig->wallet, &count);
	if (result == 0)
		result = uncia_contact_at(rig->wallet, 0, name, address);
	CHECK(result != 0 || (count == 1 && strcmp(name, "mother") == 0));
	return result == 0 ? uncia_contact_find(rig->wallet, "mother", address) : result;
}

static int call_pin(void)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(0, address);
	int result = uncia_contact_pin(rig->wallet, "aunt", address, false);
	return result == 0 ? uncia_contact_remove(rig->wallet, "aunt") : result;
}

static void check_no_aunt(void)
{
	ck_assert_uint_eq(memory_host_count(&rig->host, "contact-"), 1);
}

START_TEST(what_is_stored_is_read_whole_or_not_at_all)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_payment_id pending;
	rig = rig_new(4);
	rig_address(0, address);
	ck_assert_int_eq(uncia_contact_pin(rig->wallet, "mother", address, false), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay(rig, "first", 500000, &paid), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(rig_payment(rig, &paid).state, UNCIA_PAYMENT_FINAL);
	rig->net.finalise = false;
	ck_assert_int_eq(rig_pay(rig, "second", 500000, &pending), 0);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &paid, &receipt), 0);

	ck_assert_int_ge(sweep(call_open, NULL), 5);
	ck_assert_int_ge(sweep(call_receipt, NULL), 3);
	ck_assert_int_ge(sweep(call_wallet_receipt, NULL), 1);
	ck_assert_int_ge(sweep(call_contacts, NULL), 2);
	ck_assert_int_ge(sweep(call_pin, check_no_aunt), 1);
	uncia_text_free(receipt);
	rig_free(rig);
}
END_TEST

/* Returns whether an allocation failed. Once it is stored it is paid, whatever else fails: then it goes out later. */
static bool pay_once_without(uint64_t nth, bool once)
{
	rig = rig_new(4);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	rig->net.finalise = true;
	if (once)
		heap_fail_once(nth);
	else
		heap_fail_from(nth);
	heap_hold(0);
	int result = rig_pay(rig, "the key", 500000, &paid);
	heap_hold(1);
	bool failed = heap_failed();
	heap_fail_from(0);
	ck_assert(result == 0 || (failed && result == UNCIA_E_MEMORY));
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), result == 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), result == 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(rig->net.final_count, result == 0);
	rig_free(rig);
	return failed;
}

START_TEST(payment_without_memory_is_not_stored_and_not_sent)
{
	uint64_t n = 1;
	for (bool failed = true; failed; n++)
		for (int once = 0; once < 2; once++)
			failed = pay_once_without(n, once);
	ck_assert_uint_ge(n, 5);
}
END_TEST

/* A sync, a payment and its end over links; allocations fail in the wallet's calls alone. Returns whether one did. */
static bool pay_without(uint64_t nth)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_balance balance = {.size = sizeof(balance)};
	bool have_id = false;
	int result;

	rig = rig_new(4);
	rig->net.finalise = true;
	heap_hold(1);
	heap_fail_once(nth);
	for (int i = 0; i < 400 && payment.state != UNCIA_PAYMENT_FINAL; i++) {
		ck_assert_int_eq(uncia_wallet_balance(rig->wallet, &balance), 0);
		heap_hold(0);
		result = balance.known ? 0 : uncia_wallet_sync(rig->wallet);
		CHECK(result == 0 || (result == UNCIA_E_MEMORY && heap_failed()));
		if (balance.known && !have_id) {
			result = rig_pay_now(rig, "the key", 500000, &paid);
			have_id = result == 0;
			if (result == UNCIA_E_BEHIND)
				result = uncia_wallet_catch_up(rig->wallet);
			CHECK(result == 0 || (result == UNCIA_E_MEMORY && heap_failed()));
		}
		rig_no_events(rig);
		heap_hold(1);
		fake_network_pass(&rig->net, rig->wallet, 100);
		if (have_id)
			ck_assert_int_eq(uncia_wallet_payment(rig->wallet, &paid, &payment), 0);
	}
	bool failed = heap_failed();
	heap_fail_from(0);
	ck_assert_msg(payment.state == UNCIA_PAYMENT_FINAL, "allocation %llu: no end", (unsigned long long)nth);
	ck_assert_uint_eq(rig->net.final_count, 1);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
	rig_reopen(rig);
	ck_assert_int_eq(rig_payment(rig, &paid).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
	return failed;
}

START_TEST(payment_becomes_final_once_wherever_memory_ended)
{
	uint64_t n = 1;
	while (pay_without(n))
		n++;
	ck_assert_uint_ge(n, 20);
}
END_TEST

static void receive_one(uint64_t nonce)
{
	struct fixture_key payer;
	struct output output = {.to = rig->net.account, .amount = 5000};
	fixture_account(0, &payer);
	struct payment *payment = fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, nonce);
	fake_network_final(&rig->net, payment);
	payment_free(payment);
}

/* Begins to watch, is told of two payments that came one after the other, and of three that came while nobody looked;
 * one allocation fails in the wallet's calls. Returns whether one did. */
static bool be_told_without(uint64_t nth)
{
	rig = rig_new(4);
	heap_hold(1);
	heap_fail_once(nth);
	bool begun = false;
	for (int i = 0; i < 1200 && !uncia_watch_incoming(rig->wallet, 4); i++) {
		heap_hold(0);
		int result = begun ? 0 : uncia_watch_start(rig->wallet, "test");
		begun = begun || !result;
		CHECK(result == 0 || (result == UNCIA_E_MEMORY && heap_failed()));
		rig_no_events(rig);
		heap_hold(1);
		fake_network_pass(&rig->net, rig->wallet, 100);
		if (i >= 50 && i < 53)
			receive_one((uint64_t)i);
		if (i == 51) { /* two more in one go */
			receive_one(100);
			receive_one(101);
		}
	}
	bool failed = heap_failed();
	heap_fail_from(0);
	ck_assert_msg(uncia_watch_incoming(rig->wallet, 4) && !uncia_watch_incoming(rig->wallet, 5),
	              "allocation %llu: not told", (unsigned long long)nth);
	for (size_t i = 0; i < 5; i++) {
		struct uncia_payment payment = {.size = sizeof(payment)};
		ck_assert_int_eq(uncia_receipt_payment(uncia_watch_incoming(rig->wallet, i), &payment), 0);
		ck_assert_mem_eq(payment.id.b, rig->net.finals[i].payment->id.b, sizeof(payment.id.b));
	}
	rig_free(rig);
	return failed;
}

START_TEST(what_comes_in_is_told_wherever_memory_ended)
{
	uint64_t n = 1;
	while (be_told_without(n))
		n++;
	ck_assert_uint_ge(n, 20);
}
END_TEST

static int order_half(const struct uncia_output *output, const char *tag)
{
	const struct uncia_payment_request request = {.size = sizeof(request),
	                                              .outputs = output,
	                                              .output_count = 1,
	                                              .key = "the key",
	                                              .memo = "rent",
	                                              .tag = tag,
	                                              .tag_size = (uint32_t)strlen(tag)};
	return uncia_wallet_order(rig->wallet, &request);
}

/* An order whose n-th allocation fails: refused, or ended with one event, or made; and with all of its tag where it is.
 * Returns whether one failed. */
static bool order_without(uint64_t nth, bool once)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_event event = {.size = sizeof(event)};
	rig_address(0, address);
	const struct uncia_output output = {.address = address, .amount = 500000};
	rig = rig_new(4);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	rig_no_events(rig);
	rig->net.finalise = true;
	if (once)
		heap_fail_once(nth);
	else
		heap_fail_from(nth);
	heap_hold(0);
	int result = order_half(&output, "chat 7");
	heap_hold(1);
	bool failed = heap_failed(), told = false, lost = false, made = uncia_wallet_outbox_count(rig->wallet) == 1;
	heap_fail_from(0);
	ck_assert(result == 0 || (failed && result == UNCIA_E_MEMORY));
	while (uncia_wallet_event(rig->wallet, &event) == 1) {
		lost = lost || event.kind == UNCIA_EVENT_ERROR;
		if (event.kind != UNCIA_EVENT_ORDER)
			continue;
		told = true;
		ck_assert(event.tag_size == 6 && memcmp(event.tag, "chat 7", 6) == 0);
		ck_assert(event.error == (made ? 0 : UNCIA_E_MEMORY));
	}
	ck_assert(result ? !told && !made : told || lost);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(rig->net.final_count, made);
	if (made) {
		ck_assert_int_eq(uncia_wallet_outbox(rig->wallet, 0, &paid), 0);
		ck_assert_mem_eq(rig_payment(rig, &paid).tag, "chat 7", 6);
	}
	rig_free(rig);
	return failed;
}

START_TEST(an_order_without_memory_is_refused_or_ends_or_is_made)
{
	uint64_t n = 1;
	for (bool failed = true; failed; n++)
		for (int once = 0; once < 2; once++)
			failed = order_without(n, once);
	ck_assert_uint_ge(n, 15);
}
END_TEST

static const struct uncia_peer bob = {.size = sizeof(bob), .own = "xmpp:me@x", .handle = "xmpp:bob@x"};

/* Checks a notice again and again until it is told as paid; one allocation fails in the wallet's calls. Returns whether
 * one did. */
static bool check_without(uint64_t nth)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE], id[UNCIA_ID_TEXT_SIZE];
	struct uncia_notice_result result = {.size = sizeof(result), .over = true};
	const struct uncia_notice_query query = {.size = sizeof(query), .peer = &bob, .notice = id};
	bool told = false, shown = false;
	rig = rig_new(4);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig_address(0, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED), 0);
	receive_one(1);
	memcpy(paid.b, rig->net.finals[0].payment->id.b, sizeof(paid.b));
	uncia_payment_id_format(&paid, id);
	heap_hold(1);
	heap_fail_once(nth);
	for (int i = 0; i < 400 && !shown; i++) {
		heap_hold(0);
		int error = 0;
		if (!told && result.over)
			error = uncia_wallet_notice_check(rig->wallet, &query, &result);
		CHECK(error == 0 || (error == UNCIA_E_MEMORY && heap_failed()));
		while (!told && uncia_notice_result(rig->wallet, &result) == 1)
			CHECK(result.error == 0 || (result.error == UNCIA_E_MEMORY && result.over));
		rig_no_events(rig);
		told = told || (result.over && result.verdict == UNCIA_NOTICE_PAID);
		CHECK(told || result.verdict != UNCIA_NOTICE_AGAIN);
		error = told ? uncia_notice_acknowledge(rig->wallet, &paid) : 0;
		CHECK(error == 0 || (error == UNCIA_E_MEMORY && heap_failed()));
		shown = told && !error;
		heap_hold(1);
		fake_network_pass(&rig->net, rig->wallet, 100);
	}
	bool failed = heap_failed();
	heap_fail_from(0);
	ck_assert_msg(shown, "allocation %llu: not told", (unsigned long long)nth);
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	ck_assert(result.over && result.verdict == UNCIA_NOTICE_AGAIN);
	rig_free(rig);
	return failed;
}

START_TEST(a_notice_is_told_once_wherever_memory_ended)
{
	uint64_t n = 1;
	while (check_without(n))
		n++;
	ck_assert_uint_ge(n, 15);
}
END_TEST

static char wish[UNCIA_CHAT_TEXT_SIZE], introduction[UNCIA_CHAT_TEXT_SIZE];

static int call_person(void)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	static uint32_t next;
	rig_address(next++ % 3, address); /* another one each time, so that it is stored */
	return uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED);
}

static void check_person(void)
{
	struct uncia_pin pin = {.size = sizeof(pin)};
	ck_assert_int_eq(uncia_pin_find(rig->wallet, &bob, &pin), 0);
}

static int call_people(void)
{
	size_t count = 9;
	int result = uncia_pin_count(rig->wallet, &count);
	CHECK(result || count == 1);
	return result;
}

static int call_introduced(void)
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check check = {.size = sizeof(check)};
	int result = uncia_contact_check(rig->wallet, &bob, introduction, &contact, &check);
	CHECK(result || check.verdict == UNCIA_CONTACT_CHANGED);
	return result;
}

static int call_request_check(void)
{
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_request_check check = {.size = sizeof(check)};
	int result = uncia_request_check(rig->wallet, &bob, wish, &request, &check);
	CHECK(result || check.verdict == UNCIA_REQUEST_OWN);
	return result;
}

/* The contact text of somebody else's wallet, for Bob's handle. */
static void introduce(void)
{
	const struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	struct memory_host host;
	struct uncia_wallet *wallet;
	memory_host_init(&host);
	ck_assert_int_eq(
	    uncia_wallet_create(
	        &host.host, "legal winner thank year wave sausage worth useful legal winner thank yellow", &options),
	    0);
	ck_assert_int_eq(uncia_wallet_open(&host.host, rig->net.network, NULL, &wallet), 0);
	ck_assert_int_eq(uncia_wallet_contact(wallet, bob.handle, introduction), 0);
	uncia_wallet_close(wallet);
	memory_host_deinit(&host);
}

START_TEST(people_are_known_or_memory_is_missing)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_request request = {.size = sizeof(request)};
	rig = rig_new(4);
	rig_address(0, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &bob, address, UNCIA_PIN_DECIDED), 0);
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &request, wish), 0);
	introduce();
	ck_assert_int_ge(sweep(call_person, check_person), 3);
	ck_assert_int_ge(sweep(call_people, NULL), 3);
	ck_assert_int_ge(sweep(call_request_check, NULL), 3);
	ck_assert_int_ge(sweep(call_introduced, NULL), 3);
	rig_free(rig);
}
END_TEST

static char *message, *expiry;

static int call_scan(void)
{
	struct uncia_scan scan = {.size = sizeof(scan)};
	int result = uncia_text_scan(message, NULL, &scan);
	CHECK(result == 0 ? scan.count == 3 : scan.count == 0);
	for (uint32_t i = 0; i < scan.count; i++)
		CHECK(scan.texts[i].error == 0 && scan.texts[i].text);
	uncia_scan_free(&scan);
	return result;
}

static int call_wallet_expiry(void)
{
	char *again = NULL;
	int result = uncia_wallet_expiry(rig->wallet, &paid, &again);
	CHECK((result == 0) == (again != NULL));
	CHECK(result != 0 || strcmp(again, expiry) == 0);
	uncia_text_free(again);
	return result;
}

static int call_expiry(void)
{
	struct uncia_expiry *verified = NULL;
	int result = uncia_expiry_verify(rig->net.network, expiry, &verified);
	CHECK((result == 0) == (verified != NULL));
	uncia_expiry_free(verified);
	return result;
}

START_TEST(texts_of_chats_are_read_whole_or_not_at_all)
{
	struct uncia_request request = {.size = sizeof(request)};
	char one[UNCIA_CHAT_TEXT_SIZE], own[UNCIA_ADDRESS_TEXT_SIZE];
	rig = rig_new(4);
	rig->net.expire = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 500000, &paid), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(rig_payment(rig, &paid).state, UNCIA_PAYMENT_EXPIRED);
	ck_assert_int_eq(uncia_wallet_expiry(rig->wallet, &paid, &expiry), 0);
	ck_assert_int_ge(sweep(call_wallet_expiry, NULL), 3);
	ck_assert_int_ge(sweep(call_expiry, NULL), 3);
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &request, one), 0);
	ck_assert_int_eq(uncia_wallet_address(rig->wallet, own), 0);
	ck_assert_int_gt(asprintf(&message, "%s uncia-receipt-1:AQID, uncia:%s?amount=1", one, own), 0);
	ck_assert_int_ge(sweep(call_scan, NULL), 5);
	free(message);
	uncia_text_free(expiry);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("memory", a_notice_is_told_once_wherever_memory_ended, people_are_known_or_memory_is_missing,
          an_order_without_memory_is_refused_or_ends_or_is_made, network_file_is_read_whole_or_refused,
          key_is_stored_whole_or_not_at_all, what_is_stored_is_read_whole_or_not_at_all,
          payment_without_memory_is_not_stored_and_not_sent, payment_becomes_final_once_wherever_memory_ended,
          what_comes_in_is_told_wherever_memory_ended, texts_of_chats_are_read_whole_or_not_at_all)

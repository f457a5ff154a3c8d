/* A wallet on a fake network; see wallet_rig.h. */
#include "wallet_rig.h"
#include <stdlib.h>
#include "unit.h"

struct rig *rig_new(uint32_t validators)
{
	struct uncia_key_options options = {.size = sizeof(options), .no_passphrase = true};
	struct rig *rig = calloc(1, sizeof(*rig));
	ck_assert_ptr_nonnull(rig);
	memory_host_init(&rig->host);
	fake_network_init(&rig->net, &rig->host, validators);
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	return rig;
}

int rig_open(struct rig *rig)
{
	return uncia_wallet_open(&rig->host.host, rig->net.network, NULL, &rig->wallet);
}

void rig_close(struct rig *rig)
{
	uncia_wallet_close(rig->wallet);
	rig->wallet = NULL;
	for (uint32_t i = 0; i < rig->net.count; i++) {
		link_free(rig->net.nodes[i].link);
		rig->net.nodes[i].link = NULL;
		rig->net.nodes[i].submit_request = UINT64_MAX; /* numbers begin anew */
	}
}

void rig_reopen(struct rig *rig)
{
	rig_close(rig);
	ck_assert_int_eq(rig_open(rig), 0);
}

void rig_free(struct rig *rig)
{
	rig_close(rig);
	fake_network_deinit(&rig->net);
	memory_host_deinit(&rig->host);
	free(rig);
}

static int await_event(struct rig *rig, enum uncia_event_kind kind)
{
	struct uncia_event event = {.size = sizeof(event)};
	fake_network_pump(&rig->net, rig->wallet);
	for (int i = 0; i < 300; i++) {
		if (rig_event(rig, kind, &event))
			return event.error;
		fake_network_pass(&rig->net, rig->wallet, 100);
	}
	ck_abort_msg("event %d never came", (int)kind);
	return 0;
}

int rig_sync(struct rig *rig)
{
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	return await_event(rig, UNCIA_EVENT_BALANCE);
}

int rig_catch_up(struct rig *rig)
{
	ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), 0);
	return await_event(rig, UNCIA_EVENT_CAUGHT_UP);
}

void rig_address(uint32_t account, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct fixture_key key;
	fixture_account(account, &key);
	struct destination to = {.address = key.address};
	destination_format(&to, text);
}

int rig_pay_now(struct rig *rig, const char *key, uint64_t micro, struct uncia_payment_id *id)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(0, address);
	struct uncia_output output = {.address = address, .amount = micro};
	struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = &output, .output_count = 1, .key = key};
	return uncia_wallet_pay(rig->wallet, &request, id);
}

int rig_pay(struct rig *rig, const char *key, uint64_t micro, struct uncia_payment_id *id)
{
	int rc = rig_pay_now(rig, key, micro, id);
	if (rc != UNCIA_E_BEHIND)
		return rc;
	rc = rig_catch_up(rig);
	return rc ? rc : rig_pay_now(rig, key, micro, id);
}

bool rig_event(struct rig *rig, enum uncia_event_kind kind, struct uncia_event *event)
{
	event->size = sizeof(*event);
	while (uncia_wallet_event(rig->wallet, event) > 0)
		if (event->kind == kind)
			return true;
	return false;
}

void rig_no_events(struct rig *rig)
{
	struct uncia_event event = {.size = sizeof(event)};
	while (uncia_wallet_event(rig->wallet, &event) > 0)
		;
}

struct uncia_payment rig_payment(struct rig *rig, const struct uncia_payment_id *id)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	ck_assert_int_eq(uncia_wallet_payment(rig->wallet, id, &payment), 0);
	return payment;
}

struct uncia_balance rig_balance(struct rig *rig)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	ck_assert_int_eq(uncia_wallet_balance(rig->wallet, &balance), 0);
	return balance;
}

uint32_t rig_submits(const struct rig *rig)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < rig->net.count; i++)
		count += rig->net.nodes[i].submits;
	return count;
}

/* Payments by bytes alone: stored before sent, resent, and ended only by what is proved. */
#include "big_endian.h"
#include "unit.h"
#include "wallet_rig.h"

#define HALF UINT64_C(500000)

static struct rig *ready(void)
{
	struct rig *rig = rig_new(4);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	rig_no_events(rig);
	return rig;
}

START_TEST(a_payment_becomes_final_by_its_receipt)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	struct uncia_event event;
	struct uncia_receipt *receipt;
	char *text;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &id).reason, UNCIA_PENDING_UNSENT);
	ck_assert_uint_eq(rig_submits(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).spendable, 100 * AMOUNT_MICROS - HALF);
	rig->host.now_ms += 7;
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_mem_eq(event.id.b, id.b, sizeof(id.b));
	struct uncia_payment payment = rig_payment(rig, &id);
	ck_assert_int_eq(payment.state, UNCIA_PAYMENT_FINAL);
	ck_assert(payment.own && payment.detailed);
	ck_assert_uint_eq(payment.amount, HALF);
	ck_assert_uint_eq(payment.elapsed_ms, 7);
	ck_assert_uint_eq(payment.height, 2);
	ck_assert_uint_eq(payment.expires_at, FIXTURE_TIME_S + 120);
	/* Its receipt verifies offline, before and after a restart. */
	for (int round = 0; round < 2; round++) {
		struct uncia_payment proved = {.size = sizeof(proved)};
		char address[UNCIA_ADDRESS_TEXT_SIZE];
		uint64_t amount;
		ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &text), 0);
		ck_assert_int_eq(uncia_receipt_verify(rig->net.network, text, &receipt), 0);
		ck_assert_int_eq(uncia_receipt_payment(receipt, &proved), 0);
		ck_assert_mem_eq(proved.id.b, id.b, sizeof(id.b));
		ck_assert_int_eq(uncia_receipt_output(receipt, 0, address, &amount), 0);
		ck_assert_str_eq(address, proved.to);
		ck_assert_uint_eq(amount, HALF);
		ck_assert_int_eq(uncia_receipt_output(receipt, 1, address, &amount), UNCIA_E_ARGUMENT);
		uncia_receipt_free(receipt);
		uncia_text_free(text);
		rig_reopen(rig);
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
		ck_assert_uint_eq(rig_payment(rig, &id).height, 2);
	}
	rig_free(rig);
}
END_TEST

START_TEST(a_balance_counts_each_payment_once)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_uint_eq(rig_balance(rig).waiting, HALF);
	ck_assert_uint_eq(rig_balance(rig).spendable, 100 * AMOUNT_MICROS - HALF);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).waiting, 0);
	ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS - HALF);
	ck_assert_uint_eq(rig_balance(rig).spendable, 100 * AMOUNT_MICROS - HALF);
	rig_free(rig);
}
END_TEST

START_TEST(refusals_store_and_send_nothing)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 100 * AMOUNT_MICROS + 1, &id), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, NULL, 0, &id), UNCIA_E_AMOUNT);
	ck_assert_int_eq(rig_pay(rig, NULL, FIXTURE_SMALLEST_AMOUNT - 1, &id), UNCIA_E_AMOUNT);
	ck_assert_int_eq(rig_pay(rig, "", HALF, &id), UNCIA_E_ARGUMENT);
	struct uncia_output outputs[2] = {{.address = "unc1nonsense", .amount = HALF}};
	struct uncia_payment_request request = {.size = sizeof(request), .outputs = outputs, .output_count = 1};
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_ADDRESS);
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(1, address);
	outputs[0] = outputs[1] = (struct uncia_output){.address = address, .amount = UINT64_MAX / 2 + 1};
	request.output_count = 2;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_AMOUNT);
	request.output_count = 0;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_ARGUMENT);
	request.output_count = 1;
	request.expires_s = 3601;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_ARGUMENT);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(rig_submits(rig), 0);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_memo_is_kept_as_text_and_paid_as_its_hash)
{
	struct rig *rig = ready();
	struct uncia_payment_id id, again;
	uint8_t hash[32];
	char address[UNCIA_ADDRESS_TEXT_SIZE], longest[UNCIA_MEMO_SIZE + 1] = "";
	rig_address(0, address);
	struct uncia_output output = {.address = address, .amount = HALF};
	struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = &output, .output_count = 1, .key = "memo", .memo = "für die Miete"};
	ck_assert_int_eq(uncia_memo_hash(request.memo, hash), 0);
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), 0);
	for (int ended = 0; ended < 3; ended++) {
		ck_assert_str_eq(rig_payment(rig, &id).memo, request.memo);
		ck_assert_mem_eq(rig_payment(rig, &id).memo_hash, hash, sizeof(hash));
		rig->net.finalise = true;
		rig_reopen(rig);
		fake_network_pass(&rig->net, rig->wallet, 3000);
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	}
	/* What leaves has the hash, and not the text. */
	ck_assert(rig->net.nodes[0].submits != 0 &&
	          !memmem(rig->net.nodes[0].submitted, rig->net.nodes[0].submitted_size, request.memo, 8));
	ck_assert_int_eq(rig_sync(rig), 0);
	/* By its hash it is the same payment. */
	request.memo_hash = hash;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &again), 0);
	ck_assert_mem_eq(again.b, id.b, sizeof(id.b));
	request.memo = NULL;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &again), 0);
	ck_assert_mem_eq(again.b, id.b, sizeof(id.b));
	request.memo = "something else";
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &again), UNCIA_E_ARGUMENT);
	request.memo_hash = NULL;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &again), UNCIA_E_KEY_REUSED);
	request.key = NULL;
	memset(longest, 'a', UNCIA_MEMO_SIZE);
	static const char *const bad[] = {"\a", "\xff", "\xe2\x80\xae", ""};
	for (size_t i = 0; i < 4; i++) {
		request.memo = bad[i];
		ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &again),
		                 i == 3 ? UNCIA_E_LIMIT : UNCIA_E_ENCODING);
	}
	request.memo = longest;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &again), UNCIA_E_LIMIT);
	longest[UNCIA_MEMO_SIZE - 1] = '\0';
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &again), 0);
	rig_reopen(rig);
	ck_assert_str_eq(rig_payment(rig, &again).memo, longest);
	rig_free(rig);
}
END_TEST

START_TEST(without_randomness_nothing_is_made_or_sent)
{
	struct rig *rig = ready();
	struct uncia_payment_id id, again;
	struct uncia_key_options sealed = {
	    .size = sizeof(sealed), .passphrase = "x", .kdf_memory = 8192, .kdf_passes = 1};
	char words[UNCIA_WORDS_TEXT_SIZE];
	rig->host.random_fails = true;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), UNCIA_E_RANDOM);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 0);
	ck_assert_int_eq(uncia_words_make(&rig->host.host, 12, words), UNCIA_E_RANDOM);
	struct memory_host other;
	memory_host_init(&other);
	other.random_fails = true;
	ck_assert_int_eq(uncia_wallet_create(&other.host, FAKE_WORDS, &sealed), UNCIA_E_RANDOM);
	ck_assert_uint_eq(other.count, 0);
	memory_host_deinit(&other);
	rig_close(rig);
	ck_assert_int_eq(rig_open(rig), UNCIA_E_RANDOM);
	rig->host.random_fails = false;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	/* One that repeats itself makes no second payment of a nonce, and none is taken for another. */
	rig->host.random_repeats = true;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &again), UNCIA_E_RANDOM);
	ck_assert_int_eq(rig_pay(rig, NULL, 2 * HALF, &again), UNCIA_E_RANDOM);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 1);
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(all_of_the_balance_can_be_spent_and_not_more)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_pay(rig, NULL, 60 * AMOUNT_MICROS, &id), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 40 * AMOUNT_MICROS + 1, &id), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, NULL, 40 * AMOUNT_MICROS, &id), 0);
	ck_assert_uint_eq(rig_balance(rig).spendable, 0);
	rig_free(rig);
}
END_TEST

START_TEST(less_than_the_smallest_amount_is_never_left_behind)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	const uint64_t all = 100 * AMOUNT_MICROS, rest = FIXTURE_SMALLEST_AMOUNT;
	char own[UNCIA_ADDRESS_TEXT_SIZE], other[UNCIA_ADDRESS_TEXT_SIZE];
	ck_assert_int_eq(rig_pay(rig, NULL, all - 1, &id), UNCIA_E_DUST);
	ck_assert_int_eq(rig_pay(rig, "key", all - rest + 1, &id), UNCIA_E_DUST);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 0);
	/* What comes back to the payer is not left behind. */
	ck_assert_int_eq(uncia_wallet_address(rig->wallet, own), 0);
	rig_address(0, other);
	struct uncia_output outputs[2] = {{.address = own, .amount = rest},
	                                  {.address = other, .amount = all - rest - 1}};
	struct uncia_payment_request request = {.size = sizeof(request), .outputs = outputs, .output_count = 2};
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), 0);
	/* Of what is on its way out nothing stays either. */
	ck_assert_int_eq(rig_pay(rig, NULL, 2, &id), UNCIA_E_AMOUNT);
	ck_assert_int_eq(rig_pay(rig, NULL, rest, &id), UNCIA_E_DUST);
	ck_assert_int_eq(rig_pay(rig, NULL, rest + 1, &id), 0);
	ck_assert_uint_eq(rig_balance(rig).spendable, 0);
	rig_free(rig);
}
END_TEST

START_TEST(the_same_key_is_the_same_payment)
{
	struct rig *rig = ready();
	struct uncia_payment_id first, again;
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "rent-2026-11", &again), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "", &again), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(rig_pay(rig, "rent-2026-11", HALF, &first), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "rent-2026-11", &again), 0);
	ck_assert_mem_eq(first.b, again.b, sizeof(first.b));
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "rent-2026-12", &again), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(rig_pay(rig, "rent-2026-11", HALF, &again), 0);
	ck_assert_mem_eq(first.b, again.b, sizeof(first.b));
	ck_assert_int_eq(rig_pay(rig, "rent-2026-11", HALF + 1, &again), UNCIA_E_KEY_REUSED);
	ck_assert_int_eq(rig_pay(rig, "rent-2026-12", HALF, &again), 0);
	ck_assert_mem_ne(first.b, again.b, sizeof(first.b));
	/* Later, after a restart, offline and without any sync; and once more when it is final. */
	rig_reopen(rig);
	rig->host.now_ms += 1000000;
	ck_assert_int_eq(rig_pay(rig, "rent-2026-11", HALF, &again), 0);
	ck_assert_mem_eq(first.b, again.b, sizeof(first.b));
	rig->net.finalise = true;
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_int_eq(rig_payment(rig, &first).state, UNCIA_PAYMENT_FINAL);
	uint32_t submits = rig_submits(rig);
	ck_assert_int_eq(rig_pay(rig, "rent-2026-11", HALF, &again), 0);
	ck_assert_int_eq(uncia_wallet_by_key(rig->wallet, "rent-2026-11", &again), 0);
	ck_assert_mem_eq(first.b, again.b, sizeof(first.b));
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(rig_submits(rig), submits);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 2);
	rig_free(rig);
}
END_TEST

START_TEST(a_key_with_another_memo_or_reference_is_another_payment)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	uint8_t memo[32] = {1}, other[32] = {2};
	rig_address(0, address);
	struct uncia_output output = {.address = address, .amount = HALF};
	struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = &output, .output_count = 1, .memo_hash = memo, .key = "k"};
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), 0);
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), 0);
	request.memo_hash = other;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_KEY_REUSED);
	request.memo_hash = NULL;
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_KEY_REUSED);
	request.memo_hash = memo;
	struct uncia_address with_reference;
	ck_assert_int_eq(uncia_address_parse(address, &with_reference), 0);
	with_reference.has_reference = true;
	uncia_address_format(&with_reference, address);
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_KEY_REUSED);
	rig_address(0, address);
	request.expires_s = 60; /* not a part of it */
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_pending_payment_is_sent_again_on_reconnect_and_by_time)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(rig->net.nodes[i].submits, 1);
	fake_network_cut(&rig->net, rig->wallet, 1);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_uint_eq(rig->net.nodes[1].submits, 2);
	ck_assert_uint_eq(rig->net.nodes[0].submits, 1);
	fake_network_pass(&rig->net, rig->wallet, 1500);
	ck_assert_uint_eq(rig->net.nodes[0].submits, 2);
	/* It never gives up, but ever more slowly. */
	fake_network_pass(&rig->net, rig->wallet, 300000);
	ck_assert_uint_ge(rig->net.nodes[0].submits, 12);
	ck_assert_uint_le(rig->net.nodes[0].submits, 18);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	fake_network_push_receipt(&rig->net, rig->wallet, 3);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(a_payment_that_never_ends_is_asked_for_ever_more_rarely)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 2 * 3600 * 1000);
	ck_assert_uint_ge(rig->net.nodes[0].submits, 240);
	ck_assert_ptr_nonnull(rig->net.nodes[0].link);
	fake_network_pass(&rig->net, rig->wallet, 3600 * 1000); /* on the way to the long pauses */
	uint32_t submits = rig->net.nodes[0].submits, linked = 0;
	for (int second = 0; second < 24 * 600; second++) {
		fake_network_pass(&rig->net, rig->wallet, 1000);
		linked += rig->net.nodes[0].link != NULL;
	}
	ck_assert_uint_ge(rig->net.nodes[0].submits - submits, 20);
	ck_assert_uint_le(rig->net.nodes[0].submits - submits, 52);
	ck_assert_uint_le(linked, 24 * 60); /* in between no link is kept */
	/* A sync brings the links up, and with them the payment. */
	submits = rig->net.nodes[0].submits;
	fake_network_pass(&rig->net, rig->wallet, 100 * 1000);
	rig->net.finalise = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(a_pending_payment_goes_on_after_a_restart)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	uint8_t bytes[PAYMENT_SIZE_MAX];
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	size_t size = rig->net.nodes[0].submitted_size;
	memcpy(bytes, rig->net.nodes[0].submitted, size);
	rig_reopen(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_uint_eq(rig->net.nodes[0].submits, 2);
	ck_assert_uint_eq(rig->net.nodes[0].submitted_size, size);
	ck_assert_mem_eq(rig->net.nodes[0].submitted, bytes, size);
	rig_free(rig);
}
END_TEST

START_TEST(reasons_and_refusals_are_shown_and_are_no_end)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	struct uncia_event event;
	rig->net.reason = UNCIA_PENDING_FUNDS;
	rig->net.nodes[0].behaviour = REFUSES;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &id).reason, UNCIA_PENDING_FUNDS);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = REFUSES;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &id).reason, UNCIA_PENDING_REFUSED);
	ck_assert_int_eq(rig_payment(rig, &id).refusal, UNCIA_E_FULL);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(expired_is_believed_from_weight_f_plus_1)
{
	struct rig *rig = ready();
	struct uncia_payment_id id, again;
	struct uncia_event event;
	rig->net.nodes[2].behaviour = LONE_EXPIRY;
	ck_assert_int_eq(rig_pay(rig, "key", HALF, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 60000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_uint_gt(rig->net.nodes[2].submits, 3); /* it said so again and again */
	rig_no_events(rig);
	rig->net.nodes[3].behaviour = LONE_EXPIRY;
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	ck_assert_uint_eq(rig_balance(rig).waiting, 0);
	/* It stays so, for its key too. */
	rig_reopen(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	ck_assert_int_eq(rig_pay(rig, "key", HALF, &again), 0);
	ck_assert_mem_eq(id.b, again.b, sizeof(id.b));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	rig_free(rig);
}
END_TEST

START_TEST(no_lie_ends_a_payment)
{
	static const enum behaviour lies[] = {OTHER_RECEIPT, BROKEN_RECEIPT, GARBAGE,    NOISE_GARBAGE,
	                                      EARLY_EXPIRY,  FORGED_EXPIRY,  NO_ACCOUNT, SILENT};
	for (size_t l = 0; l < sizeof(lies) / sizeof(lies[0]); l++) {
		struct rig *rig = ready();
		struct uncia_payment_id id;
		struct payment *other = fixture_payment(&rig->net.f, 0, 1, 5000, FIXTURE_TIME_S + 60, 1);
		fake_network_final(&rig->net, other);
		payment_free(other);
		rig->net.finalise = lies[l] == BROKEN_RECEIPT;
		for (int i = 0; i < 4; i++)
			rig->net.nodes[i].behaviour = lies[l];
		ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
		fake_network_pass(&rig->net, rig->wallet, 5000);
		ck_assert_msg(rig_payment(rig, &id).state == UNCIA_PAYMENT_PENDING, "lie %zu", l);
		/* An honest one among them still brings the end. */
		rig->net.finalise = true;
		rig->net.nodes[1].behaviour = HONEST;
		fake_network_pass(&rig->net, rig->wallet, 70000);
		ck_assert_msg(rig_payment(rig, &id).state == UNCIA_PAYMENT_FINAL, "lie %zu", l);
		rig_free(rig);
	}
}
END_TEST

START_TEST(a_query_tells_of_anybodys_payment)
{
	struct rig *rig = ready();
	struct uncia_event event;
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_payment_id id;
	char *text;
	struct payment *other = fixture_payment(&rig->net.f, 0, 1, 5000, FIXTURE_TIME_S + 60, 1);
	memcpy(id.b, other->id.b, sizeof(id.b));
	ck_assert_int_eq(uncia_wallet_payment(rig->wallet, &id, &payment), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(event.error, 0);
	payment = rig_payment(rig, &id);
	ck_assert_int_eq(payment.state, UNCIA_PAYMENT_UNKNOWN);
	ck_assert(!payment.own && !payment.detailed);
	ck_assert_uint_eq(payment.expires_at, FIXTURE_TIME_S + 60);
	fake_network_final(&rig->net, other);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	payment = rig_payment(rig, &id);
	ck_assert_int_eq(payment.state, UNCIA_PAYMENT_FINAL);
	ck_assert_uint_eq(payment.amount, 5000);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &text), 0);
	uncia_text_free(text);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	payment_free(other);
	rig_free(rig);
}
END_TEST

START_TEST(two_validators_that_are_behind_do_not_make_a_payment_unknown)
{
	struct rig *rig = ready();
	struct uncia_event event;
	struct payment *other = fixture_payment(&rig->net.f, 0, 1, 5000, FIXTURE_TIME_S + 60, 1);
	struct uncia_payment_id id;
	memcpy(id.b, other->id.b, sizeof(id.b));
	fake_network_final(&rig->net, other);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = i < 2 ? BEHIND : SILENT;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	/* The others had their time. */
	fake_network_pass(&rig->net, rig->wallet, 400);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_UNKNOWN);
	rig->net.nodes[2].behaviour = rig->net.nodes[3].behaviour = HONEST;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	payment_free(other);
	rig_free(rig);
}
END_TEST

START_TEST(two_validators_that_are_behind_do_not_make_a_final_payment_pending)
{
	struct rig *rig = ready();
	struct uncia_payment_id id;
	struct uncia_event event;
	struct payment *payment;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	const struct fake_node *node = &rig->net.nodes[0];
	ck_assert_int_eq(
	    payment_decode(&rig->net.f.genesis.network_id, node->submitted, node->submitted_size, &payment), 0);
	fake_network_final(&rig->net, payment);
	payment_free(payment);
	rig_no_events(rig);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = i < 2 ? BEHIND : SILENT;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	/* The others had their time. */
	fake_network_pass(&rig->net, rig->wallet, 400);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	/* So many are the network, and nobody else is waited for. */
	rig->net.nodes[2].behaviour = BEHIND;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	rig->net.nodes[2].behaviour = HONEST;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(one_validator_alone_cannot_answer_a_query)
{
	struct rig *rig = ready();
	struct uncia_event event;
	struct uncia_payment_id id = {{0x70, 1}};
	for (int i = 0; i < 3; i++)
		rig->net.nodes[i].behaviour = SILENT;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	rig->net.nodes[3].behaviour = LONE_EXPIRY;
	fake_network_pass(&rig->net, rig->wallet, 6000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(event.error, UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_UNKNOWN);
	/* Nor is it enough that one alone does not know it. */
	rig->net.nodes[3].behaviour = HONEST;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 11000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(event.error, UNCIA_E_UNREACHABLE);
	/* And where nobody answers at all, that is said. */
	id.b[5] = 1;
	rig->net.nodes[3].behaviour = SILENT;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 11000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(event.error, UNCIA_E_UNREACHABLE);
	rig_free(rig);
}
END_TEST

START_TEST(a_query_finds_an_expired_payment)
{
	struct rig *rig = ready();
	struct uncia_event event;
	struct uncia_payment_id id = {{0x70, 1}};
	rig->net.expire = true;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	rig_free(rig);
}
END_TEST

START_TEST(an_id_from_before_the_genesis_is_unknown_not_expired)
{
	struct rig *rig = ready();
	struct uncia_payment_id before, after;
	rig->net.expire = true;
	memset(before.b, 0xee, sizeof(before.b));
	memset(after.b, 0xee, sizeof(after.b));
	be32_put(before.b, FIXTURE_TIME_S);
	be32_put(after.b, FIXTURE_TIME_S + 1);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &before), 0);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &after), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(rig_payment(rig, &before).state, UNCIA_PAYMENT_UNKNOWN);
	ck_assert_int_eq(rig_payment(rig, &after).state, UNCIA_PAYMENT_EXPIRED);
	rig_free(rig);
}
END_TEST

START_TEST(queries_are_bounded)
{
	struct rig *rig = ready();
	struct uncia_payment_id id = {{0x70}};
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	for (uint8_t i = 0; i < 64; i++) {
		id.b[31] = i;
		ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	}
	id.b[31] = 64;
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), UNCIA_E_FULL);
	fake_network_pass(&rig->net, rig->wallet, 11000);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_locked_wallet_looks_but_does_not_pay)
{
	struct rig *rig = rig_new(4);
	struct uncia_key_options options = {
	    .size = sizeof(options), .passphrase = "correct horse", .kdf_memory = 1 << 20, .kdf_passes = 1};
	struct uncia_payment_id id;
	char words[UNCIA_WORDS_TEXT_SIZE];
	rig_close(rig);
	ck_assert_int_eq(rig->host.host.remove(&rig->host, "key"), 0);
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert(!uncia_wallet_unlocked(rig->wallet));
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), UNCIA_E_LOCKED);
	ck_assert_int_eq(uncia_wallet_unlock(rig->wallet, "wrong horse"), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(uncia_wallet_unlock(rig->wallet, "correct horse"), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	ck_assert_int_eq(uncia_wallet_words(rig->wallet, "wrong", words), UNCIA_E_PASSPHRASE);
	ck_assert_int_eq(uncia_wallet_words(rig->wallet, "correct horse", words), 0);
	ck_assert_str_eq(words, FAKE_WORDS);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("paying", a_payment_becomes_final_by_its_receipt, a_balance_counts_each_payment_once,
          refusals_store_and_send_nothing, a_memo_is_kept_as_text_and_paid_as_its_hash,
          without_randomness_nothing_is_made_or_sent, all_of_the_balance_can_be_spent_and_not_more,
          less_than_the_smallest_amount_is_never_left_behind, the_same_key_is_the_same_payment,
          a_key_with_another_memo_or_reference_is_another_payment,
          a_pending_payment_is_sent_again_on_reconnect_and_by_time,
          a_payment_that_never_ends_is_asked_for_ever_more_rarely, a_pending_payment_goes_on_after_a_restart,
          reasons_and_refusals_are_shown_and_are_no_end, expired_is_believed_from_weight_f_plus_1,
          no_lie_ends_a_payment, a_query_tells_of_anybodys_payment,
          two_validators_that_are_behind_do_not_make_a_payment_unknown,
          two_validators_that_are_behind_do_not_make_a_final_payment_pending, one_validator_alone_cannot_answer_a_query,
          a_query_finds_an_expired_payment, an_id_from_before_the_genesis_is_unknown_not_expired, queries_are_bounded,
          a_locked_wallet_looks_but_does_not_pay)

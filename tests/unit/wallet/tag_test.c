/* What a host keeps with a payment: it comes back with it, stays in the home, and changes nothing. */
#include <string.h>
#include "unit.h"
#include "wallet_rig.h"

static const uint8_t TAG[] = "chat 7\0message 12: two tags in one";

static int pay_tagged(struct rig *rig, const char *key, const void *tag, uint32_t tag_size, struct uncia_payment_id *id)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(0, address);
	struct uncia_output output = {.address = address, .amount = 500000};
	struct uncia_payment_request request = {.size = sizeof(request),
	                                        .outputs = &output,
	                                        .output_count = 1,
	                                        .key = key,
	                                        .tag = tag,
	                                        .tag_size = tag_size};
	return uncia_wallet_pay(rig->wallet, &request, id);
}

static void check_event(struct rig *rig, const void *tag, uint32_t tag_size)
{
	struct uncia_event event;
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_uint_eq(event.tag_size, tag_size);
	ck_assert_mem_eq(event.tag, tag, tag_size);
}

static void check_record(struct rig *rig, const struct uncia_payment_id *id, const void *tag, uint32_t tag_size)
{
	struct uncia_payment payment = rig_payment(rig, id);
	ck_assert_uint_eq(payment.tag_size, tag_size);
	ck_assert_mem_eq(payment.tag, tag, tag_size);
}

START_TEST(a_tag_comes_back_with_its_payment_ever_after)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(pay_tagged(rig, NULL, TAG, sizeof(TAG), &id), 0);
	check_event(rig, TAG, sizeof(TAG));
	check_record(rig, &id, TAG, sizeof(TAG));
	/* The process dies while it is pending. */
	rig_reopen(rig);
	check_record(rig, &id, TAG, sizeof(TAG));
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 3000);
	check_event(rig, TAG, sizeof(TAG));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	/* And again, when the archive has it. */
	rig_reopen(rig);
	check_record(rig, &id, TAG, sizeof(TAG));
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	check_event(rig, TAG, sizeof(TAG));
	rig_free(rig);
}
END_TEST

START_TEST(a_tag_comes_back_with_a_payment_that_expired)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	uint8_t large[UNCIA_TAG_SIZE];
	memset(large, 0xa5, sizeof(large));
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(pay_tagged(rig, NULL, large, sizeof(large), &id), 0);
	rig->net.expire = true;
	rig_no_events(rig);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	check_event(rig, large, sizeof(large));
	rig_reopen(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	check_record(rig, &id, large, sizeof(large));
	rig_free(rig);
}
END_TEST

START_TEST(a_tag_is_never_sent)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	size_t blobs = 0;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(pay_tagged(rig, NULL, TAG, sizeof(TAG), &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	for (uint32_t i = 0; i < rig->net.count; i++) {
		const struct fake_node *node = &rig->net.nodes[i];
		ck_assert(node->submits == 0 || !memmem(node->submitted, node->submitted_size, "chat 7", 6));
	}
	ck_assert_uint_gt(rig_submits(rig), 0);
	for (size_t i = 0; i < rig->host.count; i++)
		blobs += memmem(rig->host.blobs[i].data, rig->host.blobs[i].size, TAG, sizeof(TAG)) != NULL;
	ck_assert_uint_eq(blobs, 1);
	rig_free(rig);
}
END_TEST

START_TEST(a_tag_of_a_wrong_size_makes_no_payment)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	static const uint8_t large[UNCIA_TAG_SIZE + 1];
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(pay_tagged(rig, NULL, large, sizeof(large), &id), UNCIA_E_LIMIT);
	ck_assert_int_eq(pay_tagged(rig, NULL, large, 0, &id), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(pay_tagged(rig, NULL, NULL, 1, &id), UNCIA_E_ARGUMENT);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment"), 0);
	rig_free(rig);
}
END_TEST

START_TEST(the_first_tag_of_a_key_stays)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id, again;
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(pay_tagged(rig, "k", TAG, sizeof(TAG), &id), 0);
	ck_assert_int_eq(pay_tagged(rig, "k", "other", 5, &again), 0);
	ck_assert_mem_eq(id.b, again.b, sizeof(id.b));
	check_record(rig, &id, TAG, sizeof(TAG));
	ck_assert_int_eq(pay_tagged(rig, "k", NULL, 0, &again), 0);
	check_record(rig, &id, TAG, sizeof(TAG));
	/* One that was made without has none. */
	ck_assert_int_eq(rig_pay(rig, "l", 500000, &id), 0);
	ck_assert_int_eq(pay_tagged(rig, "l", TAG, sizeof(TAG), &again), 0);
	check_record(rig, &id, "", 0);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("tag", a_tag_comes_back_with_its_payment_ever_after, a_tag_comes_back_with_a_payment_that_expired,
          a_tag_is_never_sent, a_tag_of_a_wrong_size_makes_no_payment, the_first_tag_of_a_key_stays)

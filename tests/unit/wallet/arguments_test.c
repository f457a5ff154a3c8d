/* A caller's mistake is an answer, never a crash: every public function with what it does not allow. */
#include <string.h>
#include <uncia/uncia.h>
#include "unit.h"
#include "wallet_rig.h"

/* Without a wallet, and with one without each of the rest. */
static void null_people_are_refused(void)
{
	struct rig *rig = rig_new(4);
	const struct uncia_peer peer = {.size = sizeof(peer), .own = "xmpp:a@x", .handle = "xmpp:b@x"};
	struct uncia_pin pin = {.size = sizeof(pin)};
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check introduced = {.size = sizeof(introduced)};
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_request_check asked = {.size = sizeof(asked)};
	struct uncia_notice_query query = {.size = sizeof(query), .peer = &peer, .notice = "x"};
	struct uncia_notice_result result = {.size = sizeof(result)};
	struct uncia_payment_id id = {{0}};
	char handle[UNCIA_PEER_SIZE];
	size_t count;
	const int answers[] = {
	    uncia_handle_xmpp(NULL, handle),
	    uncia_handle_xmpp("a@x", NULL),
	    uncia_handle_irc(NULL, NULL, "a", handle),
	    uncia_handle_irc("n", NULL, NULL, handle),
	    uncia_handle_irc("n", NULL, "a", NULL),
	    uncia_pin_find(NULL, &peer, &pin),
	    uncia_pin_find(rig->wallet, NULL, &pin),
	    uncia_pin_find(rig->wallet, &peer, NULL),
	    uncia_pin_set(NULL, &peer, "x", 0),
	    uncia_pin_set(rig->wallet, NULL, "x", 0),
	    uncia_pin_set(rig->wallet, &peer, NULL, 0),
	    uncia_pin_drop(NULL, &peer),
	    uncia_pin_drop(rig->wallet, NULL),
	    uncia_pin_count(NULL, &count),
	    uncia_pin_count(rig->wallet, NULL),
	    uncia_pin_at(NULL, 0, &pin),
	    uncia_pin_at(rig->wallet, 0, NULL),
	    uncia_contact_check(NULL, &peer, "x", &contact, &introduced),
	    uncia_contact_check(rig->wallet, NULL, "x", &contact, &introduced),
	    uncia_contact_check(rig->wallet, &peer, NULL, &contact, &introduced),
	    uncia_contact_check(rig->wallet, &peer, "x", NULL, &introduced),
	    uncia_contact_check(rig->wallet, &peer, "x", &contact, NULL),
	    uncia_request_check(NULL, &peer, "x", &request, &asked),
	    uncia_request_check(rig->wallet, NULL, "x", &request, &asked),
	    uncia_request_check(rig->wallet, &peer, NULL, &request, &asked),
	    uncia_request_check(rig->wallet, &peer, "x", NULL, &asked),
	    uncia_request_check(rig->wallet, &peer, "x", &request, NULL),
	    uncia_wallet_notice_check(NULL, &query, &result),
	    uncia_wallet_notice_check(rig->wallet, NULL, &result),
	    uncia_wallet_notice_check(rig->wallet, &query, NULL),
	    uncia_notice_result(NULL, &result),
	    uncia_notice_result(rig->wallet, NULL),
	    uncia_notice_acknowledge(NULL, &id),
	    uncia_notice_acknowledge(rig->wallet, NULL),
	    uncia_notice_restored(NULL),
	};
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		ck_assert_msg(answers[i] == UNCIA_E_ARGUMENT, "%zu: %d", i, answers[i]);
	rig_free(rig);
}

/* Each size that is wrong, and each member that must not be missing. */
START_TEST(notices_and_people_of_no_version_are_refused)
{
	struct rig *rig = rig_new(4);
	struct uncia_peer peer = {.size = sizeof(peer), .own = "xmpp:a@x", .handle = "xmpp:b@x"};
	static const char id[] = "7000000000000000000000000000000000000000000000000000000000000000";
	const struct uncia_notice_query good = {.size = sizeof(good), .peer = &peer, .notice = id};
	struct uncia_notice_query bad[7];
	struct uncia_notice_result result = {.size = sizeof(result)};
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_contact_check introduced = {.size = sizeof(introduced) + 1};
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_request_check asked = {.size = 0};
	char huge[UNCIA_NOTICE_TAG_SIZE + 1] = "";
	for (size_t i = 0; i < 7; i++)
		bad[i] = good;
	bad[0].size = sizeof(good) + 8;
	bad[1].peer = NULL;
	bad[2].notice = NULL;
	bad[3].tag = "x";
	bad[4].tag_size = 1;
	bad[5].tag = huge;
	bad[5].tag_size = sizeof(huge);
	bad[6].size = 0;
	for (size_t i = 0; i < 7; i++)
		ck_assert_msg(uncia_wallet_notice_check(rig->wallet, &bad[i], &result) == UNCIA_E_ARGUMENT, "%zu", i);
	result.size--;
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &good, &result), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_notice_result(rig->wallet, &result), UNCIA_E_ARGUMENT);
	result.size++;
	ck_assert_int_eq(uncia_contact_check(rig->wallet, &peer, "x", &contact, &introduced), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_request_check(rig->wallet, &peer, "x", &request, &asked), UNCIA_E_ARGUMENT);
	peer.size--;
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &good, &result), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_request_check(rig->wallet, &peer, "x", &request, &asked), UNCIA_E_ARGUMENT);
	peer.size++;
	/* Its memo may be as long as the library keeps, and no longer. */
	struct uncia_notice_query with_memo = good;
	char memo[UNCIA_MEMO_SIZE + 1];
	memset(memo, 'm', sizeof(memo) - 1);
	memo[sizeof(memo) - 1] = '\0';
	with_memo.memo = memo;
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &with_memo, &result), UNCIA_E_LIMIT);
	with_memo.memo = "a\nb";
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &with_memo, &result), UNCIA_E_ENCODING);
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &good, &result), 0);
	rig_free(rig);
}
END_TEST

START_TEST(null_is_refused_everywhere)
{
	struct uncia_address address;
	struct uncia_payment_id id = {{0}};
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_balance balance = {.size = sizeof(balance)};
	struct uncia_history_page page = {.size = sizeof(page)};
	struct uncia_event event = {.size = sizeof(event)};
	struct uncia_host host = {.size = sizeof(host)};
	struct uncia_wallet *wallet = NULL;
	struct uncia_receipt *receipt = NULL;
	char text[UNCIA_CHAT_TEXT_SIZE] = "", *line = NULL;
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_notice notice = {.size = sizeof(notice)};
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct uncia_scan scan = {.size = sizeof(scan)};
	struct uncia_expiry *expiry = NULL;
	uint8_t network_id[32] = {0};
	const void *data;
	uint64_t micro;
	size_t size;
	ck_assert_int_eq(uncia_amount_parse(NULL, &micro), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_amount_parse("1", NULL), UNCIA_E_ARGUMENT);
	uncia_amount_format(1, NULL);
	ck_assert_int_eq(uncia_address_parse(NULL, &address), UNCIA_E_ARGUMENT);
	uncia_address_format(NULL, text);
	uncia_payment_id_format(NULL, text);
	ck_assert_int_eq(uncia_payment_id_parse(NULL, &id), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_request_format(NULL, &request, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_request_format(network_id, NULL, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_request_parse(network_id, NULL, &request), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_request(NULL, &request, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_parse(NULL, text, &contact), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_parse(network_id, text, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_contact(NULL, NULL, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_code(NULL, text, text, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_notice_parse(network_id, NULL, &notice), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_notice_format(NULL, &notice, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_claim_parse(network_id, text, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_claim_format(network_id, &claim, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_text_scan(NULL, network_id, &scan), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_text_scan(text, network_id, NULL), UNCIA_E_ARGUMENT);
	uncia_scan_free(NULL);
	ck_assert_int_eq(uncia_expiry_verify(NULL, text, &expiry), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_expiry_payment(NULL, &payment), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_expiry_output(NULL, 0, text, &micro), UNCIA_E_ARGUMENT);
	uncia_expiry_free(NULL);
	ck_assert_int_eq(uncia_wallet_expiry(NULL, &id, &line), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_network_id(NULL, network_id), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_host_directory(NULL, &host), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_host_directory("", &host), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_host_directory("/tmp", NULL), UNCIA_E_ARGUMENT);
	uncia_host_directory_free(NULL);
	uncia_network_free(NULL);
	ck_assert_str_eq(uncia_network_name(NULL), "");
	ck_assert_uint_eq(uncia_network_validators(NULL), 0);
	ck_assert_int_eq(uncia_wallet_open(NULL, NULL, NULL, &wallet), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_open(&host, NULL, NULL, &wallet), UNCIA_E_ARGUMENT); /* a host without hooks */
	uncia_wallet_close(NULL);
	ck_assert_int_eq(uncia_wallet_unlock(NULL, "x"), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_words(NULL, "x", text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_address(NULL, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_address_unproved(NULL, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_words_address(NULL, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_words_address("legal winner", text), UNCIA_E_WORDS);
	ck_assert_int_eq(uncia_wallet_catch_up(NULL), UNCIA_E_ARGUMENT);
	ck_assert(!uncia_wallet_unlocked(NULL));
	ck_assert_int_eq(uncia_wallet_event(NULL, &event), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_cancel(NULL, UNCIA_EVENT_BALANCE, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_follow(NULL, &id), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_order(NULL, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_received(NULL, NULL, &micro), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_payment_part(NULL, &id, NULL), UNCIA_E_ARGUMENT);
	ck_assert_uint_eq(uncia_struct_size(NULL), 0);
	ck_assert_ptr_null(uncia_struct_new(NULL, 1));
	uncia_struct_free(NULL);
	ck_assert_int_eq(uncia_wallet_sync(NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_balance(NULL, &balance), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_pay(NULL, NULL, &id), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_payment(NULL, &id, &payment), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_query(NULL, &id), UNCIA_E_ARGUMENT);
	ck_assert_uint_eq(uncia_wallet_outbox_count(NULL), 0);
	ck_assert_int_eq(uncia_wallet_outbox(NULL, 0, &id), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_output(NULL, &id, 0, text, &micro), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_pending(NULL, 0, &id), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_expired(NULL, 0, &id), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_part(NULL, NULL, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_part_output(NULL, NULL, 0, text, &micro), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_history(NULL, 0, 0, 1), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_history_page(NULL, &page), UNCIA_E_ARGUMENT);
	ck_assert_ptr_null(uncia_wallet_history_receipt(NULL, 0));
	ck_assert_int_eq(uncia_receipt_verify(NULL, "x", &receipt), UNCIA_E_ARGUMENT);
	uncia_receipt_free(NULL);
	ck_assert_int_eq(uncia_receipt_payment(NULL, &payment), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_receipt_text(NULL, &line), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_receipt(NULL, &id, &line), UNCIA_E_ARGUMENT);
	uncia_text_free(NULL);
	ck_assert_int_eq(uncia_contact_pin(NULL, "a", "b", false), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_find(NULL, "a", text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_count(NULL, &size), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_at(NULL, 0, text, text), UNCIA_E_ARGUMENT);
	null_people_are_refused();
	ck_assert_int_eq(uncia_wallet_fd(NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_descriptors(NULL, NULL, 0, &size), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_process(NULL), UNCIA_E_ARGUMENT);
	uncia_wallet_wake(NULL);
	ck_assert_int_eq(uncia_wallet_network_changed(NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_tick(NULL), UNCIA_E_ARGUMENT);
	ck_assert(!uncia_wallet_link_wanted(NULL, 0));
	ck_assert_int_eq(uncia_wallet_link_feed(NULL, 0, "", 0), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_output(NULL, 0, &data, &size), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(links_out_of_their_turn_are_refused)
{
	struct rig *rig = rig_new(4);
	const void *data;
	size_t size;
	ck_assert(!uncia_wallet_link_wanted(rig->wallet, 4));
	ck_assert_int_eq(uncia_wallet_link_opened(rig->wallet, 4), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_closed(rig->wallet, 4, 0), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_feed(rig->wallet, 0, "x", 1), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_output(rig->wallet, 0, &data, &size), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_taken(rig->wallet, 0, 1), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_opened(rig->wallet, 0), 0);
	ck_assert_int_eq(uncia_wallet_link_opened(rig->wallet, 0), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_output(rig->wallet, 0, &data, &size), 0);
	ck_assert_uint_gt(size, 0);
	ck_assert_int_eq(uncia_wallet_link_taken(rig->wallet, 0, size + 1), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_taken(rig->wallet, 0, size), 0);
	ck_assert_int_eq(uncia_wallet_link_feed(rig->wallet, 0, NULL, 1), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_link_closed(rig->wallet, 0, 0), 0);
	ck_assert_int_eq(uncia_wallet_link_closed(rig->wallet, 0, 0), 0);
	rig_free(rig);
}
END_TEST

START_TEST(sizes_of_no_version_are_refused)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id = {{0}};
	struct uncia_wallet *wallet = NULL;
	struct uncia_wallet_options options = {.size = sizeof(options) + 1};
	struct uncia_host host = rig->host.host;
	struct uncia_payment payment = {.size = 0};
	struct uncia_balance balance = {.size = 1};
	struct uncia_event event = {.size = 0};
	struct uncia_payment_request request = {.size = 0};
	struct uncia_request asked = {.size = sizeof(asked) - 1};
	struct uncia_contact contact = {.size = sizeof(contact) + 1};
	struct uncia_notice notice = {.size = 0};
	struct uncia_claim claim = {.size = 1};
	struct uncia_scan scan = {.size = sizeof(scan) - 8};
	char text[UNCIA_CHAT_TEXT_SIZE] = "";
	uint8_t network_id[32] = {0};
	ck_assert_int_eq(uncia_request_format(network_id, &asked, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_request_parse(network_id, text, &asked), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_request(rig->wallet, &asked, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_contact_parse(network_id, text, &contact), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_notice_parse(network_id, text, &notice), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_notice_format(network_id, &notice, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_claim_parse(network_id, text, &claim), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_claim_format(network_id, &claim, text), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_text_scan(text, network_id, &scan), UNCIA_E_ARGUMENT);
	host.size = 0;
	ck_assert_int_eq(uncia_wallet_open(&host, NULL, NULL, &wallet), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, NULL, &options, &wallet), UNCIA_E_ARGUMENT);
	struct uncia_part part = {.size = sizeof(part) + 1};
	ck_assert_int_eq(uncia_wallet_payment(rig->wallet, &id, &payment), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_part(rig->wallet, NULL, &part), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_balance(rig->wallet, &balance), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), UNCIA_E_ARGUMENT);
	/* No event is lost to a call that is wrong. */
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_int_eq(uncia_wallet_event(rig->wallet, &event), UNCIA_E_ARGUMENT);
	event.size = sizeof(event) - 1;
	ck_assert_int_eq(uncia_wallet_event(rig->wallet, &event), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_event(rig->wallet, NULL), UNCIA_E_ARGUMENT);
	ck_assert(rig_event(rig, UNCIA_EVENT_BALANCE, &event));
	ck_assert_int_eq(uncia_wallet_event(rig->wallet, &event), 0);
	rig_free(rig);
}
END_TEST

/* What a caller without the headers is told of them. */
START_TEST(structures_are_told_by_name)
{
	const char *member;
	size_t offset, size, count = 0, end = 0;
	int kind;
	ck_assert_uint_eq(uncia_struct_size("uncia_event"), sizeof(struct uncia_event));
	ck_assert_uint_eq(uncia_struct_size("uncia_wallet"), 0);
	ck_assert_int_eq(uncia_struct_member("uncia_wallet", 0, &member, &kind, &offset, &size), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_struct_member("uncia_event", 0, NULL, &kind, &offset, &size), UNCIA_E_ARGUMENT);
	static const struct {
		const char *name;
		int kind;
		size_t offset;
	} expected[] = {{"size", UNCIA_MEMBER_UNSIGNED, 0},
	                {"kind", UNCIA_MEMBER_UNSIGNED, offsetof(struct uncia_event, kind)},
	                {"error", UNCIA_MEMBER_SIGNED, offsetof(struct uncia_event, error)},
	                {"id", UNCIA_MEMBER_BYTES, offsetof(struct uncia_event, id)},
	                {"validator", UNCIA_MEMBER_UNSIGNED, offsetof(struct uncia_event, validator)},
	                {"up", UNCIA_MEMBER_UNSIGNED, offsetof(struct uncia_event, up)},
	                {"text", UNCIA_MEMBER_TEXT, offsetof(struct uncia_event, text)},
	                {"tag_size", UNCIA_MEMBER_UNSIGNED, offsetof(struct uncia_event, tag_size)},
	                {"tag", UNCIA_MEMBER_BYTES, offsetof(struct uncia_event, tag)}};
	for (; !uncia_struct_member("uncia_event", count, &member, &kind, &offset, &size); count++) {
		ck_assert_uint_lt(count, sizeof(expected) / sizeof(expected[0]));
		ck_assert_str_eq(member, expected[count].name);
		ck_assert_int_eq(kind, expected[count].kind);
		ck_assert_uint_eq(offset, expected[count].offset);
		ck_assert_uint_ge(offset, end);
		end = offset + size;
	}
	ck_assert_uint_eq(count, sizeof(expected) / sizeof(expected[0]));
	ck_assert_uint_le(end, sizeof(struct uncia_event));
	ck_assert_int_eq(uncia_struct_member("uncia_host", 2, &member, &kind, &offset, &size), 0);
	ck_assert(strcmp(member, "load") == 0 && kind == UNCIA_MEMBER_POINTER && size == sizeof(void *));
}
END_TEST

START_TEST(structures_are_made_with_their_size_in_them)
{
	struct rig *rig = rig_new(4);
	struct uncia_event *events = uncia_struct_new("uncia_event", 3);
	struct uncia_output *outputs = uncia_struct_new("uncia_output", 2);
	ck_assert(events && outputs);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pump(&rig->net, rig->wallet);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(uncia_wallet_event(rig->wallet, &events[i]), 1);
	ck_assert(!outputs[1].address && outputs[1].amount == 0 && outputs[0].amount == 0);
	ck_assert_ptr_null(uncia_struct_new("uncia_event", 0));
	ck_assert_ptr_null(uncia_struct_new("uncia_event", SIZE_MAX / 2));
	uncia_struct_free(events);
	uncia_struct_free(outputs);
	rig_free(rig);
}
END_TEST

START_TEST(events_that_nobody_takes_do_not_pile_up)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event = {.size = sizeof(event)};
	unsigned count = 0;
	for (int round = 0; round < 50; round++) {
		ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
		fake_network_pass(&rig->net, rig->wallet, 1000);
		for (uint32_t i = 0; i < 4; i++)
			fake_network_cut(&rig->net, rig->wallet, i);
	}
	while (uncia_wallet_event(rig->wallet, &event) > 0)
		count++;
	ck_assert_uint_eq(count, 5); /* the balance, and each link's last change */
	rig_free(rig);
}
END_TEST

START_TEST(every_byte_of_a_receipt_counts)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	struct uncia_receipt *receipt = NULL;
	char *text, spaced[8192];
	rig->net.finalise = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 500000, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &text), 0);
	snprintf(spaced, sizeof(spaced), " \n%s \r\n", text);
	ck_assert_int_eq(uncia_receipt_verify(rig->net.network, spaced, &receipt), 0);
	uncia_receipt_free(receipt);
	receipt = NULL;
	/* The scheme need not be there, and is read in any case. */
	for (size_t i = strlen("uncia:"); text[i] != '\0'; i++) {
		char was = text[i];
		text[i] = was == 'q' ? 'p' : 'q';
		ck_assert_msg(uncia_receipt_verify(rig->net.network, text, &receipt) < 0, "character %zu", i);
		text[i] = '\0';
		ck_assert_msg(uncia_receipt_verify(rig->net.network, text, &receipt) < 0, "length %zu", i);
		text[i] = was;
	}
	ck_assert_ptr_null(receipt);
	uncia_text_free(text);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("arguments", structures_are_told_by_name, structures_are_made_with_their_size_in_them,
          null_is_refused_everywhere, notices_and_people_of_no_version_are_refused, links_out_of_their_turn_are_refused,
          sizes_of_no_version_are_refused, events_that_nobody_takes_do_not_pile_up, every_byte_of_a_receipt_counts)

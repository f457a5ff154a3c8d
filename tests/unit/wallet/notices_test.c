/* What becomes of "I have paid": a notice is no proof, and somebody else's payment is not the sender's. */
#include <string.h>
#include "notice_rig.h"
#include "unit.h"

/* ---- what is true ---------------------------------------------------------------------------- */

START_TEST(a_payment_is_told_with_what_its_receipt_says)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_payment_id id = make_final(pays_me(0, SENT, "rent"));
	struct uncia_notice_result result = check_notice(BOB, &id, "rent");
	ck_assert(result.over && !result.error);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_uint_eq(result.amount, SENT);
	ck_assert_uint_eq(result.currency, CURRENCY_FIRST);
	ck_assert_uint_eq(result.height, rig->net.tip.height);
	ck_assert_uint_eq(result.timestamp_ms, rig->net.tip.timestamp_ms);
	rig_address(0, address);
	ck_assert_str_eq(result.sender, address);
	ck_assert_str_eq(result.pinned, address);
	ck_assert_str_eq(result.memo, "rent");
	ck_assert(!result.memo_untold && !result.maybe_told && !result.older && !result.weak);
	ck_assert_mem_eq(result.id.b, id.b, sizeof(id.b));
}
END_TEST

START_TEST(all_outputs_to_this_account_are_the_sum)
{
	struct fixture_key other;
	fixture_account(2, &other);
	const struct output outputs[] = {
	    {.to = rig->net.account, .amount = SENT},
	    {.to = other.address, .amount = 70 * SENT},
	    {.to = rig->net.account, .amount = 2 * SENT, .has_reference = true, .reference = {7}}};
	struct uncia_payment_id id = make_final(pays(0, outputs, 3, NULL));
	struct uncia_notice_result result = check_notice(BOB, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_uint_eq(result.amount, 3 * SENT);
}
END_TEST

/* An id beside the text, and a memo as long as the library keeps. */
START_TEST(a_memo_may_come_beside_an_id)
{
	static char memo[UNCIA_MEMO_SIZE], hex[UNCIA_ID_TEXT_SIZE];
	memset(memo, 'm', sizeof(memo) - 1);
	struct uncia_payment_id id = make_final(pays_me(0, SENT, memo));
	uncia_payment_id_format(&id, hex);
	const struct uncia_peer peer = {.size = sizeof(peer), .own = OWN, .handle = BOB};
	struct uncia_notice_query query = {.size = sizeof(query), .peer = &peer, .notice = hex, .memo = memo};
	struct uncia_notice_result result = {.size = sizeof(result)};
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_str_eq(result.memo, memo);
	/* Two memos that differ are the host's mistake. */
	query.notice = notice_of(&id, "another");
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), UNCIA_E_ARGUMENT);
}
END_TEST

START_TEST(a_memo_that_was_not_told_is_said_to_be_there)
{
	struct uncia_payment_id id = make_final(pays_me(0, SENT, "rent"));
	struct uncia_notice_result result = check_notice(BOB, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert(result.memo_untold);
	ck_assert_str_eq(result.memo, "");
}
END_TEST

/* A watch brought it: nothing is asked. */
START_TEST(what_is_known_already_is_said_at_once)
{
	struct uncia_notice_result result;
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "chat"), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_ptr_nonnull(uncia_watch_incoming(rig->wallet, 0));
	uint32_t before = questions();
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	ck_assert(result.over);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_uint_eq(result.amount, SENT);
	fake_network_pass(&rig->net, rig->wallet, 60000);
	ck_assert_uint_eq(questions(), before);
	ck_assert(!take_result(&result));
}
END_TEST

START_TEST(a_page_of_the_history_is_known_too)
{
	struct uncia_notice_result result;
	struct uncia_event event;
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 10), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(rig_event(rig, UNCIA_EVENT_HISTORY, &event) && event.error == 0);
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	ck_assert(result.over);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_uint_eq(questions(), 0);
}
END_TEST

/* No word before it is final or has expired. */
START_TEST(a_payment_is_followed_to_its_end)
{
	struct uncia_notice_result result;
	struct uncia_event event;
	struct payment *payment = pays_me(0, SENT, NULL);
	struct uncia_payment_id id = id_of(payment);
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	ck_assert(!result.over);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_CHECKING);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_UNKNOWN);
	ck_assert(!result.over && !result.error && result.amount == 0);
	fake_network_pass(&rig->net, rig->wallet, 120000);
	ck_assert(!take_result(&result)); /* the same is no news */
	rig->net.pool = true;
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PENDING);
	ck_assert(!result.over);
	make_final(payment);
	fake_network_pass(&rig->net, rig->wallet, 31000);
	/* Of the payment itself the host has not asked. */
	while (uncia_wallet_event(rig->wallet, &event) > 0)
		ck_assert_int_ne(event.kind, UNCIA_EVENT_PAYMENT);
	ck_assert_int_eq(uncia_notice_result(rig->wallet, &result), 1);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert(result.over);
	uint32_t before = questions();
	fake_network_pass(&rig->net, rig->wallet, 120000);
	ck_assert_uint_eq(questions(), before);
}
END_TEST

START_TEST(what_expired_never_happened)
{
	struct payment *payment = pays_me(0, SENT, NULL);
	struct uncia_payment_id id = id_of(payment);
	rig->net.expire = true;
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_EXPIRED);
	payment_free(payment);
}
END_TEST

START_TEST(one_liar_gives_no_verdict)
{
	static const enum behaviour lies[] = {OTHER_RECEIPT, BROKEN_RECEIPT, EARLY_EXPIRY,
	                                      FORGED_EXPIRY, LONE_EXPIRY,    GARBAGE};
	struct uncia_payment_id other = make_final(pays_me(1, SENT, NULL));
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct uncia_notice_result result;
		struct payment *payment = pays_me(0, SENT, NULL);
		struct uncia_payment_id id = id_of(payment);
		rig->net.nodes[i % 4].behaviour = lies[i];
		ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
		fake_network_pass(&rig->net, rig->wallet, 100000);
		while (take_result(&result))
			;
		ck_assert(!result.over && result.verdict != UNCIA_NOTICE_PAID);
		make_final(payment);
		fake_network_pass(&rig->net, rig->wallet, 31000);
		ck_assert(take_result(&result));
		ck_assert_msg(result.verdict == UNCIA_NOTICE_PAID, "lie %zu", i);
		rig->net.nodes[i % 4].behaviour = HONEST;
	}
	ck_assert_int_eq(verdict_on(MALLORY, &other, NULL), UNCIA_NOTICE_PAID);
}
END_TEST

/* ---- what is not ----------------------------------------------------------------------------- */

/* A real payment, told by somebody else: it is not his, and it is left to be told by whose it is. */
START_TEST(anothers_payment_is_not_his)
{
	char bob[UNCIA_ADDRESS_TEXT_SIZE], mallory[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	rig_address(0, bob);
	rig_address(1, mallory);
	struct uncia_notice_result result = check_notice(MALLORY, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_OTHER_ACCOUNT);
	ck_assert_str_eq(result.sender, bob);
	ck_assert_str_eq(result.pinned, mallory);
	ck_assert_int_eq(uncia_notice_acknowledge(rig->wallet, &id), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_PAID);
	/* Once he has told of it, it is a repetition. */
	result = check_notice(MALLORY, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_REPEATED);
	ck_assert_str_eq(result.first, BOB);
}
END_TEST

START_TEST(what_pays_somebody_else_pays_nothing_here)
{
	struct fixture_key other;
	fixture_account(2, &other);
	struct output output = {.to = other.address, .amount = SENT};
	struct uncia_payment_id id = make_final(pays(0, &output, 1, NULL));
	struct uncia_notice_result result = check_notice(BOB, &id, NULL);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_NOT_TO_ME);
	ck_assert_uint_eq(result.amount, 0);
}
END_TEST

START_TEST(a_payment_with_another_memo_is_another_payment)
{
	struct uncia_payment_id id = make_final(pays_me(0, SENT, "rent"));
	struct uncia_payment_id bare = make_final(pays_me(0, SENT, NULL));
	ck_assert_int_eq(verdict_on(BOB, &id, "a new bicycle"), UNCIA_NOTICE_OTHER_MEMO);
	ck_assert_int_eq(verdict_on(BOB, &bare, "rent"), UNCIA_NOTICE_OTHER_MEMO);
	/* And is not used up by that. */
	ck_assert_int_eq(verdict_on(BOB, &id, "rent"), UNCIA_NOTICE_PAID);
}
END_TEST

START_TEST(what_is_changed_cut_or_of_elsewhere_is_no_notice)
{
	struct uncia_notice notice = {.size = sizeof(notice)};
	struct uncia_notice_result result;
	const uint8_t elsewhere[32] = {1};
	char text[UNCIA_CHAT_TEXT_SIZE];
	ck_assert_int_eq(uncia_notice_format(elsewhere, &notice, text), 0);
	ck_assert_int_eq(begin(BOB, text, false, &result), UNCIA_E_NETWORK);
	notice_of(&notice.id, "rent");
	for (size_t i = strlen("uncia:uncpaid1"); i < strlen(notice_text); i += 3) {
		strcpy(text, notice_text);
		text[i] = text[i] == 'q' ? 'p' : 'q';
		ck_assert_int_eq(begin(BOB, text, false, &result), UNCIA_E_CHANGED);
		text[i] = '\0';
		ck_assert_int_eq(begin(BOB, text, false, &result), UNCIA_E_CHANGED);
	}
	ck_assert_int_ne(begin(BOB, "I have paid", false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_uint_eq(questions(), 0);
	ck_assert(!take_result(&result));
}
END_TEST

START_TEST(where_nobody_answers_that_is_no_verdict)
{
	struct uncia_notice_result result;
	struct uncia_payment_id id = make_final(pays_me(0, SENT, NULL));
	for (uint32_t i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 30000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.error, UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_CHECKING);
	ck_assert(!result.over);
	for (uint32_t i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	fake_network_pass(&rig->net, rig->wallet, 61000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_int_eq(result.error, 0);
}
END_TEST

/* Validators have forgotten it: nobody will ever know more. */
START_TEST(what_nobody_will_ever_know_is_over)
{
	struct uncia_notice_result result;
	struct uncia_payment_id id = {{0x10, 0, 0, 1, 5}};
	result = check_notice(BOB, &id, NULL);
	ck_assert(result.over);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_UNKNOWN);
}
END_TEST

/* ---- strangers ------------------------------------------------------------------------------- */

/* Else a notice would tell whoever sends it that the user is online, and when. */
START_TEST(for_a_stranger_nothing_leaves_until_the_user_asks)
{
	struct uncia_notice_result result;
	struct uncia_payment_id id = make_final(pays_me(2, SENT, NULL));
	for (int room = 0; room < 2; room++) {
		const struct uncia_peer peer = {
		    .size = sizeof(peer), .own = OWN, .handle = room ? BOB : "xmpp:carol@example.org", .room = room};
		struct uncia_notice_query query = {
		    .size = sizeof(query), .peer = &peer, .notice = notice_of(&id, NULL)};
		result = (struct uncia_notice_result){.size = sizeof(result)};
		ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
		ck_assert(result.over);
		ck_assert_int_eq(result.verdict, UNCIA_NOTICE_UNPINNED);
		fake_network_pass(&rig->net, rig->wallet, 60000);
		ck_assert_uint_eq(questions(), 0);
		ck_assert(!take_result(&result));
	}
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	result = check_text("xmpp:carol@example.org", notice_of(&id, NULL), true);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_STRANGER);
	rig_address(2, address);
	ck_assert_str_eq(result.sender, address);
	ck_assert_uint_eq(result.amount, SENT);
	ck_assert_uint_gt(questions(), 0);
	/* It counts as told for nobody: pinned, she is believed. */
	const struct uncia_peer carol = {.size = sizeof(carol), .own = OWN, .handle = "xmpp:carol@example.org"};
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &carol, address, UNCIA_PIN_DECIDED), 0);
	ck_assert_int_eq(verdict_on("xmpp:carol@example.org", &id, NULL), UNCIA_NOTICE_PAID);
	ck_assert_int_eq(check_text("xmpp:dave@example.org", notice_of(&id, NULL), true).verdict,
	                 UNCIA_NOTICE_REPEATED);
}
END_TEST

/* The nick has come to somebody who is not logged in as the one who is pinned. */
START_TEST(a_nick_with_another_login_is_a_stranger)
{
	struct uncia_peer peer = {
	    .size = sizeof(peer), .own = "irc:libera/me", .handle = "irc:libera/bob", .login = "bob"};
	struct uncia_payment_id id = make_final(pays_me(2, SENT, NULL));
	struct uncia_notice_query query = {.size = sizeof(query), .peer = &peer, .notice = notice_of(&id, NULL)};
	struct uncia_notice_result result = {.size = sizeof(result)};
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	rig_address(2, address);
	ck_assert_int_eq(uncia_pin_set(rig->wallet, &peer, address, UNCIA_PIN_DECIDED), 0);
	peer.login = "mallory";
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_UNPINNED);
	peer.login = "bob";
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert(!result.weak);
}
END_TEST

/* A bot has a book of its own. */
START_TEST(the_host_may_say_whose_messages_they_are)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_payment_id id = make_final(pays_me(2, SENT, NULL));
	struct uncia_peer peer = {.size = sizeof(peer), .account = address};
	struct uncia_notice_query query = {.size = sizeof(query), .peer = &peer, .notice = notice_of(&id, NULL)};
	struct uncia_notice_result result = {.size = sizeof(result)};
	rig_address(1, address);
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_OTHER_ACCOUNT);
	rig_address(2, address);
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), 0);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_str_eq(result.handle, "");
	strcpy(address, "unc1x");
	ck_assert_int_eq(uncia_wallet_notice_check(rig->wallet, &query, &result), UNCIA_E_ADDRESS);
}
END_TEST

/* ---- how it is called ------------------------------------------------------------------------ */

START_TEST(checks_are_bounded_and_can_be_given_up)
{
	struct uncia_notice_result result;
	struct uncia_payment_id id = {{0x70}};
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_NOTICE, NULL), UNCIA_E_NOT_FOUND);
	for (uint8_t i = 0; i < 64; i++) {
		char handle[] = "xmpp:0@example.org";
		handle[5] = (char)('0' + i % 4);
		id.b[31] = i;
		ck_assert_int_eq(begin(handle, notice_of(&id, NULL), true, &result), 0);
	}
	id.b[31] = 64;
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), UNCIA_E_FULL);
	/* What the host itself asks for, and what it follows, has places of its own. */
	for (uint8_t i = 64; i < 128; i++) {
		id.b[31] = i;
		ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	}
	id.b[31] = 128;
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), UNCIA_E_FULL);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_PAYMENT, NULL), 0);
	id.b[31] = 7;
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_NOTICE, &id), 0);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_NOTICE, &id), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_NOTICE, NULL), 0);
	fake_network_pass(&rig->net, rig->wallet, 60000);
	ck_assert(!take_result(&result));
	uint32_t before = questions();
	fake_network_pass(&rig->net, rig->wallet, 60000);
	ck_assert_uint_eq(questions(), before);
}
END_TEST

/* Whoever sends notices of what never was, keeps nobody else's from being checked. */
START_TEST(one_sender_does_not_take_the_places_of_all)
{
	struct uncia_notice_result result;
	struct uncia_payment_id id = {{0x70}}, real = make_final(pays_me(0, SENT, NULL));
	for (uint8_t i = 0; i < 100; i++) {
		id.b[31] = i;
		ck_assert_int_eq(begin("xmpp:mallory@example.org", notice_of(&id, NULL), true, &result),
		                 i < 16 ? 0 : UNCIA_E_FULL);
	}
	fake_network_pass(&rig->net, rig->wallet, 60000);
	while (take_result(&result))
		ck_assert_int_eq(result.verdict, UNCIA_NOTICE_UNKNOWN);
	ck_assert_int_eq(begin("xmpp:mallory@example.org", notice_of(&id, NULL), true, &result), UNCIA_E_FULL);
	ck_assert_int_eq(verdict_on(BOB, &real, NULL), UNCIA_NOTICE_PAID);
}
END_TEST

/* However many there are of one payment, or have been of others. */
START_TEST(checks_are_bounded_and_those_that_have_ended_take_no_place)
{
	struct uncia_notice_result result;
	struct uncia_payment_id id = {{0x70}};
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	ck_assert_int_eq(begin(BOB, notice_text, false, &result), UNCIA_E_FULL);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_NOTICE, NULL), 0);
	rig_no_events(rig);
	for (int i = 0; i < 70; i++) {
		id = make_final(pays_me(0, SENT, NULL));
		ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_PAID);
	}
}
END_TEST

/* The same notice stands in two chats, and the host follows the payment besides. */
START_TEST(several_checks_of_one_payment_end_each)
{
	struct uncia_notice_result result;
	struct uncia_event event;
	struct payment *payment = pays_me(0, SENT, NULL);
	struct uncia_payment_id id = id_of(payment);
	notice_of(&id, NULL);
	ck_assert_int_eq(begin(MALLORY, notice_text, false, &result), 0);
	ck_assert_int_eq(begin(BOB, notice_text, false, &result), 0);
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_PAYMENT, &id), 0);
	rig_no_events(rig);
	while (uncia_notice_result(rig->wallet, &result) == 1)
		ck_assert_int_eq(result.verdict, UNCIA_NOTICE_UNKNOWN);
	make_final(payment);
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_NOTICE, &event));
	ck_assert_int_eq(uncia_notice_result(rig->wallet, &result), 1);
	ck_assert_str_eq(result.handle, MALLORY);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_OTHER_ACCOUNT);
	ck_assert_int_eq(uncia_notice_result(rig->wallet, &result), 1);
	ck_assert_str_eq(result.handle, BOB);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PAID);
	ck_assert_int_eq(uncia_notice_result(rig->wallet, &result), 0);
}
END_TEST

START_TEST(a_locked_wallet_and_one_without_a_network_say_so)
{
	struct uncia_key_options options = {
	    .size = sizeof(options), .passphrase = "p", .kdf_memory = 65536, .kdf_passes = 1};
	struct uncia_payment_id id = {{0x70}};
	struct uncia_notice_result result;
	notice_of(&id, NULL);
	rig_close(rig);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, NULL, NULL, &rig->wallet), 0);
	ck_assert_int_eq(begin(BOB, notice_text, false, &result), UNCIA_E_NETWORK);
	uncia_wallet_close(rig->wallet);
	memory_host_forget(&rig->host, "");
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(begin(BOB, notice_text, false, &result), UNCIA_E_LOCKED);
	ck_assert_int_eq(uncia_wallet_unlock(rig->wallet, "p"), 0);
	ck_assert_int_eq(begin(BOB, notice_text, false, &result), 0);
}
END_TEST

/* This wallet's own payment, sent back to it as if it were an incoming one. */
START_TEST(an_own_payment_pays_nothing_here)
{
	struct uncia_payment_id id;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay(rig, "k", 500000, &id), 0);
	struct uncia_notice_result result;
	ck_assert_int_eq(begin(BOB, notice_of(&id, NULL), false, &result), 0);
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_PENDING);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert(take_result(&result));
	ck_assert_int_eq(result.verdict, UNCIA_NOTICE_NOT_TO_ME);
	rig_reopen(rig);
	ck_assert_int_eq(verdict_on(BOB, &id, NULL), UNCIA_NOTICE_NOT_TO_ME); /* from the archive */
}
END_TEST

UNIT_MAIN_BETWEEN("notices", notice_rig_up, notice_rig_down, a_payment_is_told_with_what_its_receipt_says,
                  all_outputs_to_this_account_are_the_sum, a_memo_may_come_beside_an_id,
                  a_memo_that_was_not_told_is_said_to_be_there, what_is_known_already_is_said_at_once,
                  a_page_of_the_history_is_known_too, a_payment_is_followed_to_its_end, what_expired_never_happened,
                  one_liar_gives_no_verdict, anothers_payment_is_not_his, what_pays_somebody_else_pays_nothing_here,
                  a_payment_with_another_memo_is_another_payment, what_is_changed_cut_or_of_elsewhere_is_no_notice,
                  where_nobody_answers_that_is_no_verdict, what_nobody_will_ever_know_is_over,
                  for_a_stranger_nothing_leaves_until_the_user_asks, a_nick_with_another_login_is_a_stranger,
                  the_host_may_say_whose_messages_they_are, checks_are_bounded_and_can_be_given_up,
                  one_sender_does_not_take_the_places_of_all,
                  checks_are_bounded_and_those_that_have_ended_take_no_place, several_checks_of_one_payment_end_each,
                  a_locked_wallet_and_one_without_a_network_say_so, an_own_payment_pays_nothing_here)

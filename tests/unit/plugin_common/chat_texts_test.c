/* What a plugin asks and shows, without a client: questions and their time, words of others, the tags of payments,
 * handles. The clock is the test's. */
#include <stdio.h>
#include <time.h>
#include "chat_handles.h"
#include "offers.h"
#include "otr.h"
#include "question.h"
#include "said.h"
#include "say.h"
#include "tags.h"
#include "unit.h"

static uint64_t now_s;
static char shown[8][PLUGIN_LINE_SIZE];
static unsigned shown_count, agreed_count;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
__attribute__((visibility("default"))) int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock !=
	    CLOCK_BOOTTIME) /* that one goes on while the machine sleeps; the runner of the tests uses others */
		return __real_clock_gettime(clock, now);
	*now = (struct timespec){.tv_sec = (time_t)now_s};
	return 0;
}

static void show(void *context, const struct conversation *where, const char *line)
{
	(void)context, (void)where;
	snprintf(shown[shown_count++ % 8], PLUGIN_LINE_SIZE, "%s", line);
}

static void agree(struct plugin *p, const struct open_question *question)
{
	(void)p;
	agreed_count++;
	ck_assert_uint_eq(question->intent.amount, 7);
}

static const struct conversation bob = {.window = "1", .own = "irc:net/alice", .peer = "irc:net/bob"};

/* Asks, and gives the code that was shown. */
static void ask(struct plugin *p, char code[CODE_SIZE])
{
	struct open_question asked = {.where = bob, .agreed = agree, .intent = {.amount = 7}};
	question_open(p, &asked, "Pay?");
	const char *line = shown[(shown_count - 1) % 8], *found = strstr(line, "/uncia yes ");
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_eq(strlen(found + 11), CODE_SIZE - 1);
	strcpy(code, found + 11);
}

static struct plugin *fresh(void)
{
	struct plugin *p = calloc(1, sizeof(*p));
	ck_assert_ptr_nonnull(p);
	p->client.show = show;
	shown_count = agreed_count = 0;
	now_s = 1000;
	return p;
}

START_TEST(a_question_is_answered_once_in_its_own_conversation)
{
	struct conversation others[] = {bob, bob, bob};
	char code[CODE_SIZE];
	struct plugin *p = fresh();
	ask(p, code);
	strcpy(others[0].window, "2");
	strcpy(others[1].peer, "irc:net/mallory");
	strcpy(others[2].own, "irc:other/alice");
	for (unsigned i = 0; i < 3; i++)
		question_answer(p, &others[i], code);
	question_answer(p, &bob, "");
	question_answer(p, &bob, "zzzz");
	ck_assert_uint_eq(agreed_count, 0);
	question_answer(p, &bob, code);
	ck_assert_uint_eq(agreed_count, 1);
	question_answer(p, &bob, code);
	ck_assert_uint_eq(agreed_count, 1);
	free(p);
}
END_TEST

START_TEST(a_question_is_over_after_sixty_seconds_also_of_sleep)
{
	char code[CODE_SIZE];
	struct plugin *p = fresh();
	ask(p, code);
	now_s += 59;
	question_answer(p, &bob, code);
	ck_assert_uint_eq(agreed_count, 1);
	ask(p, code);
	now_s += 60;
	question_answer(p, &bob, code);
	ck_assert_uint_eq(agreed_count, 1);
	ck_assert_ptr_nonnull(strstr(shown[(shown_count - 1) % 8], "is over. Nothing was done"));
	ask(p, code);
	now_s += 8 * 3600;
	question_answer(p, &bob, code);
	ck_assert_uint_eq(agreed_count, 1);
	free(p);
}
END_TEST

START_TEST(of_too_many_questions_the_oldest_gives_way)
{
	char first[CODE_SIZE], second[CODE_SIZE], code[CODE_SIZE];
	struct plugin *p = fresh();
	ask(p, first);
	ask(p, second);
	for (unsigned i = 0; i < QUESTIONS_MAX - 1; i++)
		ask(p, code);
	question_answer(p, &bob, first);
	ck_assert_uint_eq(agreed_count, 0);
	question_answer(p, &bob, second);
	ck_assert_uint_eq(agreed_count, 1);
	free(p);
}
END_TEST

/* Asks what a message of this one has to be asked for. */
static void hear(struct plugin *p, const struct conversation *where, char code[CODE_SIZE])
{
	struct open_question asked = {.where = *where, .heard = true, .agreed = agree, .intent = {.amount = 7}};
	question_open(p, &asked, "Is it theirs?");
	strcpy(code, strstr(shown[(shown_count - 1) % 8], "/uncia yes ") + 11);
}

START_TEST(no_flood_of_messages_pushes_out_what_the_user_was_asked)
{
	struct conversation others = {.own = "irc:net/alice"}, room = {.own = "irc:net/alice", .group = true};
	char own[CODE_SIZE], carols[CODE_SIZE], code[CODE_SIZE];
	struct plugin *p = fresh();
	const struct conversation carol = {.window = "3", .own = "irc:net/alice", .peer = "irc:net/carol"};
	ask(p, own);
	hear(p, &carol, carols);
	/* One who has many windows; everybody in a room, under many nicks. */
	for (unsigned i = 0; i < 100; i++) {
		strcpy(others.peer, "irc:net/mallory");
		snprintf(others.window, sizeof(others.window), "%u", i);
		hear(p, &others, code);
		strcpy(room.window, "#room");
		snprintf(room.peer, sizeof(room.peer), "irc:net/nick%u", i);
		hear(p, &room, code);
	}
	question_answer(p, &bob, own);
	ck_assert_uint_eq(agreed_count, 1);
	question_answer(p, &carol, carols);
	ck_assert_uint_eq(agreed_count, 2);
	question_answer(p, &room, code); /* the newest of each is open */
	ck_assert_uint_eq(agreed_count, 3);
	/* Of those who have as many, the oldest gives way; what this user was asked never. */
	ask(p, own);
	for (unsigned i = 0; i < 3 * QUESTIONS_MAX; i++) {
		snprintf(others.peer, sizeof(others.peer), "irc:net/nick%u", i);
		hear(p, &others, code);
	}
	question_answer(p, &others, code);
	ck_assert_uint_eq(agreed_count, 4);
	question_answer(p, &bob, own);
	ck_assert_uint_eq(agreed_count, 5);
	free(p);
}
END_TEST

START_TEST(a_flood_of_offers_pushes_out_its_own)
{
	struct plugin *p = fresh();
	struct plugin_message message = {.where = bob, .sender = "bob"};
	char code[CODE_SIZE];
	strcpy(code, offer_add(p, &message, UNCIA_TEXT_REQUEST, "the first")->code);
	strcpy(message.where.peer, "irc:net/mallory");
	for (unsigned i = 0; i < 3 * OFFERS_MAX; i++)
		ck_assert_ptr_nonnull(
		    offer_add(p, &message, UNCIA_TEXT_REQUEST, i ? "others" : "the oldest of others"));
	const struct offer *found = offer_find(p, &bob, UNCIA_TEXT_REQUEST, code);
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found->text, "the first");
	for (unsigned i = 0; i < OFFERS_MAX; i++)
		ck_assert_str_ne(p->offers[i].text, "the oldest of others");
	free(p);
}
END_TEST

/* Who floods could have one taken for another one, that was there before. */
START_TEST(of_very_many_offers_each_is_meant_by_its_code)
{
	struct plugin *p = fresh();
	struct plugin_message message = {.where = bob, .sender = "bob"};
	ck_assert_ptr_nonnull(offer_add(p, &message, UNCIA_TEXT_CLAIM, "the first"));
	const struct offer *found = offer_find(p, &bob, UNCIA_TEXT_CLAIM, "");
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found->text, "the first");
	struct conversation others = bob;
	for (unsigned i = 0; i < OFFERS_MAX; i++) { /* each under another name: the oldest of all gives way */
		snprintf(others.peer, sizeof(others.peer), "irc:net/nick%u", i);
		message.where = others;
		offer_add(p, &message, UNCIA_TEXT_CLAIM, "others");
	}
	message.where = bob;
	const struct offer *last = offer_add(p, &message, UNCIA_TEXT_CLAIM, "the last");
	ck_assert_ptr_nonnull(last);
	ck_assert_ptr_null(offer_find(p, &bob, UNCIA_TEXT_CLAIM, ""));
	ck_assert_ptr_eq(offer_find(p, &bob, UNCIA_TEXT_CLAIM, last->code), last);
	now_s += 60;
	ck_assert_ptr_eq(offer_find(p, &bob, UNCIA_TEXT_CLAIM, ""), last);
	free(p);
}
END_TEST

START_TEST(a_code_is_no_amount_and_an_amount_no_code)
{
	char code[CODE_SIZE];
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t micro;
		ck_assert(code_make(code));
		ck_assert(code_read(code));
		ck_assert_int_ne(uncia_amount_parse(code, &micro), 0);
	}
	ck_assert(code_read("abcd 5"));
	const char *const amounts[] = {"2345", "1000", "0.50", "12", "", "abcde", "abc", "a.bc", "Abcd"};
	for (unsigned i = 0; i < sizeof(amounts) / sizeof(*amounts); i++)
		ck_assert_msg(!code_read(amounts[i]), "%s", amounts[i]);
}
END_TEST

START_TEST(words_of_others_are_quoted_on_one_line_without_what_moves_or_hides)
{
	static const struct {
		const char *given, *quoted;
	} cases[] = {{"lunch", "\"lunch\""},
	             {"", "\"\""},
	             {"a \"b\" c", "\"a 'b' c\""},
	             {"a\nb\tc\033[31m\x7f", "\"a b c [31m \""},
	             {"pay\xe2\x80\xaey\xe2\x80\x8bob", "\"payyob\""},
	             {"\xe2\x80\xa8next\xc2\x85line", "\"nextline\""},
	             {"\xef\xbb\xbf\xd8\x9c\xf3\xa0\x81\x81tag", "\"tag\""},
	             {"fünf € 🎁", "\"fünf € 🎁\""}};
	char quoted[QUOTED_TEXT_SIZE], longest[UNCIA_MEMO_SIZE];
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		quoted_text(cases[i].given, quoted);
		ck_assert_str_eq(quoted, cases[i].quoted);
	}
	memset(longest, 'm', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	quoted_text(longest, quoted);
	ck_assert_uint_eq(strlen(quoted), sizeof(longest) - 1 + 2);
}
END_TEST

START_TEST(a_name_cannot_pass_for_words_of_ours)
{
	static const struct {
		const char *given, *shown;
	} cases[] = {{"bob", "bob"},
	             {"Bob_[away]`^", "Bob_[away]`^"},
	             {"bob@example.org/phone", "bob@example.org/phone"},
	             {"#lunch", "#lunch"},
	             {"this window", "\"this window\""},
	             {"", "\"\""},
	             {"✔ Received 500.00 UNC from bob.", "\"✔ Received 500.00 UNC from bob.\""},
	             {"x\" is paid. \"", "\"x' is paid. '\""},
	             {"bob:", "\"bob:\""},
	             {"\"✔ paid\"", "\"✔ paid\""},
	             {"\"", "\"'\""},
	             {"bo\xe2\x80\x8b\nb", "\"bo b\""},
	             {"J\xc3\xbcrgen", "\"Jürgen\""},
	             {"cut\xe2\x9c", "\"cut\""}};
	char name[PLUGIN_NAME_SIZE];
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		strcpy(name, cases[i].given);
		name_clean(name);
		ck_assert_str_eq(name, cases[i].shown);
		name_clean(name);
		ck_assert_str_eq(name, cases[i].shown);
	}
	for (unsigned before = 0; before < 3; before++) { /* the longest, cut between characters */
		memset(name, 0, sizeof(name));
		memset(name, 'x', before);
		while (strlen(name) + 3 < sizeof(name))
			strcat(name, "✔");
		name_clean(name);
		ck_assert_uint_lt(strlen(name), sizeof(name));
		ck_assert_int_eq(name[strlen(name) - 1], '"');
		ck_assert_uint_eq((strlen(name) - 2 - before) % 3, 0);
	}
}
END_TEST

START_TEST(a_tag_is_read_as_it_was_written_and_nothing_else_is_one)
{
	struct conversation where = bob, read;
	uint8_t tag[UNCIA_TAG_SIZE], other[UNCIA_TAG_SIZE + 1];
	where.group = true;
	memset(where.name, 'n', sizeof(where.name) - 1);
	memset(where.window, 'w', sizeof(where.window) - 1);
	memset(where.peer, 'p', sizeof(where.peer) - 1);
	memset(where.own, 'o', sizeof(where.own) - 1);
	memset(where.login, 'l', sizeof(where.login) - 1);
	uint32_t size = tag_write(&where, tag);
	ck_assert(tag_read(tag, size, &read));
	ck_assert_str_eq(read.window, where.window);
	ck_assert_str_eq(read.own, where.own);
	ck_assert_str_eq(read.peer, where.peer);
	ck_assert_str_eq(read.name, where.name);
	ck_assert_str_eq(read.login, where.login);
	ck_assert(read.group);
	uint32_t before_logins = size - (uint32_t)sizeof(where.login);
	for (uint32_t cut = 0; cut < size; cut++)
		ck_assert(tag_read(tag, cut, &read) == (cut == before_logins));
	/* Of a payment that was on its way as tags had no logins, and a flag that has no meaning any more. */
	tag[0] |= 4;
	ck_assert(tag_read(tag, before_logins, &read));
	ck_assert_str_eq(read.name, where.name);
	ck_assert_str_eq(read.login, "");
	memcpy(other, tag, size);
	other[size] = 0;
	ck_assert(!tag_read(other, size + 1, &read));
	memset(other, 'x', sizeof(other)); /* no end anywhere */
	other[0] = 1;
	ck_assert(!tag_read(other, sizeof(other), &read));
	ck_assert(!tag_read((const uint8_t *)"order 17", 8, &read));
}
END_TEST

START_TEST(a_handle_that_does_not_fit_is_none)
{
	char handle[PLUGIN_HANDLE_SIZE], name[200];
	handle_irc("Libera.Chat", NULL, "Bob[away]", handle);
	ck_assert_str_eq(handle, "irc:libera.chat/bob{away}");
	handle_irc("Libera.Chat", "ascii", "Bob[away]", handle);
	ck_assert_str_eq(handle, "irc:libera.chat/bob[away]");
	handle_xmpp("Bob@Example.org/phone", handle);
	ck_assert_str_eq(handle, "xmpp:bob@example.org");
	memset(name, 'b', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	handle_irc("libera", NULL, name, handle);
	ck_assert_str_eq(handle, "");
	handle_irc("", NULL, "bob", handle);
	ck_assert_str_eq(handle, "");
	handle_irc("libera", "unheard-of", "bob", handle);
	ck_assert_str_eq(handle, "");
	handle_xmpp("@example.org", handle);
	ck_assert_str_eq(handle, "");
}
END_TEST

START_TEST(what_a_message_said_of_a_login_counts_for_ten_minutes_and_until_something_newer)
{
	struct said_logins *said = calloc(1, sizeof(*said));
	char login[PLUGIN_LOGIN_SIZE] = "untouched";
	ck_assert_ptr_nonnull(said);
	ck_assert(!said_login(said, "net", "irc:net/bob", 5, login));
	said_note(said, "net", "irc:net/bob", "bob", 1000);
	ck_assert(!said_login(said, "net", "irc:net/mallory", 1000, login));
	ck_assert(!said_login(said, "other", "irc:net/bob", 1000, login));
	ck_assert_str_eq(login, "untouched");
	ck_assert(said_login(said, "net", "irc:net/bob", 1000 + SAID_MS - 1, login));
	ck_assert_str_eq(login, "bob");
	ck_assert(!said_login(said, "net", "irc:net/bob", 1000 + SAID_MS, login));
	said_note(said, "net", "irc:net/bob", "", 2000); /* that there is none is known, too */
	ck_assert(said_login(said, "net", "irc:net/bob", 2000, login));
	ck_assert_str_eq(login, "");
	said_note(said, "net", "irc:net/bob", "bob", 3000);
	said_note(said, "other", "irc:net/bob", "bob", 3000);
	said_forget(said, "net", "irc:net/alice");
	ck_assert(said_login(said, "net", "irc:net/bob", 3000, login));
	said_forget(said, "net", "irc:net/bob");
	ck_assert(!said_login(said, "net", "irc:net/bob", 3000, login));
	ck_assert(said_login(said, "other", "irc:net/bob", 3000, login));
	said_forget(said, "other", NULL);
	ck_assert(!said_login(said, "other", "irc:net/bob", 3000, login));
	free(said);
}
END_TEST

START_TEST(who_writes_under_very_many_names_has_others_forgotten_and_is_taken_for_none)
{
	struct said_logins *said = calloc(1, sizeof(*said));
	char login[PLUGIN_LOGIN_SIZE], handle[PLUGIN_HANDLE_SIZE];
	ck_assert_ptr_nonnull(said);
	said_note(said, "net", "irc:net/bob", "bob", 3000);
	for (unsigned i = 0; i < SAID_MAX; i++) {
		snprintf(handle, sizeof(handle), "irc:net/%u", i);
		ck_assert(said_login(said, "net", "irc:net/bob", 3000, login));
		ck_assert_str_eq(login, "bob");
		said_note(said, "net", handle, "mallory", 3000);
	}
	ck_assert(!said_login(said, "net", "irc:net/bob", 3000, login));
	ck_assert(said_login(said, "net", handle, 3000, login));
	ck_assert_str_eq(login, "mallory");
	free(said);
}
END_TEST

START_TEST(a_question_for_a_private_conversation_is_not_the_message_in_whose_place_it_leaves)
{
	static const char *const message[] = {"I have paid: uncia:uncpaid1", "?", "?OTR:AAMD", "?OTR,1,2,AAMD,",
	                                      "?OTR|1|2,1,2,AAMD,"};
	static const char *const other[] = {"?OTR?", "?OTRv23?\nalice asks", "?OTR?v2?", "?OTR Error: none", "?OTR"};
	for (size_t i = 0; i < sizeof(message) / sizeof(*message); i++) {
		ck_assert_msg(otr_carries(message[i]), "%s", message[i]);
		ck_assert_msg(!otr_carries(other[i]), "%s", other[i]);
		ck_assert(otr_is(other[i]));
	}
	ck_assert(!otr_is(message[0]) && otr_is(message[2]));
}
END_TEST

UNIT_MAIN("chat_texts", a_question_is_answered_once_in_its_own_conversation,
          a_question_is_over_after_sixty_seconds_also_of_sleep, of_too_many_questions_the_oldest_gives_way,
          a_question_for_a_private_conversation_is_not_the_message_in_whose_place_it_leaves,
          no_flood_of_messages_pushes_out_what_the_user_was_asked, a_flood_of_offers_pushes_out_its_own,
          of_very_many_offers_each_is_meant_by_its_code, a_code_is_no_amount_and_an_amount_no_code,
          words_of_others_are_quoted_on_one_line_without_what_moves_or_hides, a_name_cannot_pass_for_words_of_ours,
          a_tag_is_read_as_it_was_written_and_nothing_else_is_one, a_handle_that_does_not_fit_is_none,
          what_a_message_said_of_a_login_counts_for_ten_minutes_and_until_something_newer,
          who_writes_under_very_many_names_has_others_forgotten_and_is_taken_for_none)

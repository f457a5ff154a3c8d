/* Whom a plugin takes for the one that is pinned, on networks that name the login of a nick, without a wallet: what is
 * called of libuncia is the test's. */
#include <stdio.h>
#include <stdlib.h>
#include "claims.h"
#include "paying.h"
#include "people.h"
#include "tags.h"
#include "unit.h"

#define WRAPS __attribute__((visibility("default")))
#define BOBS  "unc1x54y8vd7h6jf2jmfs9370pq4rj6qk6mt39rgdw"

static char shown[PLUGIN_LINE_SIZE], has_now[PLUGIN_LOGIN_SIZE];
static unsigned lines, sent, ordered;

/* Bob is pinned with the login "bob". */
int __wrap_uncia_pin_find(struct uncia_wallet *wallet, const struct uncia_peer *peer, struct uncia_pin *pin);
WRAPS int __wrap_uncia_pin_find(struct uncia_wallet *wallet, const struct uncia_peer *peer, struct uncia_pin *pin)
{
	(void)wallet;
	if (strcmp(peer->handle, "irc:net/bob") != 0)
		return UNCIA_E_NOT_FOUND;
	strcpy(pin->login, "bob");
	strcpy(pin->address, BOBS);
	return peer->login && !strcmp(peer->login, "bob") ? 0 : UNCIA_E_ALIKE;
}

int __wrap_uncia_wallet_payment(const struct uncia_wallet *wallet, const struct uncia_payment_id *id,
                                struct uncia_payment *payment);
WRAPS int __wrap_uncia_wallet_payment(const struct uncia_wallet *wallet, const struct uncia_payment_id *id,
                                      struct uncia_payment *payment)
{
	(void)wallet;
	payment->id = *id;
	payment->state = UNCIA_PAYMENT_FINAL;
	return 0;
}

int __wrap_uncia_wallet_by_key(struct uncia_wallet *wallet, const char *key, struct uncia_payment_id *id);
WRAPS int __wrap_uncia_wallet_by_key(struct uncia_wallet *wallet, const char *key, struct uncia_payment_id *id)
{
	(void)wallet, (void)key, (void)id;
	return UNCIA_E_NOT_FOUND;
}

int __wrap_uncia_wallet_paid(const struct uncia_wallet *wallet, const struct uncia_address *to,
                             struct uncia_payment_id *id);
WRAPS int __wrap_uncia_wallet_paid(const struct uncia_wallet *wallet, const struct uncia_address *to,
                                   struct uncia_payment_id *id)
{
	(void)wallet, (void)to, (void)id;
	return 0;
}

int __wrap_uncia_wallet_pending(const struct uncia_wallet *wallet, size_t number, struct uncia_payment_id *id);
WRAPS int __wrap_uncia_wallet_pending(const struct uncia_wallet *wallet, size_t number, struct uncia_payment_id *id)
{
	(void)wallet, (void)number, (void)id;
	return UNCIA_E_NOT_FOUND;
}

int __wrap_uncia_wallet_order(struct uncia_wallet *wallet, const struct uncia_payment_request *request);
WRAPS int __wrap_uncia_wallet_order(struct uncia_wallet *wallet, const struct uncia_payment_request *request)
{
	(void)wallet, (void)request;
	ordered++;
	return 0;
}

int __wrap_uncia_wallet_receipt(const struct uncia_wallet *wallet, const struct uncia_payment_id *id, char **text);
WRAPS int __wrap_uncia_wallet_receipt(const struct uncia_wallet *wallet, const struct uncia_payment_id *id, char **text)
{
	(void)wallet, (void)id;
	*text = NULL;
	return 0;
}

int __wrap_uncia_receipt_verify(const struct uncia_network *network, const char *text, struct uncia_receipt **receipt);
WRAPS int __wrap_uncia_receipt_verify(const struct uncia_network *network, const char *text,
                                      struct uncia_receipt **receipt)
{
	(void)network, (void)text;
	*receipt = NULL;
	return 0;
}

int __wrap_uncia_wallet_claim(const struct uncia_wallet *wallet, const struct uncia_receipt *receipt, uint32_t number,
                              char text[UNCIA_CHAT_TEXT_SIZE]);
WRAPS int __wrap_uncia_wallet_claim(const struct uncia_wallet *wallet, const struct uncia_receipt *receipt,
                                    uint32_t number, char text[UNCIA_CHAT_TEXT_SIZE])
{
	(void)wallet, (void)receipt, (void)number;
	strcpy(text, "uncia:uncgift");
	return 0;
}

const char *__wrap_uncia_network_currency(const struct uncia_network *network);
WRAPS const char *__wrap_uncia_network_currency(const struct uncia_network *network)
{
	(void)network;
	return "UNC";
}

static void show(void *context, const struct conversation *where, const char *line)
{
	(void)context, (void)where;
	lines++;
	snprintf(shown, sizeof(shown), "%s", line);
}

static void record(void *context, const char *line)
{
	(void)context, (void)line;
}

static bool send(void *context, const struct conversation *where, const char *text)
{
	(void)context, (void)where, (void)text;
	sent++;
	return true;
}

static void tick(void *context, bool on)
{
	(void)context, (void)on;
}

static void login(void *context, const struct conversation *where, char has[PLUGIN_LOGIN_SIZE])
{
	(void)context, (void)where;
	strcpy(has, has_now);
}

static struct plugin *fresh(void)
{
	struct plugin *p = calloc(1, sizeof(*p));
	ck_assert_ptr_nonnull(p);
	p->client = (struct plugin_client){.show = show, .record = record, .send = send, .tick = tick, .login = login};
	lines = sent = ordered = 0;
	*shown = '\0';
	return p;
}

static struct conversation bob_with(const char *has)
{
	struct conversation bob = {.window = "1", .own = "irc:net/alice", .peer = "irc:net/bob", .name = "bob"};
	strcpy(bob.login, has);
	strcpy(has_now, has);
	return bob;
}

static void write_as(struct plugin *p, const char *has)
{
	struct conversation bob = bob_with(has);
	person_wrote(p, &bob);
}

START_TEST(who_writes_without_the_login_is_told_once_and_so_is_its_return)
{
	struct plugin *p = fresh();
	static const struct {
		const char *login, *says;
	} steps[] = {{"bob", NULL},
	             {"", "nothing says that they have it now"},
	             {"", NULL},
	             {"mallory", "has the login mallory now"},
	             {"mallory", NULL},
	             {"BOB", "has the login BOB now"},
	             {"✔ paid", "has the login \"✔ paid\" now"},
	             {"", "nothing says that they have it now"},
	             {"bob", "bob has the login bob that is pinned for them again"},
	             {"bob", NULL}};
	for (unsigned i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		unsigned before = lines;
		write_as(p, steps[i].login);
		ck_assert_uint_eq(lines, before + (steps[i].says != NULL));
		if (steps[i].says)
			ck_assert_msg(strstr(shown, steps[i].says) != NULL, "%u: %s", i, shown);
	}
	free(p);
}
END_TEST

START_TEST(of_many_strangers_each_is_told)
{
	struct plugin *p = fresh();
	for (unsigned i = 0; i < 3 * STRANGERS_MAX; i++) {
		struct conversation bob = bob_with("mallory");
		snprintf(bob.own, sizeof(bob.own), "irc:net/alice%u", i);
		person_wrote(p, &bob);
		ck_assert_uint_eq(lines, i + 1);
	}
	/* Of a channel nobody is pinned, and of who is nobody nothing is said. */
	struct conversation bob = bob_with("mallory");
	bob.group = true;
	person_wrote(p, &bob);
	bob = bob_with("mallory");
	*bob.peer = '\0';
	person_wrote(p, &bob);
	ck_assert_uint_eq(lines, 3 * STRANGERS_MAX);
	free(p);
}
END_TEST

START_TEST(a_pinned_nick_without_its_login_is_paid_after_a_question_alone)
{
	struct intent intent = {.address = BOBS, .amount = 1000000, .key = "key"};
	static const char *const logins[] = {"bob", "", "mallory"};
	for (unsigned i = 0; i < 9; i++) { /* of the payee, and of the conversation in which it is accepted */
		struct plugin *p = fresh();
		struct conversation peer = bob_with(logins[i % 3]), where = bob_with(logins[i / 3]);
		pay_or_ask(p, &peer, &where, &intent);
		ck_assert_uint_eq(ordered, i == 0);
		if (i)
			ck_assert_ptr_nonnull(strstr(shown, "ATTENTION: bob is pinned with the login bob, and "));
		free(p);
	}
}
END_TEST

/* The payment's end comes in when the nick may be somebody else's. */
static void end_payment(struct plugin *p, const char *ordered_for, const char *has, bool claim)
{
	uint8_t tag[UNCIA_TAG_SIZE];
	struct conversation bob = bob_with(ordered_for);
	struct uncia_event event = {.size = sizeof(event), .kind = UNCIA_EVENT_PAYMENT};
	struct uncia_payment payment = {.size = sizeof(payment), .amount = 5000000};
	strcpy(has_now, has);
	event.tag_size = tag_write(&bob, tag);
	memcpy(event.tag, tag, event.tag_size);
	*(uint8_t *)&event.id = (uint8_t)(1 + p->next_end);
	if (claim)
		claims_opened(p, &bob, &payment);
	else
		paying_event(p, &event);
}

START_TEST(nothing_is_sent_to_who_has_taken_the_nick_meanwhile)
{
	static const struct {
		const char *before, *now;
		bool sent;
	} cases[] = {
	    {"bob", "bob", true}, {"bob", "", false},           {"bob", "mallory", false}, {"", "", true},
	    {"", "bob", true},    {"mallory", "mallory", true}, {"mallory", "bob", false}, {"mallory", "Bob", false}};
	for (unsigned i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		struct plugin *p = fresh();
		end_payment(p, cases[i / 2].before, cases[i / 2].now, i % 2);
		ck_assert_uint_eq(sent, cases[i / 2].sent);
		const char *untold = i % 2 ? "nobody could be told here (nothing says that they have the nick now)"
		                           : "(they could not be told of it here)";
		ck_assert_msg(!strstr(shown, untold) == cases[i / 2].sent, "%s", shown);
		free(p);
	}
}
END_TEST

START_TEST(a_client_that_knows_no_login_takes_nobody_for_the_one_who_has_one)
{
	struct plugin *p = fresh();
	p->client.login = NULL;
	struct conversation bob = bob_with("");
	char doubt[DOUBT_TEXT_SIZE];
	person_doubt(p, &bob, doubt);
	ck_assert_ptr_nonnull(strstr(doubt, "nothing says that they have it now"));
	ck_assert(person_stays(p, &bob));
	bob = bob_with("bob"); /* as another client of the home has pinned him */
	ck_assert(!person_stays(p, &bob));
	ck_assert_str_eq(person_unknown(p, &bob), "for whom no account is pinned");
	free(p);
}
END_TEST

UNIT_MAIN("logins", who_writes_without_the_login_is_told_once_and_so_is_its_return, of_many_strangers_each_is_told,
          a_pinned_nick_without_its_login_is_paid_after_a_question_alone,
          nothing_is_sent_to_who_has_taken_the_nick_meanwhile,
          a_client_that_knows_no_login_takes_nobody_for_the_one_who_has_one)

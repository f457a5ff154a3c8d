/* A payment of somebody who is pinned is told as paid once, by a watch or by his notice, whichever comes first, and
 * wherever the client is killed. The records of libuncia, which stay, are the test's; so is what comes in. */
#include <stdio.h>
#include "incoming.h"
#include "notices.h"
#include "tags.h"
#include "unit.h"

#define WRAPS __attribute__((visibility("default")))

#define CAME_MS 1000

static const struct uncia_payment_id id = {{7}};
static struct plugin *p;
static unsigned received, maybe, notes; /* lines that say so */
/* What is stored: the watch has it still; the notice's record, and that it was acknowledged. */
static bool watched, recorded, recorded_by_notice, acknowledged, this_run, no_floor, fails;
static struct uncia_notice_result waits; /* what a check that goes on says; `over`: it is there */
static unsigned calls, killed_at; /* calls that store something; the process ends in this one, before or after it */
static bool killed, killed_after;

static bool stores(void)
{
	if (killed || ++calls == killed_at)
		killed = true;
	return !killed || (calls == killed_at && killed_after);
}

const struct uncia_receipt *__wrap_uncia_watch_incoming(const struct uncia_wallet *wallet, size_t number);
WRAPS const struct uncia_receipt *__wrap_uncia_watch_incoming(const struct uncia_wallet *wallet, size_t number)
{
	(void)wallet;
	return watched && number == 0 && !killed ? (const struct uncia_receipt *)&id : NULL; /* never looked into */
}

int __wrap_uncia_watch_acknowledge(struct uncia_wallet *wallet, const struct uncia_payment_id *which);
WRAPS int __wrap_uncia_watch_acknowledge(struct uncia_wallet *wallet, const struct uncia_payment_id *which)
{
	(void)wallet, (void)which;
	if (stores())
		watched = false;
	return killed ? UNCIA_E_IO : 0;
}

int __wrap_uncia_receipt_payment(const struct uncia_receipt *receipt, struct uncia_payment *payment);
WRAPS int __wrap_uncia_receipt_payment(const struct uncia_receipt *receipt, struct uncia_payment *payment)
{
	(void)receipt;
	payment->id = id;
	strcpy(payment->sender, "unc1bob");
	payment->timestamp_ms = CAME_MS;
	return 0;
}

int __wrap_uncia_wallet_received(const struct uncia_wallet *wallet, const struct uncia_receipt *receipt,
                                 uint64_t *amount);
WRAPS int __wrap_uncia_wallet_received(const struct uncia_wallet *wallet, const struct uncia_receipt *receipt,
                                       uint64_t *amount)
{
	(void)wallet, (void)receipt;
	*amount = 1500000;
	return 0;
}

int __wrap_uncia_wallet_notice_check(struct uncia_wallet *wallet, const struct uncia_notice_query *query,
                                     struct uncia_notice_result *result);
WRAPS int __wrap_uncia_wallet_notice_check(struct uncia_wallet *wallet, const struct uncia_notice_query *query,
                                           struct uncia_notice_result *result)
{
	(void)wallet;
	const bool by_notice = query->tag; /* else by the watch */
	if (by_notice)
		ck_assert_str_eq(query->peer->handle, "irc:net/bob");
	else
		ck_assert_str_eq(query->peer->account, "unc1bob");
	if (fails)
		return UNCIA_E_DAMAGED;
	result->id = id;
	result->amount = 1500000;
	result->timestamp_ms = CAME_MS;
	result->over = true;
	strcpy(result->memo, query->tag ? "the wine" : ""); /* of his message; a watch knows of none */
	memcpy(result->tag, query->tag ? query->tag : "", query->tag_size);
	result->tag_size = query->tag_size;
	if (no_floor) {
		waits = *result;
		result->over = false;
		return 0;
	}
	result->maybe_told = recorded;
	result->verdict = acknowledged || (recorded && this_run) ? UNCIA_NOTICE_AGAIN
	                  : recorded && recorded_by_notice && !by_notice
	                      ? UNCIA_NOTICE_REPEATED /* to another name than nobody's */
	                      : UNCIA_NOTICE_PAID;
	result->maybe_told = recorded && result->verdict == UNCIA_NOTICE_PAID;
	if (result->verdict == UNCIA_NOTICE_PAID && !recorded && stores()) {
		recorded = true;
		recorded_by_notice = by_notice;
	}
	this_run = this_run || result->verdict == UNCIA_NOTICE_PAID;
	return killed ? UNCIA_E_IO : 0;
}

int __wrap_uncia_notice_result(struct uncia_wallet *wallet, struct uncia_notice_result *result);
WRAPS int __wrap_uncia_notice_result(struct uncia_wallet *wallet, struct uncia_notice_result *result)
{
	(void)wallet;
	if (!waits.over)
		return 0;
	*result = waits;
	result->verdict = UNCIA_NOTICE_PAID;
	recorded = this_run = true;
	waits.over = false;
	return 1;
}

int __wrap_uncia_notice_acknowledge(struct uncia_wallet *wallet, const struct uncia_payment_id *which);
WRAPS int __wrap_uncia_notice_acknowledge(struct uncia_wallet *wallet, const struct uncia_payment_id *which)
{
	(void)wallet, (void)which;
	ck_assert(recorded);
	if (stores())
		acknowledged = true;
	return killed ? UNCIA_E_IO : 0;
}

const char *__wrap_uncia_network_currency(const struct uncia_network *network);
WRAPS const char *__wrap_uncia_network_currency(const struct uncia_network *network)
{
	(void)network;
	return "UNC";
}

/* Bob is pinned. */
int __wrap_uncia_pin_count(struct uncia_wallet *wallet, size_t *count);
WRAPS int __wrap_uncia_pin_count(struct uncia_wallet *wallet, size_t *count)
{
	(void)wallet;
	*count = 1;
	return 0;
}

int __wrap_uncia_pin_at(struct uncia_wallet *wallet, size_t number, struct uncia_pin *pin);
WRAPS int __wrap_uncia_pin_at(struct uncia_wallet *wallet, size_t number, struct uncia_pin *pin)
{
	(void)wallet, (void)number;
	strcpy(pin->own, "irc:net/alice");
	strcpy(pin->handle, "irc:net/bob");
	strcpy(pin->address, "unc1bob");
	return 0;
}

int __wrap_uncia_pin_find(struct uncia_wallet *wallet, const struct uncia_peer *peer, struct uncia_pin *pin);
WRAPS int __wrap_uncia_pin_find(struct uncia_wallet *wallet, const struct uncia_peer *peer, struct uncia_pin *pin)
{
	(void)peer;
	return __wrap_uncia_pin_at(wallet, 0, pin);
}

int __wrap_uncia_address_parse(const char *text, struct uncia_address *address);
WRAPS int __wrap_uncia_address_parse(const char *text, struct uncia_address *address)
{
	ck_assert_str_eq(text, "unc1bob");
	memset(address->account, 1, sizeof(address->account));
	return 0;
}

static void show(void *context, const struct conversation *where, const char *line)
{
	(void)context;
	ck_assert_str_eq(where->peer, "irc:net/bob");
	if (killed)
		return;
	received += strncmp(line, "✔ Received 1.50 UNC at ", 25) == 0;
	maybe += strstr(line, "(it may have been shown before)") != NULL;
	notes += strstr(line, "\"the wine\"") != NULL;
}

static void record(void *context, const char *line)
{
	(void)context, (void)line;
}

/* The client is started. */
static void begin(void)
{
	free(p);
	p = calloc(1, sizeof(*p));
	ck_assert_ptr_nonnull(p);
	p->client.show = show;
	p->client.record = record;
	p->wallet = (struct uncia_wallet *)p; /* never looked into */
	p->opened_ms = CAME_MS + 1;
	this_run = killed = false;
}

static void setup(void)
{
	received = maybe = notes = calls = killed_at = 0;
	recorded = acknowledged = no_floor = fails = false;
	waits = (struct uncia_notice_result){.over = false};
	watched = true;
	begin();
	p->opened_ms = CAME_MS - 1;
}

static void teardown(void)
{
	free(p);
	p = NULL;
}

/* A notice, and what has come of those before it. */
static void hear(bool delayed)
{
	const struct plugin_message message = {
	    .where = {.window = "1", .own = "irc:net/alice", .peer = "irc:net/bob", .name = "bob"}, .delayed = delayed};
	notices_heard(p, &message, "a notice");
}

START_TEST(it_is_told_once_whichever_comes_first_and_its_note_once)
{
	for (int order = 0; order < 2; order++) {
		setup();
		for (int i = 0; i < 3; i++) {
			if (order == 0)
				incoming_take(p);
			hear(false);
			incoming_take(p);
		}
		ck_assert_uint_eq(received, 1);
		ck_assert_uint_eq(notes, 1);
		ck_assert(acknowledged && !watched);
		/* Nor in a run to come, though the watch was not acknowledged, say; and an old message has no news. */
		watched = true;
		begin();
		incoming_take(p);
		hear(true);
		ck_assert(!watched);
		ck_assert_uint_eq(received, 1);
		ck_assert_uint_eq(notes, 1);
	}
}
END_TEST

/* In each call that stores something, with its effect and without it. Whatever may be told a second time says so, and
 * nothing is told never. */
START_TEST(wherever_the_client_is_killed_it_is_told_once_or_said_to_be_told_again)
{
	for (unsigned n = 1; n < 12; n++) {
		setup();
		killed_at = 1 + n / 4;
		killed_after = n & 1;
		bool notice_first = n & 2;
		if (notice_first)
			hear(false);
		incoming_take(p);
		begin();
		incoming_take(p);
		if (!notice_first)
			hear(false);
		incoming_take(p);
		ck_assert_msg(received >= 1 && received - maybe <= 1, "%u: %u %u", n, received, maybe);
		ck_assert_msg(acknowledged && !watched, "%u", n);
		/* Where the notice was shown and acknowledged, nothing is told again at all. */
		if (notice_first && killed_at == 3)
			ck_assert_uint_eq(received, 1);
	}
}
END_TEST

/* A record that cannot be read does not hold up what comes in. */
START_TEST(a_record_that_cannot_be_read_keeps_nothing_back)
{
	fails = true;
	incoming_take(p);
	ck_assert_uint_eq(received, 1);
	ck_assert_uint_eq(maybe, 1);
	ck_assert(!watched);
}
END_TEST

/* The home does not know yet from where on notices count: what has come of that is recorded when it does. */
START_TEST(what_was_shown_before_notices_count_is_recorded_when_they_do)
{
	no_floor = true;
	incoming_take(p);
	ck_assert_uint_eq(received, 1);
	no_floor = false;
	notices_take(p);
	ck_assert(acknowledged);
	hear(false);
	ck_assert_uint_eq(received, 1);
	ck_assert_uint_eq(notes, 1);
}
END_TEST

/* libuncia has told the notice as paid, and nobody has taken that yet, as the watch tells of the payment. */
START_TEST(what_its_notice_is_about_to_tell_is_told)
{
	no_floor = true; /* it is not known at once */
	hear(false);
	ck_assert_uint_eq(received, 0);
	no_floor = false;
	recorded = recorded_by_notice = this_run = true;
	incoming_take(p);
	ck_assert(!watched);
	notices_take(p);
	ck_assert_uint_eq(received, 1);
	ck_assert_uint_eq(notes, 1);
	hear(false);
	ck_assert_uint_eq(received, 1);
	ck_assert_uint_eq(notes, 1);
}
END_TEST

/* By the notice, or by a watch of its own; and here it is one payment, with its note. */
START_TEST(what_another_program_of_the_home_was_first_to_tell_is_shown_here_too)
{
	for (int order = 0; order < 2; order++) {
		setup();
		recorded = recorded_by_notice = acknowledged = true;
		if (order == 0)
			incoming_take(p);
		hear(false);
		incoming_take(p);
		hear(false);
		ck_assert_uint_eq(received, 1);
		ck_assert_uint_eq(maybe, 1);
		ck_assert_uint_eq(notes, 1);
		ck_assert(!watched);
		/* Not once more in a run to come. */
		watched = true;
		begin();
		incoming_take(p);
		hear(true);
		ck_assert_uint_eq(received, 1);
		ck_assert_uint_eq(notes, 1);
	}
}
END_TEST

/* Its notice waited at a server while the client did not run, and comes after the watch. */
START_TEST(an_old_message_tells_the_note_of_what_came_in_just_now)
{
	incoming_take(p);
	hear(true);
	hear(true);
	ck_assert_uint_eq(received, 1);
	ck_assert_uint_eq(notes, 1);
	begin();
	hear(true);
	ck_assert_uint_eq(received, 1);
	ck_assert_uint_eq(notes, 1);
}
END_TEST

UNIT_MAIN_BETWEEN("incoming", setup, teardown, it_is_told_once_whichever_comes_first_and_its_note_once,
                  wherever_the_client_is_killed_it_is_told_once_or_said_to_be_told_again,
                  a_record_that_cannot_be_read_keeps_nothing_back,
                  what_was_shown_before_notices_count_is_recorded_when_they_do,
                  what_its_notice_is_about_to_tell_is_told,
                  what_another_program_of_the_home_was_first_to_tell_is_shown_here_too,
                  an_old_message_tells_the_note_of_what_came_in_just_now)

/* Whatever is ordered in a conversation shows there what becomes of it: what takes long says how it stands, once. The
 * clock and what is known of payments are the test's. */
#include <stdio.h>
#include <time.h>
#include "ordering.h"
#include "paying.h"
#include "tags.h"
#include "unit.h"

#define WRAPS __attribute__((visibility("default")))

static uint64_t now_s;
static char shown[32][PLUGIN_LINE_SIZE];
static unsigned shown_count;
static bool made, ticks;
static enum uncia_payment_state state;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
WRAPS int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock != CLOCK_BOOTTIME)
		return __real_clock_gettime(clock, now);
	*now = (struct timespec){.tv_sec = (time_t)now_s};
	return 0;
}

int __wrap_uncia_wallet_order(struct uncia_wallet *wallet, const struct uncia_payment_request *request);
WRAPS int __wrap_uncia_wallet_order(struct uncia_wallet *wallet, const struct uncia_payment_request *request)
{
	(void)wallet;
	ck_assert_ptr_nonnull(request->key);
	return 0;
}

int __wrap_uncia_wallet_by_key(struct uncia_wallet *wallet, const char *key, struct uncia_payment_id *id);
WRAPS int __wrap_uncia_wallet_by_key(struct uncia_wallet *wallet, const char *key, struct uncia_payment_id *id)
{
	(void)wallet;
	*id = (struct uncia_payment_id){{(uint8_t)key[0]}};
	return made ? 0 : UNCIA_E_NOT_FOUND;
}

int __wrap_uncia_wallet_payment(const struct uncia_wallet *wallet, const struct uncia_payment_id *id,
                                struct uncia_payment *payment);
WRAPS int __wrap_uncia_wallet_payment(const struct uncia_wallet *wallet, const struct uncia_payment_id *id,
                                      struct uncia_payment *payment)
{
	(void)wallet, (void)id;
	payment->state = state;
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
	ck_assert_uint_lt(shown_count, 32);
	snprintf(shown[shown_count++], PLUGIN_LINE_SIZE, "%s", line);
}

static void record(void *context, const char *line)
{
	(void)context, (void)line;
}

static void tick(void *context, bool on)
{
	(void)context;
	ticks = on;
}

static const struct conversation bob = {.window = "1", .own = "irc:net/alice", .peer = "irc:net/bob", .name = "bob"},
                                 carol = {
                                     .window = "2", .own = "irc:net/alice", .peer = "irc:net/carol", .name = "carol"};

static struct plugin *fresh(void)
{
	struct plugin *p = calloc(1, sizeof(*p));
	ck_assert_ptr_nonnull(p);
	p->client.show = show;
	p->client.record = record;
	p->client.tick = tick;
	p->wallet = (struct uncia_wallet *)p; /* never looked into */
	now_s = 1000;
	shown_count = 0;
	made = ticks = false;
	state = UNCIA_PAYMENT_PENDING;
	return p;
}

static void expect(unsigned number, const char *words)
{
	ck_assert_msg(shown_count > number && strstr(shown[number], words), "%u: %s", shown_count,
	              shown_count > number ? shown[number] : words);
}

START_TEST(each_order_that_takes_long_says_so_in_its_conversation)
{
	struct plugin *p = fresh();
	const struct intent first = {.key = "a", .amount = 2000000}, second = {.key = "b", .amount = 3000000};
	const struct intent third = {.key = "c", .amount = 4000000};
	ordering_pay(p, &bob, &first);
	ordering_pay(p, &carol, &second);
	ordering_claim(p, &carol, &third, 86400);
	ck_assert(ticks);
	made = true;
	now_s += 7;
	ck_assert(paying_tick(p));
	ck_assert_uint_eq(shown_count, 0);
	now_s += 1;
	ck_assert(!paying_tick(p));
	ck_assert_uint_eq(shown_count, 3);
	expect(0, "2.00 UNC to bob: on its way, and not paid yet: ");
	expect(1, "3.00 UNC to carol: on its way, and not paid yet: ");
	expect(2, "4.00 UNC for carol: on its way, and not there yet: ");
	now_s += 60;
	ck_assert(!paying_tick(p));
	ck_assert_uint_eq(shown_count, 3);
	free(p);
}
END_TEST

START_TEST(what_had_its_end_before_is_not_said_to_be_on_its_way)
{
	struct plugin *p = fresh();
	ordering_pay(p, &bob, &(struct intent){.key = "a", .amount = 2000000});
	made = true;
	state = UNCIA_PAYMENT_FINAL;
	now_s += 8;
	ck_assert(!paying_tick(p));
	ck_assert_uint_eq(shown_count, 0);
	free(p);
}
END_TEST

/* The network is asked what there is before anything is signed, and is away. */
START_TEST(an_order_that_is_not_made_yet_says_so_and_then_its_end)
{
	struct plugin *p = fresh();
	struct uncia_event event = {.size = sizeof(event), .kind = UNCIA_EVENT_ORDER, .error = UNCIA_E_UNREACHABLE};
	ordering_claim(p, &bob, &(struct intent){.key = "a", .amount = 2000000}, 86400);
	now_s += 8;
	for (unsigned i = 0; i < 3; i++)
		ck_assert(paying_tick(p));
	ck_assert_uint_eq(shown_count, 1);
	expect(0, "2.00 UNC for bob: nothing is signed yet.");
	event.tag_size = tag_write(&bob, event.tag);
	paying_event(p, &event);
	ck_assert_uint_eq(shown_count, 2);
	expect(1, "nothing was signed: ");
	now_s += 60;
	ck_assert(!paying_tick(p));
	ck_assert_uint_eq(shown_count, 2);
	free(p);
}
END_TEST

UNIT_MAIN("waiting", each_order_that_takes_long_says_so_in_its_conversation,
          what_had_its_end_before_is_not_said_to_be_on_its_way, an_order_that_is_not_made_yet_says_so_and_then_its_end)

/* A claim that a plugin takes, without a wallet: takes that expired before, and answers about another hold. What is
 * called of libuncia is the test's. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "claims.h"
#include "unit.h"

#define WRAPS __attribute__((visibility("default")))

static char shown[PLUGIN_LINE_SIZE], told[4 * PLUGIN_LINE_SIZE], took_under[PLUGIN_KEY_SIZE + 8];
static unsigned expired_takes, takes;
static bool answer_is_of_another;
static struct uncia_hold_state answer;
static const struct left_by {
	const char *to;
	uint64_t amount;
} * left; /* what took from it, the newest first */
static uint64_t now_s;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
WRAPS int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock != CLOCK_BOOTTIME)
		return __real_clock_gettime(clock, now);
	*now = (struct timespec){.tv_sec = (time_t)now_s};
	return 0;
}

const char *__wrap_uncia_network_currency(const struct uncia_network *network);
WRAPS const char *__wrap_uncia_network_currency(const struct uncia_network *network)
{
	(void)network;
	return "UNC";
}

/* The n-th key that is tried has the take with the id n. */
int __wrap_uncia_wallet_take(struct uncia_wallet *wallet, const struct uncia_take *take, struct uncia_payment_id *id);
WRAPS int __wrap_uncia_wallet_take(struct uncia_wallet *wallet, const struct uncia_take *take,
                                   struct uncia_payment_id *id)
{
	(void)wallet;
	ck_assert_uint_eq(take->outputs[0].amount, answer.balance);
	snprintf(took_under, sizeof(took_under), "%s", take->payment_key);
	memset(id, 0, sizeof(*id));
	((uint8_t *)id)[0] = (uint8_t)++takes;
	return 0;
}

int __wrap_uncia_wallet_payment(const struct uncia_wallet *wallet, const struct uncia_payment_id *id,
                                struct uncia_payment *payment);
WRAPS int __wrap_uncia_wallet_payment(const struct uncia_wallet *wallet, const struct uncia_payment_id *id,
                                      struct uncia_payment *payment)
{
	(void)wallet;
	bool expired = ((const uint8_t *)id)[0] <= expired_takes;
	payment->state = expired ? UNCIA_PAYMENT_EXPIRED : UNCIA_PAYMENT_PENDING;
	return 0;
}

int __wrap_uncia_wallet_address(const struct uncia_wallet *wallet, char address[UNCIA_ADDRESS_TEXT_SIZE]);
WRAPS int __wrap_uncia_wallet_address(const struct uncia_wallet *wallet, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	(void)wallet;
	strcpy(address, "unc1own");
	return 0;
}

int __wrap_uncia_wallet_hold_state(const struct uncia_wallet *wallet, struct uncia_hold_state *state);
WRAPS int __wrap_uncia_wallet_hold_state(const struct uncia_wallet *wallet, struct uncia_hold_state *state)
{
	(void)wallet;
	*state = answer;
	strcpy(state->id, answer_is_of_another ? "hold:another" : "hold:this");
	return 0;
}

int __wrap_uncia_receipt_hold(const struct uncia_receipt *receipt, uint32_t number, struct uncia_hold *hold);
WRAPS int __wrap_uncia_receipt_hold(const struct uncia_receipt *receipt, uint32_t number, struct uncia_hold *hold)
{
	(void)receipt, (void)number;
	strcpy(hold->id, "hold:this");
	strcpy(hold->home, "unc1home");
	return 0;
}

const struct uncia_receipt *__wrap_uncia_wallet_hold_receipt(const struct uncia_wallet *wallet, uint32_t number);
WRAPS const struct uncia_receipt *__wrap_uncia_wallet_hold_receipt(const struct uncia_wallet *wallet, uint32_t number)
{
	(void)wallet;
	return number < answer.left_count ? (const struct uncia_receipt *)&left[number] : NULL;
}

int __wrap_uncia_receipt_payment(const struct uncia_receipt *receipt, struct uncia_payment *payment);
WRAPS int __wrap_uncia_receipt_payment(const struct uncia_receipt *receipt, struct uncia_payment *payment)
{
	const struct left_by *by = (const struct left_by *)receipt;
	strcpy(payment->to, by->to);
	payment->amount = by->amount;
	payment->output_count = 1;
	return 0;
}

/* Accounts of the test are told apart by their fifth letters. */
int __wrap_uncia_address_parse(const char *text, struct uncia_address *address);
WRAPS int __wrap_uncia_address_parse(const char *text, struct uncia_address *address)
{
	memset(address->account, text[4], sizeof(address->account));
	return 0;
}

int __wrap_uncia_pin_count(struct uncia_wallet *wallet, size_t *count);
WRAPS int __wrap_uncia_pin_count(struct uncia_wallet *wallet, size_t *count)
{
	(void)wallet;
	*count = 0;
	return 0;
}

void __wrap_uncia_receipt_free(struct uncia_receipt *receipt);
WRAPS void __wrap_uncia_receipt_free(struct uncia_receipt *receipt)
{
	(void)receipt;
}

static void show(void *context, const struct conversation *where, const char *line)
{
	(void)context;
	snprintf(shown, sizeof(shown), "%s", line);
	if (where)
		snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", line);
}

static void record(void *context, const char *line)
{
	show(context, NULL, line);
}

static void tick(void *context, bool on)
{
	(void)context, (void)on;
}

static struct plugin *fresh(void)
{
	struct plugin *p = calloc(1, sizeof(*p));
	ck_assert_ptr_nonnull(p);
	p->client.show = show;
	p->client.record = record;
	p->client.tick = tick;
	p->wallet = (struct uncia_wallet *)p; /* never looked into */
	now_s = 1000;
	*shown = *told = *took_under = '\0';
	expired_takes = takes = 0;
	answer_is_of_another = false;
	answer = (struct uncia_hold_state){.size = sizeof(answer), .balance = 5000000};
	return p;
}

static void hear_hold(struct plugin *p)
{
	struct uncia_event event = {.size = sizeof(event), .kind = UNCIA_EVENT_HOLD};
	claims_event(p, &event);
}

static struct plugin *looking(void)
{
	struct plugin *p = fresh();
	p->taking = (struct taking){.stage = TAKING_LOOKS, .synced = true, .claim = {.size = sizeof(p->taking.claim)}};
	return p;
}

START_TEST(a_claim_whose_take_expired_is_taken_again)
{
	for (unsigned before = 0; before < 4; before++) {
		struct plugin *p = looking();
		expired_takes = before;
		hear_hold(p);
		ck_assert_int_eq(p->taking.stage, TAKING_TAKES);
		ck_assert_uint_eq(((const uint8_t *)&p->taking.id)[0], before + 1);
		ck_assert_uint_eq(takes, before + 1);
		ck_assert_uint_eq(strlen(took_under), before ? UNCIA_ID_TEXT_SIZE - 1 + 2 : UNCIA_ID_TEXT_SIZE - 1);
		free(p);
	}
	struct plugin *p = looking();
	expired_takes = 255;
	hear_hold(p);
	ck_assert_int_eq(p->taking.stage, TAKING_NOTHING);
	ck_assert_ptr_nonnull(strstr(shown, "Nothing was taken: "));
	free(p);
}
END_TEST

START_TEST(an_answer_about_another_hold_is_none)
{
	struct plugin *p = looking();
	answer_is_of_another = true;
	hear_hold(p);
	ck_assert_int_eq(p->taking.stage, TAKING_LOOKS);
	ck_assert_uint_eq(takes, 0);
	answer_is_of_another = false;
	hear_hold(p);
	ck_assert_int_eq(p->taking.stage, TAKING_TAKES);
	free(p);
	p = fresh();
	p->given[0].receipt = (struct uncia_receipt *)p; /* never looked into */
	answer = (struct uncia_hold_state){.size = sizeof(answer), .left_count = 1, .complete = true};
	answer_is_of_another = p->asks_given = true;
	hear_hold(p);
	ck_assert_str_eq(shown, "");
	ck_assert_ptr_nonnull(p->given[0].receipt);
	free(p);
}
END_TEST

START_TEST(a_take_that_takes_long_says_how_it_stands)
{
	struct plugin *p = looking();
	p->taking.since_ms = now_s * 1000;
	now_s += 7;
	ck_assert(claims_tick(p));
	ck_assert_str_eq(shown, "");
	now_s += 1;
	ck_assert(!claims_tick(p));
	ck_assert_ptr_nonnull(strstr(shown, "Nothing is taken so far"));
	hear_hold(p);
	ck_assert_int_eq(p->taking.stage, TAKING_TAKES);
	*shown = '\0';
	ck_assert(claims_tick(p));
	ck_assert_str_eq(shown, "");
	now_s += 8;
	ck_assert(!claims_tick(p));
	ck_assert_ptr_nonnull(strstr(shown, "5.00 UNC: the take is on its way, and not final yet: "));
	*shown = '\0';
	now_s += 60;
	ck_assert(!claims_tick(p));
	ck_assert_str_eq(shown, "");
	struct uncia_event event = {
	    .size = sizeof(event), .kind = UNCIA_EVENT_PAYMENT, .error = UNCIA_E_IO, .id = p->taking.id};
	ck_assert(claims_event(p, &event));
	ck_assert_ptr_nonnull(strstr(shown, "The take is on its way still: "));
	free(p);
}
END_TEST

/* What becomes of one that this user has put into a conversation. */
static void become(const struct left_by *by, uint32_t count, const char *lines)
{
	struct plugin *p = fresh();
	left = by;
	p->given[0].receipt = (struct uncia_receipt *)p; /* never looked into */
	answer = (struct uncia_hold_state){.size = sizeof(answer), .left_count = count, .complete = true};
	p->asks_given = true;
	hear_hold(p);
	ck_assert_str_eq(told, lines);
	ck_assert_ptr_null(p->given[0].receipt);
	free(p);
}

START_TEST(of_one_that_was_taken_in_parts_each_part_is_told)
{
	static const struct left_by bob[] = {{"unc1bob", 5000000}}, home[] = {{"unc1home", 5000000}},
	                            parts[] = {{"unc1home", 1000000}, {"unc1carol", 1500000}, {"unc1bob", 2500000}};
	become(bob, 1, "✔ The 5.00 UNC that waited here were taken, by unc1bob.\n");
	become(home, 1, "✔ The 5.00 UNC that waited here came home: nobody has taken them.\n");
	become(parts, 3,
	       "✔ 2.50 UNC of what waited here were taken, by unc1bob.\n"
	       "✔ 1.50 UNC of what waited here were taken, by unc1carol.\n"
	       "✔ 1.00 UNC of what waited here came home.\n");
}
END_TEST

UNIT_MAIN("claims_taking", of_one_that_was_taken_in_parts_each_part_is_told, a_take_that_takes_long_says_how_it_stands,
          a_claim_whose_take_expired_is_taken_again, an_answer_about_another_hold_is_none)

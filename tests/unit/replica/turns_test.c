/* Wallets that bring more than can be checked at once, right or wrong: whose turn it is. */
#include <stdlib.h>
#include <string.h>
#include "message.pb-c.h"
#include "network.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT      INT64_C(1000000)
#define UNDER_WAY 256u  /* checks of wallets' payments at once */
#define EACH_MAX  1024u /* what one may have waiting, of payments below 1 KiB */
#define ALL_MAX   32768u
#define HONEST    1000000u /* the wallet of somebody else */

static struct network *n;
static struct payment *good;
static uint32_t submitted; /* and not seen by the validator yet */

static void up(uint32_t accounts)
{
	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = accounts,
	                                          .balance = 1000 * UNIT,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 1});
	network_start_all(n);
	network_run(n, 2000, NULL, NULL);
	submitted = 0;
	good = fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 60, 77);
}

static void down(void)
{
	payment_free(good);
	network_free(n);
}

static void submit(uint64_t wallet, const struct payment *payment)
{
	network_submit(n, 0, wallet, payment);
	submitted++;
}

static bool one_less(struct network *network, void *context)
{
	(void)network;
	(void)context;
	return submitted-- == 0; /* asked before the first one, too */
}

/* The validator takes what was submitted, one after the other; no verdict is in yet. */
static void take(void)
{
	ck_assert(network_run(n, 0, one_less, NULL));
	submitted = 0;
}

/* The n-th of as many as one likes, none of whose signatures is right. */
static void submit_wrong(uint64_t wallet, uint32_t number)
{
	uint8_t bytes[1024];
	struct payment wrong = *good;

	ck_assert_uint_le(good->size, sizeof(bytes));
	memcpy(bytes, good->bytes, good->size);
	/* Another nonce, under the same signature. */
	uint8_t *nonce = memmem(bytes, good->size, good->nonce, NONCE_SIZE);
	ck_assert_ptr_nonnull(nonce);
	memcpy(nonce, &number, sizeof(number));
	nonce[NONCE_SIZE - 1] ^= 1;
	wrong.bytes = bytes;
	submit(wallet, &wrong);
}

/* How many answers there are of validator 0 to a wallet (0: to anybody) that are refusals with this code. */
static unsigned refusals(uint64_t wallet, int code)
{
	unsigned found = 0;
	size_t count;

	take();
	const struct reply *replies = network_replies(n, &count);

	for (size_t i = 0; i < count; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, replies[i].size, replies[i].message);
		ck_assert_ptr_nonnull(reply);
		if ((!wallet || replies[i].wallet == wallet) &&
		    reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL && (int)reply->refusal->code == -code)
			found++;
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	return found;
}

static size_t waiting(void)
{
	struct replica_load load;

	take();
	network_load(n, 0, &load);
	ck_assert_uint_le(load.waiting, ALL_MAX);
	ck_assert_uint_le(load.verifying, UNDER_WAY);
	return load.waiting;
}

START_TEST(a_flood_of_wrong_signatures_keeps_no_good_payment_out)
{
	up(4);
	for (uint32_t i = 0; i < 20000; i++)
		submit_wrong(1 + i % 5, i);
	submit(HONEST, good);
	/* Those under way, and what each may have waiting; the rest is refused. */
	ck_assert_uint_eq(waiting(), 5 * EACH_MAX + 1);
	ck_assert_uint_eq(refusals(0, UNCIA_E_FULL), 20000 - 5 * EACH_MAX - UNDER_WAY);
	ck_assert(network_run(n, 5000, network_paid, good));
	ck_assert_uint_eq(refusals(HONEST, UNCIA_E_FULL), 0);
	ck_assert_uint_eq(waiting(), 0);
	down();
}
END_TEST

START_TEST(who_brings_wrong_signatures_is_told_twice_and_then_dropped_with_all_that_waits)
{
	up(4);
	for (uint32_t i = 0; i < UNDER_WAY + 500; i++)
		submit_wrong(1, i);
	submit_wrong(2, 100000);
	submit(HONEST, good);
	ck_assert_uint_eq(waiting(), 502);
	ck_assert(network_run(n, 5000, network_paid, good));
	ck_assert_uint_eq(refusals(1, UNCIA_E_SIGNATURE), 2);
	ck_assert_uint_eq(refusals(2, UNCIA_E_SIGNATURE), 1);
	ck_assert_uint_eq(refusals(HONEST, UNCIA_E_SIGNATURE), 0);
	/* One who was wrong twice may still be right. */
	submit_wrong(2, 100001);
	take();
	network_run(n, 100, NULL, NULL);
	struct payment *other = fixture_payment(network_fixture(n), 0, 2, UNIT, network_now_s(n) + 60, 78);
	network_submit(n, 0, 2, other);
	ck_assert(network_run(n, 5000, network_paid, other));
	payment_free(other);
	down();
}
END_TEST

/* Of those that come in the same moment: the one's stands behind what is under way, and one of each other. */
START_TEST(a_payment_waits_for_one_of_each_other_wallet_however_many_they_bring)
{
	enum { SENDERS = 100, OF_EACH = 40, WALLETS = 10 };
	static struct payment *payments[SENDERS * OF_EACH];
	size_t count, before = 0;

	up(SENDERS);
	const struct reply *replies = network_replies(n, &count);
	size_t begin = count;
	for (uint32_t i = 0; i < SENDERS * OF_EACH; i++) {
		payments[i] = fixture_payment(network_fixture(n), i % SENDERS, (i + 1) % SENDERS, UNIT / 100,
		                              network_now_s(n) + 60, 1000 + i);
		submit(1 + i % WALLETS, payments[i]);
	}
	submit(HONEST, good);
	ck_assert_uint_eq(waiting(), SENDERS * OF_EACH - UNDER_WAY + 1);
	ck_assert(network_run(n, 20000, network_paid, good));
	replies = network_replies(n, &count);
	for (size_t i = begin; i < count && replies[i].wallet != HONEST; i++)
		before++;
	ck_assert_uint_ge(before, UNDER_WAY);
	ck_assert_uint_le(before, 2 * UNDER_WAY + WALLETS); /* a turn of checks is answered at once */
	for (uint32_t i = 0; i < SENDERS * OF_EACH; i++) {
		ck_assert(network_run(n, 20000, network_paid, payments[i]));
		payment_free(payments[i]);
	}
	down();
}
END_TEST

START_TEST(where_no_more_can_wait_the_wallet_with_most_gives_way)
{
	enum { CROWD = ALL_MAX / EACH_MAX };

	up(4);
	for (uint32_t i = 0; i < UNDER_WAY + CROWD * EACH_MAX; i++)
		submit_wrong(1 + i % CROWD, i);
	submit_wrong(3, 1000000); /* has as many as anybody */
	submit(HONEST, good);
	ck_assert_uint_eq(refusals(3, UNCIA_E_FULL), 1);
	ck_assert_uint_eq(refusals(0, UNCIA_E_FULL), 2);
	ck_assert_uint_eq(refusals(HONEST, UNCIA_E_FULL), 0);
	ck_assert_uint_eq(waiting(), ALL_MAX);
	ck_assert(network_run(n, 5000, network_paid, good));
	down();
}
END_TEST

START_TEST(what_waits_of_a_wallet_goes_with_its_link)
{
	up(4);
	for (uint32_t i = 0; i < UNDER_WAY + 300; i++)
		submit_wrong(1, i);
	submit(2, good);
	ck_assert_uint_eq(waiting(), 301);
	network_wallet_closed(n, 0, 1);
	network_wallet_closed(n, 0, 2);
	network_run(n, 0, NULL, NULL);
	ck_assert_uint_eq(waiting(), 0);
	ck_assert(!network_run(n, 3000, network_paid, good));
	network_submit(n, 0, 3, good);
	ck_assert(network_run(n, 3000, network_paid, good));
	down();
}
END_TEST

UNIT_MAIN("turns", a_flood_of_wrong_signatures_keeps_no_good_payment_out,
          who_brings_wrong_signatures_is_told_twice_and_then_dropped_with_all_that_waits,
          a_payment_waits_for_one_of_each_other_wallet_however_many_they_bring,
          where_no_more_can_wait_the_wallet_with_most_gives_way, what_waits_of_a_wallet_goes_with_its_link)

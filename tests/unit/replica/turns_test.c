/* Wallets that bring more than can be checked at once, right or wrong: whose turn it is. */
#include <stdlib.h>
#include <string.h>
#include "message.pb-c.h"
#include "network.h"
#include "origins.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT      INT64_C(1000000)
#define UNDER_WAY 256u  /* checks of wallets' payments at once */
#define EACH_MAX  1024u /* what one may have waiting, of payments below 1 KiB */
#define ALL_MAX   32768u
#define HONEST    1000000u /* the wallet of somebody else */
#define SUSPECTS  8u       /* checks of those at once whose address has sent wrong ones */

static struct network *n;
static struct payment *good;
static uint32_t submitted; /* and not seen by the validator yet */

static void up_with(uint32_t accounts, uint32_t verify_us)
{
	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = accounts,
	                                          .balance = 1000 * UNIT,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 1,
	                                          .verify_us = verify_us});
	network_start_all(n);
	network_run(n, 2000, NULL, NULL);
	submitted = 0;
	good = fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 60, 77);
}

static void up(uint32_t accounts)
{
	up_with(accounts, 0);
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

/* ---- addresses --------------------------------------------------------------------------------------- */

static struct payment *right(uint32_t account, uint32_t number)
{
	return fixture_payment(network_fixture(n), account, 1, UNIT, network_now_s(n) + 60, number);
}

static void pay(uint64_t wallet, uint32_t account, uint32_t number)
{
	struct payment *payment = right(account, number);

	network_submit(n, 0, wallet, payment);
	ck_assert(network_run(n, 5000, network_paid, payment));
	payment_free(payment);
}

/* How many signatures of a source validator 0 has checked. */
static uint64_t checked(uint32_t source)
{
	return network_signatures(n, 0, source);
}

static bool one_more_of_good_standing(struct network *network, void *context)
{
	(void)network;
	return checked(VERIFY_SOURCE_WALLETS) > *(uint64_t *)context;
}

START_TEST(wrong_signatures_of_an_address_are_in_nobody_elses_batch)
{
	enum { ADDRESS = 7, LINKS = 20 };
	const uint32_t good_ones = VERIFY_SOURCE_WALLETS, newcomers = VERIFY_SOURCE_NEWCOMERS,
	               suspects = VERIFY_SOURCE_SUSPECTS(ADDRESS);

	up_with(4, 1000);
	/* Whoever is new is among newcomers, and after a right signature among those of good standing. */
	pay(HONEST, 2, 1);
	ck_assert_uint_eq(checked(newcomers), 1);
	ck_assert_uint_eq(checked(good_ones), 0);
	pay(HONEST, 2, 2);
	pay(ADDRESS, 3, 3);
	pay(ADDRESS, 3, 4);
	ck_assert_uint_eq(checked(newcomers), 2);
	ck_assert_uint_eq(checked(good_ones), 2);
	/* One that is wrong is a mistake that they have to bear. */
	submit_wrong(ADDRESS, 0);
	take();
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(checked(good_ones), 3);
	/* From then on all of that address wait for themselves, by whatever link, and few are checked at a time. */
	for (uint32_t i = 0; i < 400; i++)
		submit_wrong(ADDRESS + NETWORK_ADDRESSES * (1 + i % LINKS), 1 + i);
	struct replica_load load;
	uint64_t right_ones = checked(good_ones), wrong_ones = checked(suspects);
	network_run(n, 0, NULL, NULL);
	network_load(n, 0, &load);
	ck_assert_uint_eq(load.verifying, SUSPECTS);
	network_submit(n, 0, HONEST, good);
	ck_assert(network_run(n, 100, one_more_of_good_standing, &right_ones));
	ck_assert_uint_le(checked(suspects), wrong_ones + 2);
	ck_assert(network_run(n, 5000, network_paid, good));
	network_run(n, 1000, NULL, NULL);
	submitted = 0;
	ck_assert_uint_eq(waiting(), 0);
	ck_assert_uint_eq(checked(good_ones), 4);
	ck_assert_uint_eq(checked(newcomers), 2);
	/* The third ends each link, and what waits of it is not looked at. */
	ck_assert_uint_ge(checked(suspects), 3 * LINKS);
	ck_assert_uint_le(checked(suspects), 3 * LINKS + SUSPECTS);
	/* Whoever else is behind that address is served, among suspects, until a minute has passed. */
	uint64_t before = checked(suspects);
	pay(ADDRESS + NETWORK_ADDRESSES * 100, 3, 5);
	pay(ADDRESS + NETWORK_ADDRESSES * 100, 3, 8);
	ck_assert_uint_eq(checked(suspects), before + 2);
	network_run(n, 60000, NULL, NULL);
	pay(ADDRESS + NETWORK_ADDRESSES * 101, 3, 6);
	ck_assert_uint_eq(checked(newcomers), 3);
	pay(ADDRESS + NETWORK_ADDRESSES * 101, 3, 7);
	ck_assert_uint_eq(checked(good_ones), 5);
	down();
}
END_TEST

/* Those who wait when the first verdict comes in are moved behind the others, and back when time has passed. */
START_TEST(who_waits_when_his_address_comes_to_be_suspect_stands_behind_nobody_but_suspects)
{
	enum { ADDRESS = 9, LINKS = 40 };

	up(4);
	for (uint32_t i = 0; i < UNDER_WAY + LINKS * 20; i++)
		submit_wrong(ADDRESS + NETWORK_ADDRESSES * (i % LINKS), i);
	submit(ADDRESS + NETWORK_ADDRESSES * LINKS, good);
	struct payment *other = right(2, 1);
	submit(HONEST, other);
	take();
	ck_assert(network_run(n, 5000, network_paid, other));
	ck_assert(network_run(n, 5000, network_paid, good));
	ck_assert_uint_eq(waiting(), 0);
	ck_assert_uint_le(checked(VERIFY_SOURCE_NEWCOMERS), UNDER_WAY + 1);
	payment_free(other);
	down();
}
END_TEST

static uint64_t checked_of_suspects(void)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < VERIFY_SUSPECT_QUEUES; i++)
		all += checked(VERIFY_SOURCE_SUSPECTS(i));
	return all;
}

static bool one_more_of_suspect_5(struct network *network, void *context)
{
	(void)network;
	return checked(VERIFY_SOURCE_SUSPECTS(5)) > *(uint64_t *)context;
}

/* However many addresses somebody has made suspects of, and however much waits over each of their links, whoever shares
 * the fate of one waits for one of each of those links, as among all others. */
START_TEST(who_is_suspect_waits_for_one_of_each_other_suspects_link)
{
	enum { ADDRESS = 5, FIRST = 2000, CROWD = 100, LINKS = 2 * CROWD, OF_EACH = 40 };
	uint32_t number = 0;

	up_with(4, 1000);
	submit_wrong(ADDRESS, number++);
	for (uint32_t i = 0; i < CROWD; i++) /* none in his queue of the verifier */
		submit_wrong(FIRST + 8 * i + i % 5, number++);
	take();
	network_run(n, 1000, NULL, NULL);
	ck_assert_uint_eq(waiting(), 0);
	for (uint32_t i = 0; i < LINKS * OF_EACH; i++)
		submit_wrong(FIRST + 8 * (i % CROWD) + i % CROWD % 5 + NETWORK_ADDRESSES * (1 + i / CROWD % 2),
		             number++);
	submit(ADDRESS + NETWORK_ADDRESSES, good);
	ck_assert_uint_eq(waiting(), LINKS * OF_EACH + 1 - SUSPECTS);
	uint64_t before = checked_of_suspects(), own = checked(VERIFY_SOURCE_SUSPECTS(ADDRESS));
	ck_assert(network_run(n, 5000, one_more_of_suspect_5, &own));
	ck_assert_uint_le(checked_of_suspects(), before + LINKS + 2 * SUSPECTS + 1);
	ck_assert(network_run(n, 5000, network_paid, good));
	down();
}
END_TEST

/* Whoever has a /48 of IPv6 has 65,536 addresses, and hundreds of links a second: what is wrong there makes suspects of
 * those addresses, not of others that are kept in the same places. */
START_TEST(wrong_signatures_of_thousands_of_addresses_make_no_other_address_suspect)
{
	enum { FIRST = 1024, ADDRESSES = 4000, OTHERS = 20 };
	const uint32_t newcomers = VERIFY_SOURCE_NEWCOMERS;

	static_assert(FIRST + ADDRESSES + ORIGIN_PLACES < NETWORK_ADDRESSES, "two addresses in one place");
	up(4);
	for (uint32_t i = 0; i < ADDRESSES; i++)
		submit_wrong(FIRST + i, i);
	take();
	network_run(n, 2000, NULL, NULL);
	ck_assert_uint_eq(waiting(), 0);
	ck_assert_uint_eq(checked_of_suspects(), 0); /* each address was wrong once */
	uint64_t before = checked(newcomers);
	for (uint32_t i = 0; i < OTHERS; i++)
		pay(FIRST + ORIGIN_PLACES + i, 2, 1 + i);
	ck_assert_uint_eq(checked(newcomers), before + OTHERS);
	pay(FIRST + ADDRESSES - 1, 3, 1);
	ck_assert_uint_eq(checked(VERIFY_SOURCE_SUSPECTS(FIRST + ADDRESSES - 1)), 1);
	down();
}
END_TEST

UNIT_MAIN("turns", wrong_signatures_of_thousands_of_addresses_make_no_other_address_suspect,
          wrong_signatures_of_an_address_are_in_nobody_elses_batch,
          who_is_suspect_waits_for_one_of_each_other_suspects_link,
          who_waits_when_his_address_comes_to_be_suspect_stands_behind_nobody_but_suspects,
          a_flood_of_wrong_signatures_keeps_no_good_payment_out,
          who_brings_wrong_signatures_is_told_twice_and_then_dropped_with_all_that_waits,
          a_payment_waits_for_one_of_each_other_wallet_however_many_they_bring,
          where_no_more_can_wait_the_wallet_with_most_gives_way, what_waits_of_a_wallet_goes_with_its_link)

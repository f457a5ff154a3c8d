/* The pool: limits, fairness, eviction, expiry, walks that are disturbed, short ids. Payments here are signed by
 * nobody: the pool looks at their fields only. */
#include "dies.h"
#include "big_endian.h"
#include "mempool.h"
#include <stdio.h>
#include "uncia/error.h"
#include "unit.h"

static const uint8_t seed[16] = "a seed of tables";
static struct mempool *pool;

static void open_pool(uint32_t size_max, uint32_t per_sender_max)
{
	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(mempool_new(size_max, per_sender_max, seed, &pool), 0);
}

/* The `number`-th payment of a sender; `twin` tells apart those of one id. */
static struct payment *make_payment(uint32_t sender, uint32_t number, uint32_t twin, uint32_t expires_at)
{
	struct payment *p = calloc(1, sizeof(*p));
	uint32_t parts[3] = {sender, number, twin};
	struct hash id;

	ck_assert_ptr_nonnull(p);
	p->references = 1;
	memcpy(p->sender.b, &sender, sizeof(sender));
	hash1(HASH_PAYMENT, parts, 2 * sizeof(parts[0]), &id);
	memcpy(p->id.b, id.b, sizeof(p->id.b));
	hash1(HASH_PAYMENT_WHOLE, parts, sizeof(parts), &p->whole);
	p->expires_at = expires_at;
	memcpy(p->nonce, &number, sizeof(number));
	return p;
}

static uint32_t sender_of(const struct pooled *p)
{
	uint32_t sender;

	memcpy(&sender, p->payment->sender.b, sizeof(sender));
	return sender;
}

static uint32_t number_of(const struct pooled *p)
{
	uint32_t number;

	memcpy(&number, p->payment->nonce, sizeof(number));
	return number;
}

static int try_add(uint32_t sender, uint32_t number, uint32_t twin, uint32_t expires_at, struct pooled **pooled)
{
	struct payment *p = make_payment(sender, number, twin, expires_at);
	int rc = mempool_add(pool, p, 0, pooled);

	if (rc)
		payment_free(p);
	return rc;
}

static struct pooled *add(uint32_t sender, uint32_t number)
{
	struct pooled *p;

	ck_assert_int_eq(try_add(sender, number, 0, 1000, &p), 0);
	return p;
}

static struct pooled *add_ready_payment(uint32_t sender, uint32_t number)
{
	struct pooled *p = add(sender, number);

	ck_assert_int_eq(mempool_verified(pool, p), 0);
	return p;
}

/* Takes one in and verifies it; what is not kept then leaves at once. */
static int try_ready(uint32_t sender, uint32_t number)
{
	struct pooled *p;
	int rc = try_add(sender, number, 0, 1000, &p);

	if (rc)
		return rc;
	rc = mempool_verified(pool, p);
	if (rc)
		mempool_remove(pool, p);
	return rc;
}

static struct pooled *find(uint32_t sender, uint32_t number)
{
	struct payment *p = make_payment(sender, number, 0, 0);
	struct pooled *found = mempool_find(pool, &p->whole);

	payment_free(p);
	return found;
}

/* "1.0 2.0 1.1": sender.number of each. */
static void check_walk(const char *expected)
{
	struct mempool_walk walk;
	struct pooled *p;
	char text[512] = "", one[32];

	mempool_walk_begin(pool, &walk);
	while ((p = mempool_walk_next(pool, &walk))) {
		snprintf(one, sizeof(one), "%s%u.%u", *text ? " " : "", sender_of(p), number_of(p));
		strncat(text, one, sizeof(text) - strlen(text) - 1);
	}
	ck_assert_str_eq(text, expected);
	ck_assert_ptr_null(mempool_walk_next(pool, &walk));
}

START_TEST(add_keeps_payment_and_knows_it_again)
{
	struct pooled *p, *again;

	open_pool(10, 5);
	p = add(1, 0);
	ck_assert_int_eq(p->state, POOLED_VERIFYING);
	ck_assert_uint_eq(mempool_count(pool), 1);
	ck_assert_uint_eq(mempool_ready(pool), 0);
	ck_assert_int_eq(try_add(1, 0, 0, 1000, &again), UNCIA_E_EXISTS);
	ck_assert_ptr_eq(again, p);
	ck_assert_ptr_eq(find(1, 0), p);
	ck_assert_ptr_null(find(1, 1));
	mempool_remove(pool, p);
	ck_assert_ptr_null(find(1, 0));
	ck_assert_uint_eq(mempool_count(pool), 0);
	mempool_free(pool);
	mempool_free(NULL);
}
END_TEST

START_TEST(verdict_is_of_the_whole_payment_not_of_its_id)
{
	struct pooled *genuine, *forged;

	open_pool(10, 5);
	ck_assert_int_eq(try_add(1, 0, 0, 1000, &genuine), 0);
	ck_assert_int_eq(try_add(1, 0, 1, 1000, &forged), 0);
	mempool_verified(pool, genuine);
	ck_assert_int_eq(forged->state, POOLED_VERIFYING);
	ck_assert_ptr_eq(mempool_find_id(pool, &genuine->payment->id), genuine);
	ck_assert_ptr_eq(mempool_find(pool, &forged->payment->whole), forged);
	/* Whichever came first, the verified one is found; without one, the other. */
	mempool_remove(pool, genuine);
	ck_assert_ptr_eq(mempool_find_id(pool, &forged->payment->id), forged);
	ck_assert_int_eq(try_add(1, 0, 0, 1000, &genuine), 0);
	mempool_verified(pool, forged);
	ck_assert_ptr_eq(mempool_find_id(pool, &forged->payment->id), forged);
	mempool_remove(pool, forged);
	ck_assert_ptr_eq(mempool_find_id(pool, &genuine->payment->id), genuine);
	struct payment_id id = genuine->payment->id;
	mempool_remove(pool, genuine);
	ck_assert_ptr_null(mempool_find_id(pool, &id));
	mempool_free(pool);
}
END_TEST

START_TEST(sender_over_its_limit_is_refused_and_others_are_not)
{
	open_pool(100, 3);
	for (uint32_t i = 0; i < 3; i++)
		add_ready_payment(1, i);
	ck_assert_int_eq(try_ready(1, 3), UNCIA_E_LIMIT);
	add_ready_payment(2, 0);
	mempool_remove(pool, find(1, 1));
	add_ready_payment(1, 3);
	mempool_free(pool);
}
END_TEST

START_TEST(what_others_forge_in_a_name_takes_none_of_its_places)
{
	struct pooled *p;

	open_pool(100, 3);
	add_ready_payment(2, 0);
	for (uint32_t i = 10; i < 100; i++)
		add(1, i); /* each still to be verified */
	for (uint32_t i = 0; i < 3; i++)
		add_ready_payment(1, i);
	/* Verified all the same, they are over the limit. */
	ck_assert_int_eq(mempool_verified(pool, find(1, 10)), UNCIA_E_LIMIT);
	ck_assert_int_eq(find(1, 10)->state, POOLED_VERIFYING);
	/* As many as may be with the verifier at once; those verified are not pushed out. */
	for (uint32_t i = 0; i < 10; i++)
		add(3, i);
	ck_assert_int_eq(try_add(4, 0, 0, 1000, &p), UNCIA_E_FULL);
	ck_assert_uint_eq(mempool_verifying(pool), 100);
	check_walk("2.0 1.0 1.1 1.2");
	mempool_free(pool);
}
END_TEST

START_TEST(full_pool_evicts_newest_of_whoever_has_most)
{
	open_pool(6, 5);
	for (uint32_t i = 0; i < 4; i++)
		add_ready_payment(1, i);
	add_ready_payment(2, 0);
	add_ready_payment(3, 0);
	/* One that has the most itself is refused. */
	ck_assert_int_eq(try_ready(1, 4), UNCIA_E_FULL);
	add_ready_payment(4, 0);
	ck_assert_ptr_null(find(1, 3));
	ck_assert_uint_eq(mempool_count(pool), 6);
	add_ready_payment(4, 1);
	ck_assert_ptr_null(find(1, 2));
	/* 1 and 4 have two each now: neither may push out the other. */
	ck_assert_int_eq(try_ready(4, 2), UNCIA_E_FULL);
	ck_assert_int_eq(try_ready(1, 5), UNCIA_E_FULL);
	/* Of the two, 1 has had as many for longer. */
	add_ready_payment(5, 0);
	ck_assert_ptr_null(find(1, 1));
	ck_assert_ptr_nonnull(find(4, 1));
	check_walk("1.0 2.0 3.0 4.0 5.0 4.1");
	mempool_free(pool);
}
END_TEST

START_TEST(flood_from_one_sender_leaves_others_their_place)
{
	open_pool(100, 64);
	for (uint32_t i = 0; i < 5; i++)
		add_ready_payment(100 + i, 0);
	for (uint32_t i = 0; i < 1000; i++)
		try_ready(1, i);
	ck_assert_uint_eq(mempool_count(pool), 69);
	check_walk(
	    "100.0 101.0 102.0 103.0 104.0 1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 1.10 1.11 1.12 1.13 1.14 1.15 "
	    "1.16 1.17 1.18 1.19 1.20 1.21 1.22 1.23 1.24 1.25 1.26 1.27 1.28 1.29 1.30 1.31 1.32 1.33 1.34 1.35 "
	    "1.36 1.37 1.38 1.39 1.40 1.41 1.42 1.43 1.44 1.45 1.46 1.47 1.48 1.49 1.50 1.51 1.52 1.53 1.54 1.55 "
	    "1.56 1.57 1.58 1.59 1.60 1.61 1.62 1.63");
	mempool_free(pool);
}
END_TEST

START_TEST(flood_from_many_senders_does_not_lock_out_whoever_comes)
{
	open_pool(1000, 4);
	for (uint32_t i = 0; i < 5000; i++)
		try_ready(1000 + i / 4, i % 4);
	ck_assert_uint_eq(mempool_count(pool), 1000);
	add_ready_payment(1, 0);
	/* Half a pool of further strangers later it is still there, for the next block. */
	for (uint32_t i = 0; i < 500; i++)
		ck_assert_int_eq(try_ready(100000 + i, 0), 0);
	ck_assert_ptr_nonnull(find(1, 0));
	ck_assert_uint_eq(mempool_count(pool), 1000);
	mempool_free(pool);
}
END_TEST

static int try_large(uint32_t sender, uint32_t number)
{
	struct payment *payment = make_payment(sender, number, 0, 1000);
	struct pooled *p;

	payment->size = PAYMENT_SIZE_MAX;
	ck_assert_int_eq(mempool_add(pool, payment, 0, &p), 0);
	return mempool_verified(pool, p);
}

START_TEST(large_payments_take_so_many_bytes_and_no_more)
{
	const uint32_t room = MEMPOOL_LARGE_BYTES_MAX / PAYMENT_SIZE_MAX;

	open_pool(4 * room, 64);
	add_ready_payment(1, 0);
	for (uint32_t i = 0; i < room; i++)
		ck_assert_int_eq(try_large(100 + i, 0), 0);
	ck_assert_uint_eq(mempool_count(pool), 1 + room);
	/* The oldest gives way, be it its own sender's only one; who is small has nothing to do with it. */
	ck_assert_int_eq(try_large(100, 1), 0);
	ck_assert_ptr_null(find(100, 0));
	ck_assert_ptr_nonnull(find(100, 1));
	ck_assert_int_eq(try_large(1, 1), 0);
	ck_assert_ptr_null(find(101, 0));
	ck_assert_ptr_nonnull(find(1, 0));
	ck_assert_uint_eq(mempool_count(pool), 1 + room);
	/* What leaves by itself gives its bytes back. */
	mempool_remove(pool, find(102, 0));
	ck_assert_int_eq(try_large(2, 0), 0);
	ck_assert_ptr_nonnull(find(103, 0));
	ck_assert_uint_eq(mempool_count(pool), 1 + room);
	for (uint32_t i = 0; i < 3 * room; i++)
		try_large(100000 + i / 4, i % 4);
	ck_assert_uint_eq(mempool_count(pool), 1 + room);
	ck_assert_ptr_nonnull(find(1, 0));
	mempool_free(pool);
}
END_TEST

START_TEST(walk_takes_one_of_each_sender_in_turn_oldest_first)
{
	open_pool(100, 10);
	for (uint32_t i = 0; i < 3; i++)
		add_ready_payment(1, i);
	add_ready_payment(2, 0);
	for (uint32_t i = 0; i < 2; i++)
		add_ready_payment(3, i);
	add(4, 0); /* not verified */
	check_walk("1.0 2.0 3.0 1.1 3.1 1.2");
	mempool_free(pool);
}
END_TEST

START_TEST(walk_begins_with_senders_that_the_last_did_not_reach)
{
	struct mempool_walk walk;

	open_pool(100, 10);
	for (uint32_t sender = 1; sender <= 5; sender++)
		add_ready_payment(sender, 0);
	mempool_walk_begin(pool, &walk);
	ck_assert_uint_eq(sender_of(mempool_walk_next(pool, &walk)), 1);
	ck_assert_uint_eq(sender_of(mempool_walk_next(pool, &walk)), 2);
	check_walk("3.0 4.0 5.0 1.0 2.0");
	ck_assert_ptr_null(mempool_walk_next(pool, &walk)); /* ended by the other */
	mempool_free(pool);
}
END_TEST

START_TEST(walk_goes_on_when_its_current_payment_is_parked_or_removed)
{
	struct mempool_walk walk;
	struct pooled *p;
	unsigned seen = 0;

	open_pool(100, 10);
	for (uint32_t i = 0; i < 12; i++)
		add_ready_payment(i % 3, i);
	mempool_walk_begin(pool, &walk);
	while ((p = mempool_walk_next(pool, &walk))) {
		ck_assert_uint_eq(number_of(p), seen);
		if (seen++ % 2)
			mempool_remove(pool, p);
		else
			mempool_park(pool, p, PENDING_FUNDS);
	}
	ck_assert_uint_eq(seen, 12);
	ck_assert_uint_eq(mempool_ready(pool), 0);
	ck_assert_uint_eq(mempool_count(pool), 6);
	check_walk("");
	mempool_free(pool);
}
END_TEST

START_TEST(walk_never_gives_what_was_removed_or_parked_ahead_of_it)
{
	struct mempool_walk walk;

	open_pool(100, 10);
	for (uint32_t i = 0; i < 4; i++)
		add_ready_payment(1, i);
	add_ready_payment(2, 0);
	add_ready_payment(3, 0);
	mempool_walk_begin(pool, &walk);
	ck_assert_uint_eq(sender_of(mempool_walk_next(pool, &walk)), 1);
	mempool_remove(pool, find(1, 1));
	mempool_park(pool, find(1, 2), PENDING_FUNDS);
	mempool_remove(pool, find(2, 0));
	add_ready_payment(4, 0);
	ck_assert_uint_eq(sender_of(mempool_walk_next(pool, &walk)), 3);
	struct pooled *last = mempool_walk_next(pool, &walk);
	ck_assert_uint_eq(sender_of(last), 1);
	ck_assert_uint_eq(number_of(last), 3);
	mempool_remove(pool, last);
	ck_assert_ptr_null(mempool_walk_next(pool, &walk));
	mempool_free(pool);
}
END_TEST

START_TEST(parked_payments_wait_until_their_sender_is_unparked)
{
	open_pool(100, 10);
	struct pooled *first = add_ready_payment(1, 0);

	add_ready_payment(1, 1);
	mempool_park(pool, first, PENDING_FUNDS);
	mempool_park(pool, first, PENDING_KEY);
	ck_assert_int_eq(first->state, POOLED_PARKED);
	ck_assert_int_eq(first->reason, PENDING_KEY);
	check_walk("1.1");
	mempool_unpark(pool, &(struct address){{9}});
	check_walk("1.1");
	mempool_unpark(pool, &first->payment->sender);
	ck_assert_int_eq(first->reason, PENDING_WAITING);
	check_walk("1.0 1.1");
	ck_assert_uint_eq(mempool_ready(pool), 2);
	/* One that was parked leaves, another's still waits. */
	struct pooled *other = add_ready_payment(2, 0);
	mempool_park(pool, first, PENDING_FUNDS);
	mempool_park(pool, other, PENDING_FUNDS);
	mempool_remove(pool, first);
	check_walk("1.1");
	mempool_unpark(pool, &other->payment->sender);
	check_walk("1.1 2.0");
	mempool_free(pool);
}
END_TEST

static void check_expiry(uint64_t now_s, uint32_t left)
{
	mempool_expire(pool, now_s);
	ck_assert_uint_eq(mempool_count(pool), left);
}

static void add_verified_until(uint32_t sender, uint32_t number, uint32_t expires_at)
{
	struct pooled *p;

	ck_assert_int_eq(try_add(sender, number, 0, expires_at, &p), 0);
	ck_assert_int_eq(mempool_verified(pool, p), 0);
}

START_TEST(expiry_removes_what_ends_by_then_and_nothing_else)
{
	open_pool(100, 20);
	add_verified_until(1, 0, 2000000);
	add_verified_until(1, 1, 2000001);
	add_verified_until(2, 2, 2000001 + 4096); /* the same bucket, a turn later */
	add_verified_until(2, 3, UINT32_MAX);
	check_expiry(1999999, 4);
	check_expiry(2000000, 3);
	ck_assert_ptr_null(find(1, 0));
	/* Already past: goes with the next second, not with this one again. */
	add_verified_until(3, 4, 5);
	check_expiry(2000000, 4);
	check_expiry(1000000, 4); /* time never goes back */
	check_expiry(2000001, 2);
	check_expiry(2000001 + 4095, 2);
	check_expiry(2000001 + 4096, 1);
	check_expiry(UINT32_MAX, 0);
	mempool_free(pool);
}
END_TEST

/* Whoever waits for a verdict still holds what the pool gave him. */
static void check_gone(struct pooled *p)
{
	ck_assert_int_eq(p->state, POOLED_GONE);
	ck_assert_ptr_null(p->payment);
	mempool_remove(pool, p);
}

static void remove_final(const struct payment_id *id)
{
	struct payment of_block = {.id = *id};
	struct payment *const list = &of_block;

	mempool_remove_final(pool, &list, 1);
}

/* Some of a block were never here, one is here under two signatures, and others are not of the block. */
START_TEST(of_any_number_of_final_payments_each_leaves_and_no_other)
{
	for (uint32_t count = 0; count < 40; count++) {
		struct payment *block[40];
		struct pooled *twin = NULL;
		open_pool(100, 100);
		for (uint32_t i = 0; i < count; i++)
			block[i] = i % 5 == 4 ? make_payment(9, i, 0, 1000)
			                      : payment_ref(add_ready_payment(i % 3, i)->payment);
		for (uint32_t i = 0; i < 10; i++)
			add_ready_payment(5, 1000 + i);
		if (count)
			ck_assert_int_eq(try_add(0, 0, 1, 1000, &twin), 0);
		mempool_remove_final(pool, block, count);
		ck_assert_uint_eq(mempool_count(pool), 10);
		for (uint32_t i = 0; i < count; i++) {
			ck_assert_ptr_null(mempool_find_id(pool, &block[i]->id));
			payment_free(block[i]);
		}
		if (twin)
			check_gone(twin);
		mempool_free(pool);
	}
}
END_TEST

START_TEST(final_payments_leave_under_every_signature_and_whoever_waits_for_a_verdict_is_told)
{
	struct pooled *first, *second, *other;
	struct payment_id id;

	open_pool(10, 5);
	first = add_ready_payment(1, 0);
	ck_assert_int_eq(try_add(1, 0, 1, 1000, &second), 0);
	other = add(1, 1);
	id = first->payment->id;
	remove_final(&id);
	ck_assert_ptr_null(mempool_find_id(pool, &id));
	ck_assert_uint_eq(mempool_count(pool), 1);
	ck_assert_uint_eq(mempool_verifying(pool), 1);
	ck_assert_uint_eq(mempool_ready(pool), 0);
	check_gone(second);
	/* What is gone is nobody's twin: it may come again. */
	first = add(1, 0);
	ck_assert_uint_eq(mempool_count(pool), 2);
	mempool_expire(pool, 1000);
	ck_assert_uint_eq(mempool_count(pool), 0);
	check_gone(first);
	check_gone(other);
	remove_final(&id); /* nothing there */
	mempool_free(pool);
}
END_TEST

static void short_id_put(uint8_t *to, const struct hash *block_id, const struct payment *payment)
{
	struct hash key;

	hash1(HASH_SHORT_ID, block_id->b, HASH_SIZE, &key);
	be64_put(to, siphash(key.b, payment->whole.b, HASH_SIZE));
}

static void check_matched(const struct hash *block_id, const uint8_t *ids, uint32_t count,
                          struct payment *const *expected)
{
	struct short_ids *sought;
	uint32_t missing = 0;

	ck_assert_int_eq(short_ids_new(block_id, ids, count, &sought), 0);
	mempool_match(pool, sought);
	for (uint32_t i = 0; i < count; i++) {
		ck_assert_ptr_eq(short_ids_payments(sought)[i], expected[i]);
		missing += !expected[i];
	}
	ck_assert_uint_eq(short_ids_missing(sought), missing);
	short_ids_free(sought);
}

START_TEST(match_offers_what_is_verified_and_nothing_else)
{
	enum { N = 500 };
	const struct hash block_id = {"of one block"};
	uint8_t ids[8 * N];
	struct payment *expected[N];

	open_pool(N, 10);
	for (uint32_t i = 0; i < N; i++) {
		struct pooled *p = add(i / 10, i);
		if (i % 3)
			mempool_verified(pool, p);
		if (i % 3 == 2)
			mempool_park(pool, p, PENDING_FUNDS);
		expected[i] = i % 3 ? p->payment : NULL;
		short_id_put(ids + 8 * i, &block_id, p->payment);
	}
	check_matched(&block_id, ids, N, expected);
	/* Those that leave are not found any more, those that moved in the table still are. */
	for (uint32_t i = 0; i < N; i += 7) {
		mempool_remove(pool, find(i / 10, i));
		expected[i] = NULL;
	}
	check_matched(&block_id, ids, N, expected);
	mempool_free(pool);
}
END_TEST

enum { SENDERS = 12, NUMBERS = 40 };
static struct pooled *awaited[SENDERS][NUMBERS]; /* added, without a verdict yet */

static void drop_gone(uint32_t sender, uint32_t number)
{
	if (awaited[sender][number])
		check_gone(awaited[sender][number]);
	awaited[sender][number] = NULL;
}

/* One step with a payment of which the pool holds `p`, or nothing. */
static void random_step(uint32_t choice, uint32_t sender, uint32_t number, struct pooled *p)
{
	struct pooled *added;

	switch (choice) {
	case 0:
	case 1:
	case 2:
		ck_assert_int_eq(try_add(sender, number, 0, 1000 + number, &added) == UNCIA_E_EXISTS, p != NULL);
		if (!p && find(sender, number))
			awaited[sender][number] = added;
		break;
	case 3:
		if (p && mempool_verified(pool, p) == 0)
			awaited[sender][number] = NULL;
		break;
	case 4:
		if (p && p->state != POOLED_VERIFYING)
			mempool_park(pool, p, PENDING_FUNDS);
		break;
	case 5:
		if (p)
			mempool_unpark(pool, &p->payment->sender);
		ck_assert(!p || p->state != POOLED_PARKED);
		break;
	default:
		if (p && number % 2) {
			struct payment_id id = p->payment->id;
			remove_final(&id);
			drop_gone(sender, number);
		} else if (p) {
			mempool_remove(pool, p);
			awaited[sender][number] = NULL;
		}
	}
}

/* Random steps against plain counts, so that every list is taken apart in every order. */
START_TEST(random_steps_keep_the_counts_right)
{
	enum { STEPS = 30000 };
	uint32_t state = 1;
	struct mempool_walk walk = {0};

	open_pool(100, 15);
	for (int step = 0; step < STEPS; step++) {
		state = state * 1664525u + 1013904223u;
		uint32_t sender = (state >> 8) % SENDERS, number = (state >> 16) % NUMBERS, choice = (state >> 28) % 8;
		uint32_t given = 0;
		if (choice < 7) {
			random_step(choice, sender, number, find(sender, number));
		} else {
			struct pooled *p = mempool_walk_next(pool, &walk);
			if (p)
				ck_assert_int_eq(p->state, POOLED_READY);
			if (p && state & 1 << 20)
				continue; /* leave this walk under way */
			mempool_walk_begin(pool, &walk);
			while (mempool_walk_next(pool, &walk))
				given++;
			ck_assert_uint_eq(given, mempool_ready(pool));
			mempool_walk_begin(pool, &walk);
		}
		ck_assert_uint_le(mempool_count(pool) - mempool_verifying(pool), 100);
		ck_assert_uint_le(mempool_verifying(pool), 100);
	}
	mempool_expire(pool, 1000 + NUMBERS);
	for (uint32_t i = 0; i < SENDERS * NUMBERS; i++)
		drop_gone(i / NUMBERS, i % NUMBERS);
	ck_assert_uint_eq(mempool_count(pool), 0);
	ck_assert_uint_eq(mempool_ready(pool), 0);
	mempool_free(pool);
}
END_TEST

static struct pooled *misused;

static void call_park(void)
{
	mempool_park(pool, misused, PENDING_FUNDS);
}
static void call_verified(void)
{
	ck_assert_int_eq(mempool_verified(pool, misused), 0);
}

START_TEST(state_that_cannot_follow_dies)
{
	open_pool(10, 10);
	misused = add(1, 0);
	ck_assert(dies(call_park) && !dies(call_verified));
	mempool_expire(pool, 1000);
	ck_assert_int_eq(misused->state, POOLED_GONE);
	ck_assert(dies(call_park) && dies(call_verified));
	mempool_remove(pool, misused);
	misused = add_ready_payment(1, 1);
	ck_assert(!dies(call_park) && !dies(call_verified));
	mempool_free(pool);
}
END_TEST

START_TEST(payments_of_one_sender_are_listed)
{
	const struct payment *list[3];
	const struct address nobody = {{9}};

	open_pool(10, 5);
	for (uint32_t number = 1; number <= 4; number++) {
		add_ready_payment(1, number);
		add_ready_payment(2, 10 + number);
	}
	add(1, 20); /* not verified: anybody could have made it */
	const struct address sender = find(1, 1)->payment->sender;
	mempool_park(pool, find(1, 2), PENDING_FUNDS);
	ck_assert_uint_eq(mempool_of_sender(pool, &sender, list, 3), 3);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_ptr_eq(list[i], find(1, i + 1)->payment);
	mempool_remove(pool, find(1, 1));
	mempool_remove(pool, find(1, 3));
	ck_assert_uint_eq(mempool_of_sender(pool, &sender, list, 3), 2);
	ck_assert_ptr_eq(list[1], find(1, 4)->payment);
	ck_assert_uint_eq(mempool_of_sender(pool, &nobody, list, 3), 0);
	mempool_free(pool);
}
END_TEST

UNIT_MAIN("mempool", payments_of_one_sender_are_listed, state_that_cannot_follow_dies,
          add_keeps_payment_and_knows_it_again, verdict_is_of_the_whole_payment_not_of_its_id,
          sender_over_its_limit_is_refused_and_others_are_not, what_others_forge_in_a_name_takes_none_of_its_places,
          full_pool_evicts_newest_of_whoever_has_most, flood_from_one_sender_leaves_others_their_place,
          flood_from_many_senders_does_not_lock_out_whoever_comes, large_payments_take_so_many_bytes_and_no_more,
          walk_takes_one_of_each_sender_in_turn_oldest_first, walk_begins_with_senders_that_the_last_did_not_reach,
          walk_goes_on_when_its_current_payment_is_parked_or_removed,
          walk_never_gives_what_was_removed_or_parked_ahead_of_it, parked_payments_wait_until_their_sender_is_unparked,
          expiry_removes_what_ends_by_then_and_nothing_else,
          final_payments_leave_under_every_signature_and_whoever_waits_for_a_verdict_is_told,
          of_any_number_of_final_payments_each_leaves_and_no_other, match_offers_what_is_verified_and_nothing_else,
          random_steps_keep_the_counts_right)

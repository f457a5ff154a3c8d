/* Validators that pass on what is of no use, or too much: what they take from the others. */
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "message.pb-c.h"
#include "network.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT     INT64_C(1000000)
#define PLACES   16128u /* checks of gossip at once: of these half for whoever comes, half divided among four */
#define IN_ONE   2400u  /* payments in a message of half a MiB */
#define LIAR     3
#define HONEST   2
#define DISTINCT 7654321u

static struct network *n;
static unsigned drops[4];

static void on_dropped(void *context, uint32_t node, uint32_t peer)
{
	(void)context;
	if (node == 0)
		drops[peer]++;
}

static void up_with_places(uint32_t verify_ms, uint32_t verify_us, uint32_t mempool_max)
{
	memset(drops, 0, sizeof(drops));
	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = 4,
	                                          .balance = 1000 * UNIT,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 1,
	                                          .verify_ms = verify_ms,
	                                          .verify_us = verify_us,
	                                          .mempool_max = mempool_max,
	                                          .dropped = on_dropped});
	network_start_all(n);
	network_run(n, 2000, NULL, NULL);
}

static void up_with(uint32_t verify_ms, uint32_t verify_us)
{
	up_with_places(verify_ms, verify_us, 0);
}

static void up(uint32_t verify_ms)
{
	up_with(verify_ms, 0);
}

static void say(uint32_t from, const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	ck_assert_int_eq(canonical_encode(&message->base, &bytes, &size), 0);
	network_inject(n, from, 0, bytes, size);
	free(bytes);
}

/* All that was said has come. */
static void heard(void)
{
	network_run(n, 5, NULL, NULL);
}

static void gossip_blobs(uint32_t from, Uncia__Pb__Blob *blobs, uint32_t count)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Gossip pb = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Blob **list = calloc(count, sizeof(*list));

	for (uint32_t i = 0; i < count; i++)
		list[i] = &blobs[i];
	pb.payments = list;
	pb.n_payments = count;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP;
	message.gossip = &pb;
	say(from, &message);
	free(list);
}

/* So many like this one, each with another nonce under the same signature; the payment itself where it is one. */
static void gossip(uint32_t from, const struct payment *payment, uint32_t count)
{
	static uint32_t number = DISTINCT;
	Uncia__Pb__Blob *blobs = calloc(count, sizeof(*blobs));
	uint8_t *bytes = malloc(count * payment->size);
	size_t nonce_at =
	    (size_t)((uint8_t *)memmem(payment->bytes, payment->size, payment->nonce, NONCE_SIZE) - payment->bytes);

	for (uint32_t i = 0; i < count; i++) {
		uint8_t *copy = bytes + i * payment->size;
		memcpy(copy, payment->bytes, payment->size);
		number++;
		if (count > 1)
			memcpy(copy + nonce_at, &number, sizeof(number));
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = (ProtobufCBinaryData){payment->size, copy};
	}
	gossip_blobs(from, blobs, count);
	free(bytes);
	free(blobs);
}

/* The first `wrong` of these payments under signatures that do not hold, then the rest as they are. */
static void gossip_mixed(uint32_t from, struct payment *const *payments, uint32_t count, uint32_t wrong)
{
	Uncia__Pb__Blob blobs[8];
	uint8_t bytes[8][1024];

	ck_assert_uint_le(count, 8);
	for (uint32_t i = 0; i < count; i++) {
		const struct payment *payment = payments[i];
		ck_assert_uint_le(payment->size, sizeof(bytes[i]));
		memcpy(bytes[i], payment->bytes, payment->size);
		uint8_t *signature = memmem(bytes[i], payment->size, payment->signature, SIGNATURE_SIZE);
		ck_assert_ptr_nonnull(signature);
		if (i < wrong)
			*signature ^= 1;
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = (ProtobufCBinaryData){payment->size, bytes[i]};
	}
	gossip_blobs(from, blobs, count);
}

static struct payment *pay(uint32_t from, int64_t expires_in, uint64_t nonce)
{
	return fixture_payment(network_fixture(n), from, 1, UNIT, (uint32_t)((int64_t)network_now_s(n) + expires_in),
	                       nonce);
}

static uint64_t left_alone(void)
{
	struct replica_status status;

	network_status(n, 0, &status);
	return status.dropped;
}

static size_t places_taken(void)
{
	struct replica_load load;

	network_load(n, 0, &load);
	return load.checking;
}

static size_t verifying(void)
{
	struct replica_load load;

	network_load(n, 0, &load);
	return load.verifying;
}

START_TEST(gossip_of_no_use_is_looked_at_for_a_while_and_then_left)
{
	up(0);
	struct payment *expired = pay(0, -10, 1), *far = pay(0, 100000, 2), *good = pay(0, 60, 3),
	               *late = pay(0, 60, 4);
	for (int i = 0; i < 100; i++)
		gossip(LIAR, i % 2 ? expired : far, IN_ONE);
	heard();
	/* Two MiB, and what began before they were over. */
	ck_assert_uint_ge(left_alone(), 95);
	ck_assert_uint_le(left_alone(), 98);
	/* Nobody else pays for it, and in time the liar is heard again. */
	gossip(HONEST, good, 1);
	ck_assert_uint_eq(drops[LIAR], 0);
	uint64_t left = left_alone();
	network_run(n, 1000, NULL, NULL);
	gossip(LIAR, late, 1);
	heard();
	ck_assert_uint_eq(left_alone(), left);
	network_query_payment(n, 0, 9, &good->id);
	network_query_payment(n, 0, 9, &late->id);
	ck_assert(network_run(n, 5000, network_paid, good));
	ck_assert(network_run(n, 5000, network_paid, late));
	payment_free(expired);
	payment_free(far);
	payment_free(good);
	payment_free(late);
	network_free(n);
}
END_TEST

/* As from a wallet that submits to all: each passes it on. */
START_TEST(gossip_that_is_held_counts_for_little)
{
	up(0);
	struct payment *good = pay(0, 60, 3);
	network_crash(n, 1); /* so that it stays */
	network_crash(n, 2);
	network_run(n, 10, NULL, NULL);
	gossip(LIAR, good, 1);
	heard();
	for (uint32_t i = 0; i < 10000; i++)
		gossip(LIAR, good, 1);
	heard();
	ck_assert_uint_eq(left_alone(), 0);
	payment_free(good);
	network_free(n);
}
END_TEST

START_TEST(gossip_of_one_leaves_places_for_the_others)
{
	up(10000);
	struct payment *wrong = pay(0, 60, 1), *good = pay(2, 60, 2);
	for (uint32_t i = 0; i < 10; i++)
		gossip(LIAR, wrong, IN_ONE);
	heard();
	ck_assert_uint_le(verifying(), PLACES / 2);
	ck_assert_uint_ge(verifying(), PLACES / 2 - PLACES / 20); /* some verdicts are in at once */
	size_t before = verifying();
	gossip(HONEST, wrong, 1000);
	heard();
	ck_assert_uint_ge(verifying(), before + 900);
	before = verifying();
	network_submit(n, 0, 1, good);
	network_run(n, 0, NULL, NULL);
	ck_assert_uint_eq(verifying(), before + 1);
	payment_free(wrong);
	payment_free(good);
	network_free(n);
}
END_TEST

/* A wallet waits for payments that the balance does not cover, and a validator passes on others of their ids, whose
 * signatures do not hold. Its link ends for what it said before; what it leaves behind is checked for the wallet's
 * sake, and not laid to its charge: it goes on waiting, for a good one among them, too. */
START_TEST(what_a_liar_leaves_behind_is_not_laid_to_the_wallet_that_waits_for_it)
{
	enum { WAITS = 5, WALLET = 1 };
	struct payment *waits[WAITS + 1];
	size_t replies;

	up_with(0, 2000);
	for (uint32_t i = 0; i < WAITS; i++) {
		waits[i] = fixture_payment(network_fixture(n), 0, 1, 2000 * UNIT, network_now_s(n) + 60, i);
		network_submit(n, 0, WALLET, waits[i]);
	}
	struct payment *wrong = pay(3, 60, 101), *good = waits[WAITS] = pay(2, 60, 102);
	network_run(n, 200, NULL, NULL);
	ck_assert_uint_eq(verifying(), 0);
	gossip(LIAR, wrong, 20);
	heard();
	gossip_mixed(LIAR, waits, WAITS + 1, WAITS);
	heard();
	ck_assert_uint_eq(verifying(), 20 + WAITS + 1);
	network_submit(n, 0, WALLET, good);
	ck_assert(network_run(n, 5000, network_paid, good));
	ck_assert_uint_eq(drops[LIAR], 1);
	ck_assert_uint_eq(verifying(), 0);
	ck_assert_uint_eq(places_taken(), 0);
	const struct reply *list = network_replies(n, &replies);
	for (size_t i = 0; i < replies; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, list[i].size, list[i].message);
		ck_assert_ptr_nonnull(reply);
		ck_assert_int_ne(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_REFUSAL);
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	for (uint32_t i = 0; i <= WAITS; i++)
		payment_free(waits[i]);
	payment_free(wrong);
	network_free(n);
}
END_TEST

/* The pool's places are 4, and its sender has them all: what a validator passes on of the same sender, and a wallet
 * submits as well before it is checked, has none. The wallet was told that it waits, and is told that it does not. */
START_TEST(who_waits_for_what_was_passed_on_is_told_that_it_has_no_place)
{
	enum { POOL = 4, WALLET = 2 };
	size_t replies;
	unsigned pending = 0, refused = 0;

	up_with_places(0, 20000, POOL);
	for (uint32_t i = 0; i <= POOL; i++) {
		struct payment *payment =
		    fixture_payment(network_fixture(n), 0, 1, 2000 * UNIT, network_now_s(n) + 60, i);
		if (i < POOL) {
			network_submit(n, 0, 1, payment);
			network_run(n, 200, NULL, NULL);
		} else {
			gossip(HONEST, payment, 1);
			heard();
			ck_assert_uint_eq(verifying(), 1);
			network_submit(n, 0, WALLET, payment);
		}
		payment_free(payment);
	}
	network_run(n, 200, NULL, NULL);
	ck_assert_uint_eq(verifying(), 0);
	const struct reply *list = network_replies(n, &replies);
	for (size_t i = 0; i < replies; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, list[i].size, list[i].message);
		ck_assert_ptr_nonnull(reply);
		pending += list[i].wallet == WALLET && reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_PENDING;
		refused += list[i].wallet == WALLET && reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL &&
		           reply->refusal->code == (uint32_t)-UNCIA_E_FULL;
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	ck_assert_uint_eq(pending, 1);
	ck_assert_uint_eq(refused, 1);
	network_free(n);
}
END_TEST

START_TEST(messages_larger_than_their_kind_end_the_link_and_are_not_decoded)
{
	static const struct {
		uint8_t first; /* a field, and that it has a length */
		size_t limit;
	} kinds[] = {{1 << 3 | 2, MESSAGE_SIZE_BLOCK_MAX},
	             {2 << 3 | 2, VOTE_SIZE_MAX + 64},
	             {3 << 3 | 2, CERTIFICATE_SIZE_MAX + 64},
	             {4 << 3 | 2, MESSAGE_SIZE_GOSSIP_MAX},
	             {5 << 3 | 2, 256},
	             {6 << 3 | 2, MESSAGE_SIZE_BLOCK_MAX},
	             {7 << 3 | 2, 256},
	             {8 << 3 | 2, 256},
	             {9 << 3 | 2, MESSAGE_SIZE_VALIDATOR_MAX},
	             {10 << 3 | 2, 256},
	             {11 << 3 | 2, VOTE_SIZE_MAX + 64},
	             {12 << 3 | 2, 256},
	             {13 << 3 | 2, 0},
	             {1 << 3, 0}};
	uint8_t *bytes = calloc(1, MESSAGE_SIZE_VALIDATOR_MAX + 1);

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		up(0);
		bytes[0] = kinds[i].first;
		network_inject(n, LIAR, 0, bytes, kinds[i].limit + 1);
		heard();
		ck_assert_uint_eq(drops[LIAR], 1);
		network_free(n);
	}
	free(bytes);
}
END_TEST

UNIT_MAIN("gossip", gossip_of_no_use_is_looked_at_for_a_while_and_then_left, gossip_that_is_held_counts_for_little,
          gossip_of_one_leaves_places_for_the_others,
          what_a_liar_leaves_behind_is_not_laid_to_the_wallet_that_waits_for_it,
          who_waits_for_what_was_passed_on_is_told_that_it_has_no_place,
          messages_larger_than_their_kind_end_the_link_and_are_not_decoded)

/* Blocks that are not settled: their states, what is told of them as news, what is wanted and what is forgotten. That
 * bodies are executed and become final is the business of tests of whole networks. */
#include <time.h>
#include "chain.h"
#include "dies.h"
#include "ledger_rig.h"
#include "uncia/error.h"
#include "unit.h"

static struct rig *rig;
static struct mempool *pool;
static struct chain chain;
static struct header genesis;

static void open_chain(void)
{
	const uint8_t seed[16] = {1};

	rig = rig_new();
	ck_assert_int_eq(mempool_new(10, 10, seed, &pool), 0);
	chain_init(&chain, &rig->network.genesis.committee, rig->ledger, pool);
	genesis = (struct header){0};
	genesis_block_id(&rig->network.genesis, &genesis.id);
	ck_assert_int_eq(chain_begin(&chain, &genesis, 1), 0);
	ck_assert_ptr_eq(chain_next_news(&chain), chain.settled);
	ck_assert_ptr_null(chain_next_news(&chain));
}

static void close_chain(void)
{
	chain_deinit(&chain);
	mempool_free(pool);
	rig_free(rig);
}

/* A block of one view on the genesis, without payments. */
static struct header header_of(uint64_t view)
{
	const struct committee *committee = &rig->network.genesis.committee;
	struct header header = {.epoch = committee->epoch,
	                        .view = view,
	                        .height = 1,
	                        .parent_id = genesis.id,
	                        .timestamp_ms = rig->network.genesis.timestamp_ms + view,
	                        .committee_hash = committee->hash,
	                        .proposer = committee_leader(committee, view)};
	struct hash *tree = block_tree(NULL, 0);

	ck_assert_ptr_nonnull(tree);
	header.payments_root = *merkle_root(tree, 0);
	free(tree);
	ck_assert_int_eq(ledger_settled_root(rig->ledger, &header.parent_state_root), 0);
	ck_assert_int_eq(header_encode(&header), 0);
	return header;
}

static struct chain_block *named(const struct header *header)
{
	const struct header name = {.id = header->id, .view = header->view};

	ck_assert_int_eq(chain_want_named(&chain, &name, 5, 9), 0);
	return chain_find(&chain, &header->id);
}

static struct chain_block *added(uint64_t view)
{
	const struct header header = header_of(view);
	struct chain_block *block;

	ck_assert_int_eq(chain_add(&chain, &header, 5, &block), 0);
	return block;
}

static void complete(struct chain_block *block)
{
	ck_assert_int_eq(chain_complete(&chain, block, calloc(1, sizeof(struct payment *)), block_tree(NULL, 0)), 0);
}

START_TEST(block_becomes_news_with_its_header_its_body_and_its_verdict)
{
	open_chain();
	const struct header header = header_of(1);
	struct chain_block *block = named(&header), *again;
	ck_assert_int_eq(block->state, CHAIN_NAMED);
	ck_assert_ptr_null(chain_next_news(&chain)); /* of a name there is nothing to say */
	ck_assert_int_eq(chain_add(&chain, &header, 6, &again), 0);
	ck_assert_ptr_eq(again, block);
	ck_assert_int_eq(block->state, CHAIN_HEADER);
	ck_assert_ptr_eq(chain_next_news(&chain), block);
	ck_assert_int_eq(chain_add(&chain, &header, 7, &again), 0);
	ck_assert_ptr_null(chain_next_news(&chain));
	complete(block);
	ck_assert(chain_has_body(block));
	ck_assert_int_eq(chain_execute(&chain, block), 1);
	ck_assert_int_eq(block->state, CHAIN_EXECUTED);
	ck_assert_ptr_eq(chain_next_news(&chain), block); /* once, however much is new */
	ck_assert_ptr_null(chain_next_news(&chain));
	close_chain();
}
END_TEST

START_TEST(block_that_breaks_a_rule_is_invalid_and_so_is_what_stands_on_it)
{
	open_chain();
	struct header header = header_of(1), child = header_of(2);
	struct chain_block *block, *above;
	header.height = 2; /* on the genesis */
	ck_assert_int_eq(header_encode(&header), 0);
	ck_assert_int_eq(chain_add(&chain, &header, 5, &block), 0);
	child.parent_id = header.id;
	child.height = 3;
	ck_assert_int_eq(header_encode(&child), 0);
	ck_assert_int_eq(chain_add(&chain, &child, 5, &above), 0);
	complete(block);
	complete(above);
	ck_assert_int_eq(chain_execute(&chain, above), 0);
	ck_assert_int_eq(block->state, CHAIN_INVALID);
	ck_assert_int_eq(above->state, CHAIN_INVALID);
	chain_want(&chain, block, 9);
	ck_assert_uint_eq(block->fetch_at, CHAIN_NEVER);
	close_chain();
}
END_TEST

/* Neither mark of an epoch's end is of this version's blocks (consensus 6.9). */
START_TEST(block_that_would_end_the_epoch_is_invalid)
{
	open_chain();
	for (uint64_t view = 1; view <= 2; view++) {
		struct header header = header_of(view);
		struct chain_block *block;
		header.reconfigures = view == 1;
		header.closing = view == 2;
		ck_assert_int_eq(header_encode(&header), 0);
		ck_assert_int_eq(chain_add(&chain, &header, 5, &block), 0);
		complete(block);
		ck_assert_int_eq(chain_execute(&chain, block), 0);
		ck_assert_int_eq(block->state, CHAIN_INVALID);
	}
	close_chain();
}
END_TEST

START_TEST(what_is_forgotten_is_no_news_and_nobodys_parent)
{
	open_chain();
	struct chain_block *block = added(1), *other = added(2);
	struct header child = header_of(3);
	struct chain_block *above;
	child.parent_id = block->header.id;
	child.height = 2;
	ck_assert_int_eq(header_encode(&child), 0);
	ck_assert_int_eq(chain_add(&chain, &child, 5, &above), 0);
	ck_assert_ptr_eq(chain_parent(&chain, above), block);
	chain_drop(&chain, block);
	ck_assert_ptr_null(above->parent);
	ck_assert_ptr_eq(chain_next_news(&chain), other);
	ck_assert_ptr_eq(chain_next_news(&chain), above);
	ck_assert_ptr_null(chain_next_news(&chain));
	/* The last of the list can go, too, and what comes after it is still found. */
	struct chain_block *last = added(4);
	chain_drop(&chain, last);
	struct chain_block *next = added(5);
	ck_assert_ptr_eq(chain_next_news(&chain), next);
	close_chain();
}
END_TEST

START_TEST(block_made_twice_is_held_once)
{
	open_chain();
	const struct header header = header_of(1);
	struct chain_block *first = NULL, *second = NULL;
	for (struct chain_block **block = &first; block; block = block == &first ? &second : NULL) {
		struct chain_made made = {.header = &header,
		                          .parent = chain.settled,
		                          .payments = calloc(1, sizeof(struct payment *)),
		                          .tree = block_tree(NULL, 0)};
		ck_assert_int_eq(ledger_begin(rig->ledger, NULL, 1, header.timestamp_ms, &made.executed), 0);
		ledger_end(made.executed, &header.id);
		ck_assert_int_eq(chain_add_made(&chain, &made, 5, block), 0);
	}
	ck_assert_ptr_eq(first, second);
	ck_assert_int_eq(first->state, CHAIN_EXECUTED);
	ck_assert_uint_eq(HASH_COUNT(chain.blocks), 2);
	close_chain();
}
END_TEST

START_TEST(body_is_asked_for_at_its_own_pace_once_it_was)
{
	open_chain();
	const struct header header = header_of(1);
	struct chain_block *block = named(&header);
	ck_assert_uint_eq(chain_wake(&chain), 9);
	chain_want(&chain, block, 7);
	ck_assert_uint_eq(chain_wake(&chain), 7); /* sooner is possible, */
	block->fetch_tries = 1;
	block->fetch_at = 250;
	chain_want(&chain, block, 8);
	ck_assert_uint_eq(chain_wake(&chain), 250); /* but not once somebody was asked */
	close_chain();
}
END_TEST

START_TEST(few_bodies_are_asked_for_at_a_time_and_those_not_answered_again)
{
	struct chain_block *block;
	open_chain();
	for (uint64_t view = 1; view <= 3 * CHAIN_ASKED_MAX; view++)
		chain_want(&chain, added(view), 10);
	ck_assert_ptr_null(chain_next_wanted(&chain, 9));
	ck_assert_uint_eq(chain_wake(&chain), 10);
	for (uint64_t i = 0; i < CHAIN_ASKED_MAX; i++) {
		block = chain_next_wanted(&chain, 10);
		ck_assert_uint_eq(block->header.view, i + 1);
		chain_asked(&chain, block, 260 + i);
	}
	ck_assert_ptr_null(chain_next_wanted(&chain, 10));
	ck_assert_uint_eq(chain_wake(&chain), 260);
	complete(chain.asked); /* one comes: the next may be asked for */
	block = chain_next_wanted(&chain, 11);
	ck_assert_uint_eq(block->header.view, CHAIN_ASKED_MAX + 1);
	chain_asked(&chain, block, 300);
	ck_assert_ptr_null(chain_next_wanted(&chain, 11));
	/* Others first, then those again that were not answered. */
	block = chain_next_wanted(&chain, 262);
	ck_assert_uint_eq(block->header.view, CHAIN_ASKED_MAX + 2);
	close_chain();
}
END_TEST

START_TEST(heap_gives_the_lowest_view_first_whatever_was_added_named_and_dropped)
{
	struct chain_block *blocks[200];
	struct hash id;
	open_chain();
	for (uint64_t i = 0; i < 200; i++) {
		struct header header = header_of(1 + i * 37 % 200); /* each view once */
		const struct header name = {.id = header.id, .view = header.view + 1000};
		ck_assert_int_eq(chain_want_named(&chain, &name, 1, CHAIN_NEVER), 0); /* its view is not known yet */
		ck_assert_int_eq(chain_add(&chain, &header, 1, &blocks[header.view - 1]), 0);
	}
	for (uint64_t view = 2; view <= 200; view += 3)
		chain_drop(&chain, blocks[view - 1]);
	for (uint64_t view = 1; view <= 200; view++) {
		chain.tip->header.view = view - 1;
		ck_assert(!chain_prune(&chain, &id));
		chain.tip->header.view = view;
		ck_assert(chain_prune(&chain, &id) == (view % 3 != 2));
	}
	ck_assert_uint_eq(chain.heap_count, 0);
	close_chain();
}
END_TEST

/* A chain of final blocks without payments, `count` of them above the tip, bodies held: the last one. */
static struct chain_block *run_of(uint64_t count)
{
	struct chain_block *block = chain.tip;
	struct header header = header_of(1);

	for (uint64_t i = 0; i < count; i++) {
		header.parent_id = block->header.id;
		header.height = block->header.height + 1;
		header.view = block->header.view + 1;
		header.timestamp_ms++;
		header.proposer = committee_leader(&rig->network.genesis.committee, header.view);
		ck_assert_int_eq(header_encode(&header), 0);
		ck_assert_int_eq(chain_add(&chain, &header, 5, &block), 0);
		complete(block);
		block->journaled = true;
	}
	return block;
}

START_TEST(way_to_a_decided_block_is_walked_in_short_pieces_each_block_once)
{
	struct header missing;
	struct hash id;
	open_chain();
	struct chain_block *last = run_of(100), *beside = added(500);
	const struct hash other = beside->header.id;
	uint64_t before = chain.visited;
	unsigned pieces = 0;
	while (chain_decided_walk(&chain, last, 7, &missing) == CHAIN_MORE)
		pieces++;
	ck_assert_uint_eq(pieces, 100 / 7);
	ck_assert_uint_le(chain.visited, before + 100 + pieces);
	ck_assert_int_eq(chain_decided_walk(&chain, last, 0, &missing), 1); /* it is known from now on */
	/* A part of it becomes final; the rest stays known. What stands beside it goes, whatever its view. */
	struct chain_block *part = chain.tip;
	for (int i = 0; i < 60; i++)
		part = part->above;
	ck_assert_int_eq(chain_execute(&chain, part), 1);
	ck_assert_ptr_eq(chain_parent(&chain, beside), chain.settled);
	chain_make_final(&chain, part, NULL);
	ck_assert_ptr_eq(chain.tip, part);
	ck_assert_ptr_null(chain.final_certificate);
	ck_assert(chain_prune(&chain, &id));
	ck_assert(hash_equal(&id, &other));
	ck_assert(!chain_prune(&chain, &id));
	ck_assert_int_eq(chain_settle(&chain), 0);
	ck_assert_ptr_eq(chain.settled, part->parent);
	ck_assert_int_eq(chain_decided_walk(&chain, last, 0, &missing), 1);
	ck_assert_uint_eq(chain.tip->above->header.height, 61);
	close_chain();
}
END_TEST

START_TEST(walk_stops_at_what_is_missing_and_goes_on_from_there)
{
	struct header missing;
	open_chain();
	struct chain_block *last = run_of(30), *gone = last;
	for (int i = 0; i < 10; i++)
		gone = chain_parent(&chain, gone);
	struct header again = gone->header;
	uint64_t height = gone->header.height;
	chain_drop(&chain, gone);
	ck_assert_int_eq(chain_decided_walk(&chain, last, 100, &missing), 0);
	ck_assert_uint_eq(missing.height, height);
	uint64_t before = chain.visited;
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(chain_decided_walk(&chain, last, 100, &missing), 0);
	ck_assert_uint_le(chain.visited, before + 100);
	ck_assert_int_eq(chain_add(&chain, &again, 5, &gone), 0);
	ck_assert_int_eq(chain_decided_walk(&chain, last, 100, &missing), 0); /* its body is missing still */
	ck_assert(hash_equal(&missing.id, &again.id));
	complete(gone);
	ck_assert_int_eq(chain_decided_walk(&chain, last, 100, &missing), 1);
	close_chain();
}
END_TEST

/* What a step does with the chain whatever happens, so often, with that many blocks held that wait for something. */
static double cost_with(uint64_t held, unsigned times)
{
	struct header missing;
	struct timespec begun, ended;
	struct hash id;
	struct chain_block *last;
	uint64_t sum = 0;

	open_chain();
	last = run_of(held);
	chain_drop(&chain, last->parent ? last->parent : chain_parent(&chain, last)); /* decided, and one is missing */
	for (uint64_t view = 1; view <= held; view++)
		chain_want(&chain, added(100000 + view), 10);
	for (uint64_t i = 0; i < CHAIN_ASKED_MAX; i++)
		chain_asked(&chain, chain_next_wanted(&chain, 10), 1000000);
	while (chain_next_news(&chain))
		;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
	for (unsigned i = 0; i < times; i++) {
		sum += (uint64_t)chain_decided_walk(&chain, last, 100, &missing) + chain_prune(&chain, &id);
		sum += chain_wake(&chain) + (chain_next_wanted(&chain, 20) != NULL) + chain_assembles(&chain);
		sum += chain.open_payments + (chain_next_news(&chain) != NULL);
		chain_drop(&chain, added(1000000 + i));
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
	ck_assert_uint_gt(sum, 0);
	close_chain();
	return (double)(ended.tv_sec - begun.tv_sec) * 1e9 + (double)(ended.tv_nsec - begun.tv_nsec);
}

/* Three thousand blocks cost as much as thirty: where one function walked over all of them, it would be a hundred times
 * as much. */
START_TEST(step_costs_the_same_however_many_blocks_are_held)
{
	double least = 1e9;

	for (int tries = 0; tries < 5 && least > 8; tries++) {
		double ratio = cost_with(3000, 2000) / cost_with(30, 2000);
		least = ratio < least ? ratio : least;
	}
	ck_assert_msg(least <= 8, "100 times as many blocks cost %.1f times as much", least);
}
END_TEST

static struct chain_block *misused;
static void body_of_an_invalid_block(void)
{
	chain_move(&chain, misused, CHAIN_BODY);
}
static void executing_what_has_no_body(void)
{
	chain_move(&chain, misused, CHAIN_EXECUTED);
}
static void forgetting_the_tip(void)
{
	chain_drop(&chain, chain.tip);
}

START_TEST(state_that_cannot_follow_dies)
{
	open_chain();
	misused = added(1);
	ck_assert(dies(executing_what_has_no_body));
	ck_assert(dies(forgetting_the_tip));
	chain_invalid(&chain, misused);
	ck_assert(dies(body_of_an_invalid_block));
	close_chain();
}
END_TEST

UNIT_MAIN("chain", block_becomes_news_with_its_header_its_body_and_its_verdict,
          block_that_breaks_a_rule_is_invalid_and_so_is_what_stands_on_it, block_that_would_end_the_epoch_is_invalid,
          what_is_forgotten_is_no_news_and_nobodys_parent, block_made_twice_is_held_once,
          body_is_asked_for_at_its_own_pace_once_it_was,
          few_bodies_are_asked_for_at_a_time_and_those_not_answered_again,
          heap_gives_the_lowest_view_first_whatever_was_added_named_and_dropped,
          way_to_a_decided_block_is_walked_in_short_pieces_each_block_once,
          walk_stops_at_what_is_missing_and_goes_on_from_there, step_costs_the_same_however_many_blocks_are_held,
          state_that_cannot_follow_dies)

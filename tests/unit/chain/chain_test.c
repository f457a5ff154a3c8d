/* Blocks that are not settled: their states, what is told of them as news, what is wanted and what is forgotten. That
 * bodies are executed and become final is the business of tests of whole networks. */
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
          block_that_breaks_a_rule_is_invalid_and_so_is_what_stands_on_it,
          what_is_forgotten_is_no_news_and_nobodys_parent, block_made_twice_is_held_once,
          body_is_asked_for_at_its_own_pace_once_it_was, state_that_cannot_follow_dies)

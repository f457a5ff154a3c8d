/* The consensus module under whatever its caller may hand in, in random order: votes of liars and of honest ones,
 * certificates that honest voters could never have made together, blocks that come, are judged and are forgotten,
 * finality that comes late, full disks, lost links, crashes with votes cast and not yet durable. It must take all of
 * it, and what it casts must keep the rules of docs/spec/consensus.md §6 among themselves, across restarts. Everything
 * follows from a seed. */
#include <stdio.h>
#include "rig.h"
#include "unit.h"

enum { SEEDS = 100, STEPS = 800, BLOCKS = 200, VOTES_MAX = 2048, VIEWS_AHEAD = 4 };

static struct world {
	struct rig rig;
	uint64_t random, final_view;
	unsigned final_block; /* 0: the genesis */
	struct known {
		uint64_t view;
		unsigned parent;
		bool held;
		enum block_check check;
	} blocks[BLOCKS];
	struct vote cast[VOTES_MAX]; /* by all lives */
	size_t cast_count, durable_count;
	struct decided {
		uint64_t view;
		unsigned block;
	} decided;
} w;

static uint64_t random_below(uint64_t end)
{
	uint64_t z = w.random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % end;
}

static uint64_t random_view(void)
{
	uint64_t from = w.final_view > 2 ? w.final_view - 2 : 0;

	if (random_below(4))
		return consensus_view(w.rig.c) - random_below(2);
	return from + random_below(consensus_view(w.rig.c) - from + VIEWS_AHEAD);
}

/* Most often one of the view, so that quorums come about. */
static unsigned random_block(uint64_t view)
{
	unsigned start = (unsigned)random_below(BLOCKS - 1);

	for (unsigned i = 0; i < BLOCKS - 1; i++) {
		unsigned block = 1 + (start + i) % (BLOCKS - 1);
		if (w.blocks[block].view == view)
			return block;
	}
	return 1 + start;
}

/* ---- what is cast ---- */

/* "One first vote a view; each extra vote once, after it and for something else; FINAL for its block, without extras,
 * and last; nothing in a past view." */
static void check_cast(const struct vote *vote)
{
	const struct vote *first = NULL;
	bool extra = false;

	ck_assert_uint_gt(vote->view, w.final_view);
	ck_assert_uint_le(vote->view, consensus_view(w.rig.c));
	ck_assert(consensus_may_vote(w.rig.c));
	for (size_t i = 0; i < w.cast_count; i++) {
		const struct vote *v = &w.cast[i];
		if (v->view != vote->view)
			continue;
		ck_assert_int_ne(v->kind, VOTE_FINAL);
		ck_assert(v->kind != vote->kind || memcmp(&v->block_id, &vote->block_id, HASH_SIZE) != 0);
		if (v->kind == VOTE_NOTAR1 || v->kind == VOTE_SKIP1)
			first = v;
		else
			extra = true;
	}
	bool same = first && memcmp(&first->block_id, &vote->block_id, HASH_SIZE) == 0;
	const struct known *block = &w.blocks[vote->block_id.b[1]];
	switch (vote->kind) {
	case VOTE_NOTAR1:
		ck_assert(!first && !extra && block->held && block->check == BLOCK_VALID && block->view == vote->view);
		break;
	case VOTE_SKIP1:
		ck_assert(!first && !extra);
		break;
	case VOTE_NOTAR2:
		ck_assert(first && !same);
		break;
	case VOTE_SKIP2:
		ck_assert(first && first->kind == VOTE_NOTAR1);
		break;
	case VOTE_FINAL:
		ck_assert(same && !extra && first->kind == VOTE_NOTAR1 && block->held);
		ck_assert_ptr_nonnull(consensus_held(w.rig.c, vote->view, CERT_N, &vote->block_id));
		break;
	}
}

static void tell(unsigned block)
{
	rig_know(&w.rig, block, w.blocks[block].view, w.blocks[block].parent, w.blocks[block].check);
}

/* As the ledger might: its verdict is a matter of the block alone. */
static void judge(unsigned block)
{
	struct known *b = &w.blocks[block];

	ck_assert(b->held && b->check >= BLOCK_BODY && b->check != BLOCK_VALID);
	if (b->check == BLOCK_INVALID)
		return;
	if (block % 7 == 3)
		b->check = BLOCK_INVALID;
	else
		b->check = random_below(8) ? BLOCK_VALID : BLOCK_EARLY;
	tell(block);
}

static void finish(uint64_t view, unsigned block)
{
	struct hash id = rig_id(block);
	struct certificate *certificate = consensus_final(w.rig.c, view, &id);

	if (!certificate)
		return;
	ck_assert(certificate_is_final(certificate->kind));
	free(certificate);
	w.final_view = view;
	w.final_block = block;
	ck_assert_uint_eq(consensus_final_view(w.rig.c), view);
	for (unsigned b = 1; b < BLOCKS; b++)
		if (w.blocks[b].view <= view)
			w.blocks[b].held = false;
}

static void carry_out(void)
{
	struct consensus_output o;

	while (consensus_next(w.rig.c, &o)) {
		if (o.kind == OUT_JUDGE) {
			judge(o.id.b[1]);
		} else if (o.kind == OUT_VOTE) {
			check_cast(&o.vote);
			ck_assert_uint_lt(w.cast_count, VOTES_MAX);
			w.cast[w.cast_count++] = o.vote;
		} else if (o.kind == OUT_CERTIFICATE) {
			ck_assert_uint_gt(o.certificate->view, w.final_view);
		} else if (o.kind == OUT_EVIDENCE) {
			ck_assert_uint_ne(o.evidence[0].voter, w.rig.self);
		} else if (o.kind == OUT_DECIDED && o.view > w.decided.view) {
			w.decided = (struct decided){o.view, o.id.b[1]};
			if (random_below(2))
				finish(o.view, o.id.b[1]);
		}
	}
}

static void go_over_rules(void)
{
	do {
		carry_out();
		ck_assert_int_eq(consensus_advance(w.rig.c, random_below(2)), 0);
		carry_out();
		ck_assert_int_eq(consensus_expire(w.rig.c), 0);
		carry_out();
	} while (consensus_pending(w.rig.c));
	ck_assert(consensus_wake(w.rig.c) > 0);
}

/* ---- what happens ---- */

static void become_durable(void)
{
	while (w.durable_count < w.cast_count) {
		const struct vote own = w.cast[w.durable_count++];
		ck_assert_int_eq(consensus_vote(w.rig.c, &own), 0);
		carry_out();
	}
}

static int by_key(const void *a, const void *b)
{
	const struct vote *x = a, *y = b;

	if (x->view != y->view)
		return x->view < y->view ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static void start(void)
{
	struct hash id = rig_id(w.final_block);

	rig_start(&w.rig, 4, 0, w.final_view, &id);
	w.decided = (struct decided){0};
}

/* What was not durable was never sent, and is lost. */
static void crash(void)
{
	struct vote stored[VOTES_MAX];
	size_t count = w.durable_count;

	w.cast_count = w.durable_count;
	rig_free(&w.rig);
	start();
	memcpy(stored, w.cast, count * sizeof(*stored));
	qsort(stored, count, sizeof(*stored), by_key);
	for (unsigned block = 1; block < BLOCKS; block++)
		if (w.blocks[block].held) {
			w.blocks[block].check = w.blocks[block].check > BLOCK_HEADER ? BLOCK_BODY : BLOCK_HEADER;
			tell(block);
		}
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(consensus_recover_vote(w.rig.c, &stored[i]), 0);
	ck_assert_int_eq(consensus_recovered(w.rig.c), 0);
	carry_out();
}

static void say_vote(void)
{
	static const enum vote_kind kinds[] = {VOTE_NOTAR1, VOTE_NOTAR1, VOTE_SKIP1,
	                                       VOTE_NOTAR2, VOTE_SKIP2,  VOTE_FINAL};
	enum vote_kind kind = kinds[random_below(sizeof(kinds) / sizeof(*kinds))];
	uint64_t view = random_view();

	unsigned block = random_block(view);
	for (uint32_t voter = 1; voter < 4; voter++)
		if (random_below(2))
			rig_hear(&w.rig, kind, view, block, voter);
}

static void say_certificate(void)
{
	uint64_t view = random_view();

	rig_certify(&w.rig, (enum certificate_kind)(1 + random_below(4)), view, random_block(view));
}

static void show_block(void)
{
	unsigned block = 1 + (unsigned)random_below(BLOCKS - 1);
	struct known *b = &w.blocks[block];

	if (!b->view || (!b->held && b->view <= w.final_view && random_below(2))) {
		/* A new one: mostly on the newest final block. Its number is its id, so a final one keeps its own. */
		if (block == w.final_block || b->view)
			return;
		b->view = random_below(2) ? consensus_view(w.rig.c) : random_view() + 1;
		b->parent = random_below(3) ? w.final_block : (unsigned)random_below(BLOCKS);
		b->check = BLOCK_HEADER;
	}
	if (!b->held)
		b->check = BLOCK_HEADER;
	b->held = b->view > w.final_view;
	if (b->check == BLOCK_HEADER && random_below(4))
		b->check = BLOCK_BODY;
	tell(block);
	uint32_t leader = committee_leader(&w.rig.committee, b->view);
	if (leader != w.rig.self && random_below(2))
		rig_hear(&w.rig, VOTE_NOTAR1, b->view, block, leader);
}

static void forget_block(void)
{
	unsigned block = 1 + (unsigned)random_below(BLOCKS - 1);
	struct hash id = rig_id(block);

	consensus_forget(w.rig.c, &id);
	w.blocks[block].held = false;
}

static void propose(void)
{
	struct lead lead;
	struct vote own;

	if (!consensus_leads(w.rig.c, &lead))
		return;
	for (unsigned block = 1; block < BLOCKS; block++) {
		const struct known *b = &w.blocks[block];
		struct hash id = rig_id(block);
		if (!b->held || b->view != lead.view || b->check != BLOCK_VALID || b->parent != w.final_block)
			continue;
		int rc = consensus_propose(w.rig.c, lead.view, &id, &own);
		ck_assert(rc == 0 || rc == CONSENSUS_E_UNSAFE); /* a view between was not skipped */
		return;
	}
}

static void step(void)
{
	switch (random_below(16)) {
	case 0:
		if (random_below(4) == 0)
			say_certificate();
		break;
	case 1:
	case 2:
	case 3:
		show_block();
		break;
	case 4:
		if (random_below(4) == 0)
			forget_block();
		break;
	case 5:
		rig_time(&w.rig, random_below(3000));
		break;
	case 6:
		consensus_space(w.rig.c, random_below(8) == 0);
		break;
	case 7:
		consensus_peer(w.rig.c, 1 + (uint32_t)random_below(3), random_below(2));
		break;
	case 8:
		if (w.decided.view > w.final_view)
			finish(w.decided.view, w.decided.block);
		break;
	case 9:
		for (uint32_t peer = 1; peer < 4; peer++)
			if (random_below(2))
				ck_assert_int_eq(consensus_answered(w.rig.c, peer, NULL), 0);
		break;
	case 10:
		propose();
		break;
	case 11:
		if (random_below(8) == 0)
			crash();
		break;
	default:
		say_vote();
	}
	go_over_rules();
	if (random_below(3))
		become_durable();
	go_over_rules();
}

START_TEST(whatever_comes_its_own_votes_keep_the_rules)
{
	size_t votes = 0, finals = 0, past = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		memset(&w, 0, sizeof(w));
		w.random = seed;
		start();
		ck_assert_int_eq(consensus_recovered(w.rig.c), 0);
		for (int i = 0; i < STEPS; i++)
			step();
		ck_assert_uint_le(consensus_views(w.rig.c), consensus_view(w.rig.c) - w.final_view + VIEWS_AHEAD + 1);
		rig_free(&w.rig);
		votes += w.cast_count;
		past += w.final_view;
		for (size_t i = 0; i < w.cast_count; i++)
			finals += w.cast[i].kind == VOTE_FINAL;
	}
	/* It was about something. */
	ck_assert_uint_gt(votes, 10 * SEEDS);
	ck_assert_uint_gt(finals, SEEDS / 10);
	ck_assert_uint_gt(past, SEEDS);
	if (getenv("RANDOM_TELL"))
		fprintf(stderr, "%zu votes, %zu FINAL, %zu views past\n", votes, finals, past);
}
END_TEST

UNIT_MAIN("random", whatever_comes_its_own_votes_keep_the_rules)

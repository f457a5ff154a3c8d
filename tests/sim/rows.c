/* See rows.h. */
#include "rows.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "run.h"
#include "standin.h"

#define UNIT   UINT64_C(1000000)
#define LIAR   3u
#define LOOK_S 20u

static struct run *row_new_flooded(uint32_t script, uint32_t floods, const struct network_options *more)
{
	static const struct scenario quiet = {.seed = 1};
	struct address addresses[MODEL_ACCOUNTS];
	struct run *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->s = &quiet;
	r->options = more ? *more : (struct network_options){.validators = 4, .delay_max_ms = 20};
	r->options.accounts = GENESIS_ACCOUNTS;
	r->options.balance = 100 * UNIT;
	r->options.seed = quiet.seed;
	r->options.delay_min_ms = r->options.commit_ms = 1;
	standin_signatures = true;
	checks_init(&r->checks, &r->options, quiet.seed);
	byzantine_one(&r->byzantine, LIAR, script, floods);
	byzantine_hook(&r->byzantine, &r->checks, &r->options);
	r->network = network_new(&r->options);
	wallets_keys(&r->wallets);
	for (size_t i = 0; i < MODEL_ACCOUNTS; i++)
		addresses[i] = r->wallets.keys[i].address;
	checks_begin(&r->checks, r->network, addresses);
	wallets_begin(&r->wallets, &r->checks, quiet.seed);
	r->checks.trace = getenv("ROWS_TRACE");
	byzantine_begin(&r->byzantine, r->network);
	network_start_all(r->network);
	return r;
}

static struct run *row_new(uint32_t script, const struct network_options *more)
{
	return row_new_flooded(script, 0, more);
}

static void row_free(struct run *r)
{
	byzantine_deinit(&r->byzantine);
	wallets_deinit(&r->wallets);
	checks_deinit(&r->checks);
	network_free(r->network);
	free(r);
}

static void look(struct run *r)
{
	wallets_hear(&r->wallets);
	checks_nodes(&r->checks);
}

/* Time, with payments to all. */
static void row_run(struct run *r, uint32_t seconds)
{
	for (uint32_t i = 0; i < 4 * seconds; i++) {
		network_run(r->network, 250, NULL, NULL);
		wallets_act(&r->wallets);
		look(r);
	}
}

/* Whatever the liar does, the others come on: a payment is final within so long, at each of them. */
static void must_go_on(struct run *r, const char *row)
{
	for (uint32_t node = 0; node < r->options.validators; node++) {
		const struct wallet_payment *last;
		if (node == LIAR)
			continue;
		last = wallets_pay_surely(&r->wallets, node);
		network_run(r->network, 4000, NULL, NULL);
		look(r);
		if (!model_find(&r->checks.model, &last->payment->id))
			checks_fail(&r->checks, "row %s: a payment to node %u is not final in 4 s", row, node);
	}
}

/* The first of the others that has no evidence; LIAR: all have some. */
static uint32_t without_evidence(const struct run *r)
{
	uint32_t node = 0;

	while (node < LIAR && proofs_evidence_count(r->checks.proofs, node, LIAR))
		node++;
	return node;
}

/* Row 31: the leader equivocates: evidence kept. Row 32: double votes. Each of two proposals goes to some of the
 * others, so who has both is a matter of which of his views it was. */
static void row_evidence(uint32_t script, const char *row)
{
	struct run *r = row_new(script, NULL);

	for (unsigned i = 0; i < 10 && (i == 0 || without_evidence(r) < LIAR); i++)
		row_run(r, LOOK_S);
	if (without_evidence(r) < LIAR)
		checks_fail(&r->checks, "row %s: node %u has no evidence", row, without_evidence(r));
	if (script == FAULT_EQUIVOCATE && !r->byzantine.two_faced)
		checks_fail(&r->checks, "row %s: the leader has not equivocated", row);
	must_go_on(r, row);
	row_free(r);
}

/* Row 34: withholding, skip-only voters: the next leader gets through. */
static void row_withholding(uint32_t script)
{
	struct run *r = row_new(script, NULL);

	r->byzantine.liars[0].withheld = r->byzantine.liars[0].victims = UINT32_MAX;
	row_run(r, LOOK_S);
	must_go_on(r, "34");
	row_free(r);
}

/* Row 35: votes for far-future views: bounded window. */
static void row_far_views(void)
{
	struct run *r = row_new(FAULT_FAR_VIEWS, NULL);

	row_run(r, LOOK_S);
	if (r->byzantine.far < 1000)
		checks_fail(&r->checks, "row 35: few votes for far views");
	must_go_on(r, "35");
	row_free(r);
}

/* Row 37: wrong state root, failing payment, bad time: honest replicas vote skip, for every kind of bad block. None
 * votes for it, as always. */
static void row_bad_blocks(void)
{
	struct run *r = row_new(FAULT_BAD_BLOCKS, NULL);
	uint32_t kinds = 0;

	row_run(r, 4 * LOOK_S);
	uint64_t count = r->byzantine.bad_count, newest = r->byzantine.view;
	for (uint64_t i = 0; i < count && i < LIAR_MEMORY; i++) {
		const struct said *said = &r->byzantine.bad[i];
		uint32_t skips = 0;
		if (said->bad > BAD_LAST || said->view + 8 > newest)
			continue;
		/* The certificate that ends the view may come before the last of them has voted. */
		for (uint32_t node = 0; node < LIAR; node++)
			skips += checks_first_vote(&r->checks, node, said->view) == VOTE_SKIP1;
		if (skips < LIAR - 1)
			checks_fail(&r->checks, "row 37: %u skip view %" PRIu64 " (bad block %d)", skips, said->view,
			            (int)said->bad);
		kinds |= 1u << said->bad;
	}
	for (uint32_t bad = 0; bad <= BAD_LAST; bad++)
		if (!(kinds >> bad & 1))
			checks_fail(&r->checks, "row 37: no bad block of kind %u was shown", bad);
	must_go_on(r, "37");
	row_free(r);
}

/* Row 38: a block shown to some only: the rest fetch it by id. */
static void row_some_only(void)
{
	struct run *r = row_new(FAULT_SOME_ONLY, NULL);

	row_run(r, LOOK_S);
	if (!r->byzantine.fetched)
		checks_fail(&r->checks, "row 38: no block that was hidden is fetched");
	must_go_on(r, "38");
	row_free(r);
}

static uint64_t checked_for_liar(const struct run *r)
{
	uint64_t count = 0;

	for (uint32_t node = 0; node < LIAR; node++)
		count += network_signatures(r->network, node, LIAR);
	return count;
}

/* Rows 63 to 65: floods of what has to be checked, where a signature takes 2 ms: payments go on becoming final, and
 * little is checked for the liar. */
static void row_flood(enum flood flood, const char *row, uint64_t checked_max)
{
	static const struct network_options slow = {.validators = 4, .delay_max_ms = 20, .verify_us = 2000};
	/* It withholds what it proposes, so that views are skipped: their certificates go round. */
	struct run *r = row_new_flooded(FAULT_SKIP_ONLY, (uint32_t)flood, &slow);

	row_run(r, 2);
	must_go_on(r, row);
	row_run(r, LOOK_S);
	must_go_on(r, row);
	if (r->byzantine.flooded < 100)
		checks_fail(&r->checks, "row %s: no flood", row);
	if (checked_for_liar(r) > checked_max)
		checks_fail(&r->checks, "row %s: %" PRIu64 " signatures were checked for the liar", row,
		            checked_for_liar(r));
	row_free(r);
}

/* Row 66: strangers ask after payments that never were and have expired, each after another one: each has its share of
 * what is signed, where a signature takes 2 ms, and payments go on. */
static void row_expired(void)
{
	static const struct network_options slow = {.validators = 4, .delay_max_ms = 20, .verify_us = 2000};
	struct run *r = row_new(0, &slow);
	uint64_t most = 0;

	for (uint32_t i = 0; i < 10; i++) {
		for (uint32_t k = 0; k < 3000; k++) {
			struct payment_id id = {.b = {0, 0, 0, 1, (uint8_t)i, (uint8_t)(k >> 8), (uint8_t)k}};
			network_query_payment(r->network, 0, WALLETS_STRANGERS + k % 3, &id);
		}
		network_run(r->network, 200, NULL, NULL);
	}
	must_go_on(r, "66");
	most = network_signatures(r->network, 0, VERIFY_SOURCE_SIGNING);
	if (most < 3 * 64 || most > 10 * 3 * 64)
		checks_fail(&r->checks, "row 66: %" PRIu64 " expiries were signed for strangers", most);
	row_free(r);
}

void rows_run(void)
{
	row_evidence(FAULT_EQUIVOCATE, "31");
	row_evidence(FAULT_DOUBLE_VOTE, "32");
	row_withholding(FAULT_WITHHOLD);
	row_withholding(FAULT_SKIP_ONLY);
	row_far_views();
	row_bad_blocks();
	row_some_only();
	row_flood(FLOOD_AGAIN, "63", 200);
	row_flood(FLOOD_FORGED, "64", 2000);
	row_flood(FLOOD_OWN_VOTES, "65", 40000);
	row_expired();
}

void rows_too_many_faulty(void)
{
	static const struct network_options options = {.validators = 4, .twins = 2, .delay_max_ms = 20};
	static const uint32_t side = 1u << 0 | 1u << 1 | 1u << 2; /* the others: 3, and the twins 4 and 5 */
	struct run *r = row_new(0, &options);

	for (uint32_t a = 0; a < r->checks.nodes; a++)
		for (uint32_t b = 0; b < r->checks.nodes; b++)
			network_cut(r->network, a, b, (side >> a & 1) != (side >> b & 1));
	row_run(r, LOOK_S);
	row_free(r);
}

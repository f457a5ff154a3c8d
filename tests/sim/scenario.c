/* See scenario.h. */
#include "scenario.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "standin.h"
#include "wallets.h"

#define UNIT          UINT64_C(1000000)
#define HEALED_MS     UINT64_C(120000) /* in which a payment must become final once all is well */
#define CAUGHT_UP_MS  UINT64_C(30000)  /* and then all that run must hold it */
#define CLOCK_STEP_MS 2000
#define DAY_MS        INT64_C(86400000)

struct run {
	const struct scenario *s;
	uint64_t random;
	struct network_options options;
	uint64_t weights[NETWORK_NODES_MAX];
	struct network *network;
	struct checks checks;
	struct wallets wallets;
	uint64_t horizon_ms;
	uint64_t crash_rate, fault_rate, pay_rate; /* in a hundred ticks */
	int64_t clock[NETWORK_NODES_MAX];
	int64_t drift_ppm[NETWORK_NODES_MAX];
	uint32_t far_clock; /* the node whose clock may be a day off; UINT32_MAX: none */
	uint64_t budget;    /* weight that may still be faulty for good */
	struct memory_store *backup;
	uint32_t backup_of;
	bool backup_used;
	bool afresh[NETWORK_NODES_MAX]; /* about to crash, or paused: healing starts it anew */
	uint64_t height;                /* that is waited for */
};

static uint64_t draw(struct run *r, uint64_t below)
{
	r->random = r->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (r->random >> 33) % below;
}

static void __attribute__((format(printf, 2, 3))) trace(const struct run *r, const char *format, ...)
{
	va_list arguments;

	if (!r->s->trace)
		return;
	printf("%8" PRIu64 " ", network_now(r->network));
	va_start(arguments, format);
	vprintf(format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(arguments);
	printf("\n");
}

static bool may(const struct run *r, enum fault fault)
{
	return r->s->faults & fault;
}

/* ---- what the seed draws ---- */

static void draw_committee(struct run *r)
{
	static const uint32_t sizes[] = {1, 4, 4, 4, 6, 7, 10, 4};
	struct network_options *o = &r->options;
	uint64_t total = 0;

	o->validators = sizes[draw(r, sizeof(sizes) / sizeof(*sizes))];
	if (r->s->validators)
		o->validators = r->s->validators;
	bool equal = draw(r, 4) != 0;
	for (uint32_t i = 0; i < o->validators; i++)
		total += r->weights[i] = equal ? 1 : 1 + draw(r, 5);
	o->weights = r->weights;
	committee_default_faults(total, &o->faulty, &o->slow);
	r->budget = o->faulty;
	uint32_t twins = draw(r, 3) == 0 ? 1 + (uint32_t)draw(r, 3) : 0;
	while (may(r, FAULT_TWINS) && o->twins < twins && r->weights[o->twins] <= r->budget)
		r->budget -= r->weights[o->twins++];
}

static void draw_options(struct run *r)
{
	struct network_options *o = &r->options;

	*o = (struct network_options){
	    .accounts = GENESIS_ACCOUNTS, .balance = 100 * UNIT, .seed = r->s->seed, .delay_min_ms = 1};
	draw_committee(r);
	o->delay_max_ms = 1 + (uint32_t)draw(r, draw(r, 4) ? 60 : 400);
	o->commit_ms = 1 + (uint32_t)draw(r, draw(r, 3) ? 10 : 60);
	o->verify_ms = (uint32_t)draw(r, draw(r, 2) ? 3 : 30);
	uint32_t loss = draw(r, 2) ? (uint32_t)draw(r, 15) : 0, duplicates = draw(r, 2) ? (uint32_t)draw(r, 20) : 0;
	o->loss_percent = may(r, FAULT_LOSS) ? loss : 0;
	o->duplicate_percent = may(r, FAULT_DUPLICATE) ? duplicates : 0;
	r->horizon_ms = 5000 + draw(r, 40000);
	if (r->s->horizon_ms)
		r->horizon_ms = r->s->horizon_ms;
	r->crash_rate = draw(r, 3) ? draw(r, 30) : 0;
	r->fault_rate = draw(r, 4) ? draw(r, 40) : 0;
	r->pay_rate = 5 + draw(r, 95);
	r->far_clock = UINT32_MAX;
	uint32_t far = (uint32_t)draw(r, o->validators);
	if (may(r, FAULT_CLOCK) && draw(r, 4) == 0 && far >= o->twins && r->weights[far] <= r->budget) {
		r->budget -= r->weights[far];
		r->far_clock = far;
	}
	for (uint32_t i = 0; i < o->validators + o->twins; i++)
		r->drift_ppm[i] = draw(r, 3) ? 0 : (int64_t)draw(r, 4000) - 2000;
}

/* ---- faults ---- */

static void start(struct run *r, uint32_t node)
{
	r->afresh[node] = false;
	trace(r, "node %u starts", node);
	network_start(r->network, node);
}

static void crash(struct run *r, uint32_t node)
{
	if (!network_up(r->network, node)) {
		if (draw(r, 2))
			start(r, node);
		return;
	}
	switch (draw(r, 5)) {
	case 0:
		trace(r, "node %u crashes", node);
		network_crash(r->network, node);
		break;
	case 1:
		trace(r, "node %u crashes, some commits kept", node);
		network_crash_keeping(r->network, node);
		break;
	case 2:
	case 3: {
		bool kept = draw(r, 2);
		trace(r, "node %u will crash %s its next commit", node, kept ? "after" : "before");
		network_crash_at_commit(r->network, node, kept);
		r->afresh[node] = true;
		break;
	}
	default:
		trace(r, "node %u crashes and starts at once", node);
		network_crash_keeping(r->network, node);
		start(r, node);
	}
}

static void crash_all(struct run *r)
{
	trace(r, "all crash");
	for (uint32_t i = 0; i < r->checks.nodes; i++)
		if (network_up(r->network, i))
			network_crash_keeping(r->network, i);
	for (uint32_t i = 0; i < r->checks.nodes; i++)
		if (draw(r, 4))
			start(r, i);
}

static void partition(struct run *r)
{
	uint32_t groups = (uint32_t)draw(r, UINT64_C(1) << r->checks.nodes);

	trace(r, "partition %x", groups);
	for (uint32_t a = 0; a < r->checks.nodes; a++)
		for (uint32_t b = 0; b < r->checks.nodes; b++)
			network_cut(r->network, a, b, (groups >> a & 1) != (groups >> b & 1));
}

static void mend(struct run *r)
{
	for (uint32_t a = 0; a < r->checks.nodes; a++)
		for (uint32_t b = 0; b < r->checks.nodes; b++)
			network_cut(r->network, a, b, false);
}

/* An old backup in place of the store: that validator counts as faulty from here on. */
static void roll_back(struct run *r, uint32_t node)
{
	if (!r->backup) {
		if (node >= r->options.twins && node < r->options.validators && r->weights[node] <= r->budget) {
			r->budget -= r->weights[node];
			r->backup = network_backup(r->network, node);
			r->backup_of = node;
			checks_rolled_back(&r->checks, node);
		}
		return;
	}
	if (r->backup_used || network_up(r->network, r->backup_of))
		return;
	trace(r, "node %u is restored from an old backup", r->backup_of);
	network_replace_store(r->network, r->backup_of, r->backup);
	r->backup_used = true;
}

static void disturb(struct run *r)
{
	uint32_t a = (uint32_t)draw(r, r->checks.nodes), b = (uint32_t)draw(r, r->checks.nodes);
	uint64_t which = draw(r, 12), value = draw(r, 1000);

	switch (which) {
	case 0:
	case 1:
	case 2:
		if (may(r, FAULT_CUT))
			network_cut(r->network, a, b, value % 2);
		break;
	case 3:
		if (may(r, FAULT_PARTITION))
			partition(r);
		break;
	case 4:
	case 5:
		mend(r);
		break;
	case 6:
	case 7:
		if (may(r, FAULT_CLOCK))
			r->clock[a] = (int64_t)draw(r, 2 * CLOCK_STEP_MS) - CLOCK_STEP_MS;
		if (a == r->far_clock && value % 2)
			r->clock[a] += value % 4 == 1 ? DAY_MS : -DAY_MS;
		break;
	case 8:
		if (may(r, FAULT_PAUSE)) {
			trace(r, "node %u pauses", a);
			network_pause(r->network, a, value < 900 ? value : 30 * value);
			r->afresh[a] = true;
		}
		break;
	case 9:
		if (may(r, FAULT_LOSS))
			network_set_loss(r->network, (uint32_t)(value % 3 ? value % 20 : 0));
		break;
	case 10:
		if (may(r, FAULT_ROLLBACK) && value < 300)
			roll_back(r, a);
		break;
	default:
		if (may(r, FAULT_CRASH) && value < 100)
			crash_all(r);
	}
}

static void set_clocks(struct run *r)
{
	for (uint32_t i = 0; i < r->checks.nodes; i++)
		network_set_clock(r->network, i,
		                  r->clock[i] + (may(r, FAULT_CLOCK) ? r->drift_ppm[i] : 0) *
		                                    (int64_t)network_now(r->network) / 1000000);
}

static void look(struct run *r)
{
	wallets_hear(&r->wallets);
	checks_nodes(&r->checks);
}

static void faulty_time(struct run *r)
{
	uint64_t looked = 0;

	while (network_now(r->network) < r->horizon_ms) {
		network_run(r->network, 1 + draw(r, 150), NULL, NULL);
		set_clocks(r);
		if (draw(r, 100) < r->pay_rate)
			wallets_act(&r->wallets);
		if (draw(r, 100) < r->crash_rate && may(r, FAULT_CRASH))
			crash(r, (uint32_t)draw(r, r->checks.nodes));
		if (draw(r, 100) < r->fault_rate)
			disturb(r);
		if (network_now(r->network) < looked + 1000)
			continue;
		looked = network_now(r->network);
		look(r);
	}
}

/* ---- healing ---- */

/* All is well from here on, but for a few that stay down: whatever quorum is left must do. */
static void heal(struct run *r)
{
	bool all = draw(r, 2);

	trace(r, "all is mended");
	mend(r);
	network_set_loss(r->network, 0);
	memset(r->clock, 0, sizeof(r->clock));
	memset(r->drift_ppm, 0, sizeof(r->drift_ppm));
	set_clocks(r);
	for (uint32_t i = 0; i < r->checks.nodes; i++) {
		uint32_t own = i < r->options.validators ? i : i - r->options.validators;
		bool down = !all && !r->checks.byzantine[own] && r->weights[own] <= r->budget && draw(r, 2);
		if (down)
			r->budget -= r->weights[own];
		if (network_up(r->network, i) && (down || r->afresh[i]))
			network_crash_keeping(r->network, i);
		if (!down && !network_up(r->network, i))
			start(r, i);
	}
}

static bool any_final(struct network *n, void *context)
{
	struct run *r = context;
	struct replica_status status;

	for (uint32_t i = 0; i < r->checks.nodes; i++) {
		if (!network_up(n, i))
			continue;
		network_status(n, i, &status);
		if (status.final_height > r->height)
			return true;
	}
	return false;
}

static bool all_at(struct network *n, void *context)
{
	struct run *r = context;
	struct replica_status status;

	for (uint32_t i = 0; i < r->checks.nodes; i++) {
		if (!network_up(n, i))
			continue;
		network_status(n, i, &status);
		if (status.final_height < r->height)
			return false;
	}
	return true;
}

static void print_nodes(const struct run *r)
{
	struct replica_status status;

	for (uint32_t i = 0; i < r->checks.nodes; i++) {
		if (!network_up(r->network, i)) {
			fprintf(stderr, "node %u is down\n", i);
			continue;
		}
		network_status(r->network, i, &status);
		fprintf(stderr, "node %u height %" PRIu64 " view %" PRIu64 " voting %d mempool %u\n", i,
		        status.final_height, status.view, (int)status.voting, status.mempool);
	}
}

/* One more payment, to whichever runs, until one is final. */
static void pay_until_final(struct run *r)
{
	uint64_t end = network_now(r->network) + HEALED_MS;

	for (uint32_t node = 0; network_now(r->network) < end; node = (node + 1) % r->checks.nodes) {
		const struct wallet_payment *last = NULL;
		if (network_up(r->network, node))
			last = wallets_pay_surely(&r->wallets, node);
		network_run(r->network, last ? 4000 : 0, any_final, r);
		network_run(r->network, last ? 1000 : 0, NULL, NULL);
		look(r);
		if (last && model_find(&r->checks.model, &last->payment->id))
			return;
	}
	print_nodes(r);
	checks_fail(&r->checks, "no payment becomes final after healing");
}

static void check_healed(struct run *r)
{
	uint32_t node = (uint32_t)draw(r, r->checks.nodes);

	r->height = r->checks.model.height_count - 1;
	pay_until_final(r);
	r->height = r->checks.model.height_count - 1;
	if (!network_run(r->network, CAUGHT_UP_MS, all_at, r)) {
		print_nodes(r);
		checks_fail(&r->checks, "a node does not catch up to height %" PRIu64, r->height);
	}
	network_run(r->network, 2000, NULL, NULL);
	look(r);
	wallets_check(&r->wallets);
	while (!network_up(r->network, node))
		node = (node + 1) % r->checks.nodes;
	wallets_ask_final(&r->wallets, node, 16);
	network_run(r->network, 5000, NULL, NULL);
	look(r);
	wallets_check_answered(&r->wallets, node);
	wallets_check(&r->wallets);
}

struct outcome scenario_run(const struct scenario *s)
{
	struct run *r = calloc(1, sizeof(*r));
	struct address addresses[MODEL_ACCOUNTS];

	if (!r)
		abort();
	r->s = s;
	r->random = s->seed * UINT64_C(0x9e3779b97f4a7c15);
	standin_signatures = !s->real_signatures;
	draw_options(r);
	checks_init(&r->checks, &r->options, s->seed);
	r->checks.trace = s->trace;
	r->network = network_new(&r->options);
	wallets_keys(&r->wallets);
	for (size_t i = 0; i < MODEL_ACCOUNTS; i++)
		addresses[i] = r->wallets.keys[i].address;
	checks_begin(&r->checks, r->network, addresses);
	wallets_begin(&r->wallets, &r->checks, s->seed);
	trace(r, "%u validators, %u twins, F %" PRIu64 ", P %" PRIu64 ", delay up to %u ms, loss %u%%",
	      r->options.validators, r->options.twins, r->options.faulty, r->options.slow, r->options.delay_max_ms,
	      r->options.loss_percent);
	network_start_all(r->network);
	faulty_time(r);
	heal(r);
	check_healed(r);
	struct outcome outcome = {.simulated_ms = network_now(r->network),
	                          .log = r->checks.log,
	                          .heights = r->checks.model.height_count - 1,
	                          .payments = r->checks.model.payment_count};
	if (!r->backup_used)
		memory_store_free(r->backup);
	wallets_deinit(&r->wallets);
	checks_deinit(&r->checks);
	network_free(r->network);
	free(r);
	return outcome;
}

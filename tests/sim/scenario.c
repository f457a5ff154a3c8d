/* See scenario.h and run.h. */
#include "run.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "phones.h"
#include "standin.h"
#include "wire.h"

#define UNIT           UINT64_C(1000000)
#define HEALED_MS      UINT64_C(120000) /* in which a payment must become final once all is well */
#define HOLDS_MS       UINT64_C(300000) /* so long the near ends of holds are, and what comes home after them */
#define CAUGHT_UP_MS   UINT64_C(30000)  /* and then all that run must hold it */
#define HELD_MAX_MS    5000             /* that a link may go on holding what was said before the healing */
#define LINKS_BACK_MS  1000             /* in which links are there that one side had closed */
#define EVIDENCE_MS    3000             /* in which two votes are heard, verified and stored */
#define PHONES_MS      UINT64_C(240000) /* and every payment on a phone have its end */
#define SYNC_MS        11000            /* in which one ends */
#define SYNCS          6
#define WIRE_EVERY     4
#define COUNTERS_EVERY 8
#define SLOW_EVERY     3               /* of so many seeds one has a slow verifier */
#define SLOW_MAX_US    1500            /* a signature */
#define LINKED_MS      UINT64_C(45000) /* silence found out, a handshake that times out, the longest backoff, and again */

uint64_t draw(struct run *r, uint64_t below)
{
	r->random = r->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (r->random >> 33) % below;
}

void trace(const struct run *r, const char *format, ...)
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
	byzantine_draw(&r->byzantine, r->s, o, r->far_clock, &r->budget);
}

/* Drawn apart from all else: a seed draws the same with and without phones. */
static void draw_phones(struct run *r)
{
	struct phones_options *o = &r->phones_options;
	uint64_t random = r->random;

	r->random = r->s->seed ^ UINT64_C(0x6c696172);
	uint32_t count = draw(r, 2) ? 1 + (uint32_t)draw(r, PHONES_MAX) : 0;
	bool lying = draw(r, 2);
	*o = (struct phones_options){.count = may(r, FAULT_PHONES) ? count : 0,
	                             .delay_max_ms = r->options.delay_max_ms,
	                             .crashes = may(r, FAULT_PHONE_CRASH),
	                             .disk_errors = may(r, FAULT_PHONE_DISK),
	                             .link_errors = may(r, FAULT_PHONE_LINK),
	                             .losses = may(r, FAULT_PHONE_LOSS),
	                             .backups = may(r, FAULT_PHONE_BACKUP),
	                             .watches = may(r, FAULT_PHONE_WATCH),
	                             .claims = may(r, FAULT_PHONE_CLAIM),
	                             .sleeps = may(r, FAULT_PHONE_SLEEP),
	                             .far_clock = r->far_clock};
	o->rate = 5 + (uint32_t)draw(r, 60);
	/* Those that lie to other validators do so to phones, too; and some that are honest otherwise. */
	for (uint32_t v = 0; v < r->options.validators && lying && may(r, FAULT_PHONE_LIES); v++)
		o->lying[v] = byzantine_is(&r->byzantine, v);
	for (uint32_t i = 0; i < r->options.validators && o->count && lying && may(r, FAULT_PHONE_LIES); i++) {
		uint32_t v = (uint32_t)draw(r, r->options.validators);
		if (o->lying[v] || v < r->options.twins || v == r->far_clock || r->weights[v] > r->budget)
			continue;
		o->lying[v] = true;
		r->budget -= r->weights[v];
	}
	r->random = random;
}

/* Drawn apart from all else: a seed draws the same with and without them. */
static void draw_wire(struct run *r)
{
	uint64_t random = r->s->seed ^ UINT64_C(0x6c696e6b73);
	bool drawn = wire_draw(&random, WIRE_EVERY) == 0;

	r->options.wire.on = r->s->wire || (drawn && may(r, FAULT_WIRE));
	r->options.wire.window = (size_t)8192 << wire_draw(&random, 5);
	r->options.wire.queue_max = (size_t)65536 << wire_draw(&random, 3);
	if (wire_draw(&random, 2))
		r->options.wire.queue_max = WRITE_QUEUE_VALIDATOR_MAX;
	r->options.wire.breaks = wire_draw(&random, 3) ? (uint32_t)wire_draw(&random, 8) : 0;
}

/* Drawn apart from all else. A counter may be full from the start, or fill up by a few payments. */
static void draw_counters(struct run *r)
{
	uint64_t random = r->s->seed ^ UINT64_C(0x636f756e74);
	bool high = wire_draw(&random, COUNTERS_EVERY) == 0;
	uint32_t below = (uint32_t)wire_draw(&random, 4);

	r->options.payments_before = high && may(r, FAULT_COUNTERS) ? UINT32_MAX - below : 0;
}

/* The same. At one in so many seeds a signature takes so long, with one thread at each node. */
static void draw_speed(struct run *r)
{
	uint64_t random = r->s->seed ^ UINT64_C(0x736c6f77);
	bool drawn = wire_draw(&random, SLOW_EVERY) == 0;

	if (drawn && may(r, FAULT_SLOW))
		r->options.verify_us = 100 + (uint32_t)wire_draw(&random, SLOW_MAX_US);
}

/* Drawn apart from all else. What bounds a step, a page and what is fetched by id is so little that a few blocks are
 * a long way to catch up: a page is a block, or a few, with all headers behind them or a few; a step makes one final,
 * or a few. */
static void draw_gaps(struct run *r)
{
	uint64_t random = r->s->seed ^ UINT64_C(0x67617073);
	bool drawn = wire_draw(&random, 2) == 0;
	uint32_t page = 1 + (uint32_t)wire_draw(&random, wire_draw(&random, 2) ? 2000 : 30000),
	         step = 1 + (uint32_t)wire_draw(&random, 12000);
	uint32_t near = 1 + (uint32_t)wire_draw(&random, 4);

	uint32_t headers = wire_draw(&random, 2) ? 1 + (uint32_t)wire_draw(&random, 6) : 0;

	if (!drawn || !may(r, FAULT_LIMITS))
		return;
	r->options.page_bytes = page;
	r->options.page_headers = headers;
	r->options.step_bytes = step;
	r->options.near_blocks = near;
}

static void look(struct run *r)
{
	wallets_hear(&r->wallets);
	checks_nodes(&r->checks);
	phones_look(r->phones);
}

static void faulty_time(struct run *r)
{
	uint64_t looked = 0;

	while (network_now(r->network) < r->horizon_ms) {
		network_run(r->network, 1 + draw(r, 150), NULL, NULL);
		run_set_clocks(r);
		if (draw(r, 100) < r->pay_rate)
			wallets_act(&r->wallets);
		phones_act(r->phones);
		run_disturb(r);
		run_follow_outage(r);
		if (network_now(r->network) < looked + 1000)
			continue;
		looked = network_now(r->network);
		look(r);
	}
}

/* ---- healing ---- */

/* All is well from here on, but for a few of a weight that the network can do without, whichever. */
static void heal(struct run *r)
{
	bool all = draw(r, 2);
	uint32_t first = may(r, FAULT_HOLD) ? (uint32_t)draw_machine(r, r->checks.nodes) : 0;

	trace(r, "all is mended");
	r->byzantine.healed = true;
	run_mend(r);
	machines_mend(r);
	network_set_loss(r->network, 0);
	network_calm_links(r->network);
	memset(r->clock, 0, sizeof(r->clock));
	memset(r->drift_ppm, 0, sizeof(r->drift_ppm));
	run_set_clocks(r);
	for (uint32_t k = 0; k < r->checks.nodes; k++) {
		uint32_t i = (first + k) % r->checks.nodes;
		uint32_t own = i < r->options.validators ? i : i - r->options.validators;
		bool out = !all && !r->checks.byzantine[own] && r->weights[own] <= r->budget && draw(r, 2);
		if (network_up(r->network, i) && r->afresh[i])
			network_crash_keeping(r->network, i);
		if (!network_up(r->network, i))
			run_start(r, i);
		if (!out)
			continue;
		r->budget -= r->weights[own];
		machines_leave_out(r, i);
	}
}

/* Whether the network must do with this node. */
static bool counts(const struct run *r, uint32_t node)
{
	return network_up(r->network, node) && !r->apart[node];
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

/* Liars, and twins that hear a part only, need not come along. */
static bool is_excused(const struct run *r, uint32_t node)
{
	uint32_t own = node < r->options.validators ? node : node - r->options.validators;

	return byzantine_is(&r->byzantine, node) || (own < r->options.twins && r->byzantine.masks);
}

static bool all_at(struct network *n, void *context)
{
	struct run *r = context;
	struct replica_status status;

	for (uint32_t i = 0; i < r->checks.nodes; i++) {
		if (!counts(r, i))
			continue;
		network_status(n, i, &status);
		if (status.final_height < r->height && !is_excused(r, i))
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
	size_t first = r->wallets.count;

	for (uint32_t node = 0; network_now(r->network) < end; node = (node + 1) % r->checks.nodes) {
		network_run(r->network, 1, NULL, NULL); /* so that it ends where none counts */
		if (!counts(r, node))
			continue;
		wallets_pay_surely(&r->wallets, node);
		network_run(r->network, 4000, any_final, r);
		network_run(r->network, 1000, NULL, NULL);
		look(r);
		for (size_t i = first; i < r->wallets.count; i++)
			if (model_find(&r->checks.model, &r->wallets.payments[i].payment->id))
				return;
	}
	print_nodes(r);
	checks_fail(&r->checks, "no payment becomes final after healing");
}

/* Row 32: whoever hears two first votes of one validator keeps them. Where links are bytes a liar's is ended for what
 * it says, again and again: what it says then may never be heard. */
static void check_evidence(struct run *r)
{
	uint64_t views[NETWORK_NODES_MAX] = {0};

	for (uint32_t k = 0; k < r->byzantine.liar_count && !r->options.wire.on; k++) {
		const struct liar *liar = &r->byzantine.liars[k];
		if (!(liar->scripts & FAULT_DOUBLE_VOTE))
			continue;
		/* Who has closed its link for other lies hears it again, for those too that a link had held. */
		r->byzantine.muted = true;
		network_run(r->network, HELD_MAX_MS + PEER_SHUN_MS + LINKS_BACK_MS, NULL, NULL);
		for (uint32_t i = 0; i < r->checks.nodes; i++)
			if (counts(r, i) && i != liar->self)
				views[i] = byzantine_provoke(&r->byzantine, liar, i);
		network_run(r->network, EVIDENCE_MS, NULL, NULL);
		r->byzantine.muted = false;
		for (uint32_t i = 0; i < r->checks.nodes; i++)
			if (counts(r, i) && i != liar->self && !is_excused(r, i) &&
			    !proofs_evidence(r->checks.proofs, i, views[i], liar->self))
				checks_fail(&r->checks, "node %u: no evidence of two first votes of validator %u", i,
				            liar->self);
	}
}

/* Every payment on every phone has its end; then nothing happens any more, and all show what they have. A phone that
 * could reach nobody tries again after half a minute at the latest. */
static void check_phones(struct run *r)
{
	uint64_t end = network_now(r->network) + PHONES_MS;

	phones_heal(r->phones);
	while (network_now(r->network) < end && phones_waiting(r->phones))
		network_run(r->network, 1000, NULL, NULL);
	network_run(r->network, 3000, NULL, NULL);
	look(r);
	for (int i = 0; i < SYNCS && !phones_show_all(r->phones); i++) {
		phones_heal(r->phones);
		network_run(r->network, SYNC_MS, NULL, NULL);
		look(r);
	}
	phones_check(r->phones);
}

/* A hold that has ended goes home, whoever sends it there. */
static void check_holds(struct run *r)
{
	uint64_t end = network_now(r->network) + HOLDS_MS;

	for (uint32_t node = 0; network_now(r->network) < end; node = (node + 1) % r->checks.nodes) {
		wallets_act_on_holds(&r->wallets);
		network_run(r->network, 1000, NULL, NULL);
		if (counts(r, node) && !is_excused(r, node) && !wallets_bring_home(&r->wallets, node))
			return;
		look(r);
	}
	checks_fail(&r->checks, "a hold that has ended does not come home");
}

/* Links to liars are ended for what those say, again and again. */
static bool all_linked(struct network *n, void *context)
{
	const struct run *r = context;

	for (uint32_t a = 0; a < r->checks.nodes; a++)
		for (uint32_t b = 0; b < a; b++)
			if (counts(r, a) && counts(r, b) && !byzantine_is(&r->byzantine, a) &&
			    !byzantine_is(&r->byzantine, b) && !network_linked(n, a, b))
				return false;
	return true;
}

/* Returns a node that is up and in step. */
static uint32_t check_healed(struct run *r)
{
	uint32_t node = (uint32_t)draw(r, r->checks.nodes);

	if (!network_run(r->network, LINKED_MS, all_linked, r))
		checks_fail(&r->checks, "links do not come back");
	check_evidence(r);
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
	while (!counts(r, node) || is_excused(r, node))
		node = (node + 1) % r->checks.nodes;
	wallets_ask_final(&r->wallets, node, 16);
	network_run(r->network, 5000, NULL, NULL);
	look(r);
	wallets_check_answered(&r->wallets, node);
	wallets_check(&r->wallets);
	r->all_behind_ms = 0; /* the time of blocks stands still until then: nothing expires */
	run_set_clocks(r);
	if (draw(r, 4) == 0)
		check_holds(r);
	if (r->phones_options.count)
		check_phones(r);
	return node;
}

/* Of all that is drawn before the start, and of how far the generator has come by then. */
static uint32_t digest_drawn(const struct run *r)
{
	static const uint8_t key[16] = {0};
	const struct network_options *o = &r->options;
	uint64_t drawn[] = {r->random,          o->validators,          o->twins,      o->faulty,     o->delay_max_ms,
	                    o->commit_ms,       o->verify_ms,           r->horizon_ms, r->crash_rate, r->fault_rate,
	                    o->loss_percent,    o->duplicate_percent,   r->pay_rate,   r->far_clock,  r->budget,
	                    r->byzantine.masks, r->byzantine.liar_count};
	uint64_t digest = siphash(key, drawn, sizeof(drawn)) ^ siphash(key, r->weights, sizeof(r->weights)) ^
	                  siphash(key, r->drift_ppm, sizeof(r->drift_ppm));

	for (uint32_t i = 0; i < r->byzantine.liar_count; i++)
		digest ^= siphash(key, &r->byzantine.liars[i].scripts, sizeof(uint32_t)) + i;
	return (uint32_t)digest & INT32_MAX;
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
	uint32_t drawn = digest_drawn(r);
	machines_draw(r);
	draw_phones(r);
	draw_wire(r);
	run_draw_outage(r);
	draw_counters(r);
	draw_speed(r);
	draw_gaps(r);
	checks_init(&r->checks, &r->options, s->seed);
	byzantine_hook(&r->byzantine, &r->checks, &r->options);
	r->checks.trace = s->trace;
	r->network = network_new(&r->options);
	wallets_keys(&r->wallets);
	phones_addresses(r->network, addresses + WALLET_ACCOUNTS);
	for (size_t i = 0; i < WALLET_ACCOUNTS; i++)
		addresses[i] = r->wallets.keys[i].address;
	for (size_t i = WALLET_ACCOUNTS; i < MODEL_ACCOUNTS; i++)
		r->wallets.keys[i].address = addresses[i];
	checks_begin(&r->checks, r->network, addresses);
	wallets_begin(&r->wallets, &r->checks, s->seed);
	if (r->options.wire.on)
		trace(r, "links are bytes: queue %zu, window %zu, breaks %u in 1000", r->options.wire.queue_max,
		      r->options.wire.window, r->options.wire.breaks);
	if (r->options.verify_us)
		trace(r, "a signature takes %u us", r->options.verify_us);
	trace(r, "%u validators, %u twins, F %" PRIu64 ", P %" PRIu64 ", delay up to %u ms, loss %u%%",
	      r->options.validators, r->options.twins, r->options.faulty, r->options.slow, r->options.delay_max_ms,
	      r->options.loss_percent);
	byzantine_begin(&r->byzantine, r->network);
	machines_begin(r);
	network_start_all(r->network);
	r->phones = phones_new(&r->wallets, &r->phones_options);
	faulty_time(r);
	heal(r);
	uint32_t last = check_healed(r);
	struct outcome outcome = {.simulated_ms = network_now(r->network),
	                          .log = r->checks.log,
	                          .drawn = drawn,
	                          .heights = r->checks.model.height_count - 1,
	                          .payments = r->checks.model.payment_count,
	                          .opened = r->checks.model.hold_count,
	                          .takes = r->checks.model.takes,
	                          .given_back = r->checks.model.given_back,
	                          .pairs = r->checks.model.pairs};
	run_second_chain(r, last);
	if (!r->backup_used)
		memory_store_free(r->backup);
	byzantine_deinit(&r->byzantine);
	phones_free(r->phones);
	wallets_deinit(&r->wallets);
	checks_deinit(&r->checks);
	network_free(r->network);
	free(r);
	return outcome;
}

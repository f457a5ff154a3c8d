/* What goes wrong in a run; see run.h. Every fault here can happen at any time, and healing must mend it. */
#include "run.h"
#include "wire.h"

#define CLOCK_STEP_MS 2000
#define DAY_MS        INT64_C(86400000)

void run_start(struct run *r, uint32_t node)
{
	r->afresh[node] = false;
	trace(r, "node %u starts", node);
	network_start(r->network, node);
}

static void crash(struct run *r, uint32_t node)
{
	if (!network_up(r->network, node)) {
		if (draw(r, 2))
			run_start(r, node);
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
		run_start(r, node);
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
			run_start(r, i);
}

static void partition(struct run *r)
{
	uint32_t groups = (uint32_t)draw(r, UINT64_C(1) << r->checks.nodes);

	trace(r, "partition %x", groups);
	for (uint32_t a = 0; a < r->checks.nodes; a++)
		for (uint32_t b = 0; b < r->checks.nodes; b++)
			network_cut(r->network, a, b, (groups >> a & 1) != (groups >> b & 1));
}

void run_mend(struct run *r)
{
	for (uint32_t a = 0; a < r->checks.nodes; a++)
		for (uint32_t b = 0; b < r->checks.nodes; b++)
			network_cut(r->network, a, b, false);
}

/* Of a generator of its own: a seed draws all else as it did without. */
void run_draw_outage(struct run *r)
{
	uint64_t random = r->s->seed ^ UINT64_C(0x6f757461676573);

	if (!may(r, FAULT_OUTAGE) || wire_draw(&random, 4))
		return;
	r->outage_from = wire_draw(&random, r->horizon_ms / 2);
	r->outage_until = r->outage_from + 1 + wire_draw(&random, r->horizon_ms);
}

void run_follow_outage(struct run *r)
{
	uint64_t now = network_now(r->network);

	if (now < r->outage_from || r->outage_until == 0)
		return;
	bool over = now >= r->outage_until;
	if (over)
		r->outage_until = 0;
	for (uint32_t a = 0; a < r->checks.nodes; a++)
		for (uint32_t b = 0; b < r->checks.nodes; b++)
			network_cut(r->network, a, b, !over && a != b);
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
		run_mend(r);
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

void run_set_clocks(struct run *r)
{
	for (uint32_t i = 0; i < r->checks.nodes; i++)
		network_set_clock(r->network, i,
		                  r->clock[i] - r->all_behind_ms +
		                      (may(r, FAULT_CLOCK) ? r->drift_ppm[i] : 0) * (int64_t)network_now(r->network) /
		                          1000000);
}

void run_disturb(struct run *r)
{
	if (draw(r, 100) < r->crash_rate && may(r, FAULT_CRASH))
		crash(r, (uint32_t)draw(r, r->checks.nodes));
	if (draw(r, 100) < r->fault_rate)
		disturb(r);
	machines_disturb(r);
}

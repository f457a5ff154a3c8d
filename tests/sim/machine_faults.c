/* What goes wrong with one validator's machine: its disk, its memory, what the disk holds, its clock, its links'
 * buffers; see run.h. The rest of the network must not notice more than that it is away, and it itself must end rather
 * than go on wrongly. Drawn apart from all else: a seed's other faults are what they would be without these. */
#include "run.h"
#include "uncia/error.h"

#define BACK_MAX_MS  86400000 /* a day */
#define DRIFT_MAX    50000    /* ppm of a monotonic clock */
#define HOLD_MAX_MS  5000
#define SLEEP_MAX_MS 30000

uint64_t draw_machine(struct run *r, uint64_t below)
{
	r->machine_random = r->machine_random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (r->machine_random >> 33) % below;
}

void machines_draw(struct run *r)
{
	struct network_options *o = &r->options;

	r->machine_random = r->s->seed ^ UINT64_C(0x6d616368696e65);
	uint32_t flush = 1 + (uint32_t)draw_machine(r, draw_machine(r, 3) ? 50 : 3000);
	uint32_t pool = 4 + (uint32_t)draw_machine(r, 60), per_sender = 1 + (uint32_t)draw_machine(r, 4);
	if (may(r, FAULT_DISK))
		o->flush_max_ms = flush;
	if (may(r, FAULT_LIMITS) && draw_machine(r, 4) == 0)
		o->mempool_max = pool;
	if (may(r, FAULT_LIMITS) && draw_machine(r, 4) == 0)
		o->mempool_per_sender_max = per_sender;
	for (uint32_t i = 0; i < o->validators + o->twins && may(r, FAULT_TIME); i++)
		if (draw_machine(r, 3) == 0)
			r->monotonic_ppm[i] = (int32_t)draw_machine(r, 2 * DRIFT_MAX) - DRIFT_MAX;
}

void machines_begin(struct run *r)
{
	for (uint32_t i = 0; i < r->checks.nodes; i++)
		network_set_drift(r->network, i, r->monotonic_ppm[i]);
}

static void fail_memory(struct run *r, uint32_t node)
{
	uint64_t nth = 1 + draw_machine(r, draw_machine(r, 2) ? 8 : 200);

	bool once = draw_machine(r, 2);

	trace(r, "node %u has no memory %s allocation %u of its next step", node, once ? "for" : "from", (unsigned)nth);
	network_fail_allocation(r->network, node, nth, once);
}

static void fail_disk(struct run *r, uint32_t node)
{
	uint64_t how = draw_machine(r, 4), value = draw_machine(r, 1u << 20);

	trace(r, "node %u: its disk fails (%u)", node, (unsigned)how);
	switch (how) {
	case 0:
		network_fail_reads(r->network, node, 1 + value % 50, value % 2 ? UNCIA_E_IO : UNCIA_E_DAMAGED);
		break;
	case 1:
		network_damage(r->network, node, value);
		break;
	case 2:
		network_mend_node(r->network, node);
		break;
	default:
		network_fail_disk(r->network, node);
	}
}

/* storage §2: below the reserve a validator stops voting. Not more: that is checked with every vote. */
static void fill_disk(struct run *r, uint32_t node)
{
	bool all = draw_machine(r, 10) == 0, low = draw_machine(r, 2);

	trace(r, "node %u%s: its disk has %s", node, all ? " and all" : "", low ? "no room" : "room");
	for (uint32_t i = 0; i < r->checks.nodes; i++)
		if (all || i == node)
			network_set_space(r->network, i, low);
}

/* storage §5: the state is never ahead of the journal. A journal that lacks what the state is of is not that state's:
 * lost, or an older one; the validator must not start on it. */
static void spoil_journal(struct run *r, uint32_t node)
{
	struct storage_view view;
	struct state_meta meta;

	network_view(r->network, node, &view);
	if (network_up(r->network, node) || view.meta(view.context, &meta) || meta.height == 0)
		return;
	struct memory_store *whole = network_backup(r->network, node), *spoiled = network_backup(r->network, node);
	memory_store_age(spoiled, 1 + draw_machine(r, meta.height));
	network_replace_store(r->network, node, spoiled);
	trace(r, "node %u is started with a journal that is too old for its state", node);
	if (!network_refuses_start(r->network, node))
		checks_fail(&r->checks, "node %u starts with a journal that is older than its state", node);
	network_replace_store(r->network, node, whole);
}

/* One link, or all that lead to a node, hold what is sent for a while and give it all at once. */
static void hold_links(struct run *r, uint32_t to)
{
	uint32_t from = (uint32_t)draw_machine(r, r->checks.nodes);
	bool all = draw_machine(r, 4) == 0;
	uint64_t ms = draw_machine(r, HOLD_MAX_MS);

	trace(r, "what %s %u sends to node %u is held", all ? "everybody and" : "node", from, to);
	for (uint32_t i = 0; i < r->checks.nodes; i++)
		if (all || i == from)
			network_clog(r->network, i, to, ms);
}

/* faults row 18: "a common step back does not halt the network". Healing does not always set them right. */
static void set_all_back(struct run *r, uint32_t node)
{
	(void)node;
	r->all_behind_ms = (int64_t)draw_machine(r, draw_machine(r, 2) ? BACK_MAX_MS : 2000);
	trace(r, "all clocks are set back by %lld ms", (long long)r->all_behind_ms);
}

static void put_to_sleep(struct run *r, uint32_t node)
{
	trace(r, "node %u sleeps", node);
	network_suspend(r->network, node, draw_machine(r, draw_machine(r, 8) ? 1000 : SLEEP_MAX_MS));
	r->afresh[node] = true;
}

static const struct {
	enum fault fault;
	void (*happens)(struct run *r, uint32_t node);
} machine_faults[] = {{FAULT_MEMORY, fail_memory}, {FAULT_MEMORY, fail_memory}, {FAULT_DISK, fail_disk},
                      {FAULT_DISK, fail_disk},     {FAULT_DISK, fail_disk},     {FAULT_DISK, spoil_journal},
                      {FAULT_SPACE, fill_disk},    {FAULT_SPACE, fill_disk},    {FAULT_HOLD, hold_links},
                      {FAULT_HOLD, hold_links},    {FAULT_TIME, put_to_sleep},  {FAULT_TIME, set_all_back}};

/* As often as other faults, on the whole. What ends of it is started again. */
void machines_disturb(struct run *r)
{
	if (draw_machine(r, 100) >= r->fault_rate / 2)
		return;
	uint32_t node = (uint32_t)draw_machine(r, r->checks.nodes);
	uint64_t which = draw_machine(r, sizeof(machine_faults) / sizeof(*machine_faults));
	if (may(r, machine_faults[which].fault))
		machine_faults[which].happens(r, node);
	if (!network_up(r->network, node) && draw_machine(r, 2) && may(r, FAULT_CRASH))
		run_start(r, node);
}

void machines_mend(struct run *r)
{
	for (uint32_t i = 0; i < r->checks.nodes; i++) {
		network_mend_node(r->network, i);
		network_set_space(r->network, i, false);
		for (uint32_t to = 0; to < r->checks.nodes; to++)
			network_clog(r->network, i, to, 0);
	}
	/* While clocks are behind nothing expires: a small pool may stay full. */
	if (draw_machine(r, 2) || r->options.mempool_max || r->options.mempool_per_sender_max)
		r->all_behind_ms = 0;
}

void machines_leave_out(struct run *r, uint32_t node)
{
	uint64_t how = may(r, FAULT_HOLD) ? draw_machine(r, 5) : 0;

	trace(r, "the others must do without node %u (%u)", node, (unsigned)how);
	if (how == 4 && may(r, FAULT_SPACE)) { /* it follows and answers */
		network_set_space(r->network, node, true);
		return;
	}
	r->apart[node] = true;
	if (how == 0)
		network_crash_keeping(r->network, node);
	for (uint32_t other = 0; other < r->checks.nodes; other++) {
		if (how != 2) /* cannot be heard */
			network_cut(r->network, node, other, true);
		if (how != 1) /* hears nobody */
			network_cut(r->network, other, node, true);
	}
}

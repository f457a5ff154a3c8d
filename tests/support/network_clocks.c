/* Each node's clocks, and standing still; see network_parts.h. The wall clock is the true time and an offset; the
 * monotonic one begins anywhere, drifts, and may stand still while the node does. */
#include "network_parts.h"

#define MILLION      1000000
#define FAR_MS       (UINT64_C(1) << 40)
#define UPTIME_MAX_S 10000000 /* of the machine before the process starts */

void clock_begin(struct network *n, uint32_t node)
{
	struct node *self = &n->nodes[node];
	uint64_t machine = (n->options.seed * 31 + node) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	self->timer_at = self->timer_wanted = self->paused_until = 0;
	self->clock_at = n->now;
	self->clock_was = machine * 1000 % UPTIME_MAX_S + n->now;
}

uint64_t clock_now(const struct network *n, uint32_t node)
{
	const struct node *self = &n->nodes[node];

	if (n->now < self->clock_at) /* stands still */
		return self->clock_was;
	return self->clock_was + (n->now - self->clock_at) * (uint64_t)(MILLION + self->drift_ppm) / MILLION;
}

void clock_set_timer(struct network *n, uint32_t node, uint64_t at_ms)
{
	struct node *self = &n->nodes[node];
	uint64_t in = at_ms - clock_now(n, node);

	if (at_ms == self->timer_wanted && self->timer_at)
		return;
	if (in > FAR_MS)
		in = FAR_MS;
	in = (in * MILLION + (uint64_t)(MILLION + self->drift_ppm) - 1) / (uint64_t)(MILLION + self->drift_ppm);
	self->timer_wanted = at_ms;
	self->timer_at = n->now + in;
	network_push(n, (struct item){.at = self->timer_at, .kind = ITEM_TIMER, .node = node, .life = self->life});
}

void network_set_clock(struct network *n, uint32_t node, int64_t offset_ms)
{
	n->nodes[node].clock_ms = offset_ms;
}

int64_t network_clock_offset(const struct network *n, uint32_t node)
{
	return n->nodes[node].clock_ms;
}

void network_set_drift(struct network *n, uint32_t node, int32_t ppm)
{
	struct node *self = &n->nodes[node];

	if (ppm == self->drift_ppm)
		return;
	self->clock_was = clock_now(n, node);
	self->clock_at = n->now;
	self->drift_ppm = ppm;
}

void network_pause(struct network *n, uint32_t node, uint64_t ms)
{
	/* Only ever longer: what waits already keeps its place before what comes later. */
	if (n->nodes[node].paused_until < n->now + ms)
		n->nodes[node].paused_until = n->now + ms;
}

void network_suspend(struct network *n, uint32_t node, uint64_t ms)
{
	struct node *self = &n->nodes[node];
	uint64_t from = self->paused_until > n->now ? self->paused_until : n->now;

	network_pause(n, node, ms);
	if (self->paused_until > from) {
		self->clock_was = clock_now(n, node);
		self->clock_at = n->now + (self->paused_until - from);
	}
}

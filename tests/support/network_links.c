/* The links between a network's nodes; see network_parts.h. */
#include "network_parts.h"

#define REDIAL_MS 200u

void network_send(struct network *n, uint32_t from, uint32_t to, const struct bytes *message,
                  enum network_urgency urgency)
{
	uint32_t spread = n->options.delay_max_ms - n->options.delay_min_ms + 1;

	if (n->wires) {
		network_wire_send(n, from, to, message, urgency);
		return;
	}
	/* A link that one end has closed carries nothing in either direction. */
	if (n->now < n->shunned_until[to][peer_number(n, from)] || n->now < n->shunned_until[from][peer_number(n, to)])
		return;
	if (n->cut[from][to] || !n->nodes[to].replica || network_random(n) % 100 < n->options.loss_percent)
		return;
	struct item item = {.at = n->now + n->options.delay_min_ms + network_random(n) % spread,
	                    .kind = ITEM_PEER_MESSAGE,
	                    .node = to,
	                    .from = peer_number(n, from),
	                    .life = n->nodes[to].life,
	                    .size = message->size};
	if (item.at < n->clogged_until[from][to])
		item.at = n->clogged_until[from][to];
	item.bytes = must(malloc(message->size + 1));
	memcpy(item.bytes, message->data, message->size);
	network_push(n, item);
	if (!n->options.duplicate_percent || network_random(n) % 100 >= n->options.duplicate_percent)
		return;
	item.at += network_random(n) % (4 * (uint64_t)spread);
	item.bytes = must(malloc(message->size + 1));
	memcpy(item.bytes, message->data, message->size);
	network_push(n, item);
}

/* Whether the validator that this node is runs anywhere. */
static bool validator_up(const struct network *n, uint32_t node)
{
	for (uint32_t other = 0; other < node_count(n); other++)
		if (peer_number(n, other) == peer_number(n, node) && n->nodes[other].replica)
			return true;
	return false;
}

static void link_event(struct network *n, uint32_t node, uint32_t other, uint64_t at, bool up)
{
	network_push(n, (struct item){.at = at,
	                              .kind = ITEM_LINK,
	                              .node = node,
	                              .from = peer_number(n, other),
	                              .up = up,
	                              .life = n->nodes[node].life});
}

void network_flap(struct network *n, uint32_t a, uint32_t b)
{
	link_event(n, a, b, n->now, false);
	link_event(n, b, a, n->now, false);
	link_event(n, a, b, n->now, true);
	link_event(n, b, a, n->now, true);
}

void network_link_up(struct network *n, uint32_t node)
{
	if (n->wires) {
		network_wire_up(n, node);
		return;
	}
	for (uint32_t other = 0; other < node_count(n); other++) {
		if (!are_peers(n, node, other) || !n->nodes[other].replica)
			continue;
		link_event(n, node, other, n->now + 1, true);
		link_event(n, other, node, n->now + 1, true);
	}
}

void network_link_down(struct network *n, uint32_t node)
{
	if (n->wires) {
		network_wire_down(n, node);
		return;
	}
	for (uint32_t other = 0; other < node_count(n); other++)
		if (n->nodes[other].replica && are_peers(n, node, other) && !validator_up(n, node))
			link_event(n, other, node, n->now + 1, false);
}

void network_link_drop(struct network *n, uint32_t node, uint32_t peer)
{
	if (n->wires) {
		network_wire_drop(n, node, peer);
		return;
	}
	uint64_t again = n->now + PEER_SHUN_MS + REDIAL_MS / 2 + network_random(n) % REDIAL_MS;

	n->shunned_until[node][peer] = n->now + PEER_SHUN_MS;

	for (uint32_t other = 0; other < node_count(n); other++) {
		if (peer_number(n, other) != peer || !n->nodes[other].replica)
			continue;
		link_event(n, node, other, n->now + 1, false);
		link_event(n, other, node, n->now + 1, false);
		link_event(n, node, other, again, true);
		link_event(n, other, node, again, true);
	}
}

bool network_link_possible(const struct network *n, uint32_t validator)
{
	return validator_up(n, validator);
}

void network_cut(struct network *n, uint32_t from, uint32_t to, bool cut)
{
	n->cut[from][to] = cut;
}

void network_clog(struct network *n, uint32_t from, uint32_t to, uint64_t ms)
{
	n->clogged_until[from][to] = n->now + ms;
}

void network_set_loss(struct network *n, uint32_t percent)
{
	n->options.loss_percent = percent;
}

void network_inject(struct network *n, uint32_t from, uint32_t to, const void *message, size_t size)
{
	struct bytes bytes = {message, size};

	if (n->wires)
		network_wire_send(n, from, to, &bytes, SAID_FOR_IT);
	else
		network_send(n, from, to, &bytes, false);
}

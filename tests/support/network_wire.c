/* The links between nodes that speak bytes, as node/io/peers.c has them; see network_wire.h. A validator and its twin
 * are two peers here, so that all hear both; their cores are told what the daemon would tell them, where the newer link
 * takes the older one's place. */
#include "network_wire.h"
#include <stdarg.h>
#include "uncia/error.h"

/* node/io/peers.h; its own includes are libuv's. */
#define BACKOFF_MIN_MS 50u
#define BACKOFF_MAX_MS 5000u
#define TICK_MS        (PING_INTERVAL_MS / 5 + 1)

void wires_trace(const struct network *n, const struct end *end, const char *format, ...)
{
	va_list arguments;

	if (!getenv("NETWORK_TRACE"))
		return;
	fprintf(stderr, "%8llu node %u link to %u: ", (unsigned long long)n->now, end->node, end->other->node);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(arguments);
	fprintf(stderr, "\n");
}

void wires_fail(const struct network *n, const struct end *end, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "seed %llu: node %u, its link to %u: ", (unsigned long long)n->options.seed, end->node,
	        end->other->node);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(arguments);
	fprintf(stderr, "\n");
	abort();
}

static struct peer *peer_of(struct network *n, const struct end *end)
{
	return &n->wires->peers[end->node][end->other->node];
}

bool wires_live(const struct network *n, const struct end *end)
{
	return n->wires->peers[end->node][end->other->node].live == end;
}

/* network §8.2: of two validators the one with the lower index in the committee dials the other. */
static bool dials(const struct network *n, uint32_t node, uint32_t other)
{
	return peer_number(n, node) < peer_number(n, other);
}

static bool linked(const struct network *n, uint32_t node, uint32_t validator)
{
	for (uint32_t other = 0; other < node_count(n); other++)
		if (peer_number(n, other) == validator && n->wires->peers[node][other].live)
			return true;
	return false;
}

static void tell(struct network *n, uint32_t node, uint32_t peer, bool up)
{
	struct wires *w = n->wires;

	w->tell = must(realloc(w->tell, (w->tell_count + 1) * sizeof(*w->tell)));
	w->tell[w->tell_count++] = (struct tell){.node = node, .life = n->nodes[node].life, .peer = peer, .up = up};
}

/* As `deliver` in node/io/node.c: what happens to links within a step is a step of its own after it. */
void wires_tell(struct network *n)
{
	for (size_t i = 0; i < n->wires->tell_count; i++) {
		const struct tell told = n->wires->tell[i];
		if (n->nodes[told.node].replica && n->nodes[told.node].life == told.life)
			network_step(
			    n, told.node,
			    (struct event){.kind = told.up ? EVENT_PEER_UP : EVENT_PEER_DOWN, .peer = told.peer});
	}
	n->wires->tell_count = 0;
}

static void dial_at(struct network *n, uint32_t node, uint32_t other, uint64_t at)
{
	network_push(
	    n, (struct item){.at = at, .kind = ITEM_DIAL, .node = node, .from = other, .life = n->nodes[node].life});
}

static void dial_later(struct network *n, uint32_t node, uint32_t other)
{
	struct peer *peer = &n->wires->peers[node][other];

	if (!dials(n, node, other))
		return;
	/* faults 27: half of the delay is chance. */
	dial_at(n, node, other, n->now + peer->backoff_ms - wires_draw(n, peer->backoff_ms / 2));
	peer->backoff_ms *= 2;
	if (peer->backoff_ms > BACKOFF_MAX_MS)
		peer->backoff_ms = BACKOFF_MAX_MS;
}

static void dial(struct network *n, uint32_t node, uint32_t other)
{
	struct peer *peer = &n->wires->peers[node][other];

	if (n->now < peer->shunned_until)
		dial_at(n, node, other, peer->shunned_until);
	else if (!peer->live && !peer->dialling)
		peer->dialling = end_dial(n, node, other);
}

/* The live link is gone. */
static void lost(struct network *n, struct end *end, const char *why)
{
	struct peer *peer = peer_of(n, end);
	uint32_t validator = peer_number(n, end->other->node);

	wires_trace(n, end, "is down: %s", why);
	peer->live = NULL;
	if (n->now - peer->up_ms >= BACKOFF_MAX_MS)
		peer->backoff_ms = BACKOFF_MIN_MS;
	dial_later(n, end->node, end->other->node);
	if (!linked(n, end->node, validator))
		tell(n, end->node, validator, false);
}

static void close_live(struct network *n, struct end *end, const char *why)
{
	end_close(n, end, false);
	lost(n, end, why);
}

void wires_ended(struct network *n, struct end *end, const char *why)
{
	struct peer *peer = peer_of(n, end);

	if (end == peer->live) {
		lost(n, end, why);
	} else if (end == peer->dialling) {
		wires_trace(n, end, "is not made: %s", why);
		peer->dialling = NULL;
		dial_later(n, end->node, end->other->node);
	}
}

bool wires_allowed(void *network, const uint8_t key[32])
{
	const struct committee *c = &((struct network *)network)->fixture.genesis.committee;

	for (uint32_t i = 0; i < c->size; i++)
		if (memcmp(c->validators[i].network_key, key, 32) == 0)
			return true;
	return false;
}

/* network §8: a new link replaces an old one only now. */
void wires_established(struct network *n, struct end *end)
{
	struct peer *peer = peer_of(n, end);
	uint32_t validator = peer_number(n, end->other->node);
	const uint8_t *key = link_remote_static(end->link);

	if (!key || memcmp(key, n->fixture.genesis.committee.validators[validator].network_key, 32) != 0)
		wires_fail(n, end, "another answers");
	if (end == peer->dialling)
		peer->dialling = NULL;
	if (n->now < peer->shunned_until) {
		wires_trace(n, end, "is refused");
		end_close(n, end, false);
		dial_later(n, end->node, end->other->node);
		return;
	}
	if (peer->live)
		close_live(n, peer->live, "replaced by a new link");
	if (linked(n, end->node, validator))
		tell(n, end->node, validator, false);
	wires_trace(n, end, "is up");
	peer->live = end;
	peer->up_ms = n->now;
	peer->silent_ms = 0;
	tell(n, end->node, validator, true);
}

void network_wire_send(struct network *n, uint32_t from, uint32_t to, const struct bytes *message,
                       enum network_urgency urgency)
{
	struct end *live = n->wires->peers[from][to].live;

	if (!live)
		return;
	size_t queued = link_queued(live->link), most = n->options.wire.queue_max;
	if (urgency == SAID_SPARE && queued + message->size > most / 2)
		return;
	if (urgency == SAID_ANSWER && (queued > most / 4 || (queued && queued + message->size > most - most / 8)))
		return;
	int error = end_send(n, live, message);
	if (error && urgency != SAID_FOR_IT)
		close_live(n, live, error == UNCIA_E_FULL ? "does not read" : uncia_error_text(error));
}

static void tick(struct network *n, uint32_t node)
{
	const struct bytes ping = {NULL, 0};

	for (uint32_t other = 0; other < node_count(n); other++) {
		struct peer *peer = &n->wires->peers[node][other];
		if (!peer->live)
			continue;
		peer->silent_ms = peer->live->heard_ms == peer->heard_ms ? peer->silent_ms + TICK_MS : 0;
		peer->heard_ms = peer->live->heard_ms;
		if (peer->silent_ms >= PEER_DEAD_MS)
			close_live(n, peer->live, "silent");
		else if (n->now - peer->live->sent_ms >= PING_INTERVAL_MS)
			network_wire_send(n, node, other, &ping, SAID);
	}
	network_push(
	    n, (struct item){.at = n->now + TICK_MS, .kind = ITEM_TICK, .node = node, .life = n->nodes[node].life});
}

void network_wire_item(struct network *n, const struct item *item)
{
	if (item->kind == ITEM_TICK)
		tick(n, item->node);
	else if (item->kind == ITEM_DIAL)
		dial(n, item->node, item->from);
	else
		ends_due(n, item);
}

void network_wire_turn(struct network *n)
{
	wires_tell(n);
	ends_flush(n);
}

void network_wire_drop(struct network *n, uint32_t node, uint32_t validator)
{
	for (uint32_t other = 0; other < node_count(n); other++) {
		struct peer *peer = &n->wires->peers[node][other];
		if (peer_number(n, other) != validator)
			continue;
		peer->shunned_until = n->now + PEER_SHUN_MS;
		if (peer->live)
			close_live(n, peer->live, "broke the protocol");
	}
}

void network_wire_up(struct network *n, uint32_t node)
{
	for (uint32_t other = 0; other < node_count(n); other++) {
		n->wires->peers[node][other] = (struct peer){.backoff_ms = BACKOFF_MIN_MS};
		if (dials(n, node, other))
			dial_at(n, node, other, n->now);
	}
	network_push(
	    n, (struct item){.at = n->now + TICK_MS, .kind = ITEM_TICK, .node = node, .life = n->nodes[node].life});
}

/* A process that ends leaves its connections to its system, which tells the others; a machine that does tells nobody.
 */
void network_wire_down(struct network *n, uint32_t node)
{
	bool quietly = wires_draw(n, 4) == 0;

	memset(n->wires->peers[node], 0, sizeof(n->wires->peers[node]));
	for (uint32_t other = 0; other < node_count(n); other++) {
		for (struct connection *c = n->wires->connections[node][other]; c; c = c->next)
			end_close(n, &c->ends[0], quietly);
		for (struct connection *c = n->wires->connections[other][node]; c; c = c->next)
			end_close(n, &c->ends[1], quietly);
	}
}

void network_wire_new(struct network *n)
{
	n->wires = must(calloc(1, sizeof(*n->wires)));
	n->wires->random = n->options.seed ^ UINT64_C(0x77697265);
}

void network_wire_free(struct network *n)
{
	if (!n->wires)
		return;
	ends_free(n);
	free(n->wires->tell);
	free(n->wires);
}

bool network_linked(const struct network *n, uint32_t a, uint32_t b)
{
	return peer_number(n, a) == peer_number(n, b) || !n->wires ||
	       (n->wires->peers[a][b].live && n->wires->peers[b][a].live);
}

void network_calm_links(struct network *n)
{
	n->options.wire.breaks = 0;
}

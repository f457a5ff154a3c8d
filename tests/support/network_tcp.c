/* Connections between nodes, and the wire link at their ends; see network_wire.h. A connection keeps what is sent in
 * order and whole, or ends: where the network loses or holds bytes they are sent again, and come later. Checked all the
 * while: what is heard is a beginning of what was said on that same connection, message by message; and what waits to
 * be written stays within its bound. */
#include "network_wire.h"
#include "noise.h"
#include "uncia/error.h"

#define MESSAGE_PREFIX    4u
#define RECORD_OVERHEAD   18u
#define REFUSED_PERCENT   10
#define HANDSHAKE_MS      5000u /* as HANDSHAKE_TIMEOUT_MS */
#define SENT_AGAIN_MS     200u
#define SENT_AGAIN_MAX_MS 3200u

struct said {
	struct said *next;
	uint64_t digest;
	size_t size;
};

static const uint8_t digest_key[16] = "said on a link";

/* ---- what is to come ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool is_dialler(const struct end *end)
{
	return end == &end->connection->ends[0];
}

static void schedule(struct network *n, struct end *end)
{
	const struct connection *c = end->connection;
	uint64_t next = UINT64_MAX;

	if (!end->open)
		return;
	if (!c->connected)
		next = c->at;
	else if (end->in.first)
		next = end->in.first->at;
	else if (end->over_at)
		next = end->over_at;
	if (next < end->cut_until)
		next = end->cut_until;
	if (!end->established)
		next = earlier(next, end->deadline_at);
	if (next == UINT64_MAX || (end->wake_at && end->wake_at <= next))
		return;
	end->wake_at = next;
	network_push(n, (struct item){.at = next > n->now ? next : n->now,
	                              .kind = ITEM_BYTES,
	                              .node = end->node,
	                              .from = end->other->node,
	                              .wallet = c->number,
	                              .turn = ++end->wake,
	                              .life = n->nodes[end->node].life});
}

static void mark_dirty(struct network *n, struct end *end)
{
	end->dirty = true;
	n->wires->dirty = true;
}

/* ---- making ---- */

static void link_begin(struct network *n, struct end *end)
{
	const struct fixture *f = &n->fixture;
	uint8_t ephemeral[32];

	for (size_t i = 0; i < sizeof(ephemeral); i++)
		ephemeral[i] = (uint8_t)wires_draw(n, 256);
	/* As link_options_fill in node/io/peers.c. */
	struct link_options options = {.pattern = NOISE_IK,
	                               .initiator = is_dialler(end),
	                               .network_id = &f->genesis.network_id,
	                               .static_secret = f->validators[peer_number(n, end->node)].network_secret,
	                               .ephemeral_secret = ephemeral,
	                               .message_size_max = MESSAGE_SIZE_VALIDATOR_MAX,
	                               .write_queue_max = n->options.wire.queue_max};
	if (options.initiator) {
		options.remote_static = f->genesis.committee.validators[peer_number(n, end->other->node)].network_key;
	} else {
		options.allowed = wires_allowed;
		options.context = n;
	}
	if (link_new(&options, &end->link))
		abort();
}

static void end_init(struct network *n, struct connection *c, int side, uint32_t node)
{
	struct end *end = &c->ends[side];

	*end = (struct end){.connection = c, .other = &c->ends[1 - side], .node = node};
	end->deadline_at = n->now + HANDSHAKE_MS;
	end->said_last = &end->said;
	end->heard_ms = end->sent_ms = n->now;
	wire_clear(&end->in);
}

struct end *end_dial(struct network *n, uint32_t from, uint32_t to)
{
	struct connection *c = must(calloc(1, sizeof(*c)));

	c->number = ++n->wires->numbers;
	c->at = n->now + 1 + wires_draw(n, 2 * (uint64_t)n->options.delay_max_ms);
	end_init(n, c, 0, from);
	end_init(n, c, 1, to);
	c->ends[0].open = true;
	link_begin(n, &c->ends[0]);
	c->next = n->wires->connections[from][to];
	n->wires->connections[from][to] = c;
	schedule(n, &c->ends[0]);
	return &c->ends[0];
}

static bool is_cut(const struct network *n, const struct end *end)
{
	return n->cut[end->other->node][end->node];
}

static void fail(struct network *n, struct end *end, const char *why)
{
	end_close(n, end, false);
	wires_ended(n, end, why);
}

/* Whom nobody can reach is asked again until the time for the handshake is up; where nobody listens, it is refused. */
static void try_connect(struct network *n, struct end *end)
{
	struct connection *c = end->connection;
	struct end *other = end->other;
	bool refused = n->options.wire.breaks && wires_draw(n, 100) < REFUSED_PERCENT;

	if (is_cut(n, end) || is_cut(n, other)) {
		c->at = n->now + 1000;
	} else if (refused || !n->nodes[other->node].replica) {
		fail(n, end, "refused");
	} else {
		c->connected = other->open = true;
		other->deadline_at = n->now + HANDSHAKE_MS;
		other->heard_ms = other->sent_ms = n->now;
		mark_dirty(n, end);
		schedule(n, other);
	}
}

/* ---- ending ---- */

static void notices(struct network *n, struct end *end)
{
	uint64_t at = n->now + 1 + wires_draw(n, n->options.delay_max_ms);

	end->over_at = at > end->in.last_at ? at : end->in.last_at;
	schedule(n, end);
}

void end_close(struct network *n, struct end *end, bool quietly)
{
	struct end *other = end->other;

	if (!end->open)
		return;
	end->open = false;
	wire_clear(&end->in);
	n->wires->dirty = true;
	if (!other->open || other->over_at || quietly)
		return;
	if (wires_draw(n, 2))
		wire_break(&other->in, &n->wires->random);
	notices(n, other);
}

/* Something on the way between them loses the connection. */
static void break_off(struct network *n, struct end *end)
{
	struct end *ends[2] = {end, end->other};

	wires_trace(n, end, "breaks");
	for (int i = 0; i < 2; i++)
		if (ends[i]->open && !ends[i]->over_at) {
			wire_break(&ends[i]->in, &n->wires->random);
			notices(n, ends[i]);
		}
}

static void end_free(struct end *end)
{
	while (end->said) {
		struct said *said = end->said;
		end->said = said->next;
		free(said);
	}
	wire_clear(&end->in);
	link_free(end->link);
}

static void connections_free(struct connection **at, bool all)
{
	while (*at) {
		struct connection *c = *at;
		if (!all && (c->ends[0].open || c->ends[1].open)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		end_free(&c->ends[0]);
		end_free(&c->ends[1]);
		free(c);
	}
}

void ends_free(struct network *n)
{
	for (uint32_t a = 0; a < node_count(n); a++)
		for (uint32_t b = 0; b < node_count(n); b++)
			connections_free(&n->wires->connections[a][b], true);
}

/* ---- writing ---- */

/* network §8: "a peer that does not read": what waits for it is bounded, but for a message alone, which may be longer,
 * and what its records add. */
static void check_queue(const struct network *n, const struct end *end)
{
	size_t most = n->options.wire.queue_max;

	if (most < MESSAGE_PREFIX + end->lone_max)
		most = MESSAGE_PREFIX + end->lone_max;
	most += (most / (RECORD_SIZE_REQUEST_MAX - NOISE_MAC_SIZE) + 1) * RECORD_OVERHEAD; /* those of a wallet */
	if (link_queued(end->link) > most)
		wires_fail(n, end, "%zu bytes wait, where %zu is the limit", link_queued(end->link), most);
}

int end_send(struct network *n, struct end *end, const struct bytes *message)
{
	size_t queued = link_queued(end->link);
	int error = link_send(end->link, message->data, message->size);

	if (error)
		return error;
	if (queued == 0 && message->size > end->lone_max)
		end->lone_max = message->size;
	check_queue(n, end);
	end->sent_ms = n->now;
	mark_dirty(n, end);
	if (!message->size)
		return 0;
	struct said *said = must(calloc(1, sizeof(*said)));
	said->size = message->size;
	said->digest = siphash(digest_key, message->data, message->size);
	*end->other->said_last = said;
	end->other->said_last = &said->next;
	return 0;
}

/* Where bytes are lost, or a link holds them, all that follow wait for them. */
static void hold(struct network *n, const struct end *end, struct wire *wire)
{
	uint64_t until = n->clogged_until[end->node][end->other->node];

	if (wires_draw(n, 100) < n->options.loss_percent && until < n->now + SENT_AGAIN_MS)
		until = n->now + SENT_AGAIN_MS;
	if (wire->last_at < until)
		wire->last_at = until;
}

/* The other's system takes what has room there, whether or not its process reads. */
static void flush(struct network *n, struct end *end)
{
	struct end *other = end->other;
	struct bytes run;

	end->dirty = false;
	while (end->open && end->link && end->connection->connected && other->in.size < n->options.wire.window) {
		size_t room = n->options.wire.window - other->in.size;
		link_output(end->link, &run);
		if (!run.size)
			break;
		size_t size = run.size < room ? run.size : room;
		hold(n, end, &other->in);
		if (!other->over_at) /* the connection still is one */
			wire_write(&other->in, &n->wires->random, n->now, n->options.delay_max_ms, run.data, size);
		link_output_taken(end->link, size);
		check_queue(n, end);
		/* Nobody is there: whoever runs on that machine now says so. */
		if (!other->open && !end->over_at && n->nodes[other->node].replica && !is_cut(n, end))
			notices(n, end);
		if (wires_draw(n, 1000) < n->options.wire.breaks)
			break_off(n, end);
	}
	schedule(n, other);
}

void ends_flush(struct network *n)
{
	struct wires *w = n->wires;

	if (!w->dirty)
		return;
	w->dirty = false;
	for (uint32_t a = 0; a < node_count(n); a++)
		for (uint32_t b = 0; b < node_count(n); b++) {
			for (struct connection *c = w->connections[a][b]; c; c = c->next)
				for (int side = 0; side < 2; side++)
					if (c->ends[side].dirty)
						flush(n, &c->ends[side]);
			connections_free(&w->connections[a][b], false);
		}
}

/* ---- reading ---- */

static void check_said(const struct network *n, struct end *end, const struct bytes *message)
{
	struct said *said = end->said;

	if (!said || said->size != message->size || said->digest != siphash(digest_key, message->data, message->size))
		wires_fail(n, end, "a message of %zu bytes comes that was not said next on this connection",
		           message->size);
	end->said = said->next;
	if (!end->said)
		end->said_last = &end->said;
	free(said);
}

/* As `received` in node/io/tcp.c. A step may close this end, or end the node: its link is there until the next flush,
 * but nothing more is delivered. */
static void received(struct network *n, struct end *end, const struct wire_piece *piece)
{
	uint32_t life = n->nodes[end->node].life;
	enum noise_pattern pattern;
	struct bytes message;

	end->heard_ms = n->now;
	if (!end->link) {
		if (link_peek(piece->bytes[0], &pattern) || pattern != NOISE_IK)
			wires_fail(n, end, "begins with %02x", piece->bytes[0]);
		link_begin(n, end);
	}
	int error = link_feed(end->link, piece->bytes, piece->size);
	if (error)
		wires_fail(n, end, "cannot read what it is sent: %d", error);
	mark_dirty(n, end);
	mark_dirty(n, end->other); /* there is room again */
	if (!end->established && link_established(end->link)) {
		end->established = true;
		wires_established(n, end);
		wires_tell(n);
	}
	while (end->open && link_next(end->link, &message)) {
		check_said(n, end, &message);
		if (!wires_live(n, end))
			wires_fail(n, end, "says something after another link took its place");
		network_step(n, end->node,
		             (struct event){.kind = EVENT_PEER_MESSAGE,
		                            .peer = peer_number(n, end->other->node),
		                            .message = message});
		assert(!end->open || n->nodes[end->node].life == life);
		wires_tell(n);
	}
}

static void read_all(struct network *n, struct end *end)
{
	struct wire_piece *piece;

	if (is_cut(n, end)) {
		end->cut_ms = end->cut_ms ? earlier(2 * end->cut_ms, SENT_AGAIN_MAX_MS) : SENT_AGAIN_MS;
		end->cut_until = n->now + end->cut_ms;
		return;
	}
	end->cut_ms = 0;
	while (end->open && (piece = wire_due(&end->in, n->now))) {
		if (piece->size > 0)
			received(n, end, piece);
		free(piece);
	}
	if (end->open && end->over_at && end->over_at <= n->now && !end->in.first)
		fail(n, end, "closed");
}

void ends_due(struct network *n, const struct item *item)
{
	struct end *end = NULL;

	for (int side = 0; side < 2; side++) {
		uint32_t from = side ? item->from : item->node, to = side ? item->node : item->from;
		for (struct connection *c = n->wires->connections[from][to]; c; c = c->next)
			if (c->number == item->wallet)
				end = &c->ends[side];
	}
	if (!end || !end->open || end->wake != item->turn)
		return;
	end->wake_at = 0;
	if (!end->connection->connected)
		try_connect(n, end);
	else if (end->cut_until <= n->now)
		read_all(n, end);
	if (end->open && !end->established && end->deadline_at <= n->now)
		fail(n, end, "handshake timeout");
	schedule(n, end);
}

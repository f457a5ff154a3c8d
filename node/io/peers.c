/* Links to the other validators. */
#include "peers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "log.h"
#include "uncia/error.h"

#define RESOLVE_AGAIN_MS 60000u /* the name of a validator that dials us is only needed to know its address */

struct peer;

struct peer_link {
	struct peers *peers;
	struct peer *peer; /* NULL: inbound, and not known yet whose */
	struct tcp *tcp;
	struct peer_link *prev, *next; /* among the candidates */
};

struct peer {
	struct peers *peers;
	uint32_t index;
	struct peer_address name;
	struct sockaddr_storage address;
	bool resolved, numeric, resolving;
	unsigned resolutions; /* how often its name gave addresses */
	uint64_t resolved_ms;
	uv_getaddrinfo_t request;
	uv_timer_t retry;
	struct peer_link *dialling, *live;
	unsigned backoff_ms;
	uint64_t up_ms, heard_ms; /* when the live link began; when it was last heard, as of the last tick */
	unsigned silent_ms;
};

struct peers {
	struct peers_options options;
	struct peers_events events;
	struct peers_counters counters;
	uv_timer_t tick;
	unsigned tick_ms;
	bool stopping;
	struct peer_link *candidates; /* oldest first */
	unsigned candidate_count;
	uint32_t size;
	struct peer all[];
};

/* ---- dialling ------------------------------------------------------------------------------ */

/* network §8.2: of two validators the one with the lower index in the committee dials the other. */
static bool we_dial(const struct peer *peer)
{
	return peer->peers->options.self < peer->index;
}

static void on_retry(uv_timer_t *timer);

static void dial_later(struct peer *peer)
{
	if (!we_dial(peer) || peer->peers->stopping)
		return;
	/* faults 27: half of the delay is chance, so that a network that restarts does not dial in step. */
	unsigned delay = peer->backoff_ms - randombytes_uniform(peer->backoff_ms / 2);
	peer->backoff_ms *= 2;
	if (peer->backoff_ms > PEER_BACKOFF_MAX_MS)
		peer->backoff_ms = PEER_BACKOFF_MAX_MS;
	uv_timer_start(&peer->retry, on_retry, delay, 0);
}

static void dial_failed(struct peer *peer, const char *why)
{
	peer->peers->counters.dial_failures++;
	log_event(LOG_LEVEL_DEBUG, "dial_failed", LOG_NUMBER("peer", peer->index), LOG_TEXT("why", why));
	dial_later(peer);
}

static const struct tcp_events link_events;

/* static_key and allowed are for one side each: initiators know whom they dial, responders ask who it is. */
static void link_options_fill(struct peers *p, struct link_options *options, uint8_t ephemeral[32])
{
	randombytes_buf(ephemeral, 32);
	*options = (struct link_options){
	    .pattern = NOISE_IK,
	    .network_id = &p->options.genesis->network_id,
	    .static_secret = p->options.network_secret,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = MESSAGE_SIZE_VALIDATOR_MAX,
	    .write_queue_max = WRITE_QUEUE_VALIDATOR_MAX,
	};
}

static void dial(struct peer *peer)
{
	struct peers *p = peer->peers;
	struct link_options options;
	uint8_t ephemeral[32];
	struct peer_link *link = calloc(1, sizeof(*link));

	if (!link) {
		dial_failed(peer, "out of memory");
		return;
	}
	link->peers = p;
	link->peer = peer;
	link_options_fill(p, &options, ephemeral);
	options.initiator = true;
	options.remote_static = p->options.genesis->committee.validators[peer->index].network_key;
	int error = tcp_connect(p->options.set, (const struct sockaddr *)&peer->address, &options, &link_events, link,
	                        &link->tcp);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	if (error) {
		free(link);
		dial_failed(peer, uncia_error_text(error));
		return;
	}
	peer->dialling = link;
}

/* One of the addresses behind a name, each time the next: the first need not be one that can be reached from here. */
static void take_address(struct peer *peer, const struct addrinfo *found)
{
	unsigned count = 1;

	for (const struct addrinfo *a = found->ai_next; a; a = a->ai_next)
		count++;
	for (unsigned skip = peer->resolutions++ % count; skip > 0; skip--)
		found = found->ai_next;
	memcpy(&peer->address, found->ai_addr, found->ai_addrlen);
	peer->resolved = true;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct peer *peer = request->data;

	peer->resolving = false;
	if (!peer->peers->stopping) {
		if (status == 0) {
			take_address(peer, found);
			if (we_dial(peer))
				dial(peer);
		} else if (we_dial(peer)) {
			dial_failed(peer, uv_strerror(status));
		}
	}
	uv_freeaddrinfo(found);
}

/* Finds the address behind the name, then dials where it is ours to dial. */
static void resolve(struct peer *peer)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	uv_loop_t *loop = peer->peers->options.set->loop;
	char service[8];

	snprintf(service, sizeof(service), "%u", peer->name.port);
	peer->request.data = peer;
	peer->resolved_ms = uv_now(loop);
	int error = uv_getaddrinfo(loop, &peer->request, on_resolved, peer->name.host, service, &hints);
	peer->resolving = error == 0;
	if (error && we_dial(peer))
		dial_failed(peer, uv_strerror(error));
}

static void on_retry(uv_timer_t *timer)
{
	struct peer *peer = timer->data;

	if (peer->live || peer->dialling || peer->resolving || !peer->name.host[0])
		return;
	if (peer->numeric)
		dial(peer);
	else
		resolve(peer);
}

/* ---- links --------------------------------------------------------------------------------- */

static void candidate_remove(struct peer_link *link)
{
	DL_DELETE(link->peers->candidates, link);
	link->peers->candidate_count--;
}

/* The live link is gone: its stream is closed or about to be. */
static void lost(struct peer_link *link, const char *why)
{
	struct peer *peer = link->peer;
	struct peers *p = peer->peers;

	peer->live = NULL;
	free(link);
	p->counters.lost++;
	log_event(LOG_LEVEL_WARNING, "peer_down", LOG_NUMBER("peer", peer->index), LOG_TEXT("why", why));
	/* A link that held for a while shows that all was well: only then is the next dial soon. */
	if (uv_now(p->options.set->loop) - peer->up_ms >= PEER_BACKOFF_MAX_MS)
		peer->backoff_ms = PEER_BACKOFF_MIN_MS;
	dial_later(peer);
	p->events.down(p->events.context, peer->index);
}

static void close_live(struct peer *peer, const char *why)
{
	tcp_close(peer->live->tcp);
	lost(peer->live, why);
}

static void on_down(void *owner, const char *why)
{
	struct peer_link *link = owner;
	struct peer *peer = link->peer;

	if (!peer) {
		candidate_remove(link);
		free(link);
	} else if (link == peer->live) {
		lost(link, why);
	} else {
		peer->dialling = NULL;
		free(link);
		dial_failed(peer, why);
	}
}

static struct peer *find_dialler(struct peers *p, const uint8_t key[32])
{
	const struct committee *c = &p->options.genesis->committee;

	for (uint32_t i = 0; i < p->options.self; i++)
		if (memcmp(c->validators[i].network_key, key, 32) == 0)
			return &p->all[i];
	return NULL;
}

static bool allowed(void *context, const uint8_t key[32])
{
	return find_dialler(context, key) != NULL;
}

/* network §8: a new link replaces an old one only now, once its first transport record has authenticated, so that a
 * replayed handshake gains nothing. */
static void on_established(void *owner)
{
	struct peer_link *link = owner;
	struct peers *p = link->peers;

	if (link->peer) {
		link->peer->dialling = NULL;
	} else {
		candidate_remove(link);
		link->peer = find_dialler(p, tcp_remote_static(link->tcp));
		if (link->peer->live) {
			p->counters.replaced++;
			close_live(link->peer, "replaced by a new link");
		}
	}
	struct peer *peer = link->peer;
	peer->live = link;
	peer->up_ms = uv_now(p->options.set->loop);
	peer->silent_ms = 0;
	p->counters.established++;
	log_event(LOG_LEVEL_INFO, "peer_up", LOG_NUMBER("peer", peer->index));
	p->events.up(p->events.context, peer->index);
}

static void on_message(void *owner, struct bytes message)
{
	struct peer_link *link = owner;
	struct peers *p = link->peers;

	p->events.message(p->events.context, link->peer->index, message);
}

static const struct tcp_events link_events = {
    .established = on_established,
    .message = on_message,
    .down = on_down,
};

/* The oldest that has not named itself as a validator, so that strangers who begin handshakes, however many, do not
 * keep a validator that is far away from finishing its own. Who replays handshakes may do so: then simply the oldest.
 */
static void push_out_candidate(struct peers *p)
{
	struct peer_link *link;

	DL_FOREACH (p->candidates, link) {
		if (!tcp_remote_static(link->tcp))
			break;
	}
	if (!link)
		link = p->candidates;
	p->counters.candidates_pushed_out++;
	tcp_close(link->tcp);
	candidate_remove(link);
	free(link);
}

void peers_accept(struct peers *p, struct tcp *tcp)
{
	struct link_options options;
	uint8_t ephemeral[32];
	struct peer_link *link = calloc(1, sizeof(*link));

	if (!link) {
		tcp_close(tcp);
		return;
	}
	link->peers = p;
	link->tcp = tcp;
	link_options_fill(p, &options, ephemeral);
	options.allowed = allowed;
	options.context = p;
	int error = tcp_attach(tcp, &options, &link_events, link);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	if (error) {
		tcp_close(tcp);
		free(link);
		return;
	}
	if (p->candidate_count == PEER_CANDIDATES_MAX)
		push_out_candidate(p);
	DL_APPEND(p->candidates, link); /* NOLINT(clang-analyzer-unix.Malloc): it cannot follow lists */
	p->candidate_count++;
}

void peers_send(struct peers *p, uint32_t index, struct bytes message)
{
	if (!peers_linked(p, index)) {
		p->counters.messages_lost++;
		return;
	}
	struct peer *peer = &p->all[index];
	int error = tcp_send(peer->live->tcp, message.data, message.size);
	if (!error)
		return;
	p->counters.messages_lost++;
	if (error == UNCIA_E_FULL)
		p->counters.dropped_slow++;
	else
		p->counters.dropped_other++;
	close_live(peer, error == UNCIA_E_FULL ? "does not read" : uncia_error_text(error));
}

/* network §8.3, gossip: "left out where half of what may wait for that validator does already". */
void peers_send_spare(struct peers *p, uint32_t index, struct bytes message)
{
	if (peers_linked(p, index) &&
	    tcp_queued(p->all[index].live->tcp) + message.size > WRITE_QUEUE_VALIDATOR_MAX / 2)
		p->counters.messages_lost++;
	else
		peers_send(p, index, message);
}

void peers_drop(struct peers *p, uint32_t index)
{
	if (!peers_linked(p, index))
		return;
	p->counters.dropped_other++;
	close_live(&p->all[index], "broke the protocol");
}

/* ---- time ---------------------------------------------------------------------------------- */

/* Silence is counted in ticks: one that was itself stopped for a while must not take that for the others' silence. */
static bool is_dead(struct peer *peer)
{
	uint64_t heard_ms = tcp_heard_ms(peer->live->tcp);

	peer->silent_ms = heard_ms == peer->heard_ms ? peer->silent_ms + peer->peers->tick_ms : 0;
	peer->heard_ms = heard_ms;
	return peer->silent_ms >= peer->peers->options.dead_ms;
}

static void on_tick(uv_timer_t *timer)
{
	struct peers *p = timer->data;
	uint64_t now = uv_now(p->options.set->loop);

	for (uint32_t i = 0; i < p->size; i++) {
		struct peer *peer = &p->all[i];
		if (peer->live) {
			if (is_dead(peer))
				close_live(peer, "silent");
			else if (now - tcp_sent_ms(peer->live->tcp) >= p->options.ping_interval_ms)
				peers_send(p, i, (struct bytes){NULL, 0});
		} else if (i < p->options.self && peer->name.host[0] && !peer->numeric && !peer->resolving &&
		           now - peer->resolved_ms >= RESOLVE_AGAIN_MS) {
			resolve(peer);
		}
	}
}

/* ---- making and ending --------------------------------------------------------------------- */

int peers_new(const struct peers_options *options, const struct peers_events *events, struct peers **peers)
{
	uint32_t size = options->genesis->committee.size;

	if (options->self >= size)
		return UNCIA_E_ARGUMENT;
	struct peers *p = calloc(1, sizeof(*p) + size * sizeof(*p->all));
	if (!p)
		return UNCIA_E_MEMORY;
	uv_loop_t *loop = options->set->loop;
	p->options = *options;
	p->options.ping_interval_ms = options->ping_interval_ms ? options->ping_interval_ms : PING_INTERVAL_MS;
	p->options.dead_ms = options->dead_ms ? options->dead_ms : PEER_DEAD_MS;
	p->events = *events;
	p->size = size;
	uv_timer_init(loop, &p->tick);
	p->tick.data = p;
	p->tick_ms = p->options.ping_interval_ms / 5 + 1;
	uv_timer_start(&p->tick, on_tick, p->tick_ms, p->tick_ms);
	for (uint32_t i = 0; i < size; i++) {
		struct peer *peer = &p->all[i];
		peer->peers = p;
		peer->index = i;
		peer->name = options->addresses[i];
		peer->numeric = net_address_parse(peer->name.host, peer->name.port, &peer->address) == 0;
		peer->resolved = peer->numeric;
		peer->backoff_ms = PEER_BACKOFF_MIN_MS;
		uv_timer_init(loop, &peer->retry);
		peer->retry.data = peer;
		if (we_dial(peer))
			uv_timer_start(&peer->retry, on_retry, 0, 0);
		else if (i != options->self && peer->name.host[0] && !peer->numeric)
			resolve(peer);
	}
	*peers = p;
	return 0;
}

bool peers_linked(const struct peers *p, uint32_t index)
{
	return index < p->size && p->all[index].live;
}

bool peers_known(const struct peers *p, const struct net_address *address)
{
	struct net_address known;

	for (uint32_t i = 0; i < p->size; i++) {
		if (i == p->options.self || !p->all[i].resolved)
			continue;
		net_address_of((const struct sockaddr *)&p->all[i].address, &known);
		if (net_address_equal(&known, address))
			return true;
	}
	return false;
}

const struct peers_counters *peers_counters(const struct peers *p)
{
	return &p->counters;
}

void peers_stop(struct peers *p)
{
	struct peer_link *link, *next;

	p->stopping = true;
	uv_close((uv_handle_t *)&p->tick, NULL);
	DL_FOREACH_SAFE (p->candidates, link, next) {
		tcp_close(link->tcp);
		candidate_remove(link);
		free(link);
	}
	for (uint32_t i = 0; i < p->size; i++) {
		struct peer *peer = &p->all[i];
		struct peer_link *held[2] = {peer->live, peer->dialling};
		for (int k = 0; k < 2; k++)
			if (held[k]) {
				tcp_close(held[k]->tcp);
				free(held[k]);
			}
		peer->live = peer->dialling = NULL;
		if (peer->resolving)
			uv_cancel((uv_req_t *)&peer->request);
		uv_close((uv_handle_t *)&peer->retry, NULL);
	}
}

void peers_free(struct peers *p)
{
	free(p);
}

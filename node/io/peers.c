/* Links to the other validators: dialled or accepted, kept alive, given up. */
#include "peers_private.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "log.h"
#include "name_threads.h"
#include "uncia/error.h"

/* The name of a validator that dials us is looked up only so that peers_admit knows its address. */
#define RESOLVE_AGAIN_MS   60000u
#define PEER_TELL_AGAIN_MS 55000u /* a failure that comes once a minute is told each time */

/* ---- dialling ------------------------------------------------------------------------------ */

/* The one function that changes the state of a peer's link. link: the new one's, NULL for PEER_DOWN. */
static void peer_move(struct peer *peer, enum peer_state to, struct peer_link *link)
{
	static const unsigned char allowed[] = {
	    [PEER_DOWN] = 1 << PEER_DIALLING | 1 << PEER_UP,
	    [PEER_DIALLING] = 1 << PEER_UP | 1 << PEER_DOWN,
	    [PEER_UP] = 1 << PEER_DOWN,
	};

	assert(peer->state <= PEER_UP && to <= PEER_UP);
	assert(allowed[peer->state] & 1 << to);
	assert((to == PEER_DOWN) == !link);
	assert(to != PEER_DIALLING || we_dial(peer));
	assert(to != PEER_UP || (peer->state == PEER_DIALLING) == we_dial(peer));
	if ((peer->state == PEER_UP) != (to == PEER_UP))
		peer->since_ms = uv_now(peer->peers->options.set->loop);
	peer->state = to;
	peer->link = link;
}

static void on_retry(uv_timer_t *timer);

static void dial_later(struct peer *peer)
{
	if (!we_dial(peer) || peer->peers->stopping)
		return;
	/* faults 27: half of the delay is chance, so that a network that restarts does not dial in step. */
	assert(peer->backoff_ms >= PEER_BACKOFF_MIN_MS && peer->backoff_ms <= PEER_BACKOFF_MAX_MS);
	unsigned delay = peer->backoff_ms - randombytes_uniform(peer->backoff_ms / 2);
	peer->backoff_ms *= 2;
	if (peer->backoff_ms > PEER_BACKOFF_MAX_MS)
		peer->backoff_ms = PEER_BACKOFF_MAX_MS;
	uint64_t now = uv_now(peer->peers->options.set->loop);
	if (now + delay < peer->shunned_until_ms)
		delay = (unsigned)(peer->shunned_until_ms - now);
	uv_timer_start(&peer->retry, on_retry, delay, 0);
}

/* Kept for who asks what has become of the link. */
static void peer_note_error(struct peer *peer, const char *why)
{
	snprintf(peer->error, sizeof(peer->error), "%s", why);
	peer->error_ms = uv_now(peer->peers->options.set->loop);
}

/* A validator that is not there is tried all the time, and told of once a minute. `event`: dial_failed or
 * resolve_failed. */
static void tell_failure(struct peer *peer, const char *event, const char *why)
{
	uint64_t now = uv_now(peer->peers->options.set->loop);
	enum log_level level = LOG_LEVEL_DEBUG;

	peer_note_error(peer, why);
	if (!peer->told || now - peer->told_ms >= PEER_TELL_AGAIN_MS) {
		peer->told = true;
		peer->told_ms = now;
		level = LOG_LEVEL_WARNING;
	}
	log_event(level, event, LOG_NUMBER("peer", peer->index), LOG_TEXT("host", peer->name.host),
	          LOG_NUMBER("port", (uint64_t)peer->name.port), LOG_TEXT("why", why));
}

static void dial_failed(struct peer *peer, const char *why)
{
	peer->peers->counters.dial_failures++;
	tell_failure(peer, "dial_failed", why);
	dial_later(peer);
}

static void resolve_failed(struct peer *peer, const char *why)
{
	tell_failure(peer, "resolve_failed", why);
	if (!we_dial(peer))
		return;
	peer->peers->counters.dial_failures++;
	dial_later(peer);
}

static const struct tcp_events link_events;

/* The options that both sides have. An initiator adds whom it dials (remote_static), a responder whom it lets in
 * (allowed). ephemeral: filled with a fresh key, which the caller wipes. */
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
	    .newest = p->options.newest,
	    .oldest = p->options.oldest,
	};
}

/* network §8.1: a validator of the release before closes where it is spoken to in a newer version. It is dialled in its
 * own then, but for one that was heard to speak the newer one lately: who can cut connections must not choose. */
static uint8_t dial_version(struct peer *peer)
{
	const struct peers_options *o = &peer->peers->options;
	bool known = peer->knows_newest && uv_now(o->set->loop) - peer->newest_ms < o->version_kept_ms;

	peer->version = peer->falls_back && !known && o->newest > o->oldest ? o->oldest : o->newest;
	peer->falls_back = false;
	return peer->version;
}

static void peer_dial(struct peer *peer)
{
	struct peers *p = peer->peers;
	struct link_options options;
	uint8_t ephemeral[32];
	struct peer_link *link = calloc(1, sizeof(*link));

	assert(peer->state == PEER_DOWN && peer->address.ss_family != AF_UNSPEC);
	if (!link) {
		dial_failed(peer, "out of memory");
		return;
	}
	link->peers = p;
	link->peer = peer;
	link_options_fill(p, &options, ephemeral);
	options.initiator = true;
	options.newest = dial_version(peer);
	options.remote_static = peer->network_key;
	int error = tcp_connect(p->options.set, (const struct sockaddr *)&peer->address, &options, &link_events, link,
	                        &link->tcp);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	if (error) {
		free(link);
		dial_failed(peer, uncia_error_text(error));
		return;
	}
	peer_move(peer, PEER_DIALLING, link);
}

static void on_name_resolved(struct peer *peer, const char *why)
{
	if (why)
		resolve_failed(peer, why);
	else if (we_dial(peer) && peer->state == PEER_DOWN)
		peer_dial(peer);
}

static void on_retry(uv_timer_t *timer)
{
	struct peer *peer = timer->data;

	assert(we_dial(peer) && !peer->peers->stopping);
	if (peer->state != PEER_DOWN)
		return;
	if (peer->name_state == NAME_NUMERIC)
		peer_dial(peer);
	else if (peer->name_state == NAME_IDLE)
		peer_resolve(peer);
}

/* ---- links --------------------------------------------------------------------------------- */

static void candidate_remove(struct peer_link *link)
{
	assert(!link->peer && link->peers->candidate_count > 0);
	DL_DELETE(link->peers->candidates, link);
	link->peers->candidate_count--;
}

/* The link that was up is gone: its stream is closed. */
static void peer_lost(struct peer *peer, const char *why)
{
	struct peers *p = peer->peers;
	struct peer_link *link = peer->link;

	assert(peer->state == PEER_UP);
	peer_move(peer, PEER_DOWN, NULL);
	free(link);
	p->counters.lost++;
	if (we_dial(peer) && peer->version == p->options.newest) {
		peer->knows_newest = true;
		peer->newest_ms = uv_now(p->options.set->loop);
	}
	peer_note_error(peer, why);
	log_event(LOG_LEVEL_WARNING, "peer_down", LOG_NUMBER("peer", peer->index), LOG_TEXT("why", why));
	/* Only where the link held for a while is the next dial soon. */
	if (uv_now(p->options.set->loop) - peer->up_ms >= PEER_BACKOFF_MAX_MS)
		peer->backoff_ms = PEER_BACKOFF_MIN_MS;
	dial_later(peer);
	p->events.down(p->events.context, peer->index);
}

static void peer_close(struct peer *peer, const char *why)
{
	assert(peer->state == PEER_UP);
	tcp_close(peer->link->tcp);
	peer_lost(peer, why);
}

static void on_peer_link_down(void *owner, const char *why)
{
	struct peer_link *link = owner;
	struct peer *peer = link->peer;

	assert(!link->peers->stopping && (!peer || peer->link == link));
	if (!peer) {
		candidate_remove(link);
		free(link);
	} else if (peer->state == PEER_UP) {
		peer_lost(peer, why);
	} else {
		peer_move(peer, PEER_DOWN, NULL);
		free(link);
		peer->falls_back = peer->version == peer->peers->options.newest && strcmp(why, TCP_CLOSED) == 0;
		dial_failed(peer, why);
	}
}

static struct peer *find_dialler(struct peers *p, const uint8_t key[32])
{
	for (struct peer *peer = p->all; peer < p->all + p->size; peer++)
		if (dials_us(peer) && memcmp(peer->network_key, key, 32) == 0)
			return peer;
	return NULL;
}

/* A link that has just come up is not replaced yet: what follows a link's coming up costs more than making it. By the
 * time of the last one that was established, which no replayed handshake changes. */
static bool may_dial_us(void *context, const uint8_t key[32])
{
	struct peers *p = context;
	const struct peer *dialler = find_dialler(p, key);
	uint64_t now = uv_now(p->options.set->loop);

	if (!dialler || now < dialler->shunned_until_ms)
		return false;
	if (!dialler->was_up || now - dialler->up_ms >= PEER_LINK_MIN_MS)
		return true;
	p->counters.too_soon++;
	return false;
}

/* network §8: a new link replaces the old one here, after its first transport record has authenticated, and no earlier,
 * so that a replayed handshake gains nothing. */
static void on_peer_link_established(void *owner)
{
	struct peer_link *link = owner;
	struct peers *p = link->peers;

	assert(!p->stopping);
	if (!link->peer) {
		struct peer *dialler = find_dialler(p, tcp_remote_static(link->tcp));
		assert(dialler); /* may_dial_us has let nobody else in */
		candidate_remove(link);
		if (uv_now(p->options.set->loop) < dialler->shunned_until_ms) { /* since its handshake began */
			tcp_close(link->tcp);
			free(link);
			return;
		}
		link->peer = dialler;
		if (link->peer->state == PEER_UP) {
			p->counters.replaced++;
			peer_close(link->peer, "replaced by a new link");
		}
	}
	struct peer *peer = link->peer;
	peer_move(peer, PEER_UP, link);
	peer->was_up = true;
	peer->up_ms = uv_now(p->options.set->loop);
	peer->silent_ms = 0;
	p->counters.established++;
	log_event(LOG_LEVEL_INFO, "peer_up", LOG_NUMBER("peer", peer->index));
	p->events.up(p->events.context, peer->index);
}

static void on_peer_link_message(void *owner, struct bytes message)
{
	struct peer_link *link = owner;
	struct peers *p = link->peers;

	assert(!p->stopping && link->peer->state == PEER_UP && link->peer->link == link);
	p->events.message(p->events.context, link->peer->index, message);
}

static const struct tcp_events link_events = {
    .established = on_peer_link_established,
    .message = on_peer_link_message,
    .down = on_peer_link_down,
};

/* Pushes out the oldest candidate that has not named itself as a validator; so strangers who begin handshakes, however
 * many, do not keep a validator that is far away from finishing its own. Where all have named themselves, as replayed
 * handshakes do, the oldest of all. */
static void push_out_candidate(struct peers *p)
{
	struct peer_link *link;

	DL_FOREACH (p->candidates, link) {
		if (!tcp_remote_static(link->tcp))
			break;
	}
	if (!link)
		link = p->candidates;
	assert(link);
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

	assert(!p->stopping);
	if (!link) {
		tcp_close(tcp);
		return;
	}
	link->peers = p;
	link->tcp = tcp;
	link_options_fill(p, &options, ephemeral);
	options.allowed = may_dial_us;
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
	assert(p->candidate_count <= PEER_CANDIDATES_MAX);
}

void peers_send(struct peers *p, uint32_t index, struct bytes message)
{
	if (!peers_linked(p, index)) {
		p->counters.messages_lost++;
		return;
	}
	struct peer *peer = &p->all[index];
	int error = tcp_send(peer->link->tcp, message.data, message.size);
	if (!error)
		return;
	p->counters.messages_lost++;
	if (error == UNCIA_E_FULL)
		p->counters.dropped_slow++;
	else
		p->counters.dropped_other++;
	peer_close(peer, error == UNCIA_E_FULL ? "does not read" : uncia_error_text(error));
}

/* network §8.3, gossip: "left out where half of what may wait for that validator does already". */
void peers_send_spare(struct peers *p, uint32_t index, struct bytes message)
{
	if (peers_linked(p, index) &&
	    tcp_queued(p->all[index].link->tcp) + message.size > WRITE_QUEUE_VALIDATOR_MAX / 2)
		p->counters.messages_lost++;
	else
		peers_send(p, index, message);
}

/* network §8.3, "Questions": an answer must not fill a link, whose votes would end it then. */
void peers_send_answer(struct peers *p, uint32_t index, struct bytes message)
{
	size_t queued = peers_linked(p, index) ? tcp_queued(p->all[index].link->tcp) : 0;

	if (queued > WRITE_QUEUE_VALIDATOR_MAX / 4 ||
	    (queued && queued + message.size > WRITE_QUEUE_VALIDATOR_MAX - WRITE_QUEUE_VALIDATOR_MAX / 8))
		p->counters.messages_lost++;
	else
		peers_send(p, index, message);
}

void peers_drop(struct peers *p, uint32_t index)
{
	struct peer *peer = &p->all[index];

	peer->shunned_until_ms = uv_now(p->options.set->loop) + p->options.shun_ms;
	if (!peers_linked(p, index))
		return;
	p->counters.dropped_other++;
	peer_close(peer, "broke the protocol");
}

/* ---- time ---------------------------------------------------------------------------------- */

/* Silence is counted in ticks of our own loop: a validator that was itself stopped for a while must not take that for
 * the others' silence. */
static bool is_dead(struct peer *peer)
{
	uint64_t heard_ms = tcp_heard_ms(peer->link->tcp);

	peer->silent_ms = heard_ms == peer->heard_ms ? peer->silent_ms + peer->peers->tick_ms : 0;
	peer->heard_ms = heard_ms;
	return peer->silent_ms >= peer->peers->options.dead_ms;
}

static void on_peers_tick(uv_timer_t *timer)
{
	struct peers *p = timer->data;
	uint64_t now = uv_now(p->options.set->loop);

	for (uint32_t i = 0; i < p->size; i++) {
		struct peer *peer = &p->all[i];
		if (peer->state == PEER_UP) {
			if (is_dead(peer))
				peer_close(peer, "silent");
			else if (now - tcp_sent_ms(peer->link->tcp) >= p->options.ping_interval_ms)
				peers_send(p, i, (struct bytes){NULL, 0});
		} else if (dials_us(peer) && peer->name_state == NAME_IDLE &&
		           now - peer->resolved_ms >= RESOLVE_AGAIN_MS) {
			peer_resolve(peer);
		}
	}
}

/* ---- making and ending --------------------------------------------------------------------- */

static void peer_init(struct peers *p, uint32_t index, const uint8_t network_key[32], const struct peer_address *name)
{
	struct peer *peer = &p->all[index];

	peer->peers = p;
	peer->index = index;
	peer->since_ms = uv_now(p->options.set->loop);
	memcpy(peer->network_key, network_key, sizeof(peer->network_key));
	peer_name_set(peer, name);
	peer->backoff_ms = PEER_BACKOFF_MIN_MS;
	uv_timer_init(p->options.set->loop, &peer->retry);
	peer->retry.data = peer;
	if (we_dial(peer))
		uv_timer_start(&peer->retry, on_retry, 0, 0);
	else if (dials_us(peer) && peer->name_state == NAME_IDLE)
		peer_resolve(peer);
}

int peers_new(const struct peers_options *options, const struct peers_events *events, struct peers **peers)
{
	const struct peer_address nowhere = {.port = 0};
	const struct committee *c = &options->genesis->committee;
	uint32_t size = c->size + options->observer_count;

	if ((options->self >= c->size && options->self != NOT_A_MEMBER) || options->observer_count > OBSERVERS_MAX)
		return UNCIA_E_ARGUMENT;
	assert(events->up && events->down && events->message);
	struct peers *p = calloc(1, sizeof(*p) + size * sizeof(*p->all));
	if (!p)
		return UNCIA_E_MEMORY;
	p->options = *options;
	p->options.ping_interval_ms = options->ping_interval_ms ? options->ping_interval_ms : PING_INTERVAL_MS;
	p->options.dead_ms = options->dead_ms ? options->dead_ms : PEER_DEAD_MS;
	p->options.shun_ms = options->shun_ms ? options->shun_ms : PEER_SHUN_MS;
	p->options.version_kept_ms = options->version_kept_ms ? options->version_kept_ms : PEER_VERSION_KEPT_MS;
	p->options.newest = options->newest ? options->newest : LINK_VERSION_NEWEST;
	p->options.oldest = options->oldest ? options->oldest : LINK_VERSION_OLDEST;
	p->events = *events;
	p->resolved = on_name_resolved;
	p->size = size;
	uv_timer_init(options->set->loop, &p->tick);
	p->tick.data = p;
	p->tick_ms = p->options.ping_interval_ms / 5 + 1;
	uv_timer_start(&p->tick, on_peers_tick, p->tick_ms, p->tick_ms);
	name_threads_prepare(c->size);
	for (uint32_t i = 0; i < c->size; i++)
		peer_init(p, i, c->validators[i].network_key, &options->addresses[i]);
	for (uint32_t i = c->size; i < size; i++)
		peer_init(p, i, options->observers[i - c->size].b, &nowhere);
	*peers = p;
	return 0;
}

bool peers_linked(const struct peers *p, uint32_t index)
{
	return index < p->size && p->all[index].state == PEER_UP;
}

void peers_figures(const struct peers *p, uint32_t index, struct peer_figures *figures)
{
	const struct peer *peer = &p->all[index];

	assert(index < p->size);
	*figures = (struct peer_figures){
	    .up = peer->state == PEER_UP,
	    .queued = peer->state == PEER_UP ? tcp_queued(peer->link->tcp) : 0,
	    .since_ms = peer->since_ms,
	};
}

bool peers_set_address(struct peers *p, uint32_t index, const struct peer_address *address)
{
	struct peer *peer = &p->all[index];

	assert(index < p->size && index != p->options.self && !p->stopping);
	if (peer->name.port == address->port && strcmp(peer->name.host, address->host) == 0)
		return false;
	peer_name_set(peer, address);
	peer->told = false;
	peer->backoff_ms = PEER_BACKOFF_MIN_MS;
	if (peer->state == PEER_DOWN)
		dial_later(peer);
	if (!we_dial(peer) && peer->name_state == NAME_IDLE)
		peer_resolve(peer);
	return true;
}

bool peers_admit(struct peers *p, const struct net_address *address)
{
	uint64_t window = uv_now(p->options.set->loop) / PEER_WINDOW_MS;
	struct net_address known;

	for (uint32_t i = 0; i < p->size; i++) {
		struct peer *peer = &p->all[i];
		if (i == p->options.self || peer->address.ss_family == AF_UNSPEC)
			continue;
		net_address_of((const struct sockaddr *)&peer->address, &known);
		if (!net_address_equal(&known, address))
			continue;
		if (peer->window != window)
			peer->calls = 0;
		peer->window = window;
		if (peer->calls++ < PEER_CALLS_IN_WINDOW)
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

	assert(!p->stopping);
	p->stopping = true;
	uv_close((uv_handle_t *)&p->tick, NULL);
	DL_FOREACH_SAFE (p->candidates, link, next) {
		tcp_close(link->tcp);
		candidate_remove(link);
		free(link);
	}
	for (uint32_t i = 0; i < p->size; i++) {
		struct peer *peer = &p->all[i];
		if (peer->link) {
			tcp_close(peer->link->tcp);
			free(peer->link);
			peer_move(peer, PEER_DOWN, NULL);
		}
		/* Cancelled or not, on_resolved is still to come. */
		if (peer->name_state == NAME_RESOLVING)
			uv_cancel((uv_req_t *)&peer->request);
		uv_close((uv_handle_t *)&peer->retry, NULL);
	}
}

void peers_free(struct peers *p)
{
	for (uint32_t i = 0; p && i < p->size; i++)
		assert(p->all[i].state == PEER_DOWN && p->all[i].name_state != NAME_RESOLVING);
	free(p);
}

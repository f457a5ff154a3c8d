/* Inbound links of wallets, in a table of slots. A link's number is a serial times the number of slots, plus the slot:
 * it leads to the slot without a search, and is never given twice. */
#include "wallets.h"
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>
#include "log.h"
#include "places.h"
#include "protocol_limits.h"
#include "uncia/error.h"

/* The state of a slot. Moves, by wallet_move alone: FREE → YOUNG → ESTABLISHED → KNOWN, and each of these → FREE. */
enum wallet_state {
	WALLET_FREE,        /* the slot has no stream */
	WALLET_YOUNG,       /* the handshake is under way */
	WALLET_ESTABLISHED, /* no message was received yet */
	WALLET_KNOWN,       /* the receiver of the events has had a message, and so knows the number */
};

#define CROWD_MARGIN                                                                                                   \
	2 /* places that a prefix has more than the newcomer's; by one more, two would push each other out */

struct wallet_link {
	struct wallets *wallets;
	enum wallet_state state;
	uint64_t number;          /* 0: a free slot */
	uint64_t serial;          /* the larger, the later it came */
	struct tcp *tcp;          /* NULL: a free slot */
	struct wallet_link *next; /* in `free` */
	struct net_address address;
	uint32_t origin;
	bool watching; /* it is among those that watch */
};

struct wallets {
	struct wallets_options options;
	struct wallets_events events;
	struct wallets_counters counters;
	uv_timer_t tick;
	uint8_t seed[16]; /* of the numbers that addresses have */
	uint64_t serial;
	/* Slots that are not free: those that watch accounts, and all others; and of these those that are young. */
	struct places *watching, *places, *young;
	struct wallet_link *free;
	bool stopped;
	struct wallet_link slots[];
};

/* The one function that changes the state of a slot, and with it its list and the counts. */
static void wallet_move(struct wallet_link *link, enum wallet_state to)
{
	static const unsigned char allowed[] = {
	    [WALLET_FREE] = 1 << WALLET_YOUNG,
	    [WALLET_YOUNG] = 1 << WALLET_ESTABLISHED | 1 << WALLET_FREE,
	    [WALLET_ESTABLISHED] = 1 << WALLET_KNOWN | 1 << WALLET_FREE,
	    [WALLET_KNOWN] = 1 << WALLET_FREE,
	};
	struct wallets *w = link->wallets;
	enum wallet_state from = link->state;

	assert(from <= WALLET_KNOWN && to <= WALLET_KNOWN);
	assert(allowed[from] & 1 << to);
	uint32_t slot = (uint32_t)(link - w->slots);
	if (from == WALLET_FREE) {
		LL_DELETE(w->free, link);
		link->watching = false;
		places_add(w->places, &link->address, slot);
	} else if (from == WALLET_YOUNG) {
		places_remove(w->young, &link->address, slot);
	}
	if (to == WALLET_FREE) {
		LL_PREPEND(w->free, link);
		places_remove(link->watching ? w->watching : w->places, &link->address, slot);
	} else if (to == WALLET_YOUNG) {
		places_add(w->young, &link->address, slot);
	}
	link->state = to;
	assert(w->young->count <= w->places->count && (wallets_count(w) == w->options.links_max) == !w->free);
}

static struct wallet_link *wallet_find(struct wallets *w, uint64_t number)
{
	struct wallet_link *link = &w->slots[number % w->options.links_max];

	return number && link->number == number ? link : NULL;
}

/* Frees the slot, and closes the stream unless that has been done. */
static void wallet_release(struct wallet_link *link)
{
	assert(link->number && link->tcp);
	tcp_close(link->tcp);
	link->number = 0;
	link->tcp = NULL;
	wallet_move(link, WALLET_FREE);
}

static void wallet_drop(struct wallet_link *link)
{
	struct wallets *w = link->wallets;
	uint64_t number = link->number;
	bool known = link->state == WALLET_KNOWN;

	wallet_release(link);
	if (known)
		w->events.closed(w->events.context, number);
}

static void on_wallet_link_established(void *owner)
{
	struct wallet_link *link = owner;

	wallet_move(link, WALLET_ESTABLISHED);
	link->wallets->counters.established++;
}

static void on_wallet_link_message(void *owner, struct bytes message)
{
	struct wallet_link *link = owner;
	struct wallets *w = link->wallets;

	assert(link->state >= WALLET_ESTABLISHED && !w->stopped);
	if (link->state == WALLET_ESTABLISHED)
		wallet_move(link, WALLET_KNOWN);
	uint64_t number = link->number;
	w->events.message(w->events.context, number, message);
	/* It may be gone now. Looking once a message costs less than looking at all of them for each newcomer. */
	if (link->number == number && !link->watching && w->events.watches(w->events.context, number)) {
		uint32_t slot = (uint32_t)(link - w->slots);
		places_remove(w->places, &link->address, slot);
		places_add(w->watching, &link->address, slot);
		link->watching = true;
	}
}

static void on_wallet_link_down(void *owner, const char *why)
{
	struct wallet_link *link = owner;

	log_event(LOG_LEVEL_DEBUG, "wallet_down", LOG_NUMBER("wallet", link->number), LOG_TEXT("why", why));
	wallet_drop(link);
}

static const struct tcp_events wallet_events = {
    .stranger = true,
    .established = on_wallet_link_established,
    .message = on_wallet_link_message,
    .down = on_wallet_link_down,
};

/* docs/faults.md row 52: the part of a message that was received is held in memory until the rest comes, so a message
 * that is not finished in its time ends the link. */
static void on_wallets_tick(uv_timer_t *timer)
{
	struct wallets *w = timer->data;

	for (uint32_t i = 0; i < w->options.links_max; i++) {
		struct wallet_link *link = &w->slots[i];
		if (link->state == WALLET_FREE || tcp_unfinished_ms(link->tcp) < w->options.message_ms)
			continue;
		w->counters.dropped_unfinished++;
		log_event(LOG_LEVEL_INFO, "wallet_dropped", LOG_NUMBER("wallet", link->number),
		          LOG_TEXT("why", "does not finish its message"));
		wallet_drop(link);
	}
}

int wallets_new(const struct wallets_options *options, const struct wallets_events *events, struct wallets **wallets)
{
	uint32_t max = options->links_max ? options->links_max : WALLET_LINKS_DEFAULT;
	struct wallets *w = calloc(1, sizeof(*w) + max * sizeof(*w->slots));

	if (!w)
		return UNCIA_E_MEMORY;
	w->options = *options;
	w->options.links_max = max;
	w->options.message_ms = options->message_ms ? options->message_ms : WALLET_MESSAGE_MS;
	w->options.idle_ms = options->idle_ms ? options->idle_ms : WALLET_IDLE_MS;
	w->options.queue_max = options->queue_max ? options->queue_max : WALLETS_QUEUE_MAX;
	w->events = *events;
	randombytes_buf(w->seed, sizeof(w->seed));
	w->places = places_new(max);
	w->watching = places_new(max);
	w->young = places_new(max < WALLETS_YOUNG_MAX ? max : WALLETS_YOUNG_MAX);
	if (!w->places || !w->watching || !w->young) {
		wallets_free(w);
		return UNCIA_E_MEMORY;
	}
	for (uint32_t i = 0; i < max; i++) {
		w->slots[i].wallets = w;
		LL_PREPEND(w->free, &w->slots[i]);
	}
	uv_timer_init(options->set->loop, &w->tick);
	w->tick.data = w;
	uv_timer_start(&w->tick, on_wallets_tick, w->options.message_ms / 10, w->options.message_ms / 10);
	*wallets = w;
	return 0;
}

static struct wallet_link *silent_longer(struct wallet_link *a, struct wallet_link *b)
{
	return !a || tcp_heard_ms(b->tcp) < tcp_heard_ms(a->tcp) ? b : a;
}

/* Of these places the link that has been silent longest; not one that waits for an answer, unless `waiting`. */
static struct wallet_link *silent_longest(struct wallets *w, const struct places *places, const struct crowd *of,
                                          bool waiting)
{
	struct wallet_link *found = NULL;

	for (uint32_t i = of->first; i < of->first + of->count; i++) {
		struct wallet_link *link = &w->slots[places->sorted[i].slot];
		if (silent_longer(found, link) == link &&
		    (waiting || link->state != WALLET_KNOWN || !w->events.waits(w->events.context, link->number)))
			found = link;
	}
	return found;
}

static struct wallet_link *oldest_young(struct wallets *w, const struct places *places, const struct crowd *of)
{
	struct wallet_link *found = NULL;

	for (uint32_t i = of->first; i < of->first + of->count; i++) {
		struct wallet_link *link = &w->slots[places->sorted[i].slot];
		if (link->state == WALLET_YOUNG && (!found || link->serial < found->serial))
			found = link;
	}
	return found;
}

/* faults 28: the prefix that has most gives way, so that no one alone fills a validator. Of it the link that has been
 * silent longest goes, and one that waits for an answer only where its prefix has more than half of all places, or
 * where everybody waits: so those who hold places in silence keep nobody out, and newcomers do not drive out who is
 * paying. NULL: none. */
static struct wallet_link *choose_ordinary(struct wallets *w, const struct net_address *newcomer)
{
	const struct crowd everybody = {CROWD_EVERYBODY, 0, w->places->count, w->places->count};
	struct crowd crowd = places_crowd(w->places, newcomer, CROWD_MARGIN);
	struct wallet_link *link = NULL;

	if (crowd.kind != CROWD_EVERYBODY)
		link = oldest_young(w, w->places, &crowd);
	if (!link)
		link = silent_longest(w, w->places, &crowd, false);
	if (!link && crowd.kind == CROWD_OTHERS) {
		if (crowd.total <= w->options.links_max / 2)
			link = silent_longest(w, w->places, &everybody, false);
		if (!link)
			link = silent_longest(w, w->places, &crowd, true);
	}
	if (link)
		return link;
	link = silent_longest(w, w->places, &everybody, true);
	return link && uv_now(w->options.set->loop) - tcp_heard_ms(link->tcp) >= w->options.idle_ms ? link : NULL;
}

/* Who watches is silent for as long as nobody pays him, so half of the places are for those who do: while they have no
 * more than that, others give way; else of theirs the prefix that has most. NULL: none. */
static struct wallet_link *choose_victim(struct wallets *w, const struct net_address *newcomer)
{
	if (w->watching->count <= w->options.links_max / 2)
		return choose_ordinary(w, newcomer);
	struct crowd crowd = places_crowd(w->watching, newcomer, 1);
	return silent_longest(w, w->watching, &crowd, true);
}

/* Makes room for one more from this address where there is none, if a link can be found to be pushed out. */
static void push_out(struct wallets *w, const struct net_address *newcomer)
{
	struct wallet_link *link = NULL;

	if (w->young->count == w->young->max) {
		struct crowd crowd = places_crowd(w->young, newcomer, 1);
		link = oldest_young(w, w->young, &crowd);
		assert(link);
	} else if (!w->free) {
		link = choose_victim(w, newcomer);
	}
	if (!link)
		return;
	w->counters.pushed_out++;
	wallet_drop(link);
}

static uint32_t origin_of(const struct wallets *w, const struct net_address *address)
{
	struct net_address source;

	net_address_mask(address, NET_PREFIX_SOURCE, &source);
	return (uint32_t)siphash(w->seed, &source, sizeof(source));
}

static int attach_wallet(struct wallets *w, struct tcp *tcp, struct wallet_link *link)
{
	uint8_t ephemeral[32];

	randombytes_buf(ephemeral, sizeof(ephemeral));
	const struct link_options options = {
	    .pattern = NOISE_NK,
	    .network_id = w->options.network_id,
	    .static_secret = w->options.network_secret,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = MESSAGE_SIZE_REQUEST_MAX,
	    .write_queue_max = WALLET_QUEUE_MAX,
	};
	int error = tcp_attach(tcp, &options, &wallet_events, link);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	return error;
}

void wallets_accept(struct wallets *w, struct tcp *tcp)
{
	struct net_address address;

	assert(!w->stopped);
	tcp_address(tcp, &address);
	push_out(w, &address);
	if (!w->free) {
		w->counters.refused_full++;
		log_event(LOG_LEVEL_WARNING, "wallets_full", LOG_NUMBER("links", wallets_count(w)),
		          LOG_NUMBER("refused", w->counters.refused_full));
		tcp_close(tcp);
		return;
	}
	struct wallet_link *link = w->free;
	assert(link->state == WALLET_FREE && !link->tcp && !link->number);
	if (attach_wallet(w, tcp, link) < 0) {
		tcp_close(tcp);
		return;
	}
	link->serial = ++w->serial;
	link->number = link->serial * w->options.links_max + (uint64_t)(link - w->slots);
	link->tcp = tcp;
	link->address = address;
	link->origin = origin_of(w, &address);
	wallet_move(link, WALLET_YOUNG);
}

/* Whether the write queues of all are over their bound, and this one over its part of it. The bound on each queue alone
 * would let a thousand wallets that ask and do not read fill the memory. */
static bool takes_too_much(const struct wallets *w, const struct wallet_link *link)
{
	size_t all = 0;

	if (tcp_queued(link->tcp) <= w->options.queue_max / w->options.links_max)
		return false;
	for (uint32_t i = 0; i < w->options.links_max; i++)
		if (w->slots[i].state != WALLET_FREE)
			all += tcp_queued(w->slots[i].tcp);
	return all > w->options.queue_max;
}

void wallets_send(struct wallets *w, uint64_t wallet, struct bytes message)
{
	struct wallet_link *link = wallet_find(w, wallet);

	if (!link) {
		w->counters.answers_lost++;
		return;
	}
	int error = tcp_send(link->tcp, message.data, message.size);
	if (!error && takes_too_much(w, link))
		error = UNCIA_E_FULL;
	if (!error)
		return;
	w->counters.answers_lost++;
	if (error == UNCIA_E_FULL)
		w->counters.dropped_slow++;
	else
		w->counters.dropped_other++;
	log_event(LOG_LEVEL_INFO, "wallet_dropped", LOG_NUMBER("wallet", wallet),
	          LOG_TEXT("why", error == UNCIA_E_FULL ? "does not read" : uncia_error_text(error)));
	wallet_drop(link);
}

void wallets_drop(struct wallets *w, uint64_t wallet)
{
	struct wallet_link *link = wallet_find(w, wallet);

	if (!link)
		return;
	w->counters.dropped_other++;
	wallet_drop(link);
}

uint32_t wallets_origin(const struct wallets *w, uint64_t number)
{
	const struct wallet_link *link = &w->slots[number % w->options.links_max];

	return number && link->number == number ? link->origin : 0;
}

const struct net_address *wallets_address(const struct wallets *w, uint64_t number)
{
	const struct wallet_link *link = &w->slots[number % w->options.links_max];

	return number && link->number == number ? &link->address : NULL;
}

uint32_t wallets_count(const struct wallets *w)
{
	return w->places->count + w->watching->count;
}

const struct wallets_counters *wallets_counters(const struct wallets *w)
{
	return &w->counters;
}

void wallets_stop(struct wallets *w)
{
	assert(!w->stopped);
	w->stopped = true;
	uv_close((uv_handle_t *)&w->tick, NULL);
	for (uint32_t i = 0; i < w->options.links_max; i++)
		if (w->slots[i].state != WALLET_FREE)
			wallet_release(&w->slots[i]);
	assert(!wallets_count(w) && !w->young->count);
}

void wallets_free(struct wallets *w)
{
	if (!w)
		return;
	free(w->places);
	free(w->watching);
	free(w->young);
	free(w);
}

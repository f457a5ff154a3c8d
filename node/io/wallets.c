/* Inbound links of wallets, in a table of slots. A number is a serial times the number of slots, plus the slot: found
 * at once, and never given twice. */
#include "wallets.h"
#include <stdlib.h>
#include <utlist.h>
#include "admission.h"
#include "log.h"
#include "protocol_limits.h"
#include "uncia/error.h"

struct wallet_link {
	struct wallets *wallets;
	uint64_t number; /* 0: a free slot */
	struct tcp *tcp;
	struct wallet_link *prev, *next; /* in `free` or in `young`, or in neither once established */
	bool spoke;                      /* the receiver of the events knows the number */
	uint32_t source;                 /* a slot, as in admission.h */
};

struct wallets {
	struct wallets_options options;
	struct wallets_events events;
	struct wallets_counters counters;
	uv_timer_t tick;
	uint8_t seed[16]; /* nobody can choose whom to share a source's slot with */
	uint64_t serial;
	uint32_t count, young_count;
	struct wallet_link *free, *young; /* young: not established, oldest first */
	struct wallet_link slots[];
};

static struct wallet_link *find(struct wallets *w, uint64_t number)
{
	struct wallet_link *link = &w->slots[number % w->options.links_max];

	return number && link->number == number ? link : NULL;
}

static void grown_up(struct wallet_link *link)
{
	DL_DELETE(link->wallets->young, link);
	link->wallets->young_count--;
}

/* Frees the slot of a link whose stream is closed or about to be. */
static void release(struct wallet_link *link)
{
	struct wallets *w = link->wallets;

	if (!tcp_established(link->tcp))
		grown_up(link);
	link->number = 0;
	link->tcp = NULL;
	DL_APPEND(w->free, link);
	w->count--;
}

static void drop(struct wallet_link *link)
{
	struct wallets *w = link->wallets;
	uint64_t number = link->number;
	struct tcp *tcp = link->tcp;
	bool spoke = link->spoke;

	release(link);
	tcp_close(tcp);
	if (spoke)
		w->events.closed(w->events.context, number);
}

static void on_established(void *owner)
{
	struct wallet_link *link = owner;

	grown_up(link);
	link->wallets->counters.established++;
}

static void on_message(void *owner, struct bytes message)
{
	struct wallet_link *link = owner;
	struct wallets *w = link->wallets;

	link->spoke = true;
	w->events.message(w->events.context, link->number, message);
}

static void on_down(void *owner, const char *why)
{
	struct wallet_link *link = owner;

	log_event(LOG_LEVEL_DEBUG, "wallet_down", LOG_NUMBER("wallet", link->number), LOG_TEXT("why", why));
	drop(link);
}

static const struct tcp_events wallet_events = {
    .stranger = true,
    .established = on_established,
    .message = on_message,
    .down = on_down,
};

/* faults 52: what was received of a message is held in memory until the rest comes. */
static void on_tick(uv_timer_t *timer)
{
	struct wallets *w = timer->data;

	for (uint32_t i = 0; i < w->options.links_max; i++) {
		struct wallet_link *link = &w->slots[i];
		if (!link->number || tcp_unfinished_ms(link->tcp) < w->options.message_ms)
			continue;
		w->counters.dropped_unfinished++;
		log_event(LOG_LEVEL_INFO, "wallet_dropped", LOG_NUMBER("wallet", link->number),
		          LOG_TEXT("why", "does not finish its message"));
		drop(link);
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
	for (uint32_t i = 0; i < max; i++) {
		w->slots[i].wallets = w;
		DL_APPEND(w->free, &w->slots[i]);
	}
	uv_timer_init(options->set->loop, &w->tick);
	w->tick.data = w;
	uv_timer_start(&w->tick, on_tick, w->options.message_ms / 10, w->options.message_ms / 10);
	*wallets = w;
	return 0;
}

/* The one that has been silent longest, if that is long enough; no place is free. */
static struct wallet_link *find_idle(struct wallets *w)
{
	uint64_t now = uv_now(w->options.set->loop), longest = w->options.idle_ms;
	struct wallet_link *found = NULL;

	for (uint32_t i = 0; i < w->options.links_max; i++) {
		uint64_t silent = now - tcp_heard_ms(w->slots[i].tcp);
		if (silent >= longest) {
			longest = silent;
			found = &w->slots[i];
		}
	}
	return found;
}

/* The address that has most of all links, or of those not established, and how many more than this one. */
static uint32_t most_crowded(const struct wallets *w, uint32_t source, bool young, uint32_t *more)
{
	uint32_t counts[ADMISSION_SLOTS] = {0}, most = source;
	const struct wallet_link *link;

	if (young) {
		DL_FOREACH (w->young, link) {
			counts[link->source]++;
		}
	} else {
		for (uint32_t i = 0; i < w->options.links_max; i++)
			counts[w->slots[i].source]++;
	}
	for (uint32_t i = 0; i < ADMISSION_SLOTS; i++)
		if (counts[i] > counts[most])
			most = i;
	*more = counts[most] - counts[source];
	return most;
}

static struct wallet_link *oldest_young(struct wallets *w, uint32_t source)
{
	struct wallet_link *link;

	DL_FOREACH (w->young, link) {
		if (link->source == source)
			return link;
	}
	return NULL;
}

static struct wallet_link *silent_longest(struct wallets *w, uint32_t source)
{
	struct wallet_link *found = NULL;

	for (uint32_t i = 0; i < w->options.links_max; i++) {
		struct wallet_link *link = &w->slots[i];
		if (link->source == source && (!found || tcp_heard_ms(link->tcp) < tcp_heard_ms(found->tcp)))
			found = link;
	}
	return found;
}

/* Who makes room for one more from there; NULL: nobody has to. faults 28: it is always the address that has most that
 * gives way, so that nobody alone fills a validator, or keeps others from finishing their handshakes. */
static struct wallet_link *find_place(struct wallets *w, uint32_t source)
{
	struct wallet_link *link;
	uint32_t more;

	if (w->free)
		return oldest_young(w, most_crowded(w, source, true, &more));
	uint32_t crowd = most_crowded(w, source, false, &more);
	link = oldest_young(w, crowd);
	if (!link)
		link = find_idle(w);
	if (!link && more >= 2)
		link = silent_longest(w, crowd);
	return link;
}

/* Room for one more from there, where there is none and somebody can be found to make it. */
static void make_room(struct wallets *w, uint32_t source)
{
	if (w->free && w->young_count < WALLETS_YOUNG_MAX)
		return;
	struct wallet_link *link = find_place(w, source);
	if (!link)
		return;
	w->counters.pushed_out++;
	drop(link);
}

static int attach(struct wallets *w, struct tcp *tcp, struct wallet_link *link)
{
	uint8_t ephemeral[32];

	randombytes_buf(ephemeral, sizeof(ephemeral));
	const struct link_options options = {
	    .pattern = NOISE_NK,
	    .network_id = w->options.network_id,
	    .static_secret = w->options.network_secret,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	    .write_queue_max = WRITE_QUEUE_WALLET_MAX,
	};
	int error = tcp_attach(tcp, &options, &wallet_events, link);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	return error;
}

void wallets_accept(struct wallets *w, struct tcp *tcp)
{
	struct net_address source;
	tcp_source(tcp, &source);
	uint32_t slot = (uint32_t)(siphash(w->seed, &source, sizeof(source)) % ADMISSION_SLOTS);
	make_room(w, slot);
	if (!w->free) {
		w->counters.refused_full++;
		log_event(LOG_LEVEL_WARNING, "wallets_full", LOG_NUMBER("links", w->count),
		          LOG_NUMBER("refused", w->counters.refused_full));
		tcp_close(tcp);
		return;
	}
	struct wallet_link *link = w->free;
	if (attach(w, tcp, link) < 0) {
		tcp_close(tcp);
		return;
	}
	DL_DELETE(w->free, link);
	link->number = ++w->serial * w->options.links_max + (uint64_t)(link - w->slots);
	link->tcp = tcp;
	link->spoke = false;
	link->source = slot;
	DL_APPEND(w->young, link);
	w->young_count++;
	w->count++;
}

/* The bound on each alone would let a thousand that ask and do not read fill the memory. */
static bool takes_too_much(const struct wallets *w, const struct wallet_link *link)
{
	size_t all = 0;

	if (tcp_queued(link->tcp) <= w->options.queue_max / w->options.links_max)
		return false;
	for (uint32_t i = 0; i < w->options.links_max; i++)
		if (w->slots[i].number)
			all += tcp_queued(w->slots[i].tcp);
	return all > w->options.queue_max;
}

void wallets_send(struct wallets *w, uint64_t wallet, struct bytes message)
{
	struct wallet_link *link = find(w, wallet);

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
	drop(link);
}

void wallets_drop(struct wallets *w, uint64_t wallet)
{
	struct wallet_link *link = find(w, wallet);

	if (!link)
		return;
	w->counters.dropped_other++;
	drop(link);
}

uint32_t wallets_count(const struct wallets *w)
{
	return w->count;
}

const struct wallets_counters *wallets_counters(const struct wallets *w)
{
	return &w->counters;
}

void wallets_stop(struct wallets *w)
{
	uv_close((uv_handle_t *)&w->tick, NULL);
	for (uint32_t i = 0; i < w->options.links_max; i++)
		if (w->slots[i].number) {
			tcp_close(w->slots[i].tcp);
			release(&w->slots[i]);
		}
}

void wallets_free(struct wallets *w)
{
	free(w);
}

/* The loop of a validator. In a turn of it the events are taken as they come, each one a step of the core whose actions
 * are carried out at once; at the end of the turn there is one batch for the journal and one write for each link. */
#include "node_private.h"
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "counters.h"
#include "descriptors.h"
#include "ledger.h"
#include "listener.h"
#include "log.h"
#include "notes.h"
#include "operators.h"
#include "storage_thread.h"
#include "uncia/error.h"
#include "uv_memory.h"
#include "verifier.h"
#include "wallets.h"

#define DESCRIPTORS_RESERVED 64u /* store, loop, log, resolver; */
#define DESCRIPTORS_SHOWING  64u /* and of whoever shows figures */

static void node_move(struct node *n, enum node_state to)
{
	static const unsigned char allowed[] = {
	    [NODE_STARTING] = 1 << NODE_WAITING | 1 << NODE_STOPPING,
	    [NODE_WAITING] = 1 << NODE_STEPPING | 1 << NODE_STOPPING,
	    [NODE_STEPPING] = 1 << NODE_WAITING,
	    [NODE_STOPPING] = 0,
	};

	assert(n->state <= NODE_STOPPING && to <= NODE_STOPPING);
	assert(allowed[n->state] & 1 << to);
	n->state = to;
}

/* ---- actions ------------------------------------------------------------------------------- */

/* Ends the process on an error that must not be survived. */
static void must(int error, const char *event)
{
	if (error)
		log_fatal(END_FAILED, event, uncia_error_text(error));
}

static void send_to_peer(struct node *n, uint32_t peer, const struct action *action)
{
	const struct node_options *o = n->options;
	struct bytes message = action->message;

	if (o->filter_send && !o->filter_send(o->context, peer, &message))
		return;
	if (action->answer)
		peers_send_answer(n->peers, peer, message);
	else if (action->spare)
		peers_send_spare(n->peers, peer, message);
	else
		peers_send(n->peers, peer, message);
}

static void send_out(struct node *n, const struct action *action)
{
	if (action->peer != PEER_ALL) {
		send_to_peer(n, action->peer, action);
		return;
	}
	for (uint32_t i = 0; i < n->options->genesis->committee.size; i++)
		if (i != n->options->self)
			send_to_peer(n, i, action);
}

static void on_node_timer(uv_timer_t *timer);

static void set_node_timer(struct node *n, uint64_t at_ms)
{
	uint64_t now = node_now_ms();

	assert(n->state != NODE_STOPPING);
	n->timer_at_ms = at_ms;
	uv_update_time(&n->loop);
	uv_timer_start(&n->timer, on_node_timer, at_ms > now ? at_ms - now : 0, 0);
}

static void carry_out(struct node *n, const struct action *action)
{
	switch (action->kind) {
	case ACTION_JOURNAL_PUT:
		must(storage_put(n->storage, action->sequence, action->table, action->key, action->message),
		     "journal_full");
		break;
	case ACTION_JOURNAL_FORGET:
		must(storage_forget(n->storage, action->sequence, action->view), "journal_full");
		break;
	case ACTION_SEND:
		send_out(n, action);
		break;
	case ACTION_VERIFY:
		verifier_submit(n->verifier, action->job);
		break;
	case ACTION_ANSWER:
		wallets_send(n->wallets, action->wallet, action->message);
		break;
	case ACTION_DROP_WALLET:
		if (action->error == UNCIA_E_SIGNATURE)
			listener_charge(n->listener, wallets_address(n->wallets, action->wallet));
		wallets_drop(n->wallets, action->wallet);
		break;
	case ACTION_DROP_PEER:
		verifier_drop(n->verifier, action->peer);
		peers_drop(n->peers, action->peer);
		break;
	case ACTION_TIMER:
		set_node_timer(n, action->at_ms);
		break;
	case ACTION_FLUSH:
		storage_flush(n->storage, action->flush);
		break;
	case ACTION_FINAL:
		log_event(LOG_LEVEL_DEBUG, "final", LOG_NUMBER("height", action->height),
		          LOG_NUMBER("payments", action->count));
		break;
	case ACTION_NOTE:
		note_log(action);
		break;
	case ACTION_HALT:
		note_halt(n->options->store, action);
	}
}

/* ---- events -------------------------------------------------------------------------------- */

static void node_step(struct node *n, struct event *event)
{
	node_move(n, NODE_STEPPING);
	event->now_ms = node_now_ms();
	event->wall_ms = node_wall_ms();
	int error = replica_step(n->replica, event, &n->actions);
	for (size_t i = 0; i < n->actions.count; i++)
		carry_out(n, &n->actions.items[i]);
	must(error, "halt");
	node_move(n, NODE_WAITING);
}

static void deliver(struct node *n, struct event event)
{
	if (n->state == NODE_STOPPING)
		return;
	if (n->state == NODE_STEPPING) {
		assert(event.kind == EVENT_PEER_DOWN || event.kind == EVENT_WALLET_CLOSED);
		assert(n->deferred_count < n->deferred_capacity);
		n->deferred[n->deferred_count++] = (struct deferred){event.kind, event.peer, event.wallet};
		return;
	}
	assert(!n->deferred_count);
	node_step(n, &event);
	for (size_t i = 0; i < n->deferred_count; i++) {
		const struct deferred *d = &n->deferred[i];
		node_step(n, &(struct event){.kind = d->kind, .peer = d->peer, .wallet = d->wallet});
	}
	n->deferred_count = 0;
}

static void on_node_timer(uv_timer_t *timer)
{
	struct node *n = timer->data;

	/* libuv's own clock is a little behind ours: the timer may fire early. */
	if (node_now_ms() < n->timer_at_ms)
		set_node_timer(n, n->timer_at_ms);
	else
		deliver(n, (struct event){.kind = EVENT_TIMER});
}

static void on_peer_up(void *context, uint32_t peer)
{
	deliver(context, (struct event){.kind = EVENT_PEER_UP, .peer = peer});
}

static void on_peer_down(void *context, uint32_t peer)
{
	deliver(context, (struct event){.kind = EVENT_PEER_DOWN, .peer = peer});
}

static void on_peer_message(void *context, uint32_t peer, struct bytes message)
{
	deliver(context, (struct event){.kind = EVENT_PEER_MESSAGE, .peer = peer, .message = message});
}

static void on_wallet_message(void *context, uint64_t wallet, struct bytes message)
{
	uint32_t origin = wallets_origin(((struct node *)context)->wallets, wallet);

	deliver(context, (struct event){EVENT_WALLET_MESSAGE, .wallet = wallet, .origin = origin, .message = message});
}

static void on_wallet_closed(void *context, uint64_t wallet)
{
	deliver(context, (struct event){.kind = EVENT_WALLET_CLOSED, .wallet = wallet});
}

static bool wallet_waits(void *context, uint64_t wallet)
{
	return replica_wallet_waits(((struct node *)context)->replica, wallet);
}

static bool wallet_watches(void *context, uint64_t wallet)
{
	return replica_wallet_watches(((struct node *)context)->replica, wallet);
}

static void on_verified(void *context, struct verify_job *first)
{
	deliver(context, (struct event){.kind = EVENT_VERIFIED, .job = first});
}

static void on_durable(void *context, uint64_t sequence)
{
	deliver(context, (struct event){.kind = EVENT_DURABLE, .sequence = sequence});
}

static void on_flushed(void *context, struct flush *flush)
{
	deliver(context, (struct event){.kind = EVENT_FLUSHED, .flush = flush});
}

static void on_space(void *context, bool low)
{
	deliver(context, (struct event){.kind = EVENT_SPACE, .low = low});
}

static void on_paused(void *context)
{
	operators_paused(((struct node *)context)->operators);
}

static bool is_exempt(void *context, const struct net_address *address)
{
	return peers_admit(((struct node *)context)->peers, address);
}

static void on_validator_stream(void *context, struct tcp *tcp)
{
	peers_accept(((struct node *)context)->peers, tcp);
}

static void on_wallet_stream(void *context, struct tcp *tcp)
{
	struct node *n = context;
	struct net_address address;

	tcp_address(tcp, &address);
	if (n->options->local_wallets_only && !net_address_loopback(&address))
		tcp_close(tcp);
	else
		wallets_accept(n->wallets, tcp);
}

/* ---- turns --------------------------------------------------------------------------------- */

/* consensus §6 "Durable before sent": one commit a turn. Nothing that is sent here waits for it, since the core itself
 * holds back what must. Sending may end a link, which may make records and jobs again. */
static void end_turn(struct node *n)
{
	assert(n->state == NODE_WAITING);
	storage_commit(n->storage);
	verifier_begin(n->verifier);
	tcp_set_flush(&n->set);
	storage_commit(n->storage);
	verifier_begin(n->verifier);
}

/* libuv calls on_prepare after its timers, before the loop may sleep, and on_check after the callbacks of what woke it.
 */
static void on_prepare(uv_prepare_t *prepare)
{
	struct node *n = prepare->data;

	tcp_set_begin(&n->set);
	end_turn(n);
}

static void on_check(uv_check_t *check)
{
	end_turn(check->data);
}

/* ---- start and end ------------------------------------------------------------------------- */

/* context: the options. */
static int sign_as_validator(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	const struct node_options *o = context;

	return o->sign ? o->sign(o->sign_context, statement, signature)
	               : sign_digest(o->consensus_secret, &statement->digest, signature);
}

static int make_replica(struct node *n)
{
	const struct node_options *o = n->options;
	struct replica_config config = {
	    .genesis = o->genesis,
	    .self = o->self,
	    .observers = o->observer_count,
	    .sign = sign_as_validator,
	    .sign_context = (void *)(uintptr_t)o,
	    .delta_ms = o->delta_ms,
	    .heartbeat_ms = o->heartbeat_ms,
	    .signatures = verify_implementation,
	    .settle_ms = o->settle_ms,
	    .pace_ms = o->pace_ms,
	    .flush_ms = o->flush_ms,
	    .mempool_max = o->mempool_max,
	    .mempool_per_sender_max = o->mempool_per_sender_max,
	};

	store_view(o->store, &config.view);
	randombytes_buf(config.hash_seed, sizeof(config.hash_seed));
	int error = actions_init(&n->actions);
	return error ? error : replica_new(&config, &n->replica);
}

/* Wallets get the descriptors that validators and the process itself leave. */
static void fit_descriptors(struct node *n)
{
	uint32_t waiting = n->options->web_host ? 2 * LISTENER_WAITING_MAX : LISTENER_WAITING_MAX;
	uint32_t others = waiting + PEER_CANDIDATES_MAX +
	                  2 * (n->options->genesis->committee.size + n->options->observer_count) + DESCRIPTORS_RESERVED;

	if (n->options->figures)
		others += DESCRIPTORS_SHOWING;
	n->wallet_links_max =
	    descriptors_fit(n->options->wallet_links_max ? n->options->wallet_links_max : WALLET_LINKS_DEFAULT, others);
}

static int make_links(struct node *n, char why[256])
{
	const struct node_options *o = n->options;
	const struct peers_options peers = {
	    .set = &n->set,
	    .genesis = o->genesis,
	    .self = o->self,
	    .network_secret = o->network_secret,
	    .addresses = o->peers,
	    .observers = o->observers,
	    .observer_count = o->observer_count,
	};
	const struct wallets_options wallets = {
	    .set = &n->set,
	    .network_id = &o->genesis->network_id,
	    .network_secret = o->network_secret,
	    .links_max = n->wallet_links_max,
	};
	const struct listener_options listener = {
	    .set = &n->set,
	    .host = o->listen_host,
	    .port = o->listen_port,
	    .web_host = o->web_host,
	    .web_port = o->web_port,
	    .handshakes_per_second = o->handshakes_per_second ? o->handshakes_per_second : HANDSHAKES_PER_SECOND,
	};
	const struct peers_events peers_events = {on_peer_up, on_peer_down, on_peer_message, n};
	const struct wallets_events wallets_events = {on_wallet_message, on_wallet_closed, wallet_waits, wallet_watches,
	                                              n};
	const struct listener_events listener_events = {is_exempt, on_validator_stream, on_wallet_stream, n};

	n->deferred_capacity = o->genesis->committee.size + o->observer_count + n->wallet_links_max;
	n->deferred = calloc(n->deferred_capacity, sizeof(*n->deferred));
	if (!n->deferred)
		return UNCIA_E_MEMORY;
	int error = wallets_new(&wallets, &wallets_events, &n->wallets);
	if (!error)
		error = peers_new(&peers, &peers_events, &n->peers);
	if (!error)
		error = listener_new(&listener, &listener_events, &n->listener, why);
	return error;
}

static int make_threads(struct node *n)
{
	const struct node_options *o = n->options;
	const struct storage_events events = {on_durable, on_flushed, on_space, on_paused, n};

	const struct verifier_options verifier = {
	    .loop = &n->loop,
	    .sources = VERIFY_SOURCES,
	    .signer = {sign_as_validator, (void *)(uintptr_t)o},
	    .threads = o->verifier_threads,
	    .done = on_verified,
	    .context = n,
	};

	int error =
	    storage_new(&n->loop, o->store, node_space_reserve(o), SPACE_CHECK_INTERVAL_MS, &events, &n->storage);
	return error ? error : verifier_new(&verifier, &n->verifier);
}

static int make_operators(struct node *n)
{
	const struct operators_options options = {
	    .loop = &n->loop,
	    .home = n->options->home,
	    .genesis = n->options->genesis,
	    .self = n->options->self,
	    .replica = n->replica,
	    .peers = n->peers,
	    .store = n->options->store,
	    .storage = n->storage,
	};

	return options.home ? operators_new(&options, &n->operators) : 0;
}

static void on_node_signal(uv_signal_t *handle, int number);

/* Handles of the loop itself. On a fresh loop only those of signals can fail. */
static int make_handles(struct node *n)
{
	uv_prepare_init(&n->loop, &n->prepare);
	uv_check_init(&n->loop, &n->check);
	uv_timer_init(&n->loop, &n->timer);
	uv_timer_init(&n->loop, &n->beat);
	uv_signal_init(&n->loop, &n->interrupt);
	uv_signal_init(&n->loop, &n->terminate);
	uv_signal_init(&n->loop, &n->hangup);
	uv_async_init(&n->loop, &n->asked, node_on_asked);
	n->prepare.data = n->check.data = n->timer.data = n->beat.data = n->interrupt.data = n->terminate.data = n;
	n->hangup.data = n->asked.data = n;
	if (uv_signal_start(&n->interrupt, on_node_signal, SIGINT) < 0 ||
	    uv_signal_start(&n->terminate, on_node_signal, SIGTERM) < 0 ||
	    (n->options->reload && uv_signal_start(&n->hangup, node_on_hangup, SIGHUP) < 0))
		return UNCIA_E_IO;
	return 0;
}

static int node_start(struct node *n, char why[256])
{
	const struct node_options *o = n->options;

	int error = make_handles(n);
	if (!error)
		error = make_replica(n);
	if (error == UNCIA_E_DAMAGED)
		snprintf(why, 256, "%s", store_damage(o->store));
	if (!error)
		error = make_links(n, why);
	if (!error)
		error = make_threads(n);
	if (!error)
		error = make_operators(n);
	if (error)
		return error;
	uv_prepare_start(&n->prepare, on_prepare);
	uv_check_start(&n->check, on_check);
	log_event(LOG_LEVEL_INFO, "listening", LOG_TEXT("host", o->listen_host),
	          LOG_NUMBER("port", (uint64_t)listener_port(n->listener)),
	          LOG_NUMBER("websocket_port", (uint64_t)listener_web_port(n->listener)),
	          o->self == NOT_A_MEMBER ? LOG_TEXT("role", "observer") : LOG_NUMBER("validator", o->self));
	node_move(n, NODE_WAITING);
	deliver(n, (struct event){.kind = EVENT_START});
	if (o->running)
		o->running(o->inside, n);
	if (o->ready)
		o->ready(o->context, listener_port(n->listener));
	if (o->beat)
		uv_timer_start(&n->beat, node_on_beat, 0, o->beat_ms ? o->beat_ms : BEAT_MS);
	return 0;
}

/* Ends whatever was made. The loop is then left with nothing but handles that are closing. */
static void node_stop(struct node *n)
{
	if (n->state != NODE_STARTING && n->options->running)
		n->options->running(n->options->inside, NULL);
	node_move(n, NODE_STOPPING);
	if (n->operators)
		operators_stop(n->operators);
	if (n->listener)
		listener_stop(n->listener);
	if (n->peers)
		peers_stop(n->peers);
	if (n->wallets)
		wallets_stop(n->wallets);
	tcp_set_stop(&n->set);
	if (n->storage)
		storage_stop(n->storage);
	if (n->verifier)
		verifier_stop(n->verifier);
	uv_close((uv_handle_t *)&n->prepare, NULL);
	uv_close((uv_handle_t *)&n->check, NULL);
	uv_close((uv_handle_t *)&n->timer, NULL);
	uv_close((uv_handle_t *)&n->asked, NULL);
	uv_close((uv_handle_t *)&n->beat, NULL);
	/* These are closed last: a second signal must not kill a process that is ending in order. */
	uv_unref((uv_handle_t *)&n->interrupt);
	uv_unref((uv_handle_t *)&n->terminate);
	uv_unref((uv_handle_t *)&n->hangup);
}

static void on_node_signal(uv_signal_t *handle, int number)
{
	struct node *n = handle->data;
	struct replica_status status;

	if (n->state == NODE_STOPPING)
		return;
	if (n->options->ending)
		n->options->ending(n->options->beat_context);
	replica_status(n->replica, &status);
	log_event(LOG_LEVEL_INFO, "stopping", LOG_TEXT("signal", number == SIGINT ? "SIGINT" : "SIGTERM"),
	          LOG_NUMBER("final_height", status.final_height));
	log_links(listener_counters(n->listener), wallets_counters(n->wallets), peers_counters(n->peers));
	log_verifier(n->verifier);
	log_event(LOG_LEVEL_INFO, "bounds", LOG_NUMBER("messages_dropped", status.dropped),
	          LOG_NUMBER("gossip_refused", status.gossip_refused));
	end_turn(n);
	node_stop(n);
}

static void node_free(struct node *n)
{
	assert(n->state == NODE_STOPPING && !n->set.open);
	operators_free(n->operators);
	listener_free(n->listener);
	peers_free(n->peers);
	wallets_free(n->wallets);
	verifier_free(n->verifier);
	if (n->storage)
		flush_free(storage_leftover(n->storage));
	storage_free(n->storage);
	replica_free(n->replica);
	actions_deinit(&n->actions);
	free(n->deferred);
	free(n);
}

int node_run(const struct node_options *options, char why[256])
{
	struct node *n = calloc(1, sizeof(*n));

	snprintf(why, 256, "%s", uncia_error_text(UNCIA_E_MEMORY));
	if (!n)
		return UNCIA_E_MEMORY;
	n->options = options;
	uv_memory_guard();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* the end of a terminal or a session is no reason to stop voting */
	fit_descriptors(n);
	if (uv_loop_init(&n->loop) < 0 ||
	    tcp_set_init(&n->set, &n->loop,
	                 options->handshake_timeout_ms ? options->handshake_timeout_ms : HANDSHAKE_TIMEOUT_MS) < 0) {
		snprintf(why, 256, "no event loop: %s", uncia_error_text(UNCIA_E_IO));
		free(n);
		return UNCIA_E_IO;
	}
	why[0] = '\0';
	int error = node_start(n, why);
	if (error) {
		if (!why[0])
			snprintf(why, 256, "%s", uncia_error_text(error));
		node_stop(n);
	}
	uv_run(&n->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&n->interrupt, NULL);
	uv_close((uv_handle_t *)&n->terminate, NULL);
	uv_close((uv_handle_t *)&n->hangup, NULL);
	uv_run(&n->loop, UV_RUN_DEFAULT);
	int closed = uv_loop_close(&n->loop);
	assert(!closed);
	node_free(n);
	return error;
}

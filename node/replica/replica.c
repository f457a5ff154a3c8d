/* One event in, a list of actions out: the parts of the replica composed. */
#include "replica_state.h"

#define DELTA_DEFAULT_MS     150u
#define HEARTBEAT_DEFAULT_MS 1000u
#define SETTLE_DEFAULT_MS    20u
#define PACE_DEFAULT_MS      8u
#define FLUSH_DEFAULT_MS     20000u
#define PROOF_DISK_MS        27000u /* so much longer than else the disk may take for the proof of a second chain */

static void default_u32(uint32_t *value, uint32_t fallback)
{
	if (!*value)
		*value = fallback;
}

/* Each room is given those that it may use. */
static int compose(struct replica *r)
{
	chain_init(&r->chain, r->committee, r->ledger, r->mempool);
	r->serve = (struct serve){.step = &r->step, .chain = &r->chain, .ledger = r->ledger, .mempool = r->mempool};
	memcpy(r->serve.hash_seed, r->config.hash_seed, sizeof(r->serve.hash_seed));
	serve_init(&r->serve);
	/* Zero otherwise, and too large for the stack of a literal. */
	r->payments.step = &r->step;
	r->payments.chain = &r->chain;
	r->payments.ledger = r->ledger;
	r->payments.mempool = r->mempool;
	r->payments.serve = &r->serve;
	payments_init(&r->payments);
	r->sync = (struct sync){.step = &r->step,
	                        .chain = &r->chain,
	                        .heartbeat_ms = r->config.heartbeat_ms,
	                        .follows = r->config.self == NOT_A_MEMBER,
	                        .page_bytes = r->config.page_bytes,
	                        .page_headers = r->config.page_headers,
	                        .near_blocks = r->config.near_blocks};
	return sync_init(&r->sync);
}

int replica_new(const struct replica_config *config, struct replica **replica)
{
	if ((config->self >= config->genesis->committee.size && config->self != NOT_A_MEMBER) ||
	    config->observers > OBSERVERS_MAX)
		return UNCIA_E_ARGUMENT;
	struct replica *r = calloc(1, sizeof(*r));
	if (!r)
		return UNCIA_E_MEMORY;
	r->config = *config;
	r->committee = &config->genesis->committee;
	default_u32(&r->config.delta_ms, DELTA_DEFAULT_MS);
	default_u32(&r->config.heartbeat_ms, HEARTBEAT_DEFAULT_MS);
	default_u32(&r->config.settle_ms, SETTLE_DEFAULT_MS);
	default_u32(&r->config.pace_ms, PACE_DEFAULT_MS);
	default_u32(&r->config.flush_ms, FLUSH_DEFAULT_MS);
	default_u32(&r->config.mempool_max, MEMPOOL_SIZE_DEFAULT);
	default_u32(&r->config.mempool_per_sender_max, MEMPOOL_PER_SENDER_DEFAULT);
	default_u32(&r->config.step_bytes, STEP_BYTES_DEFAULT);
	default_u32(&r->config.page_bytes, PAGE_BYTES_DEFAULT);
	default_u32(&r->config.page_headers, SYNC_HEADERS_MAX);
	default_u32(&r->config.near_blocks, NEAR_BLOCKS_DEFAULT);
	int error = step_init(&r->step, config->genesis, config->self, config->observers, &config->view);
	r->clock.peers = error ? NULL : calloc(COMMITTEE_SIZE_MAX, sizeof(*r->clock.peers));
	r->proposals = error ? NULL : calloc(PEERS_MAX, sizeof(*r->proposals));
	r->links.told = error ? NULL : calloc(PEERS_MAX, sizeof(*r->links.told));
	if (!error && (!r->clock.peers || !r->proposals || !r->links.told))
		error = UNCIA_E_MEMORY;
	if (!error)
		error = ledger_new(r->config.genesis, &r->config.view, r->config.hash_seed, &r->ledger);
	if (!error)
		error = mempool_new(r->config.mempool_max, r->config.mempool_per_sender_max, r->config.hash_seed,
		                    &r->mempool);
	if (!error)
		error = compose(r);
	if (error) {
		replica_free(r);
		return error;
	}
	*replica = r;
	return 0;
}

void replica_free(struct replica *r)
{
	if (!r)
		return;
	dispatch_deinit(r);
	flush_free(r->flushing.waiting);
	serve_deinit(&r->serve);
	sync_deinit(&r->sync);
	consensus_free(r->consensus);
	chain_deinit(&r->chain);
	payments_deinit(&r->payments);
	mempool_free(r->mempool);
	ledger_free(r->ledger);
	payments_memory_deinit(&r->payments);
	step_deinit(&r->step);
	free(r->clock.peers);
	free(r->proposals);
	free(r->links.told);
	free(r);
}

/* ---- events ---- */

static bool error_is_fatal(int error)
{
	return error <= UNCIA_E_MEMORY;
}

static void replica_wallet_closed(struct replica *r, uint64_t wallet)
{
	payments_wallet_closed(&r->payments, wallet);
	serve_wallet_closed(&r->serve, wallet);
}

/* What a stranger sent wrong ends his link, nothing else. */
static int blame(struct replica *r, const struct event *event, int error)
{
	bool from_peer = event->kind == EVENT_PEER_MESSAGE;

	if (!error || error_is_fatal(error))
		return error;
	if (from_peer) {
		TRY(step_drop_peer(&r->step, event->peer));
		proposals_dropped(r, event->peer);
	} else {
		TRY(step_drop_wallet(&r->step, event->wallet, UNCIA_E_PROTOCOL));
		replica_wallet_closed(r, event->wallet);
	}
	return step_note(
	    &r->step, NOTE_WARNING, "event=bad_message %s=%llu reason=\"%s\"", from_peer ? "peer" : "wallet",
	    from_peer ? (unsigned long long)event->peer : (unsigned long long)event->wallet, uncia_error_text(error));
}

static int replica_space(struct replica *r, bool low)
{
	if (low == r->low_space)
		return 0;
	r->low_space = low;
	consensus_space(r->consensus, low);
	if (low)
		return step_note(&r->step, NOTE_ERROR, "event=disk_full voting=no");
	return step_note(&r->step, NOTE_INFO, "event=disk_space voting=%s",
	                 consensus_voting(r->consensus) == VOTING_YES ? "yes" : "no");
}

static int handle(struct replica *r, const struct event *event)
{
	assert((r->state == REPLICA_NEW) == (event->kind == EVENT_START));
	switch (event->kind) {
	case EVENT_START:
		r->state = REPLICA_RUNNING;
		return replica_start(r);
	case EVENT_PEER_UP:
		return links_up(r, event->peer);
	case EVENT_PEER_DOWN:
		links_down(r, event->peer);
		return 0;
	case EVENT_PEER_MESSAGE:
		return blame(r, event, dispatch_peer(r, event->peer, event->message));
	case EVENT_WALLET_MESSAGE:
		return blame(r, event, dispatch_wallet(r, event));
	case EVENT_WALLET_CLOSED:
		replica_wallet_closed(r, event->wallet);
		return 0;
	case EVENT_VERIFIED:
		jobs_checked(&r->step, event->job);
		return 0;
	case EVENT_DURABLE:
		assert(event->sequence <= r->step.sequence);
		if (event->sequence > r->step.durable)
			r->step.durable = event->sequence;
		return 0;
	case EVENT_FLUSHED:
		flushing_end(r, event->flush);
		return 0;
	case EVENT_SPACE:
		return replica_space(r, event->low);
	case EVENT_TIMER:
		return 0;
	}
	return 0;
}

/* The next step comes no later than the first of these. */
static int ask_for_timer(struct replica *r, const uint64_t *wakes, size_t count)
{
	uint64_t at = TIME_NEVER;

	for (size_t i = 0; i < count; i++)
		if (wakes[i] < at)
			at = wakes[i];
	struct action *action = step_action(&r->step, ACTION_TIMER);
	if (!action)
		return UNCIA_E_MEMORY;
	action->at_ms = at > r->step.now_ms ? at : r->step.now_ms + 1;
	return 0;
}

static int set_timer(struct replica *r)
{
	const uint64_t wakes[] = {consensus_wake(r->consensus),
	                          proposer_wake(r),
	                          sync_wake(&r->sync),
	                          serve_wake(&r->serve),
	                          decide_wake(r),
	                          step_outbox_wake(&r->step),
	                          links_wake(r),
	                          payments_wake(&r->payments),
	                          r->ends_ms ? r->ends_ms : TIME_NEVER};

	return ask_for_timer(r, wakes, sizeof(wakes) / sizeof(wakes[0]));
}

/* What has become durable leaves, and own votes among it count. */
static int release(struct replica *r)
{
	struct vote own;
	int more;

	while ((more = step_outbox_release(&r->step, &own)) > 0)
		TRY(more == RELEASED_OWN_VOTE ? dispatch_own_vote(r, &own) : flushing_release(r));
	return more;
}

/* What is left to do from when a second chain has been seen: to make that durable, to answer, and to end. Without the
 * proof the next start would know of nothing. */
static int step_to_the_end(struct replica *r)
{
	uint64_t end = r->step.durable >= r->proof_sequence ? r->ends_ms : r->ends_ms + PROOF_DISK_MS;

	TRY(release(r));
	TRY(sync_pages_answer(&r->sync));
	if (r->step.now_ms >= end)
		return REPLICA_E_FAULTY;
	const uint64_t wakes[] = {end, sync_pages_wake(&r->sync), step_outbox_wake(&r->step)};
	return ask_for_timer(r, wakes, sizeof(wakes) / sizeof(wakes[0]));
}

static int step(struct replica *r, const struct event *event)
{
	r->taken = 0;
	r->more = false;
	r->visited_before = r->chain.visited;
	/* The first step goes through all that was stored. */
	uint64_t looked_before = r->consensus ? consensus_visited(r->consensus) : UINT64_MAX;
	if (r->consensus)
		consensus_begin(r->consensus, r->step.now_ms);
	TRY(handle(r, event));
	TRY(dispatch_checked(r));
	TRY(payments_turns(&r->payments));
	TRY(release(r));
	if (r->ends_ms)
		return step_to_the_end(r);
	TRY(advance(r));
	if (r->ends_ms)
		return step_to_the_end(r);
	/* What is not flushed is held in memory: who catches up waits for its own disk. */
	r->sync.held = flushing_behind(r);
	TRY(sync_timer(&r->sync));
	TRY(links_timer(r));
	TRY(sync_fetch_bodies(&r->sync));
	TRY(payments_relay(&r->payments));
	TRY(serve_answer(&r->serve));
	TRY(serve_sign(&r->serve));
	TRY(flushing_begin(r));
	TRY(release(r));
	if (r->step.wrote)
		TRY(journaling_newest_votes(r));
	if (!mempool_ready(r->mempool))
		r->work_since_ms = 0;
	else if (!r->work_since_ms)
		r->work_since_ms = r->step.now_ms;
	if (r->chain.visited - r->visited_before > r->visited_most)
		r->visited_most = r->chain.visited - r->visited_before;
	if (looked_before != UINT64_MAX && consensus_visited(r->consensus) - looked_before > r->looked_most)
		r->looked_most = consensus_visited(r->consensus) - looked_before;
	return set_timer(r);
}

static const char *halt_reason(int error)
{
	switch (error) {
	case UNCIA_E_MEMORY:
		return "out of memory";
	case UNCIA_E_DAMAGED:
		return "stored data or the final chain is damaged";
	case CONSENSUS_E_UNSAFE:
		return "a vote was asked for that its evidence does not allow: a mistake of this program";
	case REPLICA_E_FAULTY:
		return "validators of more weight than F are faulty: there is a second chain, or a final block that "
		       "breaks a rule";
	default:
		return uncia_error_text(error);
	}
}

int replica_step(struct replica *r, const struct event *event, struct actions *out)
{
	assert(r->state != REPLICA_HALTED);
	step_begin(&r->step, out, event->now_ms, event->wall_ms, event->message.size);
	int error = step(r, event);
	if (!error)
		return 0;
	r->state = REPLICA_HALTED;
	/* Nothing of a step that failed may be carried out. */
	for (size_t i = 0; i < out->count; i++)
		if (out->items[i].kind == ACTION_FLUSH)
			flush_free(out->items[i].flush);
	actions_clear(out);
	struct action *action = step_action(&r->step, ACTION_HALT);
	if (action) {
		const char *reason = halt_reason(error);
		action->message = (struct bytes){(const uint8_t *)reason, strlen(reason)};
		action->error = error;
	}
	return error;
}

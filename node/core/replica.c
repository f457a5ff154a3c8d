/* One event in, a list of actions out: the parts of the replica composed. */
#include "parts.h"

#define DELTA_DEFAULT_MS     150u
#define HEARTBEAT_DEFAULT_MS 1000u
#define SETTLE_DEFAULT_MS    20u
#define PACE_DEFAULT_MS      8u
#define FLUSH_DEFAULT_MS     20000u

static void default_u32(uint32_t *value, uint32_t fallback)
{
	if (!*value)
		*value = fallback;
}

/* Each room is given those that it may use. */
static void compose(struct replica *r)
{
	chain_init(&r->chain, r->committee, r->ledger, r->mempool);
	r->serve = (struct serve){.step = &r->step,
	                          .chain = &r->chain,
	                          .ledger = r->ledger,
	                          .mempool = r->mempool,
	                          .sign = r->config.sign,
	                          .sign_context = r->config.sign_context};
	memcpy(r->serve.hash_seed, r->config.hash_seed, sizeof(r->serve.hash_seed));
	serve_init(&r->serve);
	r->payments = (struct payments){
	    .step = &r->step, .chain = &r->chain, .ledger = r->ledger, .mempool = r->mempool, .serve = &r->serve};
	payments_init(&r->payments);
}

int replica_new(const struct replica_config *config, struct replica **replica)
{
	if (config->self >= config->genesis->committee.size && config->self != NOT_A_MEMBER)
		return UNCIA_E_ARGUMENT;
	struct replica *r = calloc(1, sizeof(*r));
	if (!r)
		return UNCIA_E_MEMORY;
	r->config = *config;
	r->genesis = config->genesis;
	r->committee = &config->genesis->committee;
	r->network_id = config->genesis->network_id;
	default_u32(&r->config.delta_ms, DELTA_DEFAULT_MS);
	default_u32(&r->config.heartbeat_ms, HEARTBEAT_DEFAULT_MS);
	default_u32(&r->config.settle_ms, SETTLE_DEFAULT_MS);
	default_u32(&r->config.pace_ms, PACE_DEFAULT_MS);
	default_u32(&r->config.flush_ms, FLUSH_DEFAULT_MS);
	default_u32(&r->config.mempool_max, MEMPOOL_SIZE_DEFAULT);
	default_u32(&r->config.mempool_per_sender_max, MEMPOOL_PER_SENDER_DEFAULT);
	int error = step_init(&r->step, config->genesis, config->self, &config->view);
	r->peers = error ? NULL : calloc(r->committee->size, sizeof(*r->peers));
	if (!error && !r->peers)
		error = UNCIA_E_MEMORY;
	if (!error)
		error = ledger_new(r->genesis, &r->config.view, r->config.hash_seed, &r->ledger);
	if (!error)
		error = mempool_new(r->config.mempool_max, r->config.mempool_per_sender_max, r->config.hash_seed,
		                    &r->mempool);
	if (error) {
		replica_free(r);
		return error;
	}
	compose(r);
	*replica = r;
	return 0;
}

void replica_free(struct replica *r)
{
	if (!r)
		return;
	jobs_free(r);
	flush_free(r->flush_waiting);
	serve_deinit(&r->serve);
	consensus_free(r->consensus);
	chain_deinit(&r->chain);
	payments_deinit(&r->payments);
	mempool_free(r->mempool);
	ledger_free(r->ledger);
	payments_memory_deinit(&r->payments);
	step_deinit(&r->step);
	free(r->peers);
	free(r);
}

/* ---- events ---- */

static bool error_is_fatal(int error)
{
	return error <= UNCIA_E_MEMORY;
}

/* What a stranger sent wrong ends his link, nothing else. */
static int blame(struct replica *r, const struct event *event, int error)
{
	bool from_peer = event->kind == EVENT_PEER_MESSAGE;

	if (!error || error_is_fatal(error))
		return error;
	if (from_peer) {
		TRY(step_drop_peer(&r->step, event->peer));
	} else {
		TRY(step_drop_wallet(&r->step, event->wallet));
		serve_wallet_closed(&r->serve, event->wallet);
	}
	return step_note(
	    &r->step, NOTE_WARNING, "event=bad_message %s=%llu reason=\"%s\"", from_peer ? "peer" : "wallet",
	    from_peer ? (unsigned long long)event->peer : (unsigned long long)event->wallet, uncia_error_text(error));
}

static int peer_up(struct replica *r, uint32_t peer)
{
	if (!r->step.peers[peer].up)
		r->step.peers_up++;
	r->step.peers[peer].up = true;
	consensus_peer(r->consensus, peer, true);
	r->newest_ask_at = r->step.now_ms;
	return sync_peer_up(r, peer);
}

static void peer_down(struct replica *r, uint32_t peer)
{
	if (r->step.peers[peer].up)
		r->step.peers_up--;
	r->step.peers[peer].up = false;
	consensus_peer(r->consensus, peer, false);
	if (r->sync_active && r->sync_peer == peer && r->sync_at != TIME_NEVER)
		r->sync_at = r->step.now_ms;
}

static int flushed(struct replica *r, struct flush *flush)
{
	ledger_flushed(r->ledger, flush);
	r->flushing = false;
	return 0;
}

static int space(struct replica *r, bool low)
{
	if (low == r->low_space)
		return 0;
	r->low_space = low;
	consensus_space(r->consensus, low);
	return step_note(&r->step, low ? NOTE_ERROR : NOTE_INFO,
	                 low ? "event=disk_full voting=no" : "event=disk_space voting=yes");
}

static int handle(struct replica *r, const struct event *event)
{
	assert(r->started == (event->kind != EVENT_START));
	switch (event->kind) {
	case EVENT_START:
		r->started = true;
		return recovery_start(r);
	case EVENT_PEER_UP:
		return peer_up(r, event->peer);
	case EVENT_PEER_DOWN:
		peer_down(r, event->peer);
		return 0;
	case EVENT_PEER_MESSAGE:
		return blame(r, event, peer_message(r, event->peer, event->message));
	case EVENT_WALLET_MESSAGE:
		return blame(r, event, wallet_message(r, event->wallet, event->message));
	case EVENT_WALLET_CLOSED:
		serve_wallet_closed(&r->serve, event->wallet);
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
		return flushed(r, event->flush);
	case EVENT_SPACE:
		return space(r, event->low);
	case EVENT_TIMER:
		return 0;
	}
	return 0;
}

static int set_timer(struct replica *r)
{
	uint64_t wakes[] = {consensus_wake(r->consensus), proposal_wake(r),      sync_wake(r),
	                    serve_wake(&r->serve),        chain_wake(&r->chain), step_outbox_wake(&r->step)};
	uint64_t at = TIME_NEVER;

	for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++)
		if (wakes[i] < at)
			at = wakes[i];
	if (at <= r->step.now_ms)
		at = r->step.now_ms + 1;
	struct action *action = step_action(&r->step, ACTION_TIMER);
	if (!action)
		return UNCIA_E_MEMORY;
	action->at_ms = at;
	return 0;
}

static int own_vote_durable(struct replica *r, const struct vote *own)
{
	TRY(consensus_vote(r->consensus, own));
	return carry_out(r);
}

/* What has become durable leaves, and own votes among it count. */
static int release(struct replica *r)
{
	struct vote own;
	int more;

	while ((more = step_outbox_release(&r->step, &own)) > 0)
		TRY(more == RELEASED_OWN_VOTE ? own_vote_durable(r, &own) : finality_flush_release(r));
	return more;
}

static int step(struct replica *r, const struct event *event)
{
	if (r->consensus)
		consensus_begin(r->consensus, r->step.now_ms);
	TRY(handle(r, event));
	TRY(jobs_take(r));
	TRY(release(r));
	TRY(rules_run(r));
	TRY(sync_timer(r));
	TRY(block_fetch(r));
	TRY(payments_relay(&r->payments));
	TRY(serve_answer(&r->serve));
	TRY(finality_flush(r));
	TRY(release(r));
	if (r->step.wrote)
		TRY(newest_votes_journal(r));
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
	default:
		return uncia_error_text(error);
	}
}

int replica_step(struct replica *r, const struct event *event, struct actions *out)
{
	assert(!r->halted);
	step_begin(&r->step, out, event->now_ms, event->wall_ms, event->message.size);
	int error = step(r, event);
	if (!error)
		return 0;
	r->halted = true;
	/* Nothing of a step that failed may be carried out. */
	for (size_t i = 0; i < out->count; i++)
		if (out->items[i].kind == ACTION_FLUSH)
			flush_free(out->items[i].flush);
	actions_clear(out);
	struct action *action = step_action(&r->step, ACTION_HALT);
	if (action) {
		const char *reason = halt_reason(error);
		action->message = (struct bytes){(const uint8_t *)reason, strlen(reason)};
	}
	return error;
}

void replica_status(const struct replica *r, struct replica_status *status)
{
	memset(status, 0, sizeof(*status));
	status->final_height = r->chain.tip->header.height;
	status->final_view = r->chain.tip->header.view;
	status->view = consensus_view(r->consensus);
	status->final_id = r->chain.tip->header.id;
	status->final_timestamp_ms = r->chain.tip->header.timestamp_ms;
	ledger_settled_root(r->ledger, &status->state_root);
	status->settled_height = ledger_settled_height(r->ledger);
	status->accounts = ledger_accounts(r->ledger);
	status->peers = r->step.peers_up;
	status->mempool = mempool_count(r->mempool);
	status->voting = consensus_voting(r->consensus);
	status->evidence = r->evidence;
	status->views = consensus_views(r->consensus);
	clock_off(r, &status->clock_behind_ms, &status->clock_ahead_ms);
}

static void at_least(size_t *value, size_t other)
{
	if (*value < other)
		*value = other;
}

void replica_load(const struct replica *r, struct replica_load *load)
{
	*load = (struct replica_load){.views = consensus_views(r->consensus),
	                              .blocks = HASH_COUNT(r->chain.blocks),
	                              .queries = r->serve.question_count,
	                              .mempool = mempool_count(r->mempool),
	                              .verifying = mempool_verifying(r->mempool),
	                              .unflushed = ledger_unflushed(r->ledger)};
	step_outbox_load(&r->step, &load->deferred, &load->deferred_bytes);
	for (uint32_t i = 0; i < r->committee->size; i++) {
		at_least(&load->jobs, r->step.peers[i].jobs);
		at_least(&load->job_bytes, r->step.peers[i].job_bytes);
	}
	load->watches = serve_waiters_most(&r->serve);
}

int status_query(struct replica *r, uint64_t wallet, uint64_t request_id)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__NodeStatus status = UNCIA__PB__NODE_STATUS__INIT;
	struct replica_status now;
	struct hash root;

	replica_status(r, &now);
	TRY(ledger_settled_root(r->ledger, &root));
	status.final_height = now.final_height;
	status.final_view = now.final_view;
	status.view = now.view;
	status.timestamp_ms = now.final_timestamp_ms;
	status.peers = now.peers;
	status.mempool = now.mempool;
	status.voting = now.voting;
	status.accounts = now.accounts;
	status.evidence = now.evidence;
	status.clock_behind_ms = now.clock_behind_ms;
	status.clock_ahead_ms = now.clock_ahead_ms;
	status.final_id = field_of(now.final_id.b, HASH_SIZE);
	status.state_root = field_of(root.b, HASH_SIZE);
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_STATUS;
	reply.status = &status;
	return message_reply(&r->step, r->chain.final_sequence, wallet, &reply);
}

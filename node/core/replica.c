/* One event in, a list of actions out: the parts of the replica composed. */
#include "parts.h"

#define DELTA_DEFAULT_MS     150u
#define HEARTBEAT_DEFAULT_MS 1000u
#define SETTLE_DEFAULT_MS    20u
#define PACE_DEFAULT_MS      8u
#define FLUSH_DEFAULT_MS     20000u

#define PAYMENT_PIECE      640u /* holds one to one or two accounts, with a memo */
#define PAYMENT_PIECES_MAX 4096u

static void default_u32(uint32_t *value, uint32_t fallback)
{
	if (!*value)
		*value = fallback;
}

int replica_new(const struct replica_config *config, struct replica **replica)
{
	struct replica *r = calloc(1, sizeof(*r));

	if (!r)
		return UNCIA_E_MEMORY;
	r->config = *config;
	r->genesis = config->genesis;
	r->committee = &config->genesis->committee;
	r->network_id = config->genesis->network_id;
	r->deferred_last = &r->deferred_first;
	r->queries_last = &r->queries;
	default_u32(&r->config.delta_ms, DELTA_DEFAULT_MS);
	default_u32(&r->config.heartbeat_ms, HEARTBEAT_DEFAULT_MS);
	default_u32(&r->config.settle_ms, SETTLE_DEFAULT_MS);
	default_u32(&r->config.pace_ms, PACE_DEFAULT_MS);
	default_u32(&r->config.flush_ms, FLUSH_DEFAULT_MS);
	default_u32(&r->config.mempool_max, MEMPOOL_SIZE_DEFAULT);
	default_u32(&r->config.mempool_per_sender_max, MEMPOOL_PER_SENDER_DEFAULT);
	memcpy(&r->newest_nonce, config->hash_seed, sizeof(r->newest_nonce));
	pieces_init(&r->payment_memory, PAYMENT_PIECE, PAYMENT_PIECES_MAX);
	r->peers = calloc(r->committee->size, sizeof(*r->peers));
	int error = r->peers ? 0 : UNCIA_E_MEMORY;
	if (!error)
		error = ledger_new(r->genesis, &r->config.view, r->config.hash_seed, &r->ledger);
	if (!error)
		error = mempool_new(r->config.mempool_max, r->config.mempool_per_sender_max, r->config.hash_seed,
		                    &r->mempool);
	if (error) {
		replica_free(r);
		return error;
	}
	*replica = r;
	return 0;
}

void replica_free(struct replica *r)
{
	struct view *view, *next;

	if (!r)
		return;
	while (r->jobs)
		job_free(r, r->jobs);
	deferred_free(r);
	queries_free(r);
	watches_free(r);
	HASH_ITER (hh, r->views, view, next)
		view_free(r, view);
	if (r->ledger)
		blocks_free(r);
	for (size_t i = 0; i < r->relay_count; i++)
		payment_free(r->relay[i]);
	free(r->relay);
	free(r->final_certificate);
	mempool_free(r->mempool);
	ledger_free(r->ledger);
	pieces_deinit(&r->payment_memory);
	arena_spares_deinit(&r->spares);
	free(r->peers);
	free(r);
}

/* ---- events ---- */

static int vote_receive(struct replica *r, uint32_t peer, const ProtobufCBinaryData *data)
{
	struct vote vote;

	TRY(vote_decode(data->data, data->len, &vote));
	if (vote.epoch != r->committee->epoch || vote.voter >= r->committee->size)
		return UNCIA_E_PROTOCOL;
	if (vote.voter == r->config.self || !view_in_window(r, vote.view) || vote_known(r, &vote))
		return 0;
	return job_vote(r, JOB_VOTE, peer, &vote);
}

static int certificate_receive(struct replica *r, uint32_t peer, const ProtobufCBinaryData *data)
{
	struct certificate *certificate;

	TRY(certificate_decode(r->committee, data->data, data->len, &certificate));
	if (certificate->view <= r->tip->header.view ||
	    view_certificate(r, certificate->view, certificate->kind, &certificate->block_id)) {
		free(certificate);
		return 0;
	}
	return job_one_certificate(r, peer, certificate);
}

static int peer_dispatch(struct replica *r, uint32_t peer, const Uncia__Pb__PeerMessage *m)
{
	switch (m->kind_case) {
	case UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE:
		return proposal_receive(r, peer, m->propose);
	case UNCIA__PB__PEER_MESSAGE__KIND_VOTE:
		return vote_receive(r, peer, &m->vote);
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE:
		return certificate_receive(r, peer, &m->certificate);
	case UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP:
		return payment_gossip(r, peer, m->gossip);
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST:
		return block_request_answer(r, peer, m->block_request);
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY:
		return block_reply_receive(r, peer, m->block_reply);
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST:
		return certificates_request_answer(r, peer, m->certificates_request);
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST:
		return sync_request_answer(r, peer, m->sync_request);
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY:
		return sync_reply_receive(r, peer, m->sync_reply);
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST:
		return newest_vote_answer(r, peer, m->newest_vote_request);
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY:
		return newest_vote_receive(r, peer, m->newest_vote_reply);
	case UNCIA__PB__PEER_MESSAGE__KIND_STATUS:
		return sync_status_receive(r, peer, m->status);
	default:
		return UNCIA_E_ENCODING;
	}
}

static int peer_message(struct replica *r, uint32_t peer, struct bytes bytes)
{
	struct arena arena;
	ProtobufCMessage *message;

	if (bytes.size > MESSAGE_SIZE_VALIDATOR_MAX)
		return UNCIA_E_LIMIT;
	/* One validator cannot fill the verifier: past the bound its messages are left, and counted. */
	if (r->peers[peer].jobs >= PEER_JOBS_MAX || r->peers[peer].job_bytes >= PEER_JOB_BYTES_MAX) {
		r->dropped_messages++;
		return 0;
	}
	arena_init_spared(&arena, canonical_arena_limit(bytes.size), &r->spares);
	int error = canonical_decode(&uncia__pb__peer_message__descriptor, bytes.data, bytes.size, &arena, &message);
	if (!error)
		error = peer_dispatch(r, peer, (const Uncia__Pb__PeerMessage *)message);
	arena_deinit(&arena);
	return error;
}

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
	struct action *action = action_add(r, from_peer ? ACTION_DROP_PEER : ACTION_DROP_WALLET);
	if (!action)
		return UNCIA_E_MEMORY;
	action->peer = event->peer;
	action->wallet = event->wallet;
	if (!from_peer)
		wallet_closed(r, event->wallet);
	return action_note(r, NOTE_WARNING, "event=bad_message %s=%llu reason=\"%s\"", from_peer ? "peer" : "wallet",
	                   from_peer ? (unsigned long long)event->peer : (unsigned long long)event->wallet,
	                   uncia_error_text(error));
}

static int peer_up(struct replica *r, uint32_t peer)
{
	if (!r->peers[peer].up)
		r->peers_up++;
	r->peers[peer].up = true;
	r->newest_ask_at = r->now_ms;
	return sync_peer_up(r, peer);
}

static void peer_down(struct replica *r, uint32_t peer)
{
	if (r->peers[peer].up)
		r->peers_up--;
	r->peers[peer].up = false;
	if (r->sync_active && r->sync_peer == peer && r->sync_at != TIME_NEVER)
		r->sync_at = r->now_ms;
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
	r->recheck = true;
	return action_note(r, low ? NOTE_ERROR : NOTE_INFO,
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
		wallet_closed(r, event->wallet);
		return 0;
	case EVENT_VERIFIED:
		return jobs_done(r, event->job);
	case EVENT_DURABLE:
		assert(event->sequence <= r->sequence);
		if (event->sequence > r->durable)
			r->durable = event->sequence;
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

static uint64_t fetch_wake(struct replica *r)
{
	struct node_block *block, *next;
	uint64_t at = TIME_NEVER;

	if (r->fetching)
		HASH_ITER (hh, r->blocks, block, next)
			if (block->fetch_at < at)
				at = block->fetch_at;
	return at;
}

static int set_timer(struct replica *r)
{
	uint64_t wakes[] = {consensus_wake(r), sync_wake(r), queries_wake(r), fetch_wake(r), deferred_wake(r)};
	uint64_t at = TIME_NEVER;

	for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++)
		if (wakes[i] < at)
			at = wakes[i];
	if (at <= r->now_ms)
		at = r->now_ms + 1;
	struct action *action = action_add(r, ACTION_TIMER);
	if (!action)
		return UNCIA_E_MEMORY;
	action->at_ms = at;
	return 0;
}

static int step(struct replica *r, const struct event *event)
{
	TRY(handle(r, event));
	TRY(deferred_run(r));
	TRY(consensus_recheck(r));
	TRY(sync_timer(r));
	TRY(block_fetch(r));
	TRY(payments_relay(r));
	TRY(queries_answer(r));
	TRY(finality_flush(r));
	TRY(deferred_run(r));
	if (r->step_wrote)
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
	default:
		return uncia_error_text(error);
	}
}

int replica_step(struct replica *r, const struct event *event, struct actions *out)
{
	assert(!r->halted);
	actions_clear(out);
	r->out = out;
	r->now_ms = event->now_ms;
	r->wall_ms = event->wall_ms;
	r->message_size = event->message.size;
	r->step_wrote = false;
	r->carried_out = 0;
	int error = step(r, event);
	if (!error)
		return 0;
	r->halted = true;
	/* Nothing of a step that failed may be carried out. */
	for (size_t i = 0; i < out->count; i++)
		if (out->items[i].kind == ACTION_FLUSH)
			flush_free(out->items[i].flush);
	actions_clear(out);
	struct action *action = action_add(r, ACTION_HALT);
	if (action) {
		const char *reason = halt_reason(error);
		action->message = (struct bytes){(const uint8_t *)reason, strlen(reason)};
	}
	return error;
}

void replica_status(const struct replica *r, struct replica_status *status)
{
	memset(status, 0, sizeof(*status));
	status->final_height = r->tip->header.height;
	status->final_view = r->tip->header.view;
	status->view = r->view;
	status->final_id = r->tip->header.id;
	status->final_timestamp_ms = r->tip->header.timestamp_ms;
	ledger_settled_root(r->ledger, &status->state_root);
	status->settled_height = ledger_settled_height(r->ledger);
	status->accounts = ledger_accounts(r->ledger);
	status->peers = r->peers_up;
	status->mempool = mempool_count(r->mempool);
	status->voting = r->low_space && r->voting == VOTING_YES ? VOTING_NO_SPACE : r->voting;
	status->evidence = r->evidence;
	status->views = HASH_COUNT(r->views);
	clock_off(r, &status->clock_behind_ms, &status->clock_ahead_ms);
}

static void at_least(size_t *value, size_t other)
{
	if (*value < other)
		*value = other;
}

void replica_load(const struct replica *r, struct replica_load *load)
{
	struct wallet_link *wallet, *next;

	*load = (struct replica_load){.views = HASH_COUNT(r->views),
	                              .blocks = HASH_COUNT(r->blocks),
	                              .queries = r->query_count,
	                              .mempool = mempool_count(r->mempool),
	                              .verifying = mempool_verifying(r->mempool),
	                              .unflushed = ledger_unflushed(r->ledger)};
	for (const struct deferred *d = r->deferred_first; d; d = d->next) {
		load->deferred++;
		load->deferred_bytes += d->size;
	}
	for (uint32_t i = 0; i < r->committee->size; i++) {
		at_least(&load->jobs, r->peers[i].jobs);
		at_least(&load->job_bytes, r->peers[i].job_bytes);
	}
	HASH_ITER (hh, r->wallets, wallet, next)
		at_least(&load->watches, wallet->watch_count);
}

/* What this validator says of itself: to its edge, and to wallets that ask. See replica.h. */
#include "replica_state.h"

#define WAITS_FINALITY_MS                                                                                              \
	10000u /* so long after a heartbeat was due, nothing having become final, something is wrong */

static void fill_links(const struct replica *r, struct replica_status *status)
{
	const struct committee *c = r->committee;

	status->weight_needed = c->quorum_slow;
	for (uint32_t i = 0; i < c->size; i++) {
		if (i != r->config.self && !r->step.peers[step_peer_of(&r->step, i)].up)
			continue;
		status->weight_linked += c->validators[i].weight;
		if (i != r->config.self)
			status->linked[i / 8] |= (uint8_t)(1u << i % 8);
	}
}

static enum waits_for what_it_waits_for(const struct replica *r, const struct replica_status *status)
{
	if (status->weight_linked < status->weight_needed)
		return WAITS_LINKS;
	if (status->voting == VOTING_NO)
		return WAITS_ANSWERS;
	if (r->step.now_ms < r->sync.last_final_ms + r->config.heartbeat_ms + WAITS_FINALITY_MS)
		return WAITS_NOTHING;
	return status->highest_height > status->final_height ? WAITS_BLOCKS : WAITS_FINALITY;
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
	status->dropped = r->step.dropped_messages;
	status->gossip_refused = r->payments.gossip_refused;
	status->views = consensus_views(r->consensus);
	clock_off(r, &status->clock_behind_ms, &status->clock_ahead_ms);
	if (status->final_height && r->step.wall_ms > status->final_timestamp_ms)
		status->final_age_ms = r->step.wall_ms - status->final_timestamp_ms;
	fill_links(r, status);
	status->highest_height = sync_highest(&r->sync);
	if (status->highest_height < status->final_height)
		status->highest_height = status->final_height;
	status->last_final_ms = r->sync.last_final_ms;
	status->work_since_ms = r->work_since_ms;
	status->clock_offset_ms = clock_offset_ms(r);
	status->waits_for = what_it_waits_for(r, status);
	status->waits_weight = status->waits_for == WAITS_ANSWERS ? consensus_answered_weight(r->consensus) : 0;
}

uint64_t replica_told_height(const struct replica *r, uint32_t peer)
{
	assert(peer < r->committee->size);
	return r->sync.peers[peer].final_height;
}

bool replica_wallet_waits(const struct replica *r, uint64_t wallet)
{
	return serve_waits(&r->serve, wallet) || payments_waits(&r->payments, wallet);
}

bool replica_wallet_watches(const struct replica *r, uint64_t wallet)
{
	return serve_watches(&r->serve, wallet);
}

static void load_at_least(size_t *value, size_t other)
{
	if (*value < other)
		*value = other;
}

void replica_load(const struct replica *r, struct replica_load *load)
{
	*load = (struct replica_load){.views = consensus_views(r->consensus),
	                              .blocks = HASH_COUNT(r->chain.blocks),
	                              .body_bytes = r->chain.body_bytes,
	                              .questions = r->serve.question_count,
	                              .mempool = mempool_count(r->mempool),
	                              .verifying = mempool_verifying(r->mempool),
	                              .parked = mempool_parked(r->mempool),
	                              .mempool_max = r->config.mempool_max,
	                              .checking = (size_t)r->payments.checking_submitted + r->payments.checking_gossip,
	                              .waiting = r->payments.waiting,
	                              .unflushed = ledger_unflushed(r->ledger),
	                              .taken = r->taken_most,
	                              .visited = (size_t)r->visited_most,
	                              .looked = (size_t)r->looked_most};
	step_outbox_load(&r->step, &load->outbox, &load->outbox_bytes);
	for (uint32_t i = 0; i < r->step.peer_count; i++) {
		load_at_least(&load->urgent_signatures, r->step.peers[i].urgent_signatures);
		load_at_least(&load->payment_signatures, r->step.peers[i].payment_signatures);
		load_at_least(&load->job_bytes, r->step.peers[i].job_bytes);
	}
	load->watches = serve_watch_count(&r->serve);
	load->waiters = serve_waiters_most(&r->serve);
}

void replica_counters(const struct replica *r, struct replica_counters *counters)
{
	*counters = r->counters;
	counters->submitted = r->payments.submitted;
	counters->passed_on = r->payments.passed_on;
	counters->wrong_signatures = r->payments.wrong_signatures;
	counters->evicted = r->payments.evicted;
	memcpy(counters->refused, r->step.refused, sizeof(counters->refused));
}

void replica_newest_views(const struct replica *r, uint64_t *views)
{
	for (uint32_t i = 0; i < r->committee->size; i++) {
		const struct vote *newest = consensus_newest(r->consensus, i);
		views[i] = newest ? newest->view : 0;
	}
}

int status_answer(struct replica *r, uint64_t wallet, uint64_t request_id)
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
	status.final_age_ms = now.final_age_ms;
	status.weight_linked = now.weight_linked;
	status.weight_needed = now.weight_needed;
	status.waits_for = now.waits_for;
	status.waits_weight = now.waits_weight;
	status.highest_height = now.highest_height;
	if (r->config.signatures)
		status.signatures = field_of(r->config.signatures, strlen(r->config.signatures));
	status.linked = field_of(now.linked, (r->committee->size + 7) / 8);
	status.final_id = field_of(now.final_id.b, HASH_SIZE);
	status.state_root = field_of(root.b, HASH_SIZE);
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_STATUS;
	reply.status = &status;
	return message_reply(&r->step, r->chain.final_sequence, wallet, &reply);
}

/* Its answer may keep a journal from being made (unciad init). A vote proves itself; that a block is final is only
 * said: whoever caught up holds no certificate of most blocks. */
int voted_answer(struct replica *r, uint64_t wallet, uint64_t request_id, const Uncia__Pb__VotedQuery *query)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Voted voted = UNCIA__PB__VOTED__INIT;
	uint8_t bytes[256];
	uint32_t validator = 0;
	size_t size = 0;

	if (query->consensus_key.len != PUBLIC_KEY_SIZE)
		return UNCIA_E_ENCODING;
	while (validator < r->committee->size && memcmp(r->committee->validators[validator].consensus_key,
	                                                query->consensus_key.data, PUBLIC_KEY_SIZE) != 0)
		validator++;
	if (validator == r->committee->size)
		return message_refuse(&r->step, wallet, request_id, UNCIA_E_NOT_FOUND, "no validator has that key");
	const struct vote *newest = consensus_newest(r->consensus, validator);
	if (newest)
		TRY(vote_encode(newest, bytes, &size));
	int error = journal_proposed(&r->step, validator, &voted.proposed_height, &voted.proposed_view);
	if (error && error != UNCIA_E_NOT_FOUND)
		return error;
	voted.consensus_key = query->consensus_key;
	voted.vote = field_of(bytes, size);
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_VOTED;
	reply.voted = &voted;
	return message_reply(&r->step, 0, wallet, &reply);
}

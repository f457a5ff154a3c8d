/* What this validator says of itself: to its edge, and to wallets that ask. See replica.h. */
#include "replica_state.h"

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
	                              .questions = r->serve.question_count,
	                              .mempool = mempool_count(r->mempool),
	                              .verifying = mempool_verifying(r->mempool),
	                              .unflushed = ledger_unflushed(r->ledger),
	                              .taken = r->taken_most,
	                              .visited = (size_t)r->visited_most};
	step_outbox_load(&r->step, &load->outbox, &load->outbox_bytes);
	for (uint32_t i = 0; i < r->committee->size; i++) {
		load_at_least(&load->urgent_signatures, r->step.peers[i].urgent_signatures);
		load_at_least(&load->payment_signatures, r->step.peers[i].payment_signatures);
		load_at_least(&load->job_bytes, r->step.peers[i].job_bytes);
	}
	load->waiters = serve_waiters_most(&r->serve);
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
	status.final_id = field_of(now.final_id.b, HASH_SIZE);
	status.state_root = field_of(root.b, HASH_SIZE);
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_STATUS;
	reply.status = &status;
	return message_reply(&r->step, r->chain.final_sequence, wallet, &reply);
}

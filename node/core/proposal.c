/* Blocks on their way: made by a leader, received as short ids, completed from the mempool or fetched whole
 * (consensus §6 rules 3 and 4, network §8). */
#include "parts.h"

#define PACE_PAYMENTS     50u /* blocks under load carry at least so many, where they wait */
#define PROPOSE_SKIPS_MAX 256u
#define PACE_BUSY         8u /* a parent with so many payments means load */

/* consensus §6 rule 3: "on the valid parent of highest view, with all ancestors executed". *parent is NULL where there
 * is none yet. */
static int best_parent(struct replica *r, uint64_t view, struct node_block **parent)
{
	*parent = NULL;
	for (uint64_t u = view - 1; u > r->tip->header.view; u--) {
		struct view *below = view_find(r, u);
		for (struct held_certificate *held = below ? below->certificates : NULL; held; held = held->next) {
			struct node_block *block =
			    held->certificate->kind == CERT_S ? NULL : block_find(r, &held->certificate->block_id);
			int executed = block ? block_execute(r, block) : 0;
			TRY(executed);
			if (executed) {
				*parent = block;
				return 0;
			}
		}
		if (!view_certificate(r, u, CERT_S, NULL))
			return 0;
	}
	*parent = r->tip;
	return 0;
}

static uint64_t nonfinal_payments(const struct node_block *parent)
{
	uint64_t count = 0;

	for (const struct node_block *b = parent; b && !b->final; b = b->parent)
		count += b->header.payment_count;
	return count;
}

static uint64_t heartbeat_at(const struct replica *r, const struct view *view)
{
	return view->by_skip ? 0 : r->last_notarised_ms + r->config.heartbeat_ms;
}

/* When an empty block is due on one with payments that was notarised, or became final, at `since_ms`. Who pays one
 * payment after the other has the next one here two delays after the last became final: an empty block between them
 * would only be in its way. The votes took one delay, or two. */
uint64_t empty_block_at(const struct replica *r, const struct node_block *block, uint64_t since_ms)
{
	uint64_t wait = since_ms > block->added_ms ? 3 * (since_ms - block->added_ms) : 0;

	if (wait < r->config.settle_ms)
		wait = r->config.settle_ms;
	return since_ms + (wait < r->config.heartbeat_ms ? wait : r->config.heartbeat_ms);
}

/* When its leader makes an empty block in this view. Payments that are not final yet come first: with their block what
 * was final before them is settled, too. Where it would come to the others only after their timers have ended the view,
 * it is made so early that it does not: they may have entered one delay before, and it takes another. */
static uint64_t settle_at(const struct replica *r, const struct view *view, const struct node_block *parent, bool held)
{
	uint64_t at = held ? empty_block_at(r, parent, view->entered_ms) : r->settle_at;
	uint64_t delay = view->entered_ms > parent->added_ms ? view->entered_ms - parent->added_ms : 0;

	uint64_t ends = view->entered_ms + consensus_timeout(r, view->number);
	if (at == TIME_NEVER || at + delay < ends)
		return at;
	uint64_t latest = view->entered_ms + 2 * delay < ends ? ends - 2 * delay : view->entered_ms;
	return at < latest ? at : latest;
}

/* "Blocks are paced under load, so that each carries at least some 50 payments where that many wait" (ledger §5). */
static uint64_t pace_at(const struct replica *r, const struct view *view, const struct node_block *parent,
                        uint64_t fresh)
{
	if (!parent || parent->header.payment_count < PACE_BUSY || fresh >= PACE_PAYMENTS)
		return view->entered_ms;
	return view->entered_ms + r->config.pace_ms;
}

uint64_t proposal_wake(struct replica *r, const struct view *view)
{
	if (committee_leader(r->committee, view->number) != r->config.self || view->leader_done || !safety_may_vote(r))
		return TIME_NEVER;
	const uint64_t due[] = {heartbeat_at(r, view), view->settle_at,
	                        mempool_ready(r->mempool) ? view->entered_ms + r->config.pace_ms : TIME_NEVER};
	uint64_t at = TIME_NEVER;

	/* What is due and could not be done yet (no parent, say) waits for an event, or for what is due next. */
	for (size_t i = 0; i < sizeof(due) / sizeof(due[0]); i++)
		if (due[i] > r->now_ms && due[i] < at)
			at = due[i];
	return at;
}

/* Fills the block from the mempool; what does not fit the ledger now is parked. */
static int fill_block(struct replica *r, struct executed *executed, struct payment **payments, uint32_t *count)
{
	struct mempool_walk walk;
	struct pooled *p;
	uint64_t size = 0;

	mempool_walk_begin(r->mempool, &walk);
	while (*count < BLOCK_PAYMENTS_MAX && (p = mempool_walk_next(r->mempool, &walk))) {
		if (size + p->payment->size > BLOCK_SIZE_MAX)
			break;
		int error = ledger_add(r->ledger, executed, p->payment);
		switch (error) {
		case 0:
			size += p->payment->size;
			payments[(*count)++] = payment_ref(p->payment);
			break;
		case UNCIA_E_EXISTS:
		case UNCIA_E_EXPIRED:
		case UNCIA_E_TOO_FAR:
			break;
		case UNCIA_E_FUNDS:
		case UNCIA_E_SIGNATURE:
		case UNCIA_E_AMOUNT:
			mempool_park(r->mempool, p, pending_reason_of(error));
			break;
		default:
			return error;
		}
	}
	return 0;
}

static int send_proposal(struct replica *r, const struct view *view, const struct node_block *block,
                         const struct node_block *parent)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Propose propose = UNCIA__PB__PROPOSE__INIT;
	size_t count = block->header.payment_count, skips = 0;
	/* After a long standstill only the newest: they lead to this view, and older ones are held or asked for. */
	uint64_t views_between = view->number - parent->header.view - 1;
	size_t gap = views_between < PROPOSE_SKIPS_MAX ? (size_t)views_between : PROPOSE_SKIPS_MAX;
	uint8_t *short_ids = malloc(count * 8 + 1);
	Uncia__Pb__Blob *blobs = malloc((gap + 1) * sizeof(*blobs));
	Uncia__Pb__Blob **list = malloc((gap + 1) * sizeof(*list));
	int error = UNCIA_E_MEMORY;

	if (!short_ids || !blobs || !list)
		goto out;
	struct hash key;
	hash1(HASH_SHORT_ID, block->header.id.b, HASH_SIZE, &key);
	for (size_t i = 0; i < count; i++)
		be64_put(short_ids + 8 * i, siphash(key.b, block->payments[i]->whole.b, HASH_SIZE));
	for (uint64_t x = view->number - gap; x < view->number; x++) {
		const struct certificate *skip = view_certificate(r, x, CERT_S, NULL);
		assert(skip);
		uncia__pb__blob__init(&blobs[skips]);
		blobs[skips].data = field_of(skip->bytes, skip->size);
		list[skips] = &blobs[skips];
		skips++;
	}
	const struct certificate *certificate = parent == r->tip ? r->final_certificate : NULL;
	for (int kind = CERT_N; !certificate && parent != r->tip && kind <= CERT_SF; kind++)
		if (kind != CERT_S)
			certificate = view_certificate(r, parent->header.view, kind, &parent->header.id);
	propose.header = field_of(block->header.bytes, block->header.size);
	propose.signature = field_of(view->own_votes[view->own_vote_count - 1].signature, SIGNATURE_SIZE);
	propose.short_ids = field_of(short_ids, count * 8);
	if (certificate)
		propose.parent_certificate = field_of(certificate->bytes, certificate->size);
	propose.skips = list;
	propose.n_skips = skips;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	message.propose = &propose;
	error = send_peer(r, step_sequence(r), PEER_ALL, &message);
out:
	free(short_ids);
	free(blobs);
	free(list);
	return error;
}

static int propose(struct replica *r, struct view *view, struct node_block *parent, struct header *header,
                   struct executed *executed, struct payment **payments)
{
	struct node_block *block;
	struct hash *tree = block_tree(payments, header->payment_count);
	int error = tree ? 0 : UNCIA_E_MEMORY;

	header->epoch = r->committee->epoch;
	header->view = view->number;
	header->height = parent->header.height + 1;
	header->parent_id = parent->header.id;
	header->committee_hash = r->committee->hash;
	header->proposer = r->config.self;
	if (!error) {
		header->payments_root = *merkle_root(tree, header->payment_count);
		error = parent == r->settled ? ledger_settled_root(r->ledger, &header->parent_state_root)
		                             : ledger_root(r->ledger, parent->executed, &header->parent_state_root);
	}
	if (!error)
		error = header_encode(header);
	if (!error)
		error = block_add(r, header, &block);
	if (error) {
		executed_release(r->ledger, executed);
		for (uint32_t i = 0; i < header->payment_count; i++)
			payment_free(payments[i]);
		free(payments);
		free(tree);
		return error;
	}
	ledger_end(executed, &header->id);
	block->parent = parent;
	block->executed = executed;
	TRY(block_complete(r, block, payments, tree));
	TRY(safety_first_block(r, view, block, false));
	return send_proposal(r, view, block, parent);
}

/* consensus §6 rule 3: "only while in v, with no first vote in v, once". */
int proposal_try(struct replica *r, struct view *view)
{
	struct own_votes own = {.settled = view->number <= r->tip->header.view, .first = view->own_first};

	if (view->leader_done)
		return 0;
	if (!rule_first_vote(&own, true)) {
		view->leader_done = true;
		return 0;
	}
	struct node_block *parent;
	TRY(best_parent(r, view->number, &parent));
	if (!parent)
		return 0;
	uint64_t held = nonfinal_payments(parent), ready = mempool_ready(r->mempool);
	uint64_t fresh = ready > held ? ready - held : 0;
	/* storage §5: "a validator then proposes empty blocks until that flush is stored". None would be skipped. */
	bool behind = finality_behind(r);
	view->settle_at = settle_at(r, view, parent, held || (behind && ready));
	bool anyway = r->now_ms >= view->settle_at || r->now_ms >= heartbeat_at(r, view);
	if (!anyway && (!ready || behind || view->tried == r->generation))
		return 0;
	if (fresh && r->now_ms < pace_at(r, view, parent, fresh))
		return 0;
	struct header header = {.timestamp_ms = r->wall_ms};
	if (header.timestamp_ms <= parent->header.timestamp_ms)
		header.timestamp_ms = parent->header.timestamp_ms + 1;
	struct executed *executed;
	struct payment **payments = malloc(BLOCK_PAYMENTS_MAX * sizeof(struct payment *));
	if (!payments)
		return UNCIA_E_MEMORY;
	int error =
	    ledger_begin(r->ledger, parent->executed, parent->header.height + 1, header.timestamp_ms, &executed);
	if (error) {
		free(payments);
		return error;
	}
	if (!behind)
		error = fill_block(r, executed, payments, &header.payment_count);
	view->tried = r->generation;
	if (error || (!anyway && !header.payment_count)) {
		for (uint32_t i = 0; i < header.payment_count; i++)
			payment_free(payments[i]);
		executed_release(r->ledger, executed);
		free(payments);
		return error;
	}
	view->leader_done = true;
	return propose(r, view, parent, &header, executed, payments);
}

/* ---- receiving ---- */

static bool header_plausible(struct replica *r, const struct header *h)
{
	return h->epoch == r->committee->epoch && hash_equal(&h->committee_hash, &r->committee->hash) &&
	       h->proposer == committee_leader(r->committee, h->view) && view_in_window(r, h->view);
}

static int proposal_certificates(struct replica *r, struct job *job, const Uncia__Pb__Propose *message)
{
	struct certificate *certificate;

	if (message->n_skips > PROPOSE_SKIPS_MAX)
		return UNCIA_E_LIMIT;
	if (message->parent_certificate.len && !view_notarised(r, job->header.view - 1, &job->header.parent_id) &&
	    !hash_equal(&job->header.parent_id, &r->tip->header.id)) {
		TRY(certificate_decode(r->committee, message->parent_certificate.data, message->parent_certificate.len,
		                       &certificate));
		TRY(job_certificate(r, job, certificate));
	}
	for (size_t i = 0; i < message->n_skips; i++) {
		const ProtobufCBinaryData *data = &message->skips[i]->data;
		TRY(certificate_decode(r->committee, data->data, data->len, &certificate));
		if (certificate->kind == CERT_S && !view_certificate(r, certificate->view, CERT_S, NULL))
			TRY(job_certificate(r, job, certificate));
		else
			free(certificate);
	}
	return 0;
}

int proposal_receive(struct replica *r, uint32_t peer, const Uncia__Pb__Propose *message)
{
	struct header header;
	struct hash digest;

	TRY(header_decode(message->header.data, message->header.len, &header));
	if (message->signature.len != SIGNATURE_SIZE || message->short_ids.len != (size_t)header.payment_count * 8)
		return UNCIA_E_ENCODING;
	struct node_block *known = block_find(r, &header.id);
	if (peer != header.proposer || !header_plausible(r, &header) || (known && (known->complete || known->proposed)))
		return 0;
	TRY(clock_learn(r, &header));
	struct job *job = job_new(r, JOB_PROPOSAL, peer, 4);
	if (!job)
		return UNCIA_E_MEMORY;
	job->header = header;
	job->vote = (struct vote){.epoch = header.epoch,
	                          .kind = VOTE_NOTAR1,
	                          .view = header.view,
	                          .block_id = header.id,
	                          .voter = header.proposer};
	memcpy(job->vote.signature, message->signature.data, SIGNATURE_SIZE);
	uint8_t *short_ids = malloc(message->short_ids.len + 1);
	if (short_ids && message->short_ids.len)
		memcpy(short_ids, message->short_ids.data, message->short_ids.len);
	job->short_ids = (struct bytes){short_ids, message->short_ids.len};
	int error = short_ids ? proposal_certificates(r, job, message) : UNCIA_E_MEMORY;
	if (!error && !vote_known(r, &job->vote)) {
		vote_digest(&r->network_id, header.epoch, VOTE_NOTAR1, header.view, &header.id, &digest);
		error = job_item(job, r->committee->validators[header.proposer].consensus_key, &digest,
		                 job->vote.signature, false);
	}
	if (error) {
		job_free(r, job);
		return error;
	}
	return job_start(r, job);
}

/* All that its short ids name is held. "A rebuild that fails (missing, colliding) fetches the full list and is never
 * invalid" (network §8). */
static int proposal_complete(struct replica *r, struct node_block *block)
{
	struct payment *const *gathered = short_ids_payments(block->short_ids);
	uint32_t count = block->header.payment_count;
	uint64_t size = 0;

	struct hash *tree = block_tree(gathered, count);
	if (!tree)
		return UNCIA_E_MEMORY;
	for (uint32_t i = 0; i < count; i++)
		size += gathered[i]->size;
	/* Names are short: what they stand for may be more than a block may carry, and could then never be read again.
	 */
	bool wrong = !hash_equal(merkle_root(tree, count), &block->header.payments_root), large = size > BLOCK_SIZE_MAX;
	if (wrong || large) {
		free(tree);
		short_ids_free(block->short_ids);
		block->short_ids = NULL;
	}
	if (wrong) {
		block_want(r, block, r->now_ms);
		return 0;
	}
	if (large) {
		block->invalid = r->recheck = true;
		block->fetch_at = TIME_NEVER;
		return 0;
	}
	struct payment **payments = malloc((count + 1) * sizeof(struct payment *));
	if (!payments) {
		free(tree);
		return UNCIA_E_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++)
		payments[i] = payment_ref(gathered[i]);
	return block_complete(r, block, payments, tree);
}

int proposal_verified(struct replica *r, struct job *job)
{
	struct node_block *block;

	TRY(vote_accept(r, &job->vote));
	/* Its certificates have led here to the view that an honest leader is in. */
	if (!view_in_window(r, job->header.view) || job->header.view > r->view)
		return 0;
	/* One proposal a view is kept: the leader's first, or one that is wanted for other reasons. */
	struct view *view = view_find(r, job->header.view);
	const struct seat *seat = view && view->seats ? &view->seats[job->header.proposer] : NULL;
	bool first = seat && seat->has_first && hash_equal(&seat->first.block_id, &job->header.id);
	if (!first && !block_find(r, &job->header.id))
		return 0;
	TRY(block_add(r, &job->header, &block));
	if (block->complete || block->proposed || block->verifying)
		return 0;
	TRY(short_ids_new(&job->header.id, job->short_ids.data, job->header.payment_count, &block->short_ids));
	block->proposed = r->recheck = true;
	mempool_match(r->mempool, block->short_ids);
	if (short_ids_missing(block->short_ids) == 0)
		return proposal_complete(r, block);
	block_want(r, block,
	           r->now_ms + (mempool_verifying(r->mempool) ? BLOCK_VERIFY_DELAY_MS : BLOCK_FETCH_DELAY_MS));
	return 0;
}

static bool block_gathers(const struct node_block *block)
{
	return block->short_ids && !block->verifying && !block->invalid;
}

bool proposal_gathers(struct replica *r)
{
	struct node_block *block, *next;

	HASH_ITER (hh, r->blocks, block, next)
		if (block_gathers(block))
			return true;
	return false;
}

int proposal_offer(struct replica *r, struct payment *payment)
{
	struct node_block *block, *next;

	HASH_ITER (hh, r->blocks, block, next)
		if (block_gathers(block)) {
			short_ids_offer(block->short_ids, &payment->whole, payment);
			if (short_ids_missing(block->short_ids) == 0)
				TRY(proposal_complete(r, block));
		}
	return 0;
}

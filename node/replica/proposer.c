/* Making blocks, as the leader of a view (docs/spec/consensus.md §6 rule 3, network.md §8). See replica_state.h. */
#include "big_endian.h"
#include "replica_state.h"

#define PACE_PAYMENTS 50u /* blocks under load carry at least so many, where they wait */
#define PACE_BUSY     8u  /* a parent with so many payments means load */

/* consensus §6 rule 3: "on the valid parent of highest view, with all ancestors executed". *parent is NULL where there
 * is none yet. */
static int best_parent(struct replica *r, uint64_t view, struct chain_block **parent)
{
	*parent = NULL;
	for (uint64_t u = view - 1; u > r->chain.tip->header.view; u--) {
		const struct certificate *c = NULL;
		while ((c = consensus_next_notarised(r->consensus, u, c))) {
			struct chain_block *block = chain_find(&r->chain, &c->block_id);
			int executed = block ? chain_execute(&r->chain, block) : 0;
			TRY(executed);
			if (executed) {
				*parent = block;
				return 0;
			}
		}
		if (!consensus_held(r->consensus, u, CERT_S, NULL))
			return 0;
	}
	/* One that a descendant's certificate has made final has no certificate to be proposed on. */
	if (!r->chain.tip->header.height || r->chain.final_certificate)
		*parent = r->chain.tip;
	return 0;
}

static uint64_t nonfinal_payments(const struct replica *r, const struct chain_block *parent)
{
	assert(parent->payments_through >= r->chain.tip->payments_through);
	return parent->payments_through - r->chain.tip->payments_through;
}

/* When an empty block is due on one with payments that was notarised, or became final, at `since_ms`. Who pays one
 * payment after the other has the next one here two delays after the last became final: an empty block between them
 * would only be in its way. The votes took one delay, or two. */
static uint64_t empty_block_at(const struct replica *r, const struct chain_block *block, uint64_t since_ms)
{
	uint64_t wait = since_ms > block->added_ms ? 3 * (since_ms - block->added_ms) : 0;

	if (wait < r->config.settle_ms)
		wait = r->config.settle_ms;
	return since_ms + (wait < r->config.heartbeat_ms ? wait : r->config.heartbeat_ms);
}

/* When its leader makes an empty block in this view. Payments that are not final yet come first: with their block what
 * was final before them is settled, too. Where it would come to the others only after their timers have ended the view,
 * it is made so early that it does not: they may have entered one delay before, and it takes another. */
static uint64_t empty_at(const struct replica *r, const struct lead *lead, const struct chain_block *parent, bool held)
{
	uint64_t at = held ? empty_block_at(r, parent, lead->entered_ms) : r->proposer.after_final_at;
	uint64_t delay = lead->entered_ms > parent->added_ms ? lead->entered_ms - parent->added_ms : 0;

	uint64_t ends = lead->timeout_ms;
	if (at == TIME_NEVER || at + delay < ends)
		return at;
	uint64_t latest = lead->entered_ms + 2 * delay < ends ? ends - 2 * delay : lead->entered_ms;
	return at < latest ? at : latest;
}

/* "Blocks are paced under load, so that each carries at least some 50 payments where that many wait" (ledger §5). */
static uint64_t pace_at(const struct replica *r, const struct lead *lead, const struct chain_block *parent,
                        uint64_t fresh)
{
	if (!parent || parent->header.payment_count < PACE_BUSY || fresh >= PACE_PAYMENTS)
		return lead->entered_ms;
	return lead->entered_ms + r->config.pace_ms;
}

uint64_t proposer_wake(const struct replica *r)
{
	struct lead lead;

	if (!consensus_leads(r->consensus, &lead))
		return TIME_NEVER;
	const uint64_t due[] = {lead.heartbeat_ms, r->proposer.view == lead.view ? r->proposer.empty_at : TIME_NEVER,
	                        mempool_ready(r->mempool) ? lead.entered_ms + r->config.pace_ms : TIME_NEVER};
	uint64_t at = TIME_NEVER;

	/* What is due and could not be done yet (no parent, say) waits for an event, or for what is due next. */
	for (size_t n = 0; n < sizeof(due) / sizeof(due[0]); n++)
		if (due[n] > r->step.now_ms && due[n] < at)
			at = due[n];
	return at;
}

bool proposer_has_work(const struct replica *r)
{
	return mempool_ready(r->mempool) || r->chain.open_payments;
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
		case UNCIA_E_END:
			mempool_park(r->mempool, p, pending_reason_of(error));
			break;
		default:
			return error;
		}
	}
	return 0;
}

int proposer_send(struct replica *r, const struct vote *own, const struct proposed *proposed)
{
	const struct chain_block *block = proposed->block, *parent = proposed->parent;
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Propose propose = UNCIA__PB__PROPOSE__INIT;
	size_t count = block->header.payment_count, skips = 0;
	/* After a long standstill only the newest: they lead to this view, and older ones are held or asked for. */
	uint64_t views_between = own->view - parent->header.view - 1;
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
	for (uint64_t x = own->view - gap; x < own->view; x++) {
		const struct certificate *skip = consensus_held(r->consensus, x, CERT_S, NULL);
		assert(skip);
		uncia__pb__blob__init(&blobs[skips]);
		blobs[skips].data = field_of(skip->bytes, skip->size);
		list[skips] = &blobs[skips];
		skips++;
	}
	const struct certificate *certificate =
	    parent == r->chain.tip ? r->chain.final_certificate
	                           : consensus_notarised(r->consensus, parent->header.view, &parent->header.id);
	propose.header = field_of(block->header.bytes, block->header.size);
	propose.signature = field_of(own->signature, SIGNATURE_SIZE);
	propose.short_ids = field_of(short_ids, count * 8);
	if (certificate)
		propose.parent_certificate = field_of(certificate->bytes, certificate->size);
	propose.skips = list;
	propose.n_skips = skips;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	message.propose = &propose;
	error = message_send(&r->step, step_sequence(&r->step), PEER_ALL, &message);
out:
	free(short_ids);
	free(blobs);
	free(list);
	return error;
}

/* A block that is being made. */
struct draft {
	struct chain_block *parent;
	struct header header;
	struct executed *executed;
	struct payment **payments; /* header.payment_count of them */
};

static void draft_free(struct replica *r, struct draft *d)
{
	for (uint32_t i = 0; i < d->header.payment_count; i++)
		payment_free(d->payments[i]);
	free(d->payments);
	executed_release(r->ledger, d->executed);
}

/* What is left of the header once the payments are chosen; its id is made of it. */
static int draft_header(struct replica *r, struct draft *d, uint64_t view, const struct hash *tree)
{
	struct header *h = &d->header;

	h->epoch = r->committee->epoch;
	h->view = view;
	h->height = d->parent->header.height + 1;
	h->parent_id = d->parent->header.id;
	h->committee_hash = r->committee->hash;
	h->proposer = r->config.self;
	h->payments_root = *merkle_root(tree, h->payment_count);
	TRY(chain_root_after(&r->chain, d->parent, &h->parent_state_root));
	return header_encode(h);
}

static int draft_propose(struct replica *r, const struct lead *lead, struct draft *d, struct proposed *proposed)
{
	struct chain_block *block;
	struct hash *tree = block_tree(d->payments, d->header.payment_count);
	int error = tree ? draft_header(r, d, lead->view, tree) : UNCIA_E_MEMORY;

	if (error) {
		draft_free(r, d);
		free(tree);
		return error;
	}
	ledger_end(d->executed, &d->header.id);
	const struct chain_made made = {
	    .header = &d->header, .parent = d->parent, .executed = d->executed, .payments = d->payments, .tree = tree};
	TRY(chain_add_made(&r->chain, &made, r->step.now_ms, &block));
	assert(block->state == CHAIN_EXECUTED && block->header.proposer == r->config.self);
	*proposed = (struct proposed){.block = block, .parent = d->parent};
	return 1;
}

/* Executes payments of the pool on the parent. Returns 1 where there is a block to propose, 0 where not. */
static int draft_fill(struct replica *r, struct draft *d, bool leave_out, bool even_if_empty)
{
	struct header *h = &d->header;

	h->timestamp_ms = r->step.wall_ms;
	if (h->timestamp_ms <= d->parent->header.timestamp_ms)
		h->timestamp_ms = d->parent->header.timestamp_ms + 1;
	d->payments = malloc(BLOCK_PAYMENTS_MAX * sizeof(struct payment *));
	if (!d->payments)
		return UNCIA_E_MEMORY;
	int error =
	    ledger_begin(r->ledger, d->parent->executed, d->parent->header.height + 1, h->timestamp_ms, &d->executed);
	if (!error && !leave_out)
		error = fill_block(r, d->executed, d->payments, &h->payment_count);
	if (!error && (even_if_empty || h->payment_count))
		return 1;
	draft_free(r, d);
	assert(error <= 0);
	return error;
}

int proposer_try(struct replica *r, const struct lead *lead, struct proposed *proposed)
{
	struct draft draft = {0};

	if (r->proposer.view != lead->view)
		r->proposer = (struct proposer){
		    .view = lead->view, .empty_at = TIME_NEVER, .after_final_at = r->proposer.after_final_at};
	TRY(best_parent(r, lead->view, &draft.parent));
	if (!draft.parent)
		return 0;
	uint64_t held = nonfinal_payments(r, draft.parent), ready = mempool_ready(r->mempool);
	uint64_t fresh = ready > held ? ready - held : 0;
	/* storage §5: "a validator then proposes empty blocks until that flush is stored". None would be skipped. */
	bool behind = flushing_behind(r);
	r->proposer.empty_at = empty_at(r, lead, draft.parent, held || (behind && ready));
	bool anyway = r->step.now_ms >= r->proposer.empty_at || r->step.now_ms >= lead->heartbeat_ms;
	if (!anyway && (!ready || behind || r->proposer.tried == r->chain.generation))
		return 0;
	if (fresh && r->step.now_ms < pace_at(r, lead, draft.parent, fresh))
		return 0;
	int made = draft_fill(r, &draft, behind, anyway);
	r->proposer.tried = r->chain.generation;
	TRY(made);
	return made ? draft_propose(r, lead, &draft, proposed) : 0;
}

void proposer_final(struct replica *r, const struct chain_block *block)
{
	r->proposer.after_final_at =
	    block->header.payment_count ? empty_block_at(r, block, r->step.now_ms) : TIME_NEVER;
}

/* The start: the replica is rebuilt from the state and from ALL records of the journal above it (resuming from only the
 * last one has led others to conflicting proposals). */
#include "replica_state.h"

static int adopt_body(struct replica *r, struct block *body, struct chain_block **block)
{
	int error = chain_add(&r->chain, &body->header, r->step.now_ms, block);

	if (!error && !chain_has_body(*block)) {
		error = chain_complete_decoded(&r->chain, *block, body);
		(*block)->journaled = true;
	}
	block_free(body);
	return error;
}

/* The block that the stored state is the state after. */
static int recover_settled(struct replica *r)
{
	struct header header = {.timestamp_ms = r->config.genesis->timestamp_ms};
	uint64_t height = ledger_settled_height(r->ledger);
	struct hash id, settled_id;

	genesis_block_id(r->config.genesis, &header.id);
	ledger_settled_id(r->ledger, &settled_id);
	if (height) {
		struct block *body;
		uint64_t view;
		int error = journal_final(&r->step, height, &view, &id);
		if (!error)
			error = journal_block(&r->step, view, &id, &body);
		if (error)
			return error == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : error;
		header = body->header;
		block_free(body);
	}
	/* storage §9: "at start that block id must lie on the journal's final chain". */
	if (!hash_equal(&header.id, &settled_id) || header.height != height)
		return UNCIA_E_DAMAGED;
	TRY(chain_begin(&r->chain, &header, r->step.now_ms));
	r->flushing.flushed_ms = header.timestamp_ms;
	return 0;
}

static int recover_final_chain(struct replica *r)
{
	for (uint64_t height = r->chain.settled->header.height + 1;; height++) {
		struct chain_block *block;
		struct block *body;
		struct hash id;
		uint64_t view;
		int error = journal_final(&r->step, height, &view, &id);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		TRY(error);
		error = journal_block(&r->step, view, &id, &body);
		if (error)
			return error == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : error;
		if (body->header.height != height || body->header.view != view ||
		    !hash_equal(&body->header.parent_id, &r->chain.tip->header.id)) {
			block_free(body);
			return UNCIA_E_DAMAGED;
		}
		TRY(adopt_body(r, body, &block));
		TRY(chain_adopt_final(&r->chain, block));
	}
}

/* Every record of a table from a view on. */
static int recover_each(struct replica *r, enum journal_table table, uint64_t from_view,
                        int (*take)(struct replica *r, const struct bytes *key, const struct bytes *value))
{
	struct journal_cursor cursor;
	struct bytes key, value;

	journal_cursor_begin(&cursor, table, from_view);
	for (;;) {
		int error = journal_cursor_next(&r->step, &cursor, &key, &value);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		TRY(error);
		TRY(take(r, &key, &value));
	}
}

/* Whether a record lies where it belongs: a vote, a certificate or (kind 0) a block under another's key is damage. */
static bool keyed(const struct bytes *key, uint64_t view, int kind, const struct hash *block_id)
{
	uint8_t expected[JOURNAL_KEY_MAX];
	size_t size;

	journal_key(expected, view, kind, block_id, &size);
	return key->size == size && memcmp(key->data, expected, size) == 0;
}

static int recover_block(struct replica *r, const struct bytes *key, const struct bytes *value)
{
	struct chain_block *block;
	struct block *body;
	int error = block_decode(&r->step.network_id, value->data, value->size, &body);

	if (!error && !keyed(key, body->header.view, 0, &body->header.id)) {
		block_free(body);
		error = UNCIA_E_DAMAGED;
	}
	if (error)
		return error == UNCIA_E_MEMORY ? error : UNCIA_E_DAMAGED;
	return adopt_body(r, body, &block);
}

static int recover_certificate(struct replica *r, const struct bytes *key, const struct bytes *value)
{
	struct certificate *certificate;
	int error = certificate_decode(r->committee, value->data, value->size, &certificate);

	if (!error && !keyed(key, certificate->view, certificate->kind, &certificate->block_id)) {
		free(certificate);
		error = UNCIA_E_DAMAGED;
	}
	if (error)
		return error == UNCIA_E_MEMORY ? error : UNCIA_E_DAMAGED;
	TRY(consensus_certificate(r->consensus, certificate));
	return advance_carry_out(r);
}

static int stored_vote(const struct bytes *value, struct vote *vote)
{
	int error = vote_decode(value->data, value->size, vote);

	return !error || error == UNCIA_E_MEMORY ? error : UNCIA_E_DAMAGED;
}

static int recover_vote(struct replica *r, const struct bytes *key, const struct bytes *value)
{
	struct vote vote;

	TRY(stored_vote(value, &vote));
	if (vote.voter != r->config.self || !keyed(key, vote.view, vote.kind, &vote.block_id))
		return UNCIA_E_DAMAGED;
	const struct chain_block *block = vote.kind == VOTE_NOTAR1 ? chain_find(&r->chain, &vote.block_id) : NULL;
	if (block && vote.view > r->chain.tip->header.view)
		chain_note_payments(&r->chain, block);
	TRY(consensus_recover_vote(r->consensus, &vote));
	return advance_carry_out(r);
}

/* Of the others; and of this validator one that the journal has lost, where that was found out before. */
static int recover_newest_votes(struct replica *r)
{
	struct bytes value;
	struct vote vote;

	for (uint32_t i = 0; i < r->committee->size; i++) {
		int error = journal_newest_vote(&r->step, i, &value);
		if (error == UNCIA_E_NOT_FOUND)
			continue;
		TRY(error);
		TRY(stored_vote(&value, &vote));
		if (vote.voter != i)
			return UNCIA_E_DAMAGED;
		consensus_recover_newest(r->consensus, &vote);
	}
	return 0;
}

static int count_evidence(struct replica *r, const struct bytes *key, const struct bytes *value)
{
	(void)key;
	(void)value;
	r->evidence++;
	return 0;
}

static int recover_tip_certificate(struct replica *r)
{
	struct bytes value;

	if (!r->chain.tip->header.height)
		return 0;
	int error = journal_finality(&r->step, r->chain.tip->header.view, &r->chain.tip->header.id, &value);
	if (error == UNCIA_E_NOT_FOUND)
		return 0; /* a descendant's has made it final: recover_tip_covered */
	if (!error)
		error = certificate_decode(r->committee, value.data, value.size, &r->chain.final_certificate);
	return error == 0 || error == UNCIA_E_MEMORY || error == UNCIA_E_IO ? error : UNCIA_E_DAMAGED;
}

/* The newest final block has a certificate, or one lies above it: of a descendant whose body was not here yet. */
static int recover_tip_covered(struct replica *r)
{
	const struct chain *c = &r->chain;

	return !c->tip->header.height || c->final_certificate || c->decision.wanted ? 0 : UNCIA_E_DAMAGED;
}

/* Adds to a statement which views are past, whatever crash comes: the newest final view whose finality is durable. Who
 * keeps a record of what was signed (node/signer) forgets it up to there. */
static int replica_sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	struct replica *r = context;
	struct statement told = *statement;

	if (r->chain.final_sequence <= r->step.durable)
		r->past_view = r->chain.tip->header.view;
	told.past_view = r->past_view;
	return r->config.sign(r->config.sign_context, &told, signature);
}

static int make_consensus(struct replica *r)
{
	struct consensus_config config = {.committee = r->committee,
	                                  .network_id = r->step.network_id,
	                                  .self = r->config.self,
	                                  .sign = replica_sign,
	                                  .sign_context = r,
	                                  .delta_ms = r->config.delta_ms,
	                                  .heartbeat_ms = r->config.heartbeat_ms};

	memcpy(&config.nonce, r->config.hash_seed, sizeof(config.nonce));
	TRY(consensus_new(&config, r->chain.tip->header.view, &r->chain.tip->header.id, &r->consensus));
	consensus_begin(r->consensus, r->step.now_ms);
	return 0;
}

int replica_start(struct replica *r)
{
	TRY(recover_settled(r));
	TRY(recover_final_chain(r));
	TRY(recover_tip_certificate(r));
	TRY(make_consensus(r));
	TRY(recover_newest_votes(r));
	TRY(recover_each(r, JOURNAL_EVIDENCE, 0, count_evidence));
	r->proposer.after_final_at = TIME_NEVER;
	sync_start(&r->sync, r->consensus);
	r->chain.payments_height = r->chain.tip->header.height;
	uint64_t above = r->chain.tip->header.view + 1;
	TRY(consensus_start(r->consensus));
	TRY(recover_each(r, JOURNAL_BLOCK, above, recover_block));
	TRY(recover_each(r, JOURNAL_CERT, above, recover_certificate));
	TRY(recover_tip_covered(r));
	TRY(recover_each(r, JOURNAL_VOTE, 0, recover_vote));
	TRY(consensus_recovered(r->consensus));
	return advance_carry_out(r);
}

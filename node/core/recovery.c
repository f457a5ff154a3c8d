/* The start: the replica is rebuilt from the state and from ALL records of the journal above it (resuming from only the
 * last one has led others to conflicting proposals). */
#include "parts.h"

int journal_final(struct replica *r, uint64_t height, uint64_t *view, struct hash *id)
{
	uint8_t key[8];
	struct bytes value;

	be64_put(key, height);
	TRY(r->config.view.journal_get(r->config.view.context, JOURNAL_FINAL, key, sizeof(key), &value));
	if (value.size != 8 + HASH_SIZE)
		return UNCIA_E_DAMAGED;
	*view = be64_get(value.data);
	memcpy(id->b, value.data + 8, HASH_SIZE);
	return 0;
}

/* A finality certificate of exactly this block. */
int journal_finality(struct replica *r, uint64_t view, const struct hash *id, struct bytes *certificate)
{
	const int kinds[] = {CERT_FF, CERT_SF};
	uint8_t key[JOURNAL_KEY_MAX];
	size_t size;

	for (size_t i = 0; i < 2; i++) {
		journal_key(key, view, kinds[i], id, &size);
		int error = r->config.view.journal_get(r->config.view.context, JOURNAL_CERT, key, size, certificate);
		if (error != UNCIA_E_NOT_FOUND)
			return error;
	}
	return UNCIA_E_NOT_FOUND;
}

int journal_block(struct replica *r, uint64_t view, const struct hash *id, struct block **block)
{
	uint8_t key[JOURNAL_KEY_MAX];
	struct bytes stored;
	size_t size;

	journal_key(key, view, 0, id, &size);
	TRY(r->config.view.journal_get(r->config.view.context, JOURNAL_BLOCK, key, size, &stored));
	r->journal_read += stored.size;
	struct block *decoded;
	int error = block_decode(&r->network_id, stored.data, stored.size, &decoded);
	if (error)
		return error == UNCIA_E_MEMORY ? error : UNCIA_E_DAMAGED;
	if (!hash_equal(&decoded->header.id, id)) {
		block_free(decoded);
		return UNCIA_E_DAMAGED;
	}
	*block = decoded;
	return 0;
}

static int adopt_body(struct replica *r, struct block *body, struct node_block **block)
{
	int error = block_add(r, &body->header, block);

	if (!error && !(*block)->complete) {
		error = block_complete_decoded(r, *block, body);
		(*block)->journaled = true;
	}
	block_free(body);
	return error;
}

/* The block that the stored state is the state after. */
static int recover_settled(struct replica *r)
{
	struct header header = {.timestamp_ms = r->genesis->timestamp_ms};
	uint64_t height = ledger_settled_height(r->ledger);
	struct hash id, settled_id;

	genesis_block_id(r->genesis, &header.id);
	ledger_settled_id(r->ledger, &settled_id);
	if (height) {
		struct block *body;
		uint64_t view;
		int error = journal_final(r, height, &view, &id);
		if (!error)
			error = journal_block(r, view, &id, &body);
		if (error)
			return error == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : error;
		header = body->header;
		block_free(body);
	}
	/* storage §9: "at start that block id must lie on the journal's final chain". */
	if (!hash_equal(&header.id, &settled_id))
		return UNCIA_E_DAMAGED;
	TRY(block_add(r, &header, &r->settled));
	r->settled->final = r->settled->complete = r->settled->journaled = true;
	r->tip = r->settled;
	r->flushed_ms = header.timestamp_ms;
	return 0;
}

static int recover_final_chain(struct replica *r)
{
	for (uint64_t height = r->settled->header.height + 1;; height++) {
		struct node_block *block;
		struct block *body;
		struct hash id;
		uint64_t view;
		int error = journal_final(r, height, &view, &id);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		TRY(error);
		error = journal_block(r, view, &id, &body);
		if (error)
			return error == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : error;
		TRY(adopt_body(r, body, &block));
		TRY(finality_adopt(r, block));
	}
}

/* Every record of a table from a view on. */
static int recover_each(struct replica *r, enum journal_table table, uint64_t from_view,
                        int (*take)(struct replica *r, const struct bytes *key, const struct bytes *value))
{
	uint8_t next[JOURNAL_KEY_MAX + 1];
	size_t size = 8;
	struct bytes key, value;

	be64_put(next, from_view);
	for (;;) {
		int error = r->config.view.journal_seek(r->config.view.context, table, next, size, &key, &value);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		TRY(error);
		if (key.size > JOURNAL_KEY_MAX)
			return UNCIA_E_DAMAGED;
		memcpy(next, key.data, key.size);
		size = key.size;
		next[size++] = 0; /* the smallest key above this one */
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
	struct node_block *block;
	struct block *body;
	int error = block_decode(&r->network_id, value->data, value->size, &body);

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
	return certificate_accept(r, certificate);
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
	if (vote_newer(&vote, &r->newest_own))
		r->newest_own = vote;
	return vote.view <= r->tip->header.view ? 0 : safety_recover(r, &vote);
}

/* Of the others; and of this validator one that the journal has lost, where that was found out before. */
static int recover_newest_votes(struct replica *r)
{
	struct bytes value;
	struct vote vote;

	for (uint32_t i = 0; i < r->committee->size; i++) {
		uint8_t key[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
		int error = r->config.view.journal_get(r->config.view.context, JOURNAL_PEER, key, sizeof(key), &value);
		if (error == UNCIA_E_NOT_FOUND)
			continue;
		TRY(error);
		TRY(stored_vote(&value, &vote));
		if (vote.voter != i)
			return UNCIA_E_DAMAGED;
		r->peers[i].newest = vote;
		r->peers[i].has_newest = true;
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

	if (!r->tip->header.height)
		return 0;
	int error = journal_finality(r, r->tip->header.view, &r->tip->header.id, &value);
	if (!error)
		error = certificate_decode(r->committee, value.data, value.size, &r->final_certificate);
	return error == 0 || error == UNCIA_E_MEMORY || error == UNCIA_E_IO ? error : UNCIA_E_DAMAGED;
}

int recovery_start(struct replica *r)
{
	TRY(recover_settled(r));
	TRY(recover_final_chain(r));
	TRY(recover_tip_certificate(r));
	TRY(recover_newest_votes(r));
	TRY(recover_each(r, JOURNAL_EVIDENCE, 0, count_evidence));
	r->last_final_ms = r->last_notarised_ms = r->now_ms;
	r->settle_at = TIME_NEVER;
	r->standstill_at = r->now_ms + STANDSTILL_MS;
	r->sync_at = TIME_NEVER;
	r->payments_height = r->tip->header.height;
	r->started_at_view = r->tip->header.view;
	uint64_t above = r->tip->header.view + 1;
	TRY(consensus_enter(r, above, false));
	TRY(recover_each(r, JOURNAL_BLOCK, above, recover_block));
	TRY(recover_each(r, JOURNAL_CERT, above, recover_certificate));
	TRY(recover_each(r, JOURNAL_VOTE, 0, recover_vote));
	/* A vote was cast only in a view that had been entered. */
	if (r->newest_own.view > r->view)
		TRY(consensus_enter(r, r->newest_own.view, true));
	r->skips = 0;
	if (r->config.self == UINT32_MAX)
		r->voting = VOTING_OBSERVER;
	else if (r->peers[r->config.self].has_newest)
		TRY(newest_vote_lost(r));
	else
		TRY(newest_vote_check(r));
	r->newest_ask_at = r->now_ms;
	return 0;
}

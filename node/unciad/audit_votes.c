/* The audit of votes: this validator's own, the newest ones of the others, one that it has lost, and the proof of a
 * second chain. */
#include <inttypes.h>
#include <string.h>
#include "audit_private.h"
#include "big_endian.h"
#include "second_chain.h"
#include "uncia/error.h"
#include "vote.h"

/* ---- own votes ------------------------------------------------------------------------------- */

/* The own votes of one view so far. They come in the order of their keys: first votes, extra votes, FINAL. */
struct own_votes {
	uint64_t view;
	bool has_first, has_extra, has_final;
	struct vote first;
};

/* consensus §6 rules 4, 6 and 7: one first vote in a view; extra votes after it and for something else; FINAL once, for
 * the block of the first vote, and only where there is no extra vote. Returns what is broken, or NULL. */
static const char *audit_add_vote(struct own_votes *own, const struct vote *v)
{
	const char *broken = NULL;
	if (!own->has_first || own->view != v->view)
		*own = (struct own_votes){.view = v->view};
	if (v->kind == VOTE_NOTAR1 || v->kind == VOTE_SKIP1) {
		broken = own->has_first ? "two first votes" : NULL;
		own->has_first = true;
		own->first = *v;
	} else if (!own->has_first) {
		broken = "a vote without a first vote";
	} else if (v->kind != VOTE_FINAL) {
		bool same_kind = (v->kind == VOTE_NOTAR2) == (own->first.kind == VOTE_NOTAR1);
		if (same_kind && memcmp(own->first.block_id.b, v->block_id.b, HASH_SIZE) == 0)
			broken = "an extra vote for what its first vote was for";
		own->has_extra = true;
	} else {
		if (own->has_final || own->has_extra || own->first.kind != VOTE_NOTAR1 ||
		    memcmp(own->first.block_id.b, v->block_id.b, HASH_SIZE))
			broken = "a final vote against another vote";
		own->has_final = true;
	}
	return broken;
}

static int audit_vote(struct audit *a, struct own_votes *own, const struct bytes *key, const struct bytes *value)
{
	const struct home *home = a->home;
	struct vote v;
	struct hash digest;
	int error = vote_decode(value->data, value->size, &v);
	if (error)
		return audit_judge(a, a->tip_height, "an own vote", error);
	if (be64_get(key->data) != v.view || key->data[8] != v.kind || memcmp(key->data + 9, v.block_id.b, HASH_SIZE))
		return audit_mismatch(a, a->tip_height, "the own vote of view %" PRIu64 " is not what it is stored as",
		                      v.view);
	vote_digest(&home->genesis.network_id, v.epoch, v.kind, v.view, &v.block_id, &digest);
	if (v.voter != home->self || v.epoch != home->genesis.committee.epoch ||
	    !sign_verify_bound(home->keys.consensus_public, &digest, v.signature))
		return audit_mismatch(a, a->tip_height, "the own vote of view %" PRIu64 " is not signed by this key",
		                      v.view);
	a->report->signatures++;
	const char *broken = audit_add_vote(own, &v);
	return broken ? audit_mismatch(a, a->tip_height, "view %" PRIu64 " has %s of this validator", v.view, broken)
	              : 0;
}

int audit_votes(struct audit *a)
{
	struct own_votes own = {0};
	struct table_walk next = {.size = 0};
	for (;;) {
		struct bytes key, value;
		int error = a->view.journal_seek(a->view.context, JOURNAL_VOTE, next.key, next.size, &key, &value);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		if (error)
			return audit_judge(a, a->tip_height, "reading the own votes", error);
		if (key.size != VOTE_KEY)
			return audit_mismatch(a, a->tip_height, "an own vote is stored under a key of the size %zu",
			                      key.size);
		audit_key_after(&key, &next);
		int code = audit_vote(a, &own, &key, &value);
		if (code)
			return code;
	}
}

/* ---- newest votes: the others', and a lost one --------------------------------------------------------------- */

/* The newest final block that a validator proposed. */
static int audit_proposed(struct audit *a, uint32_t validator)
{
	uint8_t key[5] = {[4] = 1};
	struct bytes value;
	struct hash id;
	uint64_t view = 0;
	be32_put(key, validator);
	int error = a->view.journal_get(a->view.context, JOURNAL_PEER, key, sizeof(key), &value);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (error)
		return audit_judge(a, a->tip_height, "the newest block of a validator", error);
	uint64_t height = value.size == 16 ? be64_get(value.data) : 0;
	int code = height && height <= a->tip_height ? audit_read_final(a, height, &view, &id) : 0;
	if (!code && (!view || view != be64_get(value.data + 8) ||
	              committee_leader(&a->home->genesis.committee, view) != validator))
		code = audit_mismatch(a, a->tip_height, "what is kept as validator %u's newest block is not its own",
		                      validator);
	return code;
}

int audit_peers(struct audit *a)
{
	const struct genesis *genesis = &a->home->genesis;
	for (uint32_t i = 0; i < genesis->committee.size; i++) {
		uint8_t key[4];
		struct bytes value;
		struct vote v;
		struct hash digest;
		be32_put(key, i);
		int error = a->view.journal_get(a->view.context, JOURNAL_PEER, key, sizeof(key), &value);
		int code = audit_proposed(a, i);
		if (code)
			return code;
		if (error == UNCIA_E_NOT_FOUND)
			continue;
		if (!error)
			error = vote_decode(value.data, value.size, &v);
		if (error)
			return audit_judge(a, a->tip_height, "the newest vote of another validator", error);
		vote_digest(&genesis->network_id, v.epoch, v.kind, v.view, &v.block_id, &digest);
		if (v.voter != i ||
		    !sign_verify_bound(genesis->committee.validators[i].consensus_key, &digest, v.signature))
			return audit_mismatch(a, a->tip_height,
			                      "what is kept as validator %u's newest vote is not its own", i);
		a->report->signatures++;
		if (i == a->home->self)
			a->report->lost_view = v.view;
	}
	return 0;
}

/* ---- a second chain ---------------------------------------------------------------------------- */

int audit_second_chain(struct audit *a)
{
	uint64_t view;
	int error = second_chain_proof(a->home, &a->view, &view);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (error)
		return audit_judge(a, a->tip_height, "the evidence", error);
	return audit_mismatch(
	    a, a->tip_height,
	    "there is a second chain under this network's id: the journal holds a finality certificate "
	    "of view %" PRIu64 " that names a block of it",
	    view);
}

/* What goes into the journal, record by record (docs/spec/storage.md §4). See replica_state.h. */
#include "big_endian.h"
#include "replica_state.h"

bool journaling_room(const struct replica *r, const struct chain_block *block)
{
	return !r->taken || r->taken + block->size + STEP_BLOCK_BYTES <= r->config.step_bytes;
}

void journaling_take(struct replica *r, const struct chain_block *block)
{
	bool first = !r->taken;

	r->taken += block->size + STEP_BLOCK_BYTES;
	if (!first && r->taken > r->taken_most)
		r->taken_most = r->taken;
}

int journaling_bodies(struct replica *r, struct chain_block *block)
{
	struct chain_block *oldest;

	while ((oldest = chain_unjournaled(&r->chain, block))) {
		uint8_t key[JOURNAL_KEY_MAX];
		size_t size;
		assert(chain_has_body(oldest));
		journal_key(key, oldest->header.view, 0, &oldest->header.id, &size);
		TRY(step_put(&r->step, JOURNAL_BLOCK, &(struct bytes){key, size},
		             &(struct bytes){oldest->bytes, oldest->size}));
		oldest->journaled = true;
	}
	return 0;
}

int journaling_own_vote(struct replica *r, const struct vote *vote)
{
	uint8_t key[JOURNAL_KEY_MAX], bytes[256];
	size_t key_size, size;

	TRY(vote_encode(vote, bytes, &size));
	journal_key(key, vote->view, vote->kind, &vote->block_id, &key_size);
	return step_put(&r->step, JOURNAL_VOTE, &(struct bytes){key, key_size}, &(struct bytes){bytes, size});
}

int journaling_certificate(struct replica *r, const struct certificate *certificate)
{
	uint8_t key[JOURNAL_KEY_MAX];
	size_t size;

	journal_key(key, certificate->view, certificate->kind, &certificate->block_id, &size);
	return step_put(&r->step, JOURNAL_CERT, &(struct bytes){key, size},
	                &(struct bytes){certificate->bytes, certificate->size});
}

int journaling_evidence(struct replica *r, const struct vote *first, const struct vote *second)
{
	uint8_t key[12], value[1 + 2 * 256]; /* a vote takes less than 256 bytes */
	size_t size, more;

	be64_put(key, first->view);
	be32_put(key + 8, first->voter);
	TRY(vote_encode(first, value + 1, &size));
	TRY(vote_encode(second, value + 1 + size, &more));
	value[0] = (uint8_t)size;
	return step_put(&r->step, JOURNAL_EVIDENCE, &(struct bytes){key, sizeof(key)},
	                &(struct bytes){value, 1 + size + more});
}

/* Every validator durably keeps the newest vote of each other one, with the next commit there is. */
int journaling_newest_votes(struct replica *r)
{
	const struct vote *vote;

	while ((vote = consensus_newest_unjournaled(r->consensus))) {
		uint8_t key[4], bytes[256];
		size_t size;
		be32_put(key, vote->voter);
		TRY(vote_encode(vote, bytes, &size));
		TRY(step_put(&r->step, JOURNAL_PEER, &(struct bytes){key, sizeof(key)}, &(struct bytes){bytes, size}));
	}
	return 0;
}

int journaling_final(struct replica *r, const struct header *header)
{
	uint8_t key[8], value[8 + HASH_SIZE];

	be64_put(key, header->height);
	be64_put(value, header->view);
	memcpy(value + 8, header->id.b, HASH_SIZE);
	return step_put(&r->step, JOURNAL_FINAL, &(struct bytes){key, sizeof(key)},
	                &(struct bytes){value, sizeof(value)});
}

/* consensus §6.8: "Own votes are pruned only by the commit that makes a block of their view or a later one final on
 * disk." */
int journaling_forget_votes(struct replica *r, uint64_t view)
{
	struct action *action = step_action(&r->step, ACTION_JOURNAL_FORGET);

	if (!action)
		return UNCIA_E_MEMORY;
	action->sequence = step_sequence(&r->step);
	action->view = view;
	return 0;
}

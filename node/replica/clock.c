/* How far this validator's wall clock is from those of the others: for the log and for status. No rule depends on it.
 */
#include "replica_state.h"

#define CLOCK_BEHIND_MS BLOCK_CLOCK_AHEAD_MAX_MS /* from here on it votes late */
#define CLOCK_AHEAD_MS  2000u                    /* less may be the way here, and a busy machine */

/* The median of what the others' newest blocks say, by weight: liars of weight F cannot move it beyond what some honest
 * validator says. 0 where too few are known. */
int64_t clock_offset_ms(const struct replica *r)
{
	const struct committee *c = r->committee;
	int64_t median = INT64_MAX;
	uint64_t known = 0;

	for (uint32_t i = 0; i < c->size; i++)
		if (r->clock.peers[i].known)
			known += c->validators[i].weight;
	if (known <= 2 * c->faulty)
		return 0;
	for (uint32_t i = 0; i < c->size; i++) {
		int64_t candidate = r->clock.peers[i].offset_ms;
		uint64_t up_to = 0;
		for (uint32_t k = 0; k < c->size; k++)
			if (r->clock.peers[k].known && r->clock.peers[k].offset_ms <= candidate)
				up_to += c->validators[k].weight;
		if (r->clock.peers[i].known && 2 * up_to >= known && candidate < median)
			median = candidate;
	}
	return median;
}

void clock_off(const struct replica *r, uint64_t *behind_ms, uint64_t *ahead_ms)
{
	int64_t offset = clock_offset_ms(r);

	/* Where F is 0 one that lies is the median, and says what it likes. */
	*behind_ms = offset < -(int64_t)CLOCK_BEHIND_MS ? 0 - (uint64_t)offset : 0;
	*ahead_ms = offset > (int64_t)CLOCK_AHEAD_MS ? (uint64_t)offset : 0;
}

int clock_learn(struct replica *r, const struct header *header)
{
	const struct chain_block *parent = chain_find(&r->chain, &header->parent_id);
	struct clock_peer *leader = &r->clock.peers[header->proposer];
	uint64_t behind_ms, ahead_ms;

	/* An old block tells nothing. One whose leader's clock is behind its parent's time does not tell that clock:
	 * what it told before may have been before all clocks were set back. */
	if (header->view < consensus_view(r->consensus) || !parent || !parent->header.size)
		return 0;
	leader->known = header->timestamp_ms > parent->header.timestamp_ms + 1;
	leader->offset_ms = (int64_t)(r->step.wall_ms - header->timestamp_ms);
	clock_off(r, &behind_ms, &ahead_ms);
	bool off = behind_ms || ahead_ms;
	if (off == r->clock.off)
		return 0;
	r->clock.off = off;
	if (!off)
		return step_note(&r->step, NOTE_INFO, "event=clock_right");
	return step_note(&r->step, NOTE_WARNING, "event=clock_%s ms=%llu", behind_ms ? "behind" : "ahead",
	                 (unsigned long long)(behind_ms ? behind_ms : ahead_ms));
}

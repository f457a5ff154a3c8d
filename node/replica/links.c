/* Links to validators that come up and go down. A link that comes up is told where this validator stands, and all that
 * may have been lost: up to two MiB. Whoever makes his links anew again and again would have that packed and sealed
 * each time, so it is told at most once in RETELL_MS, and later what has come up in between. */
#include "replica_state.h"

#define RETELL_MS 1000u

static int link_tell(struct replica *r, uint32_t peer)
{
	struct told *told = &r->links.told[peer];

	if (told->due)
		r->links.due--;
	*told = (struct told){.ever = true, .at_ms = r->step.now_ms};
	if (!r->sync.follows)
		TRY(sync_resend(&r->sync, peer));
	return payments_to_peer(&r->payments, peer);
}

static uint64_t link_due_at(const struct told *told)
{
	return told->ever ? told->at_ms + RETELL_MS : 0;
}

static void link_told_consensus(struct replica *r, uint32_t peer, bool up)
{
	uint32_t validator = step_validator(&r->step, peer);

	if (validator != NOT_A_MEMBER)
		consensus_peer(r->consensus, validator, up);
}

int links_up(struct replica *r, uint32_t peer)
{
	struct told *told = &r->links.told[peer];

	if (!r->step.peers[peer].up)
		r->step.peers_up++;
	r->step.peers[peer].up = true;
	link_told_consensus(r, peer, true);
	TRY(sync_peer_up(&r->sync, peer));
	if (step_validator(&r->step, peer) == NOT_A_MEMBER)
		return 0; /* an observer votes for nothing, and proposes nothing */
	if (r->step.now_ms >= link_due_at(told))
		return link_tell(r, peer);
	if (!told->due)
		r->links.due++;
	told->due = true;
	return 0;
}

void links_down(struct replica *r, uint32_t peer)
{
	struct told *told = &r->links.told[peer];

	if (r->step.peers[peer].up)
		r->step.peers_up--;
	r->step.peers[peer].up = false;
	if (told->due)
		r->links.due--;
	told->due = false;
	link_told_consensus(r, peer, false);
	sync_peer_down(&r->sync, peer);
}

int links_timer(struct replica *r)
{
	assert(r->links.due <= r->step.peer_count);
	for (uint32_t i = 0; i < r->step.peer_count && r->links.due; i++) {
		const struct told *told = &r->links.told[i];
		if (told->due && r->step.now_ms >= link_due_at(told))
			TRY(link_tell(r, i));
	}
	return 0;
}

uint64_t links_wake(const struct replica *r)
{
	uint64_t at = TIME_NEVER;

	for (uint32_t i = 0; i < r->step.peer_count && r->links.due; i++)
		if (r->links.told[i].due && link_due_at(&r->links.told[i]) < at)
			at = link_due_at(&r->links.told[i]);
	return at;
}

/* Judges a validator by its figures. See health.h. */
#include "health.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* "nothing was final for 10 s while payments wait": by the time since which both hold. An idle network whose heartbeat
 * is slow may have made nothing final for long when a payment comes, and a payment that has just come has not waited.
 */
uint64_t health_stalled_ms(const struct node_figures *f)
{
	const struct replica_status *s = &f->status;
	uint64_t since = s->last_final_ms > s->work_since_ms ? s->last_final_ms : s->work_since_ms;

	return s->work_since_ms && f->now_ms > since ? f->now_ms - since : 0;
}

/* Why it may not vote that should; NULL: it may, or has no vote. */
static const char *why_no_vote(enum voting_state voting)
{
	switch (voting) {
	case VOTING_YES:
	case VOTING_OBSERVER: /* it is none that could */
		return NULL;
	case VOTING_NO:
		return "it has just started, and asks the others whether they hold a newer vote of it";
	case VOTING_STALE_JOURNAL:
		return "its journal has lost votes: it never votes again under this key";
	case VOTING_NO_SPACE:
		return "its disk is full";
	case VOTING_ENDED:
		return "there is a second chain, and it is about to end";
	}
	return "for a reason that this program does not know";
}

bool health_good(const struct node_figures *f, char text[HEALTH_TEXT_SIZE])
{
	const struct replica_status *s = &f->status;
	const char *why = why_no_vote(s->voting);
	uint64_t stalled = health_stalled_ms(f);

	if (why) {
		snprintf(text, HEALTH_TEXT_SIZE, "not voting: %s", why);
		return false;
	}
	if (stalled < HEALTH_STALLED_MS)
		return true;
	snprintf(text, HEALTH_TEXT_SIZE,
	         "nothing has become final for %" PRIu64 " s while payments wait (%zu in the pool): weight %" PRIu64
	         " is linked, itself included, of %" PRIu64 " needed",
	         stalled / 1000, f->load.mempool, s->weight_linked, s->weight_needed);
	return false;
}

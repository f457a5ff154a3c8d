/* READY, WATCHDOG, STATUS and STOPPING of a validator. */
#include "supervision.h"
#include <inttypes.h>
#include <stdio.h>
#include "clocks.h"
#include "service.h"

#define PATIENCE_MS 30000u
#define STATE_SIZE  400

/* Whether it takes part: with its vote, or, where it has none, by taking what the others make final. */
static bool supervision_takes_part(const struct replica_status *status)
{
	switch (status->voting) {
	case VOTING_YES:
		return true;
	case VOTING_NO:
		return status->waits_for == WAITS_BLOCKS;
	default: /* it never will, or not by itself: more than being linked is not to be waited for */
		return status->weight_linked >= status->weight_needed;
	}
}

static const char *supervision_word(const struct replica_status *status)
{
	switch (status->voting) {
	case VOTING_YES:
		return "votes";
	case VOTING_NO:
		return "does not vote yet";
	case VOTING_NO_SPACE:
		return "does not vote: the disk is full";
	case VOTING_STALE_JOURNAL:
		return "never votes again under this key";
	case VOTING_ENDED:
		return "ends: there is a second chain";
	default:
		return "follows";
	}
}

static const char *supervision_waits(enum waits_for waits_for)
{
	switch (waits_for) {
	case WAITS_LINKS:
		return "; waits for links to validators";
	case WAITS_ANSWERS:
		return "; waits for answers of validators";
	case WAITS_BLOCKS:
		return "; catches up";
	case WAITS_FINALITY:
		return "; waits for the others' votes";
	default:
		return "";
	}
}

static void supervision_beat(void *context, const struct replica_status *status)
{
	struct supervision *s = context;
	char state[STATE_SIZE];
	uint64_t now = clocks_monotonic_ms();
	if (!s->since_ms)
		s->since_ms = now;
	bool ready = s->ready || supervision_takes_part(status) || now - s->since_ms >= PATIENCE_MS;
	snprintf(state, sizeof(state),
	         "%sWATCHDOG=1\nSTATUS=%s%s; height %" PRIu64 ", weight %" PRIu64 " linked of %" PRIu64 " needed\n",
	         ready && !s->ready ? "READY=1\n" : "", supervision_word(status), supervision_waits(status->waits_for),
	         status->final_height, status->weight_linked, status->weight_needed);
	if (service_notify(state)) /* else the next beat says it again */
		s->ready = ready;
}

static void supervision_ending(void *context)
{
	(void)context;
	service_notify("STOPPING=1\nSTATUS=ends in order\n");
}

void supervision_begin(struct supervision *supervision, struct node_options *options)
{
	uint64_t watchdog_ms = service_watchdog_ms();
	*supervision = (struct supervision){.ready = false};
	if (!service_is_watched())
		return;
	options->beat_context = supervision;
	options->beat = supervision_beat;
	options->ending = supervision_ending;
	/* Three beats before the manager loses patience. */
	if (watchdog_ms)
		options->beat_ms = watchdog_ms / 3 < BEAT_MS ? (uint32_t)(watchdog_ms / 3) + 1 : BEAT_MS;
}

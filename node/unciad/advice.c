/* The most pressing thing first: that it never votes again comes before a clock that is wrong. See advice.h. */
#include "advice.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OBSERVER_IDLE_MS 90000u /* an idle network makes empty blocks, a minute apart at most */

/* While it may not vote that should; NULL: it may, or has no vote. */
static const char *advice_not_voting(enum voting_state voting)
{
	switch (voting) {
	case VOTING_YES:
	case VOTING_OBSERVER: /* it follows, where others vote */
		return NULL;
	case VOTING_NO:
		return "wait: it votes once enough of the others have answered; if that lasts, see that they run and "
		       "are "
		       "linked";
	case VOTING_STALE_JOURNAL:
		return "stop it and leave it down: see \"A lost journal\" in docs/operating.md";
	case VOTING_NO_SPACE:
		return "free space on the disk of its home: it votes again by itself";
	case VOTING_ENDED:
		return "see \"A second chain\" in docs/operating.md";
	}
	return "see that this program is of the version of the one that runs";
}

/* Where nothing becomes final; false: it does. */
static bool advice_halted(const struct node_answer *node, const char *missing, char text[ADVICE_SIZE])
{
	switch (node->waits_for) {
	case WAITS_LINKS:
		snprintf(text, ADVICE_SIZE,
		         "see that validators %s run, and can be reached from here: nothing becomes final before it is "
		         "linked "
		         "with more of them",
		         missing);
		return true;
	case WAITS_FINALITY:
		snprintf(text, ADVICE_SIZE, "look at the status of each of the others: too few of them vote");
		return true;
	case WAITS_BLOCKS:
		snprintf(text, ADVICE_SIZE,
		         "wait: it catches up, from height %" PRIu64 " to %" PRIu64 ", and its height rises meanwhile",
		         node->final_height, node->highest_height);
		return true;
	default:
		return false;
	}
}

/* One link is enough for it. */
static void advice_observer(const struct node_answer *node, char text[ADVICE_SIZE])
{
	if (!node->peers)
		snprintf(
		    text, ADVICE_SIZE,
		    "see that a validator runs, can be reached from here, and has this observer's network key in its "
		    "unciad.conf");
	else if (node->highest_height > node->final_height + 1)
		snprintf(text, ADVICE_SIZE,
		         "wait: it catches up, from height %" PRIu64 " to %" PRIu64 ", and its height rises meanwhile",
		         node->final_height, node->highest_height);
	else if (node->final_age_ms > OBSERVER_IDLE_MS)
		snprintf(text, ADVICE_SIZE, "look at the validators: no block of theirs has become final for long");
	else
		snprintf(text, ADVICE_SIZE, "nothing");
}

void advice_running(const struct node_answer *node, const char *missing, char text[ADVICE_SIZE])
{
	const char *not_voting = advice_not_voting(node->voting);
	if (not_voting) {
		snprintf(text, ADVICE_SIZE, "%s", not_voting);
		return;
	}
	if (node->voting == VOTING_OBSERVER) {
		advice_observer(node, text);
		return;
	}
	if (advice_halted(node, missing, text))
		return;
	if (node->clock_behind_ms || node->clock_ahead_ms)
		snprintf(text, ADVICE_SIZE, "set its clock right, and keep it so by NTP");
	else if (node->weight_linked == node->weight_needed && strcmp(missing, "none"))
		snprintf(text, ADVICE_SIZE,
		         "see that validators %s run and can be reached: with one more of them missing nothing becomes "
		         "final",
		         missing);
	else if (strcmp(missing, "none"))
		snprintf(text, ADVICE_SIZE, "see that validators %s run and can be reached from here", missing);
	else if (node->evidence)
		snprintf(
		    text, ADVICE_SIZE,
		    "tell the operators of the validators that signed twice: event=evidence in the log names them");
	else
		snprintf(text, ADVICE_SIZE, "nothing");
}

/* What a validator tells the service manager that has started it: by service.h, out of the node's loop. */
#ifndef SUPERVISION_H
#define SUPERVISION_H
#include "node.h"

/* Lives as long as node_run does. */
struct supervision {
	bool ready;        /* READY=1 was sent */
	uint64_t since_ms; /* the first beat; 0: there was none */
};

/* Where a manager listens, sets beat, beat_ms, ending and context of the options; where not, does nothing. By beats it
 * is told READY=1 once the validator votes, or follows the others without a vote; where neither comes within 30 s,
 * since others are missing, all the same, so that nothing on this machine waits for other operators. Each beat is
 * WATCHDOG=1 and a line of STATUS. */
void supervision_begin(struct supervision *supervision, struct node_options *options);

#endif

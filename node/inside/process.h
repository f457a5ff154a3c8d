/* What the system says of this process: the figures that Prometheus' own libraries show of every program. */
#ifndef PROCESS_H
#define PROCESS_H
#include <stdint.h>

struct process_figures {
	uint64_t cpu_ms;   /* processor time, user's and system's */
	uint64_t start_ms; /* when it was started, since 1970; kept where it is not 0: it is the same each time */
	uint64_t resident, virtual_size; /* bytes of memory */
	uint64_t threads;
	uint64_t descriptors, descriptors_max; /* open files; the limit */
};
/* What cannot be read stays 0. It goes over all descriptors, some thousand of them perhaps, so it is not for the loop.
 */
void process_measure(struct process_figures *figures);

#endif

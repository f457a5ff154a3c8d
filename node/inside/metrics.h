/* Which figures of a validator are shown, under which names, and with which help. Labels have values of this program's
 * own, and numbers of validators: nothing that a stranger could choose. */
#ifndef METRICS_H
#define METRICS_H
#include "exposition.h"
#include "figures.h"
#include "http.h"
#include "process.h"

/* Of what is shown: the validator, its process, and those who look. */
struct metrics_sources {
	const struct node_figures *node;
	const struct process_figures *process;
	const struct http_counters *http;
};
/* Writes all of them; exposition->error tells. */
void metrics_write(const struct metrics_sources *sources, struct exposition *e);

#endif

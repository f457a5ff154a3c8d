/* Which figures of a validator are shown, under which names, and with which help. Labels have values of this program's
 * own, and numbers of validators: nothing that a stranger could choose. */
#ifndef METRICS_H
#define METRICS_H
#include "exposition.h"
#include "figures.h"
#include "process.h"

/* Writes all of them; exposition->error tells. */
void metrics_write(const struct node_figures *node, const struct process_figures *process, struct exposition *e);

#endif

/* The figures that have a label, or are histograms. See metrics.h. */
#ifndef METRICS_LABELLED_H
#define METRICS_LABELLED_H
#include "exposition.h"
#include "figures.h"

/* Writes them. */
void metrics_write_labelled(const struct node_figures *node, struct exposition *e);

#endif

/* What is inside a running validator, shown over HTTP: /metrics for Prometheus, /healthz for whoever only wants to know
 * whether it does its part. A thread of its own with a loop of its own reads requests and writes answers, at a lower
 * priority; from the node's loop it asks for a copy of its figures (node_ask_figures), at most once in INSIDE_FRESH_MS,
 * however many ask here. So whoever connects here costs the node's loop that and no more, whatever he does; and where
 * that loop stands still, this one says so.
 *
 * Threads: the functions are for the one that calls node_run, but for the two that node_run calls on its loop's. */
#ifndef INSIDE_H
#define INSIDE_H
#include <stdint.h>
#include "node.h"

#define INSIDE_FRESH_MS   1000u /* so old may figures be that are shown */
#define INSIDE_WAIT_MS    3000u /* so long the node's loop may take to give them */
#define INSIDE_PORT_USUAL 9464u /* of examples: nothing is bound by default */

struct inside;

/* Binds, and begins to answer; before node_run it says that the validator is starting. why: a sentence on failure, but
 * for UNCIA_E_MEMORY. port 0: any that is free. Returns 0; UNCIA_E_BUSY; UNCIA_E_CONFIG; UNCIA_E_IO; UNCIA_E_MEMORY.
 * Owns: inside_free. */
int inside_new(const char *host, uint16_t port, struct inside **inside, char why[256]);
/* The port that it is bound to. */
int inside_port(const struct inside *inside);
/* What node_options->running and ->figures are for it; `inside`: a struct inside. */
void inside_running(void *inside, struct node *node);
void inside_figures(void *inside, const struct node_figures *figures);
/* Ends the thread. After node_run has returned. Accepts NULL. */
void inside_free(struct inside *inside);

#endif

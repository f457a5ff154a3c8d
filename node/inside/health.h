/* Whether a validator does its part, in one word and a line why not. */
#ifndef HEALTH_H
#define HEALTH_H
#include "figures.h"

#define HEALTH_STALLED_MS 10000u
#define HEALTH_TEXT_SIZE  200

/* How long nothing has become final while payments waited that a block could take; 0: that is not so. */
uint64_t health_stalled_ms(const struct node_figures *figures);
/* true: it may vote, or is an observer, and what waits becomes final. false: text is one line, without its end, that
 * says why not. */
bool health_good(const struct node_figures *figures, char text[HEALTH_TEXT_SIZE]);

#endif

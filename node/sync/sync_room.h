/* What the files of the room share. */
#ifndef SYNC_ROOM_H
#define SYNC_ROOM_H
#include "sync.h"

#define STANDSTILL_MS 1000u /* so long without finality: all is said again */

/* Whether a question of this validator's may be answered now; it is then charged for. */
bool sync_budget_left(struct sync *s, uint32_t peer, enum sync_share share);
/* Adds the checks of those payments of a body whose verdict is not held already. */
int sync_job_payments(struct sync *s, struct job *job, const struct block *block);
/* chain_by_height.c: asks the next validator that has more, where it is time and there is room for a page. */
int sync_ask(struct sync *s);
uint64_t sync_ask_wake(const struct sync *s);
/* pages.c */
void sync_run_free(struct sync_run *run);
/* certificates.c: those that are missing between the final view and the current one, of one validator after the other.
 */
int sync_ask_certificates(struct sync *s);

#endif

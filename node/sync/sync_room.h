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
/* anchors.c: headers that are asked for in parts. */
/* Moves *at over those headers: each must follow the one before. Returns 0; UNCIA_E_PROOF where one does not; or a code
 * of bad input. */
int anchors_follow(const struct sync *s, Uncia__Pb__Blob *const *headers, size_t count, struct sync_anchor *at);
/* Forgets those that are final here. */
void anchors_trim(struct sync *s);
/* This validator has more and gives no page: headers are asked for in parts. */
void anchors_begin(struct sync *s, uint32_t peer);
/* Parts are not asked for any more; what is proven stays. */
void anchors_give_up(struct sync *s);
/* What the next question asks for. */
void anchors_question(const struct sync *s, Uncia__Pb__SyncRequest *request);
/* Takes a part. Returns 1 where its certificate is under way to the verifier; 0 where it goes on; UNCIA_E_PROOF; or
 * another code of bad input or an error of this machine. */
int anchors_take(struct sync *s, uint32_t peer, const Uncia__Pb__SyncReply *message);
/* Whether that block is proven to be final. */
bool anchors_prove(const struct sync *s, const struct sync_anchor *block);
/* pages.c */
void sync_run_free(struct sync_run *run);
/* certificates.c: those that are missing between the final view and the current one, of one validator after the other.
 */
int sync_ask_certificates(struct sync *s);

#endif

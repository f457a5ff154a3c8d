/* Payments into the pool, and to the threads that check their signatures: the same way for submitted and gossiped ones.
 */
#ifndef POOL_H
#define POOL_H
#include "payments.h"

/* Adds one that is not held to the pool, and to the job that will check it. Takes the payment. Returns as mempool_add;
 * UNCIA_E_SIGNATURE: not a key of the sender's. */
int pool_add(struct payments *p, struct payment *payment, struct job *job, struct pooled **pooled);
/* Whether what expires then does so late that no block could take it now. */
bool pool_too_far(const struct payments *p, uint32_t expires_at);
/* How many signatures may be under way: of what wallets submit; of what validators pass on. */
uint32_t pool_submitted_max(const struct payments *p);
uint32_t pool_gossip_max(const struct payments *p);
/* The time of the newest final block, in whole seconds. */
uint64_t pool_tip_seconds(const struct payments *p);

#endif

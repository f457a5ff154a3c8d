/* Threads that check the audit's signatures while it goes on: as many at once as a batch has, whichever blocks they are
 * of. Which of the wrong ones is the first does not hang on the threads. Threads: the audit's. */
#ifndef AUDIT_POOL_H
#define AUDIT_POOL_H
#include "verify.h"

struct audit_pool;

/* Where a signature is. */
struct audit_origin {
	uint64_t height;
	bool of_certificate; /* else of a payment of the block */
	uint32_t index;      /* its number in the block */
};

/* threads: 0: one for each processor. Returns 0; UNCIA_E_MEMORY; UNCIA_E_IO (no thread). Owns: audit_pool_free. */
int audit_pool_new(unsigned threads, struct audit_pool **pool);
/* Hands a signature over. Waits while many wait to be checked. */
void audit_pool_add(struct audit_pool *pool, const struct verify_item *item, const struct audit_origin *origin);
/* Whether one of those that have been checked is wrong. */
bool audit_pool_failed(struct audit_pool *pool);
/* Waits until all that was handed over is checked. Returns whether all are right; else *wrong is the first one, in the
 * order in which they were handed over, that is not. */
bool audit_pool_finish(struct audit_pool *pool, struct audit_origin *wrong);
/* Ends the threads, whatever still waits. Accepts NULL. */
void audit_pool_free(struct audit_pool *pool);

#endif

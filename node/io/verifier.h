/* A pool of threads that only verify signatures. Jobs come from the loop and go back to it; their items are shared
 * in place, never copied. Knows nothing of what is signed. */
#ifndef VERIFIER_H
#define VERIFIER_H
#include <uv.h>
#include "actions.h"

#define VERIFIER_CHUNK    32  /* items a thread takes at once: large jobs are shared between threads */
#define VERIFIER_TOGETHER 64  /* finished jobs that are given back at once: their payments are relayed together */
#define VERIFIER_SMALL    256 /* votes and certificates: such jobs overtake larger ones, and all that are for payments */

struct verifier;

/* Starts the threads (0: one per processor). `done` is called on the loop thread with a list of finished jobs, by
 * `next`, every `valid` in them set. Returns 0, UNCIA_E_MEMORY or UNCIA_E_IO. Owns: verifier_stop, run the loop,
 * verifier_free.
 */
int verifier_new(uv_loop_t *loop, unsigned threads, void (*done)(void *context, struct verify_job *first),
                 void *context, struct verifier **verifier);
/* Hands over a job until `done`. A job without items is done at once, but never from inside this call. Threads: loop.
 */
void verifier_submit(struct verifier *verifier, struct verify_job *job);
/* Ends the threads: what they have begun is finished first, what waits is given up. `done` is not called any more, and
 * the jobs can be freed by whoever made them. The loop must then run until it has closed the handle. */
void verifier_stop(struct verifier *verifier);
void verifier_free(struct verifier *verifier);

#endif

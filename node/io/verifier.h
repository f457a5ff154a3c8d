/* A pool of threads that only verify signatures. Jobs come from the loop and go back to it; the threads work on their
 * items in place. Knows nothing of what is signed.
 *
 * Threads: every function is for the loop's, and `done` is called on it. */
#ifndef VERIFIER_H
#define VERIFIER_H
#include <uv.h>
#include "actions.h"

#define VERIFIER_CHUNK    32  /* items that a thread takes at once, so that several threads work on a large job */
#define VERIFIER_TOGETHER 64  /* finished jobs that are handed back at once: their payments are relayed together */
#define VERIFIER_SMALL    256 /* items: jobs of at most so many, for votes and certificates, overtake all others */

struct verifier;

/* Starts the threads (0: one for each processor). `done` is called with a list of finished jobs, by `next`, every
 * `valid` in them set; they are the receiver's again. Returns 0, UNCIA_E_MEMORY or UNCIA_E_IO. Owns: verifier_stop, run
 * the loop, verifier_free.
 */
int verifier_new(uv_loop_t *loop, unsigned threads, void (*done)(void *context, struct verify_job *first),
                 void *context, struct verifier **verifier);
/* Hands over a job, which is the pool's until `done`. A job without items is done at once, but never from inside this
 * call. */
void verifier_submit(struct verifier *verifier, struct verify_job *job);
/* Ends the threads, after the chunks that they have begun; what waits is given up. `done` is not called any more, and
 * all jobs are their makers' again. Once; the loop must then run until it has closed the handle. */
void verifier_stop(struct verifier *verifier);
/* After verifier_stop and a run of the loop. Accepts NULL. */
void verifier_free(struct verifier *verifier);

#endif

/* A pool of threads that only check and make signatures. Jobs come from the loop and go back to it; the threads work on
 * their items in place. Knows nothing of what is signed.
 *
 * Threads: every function is for the loop's, and `done` is called on it. */
#ifndef VERIFIER_H
#define VERIFIER_H
#include <uv.h>
#include "verify.h"
#include "verify_queue.h"

#define VERIFIER_TOGETHER 64 /* finished jobs that are handed back at once: their payments are relayed together */

struct verifier;

struct verifier_options {
	uv_loop_t *loop;
	uint32_t sources; /* of jobs; each job's is below it */
	unsigned threads; /* 0: one for each processor */
	struct verify_signer signer;
	/* Called with a list of finished jobs, by `next`; they are the receiver's again. */
	void (*done)(void *context, struct verify_job *first);
	void *context;
};

/* Starts the threads. Returns 0, UNCIA_E_MEMORY or UNCIA_E_IO. Owns: verifier_stop, run the loop, verifier_free. */
int verifier_new(const struct verifier_options *options, struct verifier **verifier);
/* Takes a job, which is the pool's until `done`. The threads see it with the next verifier_begin. A job without items
 * is done then, but never from inside these calls. */
void verifier_submit(struct verifier *verifier, struct verify_job *job);
/* Hands over to the threads what was submitted: all of a turn's at once, so that they find large batches. For
 * the checks of one batch one thread is woken, for more all; one that leaves something to take wakes the next. */
void verifier_begin(struct verifier *verifier);
/* Gives up what waits of a source (verify_queue.h): its jobs come back soon, `dropped`, as if done. */
void verifier_drop(struct verifier *verifier, uint32_t source);
/* What the threads have taken since the start: how many signatures at once is chunks by signatures. */
struct verifier_counters {
	uint64_t chunks, signatures;               /* of jobs that are not urgent: payments, bodies, pages */
	uint64_t urgent_chunks, urgent_signatures; /* votes, certificates, proposals */
	uint64_t key_bytes;                        /* what the decoded keys take in memory, once there are as many */
};
void verifier_counters(struct verifier *verifier, struct verifier_counters *counters);
/* Ends the threads, after the chunks that they have begun; what waits is given up. `done` is not called any more, and
 * all jobs are their makers' again. Once; the loop must then run until it has closed the handle. */
void verifier_stop(struct verifier *verifier);
/* After verifier_stop and a run of the loop. Accepts NULL. */
void verifier_free(struct verifier *verifier);

#endif

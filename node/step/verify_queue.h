/* The order in which signatures are checked, where more wait than can be checked at once: a queue for each source (a
 * validator, wallets of one standing), served in turn, so that nobody's flood stands before anybody else's vote. Urgent
 * jobs, which consensus waits for, come before the others, and take at most every second signature from them. Costs are
 * counted in signatures, not in jobs (docs/spec/network.md §10).
 *
 * It holds no thread and no lock: the pool of threads (io/verifier.c) calls it under its mutex, the simulator in
 * simulated time. No call allocates; each takes constant time, but for verify_queue_drop. */
#ifndef VERIFY_QUEUE_H
#define VERIFY_QUEUE_H
#include "actions.h"

#define VERIFY_CHUNK 32u /* signatures that are taken at once, so that several threads work on a large job */
#define VERIFY_TURN  32u /* and in one turn of a source, or of all urgent ones, where others wait */

struct verify_lane { /* the jobs of one source and one class, oldest first */
	struct verify_job *first, **last;
	struct verify_lane *next; /* that has work, too */
	uint32_t left;            /* signatures, of its turn */
	uint32_t chunk;           /* that are taken at once: VERIFY_CHUNK, and fewer behind wrong ones */
	uint32_t right;           /* in a row, since the last wrong one or the last change of `chunk` */
	uint32_t out, before; /* signatures that are taken and have no verdict; that were before the last wrong one */
};
struct verify_class {
	struct verify_lane *lanes;          /* by source */
	struct verify_lane *active, **last; /* those that have work, in the order of their turns */
};
struct verify_queue {
	struct verify_class urgent, patient;
	uint32_t sources;
	uint32_t urgent_in_a_row; /* signatures, since a patient chunk was taken */
};

/* For jobs whose source is below `sources`. Returns 0 or UNCIA_E_MEMORY. Owns: verify_queue_deinit, which leaves what
 * is still queued to its makers. */
int verify_queue_init(struct verify_queue *q, uint32_t sources);
void verify_queue_deinit(struct verify_queue *q);

/* Puts a job with at least one item at the end of its source's queue. */
void verify_queue_push(struct verify_queue *q, struct verify_job *job);
/* Some of a job's items. */
struct verify_part {
	struct verify_job *job;
	size_t begin, count;
};
/* Takes the next items to be checked, at most VERIFY_CHUNK, of one source and one class: of the first job what is not
 * taken of it, then of those behind it, so that many small jobs are checked as fast as a large one. Returns the number
 * of parts; 0: nothing waits. A job stays queued while some of its items are not taken. */
size_t verify_queue_take(struct verify_queue *q, struct verify_part parts[VERIFY_CHUNK]);
/* Whether there is more to take. */
bool verify_queue_waits(const struct verify_queue *q);
/* These items of the job have their verdicts. Behind a wrong signature those of its source are taken one by one, then
 * by twos, fours and so on while they are right: a wrong one among many costs more than by itself, and so whoever sends
 * them has it cost his own. Returns whether the job is done: then it is the caller's. Where one is wrong, `wrong` is
 * set, and what is not taken yet of the job is left unchecked: as not valid where its items stand and fall together,
 * else the job is `dropped`. */
bool verify_queue_checked(struct verify_queue *q, struct verify_job *job, size_t begin, size_t count);
/* Gives up all that waits of a source, each job with `dropped` set, whatever of it is not taken as not valid. Returns
 * those of which nothing is being checked, a list by `next`; of the others verify_queue_checked tells when they are
 * done. */
struct verify_job *verify_queue_drop(struct verify_queue *q, uint32_t source);

#endif

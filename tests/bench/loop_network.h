/* A committee of validators in one thread, in simulated time, through which whole blocks of payments go; the steps of
 * one of them are timed. Verdicts on signatures are given at once, messages are handed over whole a millisecond later,
 * commits take another. Everything but the time taken is the same in every run. */
#ifndef LOOP_NETWORK_H
#define LOOP_NETWORK_H
#include <stdbool.h>
#include <stdint.h>

#define LOOP_VALIDATORS_MAX 10u

enum step_kind {
	STEP_SUBMIT,
	STEP_GOSSIP,
	STEP_CHECKED,
	STEP_PROPOSAL,
	STEP_VOTE,
	STEP_CERTIFICATE,
	STEP_CHECKED_URGENT,
	STEP_DURABLE,
	STEP_FLUSHED,
	STEP_TIMER,
	STEP_OTHER,
	STEPS
};
extern const char *const step_names[STEPS];

struct loop_shape {
	uint32_t validators, accounts, block; /* block: payments that one is to have */
	uint32_t outputs;                     /* of each payment */
};

/* Of the validator that is timed, while it is. */
struct loop_totals {
	uint64_t payments, blocks; /* final; blocks with payments. Ever, timed or not */
	uint64_t steps[STEPS], answers;
	double us[STEPS];
	uint64_t received_bytes, sent_bytes, answer_bytes, journal_bytes;
};

/* One at a time. Ends the process where anything fails. directory: where the validator that is timed has a home, as
 * unciad makes it; NULL: in memory, as the others. */
void loop_up(const struct loop_shape *shape, const char *directory);
void loop_down(void);
/* Runs until so many payments are final at the validator that is timed. */
void loop_run(uint64_t payments);
/* Steps are timed from now on, or no more. */
void loop_time(bool timed);
const struct loop_totals *loop_totals(void);

#endif

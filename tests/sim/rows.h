/* Lies one at a time, on a network where all else is well, each with what must come of it: rows 31, 32, 34, 35, 37, 38
 * and 39 of the table of faults (docs/testing.md). Seeds mix them with everything else; here none can go unnoticed. */
#ifndef ROWS_H
#define ROWS_H

/* Every row up to 38. Does not come back where one does not hold. */
void rows_run(void);
/* Row 39, a test of the tests: validators of weight F+1 run twice, each half of the network with its own. Agreement
 * breaks, and the process ends with what the simulator says of it; comes back where it says nothing. */
void rows_too_many_faulty(void);

#endif

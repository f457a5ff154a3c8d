/* The priority of a thread that nobody waits for. */
#ifndef THREAD_PRIORITY_H
#define THREAD_PRIORITY_H

/* Lowers that of the calling thread, for good: for processors and, with some schedulers, for the disk. A failure is of
 * no consequence. */
void lower_priority(void);

#endif

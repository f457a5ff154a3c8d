/* The threads in which libuv looks names up.
 *
 * Threads: the loop's, before the first name. */
#ifndef NAME_THREADS_H
#define NAME_THREADS_H
#include <stdint.h>

/* Has libuv use so many that no name server that keeps silent holds up the names of other validators. */
void name_threads_prepare(uint32_t validators);

#endif

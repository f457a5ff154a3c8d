/* Allocations that fail on purpose. The tests of the core and of the wallet are linked so that every malloc, calloc,
 * realloc, reallocarray and strdup of the project's own code comes through here. */
#ifndef HEAP_H
#define HEAP_H
#include <stdint.h>

/* The n-th allocation from now (1: the next) and all after it fail; 0: none does. */
void heap_fail_from(uint64_t nth);
/* The n-th alone fails; 0: none does. */
void heap_fail_once(uint64_t nth);
/* While held, none fails and none is counted: for what a test itself allocates. Returns whether it was held before. */
int heap_hold(int hold);
/* Whether one has failed since heap_fail_from or heap_fail_once was last called. */
int heap_failed(void);

#endif

/* Allocations that fail on purpose. The tests of the core are linked so that every malloc, calloc, realloc and
 * reallocarray of the project's own code comes through here. */
#ifndef HEAP_H
#define HEAP_H
#include <stdint.h>

/* The n-th allocation from now (1: the next) and all after it fail; 0: none does. */
void heap_fail_from(uint64_t nth);
/* Whether one has failed since heap_fail_from was last called. */
int heap_failed(void);

#endif

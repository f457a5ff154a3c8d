/* The two clocks in milliseconds. Threads: any. */
#ifndef CLOCKS_H
#define CLOCKS_H
#include <stdint.h>

/* Since some moment in the past; it never goes back. For time limits. */
uint64_t clocks_monotonic_ms(void);
/* Since 1970; people and daemons may set it. For what is written down. */
uint64_t clocks_wall_ms(void);

#endif

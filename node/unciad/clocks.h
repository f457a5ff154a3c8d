/* The two clocks in milliseconds. Threads: any. */
#ifndef CLOCKS_H
#define CLOCKS_H
#include <stdint.h>

/* Since some moment in the past; it never goes back. For time limits. */
uint64_t clocks_monotonic_ms(void);
/* Since 1970; people and daemons may set it. For what is written down. */
uint64_t clocks_wall_ms(void);

#define TIME_TEXT_SIZE 40
/* "2026-11-29 07:49:11 UTC", of a time at which a network may begin, or a clock's. */
void clocks_format(uint64_t wall_ms, char text[TIME_TEXT_SIZE]);

#define CLOCKS_AGE_SIZE 40
/* A length of time, for people: "0.4 s", "75.0 s", "3 h 20 min", "2 d 4 h". */
void clocks_age_format(uint64_t ms, char text[CLOCKS_AGE_SIZE]);

#endif

/* A histogram of durations: how many were no longer than each of a row of bounds, and their sum. Every histogram has
 * the same bounds, so that one can be compared with another. For figures that are shown (node/inside); no rule depends
 * on one.
 *
 * Threads: whoever has the histogram. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H
#include <stdint.h>

#define HISTOGRAM_BOUNDS 17

/* All zeros is an empty one. */
struct histogram {
	/* By the first bound that a duration does not exceed; the last one: longer than all bounds. */
	uint64_t counts[HISTOGRAM_BOUNDS + 1];
	uint64_t sum_us;
};

/* The bounds, in microseconds, ascending: from 100 µs to 30 s. */
extern const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS];
/* Counts one duration, in microseconds. */
void histogram_add(struct histogram *histogram, uint64_t us);
/* How many have been counted. */
uint64_t histogram_count(const struct histogram *histogram);

#endif

/* Latencies in logarithmic buckets, as HdrHistogram keeps them: from 1 µs to days, each value within 0.8 % of what was
 * recorded, in fixed memory however many there are. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H
#include <stdint.h>

#define HISTOGRAM_BUCKETS (33 * 128)

struct histogram {
	uint64_t count, max_us;
	double sum_us;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, double us);
/* The smallest recorded value that at least this share of all do not exceed, 0 < share <= 1; 0 where there are none. */
double histogram_us(const struct histogram *h, double share);

#endif

/* Buckets of a histogram: 0..255 µs one each, then 128 for every doubling. */
#include "histogram.h"

static unsigned bucket_of(uint64_t us)
{
	unsigned shift = 0;

	while (us >> shift >= 256)
		shift++;
	unsigned bucket = shift * 128 + (unsigned)(us >> shift);
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The middle of what falls into it. */
static double bucket_us(unsigned bucket)
{
	if (bucket < 256)
		return bucket;
	unsigned shift = bucket / 128 - 1;
	return ((double)(bucket - shift * 128) + 0.5) * (double)(UINT64_C(1) << shift);
}

void histogram_add(struct histogram *h, double us)
{
	uint64_t whole = us > 0 ? (uint64_t)us : 0;

	h->buckets[bucket_of(whole)]++;
	h->count++;
	h->sum_us += us;
	if (whole > h->max_us)
		h->max_us = whole;
}

double histogram_us(const struct histogram *h, double share)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (h->buckets[i] && (double)seen >= share * (double)h->count)
			return bucket_us(i) < (double)h->max_us ? bucket_us(i) : (double)h->max_us;
	}
	return 0;
}

/* Writes figures in Prometheus' text format, version 0.0.4: families of samples, each with its help and its type. What
 * the figures are is its caller's (metrics.c).
 *
 * Pure. Threads: whoever has the text. */
#ifndef EXPOSITION_H
#define EXPOSITION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "histogram.h"

#define EXPOSITION_SIZE_MAX ((size_t)1 << 20) /* bytes of a text; past it, it fails */
#define EXPOSITION_TYPE     "text/plain; version=0.0.4; charset=utf-8"

enum exposition_type { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };

/* All zeros is an empty text. Once error is set nothing more is written. */
struct exposition {
	char *text; /* owned; not ended by a NUL */
	size_t size, capacity;
	int error;          /* 0; UNCIA_E_MEMORY; UNCIA_E_LIMIT */
	const char *family; /* of the samples to come */
};

/* A number with so many decimals, at most 9: 1234 with 3 is 1.234. */
struct exposition_value {
	uint64_t number;
	unsigned decimals;
	bool negative;
};

/* The label of a sample; its value may be any text. */
struct exposition_label {
	const char *name, *value;
};

/* Begins a family: a name of letters, digits and underscores, given once in a text, and one sentence. The samples of a
 * family follow it. The name stays the caller's. */
void exposition_family(struct exposition *e, const char *name, enum exposition_type type, const char *help);
/* A sample of the family. label: NULL for none. */
void exposition_sample(struct exposition *e, const struct exposition_label *label, struct exposition_value value);
/* All samples of a family that is a histogram, in seconds. */
void exposition_histogram(struct exposition *e, const struct histogram *histogram);
/* Gives the memory back. */
void exposition_deinit(struct exposition *e);

#endif

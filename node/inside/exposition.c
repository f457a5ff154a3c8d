/* Prometheus' text format: one line for a sample, cumulative buckets for a histogram. See exposition.h. */
#include "exposition.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

#define CAPACITY_FIRST ((size_t)16 << 10)
#define NUMBER_SIZE    32

static bool exposition_grow(struct exposition *e, size_t size)
{
	size_t capacity = e->capacity ? e->capacity : CAPACITY_FIRST;

	while (capacity < e->size + size)
		capacity *= 2;
	if (capacity > EXPOSITION_SIZE_MAX) {
		e->error = UNCIA_E_LIMIT;
		return false;
	}
	char *text = realloc(e->text, capacity);
	if (!text) {
		e->error = UNCIA_E_MEMORY;
		return false;
	}
	e->text = text;
	e->capacity = capacity;
	return true;
}

static void exposition_add(struct exposition *e, const char *text, size_t size)
{
	if (e->error || (e->size + size > e->capacity && !exposition_grow(e, size)))
		return;
	memcpy(e->text + e->size, text, size);
	e->size += size;
}

static void exposition_text(struct exposition *e, const char *text)
{
	exposition_add(e, text, strlen(text));
}

/* Backslashes and line feeds are escaped, and in the value of a label quotes. */
static void exposition_escaped(struct exposition *e, const char *text, bool in_label)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\n')
			exposition_text(e, "\\n");
		else if (*c == '\\' || (in_label && *c == '"'))
			exposition_add(e, (const char[]){'\\', *c}, 2);
		else
			exposition_add(e, c, 1);
	}
}

/* In the shortest form that says the same: without zeros behind the last decimal. */
static void exposition_number(const struct exposition_value *value, char text[NUMBER_SIZE])
{
	uint64_t unit = 1;

	assert(value->decimals <= 9);
	for (unsigned i = 0; i < value->decimals; i++)
		unit *= 10;
	int size = snprintf(text, NUMBER_SIZE, "%s%" PRIu64, value->negative && value->number ? "-" : "",
	                    value->number / unit);
	if (value->number % unit == 0)
		return;
	size += snprintf(text + size, NUMBER_SIZE - (size_t)size, ".%0*" PRIu64, (int)value->decimals,
	                 value->number % unit);
	while (text[size - 1] == '0')
		text[--size] = '\0';
}

/* name{label} value */
static void exposition_line(struct exposition *e, const char *suffix, const struct exposition_label *label,
                            const struct exposition_value *value)
{
	char number[NUMBER_SIZE];

	assert(e->family);
	exposition_text(e, e->family);
	exposition_text(e, suffix);
	if (label) {
		exposition_text(e, "{");
		exposition_text(e, label->name);
		exposition_text(e, "=\"");
		exposition_escaped(e, label->value, true);
		exposition_text(e, "\"}");
	}
	exposition_number(value, number);
	exposition_text(e, " ");
	exposition_text(e, number);
	exposition_text(e, "\n");
}

void exposition_family(struct exposition *e, const char *name, enum exposition_type type, const char *help)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	assert((unsigned)type < sizeof(types) / sizeof(types[0]));
	e->family = name;
	exposition_text(e, "# HELP ");
	exposition_text(e, name);
	exposition_text(e, " ");
	exposition_escaped(e, help, false);
	exposition_text(e, "\n# TYPE ");
	exposition_text(e, name);
	exposition_text(e, " ");
	exposition_text(e, types[type]);
	exposition_text(e, "\n");
}

void exposition_sample(struct exposition *e, const struct exposition_label *label, struct exposition_value value)
{
	exposition_line(e, "", label, &value);
}

void exposition_histogram(struct exposition *e, const struct histogram *histogram)
{
	char bound[NUMBER_SIZE];
	const struct exposition_label label = {"le", bound};
	struct exposition_value value = {0};

	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		exposition_number(&(struct exposition_value){histogram_bounds_us[i], 6, false}, bound);
		value.number += histogram->counts[i];
		exposition_line(e, "_bucket", &label, &value);
	}
	value.number += histogram->counts[HISTOGRAM_BOUNDS];
	assert(value.number == histogram_count(histogram));
	snprintf(bound, sizeof(bound), "+Inf");
	exposition_line(e, "_bucket", &label, &value);
	exposition_line(e, "_sum", NULL, &(struct exposition_value){histogram->sum_us, 6, false});
	exposition_line(e, "_count", NULL, &value);
}

void exposition_deinit(struct exposition *e)
{
	free(e->text);
	*e = (struct exposition){0};
}

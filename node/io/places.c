/* See places.h. */
#include "places.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct run {
	uint32_t first, count;
};

struct places *places_new(uint32_t max)
{
	struct places *p = calloc(1, sizeof(*p) + max * sizeof(*p->sorted));

	if (p)
		p->max = max;
	return p;
}

/* The first place that is not below this address. */
static uint32_t place_at(const struct places *p, const struct net_address *address)
{
	uint32_t from = 0, to = p->count;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (memcmp(&p->sorted[middle].address, address, sizeof(*address)) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void places_add(struct places *p, const struct net_address *address, uint32_t slot)
{
	uint32_t at = place_at(p, address);

	assert(p->count < p->max);
	memmove(&p->sorted[at + 1], &p->sorted[at], (p->count - at) * sizeof(*p->sorted));
	p->sorted[at] = (struct place){.address = *address, .slot = slot};
	p->count++;
}

void places_remove(struct places *p, const struct net_address *address, uint32_t slot)
{
	uint32_t at = place_at(p, address);

	while (at < p->count && p->sorted[at].slot != slot)
		at++;
	assert(at < p->count && net_address_equal(&p->sorted[at].address, address));
	p->count--;
	memmove(&p->sorted[at], &p->sorted[at + 1], (p->count - at) * sizeof(*p->sorted));
}

/* The run of one prefix that begins at `from`. */
static struct run run_from(const struct places *p, uint32_t from, uint32_t end, enum net_prefix prefix)
{
	uint32_t at = from + 1;

	while (at < end && net_address_shares(&p->sorted[from].address, &p->sorted[at].address, prefix))
		at++;
	return (struct run){from, at - from};
}

/* The longest run of one prefix within a run, how many runs there are, and the one of this address. */
static struct run run_longest(const struct places *p, struct run within, enum net_prefix prefix, uint32_t *runs,
                              const struct net_address *address, struct run *own)
{
	struct run longest = {within.first, 0};
	uint32_t end = within.first + within.count;

	*runs = 0;
	*own = (struct run){within.first, 0};
	for (uint32_t at = within.first; at < end;) {
		struct run run = run_from(p, at, end, prefix);
		if (run.count > longest.count)
			longest = run;
		if (net_address_shares(&p->sorted[at].address, address, prefix))
			*own = run;
		at += run.count;
		++*runs;
	}
	assert(longest.count <= within.count && *runs <= within.count);
	return longest;
}

/* Into the narrower prefixes of a crowd, for as long as one of them stands out. */
static struct crowd crowd_narrow(const struct places *p, struct run crowd, enum net_prefix prefix, uint32_t margin)
{
	struct crowd found = {CROWD_OTHERS, crowd.first, crowd.count, crowd.count};

	for (; prefix < NET_PREFIXES; prefix++) {
		struct run within = {found.first, found.count}, own;
		uint32_t runs;
		struct run longest = run_longest(p, within, prefix, &runs, &p->sorted[within.first].address, &own);
		assert(runs);
		if (longest.count < (within.count + runs - 1) / runs + margin)
			break;
		found.first = longest.first;
		found.count = longest.count;
	}
	return found;
}

struct crowd places_crowd(const struct places *p, const struct net_address *newcomer, uint32_t margin)
{
	struct run within = {0, p->count};
	enum crowd_kind kind = CROWD_EVERYBODY;

	assert(margin > 0);
	for (enum net_prefix prefix = 0; prefix < NET_PREFIXES; prefix++) {
		struct run own;
		uint32_t runs;
		struct run longest = run_longest(p, within, prefix, &runs, newcomer, &own);
		if (longest.count >= own.count + margin)
			return crowd_narrow(p, longest, prefix + 1, margin);
		if (!own.count)
			break;
		within = own;
		kind = CROWD_OWN;
	}
	return (struct crowd){kind, within.first, within.count, within.count};
}

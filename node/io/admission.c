/* The number of parts that a share is divided among is that of this window so far, or that of the one before where it
 * was larger. */
#include "admission.h"
#include <assert.h>
#include <string.h>
#include "hash.h"

void admission_init(struct admission *a, uint32_t per_second, const uint8_t seed[16])
{
	uint32_t per_window = per_second / (1000 / ADMISSION_WINDOW_MS);

	memset(a, 0, sizeof(*a));
	memcpy(a->seed, seed, sizeof(a->seed));
	a->per_window = per_window ? per_window : 1;
}

static void part_renew(struct admission_part *part, bool next)
{
	*part = (struct admission_part){.parts_before = next ? part->parts : 0};
}

static void window_begin(struct admission *a, uint64_t window)
{
	bool next = window == a->window + 1;

	part_renew(&a->all, next);
	for (size_t i = 0; i < NET_PREFIXES; i++)
		for (size_t k = 0; k < ADMISSION_SLOTS; k++)
			part_renew(&a->slots[i][k], next);
	a->window = window;
}

/* Of what a prefix, or everybody, may have admitted, the share of each part: all together leave some of it to the next
 * one. At least one. */
static uint32_t share_of(uint32_t whole, const struct admission_part *part)
{
	uint32_t parts = part->parts > part->parts_before ? part->parts : part->parts_before;
	uint32_t share = whole * 3 / (3 * parts + 1);

	return share ? share : 1;
}

static size_t slot_of_prefix(const struct admission *a, const struct net_address *masked)
{
	return siphash(a->seed, masked, sizeof(*masked)) % ADMISSION_SLOTS;
}

void admission_charge(struct admission *a, const struct net_address *address, uint64_t now_ms)
{
	struct net_address source;

	net_address_mask(address, NET_PREFIX_SOURCE, &source);
	a->charged_until[slot_of_prefix(a, &source)] = now_ms + ADMISSION_CHARGED_MS;
}

bool admission_try(struct admission *a, const struct net_address *address, uint64_t now_ms)
{
	uint64_t window = now_ms / ADMISSION_WINDOW_MS;
	struct admission_part *parts[NET_PREFIXES], *wider = &a->all;
	struct net_address masked;
	uint32_t share = a->per_window;
	size_t slot = 0; /* in the end that of its source */

	if (window != a->window)
		window_begin(a, window);
	for (enum net_prefix i = 0; i < NET_PREFIXES; i++) {
		net_address_mask(address, i, &masked);
		slot = slot_of_prefix(a, &masked);
		parts[i] = &a->slots[i][slot];
		if (parts[i]->asked++ == 0)
			wider->parts++;
		wider = parts[i];
	}
	if (a->all.admitted >= a->per_window)
		return false;
	wider = &a->all;
	for (enum net_prefix i = 0; i < NET_PREFIXES; i++) {
		share = share_of(share, wider);
		if (i == NET_PREFIX_SOURCE && now_ms < a->charged_until[slot] && share > ADMISSION_CHARGED)
			share = ADMISSION_CHARGED;
		if (parts[i]->admitted >= share)
			return false;
		wider = parts[i];
	}
	a->all.admitted++;
	for (enum net_prefix i = 0; i < NET_PREFIXES; i++)
		parts[i]->admitted++;
	assert(a->all.admitted <= a->per_window);
	return true;
}

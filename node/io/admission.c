/* The number of sources that a window is divided among is that of this window so far, or that of the one before where
 * it was larger. */
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

bool admission_try(struct admission *a, const struct net_address *address, uint64_t now_ms)
{
	uint64_t window = now_ms / ADMISSION_WINDOW_MS;
	struct net_address source;

	if (window != a->window) {
		a->sources_before = window == a->window + 1 ? a->sources : 0;
		a->window = window;
		a->sources = 0;
		a->admitted = 0;
		memset(a->slots, 0, sizeof(a->slots));
	}
	net_address_source(address, &source);
	size_t slot = siphash(a->seed, &source, sizeof(source)) % ADMISSION_SLOTS;
	if (a->slots[slot].asked++ == 0)
		a->sources++;
	assert(a->sources > 0 && a->sources <= ADMISSION_SLOTS);
	uint32_t sources = a->sources > a->sources_before ? a->sources : a->sources_before;
	uint32_t quota = a->per_window / (sources + 1);
	if (a->admitted >= a->per_window || a->slots[slot].admitted >= (quota ? quota : 1))
		return false;
	a->admitted++;
	a->slots[slot].admitted++;
	assert(a->admitted <= a->per_window && a->slots[slot].admitted <= a->slots[slot].asked);
	return true;
}

/* See origins.h. A place of which nothing is known is all zero: then its number does not matter. */
#include "origins.h"

enum standing origin_standing(const struct origin origins[ORIGIN_PLACES], uint32_t origin, uint64_t now_ms)
{
	const struct origin *of = &origins[origin % ORIGIN_PLACES];

	if (of->number != origin)
		return STANDING_NEW;
	if (now_ms < of->suspected_until)
		return STANDING_SUSPECT;
	return of->right ? STANDING_GOOD : STANDING_NEW;
}

void origin_learn(struct origin origins[ORIGIN_PLACES], uint32_t origin, bool right, uint64_t now_ms)
{
	struct origin *of = &origins[origin % ORIGIN_PLACES];

	if (!right)
		*of = (struct origin){.number = origin, .suspected_until = now_ms + ORIGIN_SUSPECT_MS};
	else if (now_ms >= of->suspected_until)
		*of = (struct origin){.number = origin, .right = true};
}

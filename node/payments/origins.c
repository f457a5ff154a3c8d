/* See origins.h. */
#include "origins.h"
#include <assert.h>

enum standing origin_standing(const struct origin origins[WALLET_ORIGINS], uint32_t origin, uint64_t now_ms)
{
	assert(origin < WALLET_ORIGINS);
	if (now_ms < origins[origin].suspected_until)
		return STANDING_SUSPECT;
	return origins[origin].right ? STANDING_GOOD : STANDING_NEW;
}

void origin_learn(struct origin origins[WALLET_ORIGINS], uint32_t origin, bool right, uint64_t now_ms)
{
	assert(origin < WALLET_ORIGINS);
	struct origin *of = &origins[origin];

	if (!right)
		*of = (struct origin){.suspected_until = now_ms + ORIGIN_SUSPECT_MS};
	else if (now_ms >= of->suspected_until)
		of->right = true;
}

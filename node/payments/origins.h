/* What is known of the addresses that wallets submit from: whether a signature from there was right, and whether one
 * was wrong lately. So that wrong ones are in nobody else's batch, and cost whoever sends them his own turns:
 * signatures are checked together with those of the same standing, a suspect's one by one, and few of them at a time
 * (docs/spec/network.md §10). The edge gives each address a number (EVENT_WALLET_MESSAGE); several may have one. */
#ifndef ORIGINS_H
#define ORIGINS_H
#include "verification.h"

#define ORIGIN_SUSPECT_MS 60000u /* since the last wrong one; then it is as if nothing were known */

struct origin {
	bool right;               /* a signature was, and none was wrong since */
	uint64_t suspected_until; /* now_ms; 0: nothing was wrong */
};

/* Of an origin below WALLET_ORIGINS (asserted). */
enum standing origin_standing(const struct origin origins[WALLET_ORIGINS], uint32_t origin, uint64_t now_ms);
/* The verdict on a signature from there. */
void origin_learn(struct origin origins[WALLET_ORIGINS], uint32_t origin, bool right, uint64_t now_ms);

#endif

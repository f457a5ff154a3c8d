/* What is known of the addresses that wallets submit from: whether a signature from there was right, and whether one
 * was wrong lately. So that wrong ones are in nobody else's batch, and cost whoever sends them his own turns:
 * signatures are checked together with those of the same standing, a suspect's one by one, and few of them at a time
 * (docs/spec/network.md §10). The edge gives each address a number (EVENT_WALLET_MESSAGE), of which the low bits say
 * where it is kept. Of two in one place the newer one is known and of the other nothing: so wrong signatures from
 * thousands of addresses make no other address a suspect, and a suspect gives way to suspects alone. */
#ifndef ORIGINS_H
#define ORIGINS_H
#include "verification.h"

#define ORIGIN_SUSPECT_MS 60000u /* since the last wrong one; then it is as if nothing were known */
#define ORIGIN_PLACES     32768u /* 16 bytes each */

struct origin {
	uint32_t number;          /* whose place it is */
	bool right;               /* a signature was, and none was wrong since */
	uint64_t suspected_until; /* now_ms; 0: nothing was wrong */
};

/* By what is known now of an address, given by its number: any 32 bits. */
enum standing origin_standing(const struct origin origins[ORIGIN_PLACES], uint32_t origin, uint64_t now_ms);
/* The verdict on a signature from there. */
void origin_learn(struct origin origins[ORIGIN_PLACES], uint32_t origin, bool right, uint64_t now_ms);

#endif

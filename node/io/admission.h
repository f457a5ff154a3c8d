/* How many handshakes may begin each second, shared fairly among the addresses they come from (docs/spec/network.md,
 * "Limits"): of a window's handshakes each of k sources may use one (k+1)th, and the rest is kept for whoever comes
 * next, so that a flood from few addresses never keeps another out. Pure: the caller gives the time. */
#ifndef ADMISSION_H
#define ADMISSION_H
#include "net_address.h"

#define ADMISSION_WINDOW_MS 50   /* short: what is admitted in one window may come down on one turn of the loop */
#define ADMISSION_SLOTS     1024 /* sources that share a slot share what is its due */

struct admission {
	uint8_t seed[16];
	uint32_t per_window;
	uint64_t window;
	uint32_t admitted;                /* in this window */
	uint32_t sources, sources_before; /* slots that asked in this window, and in the one before */
	struct {
		uint32_t asked, admitted;
	} slots[ADMISSION_SLOTS];
};

/* seed: random, so that nobody can choose whom to share a slot with. */
void admission_init(struct admission *admission, uint32_t per_second, const uint8_t seed[16]);
bool admission_try(struct admission *admission, const struct net_address *address, uint64_t now_ms);

#endif

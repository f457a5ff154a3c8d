/* A rate limit on beginning handshakes, divided fairly among the sources they come from (docs/spec/network.md,
 * "Limits"): of a window's handshakes each of k sources may use one (k+1)th, and the rest is kept for the next source;
 * so a flood from few addresses never keeps another one out. Pure: the caller gives the time. Threads: one at a time.
 */
#ifndef ADMISSION_H
#define ADMISSION_H
#include "net_address.h"

#define ADMISSION_WINDOW_MS 50   /* short: what is admitted in one window may come down on one turn of the loop */
#define ADMISSION_SLOTS     1024 /* sources whose hashes fall into one slot count as one */

struct admission {
	uint8_t seed[16];
	uint32_t per_window;
	uint64_t window;                  /* now_ms / ADMISSION_WINDOW_MS of the last call */
	uint32_t admitted;                /* in this window */
	uint32_t sources, sources_before; /* slots that asked in this window, and in the one before */
	struct {
		uint32_t asked, admitted;
	} slots[ADMISSION_SLOTS];
};

/* seed: random, so that nobody can choose whom to share a slot with. per_second: at least one is admitted in a window.
 */
void admission_init(struct admission *admission, uint32_t per_second, const uint8_t seed[16]);
/* Whether a handshake from this address may begin now; if so, it is counted. */
bool admission_try(struct admission *admission, const struct net_address *address, uint64_t now_ms);

#endif

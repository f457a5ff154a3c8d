/* A rate limit on beginning handshakes, divided fairly among the prefixes they come from (docs/spec/network.md,
 * "Limits"): of a window's handshakes each of k prefixes may use three of 3k + 1 parts, and the rest is kept for the
 * next one; what a prefix may use is divided in the same way among the narrower ones inside it. So a flood never keeps
 * somebody out who shares less with it than it has. A source that has been charged, for wrong signatures, may begin few
 * of them for a while. Pure: the caller gives the time. Threads: one at a time. */
#ifndef ADMISSION_H
#define ADMISSION_H
#include "net_address.h"

#define ADMISSION_WINDOW_MS  50     /* short: what is admitted in one window may come down on one turn of the loop */
#define ADMISSION_SLOTS      1024   /* prefixes of one width whose hashes fall into one slot count as one */
#define ADMISSION_CHARGED    2u     /* handshakes in a window of a source that was charged, */
#define ADMISSION_CHARGED_MS 60000u /* for so long */

struct admission_part {
	uint32_t asked, admitted;     /* in this window */
	uint32_t parts, parts_before; /* narrower ones that asked in this window, and in the one before */
};

struct admission {
	uint8_t seed[16];
	uint32_t per_window;
	uint64_t window; /* now_ms / ADMISSION_WINDOW_MS of the last call */
	struct admission_part all, slots[NET_PREFIXES][ADMISSION_SLOTS];
	uint64_t charged_until[ADMISSION_SLOTS]; /* by source; now_ms */
};

/* seed: random, so that nobody can choose whom to share a slot with. per_second: at least one is admitted in a window.
 */
void admission_init(struct admission *admission, uint32_t per_second, const uint8_t seed[16]);
/* Whether a handshake from this address may begin now; if so, it is counted. */
bool admission_try(struct admission *admission, const struct net_address *address, uint64_t now_ms);
/* Charges the source (NET_PREFIX_SOURCE) that this address is of. */
void admission_charge(struct admission *admission, const struct net_address *address, uint64_t now_ms);

#endif

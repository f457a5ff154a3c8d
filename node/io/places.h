/* Who makes room where all places are taken (docs/spec/network.md, "Limits"): places by the address of who holds them,
 * and the prefix that holds more of them than a newcomer's. One attacker has as many addresses as he likes, but they
 * are of few prefixes. Pure: no clock, no randomness. Threads: one at a time. */
#ifndef PLACES_H
#define PLACES_H
#include <stddef.h>
#include "net_address.h"

struct place {
	struct net_address address;
	uint32_t slot; /* the caller's, one a place */
};

/* In order of address, so that whoever shares a prefix stands together. */
struct places {
	uint32_t count, max;
	struct place sorted[];
};

/* NULL: out of memory. Owns: free(). */
struct places *places_new(uint32_t max);
/* Not more than max (asserted), and no slot twice. */
void places_add(struct places *places, const struct net_address *address, uint32_t slot);
/* One that was added (asserted). */
void places_remove(struct places *places, const struct net_address *address, uint32_t slot);

enum crowd_kind {
	CROWD_OTHERS,   /* some prefix has clearly more than the newcomer's: of the places there */
	CROWD_OWN,      /* none has: of those of the newcomer's own prefix, the narrowest that has any */
	CROWD_EVERYBODY /* none has, and the newcomer's prefixes have none */
};
/* Where to look for the place that makes room: places->sorted from `first`, `count` of them. */
struct crowd {
	enum crowd_kind kind;
	uint32_t first, count;
	uint32_t total; /* of the prefix as a whole, where `count` are of the narrower one inside it that stands out */
};
/* From the widest prefix to the narrowest: where another one has at least `margin` more places than the newcomer's, the
 * crowd is there; else the newcomer's own is looked into. margin > 0. */
struct crowd places_crowd(const struct places *places, const struct net_address *newcomer, uint32_t margin);

#endif

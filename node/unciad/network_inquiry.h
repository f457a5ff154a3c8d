/* Whether the key of a home has voted before, as the network's validators say. */
#ifndef NETWORK_INQUIRY_H
#define NETWORK_INQUIRY_H
#include "home.h"

struct network_inquiry {
	const struct config *config; /* where the others are, unless the home has a configuration already */
	bool first_start;            /* no validator of the network has ever run: not all have to answer */
	/* Set by init_ask_network: */
	uint32_t asked, answered; /* validators asked; that answered that the key has not voted */
	uint64_t weight, needed;  /* of those; that would be enough */
	bool unheard;             /* too few have answered, and first_start is taken at its word */
};

/* For home_policy; context: a struct network_inquiry. Asks all others whose address is given, each on a
 * thread of its own that has ended when this returns.
 * Returns 0; EXIT_REFUSED: the key has voted, or proposed a block that is final; EXIT_UNREACHABLE: too few have
 * answered that it has not; or another exit code. Says which. */
int init_ask_network(const struct home *home, void *context);
/* Where `unheard`: says of the home that was made who was not heard, and what that risks. */
void init_warn_unheard(const char *home, const struct network_inquiry *inquiry);

#endif

/* The feed of a running validator: over the control socket of its home. */
#include <stdio.h>
#include "feed.h"
#include "uncia/error.h"

int feed_open_socket(const char *home, const struct genesis *genesis, struct feed **feed, char why[FEED_WHY_SIZE])
{
	(void)home;
	(void)genesis;
	(void)feed;
	snprintf(why, FEED_WHY_SIZE, "following a validator that runs is not there yet: stop it, and give --stopped");
	return UNCIA_E_SYSTEM;
}

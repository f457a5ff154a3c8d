/* Takes a validator's home away that a test made. */
#ifndef STORE_HOME_H
#define STORE_HOME_H
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* What the store makes, and nothing else. Returns whether the home is gone: no other file was in it. */
static inline bool store_home_remove(const char *home)
{
	static const char *const made[] = {"data/journal/data.mdb",
	                                   "data/journal/lock.mdb",
	                                   "data/journal/seal",
	                                   "data/journal/log.0",
	                                   "data/journal/log.1",
	                                   "data/journal/log.seal",
	                                   "data/journal",
	                                   "data/state/data.mdb",
	                                   "data/state/lock.mdb",
	                                   "data/state/seal",
	                                   "data/state",
	                                   "data",
	                                   "lock",
	                                   ""};
	char path[4096 + 32];

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", home, made[i]);
		remove(path);
	}
	return access(home, F_OK) != 0;
}

#endif

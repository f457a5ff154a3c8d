/* A validator's home directory: which files it has, how it is first filled, and what every command reads from it. */
#ifndef HOME_H
#define HOME_H
#include "committee.h"
#include "config.h"
#include "files.h"
#include "keys.h"
#include "store.h"

#define SELF_OBSERVER NOT_A_MEMBER

struct home {
	const char *path;
	struct genesis genesis;
	struct node_keys keys;
	uint32_t self; /* our index in the committee, or SELF_OBSERVER */
};

/* Reads keys and genesis, and finds our place in the committee. Returns an exit code; on 0, home_close. */
int home_open(const char *path, struct home *home);
void home_close(struct home *home);
int home_config(const struct home *home, struct config *config);

/* Opens the store; on failure says why (and sets *error to the uncia_error where error is not NULL). */
int home_store_open(const struct home *home, bool read_only, struct store **store, int *error);

/* Reads and checks a genesis file. Returns an exit code; on 0, genesis_deinit. */
int genesis_load(const char *path, struct genesis *genesis);

/* Fills a home that has its keys: genesis, configuration where there is none, an empty store. Taken up again where
 * it was cut short. Returns an exit code. */
int home_init(const char *path, const struct genesis *genesis, const struct config *config, bool observer);

#endif

/* A validator's home directory: which files it has, how it is filled, and what every command reads from it. Each
 * function returns an exit code, and has said on standard error what failed. Threads: the command's. */
#ifndef HOME_H
#define HOME_H
#include "actions.h"
#include "committee.h"
#include "config.h"
#include "files.h"
#include "keys.h"
#include "store.h"

#define SELF_OBSERVER NOT_A_MEMBER

struct home {
	const char *path; /* the caller's */
	struct genesis genesis;
	struct node_keys keys;
	uint32_t self; /* our index in the committee, or SELF_OBSERVER */
	bool signer;   /* a sign agent has the consensus key: consensus_secret is zeros */
};

/* Reads keys and genesis, and finds our place in the committee. A home whose unciad.conf names a signer needs no
 * consensus.key: the public one is that of the genesis beside our network key. On 0, home_close follows. */
int home_open(const char *path, struct home *home);
/* The same for what needs no secret key: a backup, which has none, is opened by the public keys in its note. */
int home_open_to_read(const char *path, struct home *home);
/* Wipes the keys. */
void home_close(struct home *home);
/* Reads the home's configuration. */
int home_config(const struct home *home, struct config *config);

/* Where the log goes that the configuration names, which must name one. */
int home_log_path(const struct home *home, const struct config *config, char path[PATH_MAX]);

/* Notes durably that a validator has been started in this home: it is never filled anew. */
int home_mark_started(const struct home *home);

/* Whether the journal is there, whole or not. */
bool home_has_journal(const struct home *home);
/* What an operator does about damage, to be put behind `why`, which is what the store or an audit says of it. */
const char *home_damage_advice(const char *why);
/* Says why the store could not be opened (error, why: store_open's). Returns EXIT_JOURNAL_LOST where the journal is not
 * there; EXIT_MISMATCH where what is there is damaged, or another home's; EXIT_FAILED. */
int home_store_failure(const struct home *home, int error, const char *why);
/* Opens the store, and from now on ends the process on a memory fault (end_on_fault). On 0, store_close follows. */
int home_store_open(const struct home *home, bool read_only, struct store **store);

/* Reads and checks a genesis file; EXIT_MISMATCH where it is none. On 0, genesis_deinit follows. */
int genesis_load(const char *path, struct genesis *genesis);

/* Under which conditions a home is filled. */
struct home_policy {
	bool observer; /* also where the keys are not of the genesis */
	/* Asked before a validator's journal is made: 0, or an exit code, having said why not. NULL: always. */
	int (*may_make)(const struct home *home, void *context);
	void *context;
};

/* Fills a home that has its keys: with the genesis, a configuration (config; where there is none) and a store that
 * holds the genesis. One that was cut short is gone on with; one that has run and has no store any more is refused. */
int home_init(const char *path, const struct genesis *genesis, const struct config *config,
              const struct home_policy *policy);

#endif

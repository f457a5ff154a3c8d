/* What a running validator uses of its configuration, and how SIGHUP changes it: the log's level and file, and the
 * addresses of the other validators. All else is read when it starts.
 *
 * Threads: the loop's, which is the one that has started it. */
#ifndef RELOAD_H
#define RELOAD_H
#include "home.h"
#include "peers.h"

/* Options of start, which stand above the configuration, whenever that is read. Zeros are none. */
struct start_options {
	const char *home;
	bool this_chain;
	bool has_log_level;
	enum log_level log_level;
	const char *log;         /* NULL: not given */
	struct endpoint metrics; /* port 0: not given */
};

/* A validator that runs, or is about to. */
struct running {
	const struct home *home;
	const struct start_options *options;
	struct config config; /* in use */
};

/* Reads the configuration, with what the options say. Returns an exit code, having said what failed. */
int running_config(const struct home *home, const struct start_options *options, struct config *config);
/* Opens the log that the configuration in use names, if any; its level is set, too. Returns an exit code, having said
 * what failed. */
int running_log(const struct running *running);
/* Where the others are, by their index; one that this validator has to dial and that has no address is told in the log.
 * peers: COMMITTEE_SIZE_MAX. */
void running_peers(const struct running *running, struct peer_address *peers);
/* What node_options->reload is; `running`: a struct running. The log is opened anew whatever else there is. A
 * configuration that is wrong changes nothing: the log says why. */
bool running_reload(void *running, struct peer_address *peers);

#endif

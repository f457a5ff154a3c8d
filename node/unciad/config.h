/* HOME/unciad.conf: where the node listens, where its peers are, and its limits. */
#ifndef CONFIG_H
#define CONFIG_H
#include "endpoint.h"
#include "log.h"
#include "protocol_limits.h"

#define CONFIG_PORT_DEFAULT 7400u

/* A number that is 0 takes the default of whoever it is for. */
struct config {
	struct endpoint listen;
	enum log_level log_level;
	uint64_t verifier_threads, wallet_links, space_reserve_mb;
	uint64_t mempool_max, mempool_per_sender_max;
	uint64_t delta_ms, heartbeat_ms, settle_ms, pace_ms, flush_ms;
	struct endpoint peers[COMMITTEE_SIZE_MAX]; /* by index in the committee; port 0: not given */
};

/* Returns an exit code: EXIT_USAGE with file and line for what is unknown, repeated or out of range. */
int config_load(const char *path, uint32_t committee_size, struct config *config);
/* A commented file with these addresses and log level, the rest left at its defaults. Returns an exit code. */
int config_write(const char *path, const struct config *config, bool replace);

#endif

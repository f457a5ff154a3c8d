/* HOME/unciad.conf: where the node listens, where its peers are, and its limits. */
#ifndef CONFIG_H
#define CONFIG_H
#include "actions.h"
#include "endpoint.h"
#include "log.h"
#include "protocol_limits.h"

#define CONFIG_PORT_DEFAULT 7400u
#define CONFIG_NAME_SIZE    32u  /* NUL included */
#define SIGNER_PATH_SIZE    108u /* NUL included: what the address of a Unix socket has room for */
#define CONFIG_LOG_SIZE     (INI_LINE_MAX + 1)

/* A number that is 0 stands for its default, which is that of node.h or replica.h. */
struct config {
	struct endpoint listen;
	struct endpoint websocket;     /* port 0: not given, WebSockets are not served */
	char signer[SIGNER_PATH_SIZE]; /* the socket of the sign agent that has the consensus key; empty: this home has
	                                  it */
	struct endpoint metrics;       /* port 0: not given, metrics are not served */
	enum log_level log_level;
	char log[CONFIG_LOG_SIZE]; /* a file, below the home where it does not begin with /; empty: standard error */
	uint64_t verifier_threads, wallet_links, space_reserve_mb;
	uint64_t mempool_max, mempool_per_sender_max;
	uint64_t delta_ms, heartbeat_ms, settle_ms, pace_ms, flush_ms, journal_log_kb;
	struct endpoint peers[COMMITTEE_SIZE_MAX]; /* by index in the committee; port 0: not given */
	uint32_t observer_count;                   /* that may follow this validator */
	struct config_observer {
		char name[CONFIG_NAME_SIZE]; /* of its section, behind "observer." */
		bool has_key;
		uint8_t network_key[32];
	} observers[OBSERVERS_MAX];
	bool strangers; /* accept_wallets: wallets of other machines are let in */
};

/* The values of --log-level and --log, into the configuration. Each returns 0, or EXIT_USAGE, having said what is
 * wrong.
 */
int config_take_log_level(const char *value, struct config *config);
int config_take_log(const char *value, struct config *config);
/* Reads a file. Returns an exit code, having said what failed: EXIT_USAGE, with file and line, for what is unknown,
 * repeated, out of range or contradicts itself; *config is then left as it was. */
int config_load(const char *path, uint32_t committee_size, struct config *config);
/* Which two listen at one port, which only one of them can have: on the same host, by its text, or on all. The key of
 * the second one, *with: that of the first; NULL: none do. */
const char *config_ports_clash(const struct config *config, const char **with);
/* The keys, divided by blanks, of what differs and is only read when a validator starts: all but log_level, the name of
 * the log and the other validators' addresses. Cut where the text ends. */
void config_differences(const struct config *one, const struct config *other, char *text, size_t size);
/* Writes a commented file with these addresses and log level; all else is left at its defaults. replace: over a file
 * that exists. Returns an exit code, having said what failed. */
int config_write(const char *path, const struct config *config, bool replace);

#endif

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

/* A number that is 0 stands for its default, which is that of node.h or replica.h. */
struct config {
	struct endpoint listen;
	struct endpoint websocket;     /* port 0: not given, WebSockets are not served */
	char signer[SIGNER_PATH_SIZE]; /* the socket of the sign agent that has the consensus key; empty: this home has
	                                  it */
	enum log_level log_level;
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

/* Reads a file. Returns an exit code, having said what failed: EXIT_USAGE, with file and line, for what is unknown,
 * repeated, out of range or contradicts itself; *config is then left as it was. */
int config_load(const char *path, uint32_t committee_size, struct config *config);
/* Whether both listen at one port, which only one of them can have: on the same host, by its text, or on all. */
bool config_ports_clash(const struct config *config);
/* Writes a commented file with these addresses and log level; all else is left at its defaults. replace: over a file
 * that exists. Returns an exit code, having said what failed. */
int config_write(const char *path, const struct config *config, bool replace);

#endif

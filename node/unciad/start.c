/* unciad start: runs a validator in the foreground until it is asked to end. */
#include <assert.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include "command.h"
#include "home.h"
#include "log.h"
#include "node.h"
#include "uncia/error.h"

static const struct poptOption options[] = {OPTIONS_HOME, OPTIONS_COMMON};

static int run_node(const struct home *home, const struct config *config, struct store *store)
{
	struct peer_address peers[COMMITTEE_SIZE_MAX] = {{.port = 0}};
	char why[256] = "";
	assert(home->self < home->genesis.committee.size);
	for (uint32_t i = 0; i < home->genesis.committee.size; i++) {
		snprintf(peers[i].host, sizeof(peers[i].host), "%s", config->peers[i].host);
		peers[i].port = config->peers[i].port;
	}
	struct node_options node = {
	    .genesis = &home->genesis,
	    .store = store,
	    .self = home->self,
	    .consensus_secret = home->keys.consensus_secret,
	    .network_secret = home->keys.network_secret,
	    .listen_host = config->listen.host,
	    .listen_port = config->listen.port,
	    .peers = peers,
	    .wallet_links_max = (uint32_t)config->wallet_links,
	    .verifier_threads = (unsigned)config->verifier_threads,
	    .space_reserve = config->space_reserve_mb << 20,
	    .delta_ms = (uint32_t)config->delta_ms,
	    .heartbeat_ms = (uint32_t)config->heartbeat_ms,
	    .settle_ms = (uint32_t)config->settle_ms,
	    .pace_ms = (uint32_t)config->pace_ms,
	    .flush_ms = (uint32_t)config->flush_ms,
	    .mempool_max = (uint32_t)config->mempool_max,
	    .mempool_per_sender_max = (uint32_t)config->mempool_per_sender_max,
	};
	int error = node_run(&node, why);
	/* The process is ending already. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (!error)
		return EXIT_DONE;
	return command_error(error == UNCIA_E_CONFIG ? EXIT_USAGE : EXIT_FAILED, "%s",
	                     *why ? why : uncia_error_text(error));
}

static int start_home(const struct home *home)
{
	struct config config;
	struct store *store;
	int code = home_config(home, &config);
	if (!code)
		code = home_store_open(home, false, &store, NULL);
	if (code)
		return code;
	/* Large blocks are mapped, and unmapped when they are freed, as a flush's are. By default glibc raises this
	 * threshold by itself, and keeps a hundred MiB in holes of the heap. */
	mallopt(M_MMAP_THRESHOLD, 512 << 10);
	/* A turn of the loop frees memory that the next one needs again: a few MiB at the heap's end stay. */
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	log_set_level(config.log_level);
	code = run_node(home, &config, store);
	store_close(store);
	return code;
}

static int start_run(struct arguments *arguments)
{
	const char *path;
	bool json;
	struct home home;
	int code = arguments_home(arguments, &path, &json);
	if (!code)
		code = home_open(path, &home);
	if (code)
		return code;
	if (home.self == SELF_OBSERVER)
		code = command_error(
		    EXIT_FAILED, "the consensus key of %s is not one of the genesis: only validators can run", path);
	else
		code = start_home(&home);
	home_close(&home);
	return code;
}

const struct command command_start = {
    .name = "start",
    .summary = "run a validator",
    .description =
        "Runs the validator of HOME in the foreground, logging to standard error, until SIGTERM or SIGINT. One\n"
        "process runs in a home; a home is started only where its keys were made for it and only with the\n"
        "journal that init made.",
    .options = options,
    .run = start_run,
};

/* unciad start: runs a validator in the foreground until it is asked to end. */
#include <assert.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "backup_note.h"
#include "command.h"
#include "home.h"
#include "log.h"
#include "node.h"
#include "second_chain.h"
#include "uncia/error.h"

enum { OPTION_THIS_CHAIN = 1 };

static const struct poptOption options[] = {
    OPTIONS_HOME,
    {"this-chain", '\0', POPT_ARG_NONE, NULL, OPTION_THIS_CHAIN,
     "Go on though a second chain was seen: all operators have agreed on this one", NULL},
    OPTIONS_COMMON,
};

static int run_node(const struct home *home, const struct config *config, struct store *store)
{
	struct peer_address peers[COMMITTEE_SIZE_MAX] = {{.port = 0}};
	char why[256] = "";
	int code = EXIT_FAILED;
	assert(home->self < home->genesis.committee.size);
	for (uint32_t i = 0; i < home->genesis.committee.size; i++) {
		snprintf(peers[i].host, sizeof(peers[i].host), "%s", config->peers[i].host);
		peers[i].port = config->peers[i].port;
		/* network §8.2: those of a higher index are ours to dial. */
		if (i > home->self && !peers[i].port)
			log_event(LOG_LEVEL_WARNING, "no_address", LOG_NUMBER("peer", i));
	}
	struct node_options node = {
	    .genesis = &home->genesis,
	    .store = store,
	    .self = home->self,
	    .consensus_secret = home->keys.consensus_secret,
	    .network_secret = home->keys.network_secret,
	    .listen_host = config->listen.host,
	    .listen_port = config->listen.port,
	    .web_host = config->websocket.port ? config->websocket.host : NULL,
	    .web_port = config->websocket.port,
	    .home = home->path,
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
	if (error == UNCIA_E_CONFIG)
		code = EXIT_USAGE;
	else if (error == UNCIA_E_DAMAGED)
		code = EXIT_MISMATCH;
	const char *what = *why ? why : uncia_error_text(error);
	return command_error(code, "%s%s", what, code == EXIT_MISMATCH ? home_damage_advice(what) : "");
}

#define HEAP_AHEAD ((size_t)64 << 20)
#define LARGE_PAGE ((size_t)2 << 20)

/* Sets up malloc for a process that takes and gives back megabytes in each turn of its loop. */
static void heap_prepare(void)
{
	/* Large blocks for which the end of the heap has no room are mapped, and unmapped when they are freed, as a
	 * flush's are. By default glibc raises this threshold by itself, and keeps a hundred MiB in holes of the heap.
	 */
	mallopt(M_MMAP_THRESHOLD, 512 << 10);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* Where the kernel has large pages for whoever asks for them, the heap shall have some: the loop mostly waits
	 * for memory, and for the tables of pages before that. The heap is extended once, the addresses alone: so
	 * large blocks come from there, too, while it has so much left. What has been used and is free again stays
	 * the process's, up to 128 MiB at the heap's end; beyond that glibc gives all of it back, these addresses
	 * with it. */
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 2 * HEAP_AHEAD);
	void *ahead = malloc(HEAP_AHEAD);
	if (ahead) /* a hint: a kernel that does not take it serves all the same */
		madvise((uint8_t *)ahead + (-(uintptr_t)ahead & (LARGE_PAGE - 1)), HEAP_AHEAD - LARGE_PAGE,
		        MADV_HUGEPAGE);
	free(ahead);
	mallopt(M_MMAP_MAX, 1 << 16);
#endif
}

static int start_home(const struct home *home, bool despite_second_chain)
{
	struct config config;
	struct store *store;
	int code = home_config(home, &config);
	if (!code)
		code = home_store_open(home, false, &store);
	if (code)
		return code;
	heap_prepare();
	log_set_level(config.log_level);
	if (config.journal_log_kb)
		journal_set_log_limit(store, (size_t)config.journal_log_kb << 10);
	code = second_chain_refuse(home, store, despite_second_chain);
	if (!code)
		backup_note_warn(home);
	if (!code)
		code = home_mark_started(home);
	if (!code)
		code = run_node(home, &config, store);
	store_close(store);
	return code;
}

static int start_run(struct arguments *arguments)
{
	const char *path = NULL, *value;
	bool this_chain = false;
	int option, code = 0;
	struct home home;
	signal(SIGHUP, SIG_IGN);
	while ((option = arguments_next(arguments, &value)) > 0) {
		if (option == OPTION_HOME)
			path = value;
		else
			this_chain = true;
	}
	if (option < 0)
		return EXIT_USAGE;
	if (!path)
		return command_usage_error(arguments, "--home is missing");
	code = home_open(path, &home);
	if (code)
		return code;
	if (home.self == SELF_OBSERVER)
		code = command_error(
		    EXIT_MISMATCH, "the consensus key of %s is not one of the genesis: only validators can run", path);
	else
		code = start_home(&home, this_chain);
	home_close(&home);
	return code;
}

const struct command command_start = {
    .name = "start",
    .summary = "run a validator",
    .description =
        "Runs the validator of HOME in the foreground, logging to standard error, until SIGTERM or SIGINT. One\n"
        "process runs in a home; a home is started only where its keys were made for it and only with the\n"
        "journal that init made. SIGHUP is ignored. Exit codes: 0 it was asked to end; 1 starting it again may help;\n"
        "and it does not after 2 (the configuration is wrong), 7 (what is stored is damaged, missing or of another\n"
        "home), 9 (the journal of votes is gone) and 10 (there is a second chain).",
    .options = options,
    .run = start_run,
};

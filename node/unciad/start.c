/* unciad start: runs a validator in the foreground until it is asked to end. */
#include <assert.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "backup_note.h"
#include "command.h"
#include "home.h"
#include "inside.h"
#include "log.h"
#include "node.h"
#include "reload.h"
#include "remote_signer.h"
#include "second_chain.h"
#include "supervision.h"
#include "uncia/error.h"

enum { OPTION_THIS_CHAIN = 1, OPTION_METRICS, OPTION_LOG, OPTION_LOG_LEVEL };

static const struct poptOption options[] = {
    OPTIONS_HOME,
    {"this-chain", '\0', POPT_ARG_NONE, NULL, OPTION_THIS_CHAIN,
     "Go on though a second chain was seen: all operators have agreed on this one", NULL},
    {"metrics", '\0', POPT_ARG_STRING, NULL, OPTION_METRICS,
     "Where to serve /metrics and /healthz to whoever connects (as HOME/unciad.conf says)", "HOST:PORT"},
    {"log", '\0', POPT_ARG_STRING, NULL, OPTION_LOG, "A file for the log (as HOME/unciad.conf says)", "FILE"},
    {"log-level", '\0', POPT_ARG_STRING, NULL, OPTION_LOG_LEVEL,
     "error, warning, info or debug (as HOME/unciad.conf says)", "LEVEL"},
    OPTIONS_COMMON,
};

/* A validator has its link by the genesis: under its key nobody else is let in. */
static int refuse_validators_as_observers(const struct home *home, const struct config *config)
{
	const struct committee *c = &home->genesis.committee;

	for (uint32_t i = 0; i < config->observer_count; i++)
		for (uint32_t k = 0; k < c->size; k++)
			if (!memcmp(config->observers[i].network_key, c->validators[k].network_key, 32))
				return command_error(
				    EXIT_USAGE,
				    "%s/unciad.conf: the network_key of observer %s is that of validator %u",
				    home->path, config->observers[i].name, k);
	return 0;
}

/* The exit code that an error of node_run or inside_new stands for. */
static int end_of(int error, const char *why)
{
	int code = EXIT_FAILED;
	if (error == UNCIA_E_CONFIG)
		code = EXIT_USAGE;
	else if (error == UNCIA_E_DAMAGED)
		code = EXIT_MISMATCH;
	const char *what = *why ? why : uncia_error_text(error);
	return command_error(code, "%s%s", what, code == EXIT_MISMATCH ? home_damage_advice(what) : "");
}

static int run_node(struct running *running, struct store *store, struct inside *inside, struct remote_signer *signer)
{
	const struct home *home = running->home;
	const struct config *config = &running->config;
	struct peer_address peers[COMMITTEE_SIZE_MAX] = {{.port = 0}};
	struct observer_key observers[OBSERVERS_MAX];
	struct supervision supervision;
	char why[256] = "";
	running_peers(running, peers);
	for (uint32_t i = 0; i < config->observer_count; i++)
		memcpy(observers[i].b, config->observers[i].network_key, sizeof(observers[i].b));
	struct node_options node = {
	    .genesis = &home->genesis,
	    .store = store,
	    .self = home->self,
	    .consensus_secret = home->keys.consensus_secret,
	    .sign = signer ? remote_signer_sign : NULL,
	    .sign_context = signer,
	    .network_secret = home->keys.network_secret,
	    .listen_host = config->listen.host,
	    .listen_port = config->listen.port,
	    .web_host = config->websocket.port ? config->websocket.host : NULL,
	    .web_port = config->websocket.port,
	    .home = home->path,
	    .peers = peers,
	    .observers = observers,
	    .observer_count = config->observer_count,
	    .local_wallets_only = !config->strangers,
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
	    .reload = running_reload,
	    .context = running,
	    .running = inside ? inside_running : NULL,
	    .figures = inside ? inside_figures : NULL,
	    .inside = inside,
	};
	supervision_begin(&supervision, &node);
	int error = node_run(&node, why);
	/* The process is ending already. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return error ? end_of(error, why) : EXIT_DONE;
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

/* A key that an agent has must be nowhere else: whoever reads this home could vote with it. */
static int refuse_two_keys(const struct home *home, const struct config *config)
{
	if (!*config->signer || home->signer)
		return 0;
	return command_error(EXIT_USAGE,
	                     "%s/unciad.conf names a signer, and %s/consensus.key is here, too: move it to the agent "
	                     "(unciad sign-agent init), or take `signer` out of unciad.conf",
	                     home->path, home->path);
}

/* Shows figures, where that is configured, and runs the node. */
static int run_shown(struct running *running, struct store *store, struct remote_signer *signer)
{
	const struct endpoint *at = &running->config.metrics;
	struct inside *inside = NULL;
	char why[256] = "";
	int error = at->port ? inside_new(at->host, at->port, &inside, why) : 0;
	if (error)
		return end_of(error, why);
	if (inside)
		log_event(LOG_LEVEL_INFO, "metrics", LOG_TEXT("host", at->host),
		          LOG_NUMBER("port", (uint64_t)inside_port(inside)));
	int code = run_node(running, store, inside, signer);
	inside_free(inside);
	return code;
}

/* Runs the node, with the sign agent where there is one. */
static int run_signed(struct running *running, struct store *store)
{
	const char *at = running->config.signer;
	struct remote_signer *signer = NULL;
	int code = *at ? remote_signer_begin(running->home, at, store, &signer) : 0;
	if (!code)
		code = run_shown(running, store, signer);
	remote_signer_end(signer);
	return code;
}

static int start_home(const struct home *home, const struct start_options *given)
{
	struct running running = {.home = home, .options = given};
	struct store *store;
	int code = running_config(home, given, &running.config);
	if (!code)
		code = refuse_validators_as_observers(home, &running.config);
	if (!code)
		code = refuse_two_keys(home, &running.config);
	if (!code)
		code = home_store_open(home, false, &store);
	if (code)
		return code;
	heap_prepare();
	code = running_log(&running);
	if (running.config.journal_log_kb)
		journal_set_log_limit(store, (size_t)running.config.journal_log_kb << 10);
	if (!code)
		code = second_chain_refuse(home, store, given->this_chain);
	if (!code)
		backup_note_warn(home);
	if (!code)
		code = home_mark_started(home);
	if (!code)
		code = run_signed(&running, store);
	store_close(store);
	/* Standard error has it, and whoever looks there; who looks into the log finds no other line. */
	if (code && log_is_file())
		log_event(LOG_LEVEL_ERROR, "not_started", LOG_TEXT("why", command_failure()));
	return code;
}

static int start_take_option(struct start_options *given, int option, const char *value)
{
	struct config config = {.log_level = LOG_LEVEL_INFO};
	int code = 0;
	switch (option) {
	case OPTION_HOME:
		given->home = value;
		return 0;
	case OPTION_METRICS:
		return endpoint_take("metrics", value, &given->metrics);
	case OPTION_LOG:
		given->log = value;
		return config_take_log(value, &config);
	case OPTION_LOG_LEVEL:
		code = config_take_log_level(value, &config);
		given->has_log_level = true;
		given->log_level = config.log_level;
		return code;
	default:
		given->this_chain = true;
		return 0;
	}
}

static int start_run(struct arguments *arguments)
{
	struct start_options given = {.home = NULL};
	const char *value;
	int option, code = 0;
	struct home home;
	signal(SIGHUP, SIG_IGN);
	while (!code && (option = arguments_next(arguments, &value)) != 0)
		code = option < 0 ? EXIT_USAGE : start_take_option(&given, option, value);
	if (!code && !given.home)
		code = command_usage_error(arguments, "--home is missing");
	if (!code)
		code = home_open(given.home, &home);
	if (code)
		return code;
	code = start_home(&home, &given);
	home_close(&home);
	return code;
}

const struct command command_start = {
    .name = "start",
    .summary = "run a validator",
    .description =
        "Runs the validator of HOME in the foreground, until SIGTERM or SIGINT; it logs to standard error, or to a\n"
        "file. One process runs in a home; a home is started only where its keys were made for it and only with the\n"
        "journal that init made. SIGHUP reads the log's level and the others' addresses from HOME/unciad.conf, and\n"
        "opens the log's file anew; what is wrong there changes nothing, and is said in the log. Options stand above\n"
        "the file. Where systemd starts it (Type=notify), it says when it votes or follows the others, and that it\n"
        "lives. Exit codes: 0 it was asked to end; 1 starting it again may help;\n"
        "and it does not after 2 (the configuration is wrong), 7 (what is stored is damaged, missing or of another\n"
        "home), 9 (the journal of votes is gone) and 10 (there is a second chain).",
    .options = options,
    .run = start_run,
};

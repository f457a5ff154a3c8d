/* uncia-indexer: options, and what they ask for. */
#include <errno.h>
#include <popt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tables_check.h"
#include "follow.h"
#include "forms.h"
#include "http.h"
#include "indexer_say.h"
#include "program.h"
#include "sign.h"
#include "tables.h"
#include "uncia/error.h"
#include "uncia/version.h"

static char *network_path, *database_text, *read_text, *home_path, *listen_text, *libuncia_path, *partition_text,
    *per_address_text;
static int home_stopped, run_once, run_check, print_json, print_version;

#define OPTION_MANUAL 1

static const struct poptOption indexer_options[] = {
    {"network", 0, POPT_ARG_STRING, &network_path, 0, "The network file", "FILE"},
    {"database", 0, POPT_ARG_STRING, &database_text, 0,
     "PostgreSQL, as libpq names it: \"host=… dbname=…\", or postgresql://…", "CONNECTION"},
    {"home", 0, POPT_ARG_STRING, &home_path, 0, "Index what is final at the validator of this home", "HOME"},
    {"stopped", 0, POPT_ARG_NONE, &home_stopped, 0, "The validator of --home does not run: read its journal, and end",
     NULL},
    {"once", 0, POPT_ARG_NONE, &run_once, 0, "End where all that is final now is in the tables", NULL},
    {"check", 0, POPT_ARG_NONE, &run_check, 0, "Hold the tables against the state of --home, which is stopped, and end",
     NULL},
    {"json", 0, POPT_ARG_NONE, &print_json, 0, "Print what --check found as one JSON object", NULL},
    {"listen", 0, POPT_ARG_STRING, &listen_text, 0, "Serve the explorer there", "HOST:PORT"},
    {"libuncia", 0, POPT_ARG_STRING, &libuncia_path, 0,
     "libuncia for browsers (./run js), so that the page verifies what it shows", "FOLDER"},
    {"read-from", 0, POPT_ARG_STRING, &read_text, 0, "Answer from another server than --database: a standby of it",
     "CONNECTION"},
    {"per-address", 0, POPT_ARG_STRING, &per_address_text, 0,
     "Connections that one address may have (64); 0: any number, for behind a proxy", "N"},
    {"partition", 0, POPT_ARG_STRING, &partition_text, 0,
     "Heights in a partition of tables that are made now (1000000)", "N"},
    {"version", 0, POPT_ARG_NONE, &print_version, 0, "Print the version", NULL},
    {"manual", 0, POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, NULL, OPTION_MANUAL, "Print the page of the manual", NULL},
    POPT_AUTOHELP POPT_TABLEEND};

static const struct poptOption help_option[] = {{"help", '?', POPT_ARG_NONE, NULL, 0, "Show the options", NULL},
                                                POPT_TABLEEND};

static const struct program indexer_program = {
    .name = "uncia-indexer",
    .version = UNCIA_VERSION,
    .section = 8,
    .summary = "writes the final chain into PostgreSQL, and serves an explorer",
    .synopsis = "*uncia-indexer* *--network* _FILE_ *--database* _CONNECTION_ \\[*--home* _HOME_] \\[*--listen* "
                "_HOST:PORT_] \\[_OPTION_...]",
    .description =
        "Follows a validator of this machine over the control socket in its home, as the home's owner, checks every\n"
        "block by itself, and writes all of it into PostgreSQL, in the schema _uncia_. With *--listen* it serves a "
        "page\n"
        "and a JSON interface from what is there; without *--home* it does that alone. It goes on from where it was "
        "at\n"
        "every start. SIGTERM and SIGINT end it.",
    .tail =
        "# EXIT STATUS\n\n*0*\n\tit was told to end, or has done what *--once*, *--stopped* or *--check* asks for\n\n"
        "*1*\n\ta file, a port, a role or tables of another release\n\n"
        "*2*\n\tusage, or a mistake in the network file\n\n"
        "*6*\n\twith *--once*: the validator or PostgreSQL cannot be reached\n\n"
        "*7*\n\tthings contradict each other: what the validator gives is not proved, or tables and chain differ\n\n"
        "# SEE ALSO\n\n*unciad*(8), *psql*(1)\n",
    .leading = help_option,
    .options = indexer_options,
};

static int print_indexer_manual(void)
{
	manual_print(&indexer_program, "");
	return fflush(stdout) || ferror(stdout) ? indexer_say(INDEXER_FAILED, "standard output: %s", strerror(errno))
	                                        : INDEXER_DONE;
}

/* All threads leave these to follow_wait. */
static void block_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static int check_options(uint64_t *partition, uint64_t *per_address)
{
	*partition = TABLES_PARTITION_DEFAULT;
	*per_address = HTTP_PER_ADDRESS_DEFAULT;
	if (!network_path || !database_text)
		return indexer_say(INDEXER_USAGE, "--network and --database are needed (see --help)");
	if (!home_path && (home_stopped || run_once || run_check))
		return indexer_say(INDEXER_USAGE,
		                   "--stopped, --once and --check are about the validator of --home (see --help)");
	if (!home_path && !listen_text)
		return indexer_say(INDEXER_USAGE,
		                   "nothing to do: --home indexes, --listen serves the explorer (see --help)");
	if (run_check && (listen_text || run_once))
		return indexer_say(INDEXER_USAGE, "--check is done alone (see --help)");
	if (partition_text && (!form_read_number(partition_text, INT64_MAX / 2, partition) || !*partition))
		return indexer_say(INDEXER_USAGE, "--partition %s: not a number of heights above 0", partition_text);
	if (per_address_text && !form_read_number(per_address_text, 100000, per_address))
		return indexer_say(INDEXER_USAGE, "--per-address %s: not a number up to 100000", per_address_text);
	return INDEXER_DONE;
}

static int open_feed(const struct known_network *known, struct feed **feed)
{
	char why[FEED_WHY_SIZE];

	int error = home_stopped ? feed_open_home(home_path, &known->genesis, feed, why)
	                         : feed_open_socket(home_path, feed, why);
	return error
	           ? indexer_say(error == UNCIA_E_BUSY ? INDEXER_FAILED : indexer_code(error), "%s: %s", home_path, why)
	           : INDEXER_DONE;
}

/* Indexes; or serves alone, until it is told to end. */
static int run_indexer(const struct known_network *known, struct standing *standing, uint64_t partition)
{
	struct follow_options options = {.known = known,
	                                 .database = database_text,
	                                 .standing = standing,
	                                 .partition_heights = partition,
	                                 .once = run_once};

	if (!home_path) {
		while (!follow_wait(1000))
			;
		return INDEXER_DONE;
	}
	int code = open_feed(known, &options.feed);
	if (code)
		return code;
	code = follow_run(&options);
	options.feed->close(options.feed);
	return code;
}

static int run_all(const struct known_network *known, uint64_t partition, uint64_t per_address)
{
	struct standing standing;
	struct http *http = NULL;
	int code = INDEXER_DONE;

	if (run_check)
		return check_tables(&(struct check_options){known, database_text, home_path, print_json});
	standing_init(&standing, home_path ? STANDING_STARTING : STANDING_READING);
	if (listen_text)
		code = http_start(&(struct http_options){.known = known,
		                                         .database = read_text ? read_text : database_text,
		                                         .standing = &standing,
		                                         .indexes = home_path,
		                                         .listen = listen_text,
		                                         .libuncia = libuncia_path,
		                                         .per_address = (uint32_t)per_address},
		                  &http);
	if (!code)
		code = run_indexer(known, &standing, partition);
	server_stop(http);
	return code;
}

int main(int argc, const char **argv)
{
	poptContext popt = poptGetContext("uncia-indexer", argc, argv, indexer_options, 0);
	struct known_network known = {0};
	uint64_t partition, per_address;

	block_signals();
	int option = poptGetNextOpt(popt), code;
	if (option < -1 || poptPeekArg(popt))
		code = indexer_say(INDEXER_USAGE, "%s%s%s (see --help)",
		                   option < -1 ? poptBadOption(popt, POPT_BADOPTION_NOALIAS) : poptPeekArg(popt),
		                   option < -1 ? ": " : ": what is this argument?",
		                   option < -1 ? poptStrerror(option) : "");
	else if (option == OPTION_MANUAL)
		code = print_indexer_manual();
	else if (print_version)
		code = puts("uncia-indexer " UNCIA_VERSION) < 0 ? INDEXER_FAILED : INDEXER_DONE;
	else if (sign_self_test())
		code = indexer_say(INDEXER_FAILED, "%s", uncia_error_text(UNCIA_E_LIBRARY));
	else if (!(code = check_options(&partition, &per_address)) &&
	         !(code = known_network_load(network_path, &known)))
		code = run_all(&known, partition, per_address);
	known_network_free(&known);
	poptFreeContext(popt);
	return code;
}

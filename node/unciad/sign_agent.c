/* unciad sign-agent: signs for a validator, out of another process, and never twice. */
#include "sign_agent.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "files.h"
#include "home.h"
#include "log.h"
#include "signer_agent.h"
#include "uncia/error.h"

enum { OPTION_SOCKET = 1 };

static const struct poptOption options[] = {
    {"home", '\0', POPT_ARG_STRING, NULL, OPTION_HOME, "The agent's directory, as sign-agent init made it", "DIR"},
    {"socket", '\0', POPT_ARG_STRING, NULL, OPTION_SOCKET, "The socket to listen on: `signer` of unciad.conf", "PATH"},
    OPTIONS_COMMON,
};

/* The agent's directory: its key, its genesis; the record lies beside them. */
struct agent_home {
	const char *path;
	struct genesis genesis;
	struct node_keys keys; /* the consensus key alone */
	uint32_t self;
};

static void agent_home_close(struct agent_home *home)
{
	keys_wipe(&home->keys);
	genesis_deinit(&home->genesis);
}

/* Reads genesis and key, and finds whose it is. */
static int agent_home_open(const char *path, struct agent_home *home)
{
	char file[PATH_MAX];
	*home = (struct agent_home){.path = path};
	int code = path_join(path, "genesis", file);
	if (!code && !path_exists(file))
		code = command_error(EXIT_FAILED,
		                     "%s is no sign agent's directory: make one with  unciad sign-agent init", path);
	if (code)
		return code;
	code = genesis_load(file, &home->genesis);
	if (code)
		return code;
	code = keys_load_consensus(path, &home->keys);
	while (!code && home->self < home->genesis.committee.size &&
	       memcmp(home->genesis.committee.validators[home->self].consensus_key, home->keys.consensus_public,
	              PUBLIC_KEY_SIZE))
		home->self++;
	if (!code && home->self == home->genesis.committee.size)
		code = command_error(
		    EXIT_MISMATCH, "%s/consensus.key is none of the genesis beside it: one of the two is another one's",
		    path);
	if (code)
		agent_home_close(home);
	return code;
}

int agent_record_failure(const char *path, int error, const char *why)
{
	if (error == UNCIA_E_NOT_FOUND)
		return command_error(
		    EXIT_JOURNAL_LOST,
		    "%s/data, the record of what this key has signed, is gone: without it the key must not "
		    "sign any more. Put it back as it was when the agent last ended, and no older copy; else "
		    "see \"A sign agent\" in docs/operating.md",
		    path);
	if (error == UNCIA_E_DAMAGED || error == UNCIA_E_NETWORK)
		return command_error(
		    EXIT_MISMATCH,
		    "%s: the record of what this key has signed: %s. Without all of it the key must not sign: "
		    "see \"A sign agent\" in docs/operating.md",
		    path, *why ? why : uncia_error_text(error));
	if (*why) /* which names the path */
		return command_error(EXIT_FAILED, "%s", why);
	return command_error(EXIT_FAILED, "%s: %s", path, uncia_error_text(error));
}

/* ---- running ------------------------------------------------------------------------------- */

static volatile sig_atomic_t asked_to_end;

static void on_end(int number)
{
	(void)number;
	asked_to_end = 1;
}

/* SIGTERM and SIGINT are let in only while the agent waits: so none is missed between its look at the flag and that. */
static void hold_signals(sigset_t *waiting)
{
	const struct sigaction end = {.sa_handler = on_end};
	sigset_t held;
	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	sigprocmask(SIG_BLOCK, &held, waiting);
	sigdelset(waiting, SIGTERM);
	sigdelset(waiting, SIGINT);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static void on_listening(void *context)
{
	const char *path = context;
	log_event(LOG_LEVEL_INFO, "signs", LOG_TEXT("socket", path));
}

static void on_refused(void *context, const struct signer_request *request, enum signer_verdict verdict)
{
	static const char *const reasons[] = {[SIGNER_CONTRADICTS] = "another_vote_was_signed",
	                                      [SIGNER_PAST] = "past_view",
	                                      [SIGNER_FOREIGN] = "another_network_or_epoch",
	                                      [SIGNER_MALFORMED] = "malformed",
	                                      [SIGNER_FAILED] = "record_failed"};
	struct vote vote;
	bool is_vote = request->question == SIGNER_VOTE && !statement_read_vote(request->statement, &vote);
	(void)context;
	log_event(LOG_LEVEL_WARNING, "refused", LOG_TEXT("why", reasons[verdict]),
	          LOG_NUMBER("question", request->question), LOG_NUMBER("view", is_vote ? vote.view : 0),
	          LOG_NUMBER("kind", is_vote ? vote.kind : 0));
}

static int agent_serve_home(const struct agent_home *home, const char *socket)
{
	const struct signed_record_owner owner = {&home->genesis.network_id, &home->genesis.committee, home->self};
	struct signed_record *record;
	struct signer_agent_counts counts;
	sigset_t waiting;
	char why[256] = "";
	end_on_fault(EXIT_FAILED);
	int error = signed_record_open(home->path, &owner, home->keys.consensus_secret, &record, why);
	if (error)
		return agent_record_failure(home->path, error, why);
	hold_signals(&waiting);
	const struct signer_agent_options agent = {.record = record,
	                                           .path = socket,
	                                           .stop = &asked_to_end,
	                                           .waiting = &waiting,
	                                           .ready = on_listening,
	                                           .refused = on_refused,
	                                           .context = (void *)(uintptr_t)socket};
	error = signer_agent_run(&agent, &counts, why);
	signed_record_close(record);
	log_event(LOG_LEVEL_INFO, "ended", LOG_NUMBER("votes", counts.votes), LOG_NUMBER("expiries", counts.expiries),
	          LOG_NUMBER("refused", counts.refused));
	return error ? command_error(error == UNCIA_E_DAMAGED    ? EXIT_MISMATCH
	                             : error == UNCIA_E_ARGUMENT ? EXIT_USAGE
	                                                         : EXIT_FAILED,
	                             "%s", *why ? why : uncia_error_text(error))
	             : EXIT_DONE;
}

static int agent_run(struct arguments *arguments)
{
	const char *path = NULL, *socket = NULL, *value;
	struct agent_home home;
	int option;
	while ((option = arguments_next(arguments, &value)) > 0) {
		if (option == OPTION_HOME)
			path = value;
		else
			socket = value;
	}
	if (option < 0)
		return EXIT_USAGE;
	if (!path || !socket)
		return command_usage_error(arguments, "%s is missing", path ? "--socket" : "--home");
	int code = agent_home_open(path, &home);
	if (code)
		return code;
	code = agent_serve_home(&home, socket);
	agent_home_close(&home);
	return code;
}

const struct command command_sign_agent = {
    .name = "sign-agent",
    .summary = "hold a validator's consensus key, and sign for it",
    .description =
        "Signs for a validator that runs as another process, best as another user, and asks over a socket. It keeps a\n"
        "record of every vote, durable before the signature leaves, and by that record refuses what contradicts it: "
        "so\n"
        "whoever takes over the validator can make no second vote. Runs in the foreground, logging to standard error,\n"
        "until SIGTERM or SIGINT. Exit codes: 0 it was asked to end; 1 starting it again may help; and it does not "
        "after\n"
        "2, 7 (the record is damaged, or of another key) and 9 (the record is gone).",
    .options = options,
    .run = agent_run,
};

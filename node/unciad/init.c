/* unciad init: fills a home from a genesis file. */
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "home.h"
#include "network_inquiry.h"

enum {
	OPTION_GENESIS = 1,
	OPTION_LISTEN,
	OPTION_WEBSOCKET,
	OPTION_METRICS,
	OPTION_LOG,
	OPTION_LOG_LEVEL,
	OPTION_PEER,
	OPTION_OBSERVER,
	OPTION_FIRST_START,
};

static const struct poptOption options[] = {
    OPTIONS_HOME,
    {"genesis", '\0', POPT_ARG_STRING, NULL, OPTION_GENESIS, "The network's genesis file", "FILE"},
    {"listen", '\0', POPT_ARG_STRING, NULL, OPTION_LISTEN, "Where to listen (0.0.0.0:7400)", "HOST:PORT"},
    {"listen-websocket", '\0', POPT_ARG_STRING, NULL, OPTION_WEBSOCKET,
     "Where to serve WebSockets, for wallets in browsers (nowhere)", "HOST:PORT"},
    {"metrics", '\0', POPT_ARG_STRING, NULL, OPTION_METRICS,
     "Where to serve /metrics and /healthz to whoever connects (nowhere)", "HOST:PORT"},
    {"log", '\0', POPT_ARG_STRING, NULL, OPTION_LOG, "A file for the log (standard error)", "FILE"},
    {"log-level", '\0', POPT_ARG_STRING, NULL, OPTION_LOG_LEVEL, "error, warning, info or debug (info)", "LEVEL"},
    {"peer", '\0', POPT_ARG_STRING, NULL, OPTION_PEER, "Where another validator is; once for each", "INDEX=HOST:PORT"},
    {"observer", '\0', POPT_ARG_NONE, NULL, OPTION_OBSERVER,
     "Make the home of an observer, which is no validator: it follows the network, and serves wallets", NULL},
    {"first-start", '\0', POPT_ARG_NONE, NULL, OPTION_FIRST_START,
     "No validator of this network has ever run: not all have to answer", NULL},
    OPTIONS_JSON,
    OPTIONS_COMMON,
};

struct request {
	const char *home, *genesis;
	struct config config;
	bool has_listen, has_log_level, observer, first_start, json;
};

static int init_take_option(struct request *r, int option, const char *value)
{
	switch (option) {
	case OPTION_HOME:
		r->home = value;
		return 0;
	case OPTION_GENESIS:
		r->genesis = value;
		return 0;
	case OPTION_LISTEN:
		r->has_listen = true;
		return endpoint_take("listen", value, &r->config.listen);
	case OPTION_WEBSOCKET:
		return endpoint_take("listen-websocket", value, &r->config.websocket);
	case OPTION_METRICS:
		return endpoint_take("metrics", value, &r->config.metrics);
	case OPTION_LOG:
		return config_take_log(value, &r->config);
	case OPTION_LOG_LEVEL:
		r->has_log_level = true;
		return config_take_log_level(value, &r->config);
	case OPTION_PEER:
		return endpoint_take_indexed("peer", value, r->config.peers, COMMITTEE_SIZE_MAX);
	case OPTION_OBSERVER:
		r->observer = true;
		return 0;
	case OPTION_FIRST_START:
		r->first_start = true;
		return 0;
	default:
		r->json = true;
		return 0;
	}
}

static int refuse_text(const char *path, const char *option, const char *text)
{
	return command_error(EXIT_USAGE,
	                     "--%s%s: %s is there already, is kept, and does not say so: change it there, or leave "
	                     "the option out",
	                     option, text, path);
}

static int refuse_option(const char *path, const char *option, const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_SIZE];
	endpoint_format(endpoint, text);
	return refuse_text(path, option, text);
}

static int refuse_one_port(const struct request *r)
{
	const char *with, *clash = config_ports_clash(&r->config, &with);
	if (!clash)
		return 0;
	if (!strcmp(clash, "metrics"))
		return command_error(EXIT_USAGE, "--metrics has the port of --%s: metrics need one of their own",
		                     !strcmp(with, "listen") ? "listen" : "listen-websocket");
	return command_error(EXIT_USAGE,
	                     "--listen-websocket has the port of --listen (0.0.0.0:%u where it is not given): "
	                     "WebSockets need one of their own",
	                     CONFIG_PORT_DEFAULT);
}

/* A configuration that is there is kept: what options say otherwise would be lost in silence. */
static int agree_with_present(const struct request *r, uint32_t committee_size)
{
	char path[PATH_MAX], option[24];
	struct config present;
	int code = path_join(r->home, "unciad.conf", path);
	if (code)
		return code;
	if (!path_exists(path))
		return refuse_one_port(r);
	code = config_load(path, committee_size, &present);
	if (code)
		return code;
	if (r->has_listen && !endpoint_equal(&r->config.listen, &present.listen))
		return refuse_option(path, "listen ", &r->config.listen);
	if (r->config.websocket.port && !endpoint_equal(&r->config.websocket, &present.websocket))
		return refuse_option(path, "listen-websocket ", &r->config.websocket);
	if (r->config.metrics.port && !endpoint_equal(&r->config.metrics, &present.metrics))
		return refuse_option(path, "metrics ", &r->config.metrics);
	if (*r->config.log && strcmp(r->config.log, present.log))
		return refuse_text(path, "log ", r->config.log);
	if (r->has_log_level && r->config.log_level != present.log_level)
		return refuse_text(path, "log-level ", log_level_name(r->config.log_level));
	for (uint32_t i = 0; i < committee_size; i++) {
		if (!r->config.peers[i].port || endpoint_equal(&r->config.peers[i], &present.peers[i]))
			continue;
		snprintf(option, sizeof(option), "peer %u=", i);
		return refuse_option(path, option, &r->config.peers[i]);
	}
	return 0;
}

static int check_config(const struct request *r, uint32_t committee_size)
{
	for (uint32_t i = committee_size; i < COMMITTEE_SIZE_MAX; i++) {
		if (r->config.peers[i].port)
			return command_error(EXIT_USAGE, "--peer %u=…: the committee's members are 0 to %u", i,
			                     committee_size - 1);
	}
	return agree_with_present(r, committee_size);
}

static int init_home(const struct request *r)
{
	struct genesis genesis;
	struct network_inquiry inquiry = {.config = &r->config, .first_start = r->first_start};
	int code = genesis_load(r->genesis, &genesis);
	if (code)
		return EXIT_FAILED; /* a file that is given is no stored one */
	code = check_config(r, genesis.committee.size);
	if (!code)
		code = home_init(r->home, &genesis, &r->config,
		                 &(struct home_policy){r->observer, init_ask_network, &inquiry});
	if (!code)
		init_warn_unheard(r->home, &inquiry);
	char id[KEY_TEXT_SIZE];
	hex_format(genesis.network_id.b, HASH_SIZE, id);
	if (!code && r->json) {
		code = command_print_json(json_pack("{s:i,s:s,s:s,s:s,s:I,s:I}", "v", 1, "home", r->home, "network_id",
		                                    id, "name", genesis.name, "asked", (json_int_t)inquiry.asked,
		                                    "answered", (json_int_t)inquiry.answered));
	} else if (!code) {
		printf("%s is ready for network %s (%s)\n", r->home, genesis.name, id);
		code = command_flush();
	}
	genesis_deinit(&genesis);
	return code;
}

static int init_run(struct arguments *arguments)
{
	struct request r = {
	    .config = {.listen = {"0.0.0.0", CONFIG_PORT_DEFAULT}, .log_level = LOG_LEVEL_INFO, .strangers = true}};
	const char *value;
	int option, code = 0;
	while (!code && (option = arguments_next(arguments, &value)) != 0)
		code = option < 0 ? EXIT_USAGE : init_take_option(&r, option, value);
	if (!code && !r.home)
		code = command_usage_error(arguments, "--home is missing");
	if (!code && !r.genesis)
		code = command_usage_error(arguments, "--genesis is missing");
	return code ? code : init_home(&r);
}

const struct command command_init = {
    .name = "init",
    .summary = "fill a home from a genesis file",
    .description =
        "Copies the genesis into HOME, writes HOME/unciad.conf where there is none (one that is there is kept, and\n"
        "options that say otherwise are refused), and makes the journal of votes and the ledger's first state.\n"
        "A journal is made once for a key, since a second one could vote again: every validator named by --peer is\n"
        "asked whether this key has voted. Where one says so, exit code 5, and nothing is made.\n"
        "Where validators of weight W - F (or all others) do not answer, exit code 6; where the network is\n"
        "only being set up, so that nobody can answer yet, add --first-start: a home made without enough answers is\n"
        "made with a warning. The object of --json says how many were asked and how many answered (asked, answered).",
    .options = options,
    .run = init_run,
};

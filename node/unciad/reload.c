/* The configuration in use, read at the start and at SIGHUP. See reload.h. */
#include "reload.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "log.h"

int running_config(const struct home *home, const struct start_options *options, struct config *config)
{
	int code = home_config(home, config);
	const char *with, *clash;
	if (code)
		return code;
	if (options->has_log_level)
		config->log_level = options->log_level;
	if (options->log)
		snprintf(config->log, sizeof(config->log), "%s", options->log);
	if (!options->metrics.port)
		return 0;
	config->metrics = options->metrics;
	clash = config_ports_clash(config, &with);
	return clash ? command_error(EXIT_USAGE, "--metrics has the port of %s: metrics need one of their own", with)
	             : 0;
}

int running_log(const struct running *running)
{
	char path[PATH_MAX];
	log_set_level(running->config.log_level);
	if (!running->config.log[0])
		return 0;
	int code = home_log_path(running->home, &running->config, path);
	if (!code && log_open(path))
		code = command_error(EXIT_FAILED, "%s: %s", path, strerror(errno));
	return code;
}

void running_peers(const struct running *running, struct peer_address *peers)
{
	const struct home *home = running->home;
	for (uint32_t i = 0; i < home->genesis.committee.size; i++) {
		const struct endpoint *at = &running->config.peers[i];
		snprintf(peers[i].host, sizeof(peers[i].host), "%s", at->host);
		peers[i].port = at->port;
		/* network §8.2: those of a higher index are ours to dial; an observer dials all. */
		if ((i > home->self || home->self == SELF_OBSERVER) && !at->port)
			log_event(LOG_LEVEL_WARNING, "no_address", LOG_NUMBER("peer", i));
	}
}

static void tell_failure_of_log(void)
{
	log_event(LOG_LEVEL_ERROR, "log_not_opened", LOG_TEXT("why", command_failure()));
}

/* What it cannot change while it runs is said, and stays. */
static void take_fresh(struct running *running, const struct config *fresh)
{
	struct running next = {running->home, running->options, *fresh};
	char waiting[400];
	bool moved = strcmp(fresh->log, running->config.log) != 0;
	config_differences(&running->config, fresh, waiting, sizeof(waiting));
	log_set_level(fresh->log_level);
	if (moved && fresh->log[0] && running_log(&next))
		tell_failure_of_log();
	else if (moved && fresh->log[0])
		snprintf(running->config.log, sizeof(running->config.log), "%s", fresh->log);
	running->config.log_level = fresh->log_level;
	memcpy(running->config.peers, fresh->peers, sizeof(fresh->peers));
	log_event(LOG_LEVEL_INFO, "reloaded", LOG_TEXT("log_level", log_level_name(fresh->log_level)),
	          LOG_TEXT("needs_start", waiting));
}

bool running_reload(void *context, struct peer_address *peers)
{
	struct running *running = context;
	struct config fresh;
	/* Whoever reads standard error may keep a validator from voting. */
	command_quiet(true);
	if (running_log(running))
		tell_failure_of_log();
	int code = running_config(running->home, running->options, &fresh);
	if (code)
		log_event(LOG_LEVEL_ERROR, "reload_failed", LOG_TEXT("why", command_failure()));
	else
		take_fresh(running, &fresh);
	command_quiet(false);
	if (code)
		return false;
	running_peers(running, peers);
	return true;
}

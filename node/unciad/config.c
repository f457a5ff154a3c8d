/* Reads and writes unciad.conf. */
#include "config.h"
#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "files.h"
#include "ini_text.h"
#include "keys.h"
#include "node.h"

static const struct number_key {
	const char *name;
	size_t offset;
	uint64_t min, max;
} number_keys[] = {
    {"verifier_threads", offsetof(struct config, verifier_threads), 1, 256},
    {"wallet_links", offsetof(struct config, wallet_links), 1, 100000},
    {"space_reserve_mb", offsetof(struct config, space_reserve_mb), 1, 1u << 20},
    {"mempool_max", offsetof(struct config, mempool_max), 1, 10000000},
    {"mempool_per_sender_max", offsetof(struct config, mempool_per_sender_max), 1, 1000000},
    {"delta_ms", offsetof(struct config, delta_ms), 1, 10000},
    {"heartbeat_ms", offsetof(struct config, heartbeat_ms), 10, 60000},
    {"settle_ms", offsetof(struct config, settle_ms), 1, 60000},
    {"pace_ms", offsetof(struct config, pace_ms), 1, 1000},
    {"flush_ms", offsetof(struct config, flush_ms), 1, 60000},
    {"journal_log_kb", offsetof(struct config, journal_log_kb), 16, 64u << 10}, /* eight times that in memory */
};
#define CONFIG_SIZE_MAX (1u << 20)
#define NUMBER_KEYS     (sizeof(number_keys) / sizeof(number_keys[0]))

struct parser {
	const char *path;
	struct ini_reader reader;
	uint32_t committee_size;
	unsigned websocket_line, metrics_line; /* where these stand */
	unsigned observer_lines[OBSERVERS_MAX];
	struct config config;
	bool has_listen, has_log_level, has_accept_wallets, has_number[NUMBER_KEYS];
	bool failed; /* and said so: the first mistake is the one to show */
};

__attribute__((format(printf, 2, 3))) static int refuse(struct parser *p, const char *format, ...)
{
	char reason[400];
	va_list list;
	va_start(list, format);
	vsnprintf(reason, sizeof(reason), format, list);
	va_end(list);
	if (!p->failed)
		command_error(EXIT_USAGE, "%s:%u: %s", p->path, p->reader.line, reason);
	p->failed = true;
	return 0;
}

static int config_take_number(struct parser *p, size_t i, const char *value)
{
	const struct number_key *key = &number_keys[i];
	assert(i < NUMBER_KEYS);
	if (p->has_number[i])
		return refuse(p, "%s is given twice", key->name);
	p->has_number[i] = true;
	uint64_t *number = (uint64_t *)(void *)((char *)&p->config + key->offset);
	if (!number_parse(value, key->min, key->max, number))
		return refuse(p, "%s = %s: not a number from %llu to %llu", key->name, value,
		              (unsigned long long)key->min, (unsigned long long)key->max);
	return 1;
}

static int take_listen(struct parser *p, const char *value)
{
	if (p->has_listen)
		return refuse(p, "listen is given twice");
	p->has_listen = true;
	return endpoint_parse(value, &p->config.listen) || refuse(p, "listen = %s: %s", value, endpoint_refusal(value));
}

static int take_websocket(struct parser *p, const char *value)
{
	if (p->config.websocket.port)
		return refuse(p, "listen_websocket is given twice");
	p->websocket_line = p->reader.line;
	return endpoint_parse(value, &p->config.websocket) ||
	       refuse(p, "listen_websocket = %s: %s", value, endpoint_refusal(value));
}

static int take_metrics(struct parser *p, const char *value)
{
	if (p->config.metrics.port)
		return refuse(p, "metrics is given twice");
	p->metrics_line = p->reader.line;
	return endpoint_parse(value, &p->config.metrics) ||
	       refuse(p, "metrics = %s: %s", value, endpoint_refusal(value));
}

static int take_log(struct parser *p, const char *value)
{
	if (p->config.log[0])
		return refuse(p, "log is given twice");
	if (!*value)
		return refuse(p, "log = : the name of a file is missing");
	snprintf(p->config.log, sizeof(p->config.log), "%s", value); /* a line fits */
	return 1;
}

static int take_log_level(struct parser *p, const char *value)
{
	if (p->has_log_level)
		return refuse(p, "log_level is given twice");
	p->has_log_level = true;
	if (!log_level_parse(value, &p->config.log_level))
		return 1;
	return refuse(p, "log_level = %s: not error, warning, info or debug", value);
}

static int take_accept_wallets(struct parser *p, const char *value)
{
	if (p->has_accept_wallets)
		return refuse(p, "accept_wallets is given twice");
	p->has_accept_wallets = true;
	p->config.strangers = !strcmp(value, "yes");
	return p->config.strangers || !strcmp(value, "no") || refuse(p, "accept_wallets = %s: not yes or no", value);
}

static int take_signer(struct parser *p, const char *value)
{
	if (*p->config.signer)
		return refuse(p, "signer is given twice");
	if (value[0] != '/' || strlen(value) >= SIGNER_PATH_SIZE)
		return refuse(p, "signer = %s: not a path that begins with / and has at most %u bytes", value,
		              SIGNER_PATH_SIZE - 1);
	strcpy(p->config.signer, value);
	return 1;
}

static int take_node_key(struct parser *p, const char *name, const char *value)
{
	if (!strcmp(name, "listen"))
		return take_listen(p, value);
	if (!strcmp(name, "listen_websocket"))
		return take_websocket(p, value);
	if (!strcmp(name, "metrics"))
		return take_metrics(p, value);
	if (!strcmp(name, "log_level"))
		return take_log_level(p, value);
	if (!strcmp(name, "accept_wallets"))
		return take_accept_wallets(p, value);
	if (!strcmp(name, "signer"))
		return take_signer(p, value);
	if (!strcmp(name, "log"))
		return take_log(p, value);
	for (size_t i = 0; i < NUMBER_KEYS; i++) {
		if (!strcmp(name, number_keys[i].name))
			return config_take_number(p, i, value);
	}
	return refuse(p, "unknown key '%s' in section [node]", name);
}

static int take_peer_key(struct parser *p, const char *section, const char *name, const char *value)
{
	const char *digits = section + strlen("peer.");
	uint64_t index;
	if ((digits[0] == '0' && digits[1]) || !number_parse(digits, 0, p->committee_size - 1, &index))
		return refuse(p, "section [%s]: the committee's members are 0 to %u", section, p->committee_size - 1);
	if (!name)
		return 1;
	if (strcmp(name, "address"))
		return refuse(p, "unknown key '%s' in section [%s]", name, section);
	if (p->config.peers[index].port)
		return refuse(p, "the address of peer %llu is given twice", (unsigned long long)index);
	return endpoint_parse(value, &p->config.peers[index]) ||
	       refuse(p, "address = %s: %s", value, endpoint_refusal(value));
}

/* The observer of a section, which is new the first time. NULL: refused. */
static struct config_observer *observer_of(struct parser *p, const char *section)
{
	const char *name = section + strlen("observer.");
	struct config *c = &p->config;

	for (uint32_t i = 0; i < c->observer_count; i++)
		if (!strcmp(c->observers[i].name, name))
			return &c->observers[i];
	if (!*name || strlen(name) >= CONFIG_NAME_SIZE) {
		refuse(p, "section [%s]: an observer's name has 1 to %u characters", section, CONFIG_NAME_SIZE - 1);
		return NULL;
	}
	if (c->observer_count == OBSERVERS_MAX) {
		refuse(p, "section [%s]: there are %u observers at most", section, OBSERVERS_MAX);
		return NULL;
	}
	struct config_observer *fresh = &c->observers[c->observer_count++];
	snprintf(fresh->name, sizeof(fresh->name), "%s", name);
	p->observer_lines[c->observer_count - 1] = p->reader.line;
	return fresh;
}

static int take_observer_key(struct parser *p, const char *section, const char *name, const char *value)
{
	struct config_observer *observer = observer_of(p, section);

	if (!observer || !name)
		return !!observer;
	if (strcmp(name, "network_key"))
		return refuse(p, "unknown key '%s' in section [%s]", name, section);
	if (observer->has_key)
		return refuse(p, "the network_key of observer %s is given twice", observer->name);
	observer->has_key = true;
	return hex_parse_32(value, strlen(value), observer->network_key) ||
	       refuse(p, "network_key = %s: not 64 hexadecimal digits", value);
}

/* A section, even if nothing stands in it, or a value in one. Returns 0 where it is refused. */
static int config_take_line(struct parser *p, const char *section, const char *name, const char *value)
{
	if (!strncmp(section, "peer.", strlen("peer.")))
		return take_peer_key(p, section, name, value);
	if (!strncmp(section, "observer.", strlen("observer.")))
		return take_observer_key(p, section, name, value);
	if (!strcmp(section, "node"))
		return !name || take_node_key(p, name, value);
	return name && !*section ? refuse(p, "'%s' stands before any [section]", name)
	                         : refuse(p, "unknown section [%s]", section);
}

/* Whether who listens on `one` has the address of the other as well: 0.0.0.0 is all of IPv4, :: of both. */
static bool listens_on_all(const struct endpoint *one, const struct endpoint *other)
{
	return !strcmp(one->host, "::") || (!strcmp(one->host, "0.0.0.0") && !strchr(other->host, ':'));
}

static bool endpoints_clash(const struct endpoint *one, const struct endpoint *other)
{
	return one->port == other->port &&
	       (endpoint_equal(one, other) || listens_on_all(one, other) || listens_on_all(other, one));
}

const char *config_ports_clash(const struct config *config, const char **with)
{
	*with = "listen";
	if (config->websocket.port && endpoints_clash(&config->listen, &config->websocket))
		return "listen_websocket";
	if (!config->metrics.port)
		return NULL;
	if (endpoints_clash(&config->listen, &config->metrics))
		return "metrics";
	*with = "listen_websocket";
	return config->websocket.port && endpoints_clash(&config->websocket, &config->metrics) ? "metrics" : NULL;
}

static void add_word(char *text, size_t size, const char *word)
{
	size_t at = strlen(text);
	snprintf(text + at, size - at, "%s%s", at ? " " : "", word);
}

void config_differences(const struct config *one, const struct config *other, char *text, size_t size)
{
	text[0] = '\0';
	if (!endpoint_equal(&one->listen, &other->listen))
		add_word(text, size, "listen");
	if (!endpoint_equal(&one->websocket, &other->websocket))
		add_word(text, size, "listen_websocket");
	if (!endpoint_equal(&one->metrics, &other->metrics))
		add_word(text, size, "metrics");
	if (one->strangers != other->strangers)
		add_word(text, size, "accept_wallets");
	if (one->observer_count != other->observer_count ||
	    memcmp(one->observers, other->observers, sizeof(one->observers)) != 0)
		add_word(text, size, "observer");
	for (size_t i = 0; i < NUMBER_KEYS; i++) {
		const uint64_t *a = (const uint64_t *)(const void *)((const char *)one + number_keys[i].offset);
		const uint64_t *b = (const uint64_t *)(const void *)((const char *)other + number_keys[i].offset);
		if (*a != *b)
			add_word(text, size, number_keys[i].name);
	}
}

/* Each has a key, and another one than the others. */
static void check_observers(struct parser *p)
{
	const struct config *c = &p->config;

	for (uint32_t i = 0; !p->failed && i < c->observer_count; i++) {
		p->reader.line = p->observer_lines[i];
		if (!c->observers[i].has_key)
			refuse(p, "observer %s has no network_key", c->observers[i].name);
		for (uint32_t k = 0; k < i; k++)
			if (!memcmp(c->observers[i].network_key, c->observers[k].network_key, 32))
				refuse(p, "observer %s has the network_key of observer %s", c->observers[i].name,
				       c->observers[k].name);
	}
}

/* What lines that are right by themselves contradict. */
static void check_whole(struct parser *p)
{
	char text[ENDPOINT_TEXT_SIZE];
	check_observers(p);
	const char *with, *clash = p->failed ? NULL : config_ports_clash(&p->config, &with);
	if (!clash)
		return;
	bool web = !strcmp(clash, "listen_websocket");
	endpoint_format(!strcmp(with, "listen") ? &p->config.listen : &p->config.websocket, text);
	p->reader.line = web ? p->websocket_line : p->metrics_line;
	refuse(p, "%s has the port of %s (%s): %s need one of their own", clash, with, text,
	       web ? "WebSockets" : "metrics");
}

static int config_parse(struct parser *p)
{
	enum ini_line line;
	while (!p->failed && (line = ini_next(&p->reader)) != INI_END) {
		if (line == INI_WRONG)
			refuse(p, "%s", p->reader.wrong);
		else
			config_take_line(p, p->reader.section, p->reader.name, p->reader.value);
	}
	check_whole(p);
	return p->failed ? EXIT_USAGE : 0;
}

int config_take_log_level(const char *value, struct config *config)
{
	if (log_level_parse(value, &config->log_level))
		return command_error(EXIT_USAGE, "--log-level %s: not error, warning, info or debug", value);
	return 0;
}

/* A line of the configuration has to hold it. */
int config_take_log(const char *value, struct config *config)
{
	if (!*value || strlen(value) + strlen("log = ") > INI_LINE_MAX || strpbrk(value, "\r\n"))
		return command_error(EXIT_USAGE, "--log %s: not the name of a file, of at most %zu characters", value,
		                     INI_LINE_MAX - strlen("log = "));
	snprintf(config->log, sizeof(config->log), "%s", value);
	return 0;
}

int config_load(const char *path, uint32_t committee_size, struct config *config)
{
	assert(committee_size > 0 && committee_size <= COMMITTEE_SIZE_MAX);
	struct parser p = {
	    .path = path,
	    .committee_size = committee_size,
	    .config = {.listen = {"0.0.0.0", CONFIG_PORT_DEFAULT}, .log_level = LOG_LEVEL_INFO, .strangers = true},
	};
	uint8_t *text;
	size_t size;
	int code = file_read(path, CONFIG_SIZE_MAX, false, &text, &size);
	if (code)
		return code;
	ini_begin(&p.reader, (const char *)text, size);
	code = config_parse(&p);
	free(text);
	if (!code)
		*config = p.config;
	return code;
}

static void write_settings(FILE *file, const struct config *config)
{
	char listen[ENDPOINT_TEXT_SIZE], websocket[ENDPOINT_TEXT_SIZE] = "0.0.0.0:7500";
	char metrics[ENDPOINT_TEXT_SIZE] = "127.0.0.1:9464";
	endpoint_format(&config->listen, listen);
	if (config->websocket.port)
		endpoint_format(&config->websocket, websocket);
	if (config->metrics.port)
		endpoint_format(&config->metrics, metrics);
	fprintf(
	    file,
	    "# Settings of an Uncia validator. A line that starts with # is a comment.\n"
	    "[node]\n"
	    "# Where validators and wallets reach this node.\n"
	    "listen = %s\n"
	    "# Where wallets in browsers reach it, by WebSocket:\n"
	    "%slisten_websocket = %s\n"
	    "# Where /metrics (Prometheus) and /healthz are served to whoever connects; so let it be on loopback, or\n"
	    "# behind a firewall:\n"
	    "%smetrics = %s\n"
	    "# Whether wallets of other machines are let in (yes or no):\n"
	    "# accept_wallets = yes\n"
	    "# error, warning, info or debug; read anew at SIGHUP, as the addresses of the others below are\n"
	    "log_level = %s\n"
	    "# A file for the log instead of standard error, here unless it begins with /; SIGHUP opens it anew:\n"
	    "%slog = %s\n"
	    "# The socket of the sign agent that has the consensus key (unciad sign-agent):\n"
	    "# signer = /run/uncia/sign-agent\n"
	    "# Threads that check signatures (one for each processor):\n"
	    "# verifier_threads = 2\n"
	    "# Wallets linked at once:\n"
	    "# wallet_links = %u\n"
	    "# With less free space than this the node stops voting:\n"
	    "# space_reserve_mb = %u\n"
	    "# Payments that may wait here, in all and for one sender:\n"
	    "# mempool_max = %u\n"
	    "# mempool_per_sender_max = %u\n"
	    "# The longest that a message between validators is expected to take:\n"
	    "# delta_ms = 150\n"
	    "# An idle network makes an empty block this often:\n"
	    "# heartbeat_ms = 1000\n"
	    "# What is final is written from the journal to the state this often, by the time of its blocks, or\n"
	    "# after some 98,000 payments to one account each:\n"
	    "# flush_ms = 20000\n"
	    "# From so much in the journal's log on it is copied into the journal's database; where the disk is\n"
	    "# slow, up to eight times as much waits in memory:\n"
	    "# journal_log_kb = 2048\n",
	    listen, config->websocket.port ? "" : "# ", websocket, config->metrics.port ? "" : "# ", metrics,
	    log_level_name(config->log_level), config->log[0] ? "" : "# ", config->log[0] ? config->log : "unciad.log",
	    WALLET_LINKS_DEFAULT, SPACE_RESERVE_DEFAULT >> 20, MEMPOOL_SIZE_DEFAULT, MEMPOOL_PER_SENDER_DEFAULT);
}

static void write_peers(FILE *file, const struct config *config)
{
	fputs("\n# The other validators, numbered as in the genesis, the first being 0:\n"
	      "# [peer.1]\n# address = validator.example.org:7400\n",
	      file);
	for (uint32_t i = 0; i < COMMITTEE_SIZE_MAX; i++) {
		char address[ENDPOINT_TEXT_SIZE];
		if (!config->peers[i].port)
			continue;
		endpoint_format(&config->peers[i], address);
		fprintf(file, "[peer.%u]\naddress = %s\n", i, address);
	}
	fputs("\n# Observers that may follow this validator, by names of your own:\n"
	      "# [observer.shop]\n# network_key = 64 hexadecimal digits, which its  unciad keygen  has said\n",
	      file);
}

int config_write(const char *path, const struct config *config, bool replace)
{
	struct text_file text;
	int code = text_begin(&text);
	if (code)
		return code;
	write_settings(text.stream, config);
	write_peers(text.stream, config);
	return text_end(&text, path, replace);
}

/* unciad devnet: a whole network on one machine, for tests and first steps. */
#include <assert.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clocks.h"
#include "command.h"
#include "genesis_draft.h"
#include "home.h"
#include "network_file.h"
#include "node_client.h"
#include "processes.h"
#include "treasury.h"

#define SUPPLY           (UINT64_C(1000000000) * AMOUNT_MICROS)
#define READY_TIMEOUT_MS 60000
#define POLL_MS          20
#define ANSWER_MS        1000
#define LOCK_WAIT_MS     2000

enum {
	OPTION_DIR = 1,
	OPTION_VALIDATORS,
	OPTION_BASE_PORT,
	OPTION_FUND,
	OPTION_FAULTY,
	OPTION_SLOW,
	OPTION_WEIGHTS,
	OPTION_SMALLEST,
	OPTION_METRICS,
};

static const struct poptOption options[] = {
    {"dir", '\0', POPT_ARG_STRING, NULL, OPTION_DIR, "Where it lives; made, or used again", "DIR"},
    {"validators", '\0', POPT_ARG_STRING, NULL, OPTION_VALIDATORS, "How many (4)", "N"},
    {"base-port", '\0', POPT_ARG_STRING, NULL, OPTION_BASE_PORT,
     "They listen on P, P+1, ..., and behind that for WebSockets (7400; a DIR that is there: as it was)", "P"},
    {"fund", '\0', POPT_ARG_STRING, NULL, OPTION_FUND, "An account that begins with money; once for each",
     "ADDRESS=AMOUNT"},
    {"faulty", '\0', POPT_ARG_STRING, NULL, OPTION_FAULTY, "Weight that may be faulty in any way", "F"},
    {"slow", '\0', POPT_ARG_STRING, NULL, OPTION_SLOW, "Weight that may be missing for one-round finality", "P"},
    {"weights", '\0', POPT_ARG_STRING, NULL, OPTION_WEIGHTS, "The validators' weights (all 1)", "A,B,C..."},
    {"smallest", '\0', POPT_ARG_STRING, NULL, OPTION_SMALLEST, "The smallest amount of a payment (0.01)", "AMOUNT"},
    {"metrics", '\0', POPT_ARG_NONE, NULL, OPTION_METRICS,
     "Serve each validator's /metrics and /healthz, on the ports behind those for WebSockets", NULL},
    OPTIONS_COMMON,
};

struct devnet {
	const char *dir;
	bool has_count, has_port, has_weights, metrics;
	uint32_t count;
	uint16_t base_port;
	uint64_t weights[COMMITTEE_SIZE_MAX];
	struct genesis_draft draft; /* its accounts: the funds asked for, then the treasury's */
	struct genesis genesis;
	struct child children[COMMITTEE_SIZE_MAX];
	/* The height of each one's first answer; 0: a new home; UINT64_MAX: there was none yet. */
	uint64_t first_heights[COMMITTEE_SIZE_MAX];
	struct endpoint endpoints[COMMITTEE_SIZE_MAX];
	struct endpoint websockets[COMMITTEE_SIZE_MAX]; /* port 0: of an older devnet, which serves none */
	struct endpoint shown[COMMITTEE_SIZE_MAX];      /* where metrics are; port 0: nowhere */
	int lock;                                       /* of dir; -1: not held */
};

/* ---- options --------------------------------------------------------------------------------- */

static int take_weights(struct devnet *d, const char *text)
{
	char list[COMMITTEE_SIZE_MAX * 21], *rest = NULL;
	uint32_t count = 0;
	if ((size_t)snprintf(list, sizeof(list), "%s", text) >= sizeof(list))
		return command_error(EXIT_USAGE, "--weights: too long");
	for (char *item = strtok_r(list, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
		if (count == COMMITTEE_SIZE_MAX || !number_parse(item, 1, UINT32_MAX, &d->weights[count]))
			return command_error(EXIT_USAGE, "--weights %s: not at most %u positive numbers", text,
			                     COMMITTEE_SIZE_MAX);
		count++;
	}
	if (!count || (d->has_count && d->count != count))
		return command_error(EXIT_USAGE, "--weights %s: not one for each validator", text);
	d->has_weights = d->has_count = true;
	d->count = count;
	return 0;
}

static int take_count(struct devnet *d, const char *text)
{
	uint64_t number;
	if (!number_parse(text, 1, COMMITTEE_SIZE_MAX, &number))
		return command_error(EXIT_USAGE, "--validators %s: not a number from 1 to %u", text,
		                     COMMITTEE_SIZE_MAX);
	if (d->has_weights && d->count != number)
		return command_error(EXIT_USAGE, "--weights and --validators do not agree");
	d->has_count = true;
	d->count = (uint32_t)number;
	return 0;
}

static int devnet_take_option(struct devnet *d, int option, const char *value)
{
	uint64_t number;
	switch (option) {
	case OPTION_DIR:
		d->dir = value;
		return 0;
	case OPTION_VALIDATORS:
		return take_count(d, value);
	case OPTION_WEIGHTS:
		return take_weights(d, value);
	case OPTION_SMALLEST:
		return draft_take_smallest(&d->draft, value);
	case OPTION_METRICS:
		d->metrics = true;
		return 0;
	case OPTION_FUND:
		return draft_add_account_text(&d->draft, "fund", value);
	case OPTION_BASE_PORT:
		if (!number_parse(value, 1, UINT16_MAX, &number))
			return command_error(EXIT_USAGE, "--base-port %s: not a port", value);
		d->has_port = true;
		d->base_port = (uint16_t)number;
		return 0;
	case OPTION_FAULTY:
		d->draft.has_faulty = true;
		return number_parse(value, 0, UINT32_MAX, &d->draft.faulty)
		           ? 0
		           : command_error(EXIT_USAGE, "--faulty %s: not a number", value);
	default:
		d->draft.has_slow = true;
		return number_parse(value, 0, UINT32_MAX, &d->draft.slow)
		           ? 0
		           : command_error(EXIT_USAGE, "--slow %s: not a number", value);
	}
}

/* ---- making ---------------------------------------------------------------------------------- */

static int child_home(struct devnet *d, uint32_t i)
{
	char name[16];
	snprintf(name, sizeof(name), "v%u", i);
	return path_join(d->dir, name, d->children[i].home);
}

/* Adds a validator. Its keys are new, unless an earlier run was cut short after it had made them. */
static int add_validator(struct devnet *d, uint32_t i)
{
	assert(i < d->count && i == d->draft.validator_count);
	struct node_keys keys;
	struct validator validator = {.weight = d->has_weights ? d->weights[i] : 1};
	char path[PATH_MAX];
	int code = directory_make(d->children[i].home);
	if (!code)
		code = path_join(d->children[i].home, "network.key", path);
	if (!code)
		code =
		    path_exists(path) ? keys_load(d->children[i].home, &keys) : keys_make(d->children[i].home, &keys);
	if (code)
		return code;
	memcpy(validator.consensus_key, keys.consensus_public, PUBLIC_KEY_SIZE);
	memcpy(validator.network_key, keys.network_public, 32);
	keys_wipe(&keys);
	return draft_add_validator(&d->draft, &validator);
}

/* Checks the options before anything is made. *rest: the amount that the treasury will hold. */
static int draft_genesis(struct devnet *d, amount_t *rest)
{
	uint64_t faulty, slow;
	d->draft.name = "devnet";
	d->draft.currency_code = "UNC";
	if (!d->draft.smallest_amount)
		d->draft.smallest_amount = SMALLEST_AMOUNT_DEFAULT;
	d->draft.timestamp_ms = clocks_wall_ms();
	*rest = SUPPLY;
	for (uint32_t i = 0; i < d->draft.account_count; i++) {
		if (!amount_subtract(*rest, d->draft.accounts[i].balance, rest) || *rest < d->draft.smallest_amount)
			return command_error(EXIT_USAGE, "--fund: more than the supply of 1000000000 less a treasury");
	}
	for (uint32_t i = 0; i < d->count; i++)
		d->draft.validators[i].weight = d->has_weights ? d->weights[i] : 1;
	d->draft.validator_count = d->count;
	int code = draft_check(&d->draft, &faulty, &slow);
	d->draft.validator_count = 0; /* each is added with its keys */
	return code;
}

/* The treasury holds whatever is not funded otherwise. */
static int add_treasury(struct devnet *d, amount_t rest)
{
	struct genesis_account account = {.balance = rest};
	assert(rest > 0);
	char path[PATH_MAX];
	int code = path_join(d->dir, "treasury", path);
	if (!code)
		code = treasury_address(path, &account.address);
	return code ? code : draft_add_account(&d->draft, &account);
}

/* Takes the lock of this directory, which is free for good once its holder has ended. Whoever only looks at a home, and
 * the last threads of a process that was killed, hold it for moments: they are waited out. */
static int directory_take(const char *directory, int *lock)
{
	char path[PATH_MAX];
	uint64_t deadline = clocks_monotonic_ms() + LOCK_WAIT_MS;
	int code = path_join(directory, "lock", path);
	if (code)
		return code;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return command_error(EXIT_FAILED, "%s: %s", path, strerror(errno));
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK && clocks_monotonic_ms() < deadline) {
			poll(NULL, 0, POLL_MS);
			continue;
		}
		code = errno == EWOULDBLOCK ? command_error(EXIT_FAILED, "%s is in use; nothing was changed", directory)
		                            : command_error(EXIT_FAILED, "%s: %s", path, strerror(errno));
		close(fd);
		return code;
	}
	*lock = fd;
	return 0;
}

/* Held as long as this process lives: nobody else changes the files of a devnet that runs. */
static int devnet_lock(struct devnet *d)
{
	return d->lock < 0 ? directory_take(d->dir, &d->lock) : 0;
}

/* A validator may run by itself, without the devnet. */
static int check_idle(const struct devnet *d, uint32_t i)
{
	char path[PATH_MAX];
	int lock = -1, code = path_join(d->children[i].home, "data", path);
	if (code || !path_exists(path))
		return code;
	code = directory_take(d->children[i].home, &lock);
	if (!code)
		close(lock);
	return code;
}

static int make_genesis(struct devnet *d, const char *path, amount_t rest)
{
	int code = directory_make(d->dir);
	if (!code)
		code = devnet_lock(d);
	if (!code)
		code = add_treasury(d, rest);
	for (uint32_t i = 0; i < d->count && !code; i++)
		code = add_validator(d, i);
	if (!code)
		code = draft_make(&d->draft, &d->genesis);
	if (code)
		return code;
	code = file_create(path, 0644, d->genesis.bytes, d->genesis.size);
	if (code)
		genesis_deinit(&d->genesis);
	return code;
}

/* ---- using again ----------------------------------------------------------------------------- */

static bool funds_agree(const struct devnet *d)
{
	if (d->draft.account_count + 1 != d->genesis.account_count)
		return false;
	for (uint32_t i = 0; i < d->draft.account_count; i++) {
		const struct genesis_account *fund = &d->draft.accounts[i];
		bool found = false;
		for (uint32_t k = 0; k < d->genesis.account_count && !found; k++)
			found = !memcmp(&d->genesis.accounts[k].address, &fund->address, ADDRESS_SIZE) &&
			        d->genesis.accounts[k].balance == fund->balance;
		if (!found)
			return false;
	}
	return true;
}

/* The genesis cannot be changed any more: options that say otherwise are refused. */
static int reuse_genesis(struct devnet *d, const char *path)
{
	int code = genesis_load(path, &d->genesis);
	if (code)
		return code;
	const struct committee *c = &d->genesis.committee;
	const char *differs = NULL;
	if (d->has_count && d->count != c->size)
		differs = "--validators";
	else if (d->draft.account_count && !funds_agree(d))
		differs = "--fund";
	else if (d->draft.smallest_amount && d->draft.smallest_amount != d->genesis.smallest_amount)
		differs = "--smallest";
	else if (d->draft.has_faulty && d->draft.faulty != c->faulty)
		differs = "--faulty";
	else if (d->draft.has_slow && d->draft.slow != c->slow)
		differs = "--slow";
	for (uint32_t i = 0; i < c->size && d->has_weights && !differs; i++) {
		if (d->weights[i] != c->validators[i].weight)
			differs = "--weights";
	}
	if (differs) {
		code = command_error(
		    EXIT_FAILED, "%s is a devnet already, and its genesis says otherwise than %s: give another --dir",
		    d->dir, differs);
		genesis_deinit(&d->genesis);
		return code;
	}
	d->count = c->size;
	return 0;
}

/* Without --base-port a devnet stays on the ports it had. */
static int find_ports(struct devnet *d)
{
	char path[PATH_MAX];
	struct config config;
	if (!d->has_port) {
		int code = path_join(d->dir, "v0/unciad.conf", path);
		if (!code && path_exists(path)) {
			code = config_load(path, d->count, &config);
			d->base_port = code ? d->base_port : config.listen.port;
		}
		if (code)
			return code;
	}
	uint32_t ports = (d->metrics ? 3 : 2) * d->count;
	if (d->base_port + ports - 1 > UINT16_MAX)
		return command_error(EXIT_USAGE, "--base-port %u: there are not %u ports from there on", d->base_port,
		                     ports);
	assert(d->count > 0 && d->count <= COMMITTEE_SIZE_MAX);
	for (uint32_t i = 0; i < d->count; i++) {
		d->endpoints[i] = (struct endpoint){"127.0.0.1", (uint16_t)(d->base_port + i)};
		d->websockets[i] = (struct endpoint){"127.0.0.1", (uint16_t)(d->base_port + d->count + i)};
		if (!d->metrics)
			continue;
		d->shown[i] = (struct endpoint){"127.0.0.1", (uint16_t)(d->base_port + 2 * d->count + i)};
		snprintf(d->children[i].metrics, sizeof(d->children[i].metrics), "127.0.0.1:%u",
		         (unsigned)d->shown[i].port);
	}
	return 0;
}

static int check_port(const struct endpoint *endpoint)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	if (fd < 0)
		return command_error(EXIT_FAILED, "cannot make a socket: %s", strerror(errno));
	int code = 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		code = command_error(EXIT_FAILED, "port %u: %s: give another --base-port", (unsigned)endpoint->port,
		                     strerror(errno));
	close(fd);
	return code;
}

/* Writes a validator's configuration where there is none, or where its port is not that of last time. */
static int write_config(struct devnet *d, uint32_t i)
{
	char path[PATH_MAX];
	struct config config = {.log_level = LOG_LEVEL_INFO};
	int code = path_join(d->children[i].home, "unciad.conf", path);
	if (code)
		return code;
	if (path_exists(path)) {
		code = config_load(path, d->count, &config);
		if (code)
			return code;
		if (config.listen.port == d->endpoints[i].port) {
			d->websockets[i] = config.websocket;
			return 0;
		}
	}
	memcpy(config.peers, d->endpoints, sizeof(config.peers));
	config.peers[i] = (struct endpoint){0};
	config.listen = d->endpoints[i];
	config.websocket = d->websockets[i];
	return config_write(path, &config, true);
}

static int prepare_home(struct devnet *d, uint32_t i)
{
	char path[PATH_MAX];
	int code = write_config(d, i);
	if (!code)
		code = path_join(d->children[i].home, "data", path);
	if (code)
		return code;
	d->first_heights[i] = UINT64_MAX;
	if (path_exists(path))
		return 0;
	d->first_heights[i] = 0;
	/* Nobody has to be asked: all homes of a devnet are here, and one that has run says so itself. */
	return home_init(d->children[i].home, &d->genesis, NULL, &(struct home_policy){0});
}

static int write_network(const struct devnet *d, const char *path)
{
	websocket_url urls[COMMITTEE_SIZE_MAX] = {""};
	for (uint32_t i = 0; i < d->count; i++) {
		if (d->websockets[i].port)
			snprintf(urls[i], sizeof(urls[i]), "ws://127.0.0.1:%u", (unsigned)d->websockets[i].port);
	}
	return network_file_write(path, &d->genesis, d->endpoints, urls, true);
}

static int devnet_prepare(struct devnet *d)
{
	char genesis[PATH_MAX], network[PATH_MAX];
	amount_t rest = 0;
	int code = path_join(d->dir, "genesis", genesis);
	if (!code)
		code = path_join(d->dir, "network.conf", network);
	for (uint32_t i = 0; i < COMMITTEE_SIZE_MAX && !code; i++)
		code = child_home(d, i);
	if (code)
		return code;
	if (path_exists(d->dir) && (code = devnet_lock(d)))
		return code;
	bool again = path_exists(genesis);
	code = again ? reuse_genesis(d, genesis) : draft_genesis(d, &rest);
	if (!code)
		code = find_ports(d);
	for (uint32_t i = 0; i < d->count && !code; i++)
		code = check_port(&d->endpoints[i]);
	for (uint32_t i = 0; i < d->count && !code; i++)
		code = check_port(&d->websockets[i]);
	for (uint32_t i = 0; i < d->count && !code && d->metrics; i++)
		code = check_port(&d->shown[i]);
	for (uint32_t i = 0; i < d->count && !code; i++)
		code = check_idle(d, i);
	if (!code && !again)
		code = make_genesis(d, genesis, rest);
	for (uint32_t i = 0; i < d->count && !code; i++)
		code = prepare_home(d, i);
	if (!code)
		code = write_network(d, network);
	if (code)
		genesis_deinit(&d->genesis);
	return code;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Whether the validator has made a block final since its first answer. */
static bool finalises(struct devnet *d, uint32_t i)
{
	struct node_answer answer;
	const struct node_place place = {&d->endpoints[i], d->genesis.committee.validators[i].network_key,
	                                 &d->genesis.network_id};
	if (node_ask_status(&place, ANSWER_MS, &answer))
		return false;
	if (d->first_heights[i] == UINT64_MAX)
		d->first_heights[i] = answer.final_height;
	return answer.final_height > d->first_heights[i];
}

/* Returns the first validator that finalises nothing yet, or d->count. It asks all of them, so that each is measured
 * from its own first answer. */
static uint32_t first_idle(struct devnet *d)
{
	uint32_t idle = d->count;
	for (uint32_t i = d->count; i-- > 0;) {
		if (!finalises(d, i))
			idle = i;
	}
	return idle;
}

/* Waits until each of them finalises. *stopped: a signal asked to end before that. */
static int wait_ready(struct devnet *d, bool *stopped)
{
	uint64_t deadline = clocks_monotonic_ms() + READY_TIMEOUT_MS;
	uint32_t idle;
	while ((idle = first_idle(d)) < d->count) {
		if (clocks_monotonic_ms() >= deadline)
			return command_error(EXIT_FAILED, "validator %u finalises nothing for %d s: see %s/log", idle,
			                     READY_TIMEOUT_MS / 1000, d->children[idle].home);
		enum process_event event = processes_wait(POLL_MS);
		*stopped = event == PROCESS_STOP;
		if (*stopped)
			return 0;
		if (event == PROCESS_CHILD && children_reap(d->children, d->count))
			return EXIT_FAILED;
	}
	return 0;
}

static int print_ready(const struct devnet *d)
{
	char network[PATH_MAX];
	int code = path_join(d->dir, "network.conf", network);
	if (code)
		return code;
	json_t *validators = json_array();
	for (uint32_t i = 0; i < d->count; i++) {
		json_t *item =
		    json_pack("{s:s,s:i,s:i,s:i}", "home", d->children[i].home, "port", (int)d->endpoints[i].port,
		              "websocket_port", (int)d->websockets[i].port, "pid", (int)d->children[i].pid);
		if (item && d->metrics && json_object_set_new(item, "metrics_port", json_integer(d->shown[i].port))) {
			json_decref(item);
			item = NULL;
		}
		if (json_array_append_new(validators, item)) {
			json_decref(validators);
			validators = NULL;
		}
	}
	return command_print_json(json_pack("{s:b,s:s,s:o}", "ready", 1, "network", network, "validators", validators));
}

static int devnet_serve(struct devnet *d)
{
	bool stopped = false;
	char program[PATH_MAX];
	int code = own_program(program);
	for (uint32_t i = 0; i < d->count && !code; i++)
		code = child_start(&d->children[i], program);
	if (!code)
		code = wait_ready(d, &stopped);
	if (!code && !stopped)
		code = print_ready(d);
	while (!code && !stopped) {
		stopped = processes_wait(-1) == PROCESS_STOP;
		children_reap(d->children, d->count);
	}
	children_stop(d->children, d->count);
	return code;
}

static int devnet_start(struct devnet *d)
{
	int code = processes_init();
	if (!code)
		code = devnet_prepare(d);
	if (code)
		return code;
	code = devnet_serve(d);
	genesis_deinit(&d->genesis);
	return code;
}

static int devnet_run(struct arguments *arguments)
{
	const char *value;
	int option, code = 0;
	struct devnet *d = calloc(1, sizeof(*d));
	if (!d)
		return command_error(EXIT_FAILED, "out of memory");
	d->count = 4;
	d->base_port = CONFIG_PORT_DEFAULT;
	d->lock = -1;
	while (!code && (option = arguments_next(arguments, &value)) != 0)
		code = option < 0 ? EXIT_USAGE : devnet_take_option(d, option, value);
	if (!code && !d->dir)
		code = command_usage_error(arguments, "--dir is missing");
	if (!code)
		code = devnet_start(d);
	if (d->lock >= 0)
		close(d->lock);
	draft_deinit(&d->draft);
	free(d);
	return code;
}

const struct command command_devnet = {
    .name = "devnet",
    .summary = "run a whole network on this machine, for tests",
    .description =
        "Makes, or uses again, the homes DIR/v0, DIR/v1, ..., the network file DIR/network.conf and the wallet\n"
        "DIR/treasury, which holds the supply of 1000000000 less what --fund gives to others. Starts one process\n"
        "for each validator and, once the network finalises, prints one line of JSON. Ends, and stops them all,\n"
        "on SIGINT or SIGTERM. The keys are for tests: do not keep money in a devnet.",
    .options = options,
    .run = devnet_run,
};

/* unciad status: how a validator is doing, asked of it while it runs, read from its store while it does not. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "advice.h"
#include "big_endian.h"
#include "clocks.h"
#include "command.h"
#include "home.h"
#include "journal.h"
#include "ledger.h"
#include "lost_vote.h"
#include "node_client.h"
#include "second_chain.h"
#include "uncia/error.h"

#define ANSWER_TIMEOUT_MS 5000

static const struct poptOption options[] = {OPTIONS_HOME, OPTIONS_JSON, OPTIONS_COMMON};

struct report {
	bool running;
	uint64_t pid;            /* of a running node; 0: unknown */
	struct node_answer node; /* of a stopped home: height, view, block, its age, state root and accounts only */
	bool age_known;          /* of a running node, or of the stopped home's last block */
	uint64_t settled_height; /* of a stopped home: the state root is the one after it */
	bool second_chain;       /* of a stopped home: its journal holds proof of one */
	bool lost_votes;         /* of a stopped home: its journal has lost votes, and notes that others showed one */
	uint32_t self, committee_size;
};

static const char *voting_text(enum voting_state voting)
{
	switch (voting) {
	case VOTING_NO:
		return "asking peers for newer votes";
	case VOTING_YES:
		return "yes";
	case VOTING_OBSERVER:
		return "observer";
	case VOTING_STALE_JOURNAL:
		return "never again under this key: a peer holds a newer vote than the journal";
	case VOTING_NO_SPACE:
		return "no: disk full";
	case VOTING_ENDED:
		return "no: there is a second chain, and this validator is about to end";
	}
	return "unknown";
}

/* A validator that may vote where nothing can become final, or does, is no voting one for whoever looks. */
static bool is_halted(const struct node_answer *node)
{
	return node->waits_for == WAITS_LINKS || node->waits_for == WAITS_FINALITY;
}

static const char *voting_line(const struct node_answer *node)
{
	return node->voting == VOTING_YES && is_halted(node) ? "halted" : voting_text(node->voting);
}

/* What it waits for, for programs; NULL: nothing. */
static const char *waits_name(enum waits_for waits_for)
{
	static const char *const names[] = {NULL, "links", "answers", "blocks", "votes"};
	return (unsigned)waits_for < sizeof(names) / sizeof(names[0]) ? names[waits_for] : "unknown";
}

#define WAITS_TEXT_SIZE 200

/* What it waits for, in words; empty where it waits for nothing. */
static void waits_text(const struct node_answer *node, char text[WAITS_TEXT_SIZE])
{
	text[0] = '\0';
	switch (node->waits_for) {
	case WAITS_NOTHING:
		break;
	case WAITS_LINKS:
		snprintf(text, WAITS_TEXT_SIZE,
		         "links to validators: linked is weight %" PRIu64 ", itself included, of %" PRIu64 " needed",
		         node->weight_linked, node->weight_needed);
		break;
	case WAITS_ANSWERS:
		snprintf(text, WAITS_TEXT_SIZE,
		         "answers whether others hold a newer vote of it: from weight %" PRIu64
		         ", itself included, of %" PRIu64 " needed",
		         node->waits_weight, node->weight_needed);
		break;
	case WAITS_BLOCKS:
		snprintf(text, WAITS_TEXT_SIZE, "final blocks up to height %" PRIu64 ", which others have",
		         node->highest_height);
		break;
	case WAITS_FINALITY:
		snprintf(text, WAITS_TEXT_SIZE,
		         "votes: enough validators are linked, and too few of them vote: look at each one's status");
		break;
	default:
		snprintf(text, WAITS_TEXT_SIZE, "something that this program does not know");
	}
}

/* The validators that it has no link to, for people: "2 3", or "none". */
static void missing_text(const struct report *r, char *text, size_t size)
{
	size_t at = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < r->committee_size && at + 12 < size; i++) {
		if (i != r->self && !(r->node.linked[i / 8] >> i % 8 & 1))
			at += (size_t)snprintf(text + at, size - at, "%s%u", at ? " " : "", i);
	}
	if (!at)
		snprintf(text, size, "none");
}

/* The end of the final chain as the journal has it; the genesis where it has none yet. */
static int read_tip(const struct home *home, const struct storage_view *view, struct node_answer *tip)
{
	struct bytes key, value;
	int error = view->journal_last(view->context, JOURNAL_FINAL, &key, &value);
	if (error == UNCIA_E_NOT_FOUND) {
		genesis_block_id(&home->genesis, &tip->final_id);
		return 0;
	}
	if (error)
		return error;
	if (key.size != 8 || value.size != 8 + HASH_SIZE)
		return UNCIA_E_DAMAGED;
	tip->final_height = be64_get(key.data);
	tip->view = be64_get(value.data);
	memcpy(tip->final_id.b, value.data + 8, HASH_SIZE);
	return 0;
}

/* By the time that the block has. Where its body cannot be read nothing is said of it: that is for `check`. */
static void read_age(const struct home *home, const struct storage_view *view, struct report *report)
{
	struct node_answer *tip = &report->node;
	struct step step;
	struct block *block;
	uint64_t now = clocks_wall_ms();
	if (!tip->final_height || step_init(&step, &home->genesis, NOT_A_MEMBER, 0, view))
		return;
	if (!journal_block(&step, tip->view, &tip->final_id, &block)) {
		report->age_known = true;
		tip->final_age_ms = now > block->header.timestamp_ms ? now - block->header.timestamp_ms : 0;
		block_free(block);
	}
	step_deinit(&step);
}

static int read_state(const struct home *home, const struct storage_view *view, struct report *report)
{
	struct ledger *ledger;
	uint8_t seed[16];
	randombytes_buf(seed, sizeof(seed));
	int error = ledger_new(&home->genesis, view, seed, &ledger);
	if (error)
		return error;
	error = ledger_settled_root(ledger, &report->node.state_root);
	report->settled_height = ledger_settled_height(ledger);
	report->node.accounts = ledger_accounts(ledger);
	ledger_free(ledger);
	return error;
}

static int read_second_chain(const struct home *home, const struct storage_view *view, struct report *report)
{
	uint64_t of_view;
	int error = second_chain_proof(home, view, &of_view);
	report->second_chain = !error;
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

static int read_lost_vote(const struct home *home, const struct storage_view *view, struct report *report)
{
	uint64_t of_view;
	int error = lost_vote_find(home, view, &of_view);
	report->lost_votes = !error;
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

static int read_stopped(const struct home *home, struct report *report)
{
	struct store *store;
	struct storage_view view;
	char why[256] = "";
	end_on_fault(EXIT_FAILED);
	int error = store_open(home->path, &home->genesis.network_id, home->keys.consensus_public, true, &store, why);
	if (error == UNCIA_E_BUSY)
		return command_error(EXIT_UNREACHABLE, "%s, which does not answer", why);
	if (error)
		return home_store_failure(home, error, why);
	store_view(store, &view);
	error = read_tip(home, &view, &report->node);
	if (!error) {
		read_age(home, &view, report);
		error = read_state(home, &view, report);
	}
	if (!error)
		error = read_second_chain(home, &view, report);
	if (!error)
		error = read_lost_vote(home, &view, report);
	store_close(store);
	return error ? command_error(EXIT_FAILED, "%s: %s: see  unciad check --home %s", home->path,
	                             uncia_error_text(error), home->path)
	             : 0;
}

/* The id of the node's process, which it writes into the lock that it holds; 0 where it cannot be read. */
static uint64_t read_pid(const char *home)
{
	char path[PATH_MAX], text[24];
	uint64_t pid = 0;
	if (path_join(home, "lock", path))
		return 0;
	FILE *file = fopen(path, "re");
	if (file && fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		if (!number_parse(text, 1, INT32_MAX, &pid))
			pid = 0;
	}
	if (file)
		fclose(file);
	return pid;
}

/* Asks the node that listens where the configuration says. Only where somebody holds the home's lock: a copy of a home
 * has the same keys and the same address, and the node that answers there is not that home's. Returns whether it
 * answered. */
static bool ask_running(const struct home *home, const struct config *config, struct report *report)
{
	const struct node_place place = {&config->listen, home->keys.network_public, &home->genesis.network_id};
	if (!store_is_held(home->path) || node_ask_status(&place, ANSWER_TIMEOUT_MS, &report->node))
		return false;
	report->running = true;
	report->age_known = report->node.final_height;
	report->pid = read_pid(home->path);
	return true;
}

static int status_collect(const char *path, struct report *report)
{
	struct home home;
	struct config config;
	int code = home_open_to_read(path, &home);
	if (code)
		return code;
	code = home_config(&home, &config);
	if (!code) {
		report->self = home.self;
		report->committee_size = home.genesis.committee.size;
		if (!ask_running(&home, &config, report))
			code = read_stopped(&home, report);
	}
	home_close(&home);
	return code;
}

/* What to do about it, for people and programs. */
static void advice_text(const struct report *r, char text[ADVICE_SIZE])
{
	char missing[512];
	missing_text(r, missing, sizeof(missing));
	if (r->running)
		advice_running(&r->node, missing, text);
	else if (r->second_chain)
		snprintf(text, ADVICE_SIZE, "see \"A second chain\" in docs/operating.md");
	else if (r->lost_votes)
		snprintf(text, ADVICE_SIZE, "leave it down: see \"A lost journal\" in docs/operating.md");
	else if (r->self == SELF_OBSERVER)
		snprintf(text, ADVICE_SIZE, "start it (unciad start), if it is to follow: it is an observer's");
	else
		snprintf(text, ADVICE_SIZE, "start it (unciad start)");
}

static json_t *running_json(const struct report *r)
{
	const struct node_answer *node = &r->node;
	char waits[WAITS_TEXT_SIZE];
	waits_text(node, waits);
	json_t *object =
	    json_pack("{s:I,s:I,s:I,s:s,s:b,s:s*,s:s*,s:I,s:I,s:I}", "pid", (json_int_t)r->pid, "peers",
	              (json_int_t)node->peers, "mempool", (json_int_t)node->mempool, "voting", voting_line(node),
	              "halted", (int)is_halted(node), "waits_for", waits_name(node->waits_for), "waits_text",
	              *waits ? waits : NULL, "evidence", (json_int_t)node->evidence, "clock_behind_ms",
	              (json_int_t)node->clock_behind_ms, "clock_ahead_ms", (json_int_t)node->clock_ahead_ms);
	json_t *links = json_pack("{s:s,s:I,s:I,s:I,s:[]}", "signatures", node->signatures, "weight_linked",
	                          (json_int_t)node->weight_linked, "weight_needed", (json_int_t)node->weight_needed,
	                          "highest_height", (json_int_t)node->highest_height, "not_linked");
	for (uint32_t i = 0; links && i < r->committee_size; i++) {
		if (i != r->self && !(node->linked[i / 8] >> i % 8 & 1) &&
		    json_array_append_new(json_object_get(links, "not_linked"), json_integer(i))) {
			json_decref(links);
			links = NULL;
		}
	}
	if (!object || !links || json_object_update(object, links)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(links);
	return object;
}

static int status_print_json(const struct report *r, const char *block, const char *root, const char *advice)
{
	json_t *object =
	    json_pack("{s:i,s:b,s:I,s:I,s:s,s:s,s:I,s:s,s:o*}", "v", 1, "running", (int)r->running, "height",
	              (json_int_t)r->node.final_height, "view", (json_int_t)r->node.view, "block", block, "state_root",
	              root, "accounts", (json_int_t)r->node.accounts, "advice", advice, "final_age_ms",
	              r->running || r->age_known ? json_integer((json_int_t)r->node.final_age_ms) : NULL);
	json_t *more = r->running ? running_json(r)
	                          : json_pack("{s:I,s:b,s:b,s:s*}", "settled_height", (json_int_t)r->settled_height,
	                                      "second_chain", (int)r->second_chain, "lost_votes", (int)r->lost_votes,
	                                      "voting", r->lost_votes ? voting_text(VOTING_STALE_JOURNAL) : NULL);
	if (!object || !more || json_object_update(object, more)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	return command_print_json(object);
}

static void print_running(const struct report *r, const char *root)
{
	const struct node_answer *node = &r->node;
	char waits[WAITS_TEXT_SIZE], missing[512];
	waits_text(node, waits);
	missing_text(r, missing, sizeof(missing));
	printf("state root  %s\npeers       %u; not linked: %s\nweight      %" PRIu64 " linked, %" PRIu64
	       " needed\nmempool     %u\nvoting      %s\n",
	       root, node->peers, missing, node->weight_linked, node->weight_needed, node->mempool, voting_line(node));
	if (*waits)
		printf("waits for   %s\n", waits);
	printf("evidence    %" PRIu64 "\nsignatures  %s\n", node->evidence, node->signatures);
	if (node->clock_behind_ms)
		printf("clock       %.1f s behind the others': set it right\n", (double)node->clock_behind_ms / 1000);
	else if (node->clock_ahead_ms)
		printf("clock       %.1f s ahead of the others': set it right\n", (double)node->clock_ahead_ms / 1000);
}

static int status_print_report(const struct report *r, bool json)
{
	char block[2 * HASH_SIZE + 1], root[2 * HASH_SIZE + 1], advice[ADVICE_SIZE], age[CLOCKS_AGE_SIZE];
	advice_text(r, advice);
	clocks_age_format(r->node.final_age_ms, age);
	hex_format(r->node.final_id.b, HASH_SIZE, block);
	hex_format(r->node.state_root.b, HASH_SIZE, root);
	if (json)
		return status_print_json(r, block, root, advice);
	printf("%s\nheight      %" PRIu64 "\nview        %" PRIu64 "\nblock       %s\n",
	       r->running ? "running" : "stopped", r->node.final_height, r->node.view, block);
	if (r->age_known)
		printf("made        %s ago\n", age);
	if (r->running)
		print_running(r, root);
	else
		printf("state root  %s (after height %" PRIu64 ")\n", root, r->settled_height);
	if (r->lost_votes)
		printf("voting      %s: see \"A lost journal\" in docs/operating.md\n",
		       voting_text(VOTING_STALE_JOURNAL));
	if (r->second_chain)
		printf("evidence    of a second chain: see \"A second chain\" in docs/operating.md\n");
	printf("accounts    %" PRIu64 "\nto do       %s\n", r->node.accounts, advice);
	return command_flush();
}

static int status_run(struct arguments *arguments)
{
	const char *home;
	bool json;
	int code = arguments_home(arguments, &home, &json);
	struct report report = {0};
	if (!code)
		code = status_collect(home, &report);
	return code ? code : status_print_report(&report, json);
}

const struct command command_status = {
    .name = "status",
    .summary = "show how a validator is doing",
    .description =
        "Asks the node that runs in HOME, which holds HOME/lock, for its final height, its age, view, peers and the\n"
        "weight linked, whether it votes, what it waits for, and what there is to do about it.\n"
        "Where none runs, reads what there is in its store. Exit code 6 where a node runs there but does not answer.",
    .options = options,
    .run = status_run,
};

/* unciad sign-agent init: moves a validator's consensus key into the directory of a sign agent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "command.h"
#include "files.h"
#include "home.h"
#include "sign_agent.h"
#include "uncia/error.h"

enum { OPTION_AGENT = 1 };

static const struct poptOption options[] = {
    OPTIONS_HOME,
    {"agent", '\0', POPT_ARG_STRING, NULL, OPTION_AGENT, "The agent's directory, made where there is none", "DIR"},
    OPTIONS_JSON,
    OPTIONS_COMMON,
};

struct agent_move {
	struct home home; /* the validator's */
	const char *agent;
	uint64_t votes; /* taken over from its journal */
};

static bool agent_has(const char *directory, const char *name)
{
	char path[PATH_MAX];
	return !path_join(directory, name, path) && path_exists(path);
}

static int refuse_move(const struct agent_move *m)
{
	if (m->home.signer)
		return command_error(EXIT_FAILED, "%s has no consensus.key: a sign agent has it already", m->home.path);
	if (m->home.self == SELF_OBSERVER)
		return command_error(EXIT_FAILED, "the consensus key of %s is not one of the genesis", m->home.path);
	if (agent_has(m->agent, "network.key") || agent_has(m->agent, "unciad.conf"))
		return command_error(EXIT_FAILED, "%s is a validator's home: a sign agent needs a directory of its own",
		                     m->agent);
	return 0;
}

/* A file of the agent's, with this content; one that is there must have the same. */
static int put_same(const char *directory, const char *name, const struct bytes *content, mode_t mode)
{
	char path[PATH_MAX];
	uint8_t *present;
	size_t size;
	int code = path_join(directory, name, path);
	if (code || !path_exists(path))
		return code ? code : file_create(path, mode, content->data, content->size);
	code = file_read(path, content->size, mode == 0600, &present, &size);
	if (code)
		return code;
	bool same = size == content->size && !sodium_memcmp(present, content->data, size);
	sodium_memzero(present, size);
	free(present);
	return same ? 0 : command_error(EXIT_FAILED, "%s is another one's: give another --agent", path);
}

static int put_key(const struct agent_move *m)
{
	char path[PATH_MAX];
	uint8_t *key;
	size_t size;
	int code = path_join(m->home.path, "consensus.key", path);
	if (!code)
		code = file_read(path, KEY_TEXT_SIZE, true, &key, &size);
	if (code)
		return code;
	code = put_same(m->agent, "consensus.key", &(struct bytes){key, size}, 0600);
	sodium_memzero(key, size);
	free(key);
	return code ? code : file_remove(path);
}

/* ---- the record ---------------------------------------------------------------------------- */

static int note_vote(struct agent_move *m, struct signed_record *record, const struct vote *vote)
{
	enum signer_verdict verdict;
	char why[256] = "";
	int error = signed_record_note(record, vote, &verdict, why);
	if (error)
		return agent_record_failure(m->agent, error, why);
	m->votes += verdict == SIGNER_DONE;
	if (verdict == SIGNER_DONE || verdict == SIGNER_PAST)
		return 0;
	return command_error(EXIT_MISMATCH,
	                     "%s: its record and %s/data/journal have different votes of view %llu: one of the two is "
	                     "another validator's, or an older copy",
	                     m->agent, m->home.path, (unsigned long long)vote->view);
}

/* Every own vote that the validator's journal still has: those of views that are not past are among them. */
static int note_votes(struct agent_move *m, struct store *store, struct signed_record *record)
{
	uint8_t place[8 + 1 + HASH_SIZE] = {0};
	struct storage_view view;
	struct bytes key, value;
	struct vote vote;
	int error, code = 0;
	store_view(store, &view);
	while (!code &&
	       (error = view.journal_seek(view.context, JOURNAL_VOTE, place, sizeof(place), &key, &value)) == 0) {
		if (key.size != sizeof(place) || vote_decode(value.data, value.size, &vote))
			return home_store_failure(&m->home, UNCIA_E_DAMAGED,
			                          "journal: a vote is not what it is stored as");
		memcpy(place, key.data, sizeof(place));
		for (size_t i = sizeof(place); i-- > 0 && !++place[i];)
			;
		code = note_vote(m, record, &vote);
	}
	if (code)
		return code;
	return error == UNCIA_E_NOT_FOUND ? 0 : home_store_failure(&m->home, error, store_damage(store));
}

/* Of views up to that of the last final block the journal has forgotten its votes: there the key signs no more. */
static int note_past(struct agent_move *m, struct store *store, struct signed_record *record)
{
	struct storage_view view;
	struct bytes key, value;
	char why[256] = "";
	store_view(store, &view);
	int error = view.journal_last(view.context, JOURNAL_FINAL, &key, &value);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (!error && value.size < 8)
		error = UNCIA_E_DAMAGED;
	if (error)
		return home_store_failure(&m->home, error, store_damage(store));
	error = signed_record_past(record, be64_get(value.data), why);
	return error ? agent_record_failure(m->agent, error, why) : 0;
}

static int fill_record(struct agent_move *m, struct store *store)
{
	const struct signed_record_owner owner = {&m->home.genesis.network_id, &m->home.genesis.committee,
	                                          m->home.self};
	struct signed_record *record;
	char why[256] = "";
	int error = signed_record_create(m->agent, &owner);
	if (error && error != UNCIA_E_EXISTS)
		return agent_record_failure(m->agent, error, why);
	error = signed_record_open(m->agent, &owner, NULL, &record, why);
	if (error)
		return agent_record_failure(m->agent, error, why);
	int code = note_votes(m, store, record);
	if (!code)
		code = note_past(m, store, record);
	signed_record_close(record);
	return code;
}

/* The validator's home is held all the while: nothing signs with the key before it has moved. The key comes last, so
 * that an agent's directory that has it is whole. */
static int move_key(struct agent_move *m)
{
	struct store *store;
	int code = home_store_open(&m->home, false, &store);
	if (code)
		return code;
	code = directory_make(m->agent);
	if (!code)
		code =
		    put_same(m->agent, "genesis", &(struct bytes){m->home.genesis.bytes, m->home.genesis.size}, 0644);
	if (!code)
		code = fill_record(m, store);
	if (!code)
		code = put_key(m);
	store_close(store);
	return code;
}

static int report_move(const struct agent_move *m, bool json)
{
	if (json)
		return command_print_json(json_pack("{s:i,s:s,s:s,s:I}", "v", 1, "home", m->home.path, "agent",
		                                    m->agent, "votes", (json_int_t)m->votes));
	printf("%s has the consensus key of %s now, and %llu vote%s on record.\n"
	       "Start it with\n  unciad sign-agent --home %s --socket PATH\n"
	       "and put into %s/unciad.conf, below [node], the line\n  signer = PATH\n",
	       m->agent, m->home.path, (unsigned long long)m->votes, m->votes == 1 ? "" : "s", m->agent, m->home.path);
	return command_flush();
}

static int agent_init_run(struct arguments *arguments)
{
	struct agent_move m = {.votes = 0};
	const char *path = NULL, *value;
	bool json = false;
	int option;
	while ((option = arguments_next(arguments, &value)) > 0) {
		if (option == OPTION_HOME)
			path = value;
		else if (option == OPTION_AGENT)
			m.agent = value;
		else
			json = true;
	}
	if (option < 0)
		return EXIT_USAGE;
	if (!path || !m.agent)
		return command_usage_error(arguments, "%s is missing", path ? "--agent" : "--home");
	int code = home_open(path, &m.home);
	if (code)
		return code;
	code = refuse_move(&m);
	if (!code)
		code = move_key(&m);
	if (!code)
		code = report_move(&m, json);
	home_close(&m.home);
	return code;
}

const struct command command_sign_agent_init = {
    .name = "sign-agent init",
    .summary = "move a validator's consensus key to a sign agent",
    .description =
        "Makes the directory of a sign agent of a home that  unciad init  has filled, and whose validator is stopped:\n"
        "copies the genesis, takes over from the journal which votes the key has cast, and moves consensus.key. Where "
        "it\n"
        "was cut short it is run once more. The directory is then given to the agent's user.",
    .options = options,
    .run = agent_init_run,
};

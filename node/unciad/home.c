/* The files of a home but for those of its store. */
#include "home.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "backup_note.h"
#include "command.h"
#include "ledger.h"
#include "replica.h"
#include "uncia/error.h"

int genesis_load(const char *path, struct genesis *genesis)
{
	uint8_t *bytes;
	size_t size;
	int code = file_read(path, GENESIS_SIZE_MAX, false, &bytes, &size);
	if (code)
		return code;
	int error = genesis_decode(genesis, bytes, size);
	unsigned version = genesis_version(bytes, size);
	free(bytes);
	if (error == UNCIA_E_VERSION)
		return command_error(
		    EXIT_MISMATCH,
		    "%s: a genesis of version %u of the rules, and this program keeps those of version %u: "
		    "use the release of unciad that the network runs",
		    path, version, GENESIS_VERSION);
	return error ? command_error(error == UNCIA_E_MEMORY ? EXIT_FAILED : EXIT_MISMATCH,
	                             "%s: not a genesis file: %s", path, uncia_error_text(error))
	             : 0;
}

/* The consensus key is this validator's, and the network key is not: which of the two was put there from elsewhere
 * cannot be known from them. */
static int say_keys_apart(const struct genesis *genesis, const struct node_keys *keys, const char *path, uint32_t self)
{
	char whose[64] = "of no validator of the genesis";
	for (uint32_t i = 0; i < genesis->committee.size; i++)
		if (!memcmp(genesis->committee.validators[i].network_key, keys->network_public, 32))
			snprintf(whose, sizeof(whose), "that of validator %u", i);
	return command_error(
	    EXIT_MISMATCH,
	    "%s/consensus.key is that of validator %u, and %s/network.key is %s: one of the two is not this home's. "
	    "Put back this home's own",
	    path, self, path, whose);
}

/* Our place in the committee is that of our consensus key; the network key must be the one that is stated beside it. */
static int find_self(const struct genesis *genesis, const struct node_keys *keys, const char *path, uint32_t *self)
{
	for (uint32_t i = 0; i < genesis->committee.size; i++) {
		const struct validator *v = &genesis->committee.validators[i];
		if (memcmp(v->consensus_key, keys->consensus_public, PUBLIC_KEY_SIZE))
			continue;
		if (memcmp(v->network_key, keys->network_public, 32))
			return say_keys_apart(genesis, keys, path, i);
		*self = i;
		return 0;
	}
	*self = SELF_OBSERVER;
	return 0;
}

#define STARTED_FILE "started"

static bool has_file(const char *home, const char *name)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s", home, name);
	return length > 0 && (size_t)length < sizeof(path) && path_exists(path);
}

static bool home_has_started(const char *path)
{
	return has_file(path, STARTED_FILE);
}

static int load_home_genesis(const char *path, struct genesis *genesis)
{
	char file[PATH_MAX];
	int code = path_join(path, "genesis", file);
	if (code)
		return code;
	if (!path_exists(file) && (home_has_started(path) || has_file(path, "data")))
		return command_error(EXIT_MISMATCH, "%s is gone: put it back; all validators have the same", file);
	if (!path_exists(file) && has_file(path, "consensus.key"))
		return command_error(
		    EXIT_FAILED, "%s has keys and no genesis yet: fill it with  unciad init --home %s --genesis FILE",
		    path, path);
	if (!path_exists(file))
		return command_error(
		    EXIT_FAILED, "%s is not a validator's home: make one with  unciad keygen  and  unciad init", path);
	return genesis_load(file, genesis);
}

/* Where the consensus key is not here: whether that is since a sign agent has it. */
static int find_signer(struct home *home)
{
	struct config config;
	if (has_file(home->path, "consensus.key") || !has_file(home->path, "unciad.conf"))
		return 0;
	int code = home_config(home, &config);
	home->signer = !code && *config.signer;
	return code;
}

/* The keys of a home whose consensus key a sign agent has. */
static int load_without_secret(struct home *home)
{
	int code = keys_load_network(home->path, &home->keys);
	for (uint32_t i = 0; !code && i < home->genesis.committee.size; i++) {
		const struct validator *v = &home->genesis.committee.validators[i];
		if (memcmp(v->network_key, home->keys.network_public, 32))
			continue;
		memcpy(home->keys.consensus_public, v->consensus_key, PUBLIC_KEY_SIZE);
		return 0;
	}
	return code ? code
	            : command_error(EXIT_MISMATCH,
	                            "%s/network.key is of no validator of the genesis: put this home's own back",
	                            home->path);
}

static int keys_of_home(struct home *home)
{
	int code = find_signer(home);
	if (code)
		return code;
	return home->signer ? load_without_secret(home) : keys_load(home->path, &home->keys);
}

static int home_open_by(const char *path, struct home *home, int (*load)(struct home *home))
{
	memset(home, 0, sizeof(*home));
	home->path = path;
	home->self = SELF_OBSERVER;
	int code = load_home_genesis(path, &home->genesis);
	if (code)
		return code;
	code = load(home);
	if (!code)
		code = find_self(&home->genesis, &home->keys, path, &home->self);
	if (code)
		home_close(home);
	return code;
}

int home_open(const char *path, struct home *home)
{
	return home_open_by(path, home, keys_of_home);
}

/* The public keys of a backup, whose note has them. */
static int keys_of_backup(struct home *home)
{
	const char *path = home->path;
	struct node_keys *keys = &home->keys;
	struct backup_note note;
	if (!backup_note_exists(path) || has_file(path, "consensus.key") || has_file(path, "network.key"))
		return keys_of_home(home);
	memset(keys, 0, sizeof(*keys));
	int code = backup_note_read(path, &note);
	memcpy(keys->consensus_public, note.consensus_key, PUBLIC_KEY_SIZE);
	memcpy(keys->network_public, note.network_key, 32);
	return code;
}

int home_open_to_read(const char *path, struct home *home)
{
	return home_open_by(path, home, keys_of_backup);
}

void home_close(struct home *home)
{
	keys_wipe(&home->keys);
	genesis_deinit(&home->genesis);
}

int home_config(const struct home *home, struct config *config)
{
	char path[PATH_MAX];
	assert(home->self == SELF_OBSERVER || home->self < home->genesis.committee.size);
	int code = path_join(home->path, "unciad.conf", path);
	if (!code && !path_exists(path))
		code = command_error(EXIT_USAGE, "%s: not there: put your copy of it back", path);
	return code ? code : config_load(path, home->genesis.committee.size, config);
}

int home_log_path(const struct home *home, const struct config *config, char path[PATH_MAX])
{
	assert(config->log[0]);
	if (config->log[0] != '/')
		return path_join(home->path, config->log, path);
	snprintf(path, PATH_MAX, "%s", config->log);
	return 0;
}

int home_mark_started(const struct home *home)
{
	static const char text[] = "This validator has run. What it has voted is in data/journal: without that,\n"
	                           "its key must not vote again, and unciad init makes no other.\n";
	char path[PATH_MAX];
	int code = path_join(home->path, STARTED_FILE, path);
	if (code || path_exists(path))
		return code;
	return file_create(path, 0600, text, sizeof(text) - 1);
}

bool home_has_journal(const struct home *home)
{
	return has_file(home->path, "data/journal/data.mdb");
}

/* Nobody is advised here to make another journal: where votes were cast under the lost one, that can split the network.
 */
static int say_journal_lost(const char *path)
{
	const char *what = has_file(path, "data") ? "data/journal" : "data/";
	if (!home_has_started(path))
		return command_error(
		    EXIT_JOURNAL_LOST,
		    "%s: there is no %s: this home was never finished, or its journal of votes is gone. "
		    "Do nothing before you know which: see \"A lost journal\" in docs/operating.md",
		    path, what);
	return command_error(
	    EXIT_JOURNAL_LOST,
	    "%s: %s is gone, and with it the journal of votes. This validator has run: without its "
	    "journal, its key must not vote any more. Put back %s as it was when the process last ended, "
	    "and no older copy; else see \"A lost journal\" in docs/operating.md",
	    path, what, what);
}

/* What the store says of one of its two parts begins with the part's name; all else names a path itself. */
static bool is_of_part(const char *why)
{
	return !strncmp(why, "journal: ", 9) || !strncmp(why, "state: ", 7);
}

const char *home_damage_advice(const char *why)
{
	if (strstr(why, "data/state back"))
		return "";
	/* What may be about both is about the votes: advice to go on voting must not be given for it. */
	if (strstr(why, "journal: "))
		return ". Without all of its votes this key must not vote again, and an older copy does not have them: "
		       "see \"A damaged journal or state\" in docs/operating.md";
	if (strstr(why, "state: "))
		return ". The journal of votes is not touched by that: keep it, and put data/state back from any "
		       "copy of this home, however old (see \"A damaged journal or state\" in docs/operating.md)";
	return ". See \"A damaged journal or state\" in docs/operating.md";
}

/* Nothing of it was touched. */
static int say_format(const char *path, int error, const char *why)
{
	size_t count;
	const struct store_step *steps = store_steps(&count);
	uint32_t format = store_format(path);
	if (error == UNCIA_E_NEWER)
		return command_error(
		    EXIT_MISMATCH,
		    "%s/data/%s: a newer release of unciad has made it: use that one. Nothing was touched", path, why);
	if (count && format >= steps[0].from && format < store_format_known())
		return command_error(EXIT_MISMATCH,
		                     "%s/data/%s: an older release has made it: run  unciad migrate --home %s  first. "
		                     "Nothing was touched",
		                     path, why, path);
	return command_error(
	    EXIT_MISMATCH,
	    "%s/data/%s: an older release has made it, and there is no way from there: use the release "
	    "of unciad that made it. Nothing was touched",
	    path, why);
}

int home_store_failure(const struct home *home, int error, const char *why)
{
	assert(error);
	if (error == UNCIA_E_NEWER || error == UNCIA_E_VERSION)
		return say_format(home->path, error, why);
	if ((error == UNCIA_E_NOT_FOUND || error == UNCIA_E_DAMAGED) && !home_has_journal(home))
		return say_journal_lost(home->path);
	if (!is_of_part(why))
		return command_error(error == UNCIA_E_DAMAGED ? EXIT_MISMATCH : EXIT_FAILED, "%s",
		                     *why ? why : uncia_error_text(error));
	if (error == UNCIA_E_NETWORK)
		return command_error(
		    EXIT_MISMATCH,
		    "%s/data/%s than the keys and the genesis of this home: one or the other was put there from "
		    "another home. Put back this home's own: data/state from any copy of it, however old; data/journal "
		    "only as it was when this validator last ended (see \"A lost journal\" in docs/operating.md)",
		    home->path, why);
	return command_error(error == UNCIA_E_DAMAGED ? EXIT_MISMATCH : EXIT_FAILED, "%s/data/%s%s", home->path, why,
	                     error == UNCIA_E_DAMAGED ? home_damage_advice(why) : "");
}

int home_store_open(const struct home *home, bool read_only, struct store **store)
{
	char why[256] = "";
	end_on_fault(EXIT_FAILED);
	int result =
	    store_open(home->path, &home->genesis.network_id, home->keys.consensus_public, read_only, store, why);
	return result ? home_store_failure(home, result, why) : 0;
}

/* Whether the home has this genesis, or none. */
static int check_genesis(const char *path, const struct genesis *genesis)
{
	char file[PATH_MAX];
	struct genesis present;
	int code = path_join(path, "genesis", file);
	if (code || !path_exists(file))
		return code;
	code = genesis_load(file, &present);
	if (code)
		return code;
	bool same = !memcmp(present.network_id.b, genesis->network_id.b, HASH_SIZE);
	genesis_deinit(&present);
	return same ? 0 : command_error(EXIT_FAILED, "%s belongs to another network: give another --home", path);
}

static int put_files(const char *path, const struct genesis *genesis, const struct config *config)
{
	char file[PATH_MAX];
	int code = path_join(path, "genesis", file);
	if (!code && !path_exists(file))
		code = file_create(file, 0644, genesis->bytes, genesis->size);
	if (!code)
		code = path_join(path, "unciad.conf", file);
	if (!code && !path_exists(file))
		code = config_write(file, config, false);
	return code;
}

static int put_store(const char *path, const struct genesis *genesis, const struct node_keys *keys)
{
	struct flush *flush;
	int failure = 0, error = genesis_flush(genesis, &flush);
	if (!error) {
		error = store_create(path, &genesis->network_id, keys->consensus_public, flush);
		failure = errno;
		flush_free(flush);
	}
	/* consensus §6.8: a journal is made once for a key, since a second one could vote again. */
	if (error == UNCIA_E_EXISTS)
		return command_error(EXIT_FAILED, "%s is initialised already: start it with  unciad start --home %s",
		                     path, path);
	if (error)
		return command_error(EXIT_FAILED, "%s: cannot make the store: %s", path,
		                     error == UNCIA_E_IO ? strerror(failure) : uncia_error_text(error));
	return 0;
}

/* All that may be in the way of a home; nothing is changed yet. */
static int may_be_filled(const struct home *home, const struct home_policy *policy)
{
	const char *path = home->path;
	if (home->self == SELF_OBSERVER && !policy->observer)
		return command_error(EXIT_FAILED,
		                     "the consensus key of %s is not one of the genesis: one of the two is not the "
		                     "right one. --observer makes the home of an observer, which votes for nothing",
		                     path);
	int code = check_genesis(path, &home->genesis);
	if (code || has_file(path, "data"))
		return code; /* the store refuses to be made a second time */
	if (home_has_started(path))
		return say_journal_lost(path);
	return home->self != SELF_OBSERVER && policy->may_make ? policy->may_make(home, policy->context) : 0;
}

int home_init(const char *path, const struct genesis *genesis, const struct config *config,
              const struct home_policy *policy)
{
	struct home home = {.path = path, .genesis = *genesis, .self = SELF_OBSERVER};
	int code = keys_load(path, &home.keys);
	if (code)
		return code;
	code = find_self(genesis, &home.keys, path, &home.self);
	if (!code)
		code = may_be_filled(&home, policy);
	assert(code || policy->observer || home.self < genesis->committee.size);
	if (!code)
		code = put_files(path, genesis, config);
	if (!code)
		code = put_store(path, genesis, &home.keys);
	keys_wipe(&home.keys);
	return code;
}

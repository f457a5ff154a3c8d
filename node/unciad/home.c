/* The files of a home but for those of its store. */
#include "home.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
	free(bytes);
	return error ? command_error(EXIT_FAILED, "%s: not a genesis file: %s", path, uncia_error_text(error)) : 0;
}

/* Our place in the committee is that of our consensus key; the network key must be the one that is stated beside it. */
static int find_self(const struct genesis *genesis, const struct node_keys *keys, const char *path, uint32_t *self)
{
	for (uint32_t i = 0; i < genesis->committee.size; i++) {
		const struct validator *v = &genesis->committee.validators[i];
		if (memcmp(v->consensus_key, keys->consensus_public, PUBLIC_KEY_SIZE))
			continue;
		if (memcmp(v->network_key, keys->network_public, 32))
			return command_error(EXIT_FAILED,
			                     "%s/network.key is not the one that the genesis states for validator %u",
			                     path, i);
		*self = i;
		return 0;
	}
	*self = SELF_OBSERVER;
	return 0;
}

static int load_home_genesis(const char *path, struct genesis *genesis)
{
	char file[PATH_MAX];
	int code = path_join(path, "genesis", file);
	if (code)
		return code;
	if (!path_exists(file))
		return command_error(
		    EXIT_FAILED, "%s is not a validator's home: make one with  unciad keygen  and  unciad init", path);
	return genesis_load(file, genesis);
}

int home_open(const char *path, struct home *home)
{
	memset(home, 0, sizeof(*home));
	home->path = path;
	int code = load_home_genesis(path, &home->genesis);
	if (code)
		return code;
	code = keys_load(path, &home->keys);
	if (!code)
		code = find_self(&home->genesis, &home->keys, path, &home->self);
	if (code)
		home_close(home);
	return code;
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
	return code ? code : config_load(path, home->genesis.committee.size, config);
}

int home_store_open(const struct home *home, bool read_only, struct store **store, int *error)
{
	char why[256] = "";
	end_on_fault(EXIT_FAILED);
	int result =
	    store_open(home->path, &home->genesis.network_id, home->keys.consensus_public, read_only, store, why);
	if (error)
		*error = result;
	if (!result)
		return 0;
	return command_error(EXIT_FAILED, "%s", *why ? why : uncia_error_text(result));
}

static int put_genesis(const char *path, const struct genesis *genesis)
{
	char file[PATH_MAX];
	struct genesis present;
	int code = path_join(path, "genesis", file);
	if (code)
		return code;
	if (!path_exists(file))
		return file_create(file, 0644, genesis->bytes, genesis->size);
	code = genesis_load(file, &present);
	if (code)
		return code;
	bool same = !memcmp(present.network_id.b, genesis->network_id.b, HASH_SIZE);
	genesis_deinit(&present);
	return same ? 0 : command_error(EXIT_FAILED, "%s belongs to another network: give another --home", path);
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
	/* consensus §6: a journal is made once for a key, since a second one could vote again. */
	if (error == UNCIA_E_EXISTS)
		return command_error(EXIT_FAILED, "%s is initialised already: start it with  unciad start --home %s",
		                     path, path);
	if (error)
		return command_error(EXIT_FAILED, "%s: cannot make the store: %s", path,
		                     error == UNCIA_E_IO ? strerror(failure) : uncia_error_text(error));
	return 0;
}

int home_init(const char *path, const struct genesis *genesis, const struct config *config, bool observer)
{
	struct node_keys keys;
	char config_path[PATH_MAX];
	uint32_t self = SELF_OBSERVER;
	int code = path_join(path, "unciad.conf", config_path);
	if (!code)
		code = keys_load(path, &keys);
	if (code)
		return code;
	code = find_self(genesis, &keys, path, &self);
	if (!code && self == SELF_OBSERVER && !observer)
		code = command_error(
		    EXIT_FAILED,
		    "the consensus key of %s is not one of the genesis: --observer makes the home all the same", path);
	if (!code)
		code = put_genesis(path, genesis);
	assert(code || observer || self < genesis->committee.size);
	if (!code && !path_exists(config_path))
		code = config_write(config_path, config, false);
	if (!code)
		code = put_store(path, genesis, &keys);
	keys_wipe(&keys);
	return code;
}

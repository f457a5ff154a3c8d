/* The key files of a home: made, read, wiped from memory. */
#include "keys.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "files.h"
#include "noise.h"
#include "uncia/error.h"

void hex_format(const void *bytes, size_t size, char *text)
{
	assert(bytes && text);
	sodium_bin2hex(text, 2 * size + 1, bytes, size);
}

bool hex_parse_32(const char *text, size_t size, uint8_t bytes[32])
{
	size_t parsed;
	return size == 64 && !sodium_hex2bin(bytes, 32, text, size, NULL, &parsed, NULL) && parsed == 32;
}

static int keys_derive(struct node_keys *keys, const uint8_t consensus_seed[SEED_SIZE])
{
	int error = sign_keypair(consensus_seed, keys->consensus_public, keys->consensus_secret);
	if (!error)
		error = noise_public_key(keys->network_secret, keys->network_public);
	return error ? command_error(EXIT_FAILED, "cannot derive the public keys: %s", uncia_error_text(error)) : 0;
}

static int load_seed(const char *path, uint8_t seed[32])
{
	uint8_t *text;
	size_t size;
	int code = file_read(path, KEY_TEXT_SIZE, true, &text, &size);
	if (code)
		return code;
	size_t digits = size == KEY_TEXT_SIZE && text[size - 1] == '\n' ? size - 1 : size;
	if (!hex_parse_32((const char *)text, digits, seed))
		code = command_error(EXIT_MISMATCH, "%s: not a key file (64 hexadecimal digits)", path);
	sodium_memzero(text, size);
	free(text);
	return code;
}

static int make_seed(const char *path, uint8_t seed[32])
{
	char text[KEY_TEXT_SIZE];
	_Static_assert(KEY_TEXT_SIZE == 2 * SEED_SIZE + 1, "a key file holds one seed in hexadecimal digits");
	randombytes_buf(seed, 32); /* where there is no randomness it ends the process */
	hex_format(seed, 32, text);
	text[KEY_TEXT_SIZE - 1] = '\n';
	int code = file_create(path, 0600, text, KEY_TEXT_SIZE);
	sodium_memzero(text, sizeof(text));
	return code;
}

struct key_paths {
	char consensus[PATH_MAX], network[PATH_MAX];
};

static int find_paths(const char *home, struct key_paths *paths)
{
	int code = path_join(home, "consensus.key", paths->consensus);
	return code ? code : path_join(home, "network.key", paths->network);
}

/* A home has its genesis from init on: then its keys are in that genesis, and no new one is. */
static int say_key_gone(const char *path)
{
	return command_error(
	    EXIT_MISMATCH,
	    "%s: not there, and this home has its genesis already: put your copy of the file back. A new "
	    "key would not be this validator's",
	    path);
}

static int with_seeds(const char *home, int (*seed_of)(const char *path, bool exists, uint8_t seed[32]),
                      struct node_keys *keys)
{
	struct key_paths paths;
	uint8_t seed[SEED_SIZE];
	int code = find_paths(home, &paths);
	if (!code)
		code = seed_of(paths.consensus, path_exists(paths.consensus), seed);
	if (!code)
		code = seed_of(paths.network, path_exists(paths.network), keys->network_secret);
	if (!code)
		code = keys_derive(keys, seed);
	sodium_memzero(seed, sizeof(seed));
	if (code)
		keys_wipe(keys);
	return code;
}

static int load_existing(const char *path, bool exists, uint8_t seed[32])
{
	return exists ? load_seed(path, seed)
	              : command_error(EXIT_FAILED, "%s: not there: make the keys with  unciad keygen", path);
}

static int make_missing(const char *path, bool exists, uint8_t seed[32])
{
	return exists ? load_seed(path, seed) : make_seed(path, seed);
}

/* What keys_load and keys_make refuse of a home that init has filled: that a key is gone. */
static int refuse_gone(const char *home, const struct key_paths *paths)
{
	char genesis[PATH_MAX];
	int code = path_join(home, "genesis", genesis);
	if (code || !path_exists(genesis))
		return code;
	if (!path_exists(paths->consensus))
		return command_error(
		    EXIT_MISMATCH,
		    "%s: not there, and this home has its genesis already: put your copy of the file back (a new key "
		    "would not be this validator's), or, where a sign agent has it, let unciad.conf say so (signer = "
		    "PATH)",
		    paths->consensus);
	return path_exists(paths->network) ? 0 : say_key_gone(paths->network);
}

int keys_load(const char *home, struct node_keys *keys)
{
	struct key_paths paths;
	int code = find_paths(home, &paths);
	if (!code)
		code = refuse_gone(home, &paths);
	return code ? code : with_seeds(home, load_existing, keys);
}

int keys_make(const char *home, struct node_keys *keys)
{
	struct key_paths paths;
	int code = find_paths(home, &paths);
	if (!code)
		code = refuse_gone(home, &paths);
	if (code)
		return code;
	if (path_exists(paths.consensus) && path_exists(paths.network))
		return command_error(EXIT_FAILED,
		                     "%s has keys already: a validator keeps its keys for life; "
		                     "for another validator give another --home",
		                     home);
	return with_seeds(home, make_missing, keys);
}

int keys_load_network(const char *home, struct node_keys *keys)
{
	struct key_paths paths;
	memset(keys, 0, sizeof(*keys));
	int code = find_paths(home, &paths);
	if (!code && !path_exists(paths.network))
		code = say_key_gone(paths.network);
	if (!code)
		code = load_seed(paths.network, keys->network_secret);
	if (!code && noise_public_key(keys->network_secret, keys->network_public))
		code = command_error(EXIT_FAILED, "cannot derive the public key of %s", paths.network);
	if (code)
		keys_wipe(keys);
	return code;
}

int keys_load_consensus(const char *directory, struct node_keys *keys)
{
	struct key_paths paths;
	uint8_t seed[SEED_SIZE];
	memset(keys, 0, sizeof(*keys));
	int code = find_paths(directory, &paths);
	if (!code)
		code = load_existing(paths.consensus, path_exists(paths.consensus), seed);
	if (!code && sign_keypair(seed, keys->consensus_public, keys->consensus_secret))
		code = command_error(EXIT_FAILED, "cannot derive the public key of %s", paths.consensus);
	sodium_memzero(seed, sizeof(seed));
	if (code)
		keys_wipe(keys);
	return code;
}

void keys_wipe(struct node_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

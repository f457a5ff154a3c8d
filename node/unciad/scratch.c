/* The audit's temporary ledger: the node's own store and rules, in a directory that is removed afterwards. */
#include "scratch.h"
#include <assert.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "uncia/error.h"

static int scratch_error(const struct scratch *s, int error, const char *why)
{
	assert(error);
	return command_error(EXIT_FAILED, "%s: %s", s->path, *why ? why : uncia_error_text(error));
}

static int make_store(const struct scratch *s, const struct home *home)
{
	struct flush *flush;
	int error = genesis_flush(&home->genesis, &flush);
	if (error)
		return error;
	error = store_create(s->path, &home->genesis.network_id, home->keys.consensus_public, flush);
	flush_free(flush);
	return error;
}

int scratch_open(struct scratch *s, const struct home *home, const char *directory)
{
	char why[256] = "";
	uint8_t seed[16];
	struct storage_view view;
	memset(s, 0, sizeof(*s));
	int code = path_join(directory, "uncia-check.XXXXXX", s->path);
	if (code)
		return code;
	if (!mkdtemp(s->path)) {
		code = command_error(EXIT_FAILED, "%s: %s", s->path, strerror(errno));
		s->path[0] = '\0';
		return code;
	}
	int error = make_store(s, home);
	if (!error)
		error =
		    store_open(s->path, &home->genesis.network_id, home->keys.consensus_public, false, &s->store, why);
	if (error)
		return scratch_error(s, error, why);
	store_view(s->store, &view);
	randombytes_buf(seed, sizeof(seed));
	error = ledger_new(&home->genesis, &view, seed, &s->ledger);
	return error ? scratch_error(s, error, why) : 0;
}

int scratch_flush(struct scratch *s)
{
	char why[256] = "";
	struct flush *flush;
	assert(s->ledger && s->store);
	int error = ledger_take_flush(s->ledger, &flush);
	if (error)
		return scratch_error(s, error, why);
	if (!flush)
		return 0;
	error = state_apply(s->store, flush, why);
	if (!error)
		error = store_view_renew(s->store);
	if (error) {
		flush_free(flush);
		return scratch_error(s, error, why);
	}
	ledger_flushed(s->ledger, flush);
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(path);
}

void scratch_close(struct scratch *s)
{
	ledger_free(s->ledger);
	store_close(s->store);
	if (s->path[0] && nftw(s->path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT))
		command_error(EXIT_FAILED, "%s: cannot be removed: %s", s->path, strerror(errno));
}

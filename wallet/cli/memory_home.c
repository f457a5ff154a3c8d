/* See memory_home.h: a host over a few blobs in memory, and a key that is thrown away. */
#include "memory_home.h"
#include <stdlib.h>
#include <string.h>

#define BLOBS_MAX 64 /* key, network, and a few notes: it never pays */

struct memory_home {
	struct {
		char name[UNCIA_BLOB_NAME_SIZE];
		void *data;
		size_t size;
	} blobs[BLOBS_MAX];
	size_t count;
};

static size_t blob_place(const struct memory_home *home, const char *name)
{
	size_t i = 0;
	while (i < home->count && strcmp(home->blobs[i].name, name) != 0)
		i++;
	return i;
}

static int memory_load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	const struct memory_home *home = context;
	size_t i = blob_place(home, name);
	if (i == home->count)
		return UNCIA_E_NOT_FOUND;
	*size = home->blobs[i].size;
	memcpy(buffer, home->blobs[i].data, *size < capacity ? *size : capacity);
	return 0;
}

static int memory_replace(void *context, const char *name, const void *data, size_t size)
{
	struct memory_home *home = context;
	size_t i = blob_place(home, name);
	void *copy = i == BLOBS_MAX || strlen(name) >= UNCIA_BLOB_NAME_SIZE ? NULL : malloc(size + 1);
	if (!copy)
		return UNCIA_E_IO;
	memcpy(copy, data, size);
	if (i == home->count) {
		strcpy(home->blobs[i].name, name);
		home->count++;
	} else {
		free(home->blobs[i].data);
	}
	home->blobs[i].data = copy;
	home->blobs[i].size = size;
	return 0;
}

static int memory_create(void *context, const char *name, const void *data, size_t size)
{
	const struct memory_home *home = context;
	return blob_place(home, name) != home->count ? UNCIA_E_EXISTS : memory_replace(context, name, data, size);
}

static int memory_remove(void *context, const char *name)
{
	struct memory_home *home = context;
	size_t i = blob_place(home, name);
	if (i == home->count)
		return UNCIA_E_NOT_FOUND;
	free(home->blobs[i].data);
	home->blobs[i] = home->blobs[--home->count];
	return 0;
}

static int memory_list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                       void *each_context)
{
	const struct memory_home *home = context;
	int result = 0;
	for (size_t i = 0; !result && i < home->count; i++)
		if (!strncmp(home->blobs[i].name, prefix, strlen(prefix)))
			result = each(each_context, home->blobs[i].name);
	return result;
}

int memory_home_open(struct session *session, uint32_t request_timeout_ms)
{
	const struct uncia_key_options key = {.size = sizeof(key), .no_passphrase = true};
	const struct uncia_wallet_options options = {.size = sizeof(options), .request_timeout_ms = request_timeout_ms};
	char words[UNCIA_WORDS_TEXT_SIZE];
	struct memory_home *home = calloc(1, sizeof(*home));
	if (!home)
		return UNCIA_E_MEMORY;
	session->host = (struct uncia_host){.size = sizeof(session->host),
	                                    .context = home,
	                                    .load = memory_load,
	                                    .create = memory_create,
	                                    .replace = memory_replace,
	                                    .remove = memory_remove,
	                                    .list = memory_list};
	int error = uncia_words_make(NULL, 12, words);
	if (!error)
		error = uncia_wallet_create(&session->host, words, &key);
	if (!error)
		error = uncia_wallet_open(&session->host, session->network, &options, &session->wallet);
	explicit_bzero(words, sizeof(words));
	return error;
}

void memory_home_close(struct session *session)
{
	struct memory_home *home = session->host.context;
	uncia_wallet_close(session->wallet);
	session->wallet = NULL;
	for (size_t i = 0; home && i < home->count; i++) {
		explicit_bzero(home->blobs[i].data, home->blobs[i].size);
		free(home->blobs[i].data);
	}
	free(home);
	session->host = (struct uncia_host){.size = 0};
}

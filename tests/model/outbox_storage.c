/* The storage of the world that outbox.c searches, and the other hooks of its host. See outbox_world.h. */
#include <stdlib.h>
#include <string.h>
#include "outbox_world.h"
#include <sodium.h>

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

static void version_set(struct blob_version *version, const void *data, size_t size)
{
	uint8_t *copy = must(malloc(size + 1));

	memcpy(copy, data, size);
	free(version->data);
	*version = (struct blob_version){.there = true, .data = copy, .size = size};
}

static void version_copy(struct blob_version *to, const struct blob_version *from)
{
	if (from->there) {
		version_set(to, from->data, from->size);
		return;
	}
	free(to->data);
	*to = (struct blob_version){0};
}

struct blob *world_blob(const struct world *w, const char *name)
{
	for (uint32_t i = 0; i < w->blob_count; i++)
		if (strcmp(w->blobs[i].name, name) == 0)
			return (struct blob *)(uintptr_t)&w->blobs[i];
	return NULL;
}

static struct blob *get(struct world *w, const char *name)
{
	struct blob *blob = world_blob(w, name);

	if (blob)
		return blob;
	if (w->blob_count == BLOBS_MAX)
		abort();
	blob = &w->blobs[w->blob_count++];
	*blob = (struct blob){0};
	strcpy(blob->name, name);
	return blob;
}

/* Whether this writing call is the one that fails; what of it happens all the same. */
static bool fails(struct world *w, bool *seen, bool *kept)
{
	*seen = *kept = false;
	if (w->dead)
		return true;
	w->calls++;
	if (w->fail_at == 0 || w->calls != w->fail_at) {
		*seen = *kept = true;
		return false;
	}
	w->dead = w->ends;
	*seen = w->effect_seen;
	*kept = w->effect_kept;
	return true;
}

static int host_load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	const struct world *w = context;
	const struct blob *blob = world_blob(w, name);

	if (!blob || !blob->seen.there)
		return UNCIA_E_NOT_FOUND;
	memcpy(buffer, blob->seen.data, blob->seen.size < capacity ? blob->seen.size : capacity);
	*size = blob->seen.size;
	return 0;
}

static int host_create(void *context, const char *name, const void *data, size_t size)
{
	struct world *w = context;
	bool seen, kept, failing = fails(w, &seen, &kept);
	struct blob *blob = get(w, name);
	bool there = blob->seen.there;

	if (!there && seen)
		version_set(&blob->seen, data, size);
	if (kept) /* of one that was there before, too */
		version_copy(&blob->kept, &blob->seen);
	return failing ? UNCIA_E_IO : there ? UNCIA_E_EXISTS : 0;
}

static int host_replace(void *context, const char *name, const void *data, size_t size)
{
	struct world *w = context;
	bool seen, kept, failing = fails(w, &seen, &kept);
	struct blob *blob = get(w, name);

	if (seen)
		version_set(&blob->seen, data, size);
	if (kept)
		version_set(&blob->kept, data, size);
	return failing ? UNCIA_E_IO : 0;
}

static int host_remove(void *context, const char *name)
{
	static const struct blob_version none;
	struct world *w = context;
	bool seen, kept, failing = fails(w, &seen, &kept);
	struct blob *blob = get(w, name);
	bool there = blob->seen.there;

	if (seen)
		version_copy(&blob->seen, &none);
	if (kept)
		version_copy(&blob->kept, &none);
	return failing ? UNCIA_E_IO : there ? 0 : UNCIA_E_NOT_FOUND;
}

static int host_list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                     void *each_context)
{
	const struct world *w = context;
	int result = 0;

	for (uint32_t i = 0; i < w->blob_count && result == 0; i++)
		if (w->blobs[i].seen.there && strncmp(w->blobs[i].name, prefix, strlen(prefix)) == 0)
			result = each(each_context, w->blobs[i].name);
	return result;
}

static int host_random_bytes(void *context, void *buffer, size_t size)
{
	struct world *w = context;
	uint8_t seed[randombytes_SEEDBYTES] = {0};

	w->random++;
	memcpy(seed, &w->random, sizeof(w->random));
	randombytes_buf_deterministic(buffer, size, seed);
	return 0;
}

static uint64_t host_now(void *context)
{
	return ((const struct world *)context)->now_ms;
}

static uint64_t host_wall(void *context)
{
	(void)context;
	return 1;
}

void world_host(struct world *w)
{
	w->host = (struct uncia_host){.size = sizeof(w->host),
	                              .context = w,
	                              .load = host_load,
	                              .create = host_create,
	                              .replace = host_replace,
	                              .remove = host_remove,
	                              .list = host_list,
	                              .random = host_random_bytes,
	                              .now_ms = host_now,
	                              .wall_ms = host_wall};
}

void world_copy_blobs(struct world *w, const struct world *from)
{
	for (uint32_t i = 0; i < from->blob_count; i++) {
		struct blob *blob = get(w, from->blobs[i].name);
		version_copy(&blob->seen, &from->blobs[i].seen);
		version_copy(&blob->kept, &from->blobs[i].kept);
	}
}

void world_lose_unkept(struct world *w)
{
	for (uint32_t i = 0; i < w->blob_count; i++)
		version_copy(&w->blobs[i].seen, &w->blobs[i].kept);
}

void world_free_blobs(struct world *w)
{
	for (uint32_t i = 0; i < w->blob_count; i++) {
		free(w->blobs[i].seen.data);
		free(w->blobs[i].kept.data);
	}
}

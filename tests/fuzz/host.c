/* See host.h. */
#include "host.h"
#include "fuzz.h"

static size_t find(const struct fuzz_host *h, const char *name)
{
	size_t i = 0;

	while (i < h->count && strcmp(h->blobs[i].name, name) != 0)
		i++;
	return i;
}

static int load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	const struct fuzz_host *h = context;
	size_t i = find(h, name);

	if (i == h->count)
		return UNCIA_E_NOT_FOUND;
	*size = h->blobs[i].size;
	if (*size && capacity)
		memcpy(buffer, h->blobs[i].data, *size < capacity ? *size : capacity);
	return 0;
}

static int replace(void *context, const char *name, const void *data, size_t size)
{
	struct fuzz_host *h = context;
	size_t i = find(h, name);

	if (i == FUZZ_BLOBS || strlen(name) >= UNCIA_BLOB_NAME_SIZE)
		return UNCIA_E_IO;
	if (i == h->count) {
		strcpy(h->blobs[i].name, name);
		h->count++;
	} else {
		free(h->blobs[i].data);
	}
	h->blobs[i].data = fuzz_text(data, size);
	h->blobs[i].size = size;
	return 0;
}

static int create(void *context, const char *name, const void *data, size_t size)
{
	const struct fuzz_host *h = context;

	return find(h, name) < h->count ? UNCIA_E_EXISTS : replace(context, name, data, size);
}

static int remove_blob(void *context, const char *name)
{
	struct fuzz_host *h = context;
	size_t i = find(h, name);

	if (i == h->count)
		return UNCIA_E_NOT_FOUND;
	free(h->blobs[i].data);
	h->blobs[i] = h->blobs[--h->count];
	return 0;
}

static int list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                void *each_context)
{
	const struct fuzz_host *h = context;
	int result = 0;

	for (size_t i = 0; result == 0 && i < h->count; i++)
		if (strncmp(h->blobs[i].name, prefix, strlen(prefix)) == 0)
			result = each(each_context, h->blobs[i].name);
	return result;
}

static int random_bytes(void *context, void *buffer, size_t size)
{
	(void)context;
	memset(buffer, 0x5a, size);
	return 0;
}

static uint64_t now_ms(void *context)
{
	(void)context;
	return 1000000;
}

void fuzz_host_init(struct fuzz_host *h)
{
	memset(h, 0, sizeof(*h));
	h->host = (struct uncia_host){.size = sizeof(h->host),
	                              .context = h,
	                              .load = load,
	                              .create = create,
	                              .replace = replace,
	                              .remove = remove_blob,
	                              .list = list,
	                              .random = random_bytes,
	                              .now_ms = now_ms,
	                              .wall_ms = now_ms};
}

void fuzz_host_deinit(struct fuzz_host *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->blobs[i].data);
	h->count = 0;
}

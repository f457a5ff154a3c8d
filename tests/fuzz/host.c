/* See host.h. */
#include "host.h"
#include <stdio.h>
#include <sodium.h>
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

char *fuzz_network_file(void)
{
	const struct fixture *f = fuzz_network();
	char *text, line[128], key[65];
	size_t text_size;
	FILE *file = open_memstream(&text, &text_size);

	assert(file);
	fprintf(file, "# a comment\n[network]\nname = %s\n", f->genesis.name);
	for (size_t at = 0; at < f->genesis.size; at += 75) {
		size_t size = f->genesis.size - at < 75 ? f->genesis.size - at : 75;
		sodium_bin2base64(line, sizeof(line), f->genesis.bytes + at, size,
		                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		fprintf(file, "genesis = %s\n", line);
	}
	for (uint32_t i = 0; i < FUZZ_VALIDATORS; i++) {
		sodium_bin2hex(key, sizeof(key), f->validators[i].network_public, 32);
		fprintf(file, "[validator.%u]\naddress = 127.0.0.1:%u\nnetwork_key = %s\n", i, 7001 + i, key);
	}
	assert(fclose(file) == 0);
	return text;
}

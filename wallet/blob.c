/* Stored blobs in their envelope, over the host's hooks; their contents are the callers'. */
#include "blob.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hash.h"
#include "system.h"

#define MAGIC           "uncia-1\n"
#define MAGIC_SIZE      (sizeof(MAGIC) - 1)
#define ENVELOPE_SIZE   (MAGIC_SIZE + HASH_SIZE)
#define LOAD_FIRST_SIZE 4096

int host_init(struct uncia_host *host, const struct uncia_host *given)
{
	if (!given || given->size != sizeof(*given) || !given->load || !given->create || !given->replace ||
	    !given->remove || !given->list || (!given->lock) != (!given->unlock))
		return UNCIA_E_ARGUMENT;
	*host = *given;
	if (!host->random)
		host->random = system_random;
	if (!host->now_ms)
		host->now_ms = system_now_ms;
	if (!host->wall_ms)
		host->wall_ms = system_wall_ms;
	return 0;
}

int host_random(const struct uncia_host *host, void *buffer, size_t size)
{
	return host->random(host->context, buffer, size) == 0 ? 0 : UNCIA_E_RANDOM;
}

int host_lock(const struct uncia_host *host)
{
	return host->lock ? host->lock(host->context) : 0;
}

void host_unlock(const struct uncia_host *host)
{
	if (host->unlock)
		host->unlock(host->context);
}

void host_log(const struct uncia_host *host, enum uncia_log_level level, const char *format, ...)
{
	char line[512];
	va_list arguments;
	if (!host->log)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	host->log(host->context, level, line);
}

/* The checksum covers the name, so that a blob copied over another one is damage. */
static void blob_checksum(const char *name, const void *data, size_t size, struct hash *sum)
{
	struct hasher hasher;
	hasher_init(&hasher, HASH_RECORD);
	hasher_add(&hasher, name, strlen(name) + 1);
	hasher_add(&hasher, data, size);
	hasher_end(&hasher, sum);
}

static int open_envelope(const char *name, uint8_t *data, size_t *size)
{
	struct hash sum;
	if (*size < ENVELOPE_SIZE || memcmp(data, MAGIC, MAGIC_SIZE) != 0)
		return UNCIA_E_DAMAGED;
	blob_checksum(name, data + ENVELOPE_SIZE, *size - ENVELOPE_SIZE, &sum);
	if (memcmp(data + MAGIC_SIZE, sum.b, HASH_SIZE) != 0)
		return UNCIA_E_DAMAGED;
	*size -= ENVELOPE_SIZE;
	memmove(data, data + ENVELOPE_SIZE, *size);
	return 0;
}

int blob_load(const struct uncia_host *host, const char *name, uint8_t **data, size_t *size)
{
	return blob_load_large(host, name, LOAD_FIRST_SIZE, data, size);
}

int blob_load_large(const struct uncia_host *host, const char *name, size_t expected, uint8_t **data, size_t *size)
{
	size_t capacity = expected, whole = 0;
	/* Again with room for the whole blob where it did not fit, and once more where it grew meanwhile. */
	for (;;) {
		uint8_t *buffer = malloc(capacity);
		if (!buffer)
			return UNCIA_E_MEMORY;
		int rc = host->load(host->context, name, buffer, capacity, &whole);
		if (!rc && whole <= capacity) {
			rc = open_envelope(name, buffer, &whole);
			if (!rc) {
				*data = buffer;
				*size = whole;
				return 0;
			}
		}
		blob_free(buffer, capacity);
		if (rc)
			return rc;
		if (whole > BLOB_SIZE_MAX)
			return UNCIA_E_DAMAGED;
		capacity = whole;
	}
}

void blob_free(uint8_t *data, size_t size)
{
	if (!data)
		return;
	sodium_memzero(data, size);
	free(data);
}

static int blob_store(const struct uncia_host *host,
                      int (*hook)(void *context, const char *name, const void *data, size_t size), const char *name,
                      const void *data, size_t size)
{
	struct hash sum;
	assert(name[0] != '\0' && strlen(name) < UNCIA_BLOB_NAME_SIZE);
	if (size > BLOB_SIZE_MAX - ENVELOPE_SIZE)
		return UNCIA_E_LIMIT;
	uint8_t *whole = malloc(ENVELOPE_SIZE + size);
	if (!whole)
		return UNCIA_E_MEMORY;
	blob_checksum(name, data, size, &sum);
	memcpy(whole, MAGIC, MAGIC_SIZE);
	memcpy(whole + MAGIC_SIZE, sum.b, HASH_SIZE);
	memcpy(whole + ENVELOPE_SIZE, data, size);
	int rc = hook(host->context, name, whole, ENVELOPE_SIZE + size);
	blob_free(whole, ENVELOPE_SIZE + size);
	return rc;
}

int blob_create(const struct uncia_host *host, const char *name, const void *data, size_t size)
{
	return blob_store(host, host->create, name, data, size);
}

int blob_replace(const struct uncia_host *host, const char *name, const void *data, size_t size)
{
	return blob_store(host, host->replace, name, data, size);
}

static int add_name(void *context, const char *name)
{
	struct name_list *list = context;
	assert(list->count <= list->capacity);
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
		char **names = realloc(list->names, capacity * sizeof(*names));
		if (!names)
			return UNCIA_E_MEMORY;
		list->names = names;
		list->capacity = capacity;
	}
	if (!(list->names[list->count] = strdup(name)))
		return UNCIA_E_MEMORY;
	list->count++;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int blob_list(const struct uncia_host *host, const char *prefix, struct name_list *list)
{
	struct name_list found = {0};
	int rc = host->list(host->context, prefix, add_name, &found);
	if (rc) {
		name_list_deinit(&found);
		return rc;
	}
	if (found.count != 0)
		qsort(found.names, found.count, sizeof(*found.names), compare_names);
	*list = found;
	return 0;
}

void name_list_deinit(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct name_list){0};
}

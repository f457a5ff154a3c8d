/* A host in memory; see memory_host.h. */
#include "memory_host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "heap.h"
#include "unit.h"

static void blob_free(struct memory_blob *blob)
{
	free(blob->data);
	free(blob->before);
}

struct memory_blob *memory_host_find(struct memory_host *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->blobs[i].name, name) == 0)
			return &m->blobs[i];
	return NULL;
}

bool memory_host_has(struct memory_host *m, const struct payment *payment)
{
	char blob[UNCIA_BLOB_NAME_SIZE], hex[2 * NONCE_SIZE + 1];
	snprintf(blob, sizeof(blob), "payment-%s",
	         sodium_bin2hex(hex, sizeof(hex), payment->nonce, sizeof(payment->nonce)));
	const struct memory_blob *own = memory_host_find(m, blob);
	bool stored = own != NULL && !(m->later && own->lost);
	for (size_t i = 0; !stored && i < m->count; i++)
		stored = strncmp(m->blobs[i].name, "payments-ended-", 15) == 0 &&
		         memmem(m->blobs[i].data, m->blobs[i].size, payment->bytes, payment->size);
	return stored;
}

size_t memory_host_count(struct memory_host *m, const char *prefix)
{
	size_t count = 0;
	for (size_t i = 0; i < m->count; i++)
		count += strncmp(m->blobs[i].name, prefix, strlen(prefix)) == 0;
	return count;
}

void memory_host_forget(struct memory_host *m, const char *prefix)
{
	for (size_t i = m->count; i-- > 0;) {
		if (strncmp(m->blobs[i].name, prefix, strlen(prefix)) != 0)
			continue;
		blob_free(&m->blobs[i]);
		m->blobs[i] = m->blobs[--m->count];
	}
}

/* Returns whether this call fails; *skip: without effect. */
static bool fails(struct memory_host *m, bool *skip)
{
	m->calls++;
	bool failing = m->fail_at != 0 && m->calls >= m->fail_at && m->calls < m->fail_at + m->fail_count;
	*skip = failing && m->failure == FAIL_BEFORE;
	return failing;
}

static void put(struct memory_host *m, const char *name, const void *data, size_t size)
{
	int held = heap_hold(1); /* the host's memory is not the library's */
	struct memory_blob *blob = memory_host_find(m, name);
	if (blob == NULL) {
		ck_assert_uint_lt(m->count, sizeof(m->blobs) / sizeof(m->blobs[0]));
		blob = &m->blobs[m->count++];
		*blob = (struct memory_blob){0};
		strcpy(blob->name, name);
	}
	free(blob->data);
	blob->data = malloc(size + 1);
	ck_assert_ptr_nonnull(blob->data);
	memcpy(blob->data, data, size);
	blob->size = size;
	heap_hold(held);
}

static int load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	struct memory_host *m = context;
	bool skip;
	if (fails(m, &skip))
		return UNCIA_E_IO;
	const struct memory_blob *blob = memory_host_find(m, name);
	if (blob == NULL)
		return UNCIA_E_NOT_FOUND;
	memcpy(buffer, blob->data, blob->size < capacity ? blob->size : capacity);
	*size = blob->size;
	return 0;
}

/* All of it is durable now. */
static void endure(struct memory_blob *blob)
{
	free(blob->before);
	blob->before = NULL;
	blob->lost = false;
}

/* It is about to be replaced by a call that fails. */
static void remember(struct memory_host *m, const char *name)
{
	struct memory_blob *blob = memory_host_find(m, name);
	int held = heap_hold(1);
	if (blob == NULL) {
		put(m, name, "", 0);
		memory_host_find(m, name)->lost = true;
	} else if (!blob->before && !blob->lost) {
		blob->before = malloc(blob->size + 1);
		ck_assert_ptr_nonnull(blob->before);
		memcpy(blob->before, blob->data, blob->size);
		blob->before_size = blob->size;
	}
	heap_hold(held);
}

static int accept(struct memory_host *m, const char *name, const void *data, size_t size)
{
	int held = heap_hold(1);
	ck_assert_uint_lt(m->later_count, sizeof(m->laters) / sizeof(m->laters[0]));
	struct memory_later *later = &m->laters[m->later_count++];
	strcpy(later->name, name);
	later->data = malloc(size + 1);
	ck_assert_ptr_nonnull(later->data);
	memcpy(later->data, data, size);
	later->size = size;
	heap_hold(held);
	return UNCIA_LATER;
}

static int create(void *context, const char *name, const void *data, size_t size)
{
	struct memory_host *m = context;
	bool skip, failing = fails(m, &skip);
	if (m->before_create != NULL)
		m->before_create(m, name);
	struct memory_blob *blob = memory_host_find(m, name);
	if (blob != NULL && m->later && blob->lost && !failing)
		return UNCIA_E_BUSY;
	if (blob != NULL) {
		if (!failing)
			endure(blob);
		return failing ? UNCIA_E_IO : UNCIA_E_EXISTS;
	}
	if (!skip) {
		put(m, name, data, size);
		memory_host_find(m, name)->lost = failing || m->later;
	}
	if (m->later && !failing)
		return accept(m, name, data, size);
	return failing ? UNCIA_E_IO : 0;
}

static int replace(void *context, const char *name, const void *data, size_t size)
{
	struct memory_host *m = context;
	bool skip, failing = fails(m, &skip);
	if (!skip && (failing || m->later))
		remember(m, name);
	if (!skip)
		put(m, name, data, size);
	if (m->later && !failing)
		return accept(m, name, data, size);
	if (!failing)
		endure(memory_host_find(m, name));
	return failing ? UNCIA_E_IO : 0;
}

static int remove_blob(void *context, const char *name)
{
	struct memory_host *m = context;
	bool skip, failing = fails(m, &skip);
	struct memory_blob *blob = memory_host_find(m, name);
	if (blob != NULL && !skip) {
		blob_free(blob);
		*blob = m->blobs[--m->count];
	}
	return failing ? UNCIA_E_IO : blob == NULL ? UNCIA_E_NOT_FOUND : 0;
}

int memory_host_confirm(struct memory_host *m, struct uncia_wallet *w, size_t number, int error)
{
	ck_assert_uint_lt(number, m->later_count);
	for (size_t i = 0; i < number; i++) /* those of one name in their order */
		if (strcmp(m->laters[i].name, m->laters[number].name) == 0)
			number = i;
	struct memory_later later = m->laters[number];
	struct memory_blob *blob = memory_host_find(m, later.name);
	memmove(&m->laters[number], &m->laters[number + 1], (--m->later_count - number) * sizeof(later));
	if (error || blob == NULL) {
		free(later.data);
	} else if (blob->size == later.size && memcmp(blob->data, later.data, later.size) == 0) {
		endure(blob);
		free(later.data);
	} else { /* it was replaced since */
		free(blob->before);
		blob->before = later.data;
		blob->before_size = later.size;
		blob->lost = false;
	}
	return uncia_wallet_stored(w, later.name, error);
}

static void forget_laters(struct memory_host *m)
{
	while (m->later_count != 0)
		free(m->laters[--m->later_count].data);
}

void memory_host_power_cut(struct memory_host *m)
{
	forget_laters(m);
	for (size_t i = m->count; i-- > 0;) {
		struct memory_blob *blob = &m->blobs[i];
		if (blob->before) {
			free(blob->data);
			blob->data = blob->before;
			blob->size = blob->before_size;
			blob->before = NULL;
		}
		if (!blob->lost)
			continue;
		blob_free(blob);
		*blob = m->blobs[--m->count];
	}
}

static int list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                void *each_context)
{
	struct memory_host *m = context;
	bool skip;
	if (fails(m, &skip))
		return UNCIA_E_IO;
	for (size_t i = 0; i < m->count; i++) {
		int result =
		    strncmp(m->blobs[i].name, prefix, strlen(prefix)) == 0 ? each(each_context, m->blobs[i].name) : 0;
		if (result != 0)
			return result;
	}
	return 0;
}

static int random_bytes(void *context, void *buffer, size_t size)
{
	struct memory_host *m = context;
	uint8_t seed[randombytes_SEEDBYTES] = {0};
	if (m->random_fails)
		return -1;
	m->random += !m->random_repeats;
	memcpy(seed, &m->random, sizeof(m->random));
	randombytes_buf_deterministic(buffer, size, seed);
	return 0;
}

static uint64_t now_ms(void *context)
{
	return ((struct memory_host *)context)->now_ms;
}

static uint64_t wall_ms(void *context)
{
	(void)context;
	return 1; /* a phone whose clock was never set */
}

void memory_host_init(struct memory_host *m)
{
	ck_assert_int_ge(sodium_init(), 0);
	memset(m, 0, sizeof(*m));
	m->now_ms = 1000000;
	m->fail_count = 1;
	m->host = (struct uncia_host){.size = sizeof(m->host),
	                              .context = m,
	                              .load = load,
	                              .create = create,
	                              .replace = replace,
	                              .remove = remove_blob,
	                              .list = list,
	                              .random = random_bytes,
	                              .now_ms = now_ms,
	                              .wall_ms = wall_ms};
}

void memory_host_deinit(struct memory_host *m)
{
	forget_laters(m);
	for (size_t i = 0; i < m->count; i++)
		blob_free(&m->blobs[i]);
	m->count = 0;
}

void memory_host_copy(const struct memory_host *m, struct memory_copy *copy)
{
	copy->count = m->count;
	copy->blobs = calloc(m->count + 1, sizeof(*copy->blobs));
	ck_assert_ptr_nonnull(copy->blobs);
	for (size_t i = 0; i < m->count; i++) {
		copy->blobs[i] = m->blobs[i];
		copy->blobs[i].before = NULL;
		copy->blobs[i].data = malloc(m->blobs[i].size + 1);
		ck_assert_ptr_nonnull(copy->blobs[i].data);
		memcpy(copy->blobs[i].data, m->blobs[i].data, m->blobs[i].size);
	}
}

void memory_host_put_back(struct memory_host *m, struct memory_copy *copy, const char *only)
{
	size_t kept = 0;
	for (size_t i = 0; i < m->count; i++) {
		if (strncmp(m->blobs[i].name, only, strlen(only)) == 0)
			blob_free(&m->blobs[i]);
		else
			m->blobs[kept++] = m->blobs[i];
	}
	m->count = kept;
	for (size_t i = 0; i < copy->count; i++) {
		if (strncmp(copy->blobs[i].name, only, strlen(only)) == 0)
			m->blobs[m->count++] = copy->blobs[i];
		else
			free(copy->blobs[i].data);
	}
	free(copy->blobs);
}

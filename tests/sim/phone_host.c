/* See phone_host.h. */
#include "phone_host.h"
#include <stdlib.h>
#include <string.h>

#define LOADS_FAIL 12 /* one of so many, while they do */

/* What becomes of one writing call. */
enum fate {
	FATE_DONE,
	FATE_NOTHING, /* no effect */
	FATE_SEEN,    /* a running system shows it; a power cut may take it back */
	FATE_KEPT     /* it is durable, but nobody is told */
};

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

uint64_t phone_host_draw(struct phone_host *h, uint64_t below)
{
	uint64_t z = h->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((z ^ z >> 31) >> 1) % below;
}

/* ---- blobs ---- */

static void file_set(struct phone_file *file, const void *data, size_t size)
{
	uint8_t *copy = must(malloc(size + 1));

	memcpy(copy, data, size);
	free(file->data);
	*file = (struct phone_file){.there = true, .data = copy, .size = size};
}

static void file_unset(struct phone_file *file)
{
	free(file->data);
	*file = (struct phone_file){0};
}

static void file_copy(struct phone_file *to, const struct phone_file *from)
{
	if (from->there)
		file_set(to, from->data, from->size);
	else
		file_unset(to);
}

static struct phone_blob *find(const struct phone_host *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->blobs[i].name, name) == 0)
			return &h->blobs[i];
	return NULL;
}

static struct phone_blob *get(struct phone_host *h, const char *name)
{
	struct phone_blob *blob = find(h, name);

	if (blob)
		return blob;
	if (h->count == h->capacity) {
		h->capacity = h->capacity ? 2 * h->capacity : 16;
		h->blobs = must(realloc(h->blobs, h->capacity * sizeof(*h->blobs)));
	}
	blob = &h->blobs[h->count++];
	*blob = (struct phone_blob){0};
	strcpy(blob->name, name);
	return blob;
}

static enum fate draw_fate(struct phone_host *h)
{
	static const enum fate fates[] = {FATE_NOTHING, FATE_SEEN, FATE_KEPT};

	if (h->dead)
		return FATE_NOTHING;
	if (h->dies_in && --h->dies_in == 0)
		h->dead = true;
	else if (h->fail_next)
		h->fail_next--;
	else
		return FATE_DONE;
	h->failures++;
	return fates[phone_host_draw(h, 3)];
}

/* ---- the hooks ---- */

static int host_load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	struct phone_host *h = context;
	const struct phone_blob *blob = find(h, name);

	if (h->dead || (h->loads_fail && phone_host_draw(h, LOADS_FAIL) == 0)) {
		h->failures++;
		return UNCIA_E_IO;
	}
	if (!blob || !blob->seen.there)
		return UNCIA_E_NOT_FOUND;
	memcpy(buffer, blob->seen.data, blob->seen.size < capacity ? blob->seen.size : capacity);
	*size = blob->seen.size;
	return 0;
}

static bool is_awaited(const struct phone_host *h, const char *name)
{
	for (const struct phone_later *later = h->laters; later; later = later->next)
		if (strcmp(later->name, name) == 0)
			return true;
	return false;
}

static int accept_for_later(struct phone_host *h, const char *name, const void *data, size_t size)
{
	struct phone_later *later = must(calloc(1, sizeof(*later))), **at = &h->laters;

	strcpy(later->name, name);
	file_set(&later->file, data, size);
	while (*at)
		at = &(*at)->next;
	*at = later;
	return UNCIA_LATER;
}

static int put(struct phone_host *h, const char *name, const void *data, size_t size, enum fate fate)
{
	if (fate == FATE_NOTHING)
		return UNCIA_E_IO;
	struct phone_blob *blob = get(h, name);
	file_set(&blob->seen, data, size);
	if (h->late && fate == FATE_DONE && strncmp(name, "payment", strlen("payment")) == 0)
		return accept_for_later(h, name, data, size);
	if (fate != FATE_SEEN)
		file_set(&blob->kept, data, size);
	return fate == FATE_DONE ? 0 : UNCIA_E_IO;
}

static int host_create(void *context, const char *name, const void *data, size_t size)
{
	struct phone_host *h = context;
	struct phone_blob *blob = find(h, name);
	enum fate fate = draw_fate(h);

	if (!blob || !blob->seen.there)
		return put(h, name, data, size, fate);
	if (fate == FATE_DONE && is_awaited(h, name))
		return UNCIA_E_BUSY;
	/* To be told that there is one makes that one durable. */
	if (fate == FATE_DONE || fate == FATE_KEPT)
		file_copy(&blob->kept, &blob->seen);
	return fate == FATE_DONE ? UNCIA_E_EXISTS : UNCIA_E_IO;
}

static int host_replace(void *context, const char *name, const void *data, size_t size)
{
	struct phone_host *h = context;

	return put(h, name, data, size, draw_fate(h));
}

static int host_remove(void *context, const char *name)
{
	struct phone_host *h = context;
	struct phone_blob *blob = find(h, name);
	enum fate fate = draw_fate(h);
	bool there = blob && blob->seen.there;

	if (there && fate != FATE_NOTHING)
		file_unset(&blob->seen);
	if (there && (fate == FATE_DONE || fate == FATE_KEPT))
		file_unset(&blob->kept);
	return fate != FATE_DONE ? UNCIA_E_IO : there ? 0 : UNCIA_E_NOT_FOUND;
}

static int host_list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                     void *each_context)
{
	struct phone_host *h = context;

	if (h->dead || (h->loads_fail && phone_host_draw(h, LOADS_FAIL) == 0)) {
		h->failures++;
		return UNCIA_E_IO;
	}
	for (size_t i = 0; i < h->count; i++) {
		if (!h->blobs[i].seen.there || strncmp(h->blobs[i].name, prefix, strlen(prefix)) != 0)
			continue;
		int result = each(each_context, h->blobs[i].name);
		if (result)
			return result;
	}
	return 0;
}

static int host_random(void *context, void *buffer, size_t size)
{
	struct phone_host *h = context;
	uint8_t seed[randombytes_SEEDBYTES] = {0};
	uint64_t value = phone_host_draw(h, UINT64_MAX);

	memcpy(seed, &value, sizeof(value));
	randombytes_buf_deterministic(buffer, size, seed);
	return 0;
}

static uint64_t host_now(void *context)
{
	const struct phone_host *h = context;
	int64_t now = (int64_t)network_now(h->network); /* also while the phone sleeps */

	return (uint64_t)(now + now * h->drift_ppm / 1000000);
}

static uint64_t host_wall(void *context)
{
	const struct phone_host *h = context;

	return (uint64_t)((int64_t)(FIXTURE_TIME_MS + network_now(h->network)) + h->wall_ms);
}

/* ---- for the simulator ---- */

void phone_host_init(struct phone_host *h, const struct network *network, uint64_t random)
{
	*h = (struct phone_host){.network = network, .random = random};
	h->host = (struct uncia_host){.size = sizeof(h->host),
	                              .context = h,
	                              .load = host_load,
	                              .create = host_create,
	                              .replace = host_replace,
	                              .remove = host_remove,
	                              .list = host_list,
	                              .random = host_random,
	                              .now_ms = host_now,
	                              .wall_ms = host_wall};
}

static void drop_first(struct phone_host *h)
{
	struct phone_later *first = h->laters;

	h->laters = first->next;
	free(first->file.data);
	free(first);
}

bool phone_host_confirm(struct phone_host *h, struct uncia_wallet *wallet)
{
	struct phone_later *first = h->laters;

	if (!first || h->dead)
		return false;
	file_copy(&get(h, first->name)->kept, &first->file);
	if (wallet && uncia_wallet_stored(wallet, first->name, 0))
		abort();
	drop_first(h);
	return true;
}

void phone_host_wipe(struct phone_host *h)
{
	while (h->laters)
		drop_first(h);
	for (size_t i = 0; i < h->count; i++) {
		free(h->blobs[i].seen.data);
		free(h->blobs[i].kept.data);
	}
	h->count = 0;
}

void phone_host_deinit(struct phone_host *h)
{
	phone_host_wipe(h);
	free(h->blobs);
}

void phone_host_restart(struct phone_host *h, bool power_cut)
{
	h->dead = false;
	h->dies_in = h->fail_next = 0;
	for (size_t i = 0; i < h->count; i++) {
		struct phone_blob *blob = &h->blobs[i];
		/* What was accepted and not confirmed is there afterwards, durably, or is not. */
		if (!power_cut && !is_awaited(h, blob->name))
			continue;
		bool written = phone_host_draw(h, 2);
		file_copy(written ? &blob->kept : &blob->seen, written ? &blob->seen : &blob->kept);
	}
	while (h->laters)
		drop_first(h);
}

bool phone_host_keeps(const struct phone_host *h, const char *name, const void *bytes, size_t size)
{
	bool keeps = false;

	for (size_t i = 0; i < h->count && !keeps; i++) {
		const struct phone_blob *blob = &h->blobs[i];
		keeps = strncmp(blob->name, name, strlen(name)) == 0 && blob->kept.there &&
		        memmem(blob->kept.data, blob->kept.size, bytes, size);
	}
	return keeps;
}

size_t phone_host_count(const struct phone_host *h, const char *prefix)
{
	size_t count = 0;

	for (size_t i = 0; i < h->count; i++)
		count += h->blobs[i].seen.there && strncmp(h->blobs[i].name, prefix, strlen(prefix)) == 0;
	return count;
}

void phone_copy_make(const struct phone_host *h, struct phone_copy *copy)
{
	phone_copy_free(copy);
	copy->blobs = must(calloc(h->count + 1, sizeof(*copy->blobs)));
	for (size_t i = 0; i < h->count; i++) {
		struct phone_blob *blob = &copy->blobs[copy->count++];
		strcpy(blob->name, h->blobs[i].name);
		file_copy(&blob->seen, &h->blobs[i].seen);
	}
}

static const struct phone_blob *find_in_copy(const struct phone_copy *copy, const char *name)
{
	for (size_t i = 0; i < copy->count; i++)
		if (strcmp(copy->blobs[i].name, name) == 0)
			return &copy->blobs[i];
	return NULL;
}

void phone_copy_put_back(struct phone_host *h, const struct phone_copy *copy, uint32_t in_a_hundred)
{
	static const struct phone_file none;

	for (size_t i = 0; i < copy->count; i++)
		get(h, copy->blobs[i].name);
	for (size_t i = 0; i < h->count; i++) {
		const struct phone_blob *then = find_in_copy(copy, h->blobs[i].name);
		/* A home without its key, or of no network, is not this home. */
		bool whole = strcmp(h->blobs[i].name, "key") == 0 || strcmp(h->blobs[i].name, "network") == 0;
		if (whole || phone_host_draw(h, 100) >= in_a_hundred)
			continue;
		file_copy(&h->blobs[i].seen, then ? &then->seen : &none);
		file_copy(&h->blobs[i].kept, &h->blobs[i].seen);
	}
}

void phone_copy_free(struct phone_copy *copy)
{
	for (size_t i = 0; i < copy->count; i++)
		free(copy->blobs[i].seen.data);
	free(copy->blobs);
	*copy = (struct phone_copy){0};
}

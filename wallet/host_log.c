/* The bytes of the log of a home. See host_log.h. */
#include "host_log.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "hash.h"

#define MAGIC         "uncia-log-1\n"
#define MAGIC_SIZE    (sizeof(MAGIC) - 1)
#define FAMILY        "uncia-log-" /* of all versions */
#define ACT_HEADER    6u           /* kind 1, size of the name 1, size of the data 4 */
#define ACT_STORES    1u
#define ACT_REMOVES   2u
#define PIECE_ACTS_AT HOST_LOG_HEADER

static const uint8_t host_log_key[16] = "uncia.home.v1";

bool host_name_is_safe(const char *name, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	if (size == 0 || size >= UNCIA_BLOB_NAME_SIZE)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!memchr(letters, name[i], sizeof(letters) - 1))
			return false;
	return true;
}

void host_log_begin(const uint8_t id[HOST_LOG_ID], uint8_t page[HOST_LOG_PAGE])
{
	memset(page, 0, HOST_LOG_PAGE);
	memcpy(page, MAGIC, MAGIC_SIZE);
	memcpy(page + MAGIC_SIZE, id, HOST_LOG_ID);
	be64_put(page + MAGIC_SIZE + HOST_LOG_ID, siphash(host_log_key, page, MAGIC_SIZE + HOST_LOG_ID));
}

int host_log_read_page(const uint8_t page[HOST_LOG_PAGE], uint8_t id[HOST_LOG_ID])
{
	if (memcmp(page, FAMILY, sizeof(FAMILY) - 1) == 0 && memcmp(page, MAGIC, MAGIC_SIZE) != 0)
		return UNCIA_E_NEWER;
	if (memcmp(page, MAGIC, MAGIC_SIZE) != 0 ||
	    be64_get(page + MAGIC_SIZE + HOST_LOG_ID) != siphash(host_log_key, page, MAGIC_SIZE + HOST_LOG_ID))
		return UNCIA_E_DAMAGED;
	memcpy(id, page + MAGIC_SIZE, HOST_LOG_ID);
	return 0;
}

size_t host_act_size(const struct host_act *act)
{
	return ACT_HEADER + act->name.size + act->data.size;
}

uint8_t *host_act_put(uint8_t *to, const struct host_act *act)
{
	assert(act->name.size <= UINT8_MAX && act->data.size <= UINT32_MAX && (!act->removes || act->data.size == 0));
	to[0] = act->removes ? ACT_REMOVES : ACT_STORES;
	to[1] = (uint8_t)act->name.size;
	be32_put(to + 2, (uint32_t)act->data.size);
	memcpy(to + ACT_HEADER, act->name.data, act->name.size);
	if (act->data.size != 0)
		memcpy(to + ACT_HEADER + act->name.size, act->data.data, act->data.size);
	return to + host_act_size(act);
}

bool host_act_next(struct bytes *acts, struct host_act *act)
{
	const uint8_t *from = acts->data;
	if (acts->size < ACT_HEADER || (from[0] != ACT_STORES && from[0] != ACT_REMOVES))
		return false;
	act->removes = from[0] == ACT_REMOVES;
	act->name = (struct bytes){from + ACT_HEADER, from[1]};
	size_t left = acts->size - ACT_HEADER, data = be32_get(from + 2);
	if (left < act->name.size || left - act->name.size < data || (act->removes && data != 0) ||
	    !host_name_is_safe((const char *)act->name.data, act->name.size))
		return false;
	act->data = (struct bytes){act->name.data + act->name.size, data};
	*acts = (struct bytes){act->data.data + data, left - act->name.size - data};
	return true;
}

void host_act_name(const struct host_act *act, char name[UNCIA_BLOB_NAME_SIZE])
{
	memcpy(name, act->name.data, act->name.size); /* a safe one is shorter */
	name[act->name.size] = '\0';
}

size_t host_piece_size(size_t acts_size)
{
	return (HOST_LOG_HEADER + acts_size + HOST_LOG_PAGE - 1) / HOST_LOG_PAGE * HOST_LOG_PAGE;
}

void host_piece_make(const uint8_t id[HOST_LOG_ID], uint64_t sequence, size_t acts_size, uint8_t *piece)
{
	size_t used = PIECE_ACTS_AT + acts_size;
	memcpy(piece + 8, id, HOST_LOG_ID);
	be64_put(piece + 24, sequence);
	be64_put(piece + 32, acts_size);
	be64_put(piece, siphash(host_log_key, piece + 8, used - 8));
	memset(piece + used, 0, host_piece_size(acts_size) - used);
}

/* Whether acts, and nothing else, are there. */
static bool acts_are_whole(struct bytes acts)
{
	struct host_act act;
	if (acts.size == 0)
		return false;
	while (host_act_next(&acts, &act))
		continue;
	return acts.size == 0;
}

/* A whole piece that begins here. Returns its size; 0 where there is none. Out: acts, within the bytes. */
static size_t piece_read(const uint8_t *bytes, size_t room, const uint8_t id[HOST_LOG_ID], uint64_t *sequence,
                         struct bytes *acts)
{
	if (room < HOST_LOG_PAGE || memcmp(bytes + 8, id, HOST_LOG_ID) != 0)
		return 0;
	uint64_t acts_size = be64_get(bytes + 32);
	if (acts_size > room - HOST_LOG_HEADER || host_piece_size((size_t)acts_size) > room)
		return 0;
	size_t used = PIECE_ACTS_AT + (size_t)acts_size, size = host_piece_size((size_t)acts_size);
	if (be64_get(bytes) != siphash(host_log_key, bytes + 8, used - 8))
		return 0;
	for (size_t i = used; i < size; i++)
		if (bytes[i] != 0)
			return 0;
	struct bytes found = {bytes + PIECE_ACTS_AT, (size_t)acts_size};
	if (!acts_are_whole(found))
		return 0;
	*sequence = be64_get(bytes + 24);
	*acts = found;
	return size;
}

bool host_log_next(const uint8_t *bytes, size_t size, const uint8_t id[HOST_LOG_ID], struct host_log_place *place,
                   struct bytes *acts)
{
	uint64_t sequence;
	struct bytes found;
	if (place->at > size)
		return false;
	size_t piece = piece_read(bytes + place->at, size - place->at, id, &sequence, &found);
	if (piece == 0 || sequence != place->sequence + 1)
		return false;
	place->at += piece;
	place->sequence = sequence;
	*acts = found;
	return true;
}

bool host_log_goes_on(const uint8_t *bytes, size_t size, const uint8_t id[HOST_LOG_ID],
                      const struct host_log_place *place)
{
	uint64_t sequence;
	struct bytes acts;
	for (size_t at = place->at; at <= size; at += HOST_LOG_PAGE)
		if (piece_read(bytes + at, size - at, id, &sequence, &acts) != 0)
			return true;
	return false;
}

/* Takes one act, in the place of an earlier one of its blob. */
static int acts_put(struct host_acts *all, const struct host_act *act)
{
	for (size_t i = 0; i < all->count; i++) {
		struct host_act *known = &all->acts[i];
		if (known->name.size == act->name.size &&
		    memcmp(known->name.data, act->name.data, act->name.size) == 0) {
			*known = *act;
			return 0;
		}
	}
	if (all->count == all->capacity) {
		size_t capacity = all->capacity ? 2 * all->capacity : 16;
		struct host_act *acts = realloc(all->acts, capacity * sizeof(*acts));
		if (!acts)
			return UNCIA_E_MEMORY;
		all->acts = acts;
		all->capacity = capacity;
	}
	all->acts[all->count++] = *act;
	return 0;
}

int host_acts_add(struct host_acts *all, struct bytes acts)
{
	struct host_act act;
	int rc = 0;
	while (!rc && host_act_next(&acts, &act))
		rc = acts_put(all, &act);
	return rc;
}

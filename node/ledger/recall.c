/* The tables. Indexes lie in sets that fill a cache line each, so that a look is one line; absent ids have one place
 * each, by the low bits of their hash. Both grow as they are used, and forget it all then. */
#include "recall.h"
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

#define PLACES_MIN  64u
#define INDEXES_MAX (1u << 22) /* 32 MiB, where there are millions of accounts */
#define SET_PLACES  8u
#define ABSENT_MAX  (1u << 16) /* payments on their way to a block, and some more */

struct index_place {
	uint32_t hash;
	uint32_t index; /* and one: 0 is an empty place */
};

struct absent_id {
	struct payment_id id;
	uint32_t changes; /* of the store, when it was asked */
};

struct recall {
	uint32_t changes; /* of the store, from 1 */
	uint32_t index_places, absent_places;
	struct index_place *indexes;
	void *index_memory;
	struct absent_id *absent;
};

/* Empty sets, each a cache line, in *memory, which is to be freed. NULL where memory ends. */
static struct index_place *new_indexes(uint32_t places, void **memory)
{
	const size_t line = SET_PLACES * sizeof(struct index_place);
	uint8_t *bytes = calloc(1, places * sizeof(struct index_place) + line);

	if (!bytes)
		return NULL;
	*memory = bytes;
	return (struct index_place *)(void *)(bytes + (line - (uintptr_t)bytes % line));
}

struct recall *recall_new(void)
{
	struct recall *recall = calloc(1, sizeof(*recall));

	if (!recall)
		return NULL;
	recall->changes = 1;
	recall->index_places = recall->absent_places = PLACES_MIN;
	recall->indexes = new_indexes(PLACES_MIN, &recall->index_memory);
	recall->absent = calloc(PLACES_MIN, sizeof(*recall->absent));
	if (recall->indexes && recall->absent)
		return recall;
	recall_free(recall);
	return NULL;
}

void recall_free(struct recall *recall)
{
	if (!recall)
		return;
	free(recall->index_memory);
	free(recall->absent);
	free(recall);
}

static struct index_place *set_of(const struct recall *recall, unsigned hash)
{
	return &recall->indexes[hash % (recall->index_places / SET_PLACES) * SET_PLACES];
}

bool recall_index(const struct recall *recall, unsigned hash, uint64_t *index)
{
	const struct index_place *set = set_of(recall, hash);

	for (unsigned i = 0; i < SET_PLACES && set[i].index; i++)
		if (set[i].hash == hash) {
			*index = set[i].index - 1;
			return true;
		}
	return false;
}

int recall_note_index(struct recall *recall, unsigned hash, uint64_t index)
{
	if (index >= UINT32_MAX)
		return 0;
	if (recall->index_places < INDEXES_MAX && recall->index_places <= index) {
		void *memory;
		struct index_place *larger = new_indexes(2 * recall->index_places, &memory);
		if (!larger)
			return UNCIA_E_MEMORY;
		free(recall->index_memory);
		recall->index_memory = memory;
		recall->indexes = larger;
		recall->index_places *= 2;
	}
	struct index_place *set = set_of(recall, hash);
	unsigned i = 0;
	while (i < SET_PLACES && set[i].index && set[i].hash != hash)
		i++;
	if (i == SET_PLACES) /* full: the oldest goes */
		memmove(set, set + 1, --i * sizeof(*set));
	set[i] = (struct index_place){.hash = hash, .index = (uint32_t)index + 1};
	return 0;
}

bool recall_absent(const struct recall *recall, const struct payment_id *id, unsigned hash)
{
	const struct absent_id *absent = &recall->absent[hash & (recall->absent_places - 1)];

	return absent->changes == recall->changes && memcmp(&absent->id, id, sizeof(*id)) == 0;
}

int recall_note_absent(struct recall *recall, const struct payment_id *id, unsigned hash)
{
	/* One of now would be pushed out: there are too few places. */
	if (recall->absent_places < ABSENT_MAX &&
	    recall->absent[hash & (recall->absent_places - 1)].changes == recall->changes) {
		struct absent_id *larger = calloc(2 * (size_t)recall->absent_places, sizeof(*larger));
		if (!larger)
			return UNCIA_E_MEMORY;
		free(recall->absent);
		recall->absent = larger;
		recall->absent_places *= 2;
	}
	recall->absent[hash & (recall->absent_places - 1)] = (struct absent_id){.id = *id, .changes = recall->changes};
	return 0;
}

/* A count that has come round would believe what is ages old. */
void recall_store_changed(struct recall *recall)
{
	if (++recall->changes == 0) {
		memset(recall->absent, 0, recall->absent_places * sizeof(*recall->absent));
		recall->changes = 1;
	}
}

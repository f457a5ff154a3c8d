/* The tables: one place for each key, by the low bits of its hash. They grow as they are used, and forget it all then.
 */
#include "recall.h"
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

#define PLACES_MIN   64u
#define ACCOUNTS_MAX (1u << 18) /* 16 MiB: whoever pays or is paid often */
#define ABSENT_MAX   (1u << 16) /* payments on their way to a block, and some more */

struct account_place { /* as large as a cache line */
	struct address address;
	uint16_t held, has_key;
	uint8_t key[PUBLIC_KEY_SIZE];
	uint64_t index;
};

struct absent_id {
	struct payment_id id;
	uint32_t changes; /* of the store, when it was asked */
};

struct recall {
	uint32_t changes; /* of the store, from 1 */
	uint32_t account_places, absent_places;
	struct account_place *accounts;
	struct absent_id *absent;
};

struct recall *recall_new(void)
{
	struct recall *recall = calloc(1, sizeof(*recall));

	if (!recall)
		return NULL;
	recall->changes = 1;
	recall->account_places = recall->absent_places = PLACES_MIN;
	recall->accounts = calloc(PLACES_MIN, sizeof(*recall->accounts));
	recall->absent = calloc(PLACES_MIN, sizeof(*recall->absent));
	if (recall->accounts && recall->absent)
		return recall;
	recall_free(recall);
	return NULL;
}

void recall_free(struct recall *recall)
{
	if (!recall)
		return;
	free(recall->accounts);
	free(recall->absent);
	free(recall);
}

/* Twice the places; NULL where memory ends, and there are as many as before. */
static void *grown(void *table, uint32_t *places, size_t size)
{
	void *larger = calloc(2 * (size_t)*places, size);

	if (larger) {
		free(table);
		*places *= 2;
	}
	return larger;
}

static const struct account_place *find(const struct recall *recall, const struct address *address, unsigned hash)
{
	const struct account_place *place = &recall->accounts[hash & (recall->account_places - 1)];

	return place->held && memcmp(&place->address, address, sizeof(*address)) == 0 ? place : NULL;
}

bool recall_index(const struct recall *recall, const struct address *address, unsigned hash, uint64_t *index)
{
	const struct account_place *place = find(recall, address, hash);

	if (place)
		*index = place->index;
	return place;
}

bool recall_key(const struct recall *recall, const struct address *address, unsigned hash,
                const uint8_t key[PUBLIC_KEY_SIZE])
{
	const struct account_place *place = find(recall, address, hash);

	return place && place->has_key && memcmp(place->key, key, PUBLIC_KEY_SIZE) == 0;
}

int recall_note_account(struct recall *recall, const struct entry *account, unsigned hash, uint64_t index)
{
	if (recall->account_places < ACCOUNTS_MAX && recall->account_places <= index) {
		struct account_place *larger =
		    grown(recall->accounts, &recall->account_places, sizeof(*recall->accounts));
		if (!larger)
			return UNCIA_E_MEMORY;
		recall->accounts = larger;
	}
	struct account_place *place = &recall->accounts[hash & (recall->account_places - 1)];
	*place = (struct account_place){.address = account->address, .held = true, .index = index};
	if (account->flags & ENTRY_KEY_KNOWN) {
		place->has_key = true;
		memcpy(place->key, account->public_key, PUBLIC_KEY_SIZE);
	}
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
		struct absent_id *larger = grown(recall->absent, &recall->absent_places, sizeof(*recall->absent));
		if (!larger)
			return UNCIA_E_MEMORY;
		recall->absent = larger;
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

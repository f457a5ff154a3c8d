/* The blob watch-CLIENT: up to where a client has acknowledged what came in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "blob.h"
#include "canonical.h"
#include "storage.pb-c.h"
#include "storing.h"
#include "watching.h"

#define PLACE_VERSION 1

bool watching_client(const char *client)
{
	size_t size = client ? strlen(client) : 0;
	return size > 0 && size < UNCIA_CLIENT_SIZE && strspn(client, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static void place_blob(const char *client, char name[UNCIA_BLOB_NAME_SIZE])
{
	snprintf(name, UNCIA_BLOB_NAME_SIZE, "watch-%s", client);
}

int watching_place_load(const struct uncia_host *host, const char *client, struct watching_place *place)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	struct arena arena;
	ProtobufCMessage *message;
	uint8_t *data;
	size_t size;
	place_blob(client, name);
	int rc = blob_load(host, name, &data, &size);
	if (rc)
		return rc;
	arena_init(&arena, canonical_arena_limit(size));
	rc = canonical_decode(&uncia__pb__watch_record__descriptor, data, size, &arena, &message);
	const Uncia__Pb__WatchRecord *record = (const Uncia__Pb__WatchRecord *)message;
	if (!rc && record->version != PLACE_VERSION)
		rc = UNCIA_E_DAMAGED;
	if (!rc)
		*place = (struct watching_place){.height = record->height,
		                                 .index = record->index,
		                                 .counted = record->counted,
		                                 .created = record->created,
		                                 .payments = record->payments};
	arena_deinit(&arena);
	blob_free(data, size);
	return rc == 0 || rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
}

int watching_place_store(struct uncia_wallet *w, const char *client, const struct watching_place *place)
{
	Uncia__Pb__WatchRecord record = UNCIA__PB__WATCH_RECORD__INIT;
	char name[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	place_blob(client, name);
	record.version = PLACE_VERSION;
	record.height = place->height;
	record.index = place->index;
	record.counted = place->counted;
	record.created = place->counted ? place->created : 0;
	record.payments = place->counted ? place->payments : 0;
	int rc = canonical_encode(&record.base, &data, &size);
	if (rc)
		return rc;
	rc = stored_replace(w, name, data, size);
	free(data);
	return rc;
}

int watching_place_remove(const struct uncia_host *host, const char *client)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	place_blob(client, name);
	int rc = host->remove(host->context, name);
	return rc == UNCIA_E_NOT_FOUND ? 0 : rc;
}

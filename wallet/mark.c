/* The blob "caught-up": up to where this home knows its account's own payments. One that cannot be read is none: then
 * they are looked up anew. */
#include <stdlib.h>
#include "blob.h"
#include "canonical.h"
#include "catch_up.h"
#include "storage.pb-c.h"

#define MARK_VERSION 1

int mark_load(const struct uncia_host *host, struct mark *mark)
{
	struct arena arena;
	ProtobufCMessage *message;
	uint8_t *data;
	size_t size;
	*mark = (struct mark){0};
	int rc = blob_load(host, MARK_BLOB, &data, &size);
	if (rc)
		return rc == UNCIA_E_NOT_FOUND || rc == UNCIA_E_DAMAGED ? 0 : rc;
	arena_init(&arena, canonical_arena_limit(size));
	rc = canonical_decode(&uncia__pb__caught_up_record__descriptor, data, size, &arena, &message);
	const Uncia__Pb__CaughtUpRecord *record = (const Uncia__Pb__CaughtUpRecord *)message;
	if (!rc && record->version == MARK_VERSION)
		*mark = (struct mark){.there = true,
		                      .height = record->height,
		                      .exists = record->exists,
		                      .created = record->created,
		                      .payments = record->payments,
		                      .finals = record->finals};
	arena_deinit(&arena);
	blob_free(data, size);
	return rc == UNCIA_E_MEMORY ? rc : 0;
}

int mark_store(const struct uncia_host *host, const struct mark *mark)
{
	Uncia__Pb__CaughtUpRecord record = UNCIA__PB__CAUGHT_UP_RECORD__INIT;
	uint8_t *data;
	size_t size;
	record.version = MARK_VERSION;
	record.height = mark->height;
	record.exists = mark->exists;
	record.created = mark->created;
	record.payments = mark->payments;
	record.finals = mark->finals;
	int rc = canonical_encode(&record.base, &data, &size);
	if (rc)
		return rc;
	rc = blob_replace(host, MARK_BLOB, data, size);
	free(data);
	return rc;
}

/* The blobs notice-ID, one for each payment that was told as paid, and the blob notices. */
#include "notice_record.h"
#include <stdlib.h>
#include <string.h>
#include "blob.h"
#include "canonical.h"
#include "fields.h"
#include "missing.h"
#include "storage.pb-c.h"
#include "storing.h"

#define PREFIX      "notice-"
#define FLOOR_BLOB  "notices"
#define ALL_VERSION 1

static void notice_blob_name(const struct payment_id *id, char blob[UNCIA_BLOB_NAME_SIZE])
{
	char hex[2 * sizeof(id->b) + 1];
	stpcpy(stpcpy(blob, PREFIX), sodium_bin2hex(hex, sizeof(hex), id->b, sizeof(id->b)));
}

/* Loads and decodes; *message lives as long as the arena, which the caller frees, also on failure. */
static int load_message(const struct uncia_host *host, const char *blob, const ProtobufCMessageDescriptor *type,
                        struct arena *arena, ProtobufCMessage **message)
{
	uint8_t *data;
	size_t size;
	arena_init(arena, 0);
	int rc = blob_load(host, blob, &data, &size);
	if (rc)
		return rc;
	arena_init(arena, canonical_arena_limit(size));
	rc = canonical_decode(type, data, size, arena, message);
	blob_free(data, size); /* byte fields are copies, in the arena */
	return rc == 0 || rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
}

static bool take_peer(const ProtobufCBinaryData *field, char text[UNCIA_PEER_SIZE])
{
	if (field->len >= UNCIA_PEER_SIZE || (field->len != 0 && memchr(field->data, 0, field->len)))
		return false;
	if (field->len != 0)
		memcpy(text, field->data, field->len);
	text[field->len] = '\0';
	return true;
}

int notice_record_load(const struct uncia_host *host, const struct payment_id *id, struct notice_record *record)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	struct arena arena;
	ProtobufCMessage *message = NULL;
	notice_blob_name(id, blob);
	int rc = load_message(host, blob, &uncia__pb__notice_record__descriptor, &arena, &message);
	if (!rc) {
		const Uncia__Pb__NoticeRecord *stored = (const Uncia__Pb__NoticeRecord *)message;
		record->shown = stored->shown;
		if (stored->version != ALL_VERSION || !take_peer(&stored->own, record->own) ||
		    !take_peer(&stored->handle, record->handle) ||
		    !field_copy(&stored->account, record->account.b, ADDRESS_SIZE))
			rc = UNCIA_E_DAMAGED;
	}
	arena_deinit(&arena);
	return rc;
}

int notice_record_store(struct uncia_wallet *w, const struct payment_id *id, const struct notice_record *record,
                        bool replace)
{
	Uncia__Pb__NoticeRecord stored = UNCIA__PB__NOTICE_RECORD__INIT;
	char blob[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	notice_blob_name(id, blob);
	stored.version = ALL_VERSION;
	stored.own = field_of(record->own, strlen(record->own));
	stored.handle = field_of(record->handle, strlen(record->handle));
	stored.account = field_of(record->account.b, ADDRESS_SIZE);
	stored.shown = record->shown;
	int rc = canonical_encode(&stored.base, &data, &size);
	if (rc)
		return rc;
	rc = replace ? stored_replace(w, blob, data, size) : stored_create(w, blob, data, size);
	free(data);
	return rc;
}

int notice_floor_load(const struct uncia_host *host, uint64_t *height)
{
	struct arena arena;
	ProtobufCMessage *message = NULL;
	int rc = load_message(host, FLOOR_BLOB, &uncia__pb__notices_record__descriptor, &arena, &message);
	const Uncia__Pb__NoticesRecord *stored = (const Uncia__Pb__NoticesRecord *)message;
	if (!rc && stored->version != ALL_VERSION)
		rc = UNCIA_E_DAMAGED;
	if (!rc)
		*height = stored->height;
	arena_deinit(&arena);
	return rc;
}

static int floor_encode(uint64_t height, uint8_t **data, size_t *size)
{
	Uncia__Pb__NoticesRecord stored = UNCIA__PB__NOTICES_RECORD__INIT;
	stored.version = ALL_VERSION;
	stored.height = height;
	return canonical_encode(&stored.base, data, size);
}

int notice_floor_store(struct uncia_wallet *w, uint64_t height)
{
	uint8_t *data;
	size_t size;
	int rc = floor_encode(height, &data, &size);
	if (rc)
		return rc;
	rc = stored_replace(w, FLOOR_BLOB, data, size);
	free(data);
	return rc;
}

int notice_floor_begin(const struct uncia_host *host, bool fresh)
{
	uint8_t *data;
	size_t size;
	int rc = host->remove(host->context, FLOOR_BLOB);
	if (!fresh || (rc && rc != UNCIA_E_NOT_FOUND))
		return rc == UNCIA_E_NOT_FOUND ? 0 : rc;
	rc = floor_encode(0, &data, &size);
	if (rc)
		return rc;
	rc = blob_create(host, FLOOR_BLOB, data, size);
	free(data);
	return rc;
}

/* Contacts: a name pinned to the address it had when it was first used. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "fields.h"
#include "storage.pb-c.h"
#include "utf8.h"
#include "wallet.h"

#define PREFIX "contact-"

/* The blob is named by the hash of the contact's name, which may hold any character. */
static void contact_blob_name(const char *name, char blob[UNCIA_BLOB_NAME_SIZE])
{
	struct hash hash;
	char hex[2 * HASH_SIZE + 1];
	hash2(HASH_RECORD, PREFIX, sizeof(PREFIX), name, strlen(name), &hash);
	stpcpy(stpcpy(blob, PREFIX), sodium_bin2hex(hex, sizeof(hex), hash.b, HASH_SIZE));
}

static bool name_is_valid(const char *name)
{
	return name && name[0] != '\0' && strnlen(name, UNCIA_CONTACT_NAME_SIZE) < UNCIA_CONTACT_NAME_SIZE &&
	       utf8_is_plain(name);
}

static bool take_text(const ProtobufCBinaryData *field, char *text, size_t size)
{
	if (field->len == 0 || field->len >= size || memchr(field->data, 0, field->len))
		return false;
	memcpy(text, field->data, field->len);
	text[field->len] = '\0';
	return true;
}

static int contact_load(const struct uncia_host *host, const char *blob, char name[UNCIA_CONTACT_NAME_SIZE],
                        char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct arena arena;
	ProtobufCMessage *message;
	uint8_t *data;
	size_t size;
	int rc = blob_load(host, blob, &data, &size);
	if (rc)
		return rc;
	arena_init(&arena, canonical_arena_limit(size));
	rc = canonical_decode(&uncia__pb__contact_record__descriptor, data, size, &arena, &message);
	if (!rc) {
		const Uncia__Pb__ContactRecord *record = (const Uncia__Pb__ContactRecord *)message;
		if (!take_text(&record->name, name, UNCIA_CONTACT_NAME_SIZE) ||
		    !take_text(&record->address, address, UNCIA_ADDRESS_TEXT_SIZE))
			rc = UNCIA_E_DAMAGED;
	} else if (rc != UNCIA_E_MEMORY) {
		rc = UNCIA_E_DAMAGED;
	}
	arena_deinit(&arena);
	blob_free(data, size);
	return rc;
}

static int contact_store(struct uncia_wallet *w, const char *blob, const char *name, const char *address, bool replace)
{
	Uncia__Pb__ContactRecord record = UNCIA__PB__CONTACT_RECORD__INIT;
	uint8_t *data;
	size_t size;
	record.name = field_of(name, strlen(name));
	record.address = field_of(address, strlen(address));
	int rc = canonical_encode(&record.base, &data, &size);
	if (rc)
		return rc;
	rc = replace ? blob_replace(&w->host, blob, data, size) : blob_create(&w->host, blob, data, size);
	free(data);
	return rc;
}

int uncia_contact_pin(struct uncia_wallet *w, const char *name, const char *address, bool replace)
{
	char blob[UNCIA_BLOB_NAME_SIZE], old_name[UNCIA_CONTACT_NAME_SIZE];
	char wanted[UNCIA_ADDRESS_TEXT_SIZE], old[UNCIA_ADDRESS_TEXT_SIZE];
	struct destination destination;
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!name_is_valid(name) || !address)
		return UNCIA_E_ARGUMENT;
	if ((rc = destination_read(address, &destination)))
		return rc;
	destination_format(&destination, wanted);
	contact_blob_name(name, blob);
	rc = contact_store(w, blob, name, wanted, replace);
	if (rc != UNCIA_E_EXISTS)
		return rc;
	rc = contact_load(&w->host, blob, old_name, old);
	if (rc)
		return rc;
	return strcmp(old, wanted) == 0 ? 0 : UNCIA_E_EXISTS;
}

int uncia_contact_find(const struct uncia_wallet *w, const char *name, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	char blob[UNCIA_BLOB_NAME_SIZE], found_name[UNCIA_CONTACT_NAME_SIZE], found[UNCIA_ADDRESS_TEXT_SIZE];
	if (!w || !name_is_valid(name) || !address)
		return UNCIA_E_ARGUMENT;
	contact_blob_name(name, blob);
	int rc = contact_load(&w->host, blob, found_name, found);
	if (rc)
		return rc;
	if (strcmp(name, found_name) != 0)
		return UNCIA_E_DAMAGED;
	strcpy(address, found);
	return 0;
}

int uncia_contact_remove(struct uncia_wallet *w, const char *name)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!name_is_valid(name))
		return UNCIA_E_ARGUMENT;
	contact_blob_name(name, blob);
	return w->host.remove(w->host.context, blob);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Replaces a blob's name by "name NUL address" in one allocation, so that sorting keeps both together. */
static int contact_read_one(struct uncia_wallet *w, char **line)
{
	char name[UNCIA_CONTACT_NAME_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE];
	int rc = contact_load(&w->host, *line, name, address);
	if (rc)
		return rc;
	char *both = malloc(sizeof(name) + sizeof(address));
	if (!both)
		return UNCIA_E_MEMORY;
	strcpy(stpcpy(both, name) + 1, address);
	free(*line);
	*line = both;
	return 0;
}

int uncia_contact_count(struct uncia_wallet *w, size_t *count)
{
	struct name_list list;
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!count)
		return UNCIA_E_ARGUMENT;
	if ((rc = blob_list(&w->host, PREFIX, &list)))
		return rc;
	for (size_t i = 0; !rc && i < list.count; i++)
		rc = contact_read_one(w, &list.names[i]);
	if (rc) {
		name_list_deinit(&list);
		return rc;
	}
	if (list.count != 0)
		qsort(list.names, list.count, sizeof(*list.names), compare_lines);
	name_list_deinit(&w->contacts);
	w->contacts = list;
	*count = list.count;
	return 0;
}

int uncia_contact_at(const struct uncia_wallet *w, size_t number, char name[UNCIA_CONTACT_NAME_SIZE],
                     char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	if (!w || !name || !address)
		return UNCIA_E_ARGUMENT;
	if (number >= w->contacts.count)
		return UNCIA_E_NOT_FOUND;
	assert(strlen(w->contacts.names[number]) < UNCIA_CONTACT_NAME_SIZE); /* as contact_read_one made it */
	strcpy(address, stpcpy(name, w->contacts.names[number]) - name + w->contacts.names[number] + 1);
	return 0;
}

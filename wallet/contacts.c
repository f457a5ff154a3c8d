/* Contacts: a name pinned to the address it had when it was first used. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "fields.h"
#include "missing.h"
#include "names.h"
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

/* Whether there may be a contact of this very name from a time when names were not prepared. */
static bool name_may_be_stored(const char *name)
{
	return name[0] != '\0' && strnlen(name, UNCIA_CONTACT_NAME_SIZE) < UNCIA_CONTACT_NAME_SIZE &&
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
	rc = replace ? stored_replace(w, blob, data, size) : stored_create(w, blob, data, size);
	free(data);
	return rc;
}

/* A contact in storage, and under which of the names that stand for it. */
struct contact {
	char blob[UNCIA_BLOB_NAME_SIZE];
	char name[UNCIA_CONTACT_NAME_SIZE];
	char address[UNCIA_ADDRESS_TEXT_SIZE];
};

static int contact_load_named(const struct uncia_host *host, const char *name, struct contact *contact)
{
	contact_blob_name(name, contact->blob);
	int rc = contact_load(host, contact->blob, contact->name, contact->address);
	if (!rc && strcmp(contact->name, name) != 0)
		rc = UNCIA_E_DAMAGED;
	strcpy(contact->name, name);
	return rc;
}

/* Finds a contact by its prepared name, or by its very bytes, as it was stored before names were prepared. Returns 0;
 * UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED (contact->blob and name are set); what the host returned; UNCIA_E_ARGUMENT where
 * no contact can have this name. Out: prepared, empty where the name breaks the rules. */
static int contact_find(const struct uncia_host *host, const char *given, char prepared[UNCIA_CONTACT_NAME_SIZE],
                        struct contact *contact)
{
	char why[UNCIA_WHY_SIZE];
	int rc = name_prepare(given, prepared, why);
	if (!rc)
		rc = contact_load_named(host, prepared, contact);
	else
		prepared[0] = '\0';
	if ((rc == UNCIA_E_NOT_FOUND || rc == UNCIA_E_ARGUMENT) && name_may_be_stored(given) &&
	    strcmp(given, prepared) != 0) {
		int old = contact_load_named(host, given, contact);
		if (old != UNCIA_E_NOT_FOUND)
			return old;
	}
	return rc;
}

/* Finds a contact of another name that people may take for this one. Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_MEMORY; what
 * the host returned. One that cannot be read has no name to be taken for. */
static int contact_find_alike(const struct uncia_host *host, const char *name, struct contact *other)
{
	struct name_list list;
	struct name_keys keys, others;
	int rc = blob_list(host, PREFIX, &list);
	if (rc)
		return rc;
	name_keys_make(name, &keys);
	rc = UNCIA_E_NOT_FOUND;
	for (size_t i = 0; rc == UNCIA_E_NOT_FOUND && i < list.count; i++) {
		int loaded = contact_load(host, list.names[i], other->name, other->address);
		if (loaded == UNCIA_E_NOT_FOUND || loaded == UNCIA_E_DAMAGED)
			continue;
		if (loaded) {
			rc = loaded;
		} else if (strcmp(other->name, name) != 0) {
			name_keys_make(other->name, &others);
			if (name_keys_alike(&keys, &others))
				rc = 0;
		}
	}
	name_list_deinit(&list);
	return rc;
}

int uncia_contact_name(const char *given, char name[UNCIA_CONTACT_NAME_SIZE], char why[UNCIA_WHY_SIZE])
{
	if (!given || !name || !why)
		return UNCIA_E_ARGUMENT;
	return name_prepare(given, name, why);
}

int uncia_contact_alike(struct uncia_wallet *w, const char *given, char name[UNCIA_CONTACT_NAME_SIZE],
                        char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	char prepared[UNCIA_CONTACT_NAME_SIZE], why[UNCIA_WHY_SIZE];
	struct contact other;
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!given || !name || !address || name_prepare(given, prepared, why))
		return UNCIA_E_ARGUMENT;
	rc = contact_find_alike(&w->host, prepared, &other);
	if (rc)
		return rc;
	strcpy(name, other.name);
	strcpy(address, other.address);
	return 0;
}

static int contact_pin_locked(struct uncia_wallet *w, const char *given, const char *address, bool replace)
{
	char prepared[UNCIA_CONTACT_NAME_SIZE];
	struct contact contact;
	int rc = contact_find(&w->host, given, prepared, &contact);
	if (!rc && strcmp(contact.address, address) == 0)
		return 0;
	if (!rc && !replace)
		return UNCIA_E_EXISTS;
	if (!rc || (rc == UNCIA_E_DAMAGED && replace))
		return contact_store(w, contact.blob, contact.name, address, true);
	if (rc != UNCIA_E_NOT_FOUND)
		return rc;
	rc = contact_find_alike(&w->host, prepared, &contact);
	if (rc != UNCIA_E_NOT_FOUND)
		return rc ? rc : UNCIA_E_ALIKE;
	contact_blob_name(prepared, contact.blob);
	return contact_store(w, contact.blob, prepared, address, false);
}

int uncia_contact_pin(struct uncia_wallet *w, const char *name, const char *address, bool replace)
{
	char wanted[UNCIA_ADDRESS_TEXT_SIZE];
	struct destination destination;
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!name || !address)
		return UNCIA_E_ARGUMENT;
	if ((rc = destination_read(address, &destination)))
		return rc;
	destination_format(&destination, wanted);
	/* Alone, so that two processes do not pin two names that look alike. */
	if ((rc = host_lock(&w->host)))
		return rc;
	rc = contact_pin_locked(w, name, wanted, replace);
	host_unlock(&w->host);
	return rc;
}

int uncia_contact_find(const struct uncia_wallet *w, const char *name, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	char prepared[UNCIA_CONTACT_NAME_SIZE];
	struct contact contact;
	int rc = wallet_readable(w);
	if (!rc && (!name || !address))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	rc = contact_find(&w->host, name, prepared, &contact);
	if (!rc)
		strcpy(address, contact.address);
	return rc;
}

int uncia_contact_remove(struct uncia_wallet *w, const char *name)
{
	char prepared[UNCIA_CONTACT_NAME_SIZE], blob[UNCIA_BLOB_NAME_SIZE], why[UNCIA_WHY_SIZE];
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!name)
		return UNCIA_E_ARGUMENT;
	/* By the blob's name: one that cannot be read can be forgotten. */
	rc = name_prepare(name, prepared, why);
	if (!rc) {
		contact_blob_name(prepared, blob);
		rc = w->host.remove(w->host.context, blob);
	}
	if ((rc == UNCIA_E_NOT_FOUND || rc == UNCIA_E_ARGUMENT) && name_may_be_stored(name)) {
		contact_blob_name(name, blob);
		int old = w->host.remove(w->host.context, blob);
		rc = old == UNCIA_E_NOT_FOUND ? rc : old;
	}
	return rc;
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
	int rc = wallet_readable(w);
	if (!rc && (!name || !address))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	if (number >= w->contacts.count)
		return UNCIA_E_NOT_FOUND;
	assert(strlen(w->contacts.names[number]) < UNCIA_CONTACT_NAME_SIZE); /* as contact_read_one made it */
	strcpy(address, stpcpy(name, w->contacts.names[number]) - name + w->contacts.names[number] + 1);
	return 0;
}

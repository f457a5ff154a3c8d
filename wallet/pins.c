/* Pins as blobs, and the list of them. */
#include "pins.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "events.h"
#include "fields.h"
#include "handles.h"
#include "hash.h"
#include "missing.h"
#include "storage.pb-c.h"
#include "utf8.h"
#include "wallet.h"

#define PREFIX      "pin-"
#define PIN_VERSION 1

/* ---- blobs ----------------------------------------------------------------------------------- */

/* The blob is named by the hash of both handles, with a zero byte in between. */
static void pin_blob_name(const char *own, const char *handle, char blob[UNCIA_BLOB_NAME_SIZE])
{
	struct hasher hasher;
	struct hash hash;
	char hex[2 * HASH_SIZE + 1];
	hasher_init(&hasher, HASH_RECORD);
	hasher_add(&hasher, PREFIX, sizeof(PREFIX));
	hasher_add(&hasher, own, strlen(own) + 1);
	hasher_add(&hasher, handle, strlen(handle));
	hasher_end(&hasher, &hash);
	stpcpy(stpcpy(blob, PREFIX), sodium_bin2hex(hex, sizeof(hex), hash.b, HASH_SIZE));
}

static bool take_handle(const ProtobufCBinaryData *field, char handle[UNCIA_PEER_SIZE])
{
	if (field->len == 0 || field->len >= UNCIA_PEER_SIZE || memchr(field->data, 0, field->len))
		return false;
	memcpy(handle, field->data, field->len);
	handle[field->len] = '\0';
	return handle_is_one(handle);
}

/* A login is text of one line; an empty one is none. */
static bool take_login(const ProtobufCBinaryData *field, char login[UNCIA_PEER_SIZE])
{
	if (field->len >= UNCIA_PEER_SIZE || (field->len != 0 && memchr(field->data, 0, field->len)))
		return false;
	if (field->len != 0)
		memcpy(login, field->data, field->len);
	login[field->len] = '\0';
	return utf8_is_plain(login);
}

static int pin_decode(const uint8_t *data, size_t size, struct pin *pin)
{
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__pin_record__descriptor, data, size, &arena, &message);
	if (!rc) {
		const Uncia__Pb__PinRecord *record = (const Uncia__Pb__PinRecord *)message;
		pin->compared = record->compared;
		pin->made_ms = record->made_ms;
		if (record->version != PIN_VERSION || !take_handle(&record->own, pin->own) ||
		    !take_handle(&record->handle, pin->handle) || !take_login(&record->login, pin->login) ||
		    !field_copy(&record->account, pin->account.b, ADDRESS_SIZE))
			rc = UNCIA_E_DAMAGED;
	}
	arena_deinit(&arena);
	return rc == 0 || rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
}

static int pin_load_blob(const struct uncia_host *host, const char *blob, struct pin *pin)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	int rc = blob_load(host, blob, &data, &size);
	if (rc)
		return rc;
	rc = pin_decode(data, size, pin);
	blob_free(data, size);
	if (rc)
		return rc;
	pin_blob_name(pin->own, pin->handle, name);
	return strcmp(name, blob) == 0 ? 0 : UNCIA_E_DAMAGED;
}

int pin_load(const struct uncia_host *host, const char *own, const char *handle, struct pin *pin)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	pin_blob_name(own, handle, blob);
	return pin_load_blob(host, blob, pin);
}

int pin_store(struct uncia_wallet *w, const struct pin *pin, bool replace)
{
	Uncia__Pb__PinRecord record = UNCIA__PB__PIN_RECORD__INIT;
	char blob[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	pin_blob_name(pin->own, pin->handle, blob);
	record.version = PIN_VERSION;
	record.own = field_of(pin->own, strlen(pin->own));
	record.handle = field_of(pin->handle, strlen(pin->handle));
	record.login = field_of(pin->login, strlen(pin->login));
	record.account = field_of(pin->account.b, ADDRESS_SIZE);
	record.compared = pin->compared;
	record.made_ms = pin->made_ms;
	int rc = canonical_encode(&record.base, &data, &size);
	if (rc)
		return rc;
	rc = replace ? stored_replace(w, blob, data, size) : stored_create(w, blob, data, size);
	free(data);
	return rc;
}

/* ---- peers ----------------------------------------------------------------------------------- */

int peer_check(const struct uncia_peer *peer)
{
	if (!peer || peer->size != sizeof(*peer) || !peer->own || !peer->handle || !handle_may_be_pinned(peer->own))
		return UNCIA_E_ARGUMENT;
	if (peer->login && (peer->login[0] == '\0' || strnlen(peer->login, UNCIA_PEER_SIZE) >= UNCIA_PEER_SIZE ||
	                    !utf8_is_plain(peer->login)))
		return UNCIA_E_ARGUMENT;
	if (!handle_may_be_pinned(peer->handle))
		return UNCIA_E_ENCODING;
	return handle_same_protocol(peer->own, peer->handle) ? 0 : UNCIA_E_ARGUMENT;
}

bool pin_is_of(const struct pin *pin, const struct uncia_peer *peer)
{
	return pin->login[0] == '\0' || (peer->login && strcmp(pin->login, peer->login) == 0);
}

bool pin_is_weak(const struct pin *pin)
{
	return handle_is_of_irc(pin->handle) && pin->login[0] == '\0';
}

/* The pin that counts for whoever has written: none in a room. Returns as uncia_pin_find, but does not check the
 * wallet; UNCIA_E_ENCODING as peer_check. */
static int pin_of_peer(const struct uncia_host *host, const struct uncia_peer *peer, struct pin *pin)
{
	int rc = peer_check(peer);
	if (!rc)
		rc = peer->room ? UNCIA_E_NOT_FOUND : pin_load(host, peer->own, peer->handle, pin);
	return !rc && !pin_is_of(pin, peer) ? UNCIA_E_ALIKE : rc;
}

int sender_read(const struct uncia_wallet *w, const struct uncia_peer *peer, struct sender *sender)
{
	struct destination to;
	struct pin pin;
	if (!peer || peer->size != sizeof(*peer))
		return UNCIA_E_ARGUMENT;
	*sender = (struct sender){.pinned = false};
	if (peer->account) {
		int rc = destination_read(peer->account, &to);
		*sender = (struct sender){.pinned = !rc, .account = to.address};
		return rc;
	}
	int rc = pin_of_peer(&w->host, peer, &pin);
	if (!rc)
		*sender = (struct sender){.pinned = true, .account = pin.account, .weak = pin_is_weak(&pin)};
	return rc == UNCIA_E_NOT_FOUND || rc == UNCIA_E_ALIKE || rc == UNCIA_E_ENCODING ? 0 : rc;
}

static void pin_describe(const struct pin *pin, struct uncia_pin *out)
{
	struct destination to = {.address = pin->account};
	*out = (struct uncia_pin){
	    .size = sizeof(*out), .compared = pin->compared, .weak = pin_is_weak(pin), .made_ms = pin->made_ms};
	strcpy(out->own, pin->own);
	strcpy(out->handle, pin->handle);
	strcpy(out->login, pin->login);
	destination_format(&to, out->address);
}

int uncia_pin_find(struct uncia_wallet *w, const struct uncia_peer *peer, struct uncia_pin *out)
{
	struct pin pin = {0};
	int rc = wallet_usable(w);
	if (!rc && (!out || out->size != sizeof(*out)))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	rc = pin_of_peer(&w->host, peer, &pin);
	if (!rc || rc == UNCIA_E_ALIKE)
		pin_describe(&pin, out);
	return rc == UNCIA_E_ENCODING ? UNCIA_E_ARGUMENT : rc;
}

int uncia_pin_drop(struct uncia_wallet *w, const struct uncia_peer *peer)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	int rc = wallet_usable(w);
	if (!rc && peer_check(peer))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	pin_blob_name(peer->own, peer->handle, blob);
	return w->host.remove(w->host.context, blob);
}

/* ---- the list -------------------------------------------------------------------------------- */

void pin_list_deinit(struct pin_list *list)
{
	free(list->pins);
	*list = (struct pin_list){0};
}

int pin_list_load(struct uncia_wallet *w, struct pin_list *list,
                  void (*damaged)(struct uncia_wallet *w, const char *name))
{
	struct name_list names;
	*list = (struct pin_list){0};
	int rc = blob_list(&w->host, PREFIX, &names);
	if (rc)
		return rc;
	list->pins = calloc(names.count + 1, sizeof(*list->pins));
	if (!list->pins)
		rc = UNCIA_E_MEMORY;
	for (size_t i = 0; !rc && i < names.count; i++) {
		int loaded = pin_load_blob(&w->host, names.names[i], &list->pins[list->count]);
		if (loaded == UNCIA_E_DAMAGED)
			damaged(w, names.names[i]);
		else if (!loaded)
			list->count++;
		else if (loaded != UNCIA_E_NOT_FOUND) /* another process may have dropped it */
			rc = loaded;
	}
	name_list_deinit(&names);
	return rc;
}

static void tell_damaged(struct uncia_wallet *w, const char *name)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_ERROR, .error = UNCIA_E_DAMAGED};
	stpcpy(stpcpy(event.text, name), " is damaged: pin who it was of anew"); /* a blob's name is short */
	events_add(w, &event);
}

static int compare_pins(const void *a, const void *b)
{
	const struct pin *x = a, *y = b;
	int order = strcmp(x->handle, y->handle);
	return order ? order : strcmp(x->own, y->own);
}

int uncia_pin_count(struct uncia_wallet *w, size_t *count)
{
	struct pin_list list;
	int rc = wallet_usable(w);
	if (!rc && !count)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	rc = pin_list_load(w, &list, tell_damaged);
	if (rc) {
		pin_list_deinit(&list);
		return rc;
	}
	qsort(list.pins, list.count, sizeof(*list.pins), compare_pins);
	pin_list_deinit(&w->pins);
	w->pins = list;
	*count = list.count;
	return 0;
}

int uncia_pin_at(const struct uncia_wallet *w, size_t number, struct uncia_pin *pin)
{
	int rc = wallet_readable(w);
	if (!rc && (!pin || pin->size != sizeof(*pin)))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	if (number >= w->pins.count)
		return UNCIA_E_NOT_FOUND;
	pin_describe(&w->pins.pins[number], pin);
	return 0;
}

/* A home whose every blob somebody else has written, in right envelopes: opened with and without its network, and
 * everything read that can be read without one. Forged signatures are granted. */
#include "blob.h"
#include "canonical.h"
#include "catch_up.h"
#include "fuzz.h"
#include "homing.h"
#include "host.h"
#include "hash.h"
#include "keyfile.h"
#include "notice_record.h"
#include "outbox.h"
#include "storage.pb-c.h"
#include "wallet.h"
#include "watching.h"

static const struct uncia_network *network(void)
{
	static struct uncia_network *made;
	char *text = made ? NULL : fixture_network_file(fuzz_network(), NULL);

	if (!made)
		assert(uncia_network_parse(text, &made, NULL) == 0);
	free(text);
	return made;
}

/* A made key, the same each time, unless the input brings its own. */
static void key(struct fuzz_host *host)
{
	static const struct uncia_key_options none = {.size = sizeof(none), .no_passphrase = true};
	static const char words[] =
	    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

	assert(keyfile_create(&host->host, words, &none) == 0);
}

/* The name that belongs to a pin's handles; false: the contents have none. */
static bool pin_name(const struct bytes *contents, char name[UNCIA_BLOB_NAME_SIZE])
{
	static const char prefix[] = "pin-";
	struct arena arena;
	ProtobufCMessage *message;
	struct hasher hasher;
	struct hash hash;
	arena_init(&arena, canonical_arena_limit(contents->size));
	bool is_one =
	    canonical_decode(&uncia__pb__pin_record__descriptor, contents->data, contents->size, &arena, &message) == 0;
	if (is_one) {
		const Uncia__Pb__PinRecord *record = (const Uncia__Pb__PinRecord *)message;
		hasher_init(&hasher, HASH_RECORD);
		hasher_add(&hasher, prefix, sizeof(prefix));
		hasher_add(&hasher, record->own.data, record->own.len);
		hasher_add(&hasher, "", 1);
		hasher_add(&hasher, record->handle.data, record->handle.len);
		hasher_end(&hasher, &hash);
		strcpy(name, prefix);
		sodium_bin2hex(name + strlen(prefix), 2 * HASH_SIZE + 1, hash.b, HASH_SIZE);
	}
	arena_deinit(&arena);
	return is_one;
}

static void put(struct fuzz_host *host, uint8_t kind, const struct bytes *contents, struct bytes nonce)
{
	char name[UNCIA_BLOB_NAME_SIZE], hex[2 * HASH_SIZE + 1];
	uint8_t id[HASH_SIZE] = {0};

	if (nonce.size)
		memcpy(id, nonce.data, nonce.size);
	if (kind & 0x20) { /* of the archive: a piece of its index, or a segment */
		(id[0] & 1 ? archive_piece_name : archive_segment_name)(id[0] >> 1, name);
		kind &= 0x80;
	} else
		switch (kind % 4) {
		case 0:
			outbox_blob_name(id, name);
			break;
		case 1:
			if (kind & 0x10 && pin_name(contents, name))
				break;
			strcpy(name, kind & 0x08 ? "notice-" : "contact-");
			strcat(name, sodium_bin2hex(hex, sizeof(hex), id, sizeof(id)));
			break;
		case 2:
			strcpy(name, (kind & 0x18) == 0x18 ? "holds"
			             : kind & 0x10         ? "caught-up"
			             : kind & 0x08         ? "watch-uncia"
			                                   : "network");
			break;
		case 3:
			strcpy(name, kind & 0x08 ? "notices" : KEYFILE_BLOB);
			break;
		}
	if (kind & 0x80)
		(void)host->host.replace(host, name, contents->data, contents->size);
	else
		(void)blob_replace(&host->host, name, contents->data, contents->size);
}

static void read_pins(struct uncia_wallet *w)
{
	struct uncia_pin pin = {.size = sizeof(pin)}, found = {.size = sizeof(found)};
	size_t count;

	if (uncia_pin_count(w, &count) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		assert(uncia_pin_at(w, i, &pin) == 0);
		const struct uncia_peer peer = {.size = sizeof(peer),
		                                .own = pin.own,
		                                .handle = pin.handle,
		                                .login = pin.login[0] ? pin.login : NULL};
		int result = uncia_pin_find(w, &peer, &found);
		/* What no host can have pinned is nobody's. */
		assert(result == 0 || result == UNCIA_E_ARGUMENT);
		if (result)
			continue;
		assert(strcmp(found.address, pin.address) == 0 && found.compared == pin.compared);
		result = uncia_pin_set(w, &peer, pin.address, UNCIA_PIN_DECIDED);
		assert(result == 0 || result == UNCIA_E_ADDRESS);
	}
}

static void read_all(struct uncia_wallet *w)
{
	struct uncia_event event = {.size = sizeof(event)};
	struct uncia_payment_id id;
	char name[UNCIA_CONTACT_NAME_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE], *text;
	size_t contacts;

	for (size_t i = 0; i < uncia_wallet_outbox_count(w); i++) {
		struct uncia_payment payment = {.size = sizeof(payment)};
		assert(uncia_wallet_outbox(w, i, &id) == 0);
		int result = uncia_wallet_payment(w, &id, &payment);
		assert(result == 0 || result == UNCIA_E_DAMAGED); /* an index may name what no segment has */
		assert(payment.tag_size <= sizeof(payment.tag) && memchr(payment.memo, '\0', sizeof(payment.memo)));
		if (uncia_wallet_receipt(w, &id, &text) == 0)
			uncia_text_free(text);
	}
	for (size_t i = 0; uncia_wallet_expired(w, i, &id) == 0; i++)
		assert(i < uncia_wallet_outbox_count(w));
	if (uncia_contact_count(w, &contacts) == 0)
		for (size_t i = 0; i < contacts; i++)
			if (uncia_contact_at(w, i, name, address) == 0)
				assert(uncia_contact_find(w, name, address) <= 0);
	read_pins(w);
	int watches = uncia_watch_start(w, "uncia");
	assert(watches == 0 || watches == UNCIA_E_NETWORK || watches == UNCIA_E_DAMAGED);
	(void)uncia_wallet_tick(w);
	while (uncia_wallet_event(w, &event) > 0)
		assert(memchr(event.text, '\0', sizeof(event.text)));
}

/* What stands for none is none; what is read is written as it was. */
static void read_mark(struct fuzz_host *host)
{
	struct mark mark, again;

	assert(mark_load(&host->host, &mark) == 0);
	if (!mark.there)
		return;
	assert(mark_store(&host->host, &mark) == 0 && mark_load(&host->host, &again) == 0);
	assert(again.there && again.height == mark.height && again.exists == mark.exists &&
	       again.created == mark.created && again.payments == mark.payments && again.finals == mark.finals);
}

static void read_place(struct fuzz_host *host)
{
	struct watching_place place, again;

	int result = watching_place_load(&host->host, "uncia", &place);
	assert(result == 0 || result == UNCIA_E_NOT_FOUND || result == UNCIA_E_DAMAGED);
	if (result)
		return;
	struct uncia_wallet bare = {.host = host->host};
	assert(watching_place_store(&bare, "uncia", &place) == 0);
	assert(watching_place_load(&host->host, "uncia", &again) == 0);
	assert(again.height == place.height && again.index == place.index && again.counted == place.counted);
	assert(!place.counted || (again.created == place.created && again.payments == place.payments));
}

static void read_notices(struct fuzz_host *host)
{
	static struct notice_record record, again;
	struct uncia_wallet bare = {.host = host->host};
	struct payment_id id;
	uint64_t height, same;
	size_t size;

	for (size_t i = 0; i < host->count; i++) {
		const char *name = host->blobs[i].name;
		if (strncmp(name, "notice-", 7) != 0 ||
		    sodium_hex2bin(id.b, sizeof(id.b), name + 7, strlen(name + 7), NULL, &size, NULL) != 0)
			continue;
		int result = notice_record_load(&host->host, &id, &record);
		assert(result == 0 || result == UNCIA_E_DAMAGED);
		if (result)
			continue;
		assert(notice_record_store(&bare, &id, &record, true) == 0);
		assert(notice_record_load(&host->host, &id, &again) == 0);
		assert(strcmp(record.own, again.own) == 0 && strcmp(record.handle, again.handle) == 0);
		assert(address_equal(&record.account, &again.account) && record.shown == again.shown);
	}
	int result = notice_floor_load(&host->host, &height);
	assert(result == 0 || result == UNCIA_E_NOT_FOUND || result == UNCIA_E_DAMAGED);
	if (result)
		return;
	assert(notice_floor_store(&bare, height) == 0);
	assert(notice_floor_load(&host->host, &same) == 0 && same == height);
}

/* A list of holds that is read is written as it was; what it says of the archive is the archive's. */
static void read_holds(const struct uncia_wallet *w)
{
	const struct hold_book *book = &w->homing->book;

	assert(book->count <= book->capacity && book->lock_count <= HOLD_LOCKS_KEPT);
	assert(book->known <= book->next);
	assert(uncia_wallet_coming_home(w) <= book->count);
}

/* What is archived now is there when the home is opened again, and so is all else. */
static void archive_all(const struct fuzz_host *host, struct uncia_wallet *w)
{
	struct uncia_payment_id ids[FUZZ_BLOBS];
	struct uncia_payment payment = {.size = sizeof(payment)};
	size_t count = 0;
	while (count < FUZZ_BLOBS && uncia_wallet_outbox(w, count, &ids[count]) == 0)
		count++;
	outbox_fold(w, 1);
	uncia_wallet_close(w);
	if (uncia_wallet_open(&host->host, network(), NULL, &w) != 0)
		abort();
	for (size_t i = 0; i < count; i++) {
		int result = uncia_wallet_payment(w, &ids[i], &payment);
		assert(result == 0 || result == UNCIA_E_DAMAGED);
	}
	uncia_wallet_close(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	struct fuzz_host host;
	struct uncia_wallet *wallet;

	network();
	fuzz_host_init(&host);
	key(&host);
	while (input.size) {
		uint8_t kind = fuzz_byte(&input);
		struct bytes nonce = fuzz_take(&input, kind & 0x40 ? HASH_SIZE : 1);
		struct bytes contents = fuzz_take(&input, fuzz_number(&input, 2));
		put(&host, kind, &contents, nonce);
	}
	read_mark(&host);
	read_place(&host);
	read_notices(&host);
	for (int with = 0; with < 2; with++) {
		if (uncia_wallet_open(&host.host, with ? network() : NULL, NULL, &wallet) != 0)
			continue;
		read_all(wallet);
		read_holds(wallet);
		if (with)
			archive_all(&host, wallet);
		else
			uncia_wallet_close(wallet);
	}
	fuzz_host_deinit(&host);
	return 0;
}

/* Opening and closing a wallet, and its key. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "catch_up.h"
#include "events.h"
#include "following.h"
#include "history.h"
#include "homing.h"
#include "hooks.h"
#include "notices.h"
#include "orders.h"
#include "outbox.h"
#include "session.h"
#include "sync.h"
#include "system.h"
#include "wallet.h"
#include "watching.h"

#define NETWORK_BLOB       "network"
#define REQUEST_TIMEOUT_MS 10000u
#define FOLD_AT_OPEN       16u

/* Binds the home to its network: the first open with one stores the network's id, later ones compare it. Those write
 * nothing, so that a home on a full or read-only disk can be looked at. */
static int bind_network(struct uncia_wallet *w)
{
	uint8_t *data;
	size_t size;
	if (w->network)
		w->network_id = w->network->genesis.network_id;
	int rc = blob_load(&w->host, NETWORK_BLOB, &data, &size);
	if (rc == UNCIA_E_NOT_FOUND && w->network) {
		rc = stored_create(w, NETWORK_BLOB, w->network_id.b, HASH_SIZE);
		if (!rc)
			w->has_network_id = true;
		if (rc != UNCIA_E_EXISTS)
			return rc;
		rc = blob_load(&w->host, NETWORK_BLOB, &data, &size);
	}
	if (rc)
		return rc == UNCIA_E_NOT_FOUND && !w->network ? 0 : rc;
	if (size != HASH_SIZE)
		rc = UNCIA_E_DAMAGED;
	else if (!w->network)
		memcpy(w->network_id.b, data, HASH_SIZE);
	else if (memcmp(data, w->network_id.b, HASH_SIZE) != 0)
		rc = UNCIA_E_NETWORK;
	w->has_network_id = !rc;
	blob_free(data, size);
	return rc;
}

static int load_parts(struct uncia_wallet *w, const char *passphrase)
{
	assert(!w->secret && !w->session);
	int rc = archive_init(w);
	if (!rc)
		rc = wallet_sync_init(w);
	if (!rc)
		rc = history_init(w);
	if (!rc)
		rc = (w->hold = look_new(w, REQUEST_HOLD)) ? homing_init(w) : UNCIA_E_MEMORY;
	if (!rc)
		rc = catch_up_init(w);
	if (!rc)
		rc = orders_init(w);
	if (!rc)
		rc = keyfile_load(&w->host, &w->keyfile);
	if (!rc)
		rc = notices_init(w);
	if (rc)
		return rc;
	address_of_key(w->keyfile.public_key, &w->address);
	if (passphrase || w->keyfile.method == KEYFILE_PLAIN)
		rc = keyfile_open(&w->keyfile, passphrase, &w->secret);
	if (!rc)
		rc = bind_network(w);
	if (!rc && w->network)
		rc = session_init(w);
	return rc || !w->has_network_id ? rc : outbox_load(w, true);
}

int uncia_wallet_open(const struct uncia_host *host, const struct uncia_network *network,
                      const struct uncia_wallet_options *options, struct uncia_wallet **wallet)
{
	struct uncia_host filled;
	if (host_init(&filled, host) || !wallet || (options && options->size != sizeof(*options)))
		return UNCIA_E_ARGUMENT;
	if (network && network->endpoint_count == 0)
		return UNCIA_E_CONFIG;
	int rc = sign_self_test();
	if (rc)
		return rc;
	struct uncia_wallet *w = calloc(1, sizeof(*w));
	if (!w)
		return UNCIA_E_MEMORY;
	hooks_init(w, &filled);
	w->network = network_hold(network);
	w->owner = system_process();
	w->request_timeout_ms =
	    options && options->request_timeout_ms != 0 ? options->request_timeout_ms : REQUEST_TIMEOUT_MS;
	rc = load_parts(w, options ? options->passphrase : NULL);
	if (!rc && w->network) {
		/* A home of an earlier version has a blob for each payment it ever made. That it cannot be written is
		 * no reason not to look at it. */
		outbox_fold(w, FOLD_AT_OPEN);
		rc = homing_begin(w);
	}
	if (rc) {
		uncia_wallet_close(w);
		return rc;
	}
	if (w->network && (following_has_work(w) || homing_has_work(w)))
		session_wake(w);
	*wallet = w;
	return 0;
}

void uncia_wallet_close(struct uncia_wallet *w)
{
	if (!w || w->in_hook)
		return;
	if (w->driver)
		w->driver_calls->free(w->driver);
	w->driver = NULL;
	orders_deinit(w);
	notices_deinit(w);
	session_deinit(w);
	watching_deinit(w);
	catch_up_deinit(w);
	homing_deinit(w);
	look_free(w->hold);
	history_deinit(w);
	wallet_sync_deinit(w);
	tracked_free_all(w);
	archive_deinit(w);
	name_list_deinit(&w->contacts);
	pin_list_deinit(&w->pins);
	events_free(w);
	storing_deinit(w);
	secret_free(w->secret);
	network_release(w->network);
	sodium_memzero(w, sizeof(*w));
	free(w);
}

int uncia_wallet_unlock(struct uncia_wallet *w, const char *passphrase)
{
	int rc = wallet_usable(w);
	if (rc || (w->secret && (!passphrase || w->keyfile.method != KEYFILE_PLAIN)))
		return rc;
	if (!passphrase)
		return UNCIA_E_ARGUMENT;
	if (w->secret)
		return UNCIA_E_PASSPHRASE; /* as keyfile_open */
	return keyfile_open(&w->keyfile, passphrase, &w->secret);
}

int uncia_wallet_words(struct uncia_wallet *w, const char *passphrase, char words[UNCIA_WORDS_TEXT_SIZE])
{
	struct secret *secret;
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!words)
		return UNCIA_E_ARGUMENT;
	rc = keyfile_open(&w->keyfile, passphrase, &secret);
	if (rc)
		return rc;
	words_from_entropy(secret->entropy, secret->entropy_size, words);
	secret_free(secret);
	return 0;
}

int uncia_wallet_address(const struct uncia_wallet *w, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	int rc = wallet_readable(w);
	if (!rc && !text)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	/* Until the seal is open, nothing but an unkeyed checksum covers the public key in the file (wallet 7.1). */
	return w->secret ? uncia_wallet_address_unproved(w, text) : UNCIA_E_LOCKED;
}

int uncia_wallet_address_unproved(const struct uncia_wallet *w, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	int rc = wallet_readable(w);
	if (!rc && !text)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	struct destination destination = {.address = w->address};
	destination_format(&destination, text);
	return 0;
}

int uncia_wallet_network_id(const struct uncia_wallet *w, uint8_t id[32])
{
	int rc = wallet_readable(w);
	if (!rc && !id)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	if (!w->has_network_id)
		return UNCIA_E_NETWORK;
	memcpy(id, w->network_id.b, HASH_SIZE);
	return 0;
}

bool uncia_wallet_unlocked(const struct uncia_wallet *w)
{
	return w && w->secret && !wallet_usable(w);
}

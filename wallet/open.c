/* Opening and closing a wallet, and its key. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "driver.h"
#include "events.h"
#include "history.h"
#include "outbox.h"
#include "paying.h"
#include "session.h"
#include "sync.h"
#include "wallet.h"

#define NETWORK_BLOB       "network"
#define REQUEST_TIMEOUT_MS 10000u

/* The first open with a network binds the home to it. Later ones write nothing: a home on a full disk, or on one that
 * is only read, can be looked at. */
static int bind_network(struct uncia_wallet *w)
{
	uint8_t *data;
	size_t size;
	if (w->network != NULL)
		w->network_id = w->network->genesis.network_id;
	int result = blob_load(&w->host, NETWORK_BLOB, &data, &size);
	if (result == UNCIA_E_NOT_FOUND && w->network != NULL) {
		result = blob_create(&w->host, NETWORK_BLOB, w->network_id.b, HASH_SIZE);
		if (result == 0)
			w->has_network_id = true;
		if (result != UNCIA_E_EXISTS)
			return result;
		result = blob_load(&w->host, NETWORK_BLOB, &data, &size);
	}
	if (result != 0)
		return result == UNCIA_E_NOT_FOUND && w->network == NULL ? 0 : result;
	if (size != HASH_SIZE)
		result = UNCIA_E_DAMAGED;
	else if (w->network == NULL)
		memcpy(w->network_id.b, data, HASH_SIZE);
	else if (memcmp(data, w->network_id.b, HASH_SIZE) != 0)
		result = UNCIA_E_NETWORK;
	w->has_network_id = result == 0;
	blob_free(data, size);
	return result;
}

static int load_parts(struct uncia_wallet *w, const char *passphrase)
{
	assert(!w->secret && !w->session);
	int result = sync_init(w);
	if (result == 0)
		result = history_init(w);
	if (result == 0)
		result = keyfile_load(&w->host, &w->keyfile);
	if (result != 0)
		return result;
	address_of_key(w->keyfile.public_key, &w->address);
	if (passphrase != NULL || w->keyfile.method == KEYFILE_PLAIN)
		result = keyfile_open(&w->keyfile, passphrase, &w->secret);
	if (result == 0)
		result = bind_network(w);
	if (result == 0 && w->network != NULL)
		result = session_init(w);
	return result != 0 || !w->has_network_id ? result : outbox_load(w, true);
}

int uncia_wallet_open(const struct uncia_host *host, const struct uncia_network *network,
                      const struct uncia_wallet_options *options, struct uncia_wallet **wallet)
{
	struct uncia_host filled;
	if (host_init(&filled, host) != 0 || wallet == NULL || (options != NULL && options->size != sizeof(*options)))
		return UNCIA_E_ARGUMENT;
	int result = sign_self_test();
	if (result != 0)
		return result;
	struct uncia_wallet *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return UNCIA_E_MEMORY;
	w->host = filled;
	w->network = network;
	w->owner = getpid();
	w->request_timeout_ms =
	    options != NULL && options->request_timeout_ms != 0 ? options->request_timeout_ms : REQUEST_TIMEOUT_MS;
	result = load_parts(w, options == NULL ? NULL : options->passphrase);
	if (result != 0) {
		uncia_wallet_close(w);
		return result;
	}
	if (w->network != NULL && paying_active(w))
		session_wake(w);
	*wallet = w;
	return 0;
}

void uncia_wallet_close(struct uncia_wallet *w)
{
	if (w == NULL)
		return;
	driver_free(w->driver);
	session_deinit(w);
	history_deinit(w);
	sync_deinit(w);
	tracked_free_all(w);
	name_list_deinit(&w->contacts);
	events_free(w);
	secret_free(w->secret);
	sodium_memzero(w, sizeof(*w));
	free(w);
}

int uncia_wallet_unlock(struct uncia_wallet *w, const char *passphrase)
{
	int result = wallet_usable(w);
	if (result != 0 || w->secret != NULL)
		return result;
	if (passphrase == NULL)
		return UNCIA_E_ARGUMENT;
	return keyfile_open(&w->keyfile, passphrase, &w->secret);
}

int uncia_wallet_words(struct uncia_wallet *w, const char *passphrase, char words[UNCIA_WORDS_TEXT_SIZE])
{
	struct secret *secret;
	int result = wallet_usable(w);
	if (result != 0)
		return result;
	if (words == NULL)
		return UNCIA_E_ARGUMENT;
	result = keyfile_open(&w->keyfile, passphrase, &secret);
	if (result != 0)
		return result;
	words_from_entropy(secret->entropy, secret->entropy_size, words);
	secret_free(secret);
	return 0;
}

void uncia_wallet_address(const struct uncia_wallet *w, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	if (w == NULL || text == NULL)
		return;
	struct destination destination = {.address = w->address};
	destination_format(&destination, text);
}

bool uncia_wallet_unlocked(const struct uncia_wallet *w)
{
	return w != NULL && w->secret != NULL && wallet_usable(w) == 0;
}

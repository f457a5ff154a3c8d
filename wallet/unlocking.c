/* Opening a wallet's key in a thread of the host's: the derivation alone takes long, and needs the key file alone. */
#include <stdlib.h>
#include <string.h>
#include "wallet.h"

struct uncia_unlocking {
	struct keyfile keyfile;
	struct secret *secret; /* NULL: not opened */
};

int uncia_unlocking_begin(const struct uncia_wallet *w, struct uncia_unlocking **unlocking)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!unlocking)
		return UNCIA_E_ARGUMENT;
	struct uncia_unlocking *u = calloc(1, sizeof(*u));
	if (!u)
		return UNCIA_E_MEMORY;
	u->keyfile = w->keyfile;
	*unlocking = u;
	return 0;
}

int uncia_unlocking_run(struct uncia_unlocking *u, const char *passphrase)
{
	struct secret *opened;
	if (!u || (!passphrase && u->keyfile.method != KEYFILE_PLAIN))
		return UNCIA_E_ARGUMENT;
	int rc = keyfile_open(&u->keyfile, passphrase, &opened);
	if (rc)
		return rc;
	secret_free(u->secret);
	u->secret = opened;
	return 0;
}

int uncia_wallet_unlock_with(struct uncia_wallet *w, struct uncia_unlocking *u)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!u || memcmp(u->keyfile.public_key, w->keyfile.public_key, PUBLIC_KEY_SIZE) != 0)
		return UNCIA_E_ARGUMENT;
	if (w->secret)
		return 0;
	if (!u->secret)
		return UNCIA_E_LOCKED;
	w->secret = u->secret;
	u->secret = NULL;
	return 0;
}

void uncia_unlocking_free(struct uncia_unlocking *u)
{
	if (!u)
		return;
	secret_free(u->secret);
	sodium_memzero(u, sizeof(*u));
	free(u);
}

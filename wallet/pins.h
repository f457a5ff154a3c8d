/* Pins: people of chats bound to accounts, as they are stored (docs/spec/wallet.md 7.9). */
#ifndef PINS_H
#define PINS_H
#include <uncia/uncia.h>
#include "address.h"

struct pin {
	char own[UNCIA_PEER_SIZE], handle[UNCIA_PEER_SIZE];
	char login[UNCIA_PEER_SIZE]; /* empty: none was known */
	struct address account;
	bool compared;
	uint64_t made_ms;
};

/* What uncia_pin_count has read. */
struct pin_list {
	size_t count, capacity;
	struct pin *pins;
};

/* Checks a peer's form: its size, its handles, which must be of one protocol, and its login. Returns 0;
 * UNCIA_E_ENCODING where the sender's handle is none that may be pinned; UNCIA_E_ARGUMENT for everything else. */
int peer_check(const struct uncia_peer *peer);
/* The pin of a handle, whatever its login. Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; what the host
 * returned. */
int pin_load(const struct uncia_host *host, const char *own, const char *handle, struct pin *pin);
/* Whether a pin is of whoever has written: it has no login, or his. */
bool pin_is_of(const struct pin *pin, const struct uncia_peer *peer);
/* Whether its handle may be somebody else's tomorrow: of IRC, and no login is known. */
bool pin_is_weak(const struct pin *pin);
struct sender {
	bool pinned;
	struct address account; /* of one who is */
	bool weak;              /* his pin is */
};
/* The account of whoever has written: the one that the host says, or that he is pinned to. Returns 0, also where he is
 * not pinned or must not be; UNCIA_E_ADDRESS; UNCIA_E_ARGUMENT; as pin_load. */
int sender_read(const struct uncia_wallet *w, const struct uncia_peer *peer, struct sender *sender);
/* Stores a pin, over the one that is there or as the first. Returns as stored_create and stored_replace;
 * UNCIA_E_MEMORY. */
int pin_store(struct uncia_wallet *w, const struct pin *pin, bool replace);
/* All pins, in no order; `damaged` is called for the name of each that cannot be read. Returns 0; UNCIA_E_MEMORY; what
 * the host returned. Owns: pin_list_deinit, also on failure. */
int pin_list_load(struct uncia_wallet *w, struct pin_list *list,
                  void (*damaged)(struct uncia_wallet *w, const char *name));
/* Frees it; again is fine. */
void pin_list_deinit(struct pin_list *list);

#endif

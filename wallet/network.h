/* The network file in memory (docs/spec/wallet.md, "The network file"). */
#ifndef NETWORK_H
#define NETWORK_H
#include <stdatomic.h>
#include <uncia/uncia.h>
#include "committee.h"
#include "ini_text.h"

#define NETWORK_FILE_SIZE_MAX (2u * GENESIS_SIZE_MAX)

struct endpoint {
	uint32_t validator; /* index in the committee */
	char host[HOST_SIZE_MAX];
	uint16_t port;
	char websocket[WEBSOCKET_URL_SIZE_MAX]; /* empty: the file has none */
};

struct uncia_network {
	atomic_uint users; /* whoever made it, and the wallets that were opened with it, in whatever threads */
	struct genesis genesis;
	uint32_t endpoint_count;
	struct endpoint *endpoints;
};

/* A wallet uses it; NULL is fine. Returns it. */
const struct uncia_network *network_hold(const struct uncia_network *network);
/* One user less; the last one frees it. NULL is fine. */
void network_release(const struct uncia_network *network);

#endif

/* The network file in memory (docs/spec/wallet.md, "The network file"). */
#ifndef NETWORK_H
#define NETWORK_H
#include <uncia/uncia.h>
#include "committee.h"

#define NETWORK_FILE_SIZE_MAX (2u * GENESIS_SIZE_MAX)
#define NETWORK_HOST_SIZE     256

struct endpoint {
	uint32_t validator; /* index in the committee */
	char host[NETWORK_HOST_SIZE];
	uint16_t port;
};

struct uncia_network {
	struct genesis genesis;
	uint32_t endpoint_count;
	struct endpoint *endpoints;
};

#endif

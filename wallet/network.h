/* The network file in memory (docs/spec/wallet.md, "The network file"). */
#ifndef NETWORK_H
#define NETWORK_H
#include <uncia/uncia.h>
#include "committee.h"
#include "ini_text.h"

#define NETWORK_FILE_SIZE_MAX (2u * GENESIS_SIZE_MAX)

struct endpoint {
	uint32_t validator; /* index in the committee */
	char host[HOST_SIZE_MAX];
	uint16_t port;
};

struct uncia_network {
	struct genesis genesis;
	uint32_t endpoint_count;
	struct endpoint *endpoints;
};

#endif

/* Internet addresses. */
#include "net_address.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <uv.h>
#include "uncia/error.h"

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const struct net_address *address)
{
	return memcmp(address->b, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

void net_address_of(const struct sockaddr *socket_address, struct net_address *address)
{
	memset(address, 0, sizeof(*address));
	if (socket_address->sa_family == AF_INET) {
		memcpy(address->b, mapped_prefix, sizeof(mapped_prefix));
		memcpy(address->b + 12, &((const struct sockaddr_in *)socket_address)->sin_addr, 4);
	} else if (socket_address->sa_family == AF_INET6) {
		memcpy(address->b, &((const struct sockaddr_in6 *)socket_address)->sin6_addr, 16);
	}
}

bool net_address_equal(const struct net_address *a, const struct net_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool net_address_loopback(const struct net_address *address)
{
	static const struct net_address loopback6 = {{[15] = 1}};

	return is_mapped(address) ? address->b[12] == 127 : net_address_equal(address, &loopback6);
}

/* Of the 16 bytes; the mapped prefix of IPv4 is in front of its own. */
static size_t prefix_bytes(const struct net_address *address, enum net_prefix prefix)
{
	static const size_t four[NET_PREFIXES] = {12 + 2, 12 + 3, 12 + 4}, six[NET_PREFIXES] = {4, 6, 8};

	return is_mapped(address) ? four[prefix] : six[prefix];
}

bool net_address_shares(const struct net_address *a, const struct net_address *b, enum net_prefix prefix)
{
	return is_mapped(a) == is_mapped(b) && memcmp(a, b, prefix_bytes(a, prefix)) == 0;
}

void net_address_mask(const struct net_address *address, enum net_prefix prefix, struct net_address *masked)
{
	size_t bytes = prefix_bytes(address, prefix);

	memset(masked, 0, sizeof(*masked));
	memcpy(masked, address, bytes);
}

void net_address_format(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE])
{
	bool mapped = is_mapped(address);

	if (!inet_ntop(mapped ? AF_INET : AF_INET6, address->b + (mapped ? 12 : 0), text, NET_ADDRESS_TEXT_SIZE))
		text[0] = '\0';
}

int net_address_parse(const char *host, uint16_t port, struct sockaddr_storage *socket_address)
{
	struct sockaddr_storage parsed = {0};

	if (uv_ip4_addr(host, port, (struct sockaddr_in *)&parsed) < 0 &&
	    uv_ip6_addr(host, port, (struct sockaddr_in6 *)&parsed) < 0)
		return UNCIA_E_ARGUMENT;
	*socket_address = parsed;
	return 0;
}

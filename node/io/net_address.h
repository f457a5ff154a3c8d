/* Internet addresses, IPv4 and IPv6 alike, as far as letting connections in needs them: compared, grouped by prefix,
 * shown.
 *
 * Pure. Threads: any. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define NET_ADDRESS_TEXT_SIZE 64

/* IPv4 in its mapped form, so that one host has one address on a dual-stack socket. */
struct net_address {
	uint8_t b[16];
};

/* The address without its port; zero for other families. */
void net_address_of(const struct sockaddr *socket_address, struct net_address *address);
/* Whether both are the same host. */
bool net_address_equal(const struct net_address *a, const struct net_address *b);
/* Whether it is this machine, by 127.0.0.0/8 or ::1. */
bool net_address_loopback(const struct net_address *address);
/* The prefixes by which addresses share what there is for strangers, each inside the one before it: of IPv6 what a
 * provider has, what a site has, what one customer has at least; of IPv4 a neighbourhood, a network, one address. */
enum net_prefix {
	NET_PREFIX_WIDE,    /* IPv6 /32, IPv4 /16 */
	NET_PREFIX_NETWORK, /* /48, /24 */
	NET_PREFIX_SOURCE,  /* /64, /32 */
	NET_PREFIXES
};
/* Whether both have this prefix in common. */
bool net_address_shares(const struct net_address *a, const struct net_address *b, enum net_prefix prefix);
/* The address with all bits behind the prefix 0. */
void net_address_mask(const struct net_address *address, enum net_prefix prefix, struct net_address *masked);
/* As people write it. */
void net_address_format(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE]);
/* A numeric host and a port. Returns 0 or UNCIA_E_ARGUMENT, and *socket_address is then left as it was. */
int net_address_parse(const char *host, uint16_t port, struct sockaddr_storage *socket_address);

#endif

/* Internet addresses, as far as letting connections in needs them: comparable, IPv4 and IPv6 alike. */
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

/* Zero for other families. */
void net_address_of(const struct sockaddr *socket_address, struct net_address *address);
bool net_address_equal(const struct net_address *a, const struct net_address *b);
bool net_address_loopback(const struct net_address *address);
/* Who is behind it, for fairness: an IPv4 address, or the /64 that one IPv6 customer is given. */
void net_address_source(const struct net_address *address, struct net_address *source);
void net_address_format(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE]);
/* A numeric host. Returns 0 or UNCIA_E_ARGUMENT. */
int net_address_parse(const char *host, uint16_t port, struct sockaddr_storage *socket_address);

#endif

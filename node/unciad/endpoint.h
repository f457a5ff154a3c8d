/* HOST:PORT, as configuration and network files write it; [HOST]:PORT where the host is an IPv6 address. */
#ifndef ENDPOINT_H
#define ENDPOINT_H
#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_HOST_SIZE 128 /* NUL included; a line of a network file holds 200 bytes */
#define ENDPOINT_TEXT_SIZE (ENDPOINT_HOST_SIZE + 8)

struct endpoint {
	char host[ENDPOINT_HOST_SIZE]; /* a name or an address, without brackets; empty: none given */
	uint16_t port;
};

/* false: the text is no endpoint, and *endpoint is left as it was. */
bool endpoint_parse(const char *text, struct endpoint *endpoint);
/* INDEX=HOST:PORT, into endpoints[INDEX]. false: the text is nothing of the kind, or the index is not below count, or
 * endpoints[INDEX] has been given before. */
bool endpoint_parse_indexed(const char *text, struct endpoint *endpoints, uint32_t count);
/* As endpoint_parse reads it. */
void endpoint_format(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE]);

#endif

/* HOST:PORT, as configuration and network files write it; [HOST]:PORT where the host is an IPv6 address. The form is
 * that of wallet.md, "Text of key = value". */
#ifndef ENDPOINT_H
#define ENDPOINT_H
#include <stdbool.h>
#include <stdint.h>
#include "ini_text.h"

#define ENDPOINT_TEXT_SIZE (HOST_SIZE_MAX + 8)

struct endpoint {
	char host[HOST_SIZE_MAX]; /* a name or an address, without brackets; empty: none given */
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

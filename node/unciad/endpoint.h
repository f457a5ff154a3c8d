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

/* false: the text is no endpoint, and *endpoint is left as it was. A host of digits and dots must be an IPv4 address,
 * and one in brackets an IPv6 address: neither can be a name. */
bool endpoint_parse(const char *text, struct endpoint *endpoint);
/* Why endpoint_parse has not taken the text: what follows "TEXT: ". */
const char *endpoint_refusal(const char *text);
/* HOST:PORT, the value of --option. Returns 0, or EXIT_USAGE, having said what is wrong. */
int endpoint_take(const char *option, const char *text, struct endpoint *endpoint);
/* INDEX=HOST:PORT, the value of --option, into endpoints[INDEX]; the index must be below count, and be given once.
 * Returns 0, or EXIT_USAGE, having said what is wrong. */
int endpoint_take_indexed(const char *option, const char *text, struct endpoint *endpoints, uint32_t count);
/* Whether both are the same host, by its text, and the same port. */
bool endpoint_equal(const struct endpoint *one, const struct endpoint *other);
/* As endpoint_parse reads it. */
void endpoint_format(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE]);

#endif

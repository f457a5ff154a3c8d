/* HOST:PORT to and from text; names are not looked up here. */
#include "endpoint.h"
#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "command.h"

/* What is written like an address must be one: a resolver would only find that out when the node starts. */
static bool host_can_be(const char *host)
{
	char plain[HOST_SIZE_MAX];
	struct in_addr four;
	struct in6_addr six;
	if (!host[strspn(host, "0123456789.")])
		return inet_aton(host, &four) != 0;
	if (!strchr(host, ':'))
		return true;
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(host, "%"), host); /* behind % stands an interface */
	return inet_pton(AF_INET6, plain, &six) == 1;
}

bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
	struct endpoint parsed;
	if (!host_port_parse(text, parsed.host, &parsed.port) || !host_can_be(parsed.host))
		return false;
	*endpoint = parsed;
	return true;
}

const char *endpoint_refusal(const char *text)
{
	struct endpoint parsed;
	return host_port_parse(text, parsed.host, &parsed.port) ? "its host is neither an IP address nor a name"
	                                                        : "not HOST:PORT";
}

int endpoint_take(const char *option, const char *text, struct endpoint *endpoint)
{
	return endpoint_parse(text, endpoint)
	           ? 0
	           : command_error(EXIT_USAGE, "--%s %s: %s", option, text, endpoint_refusal(text));
}

int endpoint_take_indexed(const char *option, const char *text, struct endpoint *endpoints, uint32_t count)
{
	char digits[12];
	uint64_t index;
	struct endpoint parsed;
	size_t size = strcspn(text, "=");
	assert(count > 0);
	snprintf(digits, sizeof(digits), "%.*s", (int)(size < sizeof(digits) ? size : 0), text);
	if (text[size] != '=' || !number_parse(digits, 0, count - 1, &index) ||
	    !host_port_parse(text + size + 1, parsed.host, &parsed.port))
		return command_error(EXIT_USAGE, "--%s %s: not INDEX=HOST:PORT", option, text);
	if (endpoints[index].port)
		return command_error(EXIT_USAGE, "--%s %s: the address of validator %" PRIu64 " is given twice", option,
		                     text, index);
	return endpoint_take(option, text + size + 1, &endpoints[index]);
}

bool endpoint_equal(const struct endpoint *one, const struct endpoint *other)
{
	return one->port == other->port && !strcmp(one->host, other->host);
}

void endpoint_format(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE])
{
	assert(*endpoint->host && endpoint->port);
	bool brackets = !!strpbrk(endpoint->host, ":%");
	snprintf(text, ENDPOINT_TEXT_SIZE, brackets ? "[%s]:%u" : "%s:%u", endpoint->host, (unsigned)endpoint->port);
}

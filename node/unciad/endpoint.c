/* HOST:PORT to and from text; names are not looked up here. */
#include "endpoint.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "command.h"

bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
	return host_port_parse(text, endpoint->host, &endpoint->port);
}

bool endpoint_parse_indexed(const char *text, struct endpoint *endpoints, uint32_t count)
{
	char digits[12];
	uint64_t index;
	size_t size = strcspn(text, "=");
	assert(count > 0);
	if (text[size] != '=' || size >= sizeof(digits))
		return false;
	memcpy(digits, text, size);
	digits[size] = '\0';
	return number_parse(digits, 0, count - 1, &index) && !endpoints[index].port &&
	       endpoint_parse(text + size + 1, &endpoints[index]);
}

void endpoint_format(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE])
{
	assert(*endpoint->host && endpoint->port);
	bool brackets = !!strpbrk(endpoint->host, ":%");
	snprintf(text, ENDPOINT_TEXT_SIZE, brackets ? "[%s]:%u" : "%s:%u", endpoint->host, (unsigned)endpoint->port);
}

/* HOST:PORT to and from text; names are not looked up here. */
#include "endpoint.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "command.h"

bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
	const char *host = text, *colon = strrchr(text, ':');
	uint64_t port;
	if (!colon || !number_parse(colon + 1, 1, UINT16_MAX, &port))
		return false;
	size_t size = (size_t)(colon - host);
	bool bracketed = size > 2 && host[0] == '[' && host[size - 1] == ']';
	if (bracketed) {
		host++;
		size -= 2;
	}
	if (!size || size >= ENDPOINT_HOST_SIZE)
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = host[i];
		if (!isalnum((unsigned char)c) && c != '-' && c != '.' && c != '_' &&
		    !(bracketed && (c == ':' || c == '%')))
			return false;
	}
	memcpy(endpoint->host, host, size);
	endpoint->host[size] = '\0';
	endpoint->port = (uint16_t)port;
	return true;
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

/* The network file that a wallet reads. */
#include "fuzz.h"
#include "host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), why[UNCIA_WHY_SIZE] = "";
	struct uncia_network *network;
	const char *host;
	uint16_t port;

	if (uncia_network_parse(text, &network, why) == 0) {
		assert(*uncia_network_name(network) && *uncia_network_currency(network));
		for (uint32_t i = 0; i < uncia_network_validators(network); i++) {
			const char *url = uncia_network_websocket(network, i);
			assert(uncia_network_validator(network, i, &host, &port) == 0 && *host && port);
			/* A URL that goes into a page's policy and a browser's socket: nothing that could be more than
			 * one. */
			assert(!url || ((!strncmp(url, "ws://", 5) || !strncmp(url, "wss://", 6)) &&
			                !strpbrk(url, " \t\r\n\"\\<>^`{|}") && strlen(url) < 180));
		}
		uncia_network_free(network);
	} else {
		assert(memchr(why, '\0', sizeof(why)));
	}
	free(text);
	return 0;
}

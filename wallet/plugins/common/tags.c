/* Which conversation a payment, or a check, belongs to. */
#include "tags.h"
#include <string.h>

_Static_assert(1 + PLUGIN_WINDOW_SIZE + 2 * PLUGIN_HANDLE_SIZE + PLUGIN_NAME_SIZE + PLUGIN_LOGIN_SIZE <= UNCIA_TAG_SIZE,
               "a tag holds all of it");

#define BEFORE_LOGINS 4 /* texts that a payment's tag has which was ordered by an older version */

/* Flags, then five texts, each with its NUL. */
uint32_t tag_write(const struct conversation *peer, uint8_t tag[UNCIA_TAG_SIZE])
{
	const char *texts[] = {peer->window, peer->own, peer->peer, peer->name, peer->login};
	uint32_t used = 0;
	tag[used++] = (uint8_t)(1 | peer->group << 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		memcpy(tag + used, texts[i], strlen(texts[i]) + 1);
		used += (uint32_t)strlen(texts[i]) + 1;
	}
	return used;
}

bool tag_read(const uint8_t *tag, uint32_t size, struct conversation *peer)
{
	*peer = (struct conversation){.window = ""};
	struct {
		char *text;
		size_t capacity;
	} texts[] = {{peer->window, sizeof(peer->window)},
	             {peer->own, sizeof(peer->own)},
	             {peer->peer, sizeof(peer->peer)},
	             {peer->name, sizeof(peer->name)},
	             {peer->login, sizeof(peer->login)}};
	uint32_t at = 1;
	if (!size || !(tag[0] & 1))
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (i == BEFORE_LOGINS && at == size)
			break;
		const uint8_t *end = memchr(tag + at, '\0', size - at);
		if (!end || (size_t)(end - (tag + at)) >= texts[i].capacity)
			return false;
		memcpy(texts[i].text, tag + at, (size_t)(end - (tag + at)) + 1);
		at = (uint32_t)(end - tag) + 1;
	}
	peer->group = tag[0] >> 1 & 1;
	return at == size;
}

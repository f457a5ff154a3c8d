/* Which conversation a payment, or a check, belongs to: in the bytes that libuncia keeps for its host. */
#ifndef UNCIA_PLUGIN_TAGS_H
#define UNCIA_PLUGIN_TAGS_H

#include "plugin_state.h"

/* Writes a conversation. Returns the size in bytes. */
uint32_t tag_write(const struct conversation *peer, uint8_t tag[UNCIA_TAG_SIZE]);
/* Reads one. Returns whether it is a tag of ours. */
bool tag_read(const uint8_t *tag, uint32_t size, struct conversation *peer);

#endif

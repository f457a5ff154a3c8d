/* Canonical protobuf: what re-encodes to the same bytes and has no unknown field at any depth
 * (docs/spec/encoding.md, "Canonical bytes"). Threads: any; an arena is one thread's at a time. */
#ifndef CANONICAL_H
#define CANONICAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"

/* Bytes of somebody else's memory. */
struct bytes {
	const uint8_t *data;
	size_t size;
};

/* The arena limit for an input of that size: 4 KiB + 16 times it. */
size_t canonical_arena_limit(size_t size);
/* Whether the message in these bytes has at most so many fields, each element of a repeated one counted; those inside
 * of its own messages are not. What a decoder takes for a field is many times the two bytes that one may have, so who
 * expects few looks first. Nothing else is checked: bytes that are no message may pass. */
bool canonical_fields_within(const void *data, size_t size, size_t most);
/* Decodes into the arena, which the caller has initialised with a bound; checks for unknown fields at every depth and
 * that re-encoding gives the same bytes. The message and its byte fields live as long as the arena.
 * Returns 0; UNCIA_E_ENCODING; UNCIA_E_LIMIT (arena bound); UNCIA_E_MEMORY. */
int canonical_decode(const ProtobufCMessageDescriptor *type, const void *data, size_t size, struct arena *arena,
                     ProtobufCMessage **message);
/* Packs into fresh memory of the caller's (free()). Returns 0 or UNCIA_E_MEMORY. */
int canonical_encode(const ProtobufCMessage *message, uint8_t **data, size_t *size);

#endif

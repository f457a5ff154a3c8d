/* Canonical decoding: one encoding per meaning. Callers check the sizes and values of fields. */
#include "canonical.h"
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

size_t canonical_arena_limit(size_t size)
{
	/* encoding, "Canonical bytes": 4 KiB + 16 times the input. */
	return size > (SIZE_MAX - 4096) / 16 ? SIZE_MAX : 4096 + 16 * size;
}

/* A base-128 integer of at most ten bytes at *at, which is moved behind it. False: there is none. */
static bool field_integer(const uint8_t *data, size_t size, size_t *at, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 70 && *at < size; shift += 7) {
		uint8_t byte = data[(*at)++];
		*value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

bool canonical_fields_within(const void *data, size_t size, size_t most)
{
	enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };
	size_t at = 0, count = 0;
	uint64_t tag, value;

	while (at < size && count++ < most) {
		if (!field_integer(data, size, &at, &tag))
			return true;
		unsigned type = tag & 7;
		value = type == FIXED64 ? 8 : 4;
		if (type != FIXED64 && type != FIXED32 && !field_integer(data, size, &at, &value))
			return true;
		if (type == VARINT)
			value = 0;
		else if (type != FIXED64 && type != FIXED32 && type != LENGTH)
			return true;
		if (value > size - at)
			return true;
		at += (size_t)value;
	}
	return at >= size;
}

/* encoding, "Canonical bytes": unknown fields are refused at every depth before re-encoding, which they survive.
 * No message type is recursive, so the depth is the schema's. */
static bool has_unknown_fields(const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;

	if (message->n_unknown_fields != 0)
		return true;
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		const uint8_t *member = (const uint8_t *)message + field->offset;
		const void *quantifier = (const uint8_t *)message + field->quantifier_offset;
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			ProtobufCMessage *const *items = *(ProtobufCMessage *const *const *)member;
			for (size_t n = *(const size_t *)quantifier, k = 0; k < n; k++)
				if (has_unknown_fields(items[k]))
					return true;
			continue;
		}
		/* The members of a oneof share their memory: only the one that is set holds a pointer. */
		if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && *(const uint32_t *)quantifier != field->id)
			continue;
		const ProtobufCMessage *child = *(ProtobufCMessage *const *)member;
		if (child && has_unknown_fields(child))
			return true;
	}
	return false;
}

int canonical_decode(const ProtobufCMessageDescriptor *type, const void *data, size_t size, struct arena *arena,
                     ProtobufCMessage **message)
{
	arena->error = 0;
	ProtobufCMessage *decoded = protobuf_c_message_unpack(type, &arena->protobuf, size, data);

	if (!decoded)
		return arena->error ? arena->error : UNCIA_E_ENCODING;
	if (has_unknown_fields(decoded) || protobuf_c_message_get_packed_size(decoded) != size)
		return UNCIA_E_ENCODING;
	/* Packed into the arena: a scratch of the input's own size, within the bound like the rest. */
	uint8_t *packed = arena_alloc(arena, size);
	if (!packed)
		return arena->error;
	size_t written = protobuf_c_message_pack(decoded, packed);
	assert(written == size);
	(void)written;
	if (size > 0 && memcmp(packed, data, size) != 0)
		return UNCIA_E_ENCODING;
	*message = decoded;
	return 0;
}

int canonical_encode(const ProtobufCMessage *message, uint8_t **data, size_t *size)
{
	size_t packed_size = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = malloc(packed_size ? packed_size : 1);

	if (!packed)
		return UNCIA_E_MEMORY;
	size_t written = protobuf_c_message_pack(message, packed);
	assert(written == packed_size);
	(void)written;
	*data = packed;
	*size = packed_size;
	return 0;
}

/* Byte fields of decoded and to-be-encoded protobuf messages: their fixed lengths are checked by hand. Threads: any. */
#ifndef FIELDS_H
#define FIELDS_H
#include <stdbool.h>
#include <string.h>
#include <protobuf-c/protobuf-c.h>

/* Copies a field of exactly that length. Returns false, leaving `to` alone, where its length is another. */
static inline bool field_copy(const ProtobufCBinaryData *field, void *to, size_t size)
{
	if (field->len != size)
		return false;
	if (size) /* an empty field has no data at all */
		memcpy(to, field->data, size);
	return true;
}

/* A field that refers to the caller's bytes, for encoding. They must live until then. */
static inline ProtobufCBinaryData field_of(const void *data, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

#endif

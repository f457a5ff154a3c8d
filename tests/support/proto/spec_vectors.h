/* The vectors of the specification (docs/spec/vectors/README.md), as the tests of the product read them. */
#ifndef SPEC_VECTORS_H
#define SPEC_VECTORS_H
#include <jansson.h>
#include "canonical.h"
#include "unit.h"

/* ---- one file at a time: vectors_open, vectors_close ---- */

#define VECTOR_BYTES_MAX 4096

static json_t *vectors_file;
static uint8_t *vectors_memory[VECTOR_BYTES_MAX];
static size_t vectors_memory_count;

static inline void vectors_open(const char *name)
{
	char path[512];
	json_error_t error;
	ck_assert_int_ge(sodium_init(), 0);
	snprintf(path, sizeof(path), "%s/%s.json", SPEC_VECTORS, name);
	vectors_file = json_load_file(path, 0, &error);
	ck_assert_msg(!!vectors_file, "%s: %s", path, error.text);
}

static inline void vectors_close(void)
{
	json_decref(vectors_file);
	while (vectors_memory_count)
		free(vectors_memory[--vectors_memory_count]);
}

/* The member of that name, which is there. NULL for `of` is the file. */
static inline json_t *vector_at(const json_t *of, const char *name)
{
	json_t *value = json_object_get(of ? of : vectors_file, name);
	ck_assert_msg(!!value, "no %s", name);
	return value;
}

static inline const char *vector_text(const json_t *of, const char *name)
{
	const char *text = json_string_value(vector_at(of, name));
	ck_assert_msg(!!text, "%s is no text", name);
	return text;
}

/* A number, or the text of one that is too large for other readers of JSON. */
static inline uint64_t vector_number(const json_t *of, const char *name)
{
	const json_t *value = vector_at(of, name);
	return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10)
	                             : (uint64_t)json_integer_value(value);
}

static inline bool vector_is(const json_t *of, const char *name)
{
	return json_is_true(vector_at(of, name));
}

/* The bytes of a hexadecimal text, until vectors_close. */
static inline struct bytes vector_hex(const json_t *value)
{
	const char *text = json_string_value(value);
	ck_assert(text && vectors_memory_count < VECTOR_BYTES_MAX);
	size_t room = strlen(text) / 2 + 1;
	uint8_t *bytes = malloc(room);
	ck_assert_ptr_nonnull(bytes);
	vectors_memory[vectors_memory_count++] = bytes;
	return (struct bytes){bytes, unit_hex(text, bytes, room)};
}

static inline struct bytes vector_bytes(const json_t *of, const char *name)
{
	return vector_hex(vector_at(of, name));
}

/* Bytes of that size, copied. */
static inline void vector_copy(const json_t *of, const char *name, void *to, size_t size)
{
	struct bytes bytes = vector_bytes(of, name);
	ck_assert_uint_eq(bytes.size, size);
	memcpy(to, bytes.data, size);
}

/* What the product has made is what the vector says. */
static inline void vector_expect(const json_t *of, const char *name, const void *made, size_t size)
{
	struct bytes bytes = vector_bytes(of, name);
	ck_assert_msg(bytes.size == size, "%s: %zu bytes, not %zu", name, size, bytes.size);
	ck_assert_msg(!size || memcmp(bytes.data, made, size) == 0, "%s: other bytes", name);
}

#endif

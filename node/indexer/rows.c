/* PostgreSQL's binary forms: big-endian numbers, each field behind its size, numeric as digits of base 10,000. */
#include "rows.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"

#define BYTEA_OID      17u
#define NUMERIC_BASE   10000u
#define NUMERIC_DIGITS 5 /* of a u64 */
#define NUMERIC_HEAD   8
#define FIELD_NULL     UINT32_MAX

static uint8_t *rows_room(struct rows *rows, size_t size)
{
	if (rows->failed)
		return NULL;
	if (rows->capacity - rows->size < size) {
		size_t capacity = rows->capacity ? rows->capacity : 4096;
		while (capacity - rows->size < size)
			capacity *= 2;
		uint8_t *data = realloc(rows->data, capacity);
		if (!data) {
			rows->failed = true;
			return NULL;
		}
		rows->data = data;
		rows->capacity = capacity;
	}
	uint8_t *room = rows->data + rows->size;
	rows->size += size;
	return room;
}

static void rows_put(struct rows *rows, const void *data, size_t size)
{
	uint8_t *room = rows_room(rows, size);

	if (room && size)
		memcpy(room, data, size);
}

static void rows_put16(struct rows *rows, uint16_t value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	rows_put(rows, bytes, sizeof(bytes));
}

static void rows_put32(struct rows *rows, uint32_t value)
{
	uint8_t bytes[4];

	be32_put(bytes, value);
	rows_put(rows, bytes, sizeof(bytes));
}

void rows_begin(struct rows *rows)
{
	static const uint8_t head[19] = "PGCOPY\n\377\r\n";

	rows_put(rows, head, sizeof(head));
}

void rows_row(struct rows *rows, uint16_t fields)
{
	rows->count++;
	rows_put16(rows, fields);
}

void rows_smallint(struct rows *rows, uint16_t value)
{
	rows_put32(rows, 2);
	rows_put16(rows, value);
}

void rows_integer(struct rows *rows, uint32_t value)
{
	if (value > INT32_MAX)
		rows->failed = true;
	rows_put32(rows, 4);
	rows_put32(rows, value);
}

void rows_bigint(struct rows *rows, uint64_t value)
{
	uint8_t bytes[8];

	if (value > INT64_MAX)
		rows->failed = true;
	be64_put(bytes, value);
	rows_bytes(rows, bytes, sizeof(bytes));
}

void rows_boolean(struct rows *rows, bool value)
{
	const uint8_t byte = value;

	rows_bytes(rows, &byte, 1);
}

void rows_bytes(struct rows *rows, const void *data, size_t size)
{
	assert(size < FIELD_NULL);
	rows_put32(rows, (uint32_t)size);
	rows_put(rows, data, size);
}

void rows_text(struct rows *rows, const char *text)
{
	rows_bytes(rows, text, strlen(text));
}

void rows_amount(struct rows *rows, uint64_t value)
{
	uint16_t digits[NUMERIC_DIGITS];
	int count = 0, first = NUMERIC_DIGITS;

	while (value) {
		digits[--first] = (uint16_t)(value % NUMERIC_BASE);
		value /= NUMERIC_BASE;
	}
	count = NUMERIC_DIGITS - first;
	int weight = count ? count - 1 : 0;
	while (count && !digits[first + count - 1])
		count--; /* zeros behind the last digit are not written */
	rows_put32(rows, NUMERIC_HEAD + 2 * (uint32_t)count);
	rows_put16(rows, (uint16_t)count);
	rows_put16(rows, (uint16_t)weight);
	rows_put16(rows, 0); /* sign */
	rows_put16(rows, 0); /* decimals shown */
	for (int i = 0; i < count; i++)
		rows_put16(rows, digits[first + i]);
}

void rows_null(struct rows *rows)
{
	rows_put32(rows, FIELD_NULL);
}

void rows_end(struct rows *rows)
{
	rows_put16(rows, UINT16_MAX);
}

void rows_array_begin(struct rows *rows)
{
	rows_put32(rows, 1); /* dimensions */
	rows_put32(rows, 0); /* no nulls */
	rows_put32(rows, BYTEA_OID);
	rows_put32(rows, 0); /* elements: known at the end */
	rows_put32(rows, 1); /* the number of the first */
}

void rows_array_end(struct rows *rows, uint32_t elements)
{
	if (!rows->failed)
		be32_put(rows->data + 12, elements);
}

void rows_free(struct rows *rows)
{
	free(rows->data);
	*rows = (struct rows){0};
}

static uint16_t read16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

bool numeric_read(const void *field, size_t size, uint64_t *value)
{
	const uint8_t *bytes = field;

	if (size < NUMERIC_HEAD)
		return false;
	uint16_t count = read16(bytes), weight = read16(bytes + 2), sign = read16(bytes + 4);
	unsigned __int128 sum = 0;
	if (count == 0) {
		*value = 0;
		return size == NUMERIC_HEAD && !sign;
	}
	if (sign || size != NUMERIC_HEAD + 2 * (size_t)count || weight >= NUMERIC_DIGITS || count > weight + 1)
		return false;
	for (uint16_t i = 0; i <= weight; i++)
		sum = sum * NUMERIC_BASE + (i < count ? read16(bytes + NUMERIC_HEAD + 2 * i) : 0);
	*value = (uint64_t)sum;
	return sum <= UINT64_MAX;
}

/* Values as PostgreSQL takes and gives them in binary: rows of COPY, arrays, and fields of results. Threads: one at a
 * time for each buffer. */
#ifndef ROWS_H
#define ROWS_H
#include "canonical.h"

/* A growing buffer. Once memory has ended it takes nothing more, and `failed` says so at the end. */
struct rows {
	uint8_t *data;
	size_t size, capacity;
	bool failed;
	uint32_t count; /* rows begun, or elements of an array */
};

/* Begins the data of a COPY … WITH (FORMAT binary). The rows are all zero before. */
void rows_begin(struct rows *rows);
/* A row of so many fields, which follow one after the other. */
void rows_row(struct rows *rows, uint16_t fields);
/* The fields, of the types smallint, integer, bigint, boolean, bytea and numeric. A u64 as bigint must be below 2^63,
 * which `failed` says otherwise. */
void rows_smallint(struct rows *rows, uint16_t value);
void rows_integer(struct rows *rows, uint32_t value);
void rows_bigint(struct rows *rows, uint64_t value);
void rows_boolean(struct rows *rows, bool value);
void rows_bytes(struct rows *rows, const void *data, size_t size);
void rows_amount(struct rows *rows, uint64_t value);
void rows_text(struct rows *rows, const char *text);
/* A field that is null. */
void rows_null(struct rows *rows);
/* Ends the data. */
void rows_end(struct rows *rows);
/* Begins an array of bytea, as a parameter in binary; its elements follow, by rows_bytes; and ends it. */
void rows_array_begin(struct rows *rows);
void rows_array_end(struct rows *rows, uint32_t elements);
/* Frees it; it is all zero then. */
void rows_free(struct rows *rows);

/* A non-negative integer that PostgreSQL gives as numeric in binary. False: it is none, or does not fit. */
bool numeric_read(const void *field, size_t size, uint64_t *value);

#endif

/* Ids, addresses, amounts and places as the API writes and reads them. Threads: any. */
#ifndef FORMS_H
#define FORMS_H
#include "api.h"
#include "payment.h"
#include "storage_view.h"

#define HOLD_TEXT_PREFIX "hold:"

/* An answer that says what went wrong: {"v":1,"error":…,"code":…}. Returns `status`. */
int api_error(json_t **body, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The answer to a failure of database_query. */
int api_database_error(json_t **body, const struct database *database, int error);

/* JSON of an amount, "0.500000"; of bytes, in hexadecimal; of an account's address, or a hold's id. NULL: no memory. */
json_t *form_amount(amount_t amount);
json_t *form_hex(const void *bytes, size_t size);
json_t *form_entry(const struct entry_id *id);
/* "HEIGHT.INDEX": where a list goes on. */
json_t *form_place(const struct position *at);

/* 64 hexadecimal digits. */
bool form_read_id(const char *text, uint8_t id[HASH_SIZE]);
/* An address, with or without a reference and "uncia:", or a hold's id. */
bool form_read_entry(const char *text, struct entry_id *id);
/* A number of digits alone, up to `max`. */
bool form_read_number(const char *text, uint64_t max, uint64_t *number);
/* "HEIGHT.INDEX". */
bool form_read_place(const char *text, struct position *at);
/* How many a page is to have: `limit`, from 1 to API_PAGE_MAX, or API_PAGE_DEFAULT where it is NULL. */
bool form_read_limit(const char *limit, uint64_t *number);

/* A bigint and an integer as parameters of a query, big-endian in memory of the caller's. */
struct parameter parameter_bigint(uint8_t bytes[8], uint64_t value);
struct parameter parameter_integer(uint8_t bytes[4], uint32_t value);
struct parameter parameter_smallint(uint8_t bytes[2], uint16_t value);

#endif

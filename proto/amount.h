/* Money as checked unsigned 64-bit micro-units, and its text form (docs/spec/encoding.md §1). Threads: any. */
#ifndef AMOUNT_H
#define AMOUNT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t amount_t; /* micro-units: 10^-6 of a unit */
#define AMOUNT_MICROS    1000000u
#define AMOUNT_TEXT_SIZE 32 /* "18446744073709.551615" and its NUL fit */

/* *sum = a + b. Returns false, leaving *sum alone, on overflow. */
bool amount_add(amount_t a, amount_t b, amount_t *sum);
/* *difference = a - b. Returns false, leaving *difference alone, where b > a. */
bool amount_subtract(amount_t a, amount_t b, amount_t *difference);
/* Text such as "12", "0.5", "12.500000": digits, at most one point with 1 to 6 digits behind it, no sign,
 * space or exponent; a leading digit is required. Zero parses (callers that pay refuse it).
 * Returns 0; UNCIA_E_AMOUNT (anything else, too large included), which leaves *amount alone. */
int amount_parse(const char *text, amount_t *amount);
/* Always six decimals: "0.500000". NUL-terminated; cannot fail. */
void amount_format(amount_t amount, char text[AMOUNT_TEXT_SIZE]);

#endif

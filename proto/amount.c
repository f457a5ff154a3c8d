/* Amounts: checked arithmetic and the text form. No floating point, no locale. */
#include "amount.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include "uncia/error.h"

bool amount_add(amount_t a, amount_t b, amount_t *sum)
{
	if (a > UINT64_MAX - b)
		return false;
	*sum = a + b;
	return true;
}

bool amount_subtract(amount_t a, amount_t b, amount_t *difference)
{
	if (b > a)
		return false;
	*difference = a - b;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* *value = *value * 10 + digit, or false on overflow. */
static bool append_digit(uint64_t *value, unsigned digit)
{
	if (*value > (UINT64_MAX - digit) / 10)
		return false;
	*value = *value * 10 + digit;
	return true;
}

int amount_parse(const char *text, amount_t *amount)
{
	uint64_t micros = 0;
	unsigned decimals = 0;

	if (!text || !is_digit(*text))
		return UNCIA_E_AMOUNT;
	for (; is_digit(*text); text++)
		if (!append_digit(&micros, (unsigned)(*text - '0')))
			return UNCIA_E_AMOUNT;
	if (*text == '.') {
		text++;
		if (!is_digit(*text))
			return UNCIA_E_AMOUNT;
		for (; is_digit(*text); text++, decimals++)
			if (decimals == 6 || !append_digit(&micros, (unsigned)(*text - '0')))
				return UNCIA_E_AMOUNT;
	}
	if (*text != '\0')
		return UNCIA_E_AMOUNT;
	for (; decimals < 6; decimals++)
		if (!append_digit(&micros, 0))
			return UNCIA_E_AMOUNT;
	*amount = micros;
	return 0;
}

void amount_format(amount_t amount, char text[AMOUNT_TEXT_SIZE])
{
	int length =
	    snprintf(text, AMOUNT_TEXT_SIZE, "%" PRIu64 ".%06" PRIu64, amount / AMOUNT_MICROS, amount % AMOUNT_MICROS);
	assert(length > 0 && length < AMOUNT_TEXT_SIZE);
	(void)length;
}

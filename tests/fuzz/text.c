/* What people type and paste: amounts, addresses, receipts as a line of text. Accepted means: written again, it is the
 * same text, or says the same. */
#include <ctype.h>
#include "fuzz.h"
#include "receipt.h"

static void amount(const char *text)
{
	amount_t value, again;
	char out[AMOUNT_TEXT_SIZE];

	if (amount_parse(text, &value))
		return;
	amount_format(value, out);
	assert(amount_parse(out, &again) == 0 && again == value);
}

static void destination(char *text)
{
	struct destination value;
	char out[ADDRESS_TEXT_SIZE];

	if (destination_parse(text, &value))
		return;
	destination_format(&value, out);
	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	assert(strcmp(text, out) == 0);
}

static void bech32m(char *text)
{
	uint8_t data[90];
	size_t size = sizeof(data);
	char hrp[90], out[91];

	if (bech32m_decode(text, hrp, sizeof(hrp), data, &size))
		return;
	assert(bech32m_encode(hrp, data, size, out, sizeof(out)) == 0);
	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	assert(strcmp(text, out) == 0);
}

/* "White space around it does not matter": behind it, that is. */
static void receipt(char *text)
{
	uint8_t *bytes;
	size_t size;
	char *out;

	if (receipt_parse(text, &bytes, &size))
		return;
	for (size_t length = strlen(text); length && strchr(" \t\r\n", text[length - 1]); length--)
		text[length - 1] = '\0';
	assert(receipt_format(bytes, size, &out) == 0 && strcmp(text, out) == 0);
	free(out);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	uint8_t kind = fuzz_byte(&input);
	char *text = fuzz_text(input.data, input.size);

	fuzz_network();
	switch (kind % 4) {
	case 0:
		amount(text);
		break;
	case 1:
		destination(text);
		break;
	case 2:
		bech32m(text);
		break;
	case 3:
		receipt(text);
		break;
	}
	free(text);
	return 0;
}

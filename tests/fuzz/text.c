/* What people type and paste: amounts, addresses, receipts as a line of text, and the cleaning of such
 * texts. Accepted means: written again, it is the
 * same text, or says the same. */
#include <ctype.h>
#include "bech32m.h"
#include "clean.h"
#include "frame.h"
#include "fuzz.h"
#include "old_texts.h"
#include "receipt.h"
#include "uncia/error.h"

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

/* Cleaned and written again, it is the same. */
static void receipt(const char *text)
{
	const struct hash *network_id = &fuzz_network()->genesis.network_id;
	char *clean = malloc(strlen(text) + 2), *out;
	uint8_t *bytes;
	size_t size;

	assert(clean);
	if (!receipt_parse(network_id, text, &bytes, &size)) {
		assert(text_clean(text, &clean_receipt, clean, strlen(text) + 2) == 0);
		if (strncmp(clean, RECEIPT_OLD_PREFIX, strlen(RECEIPT_OLD_PREFIX)) == 0) {
			out = old_receipt_text(bytes, size);
			assert(strcmp(clean, out) == 0);
		} else {
			assert(text_clean(text, &clean_plain, clean, strlen(text) + 2) == 0);
			assert(receipt_format(network_id, bytes, size, &out) == 0);
			bool has_scheme = strncasecmp(clean, FRAME_SCHEME, strlen(FRAME_SCHEME)) == 0;
			assert(strcasecmp(clean, out + (has_scheme ? 0 : strlen(FRAME_SCHEME))) == 0);
		}
		free(out);
		free(bytes);
	}
	free(clean);
}

/* What is clean is printable ASCII between characters that are no marks or the form's own, and cleaning it once more
 * changes nothing. An address says what its clean form says. */
static void cleaning(const char *text, const struct clean_form *form)
{
	size_t size = strlen(text) + 2;
	char *clean = malloc(size), *again = malloc(size);
	struct destination one, two;

	assert(clean && again);
	int rc = text_clean(text, form, clean, size);
	assert(rc == 0 || rc == UNCIA_E_CHANGED || (rc == UNCIA_E_LIMIT && size > CLEAN_TEXT_MAX));
	if (!rc) {
		size_t length = strlen(clean);
		for (size_t i = 0; i < length; i++)
			assert((clean[i] > ' ' && clean[i] < 0x7f) ||
			       ((clean[i] == ' ' || clean[i] == '\n') && form->keeps_blanks));
		assert(length == 0 || !clean_is_mark((uint8_t)clean[0]));
		assert(length == 0 || !clean_is_mark((uint8_t)clean[length - 1]) ||
		       strchr(form->own_marks, clean[length - 1]));
		assert(text_clean(clean, form, again, size) == 0 && strcmp(clean, again) == 0);
		if (!form->keeps_blanks && destination_read(text, &one) == 0)
			assert(destination_read(clean, &two) == 0 && memcmp(&one, &two, sizeof(one)) == 0);
	}
	free(clean);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	uint8_t kind = fuzz_byte(&input);
	char *text = fuzz_text(input.data, input.size);

	fuzz_network();
	switch (kind % 7) {
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
	case 4:
		cleaning(text, &clean_plain);
		break;
	case 5:
		cleaning(text, &clean_request);
		break;
	case 6:
		cleaning(text, &clean_receipt);
		break;
	}
	free(text);
	return 0;
}

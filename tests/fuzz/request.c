/* Requests to be paid, out of a chat or a QR code, and recovery words as somebody types them. An accepted request is
 * written as one that says the same. */
#include "fuzz.h"
#include "host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), out[UNCIA_REQUEST_TEXT_SIZE];
	struct uncia_request request = {.size = sizeof(request)}, again = {.size = sizeof(again)};
	struct uncia_payment_id id;
	struct uncia_address address;
	char hex[UNCIA_ID_TEXT_SIZE];

	if (uncia_request_parse(text, &request) == 0) {
		assert(uncia_address_parse(request.address, &address) == 0);
		for (const char *c = request.memo; *c; c++)
			assert((unsigned char)*c >= ' ' && *c != 0x7f);
		assert(uncia_request_format(&request, out) == 0 && uncia_request_parse(out, &again) == 0);
		assert(strcmp(request.address, again.address) == 0 && strcmp(request.memo, again.memo) == 0);
		assert(request.has_amount == again.has_amount && request.amount == again.amount);
	}
	if (uncia_payment_id_parse(text, &id) == 0) {
		uncia_payment_id_format(&id, hex);
		assert(strcasecmp(hex, text) == 0);
	}
	int rc = uncia_words_check(text);
	assert(rc == 0 || rc == UNCIA_E_WORDS);
	free(text);
	return 0;
}

/* Requests to be paid, out of a chat or a QR code, recovery words, passphrases and names as somebody types them. An
 * accepted request is written as one that says the same; what was prepared once is prepared. */
#include "fuzz.h"
#include "host.h"
#include "names.h"
#include "passphrase.h"
#include "utf8.h"
#include "words.h"

static void check_words(const char *text)
{
	unsigned count, unknown;
	uint8_t entropy[WORDS_ENTROPY_MAX], again[WORDS_ENTROPY_MAX];
	char words[UNCIA_WORDS_TEXT_SIZE];
	size_t size;
	int rc = uncia_words_examine(text, &count, &unknown);

	assert((rc == 0 || rc == UNCIA_E_WORDS) && rc == uncia_words_check(text) && unknown <= count);
	assert(rc != 0 || (unknown == 0 && (count == 12 || count == 24)));
	if (rc == 0) {
		assert(words_to_entropy(text, entropy, &size) == 0);
		words_from_entropy(entropy, size, words);
		assert(words_to_entropy(words, again, &size) == 0 && memcmp(entropy, again, size) == 0);
	}
}

static void check_passphrase(const char *text)
{
	char *prepared, *again;

	assert(passphrase_prepare(text, &prepared) == 0);
	/* One byte order mark is taken off, so that a second would be. */
	if (strncmp(prepared, "\xef\xbb\xbf", 3) != 0) {
		assert(passphrase_prepare(prepared, &again) == 0 && strcmp(prepared, again) == 0);
		passphrase_free(again);
	}
	passphrase_free(prepared);
}

static void check_name(const char *text)
{
	char name[UNCIA_CONTACT_NAME_SIZE], again[UNCIA_CONTACT_NAME_SIZE], why[UNCIA_WHY_SIZE] = "";
	static struct name_keys keys, same;
	struct uncia_address address;
	int rc = uncia_contact_name(text, name, why);

	name_keys_make(text, &keys);
	assert(rc == 0 || (rc == UNCIA_E_ARGUMENT && why[0] != '\0'));
	if (rc != 0)
		return;
	assert(name[0] != '\0' && utf8_is_plain(name) && uncia_address_parse(name, &address) != 0);
	assert(uncia_contact_name(name, again, why) == 0 && strcmp(name, again) == 0);
	name_keys_make(name, &same);
	assert(name_keys_alike(&keys, &same));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), out[UNCIA_CHAT_TEXT_SIZE];
	const uint8_t *network_id = fuzz_network()->genesis.network_id.b;
	struct uncia_request request = {.size = sizeof(request)}, again = {.size = sizeof(again)};
	struct uncia_payment_id id;
	struct uncia_address address;
	char hex[UNCIA_ID_TEXT_SIZE];

	if (uncia_request_parse(NULL, text, &request) == 0) {
		assert(uncia_address_parse(request.address, &address) == 0);
		for (const char *c = request.memo; *c; c++)
			assert((unsigned char)*c >= ' ' && *c != 0x7f);
		int rc = uncia_request_format(network_id, &request, out);
		assert(rc == 0 || (rc == UNCIA_E_LIMIT && !request.checked && strlen(request.memo) > 96));
		assert(rc != 0 || uncia_request_parse(network_id, out, &again) == 0);
		if (rc == 0) {
			assert(strcmp(request.address, again.address) == 0 && strcmp(request.memo, again.memo) == 0);
			assert(request.has_amount == again.has_amount && request.amount == again.amount);
			assert(request.currency == again.currency && request.ends_at == again.ends_at && again.checked);
		}
	}
	if (uncia_payment_id_parse(text, &id) == 0) {
		uncia_payment_id_format(&id, hex);
		assert(strcasecmp(hex, text) == 0);
	}
	check_words(text);
	check_passphrase(text);
	check_name(text);
	free(text);
	return 0;
}

/* Texts for chats: any message through the scanner, and any payload under a checksum that holds through its reader.
 * What is whole is written again as it was; what the scanner takes for whole its reader takes, but for signatures. */
#include "frame.h"
#include "fuzz.h"
#include "uncia/uncia.h"

static const struct uncia_network *chat_network(void)
{
	static struct uncia_network *network;
	if (!network) {
		char *text = fixture_network_file(fuzz_network(), NULL);
		assert(uncia_network_parse(text, &network, NULL) == 0);
		free(text);
	}
	return network;
}

static int read_any(enum uncia_text_kind kind, const char *text)
{
	const uint8_t *id = fuzz_network()->genesis.network_id.b;
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_notice notice = {.size = sizeof(notice)};
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct uncia_receipt *receipt = NULL;
	struct uncia_expiry *expiry = NULL;
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_address address;
	char again[UNCIA_CHAT_TEXT_SIZE];
	int rc = UNCIA_E_NEWER;

	switch (kind) {
	case UNCIA_TEXT_ADDRESS:
		return uncia_address_parse(text, &address);
	case UNCIA_TEXT_REQUEST:
		rc = uncia_request_parse(id, text, &request);
		assert(rc || !request.checked == (request.key[0] == '\0'));
		/* Options of newer programs are not written again. */
		if (!rc && request.checked && !request.has_lock)
			assert(uncia_request_format(id, &request, again) == 0 && strlen(again) <= strlen(text) + 6);
		return rc;
	case UNCIA_TEXT_CONTACT:
		return uncia_contact_parse(id, text, &contact);
	case UNCIA_TEXT_NOTICE:
		rc = uncia_notice_parse(id, text, &notice);
		assert(rc || uncia_notice_format(id, &notice, again) == 0);
		return rc;
	case UNCIA_TEXT_CLAIM:
		rc = uncia_claim_parse(id, text, &claim);
		assert(rc || (uncia_claim_format(id, &claim, again) == 0 && strstr(again, "uncgift1p")));
		return rc;
	case UNCIA_TEXT_RECEIPT:
		rc = uncia_receipt_verify(chat_network(), text, &receipt);
		uncia_receipt_free(receipt);
		return rc;
	case UNCIA_TEXT_EXPIRY:
		rc = uncia_expiry_verify(chat_network(), text, &expiry);
		assert(rc || (uncia_expiry_payment(expiry, &payment) == 0 && payment.state == UNCIA_PAYMENT_EXPIRED &&
		              payment.output_count != 0));
		uncia_expiry_free(expiry);
		return rc;
	default:
		return rc;
	}
}

/* What a whole text may be refused with by its reader: what the scanner does not look at. */
static bool is_about_proof(int rc)
{
	return rc == UNCIA_E_SIGNATURE || rc == UNCIA_E_PROOF;
}

static void message(const char *text)
{
	struct uncia_scan scan = {.size = sizeof(scan)}, once = {.size = sizeof(once)};
	int rc = uncia_text_scan(text, fuzz_network()->genesis.network_id.b, &scan);

	assert(rc == 0 || (rc == UNCIA_E_LIMIT && strlen(text) > UNCIA_SCAN_SIZE_MAX));
	for (uint32_t i = 0; !rc && i < scan.count; i++) {
		const struct uncia_scanned *found = &scan.texts[i];
		assert(found->begin < found->end && found->end <= strlen(text));
		assert(i == 0 || found->begin >= scan.texts[i - 1].end);
		assert(!found->text == (found->error != 0));
		if (found->error)
			continue;
		/* By itself it is found again, the same. */
		assert(uncia_text_scan(found->text, NULL, &once) == 0 && once.count == 1 && once.texts[0].error == 0);
		assert(once.texts[0].kind == found->kind && strcmp(once.texts[0].text, found->text) == 0);
		uncia_scan_free(&once);
		int read = read_any(found->kind, found->text);
		bool is_long = found->kind == UNCIA_TEXT_RECEIPT || found->kind == UNCIA_TEXT_EXPIRY;
		assert(read == 0 || is_about_proof(read) || is_long);
	}
	uncia_scan_free(&scan);
}

/* A payload under a checksum that holds; N4 is put in front. */
static void payload(enum uncia_text_kind kind, const uint8_t *data, size_t size)
{
	uint8_t *whole = malloc(FRAME_NETWORK + size + 1), *back = malloc(FRAME_NETWORK + size + 1);
	char *text = malloc(frame_text_size(kind, FRAME_NETWORK + size));
	size_t back_size;

	assert(whole && back && text);
	memcpy(whole, fuzz_network()->genesis.network_id.b, FRAME_NETWORK);
	if (size)
		memcpy(whole + FRAME_NETWORK, data, size);
	frame_write(kind, whole, FRAME_NETWORK + size, text);
	assert(frame_text_kind(text) == kind && frame_kind(text + 6, strlen(text) - 6) == kind);
	assert(frame_check(kind, text + 6, strlen(text) - 6, &back_size) == 0 && back_size == FRAME_NETWORK + size);
	frame_payload(kind, text + 6, back, back_size);
	assert(memcmp(whole, back, back_size) == 0);
	int rc = read_any(kind, text);
	assert(rc != UNCIA_E_CHANGED || kind == UNCIA_TEXT_RECEIPT);
	assert(rc != UNCIA_E_NETWORK || kind == UNCIA_TEXT_RECEIPT);
	message(text);
	/* One character of it is another one. */
	size_t at = 6 + size * 7 % (strlen(text) - 6);
	text[at] = text[at] == 'q' ? 'p' : 'q';
	assert(read_any(kind, text) != 0);
	message(text);
	free(text);
	free(back);
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum uncia_text_kind kinds[] = {UNCIA_TEXT_REQUEST, UNCIA_TEXT_CONTACT, UNCIA_TEXT_NOTICE,
	                                             UNCIA_TEXT_CLAIM,   UNCIA_TEXT_RECEIPT, UNCIA_TEXT_EXPIRY,
	                                             UNCIA_TEXT_QUOTE};
	struct bytes input = {data, size};
	uint8_t kind = fuzz_byte(&input);

	if (kind % 8 < 7) {
		payload(kinds[kind % 8], input.data, input.size);
		return 0;
	}
	char *text = fuzz_text(input.data, input.size);
	message(text);
	read_any(uncia_text_kind(text), text);
	free(text);
	return 0;
}

/* Reads amounts, addresses, contacts, requests and memos from the command line. */
#include "payee.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

int amount_read(const struct call *call, const char *text, uint64_t *micro)
{
	uint64_t parsed;
	if (uncia_amount_parse(text, &parsed))
		return cli_complain_usage(call,
		                          "\"%s\" is not an amount, such as 12 or 0.50: digits, at most six of them "
		                          "behind the point, and not too many",
		                          text);
	if (!parsed)
		return cli_complain_usage(call, "\"%s\": the amount is zero", text);
	*micro = parsed;
	return 0;
}

int reference_read(const struct call *call, const char *text, uint8_t reference[8])
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	if (strlen(text) != 16 || text[strspn(text, digits)])
		return cli_complain_usage(call, "--reference %s: not 16 hexadecimal digits", text);
	for (size_t i = 0; i < 16; i++) {
		uint8_t value = (uint8_t)((strchr(digits, text[i]) - digits) % 16);
		reference[i / 2] = (uint8_t)(i % 2 ? reference[i / 2] | value : value << 4);
	}
	return 0;
}

int memo_check(const struct call *call, const char *memo)
{
	if (strlen(memo) >= UNCIA_MEMO_SIZE)
		return cli_complain_usage(call, "--memo: longer than %d bytes", UNCIA_MEMO_SIZE - 1);
	if (!text_is_plain(memo))
		return cli_complain_usage(call, "--memo: not UTF-8 text without control characters");
	return 0;
}

int address_read(const struct call *call, const char *text, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct uncia_address parsed;
	if (uncia_address_parse(text, &parsed))
		return cli_complain_usage(call, "\"%s\" is not a valid address: %s", text,
		                          uncia_text_kind(text) == UNCIA_TEXT_NONE
		                              ? "it does not begin with unc1"
		                              : "it was mistyped, or changed on the way");
	uncia_address_format(&parsed, address);
	return 0;
}

int contact_read(const struct session *session, const char *text, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	assert(*text == '@');
	int error = uncia_contact_find(session->wallet, text + 1, address);
	if (error == UNCIA_E_NOT_FOUND)
		return cli_complain(EXIT_USAGE, "%s: no such contact (see uncia contact list)", text);
	return error ? cli_complain_error(error, text) : 0;
}

/* A pin, and a payment made before, are about the account; a reference makes no difference. */
static bool same_account(const char *a, const char *b)
{
	struct uncia_address left, right;
	return !uncia_address_parse(a, &left) && !uncia_address_parse(b, &right) &&
	       !memcmp(left.account, right.account, sizeof(left.account));
}

static const char *paid_before(const struct session *session, const char *address)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_payment_id id;
	struct uncia_address to;
	int error = uncia_address_parse(address, &to);
	if (!error)
		error = uncia_wallet_paid(session->wallet, &to, &id);
	if (error == UNCIA_E_NOT_FOUND)
		return "first payment to this address";
	if (!error)
		error = uncia_wallet_payment(session->wallet, &id, &payment);
	if (error)
		return "whether it was paid before cannot be read";
	return payment.state == UNCIA_PAYMENT_FINAL ? "paid before" : "a payment to this address is not final yet";
}

void payee_known(const struct session *session, const char *address, char known[PAYEE_KNOWN_SIZE])
{
	char name[UNCIA_CONTACT_NAME_SIZE], pinned[UNCIA_ADDRESS_TEXT_SIZE];
	size_t count = 0;
	int error = uncia_contact_count(session->wallet, &count);
	for (size_t i = 0; !error && i < count && !uncia_contact_at(session->wallet, i, name, pinned); i++) {
		if (same_account(pinned, address)) {
			snprintf(known, PAYEE_KNOWN_SIZE, "your contact %s", name);
			return;
		}
	}
	snprintf(known, PAYEE_KNOWN_SIZE, "%s; %s", error ? "your contacts cannot be read" : "none of your contacts",
	         paid_before(session, address));
}

int request_read(const struct call *call, const char *text, struct uncia_request *request)
{
	*request = (struct uncia_request){.size = sizeof(*request)};
	int error = uncia_request_parse(text, request);
	return error ? cli_complain_usage(call, "\"%s\" is not a request: %s", text,
	                                  error == UNCIA_E_ENCODING ? "it does not begin with uncia:"
	                                                            : error_words(error))
	             : 0;
}

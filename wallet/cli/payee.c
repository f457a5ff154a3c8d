/* Reads amounts, addresses, contacts, requests and memos from the command line. */
#include "payee.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "own.h"

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

int smallest_check(const struct call *call, const struct uncia_network *network, uint64_t amount)
{
	char smallest[UNCIA_AMOUNT_TEXT_SIZE];
	if (amount >= uncia_network_smallest_amount(network))
		return 0;
	uncia_amount_format(uncia_network_smallest_amount(network), smallest);
	return cli_complain_usage(call, "the smallest amount of this network is %s", smallest);
}

const char *currency_code(const struct uncia_network *network, int number)
{
	return network && number == 1 ? uncia_network_currency(network) : NULL;
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

int address_with_reference(const struct call *call, char text[UNCIA_ADDRESS_TEXT_SIZE], struct uncia_address *address)
{
	int code = reference_read(call, call->value[OPTION_REFERENCE], address->reference);
	if (code)
		return code;
	uint8_t reference[sizeof(address->reference)];
	memcpy(reference, address->reference, sizeof(reference));
	int error = uncia_address_parse(text, address);
	if (error)
		return cli_complain_error(error, text);
	address->has_reference = true;
	memcpy(address->reference, reference, sizeof(reference));
	uncia_address_format(address, text);
	return 0;
}

int chat_memo_check(const struct call *call, const char *memo)
{
	if (strlen(memo) >= UNCIA_CHAT_MEMO_SIZE)
		return cli_complain_usage(call, "--memo: longer than %d bytes", UNCIA_CHAT_MEMO_SIZE - 1);
	return memo_check(call, memo);
}

int memo_check(const struct call *call, const char *memo)
{
	if (strlen(memo) >= UNCIA_MEMO_SIZE)
		return cli_complain_usage(call, "--memo: longer than %d bytes", UNCIA_MEMO_SIZE - 1);
	if (!text_is_plain(memo))
		return cli_complain_usage(call, "--memo: not UTF-8 text without control characters");
	return 0;
}

/* The text as messages may quote it: whoever reads a claim has its money. */
static const char *quotable(const char *text)
{
	return uncia_text_kind(text) == UNCIA_TEXT_CLAIM ? "uncia:uncgift1…" : text;
}

/* Why a text that is no address could be mistaken for one: a phrase. */
static const char *no_address_words(const char *text)
{
	switch (uncia_text_kind(text)) {
	case UNCIA_TEXT_NONE:
		return "it does not begin with unc1";
	case UNCIA_TEXT_CONTACT:
		return "it is the text of a contact (see uncia contact add)";
	case UNCIA_TEXT_NOTICE:
		return "it tells of a payment that was made";
	case UNCIA_TEXT_RECEIPT:
	case UNCIA_TEXT_EXPIRY:
		return "it is the proof of a payment's end (see uncia receipt verify)";
	case UNCIA_TEXT_CLAIM:
	case UNCIA_TEXT_QUOTE:
		return "it is a text of another kind";
	default:
		return "it was mistyped, or changed on the way";
	}
}

int address_read(const struct call *call, const char *text, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct uncia_address parsed;
	if (uncia_address_parse(text, &parsed))
		return cli_complain_usage(call, "\"%s\" is not a valid address: %s", quotable(text),
		                          no_address_words(text));
	uncia_address_format(&parsed, address);
	return 0;
}

/* A pin, and a payment made before, are about the account; a reference makes no difference. */
static bool same_account(const char *a, const char *b)
{
	struct uncia_address left, right;
	return !uncia_address_parse(a, &left) && !uncia_address_parse(b, &right) &&
	       !memcmp(left.account, right.account, sizeof(left.account));
}

/* Whether a handle is this one, or ends in this name: irc:libera/bob in bob, xmpp:bob@example.org in bob@example.org.
 */
static bool is_called(const char *handle, const char *name)
{
	size_t whole = strlen(handle), size = strlen(name);
	return size && size <= whole && !strcmp(handle + whole - size, name) &&
	       (size == whole || handle[whole - size - 1] == ':' || handle[whole - size - 1] == '/');
}

/* The first person of a chat who is pinned and called so (or NULL), and whose account this is (or NULL). */
static bool pin_of_payee(const struct session *session, const char *name, const char *address, struct uncia_pin *pin)
{
	size_t count = 0;
	int error = uncia_pin_count(session->wallet, &count);
	for (size_t i = 0; !error && i < count && !uncia_pin_at(session->wallet, i, pin); i++)
		if ((!name || is_called(pin->handle, name)) && (!address || same_account(pin->address, address)))
			return true;
	return false;
}

int contact_read(const struct session *session, const char *text, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	struct uncia_pin pin = {.size = sizeof(pin)};
	assert(*text == '@');
	int error = uncia_contact_find(session->wallet, text + 1, address);
	if (error == UNCIA_E_NOT_FOUND && pin_of_payee(session, text + 1, NULL, &pin))
		return cli_complain(EXIT_USAGE,
		                    "%s: no such contact. In a chat %s is pinned, to %s: give that address, or first "
		                    "uncia contact add %s %s",
		                    text, pin.handle, pin.address, text + 1, pin.address);
	if (error == UNCIA_E_NOT_FOUND)
		return cli_complain(EXIT_USAGE, "%s: no such contact (see uncia contact list)", text);
	return error ? cli_complain_error(error, text) : 0;
}

static bool same_destination(const char *a, const char *b)
{
	struct uncia_address left, right;
	return !uncia_address_parse(a, &left) && !uncia_address_parse(b, &right) && same_account(a, b) &&
	       left.has_reference == right.has_reference &&
	       (!left.has_reference || !memcmp(left.reference, right.reference, sizeof(left.reference)));
}

static bool same_memo(const char *memo, const struct uncia_payment *payment)
{
	uint8_t hash[32];
	if (!*memo || !payment->has_memo_hash)
		return !*memo && !payment->has_memo_hash;
	return !uncia_memo_hash(memo, hash) && !memcmp(hash, payment->memo_hash, sizeof(hash));
}

#define REPEAT_S     86400u
#define REPEAT_LOOKS 32u /* records that are read for a payment like this one */

/* What a payment gives to this destination, by all of its outputs together. */
static uint64_t amount_to(const struct session *session, const struct uncia_payment *p, const char *address)
{
	char to[UNCIA_ADDRESS_TEXT_SIZE];
	uint64_t amount, sum = 0;
	for (uint32_t i = 0; i < p->output_count; i++)
		if (!uncia_wallet_output(session->wallet, &p->id, i, to, &amount) && same_destination(to, address))
			sum += amount; /* at most p->amount */
	return sum;
}

static bool repeats_it(const struct session *session, const struct payee *payee, const struct uncia_payment *p,
                       uint64_t now_s)
{
	return p->amount >= payee->amount && amount_to(session, p, payee->address) == payee->amount &&
	       same_memo(payee->memo, p) &&
	       (p->state == UNCIA_PAYMENT_PENDING ||
	        (p->state == UNCIA_PAYMENT_FINAL && p->timestamp_ms / 1000 + REPEAT_S > now_s));
}

/* Goes back through the home's payments, the latest expiry first, for one like this. */
static void look_back(const struct session *session, const struct payee *payee, struct payee_known *known)
{
	struct uncia_payment_id *ids;
	size_t count;
	uint64_t now_s = (uint64_t)time(NULL);
	if (own_ids(session, &ids, &count))
		return;
	/* A payment has its block before its expiry. */
	for (size_t i = 0; i < count && i < REPEAT_LOOKS && own_expires_at(&ids[i]) + REPEAT_S > now_s; i++) {
		struct uncia_payment payment = {.size = sizeof(payment)};
		if (uncia_wallet_payment(session->wallet, &ids[i], &payment) ||
		    !repeats_it(session, payee, &payment, now_s))
			continue;
		known->repeats = true;
		known->repeated = payment;
		break;
	}
	free(ids);
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
		return "first payment to this address from this home";
	if (!error)
		error = uncia_wallet_payment(session->wallet, &id, &payment);
	if (error)
		return "whether it was paid before cannot be read";
	return payment.state == UNCIA_PAYMENT_FINAL ? "paid before" : "a payment to this address is not final yet";
}

/* The name that the account is pinned to. Returns UNCIA_E_NOT_FOUND where there is none. */
static int find_contact(const struct session *session, const char *address, char name[UNCIA_CONTACT_NAME_SIZE])
{
	char pinned[UNCIA_ADDRESS_TEXT_SIZE];
	size_t count = 0;
	int error = uncia_contact_count(session->wallet, &count);
	for (size_t i = 0; !error && i < count && !uncia_contact_at(session->wallet, i, name, pinned); i++)
		if (same_account(pinned, address))
			return 0;
	return error ? error : UNCIA_E_NOT_FOUND;
}

void payee_known(const struct session *session, const struct payee *payee, struct payee_known *known)
{
	char name[UNCIA_CONTACT_NAME_SIZE], own[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_pin pin = {.size = sizeof(pin)};
	int error = find_contact(session, payee->address, name);
	*known = (struct payee_known){.repeats = false};
	look_back(session, payee, known);
	/* A locked wallet does not say which address is its own: the key file could name another's. */
	if (!uncia_wallet_address(session->wallet, own) && same_account(own, payee->address))
		snprintf(known->text, sizeof(known->text), "this wallet's own address");
	else if (!error)
		snprintf(known->text, sizeof(known->text), "your contact %s", name);
	else if (error == UNCIA_E_NOT_FOUND && pin_of_payee(session, NULL, payee->address, &pin))
		snprintf(known->text, sizeof(known->text), "pinned in a chat as %s; %s", pin.handle,
		         paid_before(session, payee->address));
	else
		snprintf(known->text, sizeof(known->text), "%s; %s",
		         error == UNCIA_E_NOT_FOUND ? "none of your contacts" : "your contacts cannot be read",
		         paid_before(session, payee->address));
}

const char *text_error_words(enum uncia_text_kind kind, const char *text, int error)
{
	static const char *const prefixes[] = {[UNCIA_TEXT_REQUEST] = "it does not begin with uncia:uncask1",
	                                       [UNCIA_TEXT_CONTACT] = "it does not begin with uncia:uncwho1",
	                                       [UNCIA_TEXT_NOTICE] = "it does not begin with uncia:uncpaid1"};
	assert(kind == UNCIA_TEXT_REQUEST || kind == UNCIA_TEXT_CONTACT || kind == UNCIA_TEXT_NOTICE);
	if (error != UNCIA_E_ENCODING)
		return error_words(error);
	return uncia_text_kind(text) == kind ? "whoever made it made it wrong" : prefixes[kind];
}

int request_read(const struct call *call, const uint8_t *network_id, const char *text, struct uncia_request *request)
{
	*request = (struct uncia_request){.size = sizeof(*request)};
	int error = uncia_request_parse(network_id, text, request);
	if (error == UNCIA_E_NETWORK && !network_id)
		return cli_complain_usage(
		    call,
		    "\"%.80s\" asks for a hold under a lock: uncia makes none, and shows such a request with "
		    "a network file only",
		    text);
	return error ? cli_complain_usage(call, "\"%s\" is not a request: %s", quotable(text),
	                                  text_error_words(UNCIA_TEXT_REQUEST, text, error))
	             : 0;
}

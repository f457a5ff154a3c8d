/* See found.h. */
#include "found.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "outcome.h"
#include "payee.h"

#define LOOK_AGAIN_US UINT64_C(1500000) /* whether somebody else was faster */

const struct number_option found_timeout = {OPTION_TIMEOUT, "--timeout", 0, FOUND_TIMEOUT_MAX, FOUND_TIMEOUT_S};

void found_init(struct found *found)
{
	*found = (struct found){.key = {.size = sizeof(found->key)},
	                        .hold = {.size = sizeof(found->hold)},
	                        .state = {.size = sizeof(found->state)}};
}

void found_free(struct found *found)
{
	uncia_receipt_free(found->receipt);
	explicit_bzero(found, sizeof(*found));
}

/* ---- the opening ------------------------------------------------------------------------------ */

int found_opened(struct found *found)
{
	found->hold = (struct uncia_hold){.size = sizeof(found->hold)};
	return uncia_receipt_hold(found->receipt, found->number, &found->hold);
}

int found_opening(struct session *session, struct found *found, const struct uncia_payment_id *id, const char *what,
                  uint64_t deadline_us)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	char *text;
	int code = payment_find(session, id, deadline_us, &payment);
	if (code)
		return code;
	if (payment.state == UNCIA_PAYMENT_EXPIRED)
		return cli_complain(EXIT_EXPIRED,
		                    "the payment that was to put money under this %s expired: it never happened and "
		                    "never will",
		                    what);
	if (payment.state == UNCIA_PAYMENT_PENDING)
		return cli_complain(EXIT_PENDING, "the payment that puts money under this %s is not final yet", what);
	if (payment.state != UNCIA_PAYMENT_FINAL)
		return cli_complain(
		    EXIT_NOT_FOUND, "no money was ever put under this %s, as far as the validators know%s", what,
		    strcmp(what, "hold") ? ""
		                         : ": whoever has opened one sees the id that is meant by uncia hold "
		                           "list");
	int error = uncia_wallet_receipt(session->wallet, id, &text);
	if (!error) {
		error = uncia_receipt_verify(session->network, text, &found->receipt);
		uncia_text_free(text);
	}
	return error ? cli_complain_error(error, "the proof of the payment that opened it") : 0;
}

/* ---- what it has ------------------------------------------------------------------------------ */

/* Whether its end has passed, by the ledger's time: this machine's clock may be wrong. */
static bool found_has_ended(const struct found *found)
{
	return found->state.time_ms / 1000 >= found->hold.end;
}

/* Whether all of a payment goes to this address. */
static bool pays_only(const struct uncia_receipt *receipt, const struct uncia_payment *payment, const char *address)
{
	char to[UNCIA_ADDRESS_TEXT_SIZE];
	uint64_t amount;
	bool only = payment->output_count != 0;
	for (uint32_t i = 0; only && i < payment->output_count; i++)
		only = !uncia_receipt_output(receipt, i, to, &amount) && !strcmp(to, address);
	return only;
}

static enum fate fate_of(const struct session *session, struct found *found)
{
	if (found->state.exists)
		return found_has_ended(found) ? FATE_ENDED : FATE_OPEN;
	const struct uncia_receipt *last = uncia_wallet_hold_receipt(session->wallet, 0);
	found->last = (struct uncia_payment){.size = sizeof(found->last)};
	if (!last || !found->state.complete || uncia_receipt_payment(last, &found->last))
		return FATE_UNKNOWN;
	if (found->last.timestamp_ms / 1000 >= found->hold.end)
		return FATE_RETURNED;
	return pays_only(last, &found->last, found->hold.home) ? FATE_CANCELLED : FATE_TAKEN;
}

int found_look(struct session *session, struct found *found, uint64_t deadline_us)
{
	int error = uncia_wallet_hold(session->wallet, found->receipt, found->number);
	if (!error)
		error = session_await(session, UNCIA_EVENT_HOLD, NULL, deadline_us);
	found->state = (struct uncia_hold_state){.size = sizeof(found->state)};
	if (!error)
		error = uncia_wallet_hold_state(session->wallet, &found->state);
	found->fate = error ? FATE_UNKNOWN : fate_of(session, found);
	return error;
}

static const char *fate_word(enum fate fate)
{
	static const char *const words[] = {"unknown", "open", "ended", "taken", "cancelled", "returned"};
	return words[fate];
}

json_t *found_json(const struct session *session, const struct found *found)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], opened[UNCIA_AMOUNT_TEXT_SIZE], id[UNCIA_ID_TEXT_SIZE];
	struct uncia_payment opening = {.size = sizeof(opening)};
	bool known = found->fate != FATE_UNKNOWN || found->state.height != 0;
	if (uncia_receipt_payment(found->receipt, &opening))
		return NULL;
	uncia_payment_id_format(&opening.id, id);
	uncia_amount_format(found->state.exists ? found->state.balance : 0, amount);
	uncia_amount_format(found->hold.amount, opened);
	return json_pack("{s:s,s:s,s:i,s:s?,s:s,s:s,s:s,s:o,s:s,s:s?,s:o}", "hold", found->hold.id, "opening", id,
	                 "number", (int)found->number, "amount", known ? amount : NULL, "opened", opened, "currency",
	                 uncia_network_currency(session->network), "home", found->hold.home, "end",
	                 json_whole(found->hold.end), "state", fate_word(found->fate), "to",
	                 found->fate > FATE_ENDED ? found->last.to : NULL, "height",
	                 known ? json_whole(found->state.height) : json_null());
}

void found_print(const struct session *session, const struct found *found, const char *what, FILE *to)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], opened[UNCIA_AMOUNT_TEXT_SIZE], end[TIME_TEXT_SIZE], when[TIME_TEXT_SIZE];
	const char *currency = uncia_network_currency(session->network);
	uncia_amount_format(found->state.exists ? found->state.balance : 0, amount);
	uncia_amount_format(found->hold.amount, opened);
	time_format(found->hold.end * 1000, end);
	time_format(found->last.timestamp_ms, when);
	switch (found->fate) {
	case FATE_OPEN:
		fprintf(to, "%s %s wait under this %s until %s", amount, currency, what, end);
		if (found->state.balance < found->hold.amount)
			fprintf(to, "; %s were put there, and the rest was taken", opened);
		break;
	case FATE_ENDED:
		fprintf(to, "%s %s were not taken by the end of this %s, %s, and go home to %s", amount, currency, what,
		        end, found->hold.home);
		break;
	case FATE_TAKEN:
		fprintf(to, "nothing is left under this %s: of %s %s the last was taken by %s at %s", what, opened,
		        currency, found->last.to, when);
		break;
	case FATE_CANCELLED:
		fprintf(to, "nothing is left under this %s: of %s %s the last was taken back home to %s at %s", what,
		        opened, currency, found->hold.home, when);
		break;
	case FATE_RETURNED:
		uncia_amount_format(found->last.amount, amount);
		fprintf(
		    to,
		    "nothing is left under this %s: %s of %s %s were not taken by its end, %s, and went home to %s at "
		    "%s",
		    what, amount, opened, currency, end, found->hold.home, when);
		break;
	default:
		fprintf(to, "%s %s were put under this %s until %s; %s", opened, currency, what, end,
		        found->state.height ? "nothing is left there now" : "what is left of it is not known");
	}
}

/* ---- taking ----------------------------------------------------------------------------------- */

int taking_address(const struct call *call, struct session *session, char address[UNCIA_ADDRESS_TEXT_SIZE])
{
	if (call->value[OPTION_TO])
		return address_read(call, call->value[OPTION_TO], address);
	int code = session_unlock(session);
	int error = code ? 0 : uncia_wallet_address(session->wallet, address);
	return error ? cli_complain_error(error, "the address") : code;
}

/* Says in one sentence why nothing could be taken. Returns an exit code. */
static int complain_gone(const struct session *session, const struct found *found, const char *what, const char *how)
{
	char *sentence = NULL;
	size_t size;
	FILE *to = open_memstream(&sentence, &size);
	if (to) {
		found_print(session, found, what, to);
		fclose(to);
	}
	int code = cli_complain(EXIT_REFUSED, "refused, %s: %s", how, sentence ? sentence : "nothing is left there");
	free(sentence);
	return code;
}

static int complain_take(const struct session *session, const struct found *found, const char *what, int error)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], end[TIME_TEXT_SIZE];
	uncia_amount_format(found->state.exists ? found->state.balance : 0, amount);
	time_format(found->hold.end * 1000, end);
	switch (error) {
	case UNCIA_E_END:
		return cli_complain(EXIT_REFUSED,
		                    "refused, nothing was sent: the end of this %s, %s, is reached or too near", what,
		                    end);
	case UNCIA_E_FUNDS:
	case UNCIA_E_DUST:
		return cli_complain(EXIT_REFUSED, "refused, nothing was sent: %s %s are left under this %s%s", amount,
		                    uncia_network_currency(session->network), what,
		                    error == UNCIA_E_DUST ? ", and less than the smallest amount would stay" : "");
	case UNCIA_E_SIGNATURE:
		return cli_complain(EXIT_REFUSED,
		                    "refused, nothing was sent: this %s is not under the key of this wallet", what);
	case UNCIA_E_UNREACHABLE:
		return cli_complain(EXIT_UNREACHABLE, "no validator could be reached, or too few; nothing was sent");
	default:
		return cli_complain(exit_code_of(error), "nothing was sent: %s", error_words(error));
	}
}

/* Whether the hold can still pay so much: what it has only falls. False is certain only where all that left it is
 * known, and this payment is none of it. */
static bool is_lost(const struct session *session, const struct found *found, const struct uncia_payment_id *id,
                    uint64_t amount)
{
	const struct uncia_receipt *left;
	if (!found->state.complete || (found->state.exists && found->state.balance >= amount))
		return false;
	for (uint32_t i = 0; (left = uncia_wallet_hold_receipt(session->wallet, i)); i++) {
		struct uncia_payment payment = {.size = sizeof(payment)};
		if (uncia_receipt_payment(left, &payment) || !memcmp(payment.id.b, id->b, sizeof(id->b)))
			return false;
	}
	return true;
}

/* Says how a take ended, and where what it took is. Returns an exit code. */
static int take_report(const struct call *call, const struct session *session, const struct uncia_payment *payment,
                       double elapsed_ms)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE];
	uncia_amount_format(payment->amount, amount);
	int code = payment_report(call, session, payment, elapsed_ms,
	                          json_pack("{s:s,s:s}", "amount", amount, "to", payment->to));
	if (call->json || payment->state != UNCIA_PAYMENT_FINAL)
		return code;
	printf("%s %s were taken, to %s\n", amount, uncia_network_currency(session->network), payment->to);
	cli_output_flush();
	return code;
}

/* What has left the hold for this very address: an earlier run has taken it, or another process of this home. */
static bool taken_before(const struct session *session, const char *address, struct uncia_payment *payment)
{
	const struct uncia_receipt *left;
	for (uint32_t i = 0; (left = uncia_wallet_hold_receipt(session->wallet, i)); i++) {
		*payment = (struct uncia_payment){.size = sizeof(*payment)};
		if (!uncia_receipt_payment(left, payment) && pays_only(left, payment, address))
			return true;
	}
	return false;
}

/* Nothing is left, and it was taken for this address. Returns whether that is so; *code: what is to be reported. */
static bool is_taken_already(const struct call *call, struct session *session, const struct found *found,
                             const char *address, uint64_t deadline_us, int *code)
{
	struct uncia_payment payment;
	bool gone = found->fate == FATE_TAKEN || (found->fate == FATE_CANCELLED && !strcmp(address, found->hold.home));
	if (!gone || !taken_before(session, address, &payment))
		return false;
	cli_complain(0, "it was taken for this address before");
	struct uncia_payment_id id = payment.id;
	*code = payment_find(session, &id, deadline_us, &payment);
	if (!*code)
		*code = take_report(call, session, &payment, 0);
	return true;
}

/* Waits for the end of a take, and says how it ended. */
static int await_take(const struct call *call, struct session *session, struct found *found,
                      const struct taking *taking, const struct uncia_payment_id *id, uint64_t deadline_us)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	uint64_t started_us = now_us();
	char text[UNCIA_ID_TEXT_SIZE];
	uncia_payment_id_format(id, text);
	fprintf(call->json ? stderr : stdout, "id %s\n", text);
	fflush(stdout);
	for (;;) {
		uint64_t until_us = now_us() + LOOK_AGAIN_US;
		int error = session_await_payment(session, id, false, until_us < deadline_us ? until_us : deadline_us,
		                                  &payment);
		if (error)
			return cli_complain(EXIT_PENDING, "%s; it may have been sent: uncia wait %s",
			                    error_words(error), text);
		if (payment.state != UNCIA_PAYMENT_PENDING || now_us() >= deadline_us)
			return take_report(call, session, &payment, (double)(now_us() - started_us) / 1000);
		if (found_look(session, found, deadline_us) || !is_lost(session, found, id, payment.amount))
			continue;
		int code;
		if (!taking->key && is_taken_already(call, session, found, taking->address, deadline_us, &code))
			return code;
		return complain_gone(session, found, taking->what, "and nothing came to you by this take");
	}
}

/* An own take of this hold that is under way: of an earlier run, which may have been killed. */
static bool take_under_way(const struct session *session, const struct found *found, struct uncia_payment *payment)
{
	struct uncia_payment_id id;
	for (size_t i = 0; !uncia_wallet_pending(session->wallet, i, &id); i++) {
		*payment = (struct uncia_payment){.size = sizeof(*payment)};
		if (!uncia_wallet_payment(session->wallet, &id, payment) && !strcmp(payment->sender, found->hold.id))
			return true;
	}
	return false;
}

/* Goes on with what an earlier run has begun. Returns whether there is such a take; *code: how it ended. */
static bool found_resume(const struct call *call, struct session *session, struct found *found,
                         const struct taking *taking, uint64_t deadline_us, int *code)
{
	struct uncia_payment payment;
	char text[UNCIA_ID_TEXT_SIZE];
	if (take_under_way(session, found, &payment)) {
		uncia_payment_id_format(&payment.id, text);
		*code = strcmp(payment.to, taking->address)
		            ? cli_complain(EXIT_PENDING, "a take to %s is under way already: uncia wait %s", payment.to,
		                           text)
		            : await_take(call, session, found, taking, &payment.id, deadline_us);
		return true;
	}
	return is_taken_already(call, session, found, taking->address, deadline_us, code);
}

int found_take(const struct call *call, struct session *session, struct found *found, const struct taking *taking,
               uint64_t deadline_us)
{
	const struct uncia_output output = {.address = taking->address, .amount = taking->amount};
	const struct uncia_take take = {.size = sizeof(take),
	                                .receipt = found->receipt,
	                                .number = found->number,
	                                .key = found->key,
	                                .outputs = &output,
	                                .output_count = 1,
	                                .agreed = taking->agreed,
	                                .payment_key = taking->key};
	struct uncia_payment_id id;
	int code, error;
	if (!taking->key && found_resume(call, session, found, taking, deadline_us, &code))
		return code;
	if (!taking->key && found->fate != FATE_OPEN)
		return complain_gone(session, found, taking->what, "nothing was sent");
	error = session_sync(session);
	while (!error && (error = uncia_wallet_take(session->wallet, &take, &id)) == UNCIA_E_BUSY &&
	       now_us() < deadline_us) {
		poll(NULL, 0, BUSY_PAUSE_MS); /* another process stores a payment */
		error = 0;
	}
	if (error)
		return complain_take(session, found, taking->what, error);
	return await_take(call, session, found, taking, &id, deadline_us);
}

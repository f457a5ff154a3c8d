/* uncia hold: an amount under somebody's key until an end: deposits, escrow, cash that is picked up. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "opening.h"
#include "outcome.h"
#include "payee.h"
#include "secret.h"
#include "verbs.h"

/* ---- key -------------------------------------------------------------------------------------- */

static int run_key(const struct call *call)
{
	char text[2 * 32 + 1];
	struct session session;
	uint8_t key[32];
	int code = session_open(call, false, 0, &session);
	if (!code)
		code = session_unlock(&session);
	int error = code ? 0 : uncia_wallet_key(session.wallet, key);
	if (error)
		code = cli_complain_error(error, "the key");
	session_close(&session);
	if (code)
		return code;
	hex_write(key, text);
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s}", "v", 1, "key", text));
	puts(text);
	return cli_output_flush();
}

/* ---- open ------------------------------------------------------------------------------------- */

/* Whose it is to be: 64 hexadecimal digits, or a contact's text. Returns an exit code. */
static int key_read(const struct call *call, const struct uncia_network *network, const char *text, uint8_t key[32])
{
	struct uncia_contact contact = {.size = sizeof(contact)};
	uint8_t id[32];
	if (hex_read(text, key))
		return 0;
	uncia_network_id(network, id);
	int error = uncia_contact_parse(id, text, &contact);
	if (error)
		return cli_complain_usage(call,
		                          "\"%.80s\" is neither a key of 64 hexadecimal digits (uncia hold key) nor a "
		                          "contact's text: %s",
		                          text, text_error_words(UNCIA_TEXT_CONTACT, text, error));
	memcpy(key, contact.key, sizeof(contact.key));
	return 0;
}

struct wish {
	struct uncia_hold_request hold;
	uint8_t key[32], secret_hash[32], lock[32];
	char home[UNCIA_ADDRESS_TEXT_SIZE];
};

/* All that needs no network. Returns an exit code. */
static int wish_read(const struct call *call, struct wish *wish)
{
	const char *secret = call->value[OPTION_SECRET], *home = call->value[OPTION_HOME];
	int code = end_read(call, &wish->hold.seconds);
	if (!code)
		code = amount_read(call, call->operands[1], &wish->hold.amount);
	if (!code && call->value[OPTION_MEMO])
		code = memo_check(call, call->value[OPTION_MEMO]);
	if (!code && secret && !hex_read(secret, wish->secret_hash))
		code = cli_complain_usage(call, "--secret is not a SHA-256 hash of 64 hexadecimal digits");
	if (!code && home)
		code = address_read(call, home, wish->home);
	wish->hold.home = home ? wish->home : NULL;
	return code;
}

/* The lock, or the key alone. Returns an exit code. */
static int wish_lock(const struct call *call, const struct uncia_network *network, struct wish *wish)
{
	bool secret = call->value[OPTION_SECRET];
	int code = key_read(call, network, call->operands[0], wish->key);
	int error = code ? 0 : uncia_hold_lock(wish->key, secret ? wish->secret_hash : NULL, wish->lock);
	if (error == UNCIA_E_SIGNATURE)
		return cli_complain_usage(call, "nobody can sign by this key: it was mistyped");
	if (error)
		return cli_complain_error(error, "the lock");
	wish->hold.lock = secret ? wish->lock : NULL;
	wish->hold.key = secret ? NULL : wish->key;
	return code;
}

static int print_open(const struct call *call, const struct session *session, const struct found *found,
                      double elapsed_ms)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	char id[UNCIA_ID_TEXT_SIZE], *receipt = NULL;
	int error = uncia_receipt_payment(found->receipt, &payment);
	if (!error)
		error = uncia_receipt_text(found->receipt, &receipt);
	if (error)
		return cli_complain_error(error, "what was opened");
	uncia_payment_id_format(&payment.id, id);
	int code;
	if (call->json) {
		char amount[UNCIA_AMOUNT_TEXT_SIZE];
		uncia_amount_format(found->hold.amount, amount);
		code = cli_json_print(json_pack("{s:i,s:s,s:s,s:s,s:i,s:s,s:s,s:o,s:f,s:s}", "v", 1, "id", id, "state",
		                                "final", "hold", found->hold.id, "number", (int)found->number, "amount",
		                                amount, "home", found->hold.home, "end", json_whole(found->hold.end),
		                                "elapsed_ms", elapsed_ms, "receipt", receipt));
	} else {
		printf("%s\n", found->hold.id);
		found_print(session, found, "hold", stdout);
		puts("");
		code = cli_output_flush();
	}
	uncia_text_free(receipt);
	return code;
}

static int run_open(const struct call *call)
{
	struct wish wish = {.hold = {.lock = NULL}};
	struct session session;
	struct found found;
	uint64_t timeout_s;
	double elapsed_ms;
	int code = option_number(call, &found_timeout, &timeout_s);
	if (!code)
		code = wish_read(call, &wish);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	found_init(&found);
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = smallest_check(call, session.network, wish.hold.amount);
	if (!code)
		code = wish_lock(call, session.network, &wish);
	if (!code)
		code = session_unlock(&session);
	if (!code)
		code = opening_pay(call, &session, &wish.hold, now_us() + timeout_s * 1000000, &found, &elapsed_ms);
	if (!code && found.receipt) {
		found.fate = FATE_OPEN;
		found.state.exists = true;
		found.state.balance = found.hold.amount;
		code = print_open(call, &session, &found, elapsed_ms);
	}
	found_free(&found);
	session_close(&session);
	return code;
}

/* ---- take ------------------------------------------------------------------------------------- */

struct take_wish {
	uint64_t amount, agreed; /* 0: not given */
	bool secret;
};

static int take_wish_read(const struct call *call, struct found *found, struct take_wish *wish)
{
	const char *amount = call->value[OPTION_AMOUNT], *agreed = call->value[OPTION_AGREED];
	const char *secret = call->value[OPTION_SECRET];
	int code = amount ? amount_read(call, amount, &wish->amount) : 0;
	if (!code && agreed)
		code = amount_read(call, agreed, &wish->agreed);
	if (!code && secret)
		code = secret_bytes_get(secret, "the secret", found->secret);
	wish->secret = secret;
	return code;
}

/* Which hold of the opening is under this wallet's key. Returns an exit code. */
static int own_match(struct session *session, struct found *found, bool secret)
{
	found->key.own = true;
	found->key.secret = secret ? found->secret : NULL;
	int error = uncia_wallet_key(session->wallet, found->key.account);
	if (!error)
		error = uncia_receipt_find_hold(session->network, found->receipt, &found->key, &found->number);
	if (error == UNCIA_E_NOT_FOUND)
		return cli_complain(EXIT_REFUSED,
		                    "refused, nothing was sent: this payment has opened no hold under the key of this "
		                    "wallet%s. Whoever has opened it sees the id that is meant by uncia hold list",
		                    secret ? " and this secret" : "; perhaps it asks for a secret, too");
	if (!error)
		error = found_opened(found);
	return error ? cli_complain_error(error, "the hold") : 0;
}

static int take_found(const struct call *call, struct session *session, struct found *found,
                      const struct take_wish *wish, const char *address, uint64_t deadline_us)
{
	int error = found_look(session, found, deadline_us);
	if (error)
		return cli_complain_error(error, "what is left of the hold");
	const struct taking taking = {.what = "hold",
	                              .address = address,
	                              .amount = wish->amount ? wish->amount : found->state.balance,
	                              .agreed = wish->agreed ? wish->agreed : found->hold.amount,
	                              .key = call->value[OPTION_KEY]};
	return found_take(call, session, found, &taking, deadline_us);
}

static int run_hold_take(const struct call *call)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	struct take_wish wish = {0};
	struct uncia_payment_id id;
	struct session session;
	struct found found;
	uint64_t timeout_s;
	found_init(&found);
	int code = option_number(call, &found_timeout, &timeout_s);
	if (!code)
		code = payment_id_read(call, call->operands[0], &id);
	if (!code)
		code = take_wish_read(call, &found, &wish);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	if (!code)
		code = session_unlock(&session);
	if (!code)
		code = taking_address(call, &session, address);
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	if (!code)
		code = found_opening(&session, &found, &id, "hold", deadline_us);
	if (!code)
		code = own_match(&session, &found, wish.secret);
	if (!code)
		code = take_found(call, &session, &found, &wish, address, deadline_us);
	found_free(&found);
	session_close(&session);
	return code;
}

/* ---- return ----------------------------------------------------------------------------------- */

static int return_found(const struct call *call, struct session *session, struct found *found, uint64_t deadline_us)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_payment_id id;
	char end[TIME_TEXT_SIZE];
	uint64_t started_us = now_us();
	int error = found_look(session, found, deadline_us);
	if (error)
		return cli_complain_error(error, "what is left of the hold");
	if (found->fate == FATE_RETURNED) {
		id = found->last.id;
		int code = payment_find(session, &id, deadline_us, &payment);
		return code ? code : payment_report(call, session, &payment, 0, NULL);
	}
	error = uncia_wallet_give_back(session->wallet, found->receipt, found->number, &id);
	time_format(found->hold.end * 1000, end);
	if (error == UNCIA_E_END)
		return cli_complain(EXIT_REFUSED, "refused, nothing was sent: the end of this hold, %s, is not reached",
		                    end);
	if (error == UNCIA_E_NOT_FOUND)
		return cli_complain(EXIT_REFUSED, "refused, nothing was sent: nothing is left under this hold");
	if (!error)
		error = session_await_payment(session, &id, false, deadline_us, &payment);
	if (error)
		return cli_complain_error(error, "the hold");
	return payment_report(call, session, &payment, (double)(now_us() - started_us) / 1000, NULL);
}

static int run_return(const struct call *call)
{
	static const struct number_option which = {OPTION_NUMBER, "--number", 0, 254, 0};
	struct uncia_payment_id id;
	struct session session;
	struct found found;
	uint64_t timeout_s, number;
	int code = option_number(call, &found_timeout, &timeout_s);
	if (!code)
		code = option_number(call, &which, &number);
	if (!code)
		code = payment_id_read(call, call->operands[0], &id);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	found_init(&found);
	code = session_open(call, true, question_timeout_ms(timeout_s), &session);
	uint64_t deadline_us = now_us() + timeout_s * 1000000;
	if (!code)
		code = found_opening(&session, &found, &id, "hold", deadline_us);
	found.number = (uint32_t)number;
	if (!code && found_opened(&found))
		code = cli_complain(EXIT_NOT_FOUND, "this payment has opened no hold of that number");
	if (!code)
		code = return_found(call, &session, &found, deadline_us);
	found_free(&found);
	session_close(&session);
	return code;
}

/* ---- list ------------------------------------------------------------------------------------- */

static int list_hold(void *context, const struct own_hold *own)
{
	const struct own_listing *list = context;
	char id[UNCIA_ID_TEXT_SIZE];
	uncia_payment_id_format(&own->opening.id, id);
	if (list->call->json) {
		json_t *object = own->found.receipt ? found_json(list->session, &own->found)
		                                    : json_pack("{s:s,s:s}", "opening", id, "state", "pending");
		if (object && own->found.receipt && json_object_set_new(object, "claim", json_boolean(*own->claim)))
			object = NULL;
		return json_array_append_new(list->array, object) ? cli_complain(EXIT_FAILED, "out of memory") : 0;
	}
	if (!own->found.receipt) {
		printf("a payment that opens holds is not final yet: uncia wait %s\n", id);
		return 0;
	}
	printf("%s opened by %s: ", own->found.hold.id, id);
	found_print(list->session, &own->found, *own->claim ? "claim" : "hold", stdout);
	puts("");
	return 0;
}

static int run_hold_list(const struct call *call)
{
	uint64_t timeout_s;
	int code = option_number(call, &found_timeout, &timeout_s);
	return code ? code : own_list_holds(call, timeout_s, "holds", list_hold);
}

/* ---- the verbs -------------------------------------------------------------------------------- */

static const struct poptOption key_options[] = {OPTIONS_GLOBAL};

const struct verb verb_hold_key = {
    .name = "hold key",
    .operands = "",
    .summary = "show the key under which others can put a hold for this wallet",
    .description =
        "Shows the public key of this wallet's account, for uncia hold open. A contact's text (uncia contact\n"
        "export) holds it as well.",
    .options = key_options,
    .run = run_key};

static const struct poptOption open_options[] = {
    {"secret", '\0', POPT_ARG_STRING, NULL, OPTION_SECRET,
     "The take must publish the 32 bytes of which this is the SHA-256, in 64 hexadecimal digits", "HASH"},
    {"home", '\0', POPT_ARG_STRING, NULL, OPTION_HOME, "Where the rest goes after the end; this account by default",
     "ADDRESS"},
    OPTION_END_HELP,
    {"memo", '\0', POPT_ARG_STRING, NULL, OPTION_MEMO,
     "Kept in this wallet, and shown in its history; the ledger carries its hash", "TEXT"},
    {"key", '\0', POPT_ARG_STRING, NULL, OPTION_KEY, "The same key is the same hold, however often this is run",
     "TEXT"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to wait for it to be final; 30 by default",
     "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_hold_open = {
    .name = "hold open",
    .operands = "KEY|CONTACT AMOUNT",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "put an amount under somebody's key, until an end",
    .description =
        "Puts an amount aside that only the owner of the key can take, in parts if he likes, until the end: a\n"
        "deposit, escrow, cash that is picked up. What is left then goes home by itself, when this wallet is used\n"
        "with its network. With --secret he has to show a secret as well; a hash is for one hold.\n"
        "Tell him the payment's id: uncia hold take wants it, and uncia hold list has it, too.\n\n"
        "Exit codes: 3 where the payment is not final yet, 5 where it was refused, 6 where no validator can be\n"
        "reached and nothing was sent, 8 where it expired.",
    .options = open_options,
    .run = run_open};

static const struct poptOption hold_take_options[] = {
    {"amount", '\0', POPT_ARG_STRING, NULL, OPTION_AMOUNT, "How much; all that is left by default", "AMOUNT"},
    {"secret", '\0', POPT_ARG_STRING, NULL, OPTION_SECRET,
     "A file with the secret in 64 hexadecimal digits, or - for standard input; the take publishes it", "FILE|-"},
    {"agreed", '\0', POPT_ARG_STRING, NULL, OPTION_AGREED,
     "With a secret: only where at least so much is there; what was put there by default", "AMOUNT"},
    {"to", '\0', POPT_ARG_STRING, NULL, OPTION_TO, "Where it goes; this wallet's own address by default", "ADDRESS"},
    {"key", '\0', POPT_ARG_STRING, NULL, OPTION_KEY, "The same key is the same take, however often this is run",
     "TEXT"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to wait for it to be final; 30 by default",
     "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_hold_take = {
    .name = "hold take",
    .operands = "ID",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "take from a hold that a payment has put under this wallet's key",
    .description =
        "Takes from the hold that the payment ID has opened for this wallet's key, before its end. Whoever takes in\n"
        "parts gives each its own --key: run again, it is the same part. A secret is shown only where the hold has\n"
        "what was agreed, as is proved, and ten minutes are left.\n\n"
        "Exit codes: 3 where it is not final yet, 4 where nobody knows of the payment, 5 where it was refused or\n"
        "nothing is left, 6 where no validator can be reached, 8 where the take expired.",
    .options = hold_take_options,
    .run = run_hold_take};

static const struct poptOption return_options[] = {{"number", '\0', POPT_ARG_STRING, NULL, OPTION_NUMBER,
                                                    "Which of the payment's holds; 0, the first, by default", "N"},
                                                   {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT,
                                                    "How long to wait for it to be final; 30 by default", "SECONDS"},
                                                   OPTIONS_GLOBAL};

const struct verb verb_hold_return = {
    .name = "hold return",
    .operands = "ID",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "send home what is left of a hold after its end",
    .description =
        "Sends home what is left of a hold that the payment ID has opened, whoever made it, once its end has\n"
        "passed. Nobody's key is needed.\n\n"
        "Exit codes: 3 where it is not final yet, 4 where nobody knows of the payment, 5 where its end is\n"
        "not reached, or nothing is left, 6 where no validator can be reached.",
    .options = return_options,
    .run = run_return};

static const struct poptOption hold_list_options[] = {
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT, "How long to ask; 30 by default", "SECONDS"},
    OPTIONS_GLOBAL};

const struct verb verb_hold_list = {
    .name = "hold list",
    .operands = "",
    .summary = "list the holds that this wallet has opened",
    .description = "Lists the holds that this wallet's payments have opened, those of claims among them, with what\n"
                   "became of each: open, ended and on its way home, taken and by whom, cancelled, or returned.\n\n"
                   "Exit code 6 where no validator can be reached: then it lists what this wallet's home knows.",
    .options = hold_list_options,
    .run = run_hold_list};

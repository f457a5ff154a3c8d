/* uncia send: one payment, and its certain end where it comes in time. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "outcome.h"
#include "payee.h"
#include "verbs.h"

#define TIMEOUT_DEFAULT_S 30
#define TIMEOUT_MAX_S     86400
#define LIFETIME_MAX_S    3600
#define KEY_SIZE_MAX      256

struct order {
	char address[UNCIA_ADDRESS_TEXT_SIZE]; /* empty: a contact, to be looked up */
	const char *contact;
	uint64_t amount, expires_s, timeout_s;
	char memo[UNCIA_MEMO_SIZE]; /* empty: none */
	const char *key;
	struct uncia_request request; /* size 0: none was taken */
	/* Of what was asked before paying: 0, UNCIA_E_UNREACHABLE, UNCIA_E_PROOF; with a key also UNCIA_E_BEHIND where
	 * the time was over, UNCIA_E_SECOND_CHAIN, and why the payments made before could not be looked up */
	int ask_error;
	bool repeats; /* the same was paid lately: */
	struct uncia_payment_id repeated;
};

/* Payee and amount: an address, a contact or a request that may state its own amount. */
static int read_payee(const struct call *call, struct order *order)
{
	const char *payee = call->operands[0], *amount = call->operand_count > 1 ? call->operands[1] : NULL;
	const struct uncia_request *request = &order->request;
	int code = 0;
	if (uncia_text_kind(payee) == UNCIA_TEXT_REQUEST) {
		code = request_read(call, NULL, payee, &order->request);
		strcpy(order->address, request->address);
	} else if (*payee == '@') {
		order->contact = payee;
	} else {
		code = address_read(call, payee, order->address);
	}
	if (code)
		return code;
	if (!request->has_amount)
		return amount ? amount_read(call, amount, &order->amount)
		              : cli_complain_usage(call, "AMOUNT is missing");
	order->amount = request->amount;
	if (!amount)
		return 0;
	code = amount_read(call, amount, &order->amount);
	if (!code && order->amount != request->amount)
		return cli_complain_usage(call, "AMOUNT is not what the request asks for");
	return code;
}

static const struct number_option expires_option = {OPTION_EXPIRES, "--expires", 1, LIFETIME_MAX_S, 0};
static const struct number_option timeout_option = {OPTION_TIMEOUT, "--timeout", 0, TIMEOUT_MAX_S, TIMEOUT_DEFAULT_S};

static int read_order(const struct call *call, struct order *order)
{
	memset(order, 0, sizeof(*order));
	int code = option_number(call, &expires_option, &order->expires_s);
	if (!code)
		code = option_number(call, &timeout_option, &order->timeout_s);
	if (!code)
		code = read_payee(call, order);
	const char *memo = call->value[OPTION_MEMO];
	if (!code && memo)
		code = memo_check(call, memo);
	if (code)
		return code;
	strcpy(order->memo, memo ? memo : order->request.memo);
	order->key = call->value[OPTION_KEY];
	/* A request that is taken twice is paid once. */
	if (!order->key && *order->request.key)
		order->key = order->request.key;
	if (order->key && (!*order->key || strlen(order->key) > KEY_SIZE_MAX))
		return cli_complain_usage(call, "--key: not 1 to %d bytes", KEY_SIZE_MAX);
	return 0;
}

/* What the payment's key is, in messages. */
static const char *key_words(const struct order *order)
{
	return order->key == order->request.key ? "this request" : "this --key";
}

/* What is shown of a request behind amount and payee. */
static const char *unchecked_words(const struct order *order)
{
	return !order->request.size || order->request.checked
	           ? ""
	           : ", unchecked: the request is of an older form, whose end may have been cut on its way";
}

/* Its memo, quoted: last of all, since whoever wrote it may have written anything. */
static void memo_words(const struct order *order, char words[UNCIA_MEMO_SIZE + 16])
{
	*words = '\0';
	if (order->request.size && *order->memo)
		snprintf(words, UNCIA_MEMO_SIZE + 16, "; its memo: \"%s\"", order->memo);
}

/* Shows the payee before anything is signed: a name or a request does not say where the money goes. On a terminal it
 * asks, too, unless --yes is given. Returns an exit code. */
static int confirm_payee(const struct call *call, const struct session *session, struct order *order)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], when[TIME_TEXT_SIZE], id[UNCIA_ID_TEXT_SIZE], again[256] = "", answer[8];
	char memo[UNCIA_MEMO_SIZE + 16];
	struct payee_known known;
	bool asks = !call->json && !call->value[OPTION_YES] && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	payee_known(session, &(struct payee){order->address, order->amount, order->memo}, &known);
	uncia_amount_format(order->amount, amount);
	order->repeats = known.repeats;
	order->repeated = known.repeated.id;
	uncia_payment_id_format(&known.repeated.id, id);
	time_format(known.repeated.timestamp_ms, when);
	if (known.repeats && known.repeated.state == UNCIA_PAYMENT_FINAL)
		snprintf(again, sizeof(again), "; the same amount was paid to it at %s: %s", when, id);
	else if (known.repeats)
		snprintf(again, sizeof(again), "; the same amount is on its way to it already: %s", id);
	memo_words(order, memo);
	cli_complain(0, "paying %s %s to %s (%s)%s%s%s", amount, uncia_network_currency(session->network),
	             order->address, known.text, unchecked_words(order), again, memo);
	if (!asks)
		return 0;
	fputs("Pay? [y/N] ", stderr);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin) || (*answer != 'y' && *answer != 'Y'))
		return cli_complain(EXIT_REFUSED, "not confirmed; nothing was signed");
	return 0;
}

/* Says what the order's key stands for in this home, where it has a payment: no other is made under it, so that there
 * is nothing to ask. Returns whether it has. */
static bool say_paid_before(const struct session *session, const struct order *order)
{
	char amount[UNCIA_AMOUNT_TEXT_SIZE], when[TIME_TEXT_SIZE], id[UNCIA_ID_TEXT_SIZE], more[32] = "";
	struct uncia_payment p = {.size = sizeof(p)};
	struct uncia_payment_id found;
	if (!order->key || uncia_wallet_by_key(session->wallet, order->key, &found) ||
	    uncia_wallet_payment(session->wallet, &found, &p))
		return false;
	uncia_amount_format(p.amount, amount);
	uncia_payment_id_format(&p.id, id);
	time_format(p.timestamp_ms, when);
	if (p.output_count > 1) /* an application made it */
		snprintf(more, sizeof(more), " and %u more", p.output_count - 1);
	cli_complain(0, "%s has its payment already, and no other is made: %s %s to %s%s, %s%s: %s", key_words(order),
	             amount, uncia_network_currency(session->network), p.to, more,
	             p.state == UNCIA_PAYMENT_FINAL     ? "final at "
	             : p.state == UNCIA_PAYMENT_PENDING ? "not final yet, which is sent again"
	                                                : "expired, which never happened and never will",
	             p.state == UNCIA_PAYMENT_FINAL ? when : "", id);
	return true;
}

/* Whether the request is one of this network that can be paid. Returns an exit code. */
static int check_taken_request(const struct call *call, const struct session *session)
{
	struct uncia_request request;
	uint8_t id[32];
	uncia_network_id(session->network, id);
	int code = request_read(call, id, call->operands[0], &request);
	if (code)
		return code;
	if (request.currency > 1)
		return cli_complain(
		    EXIT_REFUSED,
		    "refused, nothing was sent: the request is for currency number %d, which this network "
		    "does not have",
		    request.currency);
	return 0;
}

static int check_order(const struct call *call, const struct session *session, struct order *order)
{
	int code = order->contact ? contact_read(session, order->contact, order->address) : 0;
	if (!code && order->request.size)
		code = check_taken_request(call, session);
	return code ? code : smallest_check(call, session->network, order->amount);
}

/* Refuses a request that is not to be paid any more, by the network's time, or, where no validator has told that, by
 * this machine's clock. Returns an exit code. */
static int check_end(const struct call *call, const struct session *session, const struct order *order)
{
	static const struct uncia_peer nobody = {
	    .size = sizeof(nobody), .own = "uncia:nobody", .handle = "uncia:nobody", .room = true};
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_request_check check = {.size = sizeof(check)};
	char when[TIME_TEXT_SIZE];
	uint64_t ends_at = order->request.ends_at;
	if (!ends_at)
		return 0;
	int error = uncia_request_check(session->wallet, &nobody, call->operands[0], &request, &check);
	if (error)
		return cli_complain_error(error, "the request");
	if (!check.ended)
		return 0;
	time_format(ends_at * 1000, when);
	return cli_complain(EXIT_REFUSED, "refused, nothing was sent: the request was to be paid before %s", when);
}

/* Says what could be paid instead. */
static void explain_balance(const struct session *session, int error)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	assert(error == UNCIA_E_FUNDS || error == UNCIA_E_DUST);
	char spendable[UNCIA_AMOUNT_TEXT_SIZE], smallest[UNCIA_AMOUNT_TEXT_SIZE];
	uncia_wallet_balance(session->wallet, &balance);
	uncia_amount_format(balance.spendable, spendable);
	uncia_amount_format(uncia_network_smallest_amount(session->network), smallest);
	if (error == UNCIA_E_FUNDS)
		cli_complain(0, "refused, nothing was sent: only %s can be spent", spendable);
	else
		cli_complain(0, "refused, nothing was sent: pay all of %s, or leave at least %s, the smallest amount",
		             spendable, smallest);
}

/* Errors after which a payment under the key may exist and have been sent, by an earlier run or another process. */
static bool hides_a_payment(int error)
{
	return error == UNCIA_E_IO || error == UNCIA_E_DAMAGED || error == UNCIA_E_PERMISSION ||
	       error == UNCIA_E_BUSY || error == UNCIA_E_MEMORY || error == UNCIA_E_RANDOM;
}

/* Says why no payment was made, so that nothing was sent now. Returns the exit code. */
static int report_refusal(const struct call *call, const struct session *session, const struct order *order, int error)
{
	/* There is no balance to pay from, or it is not known what the key stands for. */
	if ((error == UNCIA_E_UNREACHABLE && order->ask_error && order->ask_error != UNCIA_E_BEHIND) ||
	    (error == UNCIA_E_BEHIND && order->ask_error))
		error = order->ask_error;
	int code = exit_code_of(error);
	if (error == UNCIA_E_FUNDS || error == UNCIA_E_DUST) {
		explain_balance(session, error);
	} else if (error == UNCIA_E_KEY_REUSED) {
		cli_complain(code, "refused, nothing was sent: %s already stands for another payment",
		             key_words(order));
	} else if (error == UNCIA_E_UNREACHABLE) {
		cli_complain(code, "no validator could be reached, or too few to pay by; nothing was sent");
	} else if (error == UNCIA_E_BEHIND) {
		cli_complain(
		    code,
		    "nothing was sent: too few validators have told what this wallet has paid before, or not all "
		    "of it within --timeout, and %s may stand for a payment that it has forgotten; run it again",
		    key_words(order));
	} else if (error == UNCIA_E_PROOF) {
		cli_complain(code, "what the validators say of the balance does not verify; nothing was sent");
	} else if (order->key && hides_a_payment(error)) {
		return cli_complain(EXIT_PENDING,
		                    "%s: whether %s was paid before cannot be told; run it again with the same one, "
		                    "do not pay with another",
		                    error_words(error), key_words(order));
	} else {
		cli_complain(code, "nothing was sent: %s", error_words(error));
	}
	if (code != EXIT_REFUSED || !call->json)
		return code;
	cli_json_print(json_pack("{s:i,s:n,s:s,s:s,s:n}", "v", 1, "id", "state", "refused", "reason",
	                         error == UNCIA_E_FUNDS  ? "funds"
	                         : error == UNCIA_E_DUST ? "dust"
	                                                 : "key-reused",
	                         "height"));
	return code;
}

static int send_pay(const struct call *call, struct session *session, const struct order *order, uint64_t deadline_us)
{
	assert(*order->address && order->amount != 0);
	char text[UNCIA_ID_TEXT_SIZE];
	struct uncia_payment_id id;
	struct uncia_payment payment;
	struct uncia_output output = {.address = order->address, .amount = order->amount};
	struct uncia_payment_request request = {.size = sizeof(request),
	                                        .outputs = &output,
	                                        .output_count = 1,
	                                        .memo = *order->memo ? order->memo : NULL,
	                                        .key = order->key,
	                                        .expires_s = (uint32_t)order->expires_s};
	uint64_t started_us = now_us();
	int error = session_pay(session, &request, deadline_us, &id);
	if (error)
		return report_refusal(call, session, order, error);
	/* The id is known before anything leaves the machine: that happens only in session_await_payment. */
	uncia_payment_id_format(&id, text);
	fprintf(call->json ? stderr : stdout, "id %s\n", text);
	fflush(stdout);
	payment = (struct uncia_payment){.size = sizeof(payment)};
	error = uncia_wallet_payment(session->wallet, &id, &payment);
	bool fresh = !error && payment.state == UNCIA_PAYMENT_PENDING;
	if (!error)
		error = session_await_payment(session, &id, call->value[OPTION_NO_WAIT], deadline_us, &payment);
	if (error)
		return cli_complain(EXIT_PENDING, "%s; it may have been sent: uncia wait %s", error_words(error), text);
	double elapsed_ms = fresh ? (double)(now_us() - started_us) / 1000 : (double)payment.elapsed_ms;
	char repeated[UNCIA_ID_TEXT_SIZE];
	uncia_payment_id_format(&order->repeated, repeated);
	int code = payment_report(call, session, &payment, elapsed_ms,
	                          json_pack("{s:s?}", "repeats", order->repeats ? repeated : NULL));
	bool handed_over = call->value[OPTION_NO_WAIT] && code == EXIT_PENDING &&
	                   payment.reason != UNCIA_PENDING_UNSENT && payment.reason != UNCIA_PENDING_REFUSED;
	return handed_over ? EXIT_DONE : code;
}

/* Asks for the account, and for a payment under a key also for what the account has paid that this home does not know:
 * the key may stand for it. Returns 0 or an enum uncia_error: UNCIA_E_BEHIND where the time ends the looking up. */
static int ask_account(struct session *session, bool keyed, uint64_t deadline_us)
{
	int error = keyed ? uncia_wallet_catch_up(session->wallet) : uncia_wallet_sync(session->wallet);
	if (!error)
		error = session_await(session, keyed ? UNCIA_EVENT_CAUGHT_UP : UNCIA_EVENT_BALANCE, NULL, deadline_us);
	return keyed && error == UNCIA_E_UNREACHABLE && now_us() >= deadline_us ? UNCIA_E_BEHIND : error;
}

static int run_send(const struct call *call)
{
	struct order order;
	struct session session;
	int code = read_order(call, &order);
	if (code)
		return code;
	/* A reader of the output that goes away must not stop a payment between its making and its end. */
	signal(SIGPIPE, SIG_IGN);
	code = session_open(call, true, question_timeout_ms(order.timeout_s), &session);
	if (!code)
		code = check_order(call, &session, &order);
	/* Unlocked first: which address is the wallet's own is known only then. */
	if (!code)
		code = session_unlock(&session);
	bool paid_before = !code && say_paid_before(&session, &order);
	if (!code && !paid_before && order.request.ends_at) /* for the time; what fails is told below */
		(void)session_sync(&session);
	if (!code && !paid_before)
		code = check_end(call, &session, &order);
	if (!code && !paid_before)
		code = confirm_payee(call, &session, &order);
	if (!code) {
		uint64_t deadline_us = now_us() + order.timeout_s * 1000000;
		/* Without a network, or a home that can be written to, a payment that this key stands for is still
		 * found, and a new one refused. */
		order.ask_error = ask_account(&session, order.key, deadline_us);
		if (order.ask_error && !order.key && order.ask_error != UNCIA_E_UNREACHABLE &&
		    order.ask_error != UNCIA_E_PROOF)
			code = cli_complain_error(order.ask_error, "the balance");
		/* A home that came back older may have found it by now. */
		if (!code && !paid_before)
			say_paid_before(&session, &order);
		if (!code)
			code = send_pay(call, &session, &order, deadline_us);
	}
	session_close(&session);
	return code;
}

static const struct poptOption send_options[] = {
    {"memo", '\0', POPT_ARG_STRING, NULL, OPTION_MEMO,
     "Kept in this wallet, and shown in its history; the ledger carries its hash", "TEXT"},
    {"key", '\0', POPT_ARG_STRING, NULL, OPTION_KEY,
     "Your own key for this payment: the same key is the same payment, however often it is run", "TEXT"},
    {"expires", '\0', POPT_ARG_STRING, NULL, OPTION_EXPIRES,
     "It is final within this time or never; 120 by default, at most 3600", "SECONDS"},
    {"timeout", '\0', POPT_ARG_STRING, NULL, OPTION_TIMEOUT,
     "How long all of it may take, once nothing is asked any more; 30 by default", "SECONDS"},
    {"yes", '\0', POPT_ARG_NONE, NULL, OPTION_YES, "Do not ask, on a terminal, whether this is the right payee", NULL},
    {"no-wait", '\0', POPT_ARG_NONE, NULL, OPTION_NO_WAIT, "Return once a validator has taken it", NULL},
    OPTIONS_GLOBAL};

const struct verb verb_send = {
    .name = "send",
    .operands = "ADDRESS [AMOUNT]",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "pay",
    .description =
        "Pays AMOUNT to ADDRESS: an address, a contact as @NAME, or a request. AMOUNT is left out where the\n"
        "request states it. A request is paid once by a home, however often it is taken; --key pays it again.\n"
        "One of the older form, uncia:unc1…?amount=…, has no checksum and is shown as unchecked.\n"
        "Shows the payee, by name where it is a contact, and asks on a terminal before anything is signed,\n"
        "but with --json or --yes. Where the same was paid from this wallet's home in the last day, or is on its way,\n"
        "it says so, and the object of --json has the id of that payment (repeats). Where --key has its payment\n"
        "already, it says how that stands, and makes no other.\n"
        "Shows the payment's id before anything leaves the machine and returns when it is final.\n\n"
        "Exit codes: 0 final (with --no-wait: a validator has it), 3 not known yet (wait for it, do not pay\n"
        "again), 5 refused and nothing sent, 6 no validator reached and nothing sent, 8 expired: it never\n"
        "happened and never will.",
    .options = send_options,
    .run = run_send};

/* uncia history: the payments of this account, in the order of time: those that the ledger proves, own ones that
 * expired, and own ones that have no end yet. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "outcome.h"
#include "own.h"
#include "verbs.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX     10000
#define PAGE_MAX      64u

/* One run of the command. */
struct listing {
	const struct call *call;
	struct session *session;
	json_t *payments, *pending; /* with --json */
	uint64_t limit, shown;
	size_t expired; /* the number of the next one that expired */
};

/* One entry: this account's part in a payment. */
struct line {
	const struct uncia_receipt *receipt; /* NULL: expired or pending */
	struct uncia_payment payment;
	struct uncia_part part;
};

static int history_read_final(const struct session *session, const struct uncia_receipt *receipt, struct line *line)
{
	struct uncia_payment own = {.size = sizeof(own)};
	*line = (struct line){
	    .receipt = receipt, .payment = {.size = sizeof(line->payment)}, .part = {.size = sizeof(line->part)}};
	int error = uncia_receipt_payment(receipt, &line->payment);
	if (!error)
		error = uncia_wallet_part(session->wallet, receipt, &line->part);
	if (error || line->part.direction == UNCIA_DIRECTION_IN)
		return error;
	/* A memo's text is known where the payment was made in this home. It is no reason to show no history. */
	if (!uncia_wallet_payment(session->wallet, &line->payment.id, &own))
		strcpy(line->payment.memo, own.memo);
	return 0;
}

/* Reads an own payment of which there is no receipt. */
static int history_read_own(const struct session *session, const struct uncia_payment_id *id, struct line *line)
{
	*line = (struct line){.payment = {.size = sizeof(line->payment)}};
	int error = uncia_wallet_payment(session->wallet, id, &line->payment);
	if (error)
		return error;
	line->part.size = sizeof(line->part);
	return uncia_wallet_payment_part(session->wallet, id, &line->part);
}

/* The i-th output that is this account's business. */
static int part_output(const struct session *session, const struct line *line, uint32_t i,
                       char to[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount)
{
	return line->receipt ? uncia_wallet_part_output(session->wallet, line->receipt, i, to, amount)
	                     : uncia_wallet_output(session->wallet, &line->payment.id, i, to, amount);
}

/* What is there of every entry, whatever its state. */
static json_t *line_json(const struct session *session, const struct line *line)
{
	static const char *const directions[] = {
	    [UNCIA_DIRECTION_IN] = "in", [UNCIA_DIRECTION_OUT] = "out", [UNCIA_DIRECTION_SELF] = "self"};
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE], to[UNCIA_ADDRESS_TEXT_SIZE];
	const struct uncia_payment *p = &line->payment;
	json_t *outputs = json_array();
	uint64_t part;
	for (uint32_t i = 0; i < line->part.output_count; i++)
		if (!part_output(session, line, i, to, &part))
			outputs = output_append(outputs, to, part);
	uncia_payment_id_format(&p->id, id);
	uncia_amount_format(line->part.amount, amount);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:s?}", "id", id, "state", payment_state_word(p->state),
	                 "direction", directions[line->part.direction], "amount", amount, "from", p->sender, "to",
	                 line->part.to, "outputs", outputs, "memo", *p->memo ? p->memo : NULL);
}

/* Adds an entry, with what its state alone has, to a list. Returns an exit code. */
static int list_append(json_t *list, json_t *entry, json_t *of_state)
{
	bool failed = !entry || !of_state || json_object_update(entry, of_state);
	json_decref(of_state);
	if (!failed)
		failed = json_array_append_new(list, entry);
	else
		json_decref(entry);
	return failed ? cli_complain(EXIT_FAILED, "out of memory") : 0;
}

static void print_line(const struct listing *l, const struct line *line, const char *when, const char *before)
{
	char text[UNCIA_AMOUNT_TEXT_SIZE], to[UNCIA_ADDRESS_TEXT_SIZE], own[UNCIA_ADDRESS_TEXT_SIZE];
	char id[UNCIA_ID_TEXT_SIZE];
	const struct uncia_part *part = &line->part;
	bool in = part->direction == UNCIA_DIRECTION_IN;
	uint64_t amount;
	uncia_amount_format(part->amount, text);
	if (uncia_wallet_address_unproved(l->session->wallet, own))
		*own = '\0';
	printf("%s  %s%s %s %s", when, before, text, in ? "from" : "to", in ? line->payment.sender : part->to);
	if (!in && part->output_count > 1)
		printf(" and %u more", part->output_count - 1);
	putchar('\n');
	/* Whoever gets paid sees under which reference. */
	bool each = part->output_count > 1 || (in && strcmp(part->to, own));
	for (uint32_t i = 0; each && i < part->output_count; i++)
		if (!part_output(l->session, line, i, to, &amount))
			output_print(to, amount);
	if (*line->payment.memo)
		printf("    memo: %s\n", line->payment.memo);
	uncia_payment_id_format(&line->payment.id, id);
	printf("    %s\n", id);
}

/* Shows an entry that has its end. Returns an exit code. */
static int show_ended(struct listing *l, const struct line *line)
{
	static const char *const signs[] = {
	    [UNCIA_DIRECTION_IN] = "+", [UNCIA_DIRECTION_OUT] = "-", [UNCIA_DIRECTION_SELF] = ""};
	char when[TIME_TEXT_SIZE];
	const struct uncia_payment *p = &line->payment;
	bool final = p->state == UNCIA_PAYMENT_FINAL;
	uint64_t at_ms = final ? p->timestamp_ms : p->expires_at * 1000;
	assert(final || p->state == UNCIA_PAYMENT_EXPIRED);
	l->shown++;
	if (!l->call->json) {
		time_format(at_ms, when);
		print_line(l, line, when, final ? signs[line->part.direction] : "expired, never paid: ");
		return 0;
	}
	return list_append(l->payments, line_json(l->session, line),
	                   final ? json_pack("{s:o,s:i,s:o}", "height", json_whole(p->height), "index", (int)p->index,
	                                     "timestamp_ms", json_whole(at_ms))
	                         : json_pack("{s:n,s:n,s:I,s:I}", "height", "index", "timestamp_ms", (json_int_t)at_ms,
	                                     "expires_at", (json_int_t)p->expires_at));
}

static int show_final(struct listing *l, const struct uncia_receipt *receipt)
{
	struct line line;
	int error = history_read_final(l->session, receipt, &line);
	return error ? cli_complain_error(error, "the history") : show_ended(l, &line);
}

/* Shows own payments whose expiry is not before this time, as far as the limit lets. Returns an exit code. */
static int show_expired(struct listing *l, uint64_t since_ms)
{
	struct uncia_payment_id id;
	struct line line;
	int error = 0;
	while (!error && l->shown < l->limit && !uncia_wallet_expired(l->session->wallet, l->expired, &id)) {
		error = history_read_own(l->session, &id, &line);
		if (error == UNCIA_E_DAMAGED) {
			cli_complain(0, "a stored payment that expired cannot be read: it is damaged");
			l->expired++;
			error = 0;
			continue;
		}
		if (error)
			break;
		if (line.payment.expires_at * 1000 < since_ms)
			return 0;
		l->expired++;
		int code = show_ended(l, &line);
		if (code)
			return code;
	}
	return error ? cli_complain_error(error, "the history") : 0;
}

/* Shows own payments that are pending, which the ledger does not know yet. Returns an exit code. */
static int show_pending(struct listing *l)
{
	struct uncia_payment_id id;
	int code = 0;
	for (size_t i = 0; !code && !uncia_wallet_pending(l->session->wallet, i, &id); i++) {
		struct line line;
		if (history_read_own(l->session, &id, &line))
			continue;
		if (l->call->json)
			code = list_append(l->pending, line_json(l->session, &line),
			                   json_pack("{s:s,s:I}", "reason", pending_word(&line.payment), "expires_at",
			                             (json_int_t)line.payment.expires_at));
		else
			print_line(l, &line, "not final yet          ",
			           line.part.direction == UNCIA_DIRECTION_OUT ? "-" : "");
	}
	return code;
}

/* Asks for one page. Returns 0 or an enum uncia_error. */
static int fetch_page(const struct listing *l, struct uncia_history_page *page)
{
	assert(l->shown < l->limit);
	uint64_t left = l->limit - l->shown;
	int error = uncia_wallet_history(l->session->wallet, page->next_height, page->next_index,
	                                 left < PAGE_MAX ? (uint32_t)left : PAGE_MAX);
	if (!error)
		error = session_await(l->session, UNCIA_EVENT_HISTORY, NULL, NO_DEADLINE);
	return error ? error : uncia_wallet_history_page(l->session->wallet, page);
}

/* Shows the page that came last, with what expired meanwhile. Returns an exit code. */
static int show_page(struct listing *l, struct uncia_history_page *page)
{
	int code = 0;
	for (uint32_t i = 0; !code && i < page->count && l->shown < l->limit; i++) {
		const struct uncia_receipt *receipt = uncia_wallet_history_receipt(l->session->wallet, i);
		struct uncia_payment payment = {.size = sizeof(payment)};
		int error = uncia_receipt_payment(receipt, &payment);
		code = error ? cli_complain_error(error, "the history") : show_expired(l, payment.timestamp_ms);
		if (!code && l->shown == l->limit)
			page->next_height = payment.height; /* this one is left over */
		else if (!code)
			code = show_final(l, receipt);
	}
	return code || page->next_height ? code : show_expired(l, 0);
}

/* Prints the object of what was listed; failed: the exit code of why it is not all, which has been said, or 0. */
static int print_listing(const struct listing *l, bool complete, bool more, int failed)
{
	json_t *object = json_pack("{s:i,s:O,s:O,s:b,s:b,s:b}", "v", 1, "payments", l->payments, "pending", l->pending,
	                           "complete", (int)complete, "more", (int)more, "holds_looked_for",
	                           (int)session_knows_holds(l->call, l->session));
	return failed ? cli_json_print_failed(object, failed) : cli_json_print(object);
}

/* Without the network: what this home holds itself, which are payments that were made with its key. error: why the
 * network tells nothing. Returns the exit code that belongs to it. */
static int show_held(struct listing *l, int error)
{
	struct own_list held;
	int code = 0, failed = own_newest(l->session, l->limit, &held);
	if (!failed)
		code = show_pending(l);
	for (size_t i = 0; !failed && !code && i < held.count; i++) {
		struct line line;
		failed = history_read_own(l->session, &held.entries[i].id, &line);
		if (!failed)
			code = show_ended(l, &line);
	}
	bool more = held.more;
	if (!failed && held.damaged)
		cli_complain(0, "%zu stored payment%s cannot be read: damaged", held.damaged,
		             held.damaged == 1 ? "" : "s");
	own_list_free(&held);
	if (failed || code)
		return failed ? cli_complain_error(failed, "the history") : code;
	if (!l->call->json && (code = cli_output_flush()) != 0)
		return code;
	code = cli_complain(exit_code_of(error),
	                    "%s: these are the payments that this wallet's home holds%s. What was received, and what "
	                    "another home has paid since, is not among them",
	                    error_words(error), more ? ", the newest ones" : "");
	return l->call->json ? print_listing(l, false, more, code) : code;
}

/* Whether the ledger has it, as the sync before has proved; true where that is not known. */
static bool account_exists(const struct session *session)
{
	struct uncia_balance balance = {.size = sizeof(balance)};
	return uncia_wallet_balance(session->wallet, &balance) || balance.exists;
}

static int show_history(struct listing *l)
{
	struct uncia_history_page page = {.size = sizeof(page)};
	struct uncia_payment_id id;
	int error = fetch_page(l, &page);
	if (error)
		return show_held(l, error);
	int code = show_pending(l);
	if (!code)
		code = show_page(l, &page);
	while (!code && page.next_height && page.count && l->shown < l->limit) {
		error = fetch_page(l, &page);
		code = error ? cli_complain_error(error, "the rest of the history") : show_page(l, &page);
	}
	if (code)
		return l->call->json && error ? print_listing(l, false, true, code) : code;
	bool more = page.next_height || !uncia_wallet_expired(l->session->wallet, l->expired, &id);
	if (l->call->json)
		return print_listing(l, page.complete, more, 0);
	if (!l->shown && !account_exists(l->session))
		cli_complain(0,
		             "no payments: the ledger has no account at this address; it begins with the first payment "
		             "to it");
	else if (!page.complete && l->shown < l->limit)
		cli_complain(0, "something may be missing: the validators hold no proof of the whole history");
	else if (more)
		cli_complain(0, "these are the newest; there are older ones: --limit");
	(void)session_knows_holds(l->call, l->session);
	return cli_output_flush();
}

static const struct number_option limit_option = {OPTION_LIMIT, "--limit", 1, LIMIT_MAX, LIMIT_DEFAULT};

static int run_history(const struct call *call)
{
	struct session session;
	struct listing listing = {.call = call, .session = &session};
	int code = option_number(call, &limit_option, &listing.limit);
	if (code)
		return code;
	code = session_open(call, true, QUERY_TIMEOUT_MS, &session);
	if (!code && call->json) {
		listing.payments = json_array();
		listing.pending = json_array();
		if (!listing.payments || !listing.pending)
			code = cli_complain(EXIT_FAILED, "out of memory");
	}
	/* A sync first: a history is complete up to the height that it proves. */
	if (!code) {
		int error = session_sync_home(&session);
		code = error ? show_held(&listing, error) : show_history(&listing);
	}
	json_decref(listing.payments);
	json_decref(listing.pending);
	session_close(&session);
	return code;
}

static const struct poptOption history_options[] = {
    {"limit", '\0', POPT_ARG_STRING, NULL, OPTION_LIMIT, "How many at most; 20 by default", "N"}, OPTIONS_GLOBAL};

const struct verb verb_history = {
    .name = "history",
    .operands = "",
    .summary = "list the payments of this account",
    .description =
        "Lists the payments that touched this account, newest first: those that are final, each proved by its\n"
        "receipt, and own ones that expired, which never happened; and own ones that are not final yet. Who was\n"
        "paid sees what he got, with the references that were paid to; who paid sees all that he paid, with the\n"
        "memo as he wrote it in this wallet. Where the network tells nothing, it lists what this wallet's home\n"
        "holds, which is what was paid from here, and ends with the code of that: 6 where no validator could be\n"
        "reached. With --json the list has error and exit beside it. Of a home that was restored it says whether the\n"
        "holds and claims that the account has opened were looked for, as uncia balance does (holds_looked_for).",
    .options = history_options,
    .run = run_history};

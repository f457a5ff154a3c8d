/* uncia balance and history: what the ledger proves about this account. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "outcome.h"
#include "verbs.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX     10000
#define PAGE_MAX      64u
#define STALE_MS      60000 /* an idle network has a block a second */

static int sync_wallet(struct session *session)
{
	int error = uncia_wallet_sync(session->wallet);
	if (!error)
		error = session_await(session, UNCIA_EVENT_BALANCE, NULL, NO_DEADLINE);
	return error ? cli_complain_error(error, "the balance") : 0;
}

/* ---- balance --------------------------------------------------------------------------------- */

static int print_balance(const struct call *call, const struct session *session)
{
	struct uncia_balance b = {.size = sizeof(b)};
	char balance[UNCIA_AMOUNT_TEXT_SIZE], spendable[UNCIA_AMOUNT_TEXT_SIZE], waiting[UNCIA_AMOUNT_TEXT_SIZE];
	char when[TIME_TEXT_SIZE];
	struct timespec now;
	int error = uncia_wallet_balance(session->wallet, &b);
	if (error)
		return cli_complain_error(error, "the balance");
	uncia_amount_format(b.balance, balance);
	uncia_amount_format(b.spendable, spendable);
	uncia_amount_format(b.waiting, waiting);
	const char *currency = uncia_network_currency(session->network);
	clock_gettime(CLOCK_REALTIME, &now);
	/* Age by this machine's clock, which nothing depends on. No header is there where the ledger has no account. */
	uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	uint64_t age_ms = now_ms > b.timestamp_ms ? now_ms - b.timestamp_ms : 0;
	if (call->json)
		return cli_json_print(json_pack("{s:i,s:s,s:s,s:s,s:s,s:b,s:o,s:o,s:o}", "v", 1, "balance", balance,
		                                "spendable", spendable, "pending", waiting, "currency", currency,
		                                "exists", b.exists, "height", json_whole(b.height), "timestamp_ms",
		                                b.timestamp_ms ? json_whole(b.timestamp_ms) : json_null(), "age_ms",
		                                b.timestamp_ms ? json_whole(age_ms) : json_null()));
	printf("%s %s\n", balance, currency);
	if (b.timestamp_ms && age_ms > STALE_MS) {
		time_format(b.timestamp_ms, when);
		printf("as of %s\n", when);
	}
	if (b.waiting)
		printf("%s of it on the way out, %s to spend\n", waiting, spendable);
	return cli_output_flush();
}

static int run_balance(const struct call *call)
{
	struct session session;
	int code = session_open(call, true, QUERY_TIMEOUT_MS, &session);
	if (!code)
		code = sync_wallet(&session);
	if (!code)
		code = print_balance(call, &session);
	session_close(&session);
	return code;
}

/* ---- history --------------------------------------------------------------------------------- */

struct line {
	struct uncia_payment payment;
	const char *direction; /* "in", "out" or "self" */
	uint64_t amount;       /* what moved in or out of this account */
};

static bool is_own(const struct uncia_address *own, const char *text)
{
	struct uncia_address other;
	return !uncia_address_parse(text, &other) && !memcmp(own->account, other.account, sizeof(own->account));
}

static int account_read_line(const struct session *session, const struct uncia_receipt *receipt, struct line *line)
{
	char text[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_address own;
	uint64_t amount, to_own = 0;
	*line = (struct line){.payment = {.size = sizeof(line->payment)}};
	int error = uncia_receipt_payment(receipt, &line->payment);
	if (!error)
		error = uncia_wallet_address_unproved(session->wallet, text);
	if (!error)
		error = uncia_address_parse(text, &own);
	for (uint32_t i = 0; !error && i < line->payment.output_count; i++) {
		error = uncia_receipt_output(receipt, i, text, &amount);
		if (!error && is_own(&own, text))
			to_own += amount; /* no more than the payment's sum, which is checked */
	}
	if (error)
		return error;
	bool out = is_own(&own, line->payment.sender);
	bool self = out && to_own == line->payment.amount;
	assert(to_own <= line->payment.amount);
	line->direction = self ? "self" : out ? "out" : "in";
	line->amount = out && !self ? line->payment.amount - to_own : to_own;
	return 0;
}

static json_t *line_json(const struct line *line)
{
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE];
	const struct uncia_payment *p = &line->payment;
	uncia_payment_id_format(&p->id, id);
	uncia_amount_format(line->amount, amount);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:i,s:o}", "id", id, "state", "final", "direction",
	                 line->direction, "amount", amount, "from", p->sender, "to", p->to, "height",
	                 json_whole(p->height), "index", (int)p->index, "timestamp_ms", json_whole(p->timestamp_ms));
}

static void print_line(const struct line *line)
{
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE], when[TIME_TEXT_SIZE];
	const struct uncia_payment *p = &line->payment;
	bool in = *line->direction == 'i';
	uncia_payment_id_format(&p->id, id);
	uncia_amount_format(line->amount, amount);
	time_format(p->timestamp_ms, when);
	printf("%s  %s%s %s %s\n    %s\n", when,
	       in                        ? "+"
	       : *line->direction == 'o' ? "-"
	                                 : "",
	       amount, in ? "from" : "to", in ? p->sender : p->to, id);
}

/* Lists own payments that are pending, which the ledger does not know yet. */
static json_t *show_pending(const struct call *call, const struct session *session)
{
	json_t *list = json_array();
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE];
	for (size_t i = 0; list && i < uncia_wallet_outbox_count(session->wallet); i++) {
		struct uncia_payment p = {.size = sizeof(p)};
		struct uncia_payment_id number;
		if (uncia_wallet_outbox(session->wallet, i, &number) ||
		    uncia_wallet_payment(session->wallet, &number, &p) || p.state != UNCIA_PAYMENT_PENDING)
			continue;
		uncia_payment_id_format(&p.id, id);
		uncia_amount_format(p.amount, amount);
		if (!call->json)
			printf("not final yet            -%s to %s\n    %s\n", amount, p.to, id);
		else if (json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "id", id, "state",
		                                               "pending", "reason", pending_word(&p), "amount", amount,
		                                               "to", p.to, "expires_at", (json_int_t)p.expires_at))) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

/* Asks for one page and shows it: into `list`, or on the terminal. Returns an exit code. */
static int show_page(const struct call *call, struct session *session, json_t *list, uint64_t limit, uint64_t *shown,
                     struct uncia_history_page *page)
{
	assert(*shown < limit);
	uint64_t left = limit - *shown;
	int error = uncia_wallet_history(session->wallet, page->next_height, page->next_index,
	                                 left < PAGE_MAX ? (uint32_t)left : PAGE_MAX);
	if (!error)
		error = session_await(session, UNCIA_EVENT_HISTORY, NULL, NO_DEADLINE);
	if (!error)
		error = uncia_wallet_history_page(session->wallet, page);
	for (uint32_t i = 0; !error && i < page->count; i++, ++*shown) {
		struct line line;
		error = account_read_line(session, uncia_wallet_history_receipt(session->wallet, i), &line);
		if (!error && !call->json)
			print_line(&line);
		else if (!error && json_array_append_new(list, line_json(&line)))
			error = UNCIA_E_MEMORY;
	}
	return error ? cli_complain_error(error, "the history") : 0;
}

static int show_history(const struct call *call, struct session *session, uint64_t limit)
{
	struct uncia_history_page page = {.size = sizeof(page)};
	uint64_t shown = 0;
	json_t *pending = show_pending(call, session), *list = json_array();
	int code = pending && list ? 0 : cli_complain(EXIT_FAILED, "out of memory");
	do {
		if (!code)
			code = show_page(call, session, list, limit, &shown, &page);
	} while (!code && page.next_height && page.count && shown < limit);
	if (code || !call->json) {
		json_decref(pending);
		json_decref(list);
		if (code)
			return code;
		if (!page.complete && shown < limit)
			cli_complain(0, "something may be missing: the validators hold no proof of the whole history");
		else if (page.next_height)
			cli_complain(0, "these are the newest; there are older ones: --limit");
		return cli_output_flush();
	}
	return cli_json_print(json_pack("{s:i,s:o,s:o,s:b,s:b}", "v", 1, "payments", list, "pending", pending,
	                                "complete", page.complete, "more", page.next_height != 0));
}

static const struct number_option limit_option = {OPTION_LIMIT, "--limit", 1, LIMIT_MAX, LIMIT_DEFAULT};

static int run_history(const struct call *call)
{
	struct session session;
	uint64_t limit;
	int code = option_number(call, &limit_option, &limit);
	if (code)
		return code;
	code = session_open(call, true, QUERY_TIMEOUT_MS, &session);
	/* A sync first: a history is complete up to the height that it proves. */
	if (!code)
		code = sync_wallet(&session);
	if (!code)
		code = show_history(call, &session, limit);
	session_close(&session);
	return code;
}

static const struct poptOption balance_options[] = {OPTIONS_GLOBAL};

const struct verb verb_balance = {
    .name = "balance",
    .operands = "",
    .summary = "show the balance",
    .description = "Shows the balance, proved by the validators' signatures. All of it can be spent, but for own\n"
                   "payments on their way. Exit code 6 where no validator can be reached.",
    .options = balance_options,
    .run = run_balance};

static const struct poptOption history_options[] = {
    {"limit", '\0', POPT_ARG_STRING, NULL, OPTION_LIMIT, "How many at most; 20 by default", "N"}, OPTIONS_GLOBAL};

const struct verb verb_history = {
    .name = "history",
    .operands = "",
    .summary = "list the payments of this account",
    .description = "Lists the payments that touched this account, newest first, each proved by its receipt, and own\n"
                   "ones that are not final yet.",
    .options = history_options,
    .run = run_history};

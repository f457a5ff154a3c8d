/* uncia balance: what the ledger proves that this account holds. */
#include <stdio.h>
#include <time.h>
#include "outcome.h"
#include "verbs.h"

#define STALE_MS 60000 /* an idle network has a block a second */

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
	bool knows_holds = session_knows_holds(call, session);
	if (call->json)
		return cli_json_print(json_pack(
		    "{s:i,s:s,s:s,s:s,s:s,s:b,s:o,s:o,s:o,s:b}", "v", 1, "balance", balance, "spendable", spendable,
		    "pending", waiting, "currency", currency, "exists", b.exists, "height", json_whole(b.height),
		    "timestamp_ms", b.timestamp_ms ? json_whole(b.timestamp_ms) : json_null(), "age_ms",
		    b.timestamp_ms ? json_whole(age_ms) : json_null(), "holds_looked_for", knows_holds));
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
	if (!code) {
		int error = session_sync_home(&session);
		code = error ? cli_complain_error(error, "the balance") : print_balance(call, &session);
	}
	session_close(&session);
	return code;
}

static const struct poptOption balance_options[] = {OPTIONS_GLOBAL};

const struct verb verb_balance = {
    .name = "balance",
    .operands = "",
    .summary = "show the balance",
    .description =
        "Shows the balance, proved by the validators' signatures. All of it can be spent, but for own\n"
        "payments on their way.\n\n"
        "A home that was restored does not know the holds and claims that its account has opened until they\n"
        "are looked for: here, where the key needs no passphrase, and by uncia hold list and claim list.\n"
        "Until then none of them comes home by itself (--json: holds_looked_for).\n\n"
        "Exit code 6 where no validator can be reached.",
    .options = balance_options,
    .run = run_balance};

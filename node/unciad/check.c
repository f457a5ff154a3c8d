/* unciad check: the audit of a home, whether or not a validator runs in it. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit.h"
#include "command.h"
#include "progress.h"
#include "second_chain.h"
#include "snapshot.h"
#include "uncia/error.h"

enum { OPTION_AGAINST = 1 };

static const struct poptOption options[] = {
    OPTIONS_HOME,
    {"against", '\0', POPT_ARG_STRING, NULL, OPTION_AGAINST, "Compare its final chain with that of another home",
     "HOME"},
    OPTIONS_JSON,
    OPTIONS_COMMON,
};

#define LOST_VOTES_TEXT                                                                                                \
	"the journal has lost votes that this key has cast: others hold one of view %" PRIu64                          \
	". This validator never votes again under this key: see \"A lost journal\" in docs/operating.md"

static int check_print_json(const struct audit_report *r, const char *block, const char *root, const char *supply)
{
	char failure[300];
	snprintf(failure, sizeof(failure), LOST_VOTES_TEXT, r->lost_view);
	return command_print_json(json_pack(
	    "{s:i,s:b,s:I,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:s,s:s*}", "v", 1, "ok", (int)!r->lost_view, "height",
	    (json_int_t)r->height, "block", block, "state_root", root, "records", (json_int_t)r->records, "blocks",
	    (json_int_t)r->blocks, "payments", (json_int_t)r->payments, "certificates", (json_int_t)r->certificates,
	    "signatures", (json_int_t)r->signatures, "supply", supply, "failure", r->lost_view ? failure : NULL));
}

/* Of an audit that has come to its end: all is as it must be, but perhaps for votes that the journal has lost. */
static int check_print_report(const struct audit_report *r, bool json)
{
	char block[2 * HASH_SIZE + 1], root[2 * HASH_SIZE + 1], supply[AMOUNT_TEXT_SIZE];
	int code = r->lost_view ? command_error(EXIT_MISMATCH, LOST_VOTES_TEXT, r->lost_view) : EXIT_DONE;
	hex_format(r->block_id.b, HASH_SIZE, block);
	hex_format(r->state_root.b, HASH_SIZE, root);
	amount_format(r->supply, supply);
	if (json)
		return check_print_json(r, block, root, supply) ? EXIT_FAILED : code;
	if (r->uncovered)
		fprintf(stderr,
		        "note: the newest %" PRIu64
		        " blocks were made final by the certificate of a later block, whose way "
		        "here is not kept: the validator proves it again when it catches up\n",
		        r->uncovered);
	printf("%s up to height %" PRIu64 "\nblock         %s\nstate root    %s\n"
	       "records       %" PRIu64 "\nblocks        %" PRIu64 "\npayments      %" PRIu64 "\ncertificates  %" PRIu64
	       "\nsignatures    %" PRIu64 "\nsupply        %s\n",
	       r->lost_view ? "the chain is well" : "all is well", r->height, block, root, r->records, r->blocks,
	       r->payments, r->certificates, r->signatures, supply);
	return command_flush() ? EXIT_FAILED : code;
}

static int report_failure(const struct audit_report *r, bool json)
{
	assert(*r->failure);
	const char *advice = strstr(r->failure, "second chain") || strstr(r->failure, "two chains")
	                         ? ". See \"A second chain\" in docs/operating.md"
	                         : home_damage_advice(r->failure);
	command_error(EXIT_MISMATCH, "height %" PRIu64 ": %s%s", r->failed_height, r->failure, advice);
	if (json && command_print_json(json_pack("{s:i,s:b,s:I,s:s}", "v", 1, "ok", 0, "height",
	                                         (json_int_t)r->failed_height, "failure", r->failure)))
		return EXIT_FAILED;
	return EXIT_MISMATCH;
}

static int compare_stores(struct store *one, struct store *other, const char *other_path, struct audit_report *report)
{
	struct storage_view view, other_view;
	store_view(one, &view);
	store_view(other, &other_view);
	int error = second_chain_compare(&view, &other_view, &report->failed_height);
	if (!error)
		return 0;
	if (error != UNCIA_E_PROOF && error != UNCIA_E_DAMAGED)
		return command_error(EXIT_FAILED, "comparing with %s: %s", other_path, uncia_error_text(error));
	snprintf(report->failure, sizeof(report->failure),
	         error == UNCIA_E_PROOF ? "another block is final there in %s: there are two chains"
	                                : "%s: what is final there is damaged",
	         other_path);
	return EXIT_MISMATCH;
}

/* The final chain of this store against that of another home. */
static int check_against(const struct home *home, struct store *store, const char *path, struct audit_report *report)
{
	struct home other;
	struct store *other_store;
	int code = home_open_to_read(path, &other);
	if (code)
		return code;
	if (memcmp(other.genesis.network_id.b, home->genesis.network_id.b, HASH_SIZE))
		code = command_error(EXIT_USAGE, "--against %s: it is of another network", path);
	if (!code)
		code = home_store_open(&other, true, &other_store);
	if (!code) {
		code = compare_stores(store, other_store, path, report);
		store_close(other_store);
	}
	home_close(&other);
	return code;
}

/* What the audit asks as it goes. */
struct checking {
	struct snapshot snapshot;
	struct progress progress;
};

static int on_check_progress(void *context, uint64_t height, uint64_t tip)
{
	struct checking *c = context;
	if (tip)
		progress_show(&c->progress, height, tip);
	if (*progress_stop())
		return command_error(EXIT_FAILED, "interrupted at height %" PRIu64, height);
	return snapshot_watch(&c->snapshot);
}

static int check_audit(const struct home *home, const char *against, struct audit_report *report)
{
	const char *directory = getenv("TMPDIR");
	struct checking c;
	char why[256] = "";
	int error;
	end_on_fault(EXIT_MISMATCH);
	progress_begin(&c.progress, "blocks checked");
	int code = snapshot_open(home, &c.snapshot, &error, why);
	if (error == UNCIA_E_DAMAGED && home_has_journal(home)) {
		snprintf(report->failure, sizeof(report->failure), "%s", why);
		return EXIT_MISMATCH;
	}
	if (error)
		return home_store_failure(home, error, why);
	if (!code && against)
		code = check_against(home, c.snapshot.store, against, report);
	const struct audit_options auditing = {.directory = directory && *directory ? directory : home->path,
	                                       .progress = on_check_progress,
	                                       .context = &c};
	if (!code)
		code = audit_run(home, c.snapshot.store, &auditing, report);
	progress_end(&c.progress);
	snapshot_close(&c.snapshot);
	return code;
}

static int check_home(const char *path, const char *against, bool json)
{
	struct home home;
	struct audit_report report = {0};
	int code = home_open_to_read(path, &home);
	if (code)
		return code;
	code = check_audit(&home, against, &report);
	home_close(&home);
	if (code == EXIT_MISMATCH && *report.failure)
		return report_failure(&report, json); /* else it was said already */
	return code ? code : check_print_report(&report, json);
}

static int check_run(struct arguments *arguments)
{
	const char *home = NULL, *against = NULL, *value;
	bool json = false;
	int option;
	while ((option = arguments_next(arguments, &value)) > 0) {
		if (option == OPTION_HOME)
			home = value;
		else if (option == OPTION_AGAINST)
			against = value;
		else
			json = true;
	}
	if (option < 0)
		return EXIT_USAGE;
	return home ? check_home(home, against, json) : command_usage_error(arguments, "--home is missing");
}

const struct command command_check = {
    .name = "check",
    .summary = "audit a validator's home from the genesis on",
    .description =
        "Verifies the checksum of every stored record, every final block, its payments' signatures and its finality,\n"
        "executes every payment again in a temporary ledger (in $TMPDIR, else in HOME), compares state roots, supply\n"
        "and the stored state, and looks for own votes that contradict each other or are lost, and for proof of a "
        "second chain.\n"
        "With --against, the final chain of another home, in which nothing runs, is compared first: it must be the "
        "same\nas far as both reach. Where a validator runs in HOME, that is audited which it had stored when the "
        "check "
        "began;\nit goes on, and frees nothing of its files meanwhile. Progress is told on standard error. A backup "
        "needs no keys.\n"
        "Exit code 7 where anything is not as it must be.",
    .options = options,
    .run = check_run,
};

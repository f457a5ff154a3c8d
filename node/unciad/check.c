/* unciad check: the offline audit of a stopped home. */
#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "audit.h"
#include "command.h"
#include "uncia/error.h"

static const struct poptOption options[] = {OPTIONS_HOME, OPTIONS_JSON, OPTIONS_COMMON};

/* Set by the signals that end a command, so that the audit ends in order and removes its temporary ledger. */
static volatile sig_atomic_t stop;

static void on_check_signal(int number)
{
	(void)number;
	stop = 1;
}

static int check_print_json(const struct audit_report *r, const char *block, const char *root, const char *supply)
{
	return command_print_json(json_pack("{s:i,s:b,s:I,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:s}", "v", 1, "ok", 1, "height",
	                                    (json_int_t)r->height, "block", block, "state_root", root, "records",
	                                    (json_int_t)r->records, "blocks", (json_int_t)r->blocks, "payments",
	                                    (json_int_t)r->payments, "certificates", (json_int_t)r->certificates,
	                                    "signatures", (json_int_t)r->signatures, "supply", supply));
}

static int check_print_report(const struct audit_report *r, bool json)
{
	char block[2 * HASH_SIZE + 1], root[2 * HASH_SIZE + 1], supply[AMOUNT_TEXT_SIZE];
	hex_format(r->block_id.b, HASH_SIZE, block);
	hex_format(r->state_root.b, HASH_SIZE, root);
	amount_format(r->supply, supply);
	if (json)
		return check_print_json(r, block, root, supply);
	if (r->uncovered)
		fprintf(stderr,
		        "note: the newest %" PRIu64
		        " blocks were made final by the certificate of a later block, whose way "
		        "here is not kept: the validator proves it again when it catches up\n",
		        r->uncovered);
	printf("all is well up to height %" PRIu64 "\nblock         %s\nstate root    %s\n"
	       "records       %" PRIu64 "\nblocks        %" PRIu64 "\npayments      %" PRIu64 "\ncertificates  %" PRIu64
	       "\nsignatures    %" PRIu64 "\nsupply        %s\n",
	       r->height, block, root, r->records, r->blocks, r->payments, r->certificates, r->signatures, supply);
	return command_flush();
}

static int report_failure(const struct audit_report *r, bool json)
{
	assert(*r->failure);
	command_error(EXIT_MISMATCH, "height %" PRIu64 ": %s", r->failed_height, r->failure);
	if (json && command_print_json(json_pack("{s:i,s:b,s:I,s:s}", "v", 1, "ok", 0, "height",
	                                         (json_int_t)r->failed_height, "failure", r->failure)))
		return EXIT_FAILED;
	return EXIT_MISMATCH;
}

static int check_audit(const struct home *home, struct audit_report *report)
{
	const char *directory = getenv("TMPDIR");
	struct store *store;
	end_on_fault(EXIT_MISMATCH);
	int error = store_open(home->path, &home->genesis.network_id, home->keys.consensus_public, true, &store,
	                       report->failure);
	if (error)
		return error == UNCIA_E_DAMAGED ? EXIT_MISMATCH : command_error(EXIT_FAILED, "%s", report->failure);
	struct sigaction action = {.sa_handler = on_check_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	int code = audit_run(home, store, directory && *directory ? directory : home->path, &stop, report);
	store_close(store);
	return code;
}

static int check_home(const char *path, bool json)
{
	struct home home;
	struct audit_report report = {0};
	int code = home_open(path, &home);
	if (code)
		return code;
	code = check_audit(&home, &report);
	home_close(&home);
	if (code == EXIT_MISMATCH)
		return report_failure(&report, json);
	return code ? code : check_print_report(&report, json);
}

static int check_run(struct arguments *arguments)
{
	const char *home;
	bool json;
	int code = arguments_home(arguments, &home, &json);
	return code ? code : check_home(home, json);
}

const struct command command_check = {
    .name = "check",
    .summary = "audit a stopped validator's home from the genesis on",
    .description =
        "Verifies the checksum of every stored record, every final block, its payments' signatures and its finality,\n"
        "executes every payment again in a temporary ledger (in $TMPDIR, else in HOME), compares state roots, supply\n"
        "and the stored state, and looks for own votes that contradict each other. Exit code 7 where anything is not "
        "as it must be.",
    .options = options,
    .run = check_run,
};

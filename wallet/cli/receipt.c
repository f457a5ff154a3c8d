/* uncia receipt export and verify: the proof that a payment is final, or that it expired, as text. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "new_file.h"
#include "outcome.h"
#include "proof_text.h"
#include "verbs.h"

/* ---- export ---------------------------------------------------------------------------------- */

static bool write_receipt(FILE *file, const void *receipt)
{
	return fprintf(file, "%s\n", (const char *)receipt) >= 0;
}

/* Writes a proof where it is wanted: name is its member of the object. It is freed. Returns an exit code. */
static int export_text(const struct call *call, const struct uncia_payment *payment, const char *name, char *text)
{
	char id[UNCIA_ID_TEXT_SIZE];
	const char *path = call->value[OPTION_OUTPUT];
	uncia_payment_id_format(&payment->id, id);
	int code = path ? new_file_write(path, 0644, write_receipt, text) : 0;
	if (!code && call->json)
		code = cli_json_print(json_pack("{s:i,s:s,s:s}", "v", 1, "id", id, name, text));
	else if (!code && !path) {
		puts(text);
		code = cli_output_flush();
	}
	uncia_text_free(text);
	return code;
}

/* The proof that it expired, where it is this wallet's; the exit code says that it did, all the same. */
static int export_expiry(const struct call *call, const struct session *session, const struct uncia_payment *payment)
{
	char *text;
	int error = uncia_wallet_expiry(session->wallet, &payment->id, &text);
	int code = error ? 0 : export_text(call, payment, "expiry", text);
	if (!code && error && error != UNCIA_E_NOT_FOUND)
		cli_complain_error(error, "the proof that it expired");
	return code ? code : cli_complain(EXIT_EXPIRED, "the payment expired: it never happened");
}

static int export_receipt(const struct call *call, const struct session *session, const struct uncia_payment *payment)
{
	char *receipt;
	if (payment->state == UNCIA_PAYMENT_EXPIRED)
		return export_expiry(call, session, payment);
	if (payment->state != UNCIA_PAYMENT_FINAL) {
		int code = payment_exit_code(payment);
		return cli_complain(code, code == EXIT_PENDING
		                              ? "the payment is not final yet: there is no receipt"
		                              : "neither this wallet nor the network knows this payment");
	}
	int error = uncia_wallet_receipt(session->wallet, &payment->id, &receipt);
	return error ? cli_complain_error(error, "the receipt") : export_text(call, payment, "receipt", receipt);
}

static int run_export(const struct call *call)
{
	struct uncia_payment_id id;
	struct uncia_payment payment;
	struct session session;
	int code = payment_id_read(call, call->operands[0], &id);
	if (code)
		return code;
	code = session_open(call, true, QUERY_TIMEOUT_MS, &session);
	if (!code)
		code = payment_find(&session, &id, NO_DEADLINE, &payment);
	if (!code)
		code = export_receipt(call, &session, &payment);
	session_close(&session);
	return code;
}

/* ---- verify ---------------------------------------------------------------------------------- */

/* A proof that was verified: one of the two. */
struct proof {
	struct uncia_receipt *receipt;
	struct uncia_expiry *expiry;
};

static int proof_output(const struct proof *proof, uint32_t number, char to[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount)
{
	return proof->receipt ? uncia_receipt_output(proof->receipt, number, to, amount)
	                      : uncia_expiry_output(proof->expiry, number, to, amount);
}

static json_t *outputs_json(const struct proof *proof, uint32_t count)
{
	char to[UNCIA_ADDRESS_TEXT_SIZE];
	uint64_t amount;
	json_t *list = json_array();
	for (uint32_t i = 0; i < count && !proof_output(proof, i, to, &amount); i++)
		list = output_append(list, to, amount);
	return list;
}

static json_t *holds_json(const struct uncia_receipt *receipt, uint32_t count)
{
	struct uncia_hold hold = {.size = sizeof(hold)};
	char amount[UNCIA_AMOUNT_TEXT_SIZE];
	json_t *list = json_array();
	for (uint32_t i = 0; i < count && !uncia_receipt_hold(receipt, i, &hold); i++) {
		uncia_amount_format(hold.amount, amount);
		json_array_append_new(list, json_pack("{s:s,s:s,s:o,s:s}", "hold", hold.id, "home", hold.home, "end",
		                                      json_whole(hold.end), "amount", amount));
	}
	return list;
}

static int print_proof_json(const struct proof *proof, const struct uncia_payment *p, const char *currency)
{
	char id[UNCIA_ID_TEXT_SIZE], amount[UNCIA_AMOUNT_TEXT_SIZE], memo[2 * sizeof(p->memo_hash) + 1];
	uncia_payment_id_format(&p->id, id);
	uncia_amount_format(p->amount, amount);
	for (size_t i = 0; i < sizeof(p->memo_hash); i++)
		snprintf(memo + 2 * i, 3, "%02x", p->memo_hash[i]);
	const char *memo_hash = p->has_memo_hash ? memo : NULL;
	if (proof->expiry)
		return cli_json_print(json_pack("{s:i,s:b,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:s?}", "v", 1, "valid", true,
		                                "state", "expired", "id", id, "from", p->sender, "amount", amount,
		                                "currency", currency, "outputs", outputs_json(proof, p->output_count),
		                                "expires_at", json_whole(p->expires_at), "memo_hash", memo_hash));
	return cli_json_print(json_pack(
	    "{s:i,s:b,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:i,s:o,s:s?}", "v", 1, "valid", true, "state", "final", "id", id,
	    "from", p->sender, "amount", amount, "currency", currency, "outputs", outputs_json(proof, p->output_count),
	    "holds", holds_json(proof->receipt, p->hold_count), "height", json_whole(p->height), "index", (int)p->index,
	    "timestamp_ms", json_whole(p->timestamp_ms), "memo_hash", memo_hash));
}

static void print_holds(const struct uncia_receipt *receipt, uint32_t count)
{
	struct uncia_hold hold = {.size = sizeof(hold)};
	char text[UNCIA_AMOUNT_TEXT_SIZE], when[TIME_TEXT_SIZE];
	for (uint32_t i = 0; i < count && !uncia_receipt_hold(receipt, i, &hold); i++) {
		uncia_amount_format(hold.amount, text);
		time_format(hold.end * 1000, when);
		printf("  %s waited in %s until %s, then for %s\n", text, hold.id, when, hold.home);
	}
}

static int print_proof(const struct proof *proof, const struct uncia_payment *p, const char *currency)
{
	char id[UNCIA_ID_TEXT_SIZE], text[UNCIA_AMOUNT_TEXT_SIZE], to[UNCIA_ADDRESS_TEXT_SIZE], when[TIME_TEXT_SIZE];
	uint64_t amount;
	uncia_payment_id_format(&p->id, id);
	uncia_amount_format(p->amount, text);
	time_format(proof->expiry ? p->expires_at * 1000 : p->timestamp_ms, when);
	print_coloured(COLOUR_GOOD, "valid");
	printf(": %s %s from %s\n", text, currency, p->sender);
	for (uint32_t i = 0; i < p->output_count && !proof_output(proof, i, to, &amount); i++) {
		uncia_amount_format(amount, text);
		printf("  %s to %s\n", text, to);
	}
	if (proof->receipt)
		print_holds(proof->receipt, p->hold_count);
	if (proof->expiry)
		printf("expired at %s: it never happened and never will\nid %s\n", when, id);
	else
		printf("final at height %" PRIu64 ", %s\nid %s\n", p->height, when, id);
	return cli_output_flush();
}

/* Tells a text that was damaged on its way from one that is whole and proves nothing here. Returns the exit code. */
static int complain_proof(const struct uncia_network *network, int error)
{
	if (error == UNCIA_E_ENCODING)
		return cli_complain(EXIT_MISMATCH, "this is not a receipt: it does not begin with uncia:uncproof1, or "
		                                   "whoever made it made it wrong");
	if (error == UNCIA_E_CHANGED)
		return cli_complain(EXIT_MISMATCH,
		                    "the receipt was changed on the way, or cut: its parts do not fit together on "
		                    "network %s; ask for it again",
		                    uncia_network_name(network));
	if (error == UNCIA_E_NEWER)
		return cli_complain(EXIT_MISMATCH, "the receipt was %s", error_words(error));
	return cli_complain(EXIT_MISMATCH, "the receipt proves nothing on network %s: %s", uncia_network_name(network),
	                    error_words(error));
}

static int verify_proof(const struct call *call, const struct uncia_network *network, const char *text)
{
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct proof proof = {NULL, NULL};
	bool is_expiry = uncia_text_kind(text) == UNCIA_TEXT_EXPIRY;
	int error = is_expiry ? uncia_expiry_verify(network, text, &proof.expiry)
	                      : uncia_receipt_verify(network, text, &proof.receipt);
	if (error == UNCIA_E_MEMORY || error == UNCIA_E_LIBRARY)
		return cli_complain(EXIT_FAILED, "%s", error_words(error));
	if (error)
		return complain_proof(network, error);
	error =
	    is_expiry ? uncia_expiry_payment(proof.expiry, &payment) : uncia_receipt_payment(proof.receipt, &payment);
	const char *currency = uncia_network_currency(network);
	int code = error        ? cli_complain_error(error, "the receipt")
	           : call->json ? print_proof_json(&proof, &payment, currency)
	                        : print_proof(&proof, &payment, currency);
	uncia_receipt_free(proof.receipt);
	uncia_expiry_free(proof.expiry);
	return code;
}

static int run_verify(const struct call *call)
{
	const char *given = call->operands[0], *path;
	struct uncia_network *network = NULL;
	char *text = NULL;
	int code = network_open(call, &path, &network);
	if (!code)
		code = proof_text_read(given, &text);
	if (!code)
		code = verify_proof(call, network, text);
	if (code == EXIT_MISMATCH && call->json)
		cli_json_print(json_pack("{s:i,s:b}", "v", 1, "valid", false));
	free(text);
	uncia_network_free(network);
	return code;
}

static const struct poptOption export_options[] = {
    {"output", '\0', POPT_ARG_STRING, NULL, OPTION_OUTPUT, "Write it to this file, which must not exist", "FILE"},
    OPTIONS_GLOBAL};

const struct verb verb_receipt_export = {
    .name = "receipt export",
    .operands = "ID",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "write the receipt of a final payment",
    .description =
        "Writes a receipt as one line of text, uncia:uncproof1…, which anybody can verify offline. Of a\n"
        "payment of this wallet that expired it writes the proof of that, uncia:uncnever1…, with exit code 8.\n\n"
        "Exit codes: 3 where the payment is not final yet, 4 where nobody knows it, 6 where no validator can be\n"
        "reached and this wallet has not paid it, 8 where it expired.",
    .options = export_options,
    .run = run_export};

static const struct poptOption verify_options[] = {OPTIONS_GLOBAL};

const struct verb verb_receipt_verify = {
    .name = "receipt verify",
    .operands = "RECEIPT|-",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "verify a receipt, offline",
    .description =
        "Verifies a receipt, given as text, as a file, or with - on standard input; also one as earlier versions\n"
        "wrote it, and the proof that a payment expired. Needs no wallet and no connection, only the network\n"
        "file, of which its section [network] is enough.\n\n"
        "Line breaks, quote marks and blanks that a mail program or a messenger put into it do not matter.\n\n"
        "Exit codes: 0 where it proves the payment that is shown, 7 where it was changed on the way, or\n"
        "proves nothing.",
    .options = verify_options,
    .run = run_verify};

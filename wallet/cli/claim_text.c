/* See claim_text.h. */
#include "claim_text.h"
#include <stdio.h>
#include <string.h>
#include "secret.h"

#define CLAIM_READ_MAX 4096u

/* The claim that a text has, among other words: of several, the id of each one's payment is said, since the texts are
 * money. Returns an exit code, or, where there is none, 0. Out: *error: why the text is none, where it has none. */
static int claim_scan(const struct call *call, const uint8_t id[32], const char *text, struct uncia_claim *claim,
                      int *error)
{
	struct uncia_scan scan = {.size = sizeof(scan)};
	char opening[UNCIA_ID_TEXT_SIZE], openings[512] = "";
	unsigned found = 0;
	if (uncia_text_scan(text, id, &scan))
		return 0;
	for (uint32_t i = 0; i < scan.count; i++) {
		struct uncia_claim one = {.size = sizeof(one)};
		if (scan.texts[i].kind != UNCIA_TEXT_CLAIM)
			continue;
		int wrong = scan.texts[i].error;
		if (!wrong)
			wrong = uncia_claim_parse(id, scan.texts[i].text, &one);
		if (wrong || (found && !memcmp(&one, claim, sizeof(one)))) {
			*error = found ? *error : wrong; /* or the same one again, quoted */
			continue;
		}
		uncia_payment_id_format(&one.opening, opening);
		size_t used = strlen(openings);
		snprintf(openings + used, sizeof(openings) - used, "%s%.16s", found ? ", " : "", opening);
		*claim = one;
		*error = 0;
		found++;
		explicit_bzero(&one, sizeof(one));
	}
	uncia_scan_free(&scan);
	return found < 2
	           ? 0
	           : cli_complain_usage(call, "the text has %u claims, of the payments %s: give one of them alone",
	                                found, openings);
}

int claim_read(const struct call *call, const struct uncia_network *network, const char *given,
               struct uncia_claim *claim)
{
	char text[CLAIM_READ_MAX];
	uint8_t id[32];
	int code = 0;
	if (!given || !strcmp(given, "-"))
		code = secret_line_get(given ? NULL : "Claim: ", "the claim", text, sizeof(text));
	else if (strlen(given) >= sizeof(text))
		code = cli_complain_usage(call, "this is not a claim: it is too long");
	else
		strcpy(text, given);
	if (code)
		return code;
	uncia_network_id(network, id);
	int error = uncia_claim_parse(id, text, claim);
	if (error)
		code = claim_scan(call, id, text, claim, &error);
	explicit_bzero(text, sizeof(text));
	if (code)
		return code;
	if (error == UNCIA_E_NETWORK)
		return cli_complain(EXIT_MISMATCH, "the claim is for another network");
	if (error == UNCIA_E_NEWER)
		return cli_complain(EXIT_MISMATCH, "the claim was made by a newer program");
	return error ? cli_complain(EXIT_MISMATCH,
	                            "this is not a claim, or it was changed or cut on its way: ask for it again")
	             : 0;
}

int claim_match(const struct session *session, const struct uncia_claim *claim, struct found *found)
{
	struct uncia_payment opening = {.size = sizeof(opening)};
	struct uncia_address home;
	memcpy(found->key.seed, claim->seed, sizeof(found->key.seed));
	int error = uncia_receipt_payment(found->receipt, &opening);
	if (!error && memcmp(opening.id.b, claim->opening.b, sizeof(opening.id.b)) != 0)
		return cli_complain(EXIT_MISMATCH,
		                    "this is the receipt of another payment than the one that opened the "
		                    "claim");
	if (!error)
		error = uncia_receipt_find_hold(session->network, found->receipt, &found->key, &found->number);
	if (!error)
		error = found_opened(found);
	if (!error)
		error = uncia_address_parse(found->hold.home, &home);
	if (error || memcmp(home.account, claim->home, sizeof(home.account)) != 0)
		return cli_complain(EXIT_MISMATCH, "the payment that the claim names has put nothing under it");
	return 0;
}

int claim_find(struct session *session, const struct uncia_claim *claim, struct found *found, uint64_t deadline_us)
{
	int code = found_opening(session, found, &claim->opening, "claim", deadline_us);
	if (!code)
		code = claim_match(session, claim, found);
	if (code)
		return code;
	int error = found_look(session, found, deadline_us);
	return error ? cli_complain_error(error, "what is left of the claim") : 0;
}

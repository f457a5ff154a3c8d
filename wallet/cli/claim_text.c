/* See claim_text.h. */
#include "claim_text.h"
#include <string.h>
#include "secret.h"

#define CLAIM_READ_MAX 4096u

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
	explicit_bzero(text, sizeof(text));
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

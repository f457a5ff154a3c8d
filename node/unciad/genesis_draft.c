/* Checks the parts of a genesis, and says which of them is wrong. The rules themselves are proto's. */
#include "genesis_draft.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "keys.h"
#include "uncia/error.h"

int draft_add_validator(struct genesis_draft *draft, const struct validator *validator)
{
	assert(draft->validator_count <= COMMITTEE_SIZE_MAX && validator->weight > 0);
	if (draft->validator_count == COMMITTEE_SIZE_MAX)
		return command_error(EXIT_USAGE, "more than %u validators", COMMITTEE_SIZE_MAX);
	if (!sign_key_valid(validator->consensus_key))
		return command_error(EXIT_USAGE, "validator %u: its consensus key is not a valid Ed25519 key",
		                     draft->validator_count);
	for (uint32_t i = 0; i < draft->validator_count; i++) {
		const struct validator *other = &draft->validators[i];
		if (!memcmp(other->consensus_key, validator->consensus_key, 32) ||
		    !memcmp(other->network_key, validator->network_key, 32))
			return command_error(EXIT_USAGE, "validators %u and %u have a key in common", i,
			                     draft->validator_count);
	}
	draft->validators[draft->validator_count++] = *validator;
	return 0;
}

int draft_add_validator_text(struct genesis_draft *draft, const char *text)
{
	struct validator validator = {.weight = 1};
	size_t size = strlen(text);
	bool valid = size >= 129 && text[64] == ':' && (size == 129 || text[129] == ':') &&
	             hex_parse_32(text, 64, validator.consensus_key) &&
	             hex_parse_32(text + 65, 64, validator.network_key);
	if (!valid)
		return command_error(
		    EXIT_USAGE, "--validator %s: not CONSENSUSKEY:NETWORKKEY[:WEIGHT], as keygen prints them", text);
	if (size > 129 && !number_parse(text + 130, 1, (UINT64_C(1) << 62) - 1, &validator.weight))
		return command_error(EXIT_USAGE, "--validator %s: the weight is not a positive number", text);
	return draft_add_validator(draft, &validator);
}

int draft_add_account(struct genesis_draft *draft, const struct genesis_account *account)
{
	struct genesis_account *accounts = reallocarray(draft->accounts, draft->account_count + 1u, sizeof(*accounts));
	if (!accounts)
		return command_error(EXIT_FAILED, "out of memory");
	draft->accounts = accounts;
	accounts[draft->account_count++] = *account;
	return 0;
}

int draft_add_account_text(struct genesis_draft *draft, const char *text)
{
	struct destination destination;
	struct genesis_account account;
	char address[ADDRESS_TEXT_SIZE];
	const char *equals = strchr(text, '=');
	if (!equals || (size_t)(equals - text) >= sizeof(address))
		return command_error(EXIT_USAGE, "%s: not ADDRESS=AMOUNT", text);
	memcpy(address, text, (size_t)(equals - text));
	address[equals - text] = '\0';
	if (destination_read(address, &destination))
		return command_error(EXIT_USAGE, "%s: %s", address, uncia_error_text(UNCIA_E_ADDRESS));
	if (destination.has_reference)
		return command_error(EXIT_USAGE, "%s: this address has a reference; an account has none", address);
	if (amount_parse(equals + 1, &account.balance) || !account.balance)
		return command_error(EXIT_USAGE, "%s: %s", equals + 1, uncia_error_text(UNCIA_E_AMOUNT));
	account.address = destination.address;
	return draft_add_account(draft, &account);
}

static int check_texts(const struct genesis_draft *draft)
{
	assert(draft->name && draft->currency_code);
	size_t size = strlen(draft->name);
	bool valid = size >= 1 && size <= 32;
	for (size_t i = 0; i < size && valid; i++)
		valid = draft->name[i] >= ' ' && draft->name[i] <= '~';
	if (!valid)
		return command_error(EXIT_USAGE, "name '%s': not 1 to 32 printable ASCII characters", draft->name);
	size = strlen(draft->currency_code);
	if (size < 3 || size > 8 || draft->currency_code[strspn(draft->currency_code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return command_error(EXIT_USAGE, "currency '%s': not 3 to 8 letters A-Z", draft->currency_code);
	return 0;
}

static int compare_accounts(const void *a, const void *b)
{
	return memcmp(((const struct genesis_account *)a)->address.b, ((const struct genesis_account *)b)->address.b,
	              ADDRESS_SIZE);
}

static int check_accounts(const struct genesis_draft *draft)
{
	if (!draft->account_count)
		return 0;
	amount_t supply = 0;
	for (uint32_t i = 0; i < draft->account_count; i++) {
		if (draft->accounts[i].balance < draft->smallest_amount)
			return command_error(EXIT_USAGE, "an account holds less than the smallest amount");
		if (!amount_add(supply, draft->accounts[i].balance, &supply))
			return command_error(EXIT_USAGE, "the accounts hold more than an amount can be");
	}
	qsort(draft->accounts, draft->account_count, sizeof(*draft->accounts), compare_accounts);
	for (uint32_t i = 1; i < draft->account_count; i++) {
		if (compare_accounts(&draft->accounts[i - 1], &draft->accounts[i]))
			continue;
		struct destination destination = {.address = draft->accounts[i].address};
		char text[ADDRESS_TEXT_SIZE];
		destination_format(&destination, text);
		return command_error(EXIT_USAGE, "%s: the same address twice", text);
	}
	return 0;
}

/* Takes F and P as they are given. One that is not given becomes the most that W >= 3F + 2P + 1 leaves it, F first. */
static int choose_faults(const struct genesis_draft *draft, uint64_t *faulty, uint64_t *slow)
{
	uint64_t weight = 0;
	for (uint32_t i = 0; i < draft->validator_count; i++) {
		weight += draft->validators[i].weight;
		if (weight >> 62)
			return command_error(EXIT_USAGE, "the weights sum to 2^62 or more");
	}
	if (!weight)
		return command_error(EXIT_USAGE, "no validator");
	committee_default_faults(weight, faulty, slow);
	uint64_t room = weight - 1;
	if (draft->has_faulty)
		*faulty = draft->faulty;
	if (draft->has_slow) {
		*slow = draft->slow;
		if (!draft->has_faulty && *slow <= room / 2)
			*faulty = (room - 2 * *slow) / 3;
	} else if (draft->has_faulty && *faulty <= room / 3) {
		*slow = (room - 3 * *faulty) / 2;
	}
	if (*faulty > room / 3 || *slow > (room - 3 * *faulty) / 2)
		return command_error(EXIT_USAGE,
		                     "weights of %" PRIu64 " do not allow %" PRIu64 " faulty and %" PRIu64
		                     " slow: they must be at least 3 x faulty + 2 x slow + 1",
		                     weight, *faulty, *slow);
	return 0;
}

int draft_check(const struct genesis_draft *draft, uint64_t *faulty, uint64_t *slow)
{
	int code = check_texts(draft);
	if (!code)
		code = choose_faults(draft, faulty, slow);
	return code ? code : check_accounts(draft);
}

int draft_make(const struct genesis_draft *draft, struct genesis *genesis)
{
	uint64_t faulty = 0, slow = 0;
	int code = draft_check(draft, &faulty, &slow);
	if (!code && !draft->account_count)
		code = command_error(EXIT_USAGE, "no account: the supply would be nothing");
	if (code)
		return code;
	const struct genesis_parameters parameters = {
	    .name = draft->name,
	    .timestamp_ms = draft->timestamp_ms,
	    .currency_code = draft->currency_code,
	    .smallest_amount = draft->smallest_amount,
	    .validators = draft->validators,
	    .validator_count = draft->validator_count,
	    .faulty = faulty,
	    .slow = slow,
	    .accounts = draft->accounts,
	    .account_count = draft->account_count,
	};
	int error = genesis_make(genesis, &parameters);
	if (error)
		return command_error(error == UNCIA_E_MEMORY ? EXIT_FAILED : EXIT_USAGE,
		                     "no genesis can be made of this: %s", uncia_error_text(error));
	return 0;
}

void draft_deinit(struct genesis_draft *draft)
{
	free(draft->accounts);
}

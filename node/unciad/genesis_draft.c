/* Checks the parts of a genesis, and says which of them is wrong. The rules themselves are proto's. */
#include "genesis_draft.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clocks.h"
#include "command.h"
#include "keys.h"
#include "uncia/error.h"

#define AHEAD_MAX_MS        (UINT64_C(3600) * 1000)           /* clocks differ by less */
#define BEHIND_MAX_MS       (UINT64_C(30) * 24 * 3600 * 1000) /* everybody may make it anew from the same statement */
#define SUPPLY_SMALLEST_MIN 100u

int draft_add_validator(struct genesis_draft *draft, const struct validator *validator)
{
	assert(draft->validator_count <= COMMITTEE_SIZE_MAX && validator->weight > 0);
	if (draft->validator_count == COMMITTEE_SIZE_MAX)
		return command_error(EXIT_USAGE, "more than %u validators", COMMITTEE_SIZE_MAX);
	if (!sign_key_valid(validator->consensus_key))
		return command_error(EXIT_USAGE, "validator %u: its consensus key is not a valid Ed25519 key",
		                     draft->validator_count);
	if (!memcmp(validator->consensus_key, validator->network_key, 32))
		return command_error(EXIT_USAGE, "validator %u: its consensus key and its network key are the same",
		                     draft->validator_count);
	for (uint32_t i = 0; i < draft->validator_count; i++) {
		const struct validator *other = &draft->validators[i];
		if (!memcmp(other->consensus_key, validator->network_key, 32) ||
		    !memcmp(other->network_key, validator->consensus_key, 32))
			return command_error(EXIT_USAGE,
			                     "validators %u and %u: the consensus key of one is the network key of "
			                     "the other",
			                     i, draft->validator_count);
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

/* Whether the text has the form of an amount, however large: what amount_parse then refuses is too large. */
static bool has_form_of_amount(const char *text)
{
	size_t units = strspn(text, "0123456789"), decimals;
	if (text[units] != '.')
		return units && !text[units];
	decimals = strspn(text + units + 1, "0123456789");
	return units && decimals && decimals <= 6 && !text[units + 1 + decimals];
}

/* An amount above zero, in the value of --option, all of which is shown where it is none. */
static int take_amount(const char *option, const char *value, const char *text, amount_t *amount)
{
	char most[AMOUNT_TEXT_SIZE];
	int error = amount_parse(text, amount);
	if (!error && *amount)
		return 0;
	if (!error || !has_form_of_amount(text))
		return command_error(EXIT_USAGE, "--%s %s: %s", option, value, uncia_error_text(UNCIA_E_AMOUNT));
	amount_format(UINT64_MAX, most);
	return command_error(EXIT_USAGE, "--%s %s: more than an amount can be, which is %s", option, value, most);
}

int draft_take_smallest(struct genesis_draft *draft, const char *text)
{
	return take_amount("smallest", text, text, &draft->smallest_amount);
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

int draft_add_account_text(struct genesis_draft *draft, const char *option, const char *text)
{
	struct destination destination;
	struct genesis_account account;
	char address[ADDRESS_TEXT_SIZE];
	const char *equals = strchr(text, '=');
	if (!equals || (size_t)(equals - text) >= sizeof(address))
		return command_error(EXIT_USAGE, "--%s %s: not ADDRESS=AMOUNT", option, text);
	memcpy(address, text, (size_t)(equals - text));
	address[equals - text] = '\0';
	if (destination_read(address, &destination))
		return command_error(EXIT_USAGE, "--%s %s: %s", option, text, uncia_error_text(UNCIA_E_ADDRESS));
	if (destination.has_reference)
		return command_error(EXIT_USAGE, "--%s %s: this address has a reference; an account has none", option,
		                     text);
	account.address = destination.address;
	int code = take_amount(option, text, equals + 1, &account.balance);
	return code ? code : draft_add_account(draft, &account);
}

static int check_texts(const struct genesis_draft *draft)
{
	assert(draft->name && draft->currency_code);
	if (!network_name_ok(draft->name, strlen(draft->name)))
		return command_error(EXIT_USAGE,
		                     "name '%s': not 1 to 32 letters, digits, dots, hyphens, underscores and spaces, "
		                     "no space at an end",
		                     draft->name);
	if (!currency_code_ok(draft->currency_code, strlen(draft->currency_code)))
		return command_error(EXIT_USAGE, "currency '%s': not 3 to 8 letters A-Z", draft->currency_code);
	return 0;
}

static int compare_accounts(const void *a, const void *b)
{
	return memcmp(((const struct genesis_account *)a)->address.b, ((const struct genesis_account *)b)->address.b,
	              ADDRESS_SIZE);
}

static int refuse_account(const struct genesis_account *account, const char *why)
{
	struct destination destination = {.address = account->address};
	char text[ADDRESS_TEXT_SIZE];
	destination_format(&destination, text);
	return command_error(EXIT_USAGE, "%s: %s", text, why);
}

static int check_accounts(const struct genesis_draft *draft)
{
	if (!draft->account_count)
		return 0;
	amount_t supply = 0;
	for (uint32_t i = 0; i < draft->account_count; i++) {
		if (draft->accounts[i].balance < draft->smallest_amount)
			return refuse_account(&draft->accounts[i], "it holds less than the smallest amount");
		if (!amount_add(supply, draft->accounts[i].balance, &supply))
			return command_error(EXIT_USAGE, "the accounts hold more than an amount can be");
	}
	qsort(draft->accounts, draft->account_count, sizeof(*draft->accounts), compare_accounts);
	for (uint32_t i = 1; i < draft->account_count; i++) {
		if (compare_accounts(&draft->accounts[i - 1], &draft->accounts[i]))
			continue;
		return refuse_account(&draft->accounts[i], "the same address twice");
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
	if (!code && draft->timestamp_ms >= GENESIS_TIME_END_MS)
		code = command_error(EXIT_USAGE,
		                     "--timestamp %" PRIu64
		                     ": later than the expiry of any payment can be; it is counted in "
		                     "milliseconds since 1970",
		                     draft->timestamp_ms);
	if (!code)
		code = choose_faults(draft, faulty, slow);
	return code ? code : check_accounts(draft);
}

unsigned doubt_of_name(const char *name)
{
	return !strcmp(name, "time")       ? DOUBT_TIME
	       : !strcmp(name, "weights")  ? DOUBT_WEIGHTS
	       : !strcmp(name, "smallest") ? DOUBT_SMALLEST
	                                   : 0;
}

static int doubt_time(uint64_t timestamp_ms, uint64_t now_ms)
{
	char then[TIME_TEXT_SIZE], now[TIME_TEXT_SIZE];
	if (timestamp_ms >= now_ms ? timestamp_ms - now_ms <= AHEAD_MAX_MS : now_ms - timestamp_ms <= BEHIND_MAX_MS)
		return 0;
	clocks_format(timestamp_ms, then);
	clocks_format(now_ms, now);
	return command_error(EXIT_USAGE,
	                     "--timestamp %" PRIu64
	                     " is %s, and now it is %s: it is counted in milliseconds, and no payment "
	                     "expires before the clock has passed it (--allow time, if it is meant)",
	                     timestamp_ms, then, now);
}

static int doubt_weights(const struct genesis_draft *draft, uint64_t faulty)
{
	for (uint32_t i = 0; i < draft->validator_count && faulty; i++)
		if (draft->validators[i].weight > faulty)
			return command_error(EXIT_USAGE,
			                     "validator %u weighs %" PRIu64 ", and only %" PRIu64
			                     " may fail or lie: it alone is more "
			                     "than the network tolerates (--allow weights, if it is meant)",
			                     i, draft->validators[i].weight, faulty);
	return 0;
}

static int doubt_smallest(const struct genesis_draft *draft)
{
	amount_t supply = 0;
	char smallest[AMOUNT_TEXT_SIZE], all[AMOUNT_TEXT_SIZE];
	for (uint32_t i = 0; i < draft->account_count; i++)
		supply += draft->accounts[i].balance; /* draft_check: no overflow */
	if (supply / SUPPLY_SMALLEST_MIN >= draft->smallest_amount)
		return 0;
	amount_format(draft->smallest_amount, smallest);
	amount_format(supply, all);
	return command_error(
	    EXIT_USAGE,
	    "the smallest amount, %s, is more than a hundredth of the whole supply, %s (--allow smallest, if "
	    "it is meant)",
	    smallest, all);
}

int draft_doubt(const struct genesis_draft *draft, uint64_t faulty, uint64_t now_ms, unsigned allowed)
{
	int code = allowed & DOUBT_TIME ? 0 : doubt_time(draft->timestamp_ms, now_ms);
	if (!code && !(allowed & DOUBT_WEIGHTS))
		code = doubt_weights(draft, faulty);
	if (!code && !(allowed & DOUBT_SMALLEST))
		code = doubt_smallest(draft);
	return code;
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

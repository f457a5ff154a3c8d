/* Holds a genesis against the lines of its operators, their signatures and the network file. */
#include "genesis_check.h"
#include <stdio.h>
#include <string.h>
#include "clocks.h"
#include "command.h"
#include "home.h"
#include "network_file.h"

/* What is known of each validator. */
struct seat_report {
	const struct operator_line *line; /* NULL: none */
	bool line_agrees, signed_, listed;
	struct endpoint listed_at; /* in the network file */
};

struct check_report {
	const struct genesis_check *check;
	struct genesis genesis;
	struct seat_report seats[COMMITTEE_SIZE_MAX];
	uint32_t missing_lines, missing_signatures;
	bool wrong;
};

static bool find_seat(const struct genesis *genesis, const uint8_t consensus_key[PUBLIC_KEY_SIZE], uint32_t *at)
{
	for (uint32_t i = 0; i < genesis->committee.size; i++) {
		if (memcmp(genesis->committee.validators[i].consensus_key, consensus_key, PUBLIC_KEY_SIZE))
			continue;
		*at = i;
		return true;
	}
	return false;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* Whether the genesis says of validator `at` what its line says; says what it does not. */
static bool seat_agrees(const struct check_report *r, uint32_t at, const struct operator_line *line)
{
	const struct validator *v = &r->genesis.committee.validators[at];
	bool agrees = true;
	if (strcmp(line->name, r->genesis.name)) {
		command_error(
		    EXIT_MISMATCH,
		    "validator %u: its line is for the network '%s', and the genesis is of '%s': its operator "
		    "has not agreed to this name",
		    at, line->name, r->genesis.name);
		agrees = false;
	}
	if (memcmp(v->network_key, line->validator.network_key, 32)) {
		command_error(EXIT_MISMATCH,
		              "validator %u: the genesis has another network key than its line: have it made again of "
		              "the lines",
		              at);
		agrees = false;
	}
	if (v->weight != line->validator.weight) {
		command_error(
		    EXIT_MISMATCH,
		    "validator %u: it weighs %llu in the genesis, and %llu in its line: have it made again of "
		    "the lines",
		    at, (unsigned long long)v->weight, (unsigned long long)line->validator.weight);
		agrees = false;
	}
	return agrees;
}

static void check_lines(struct check_report *r)
{
	for (size_t i = 0; i < r->check->lines->count; i++) {
		const struct operator_line *line = &r->check->lines->items[i];
		char key[KEY_TEXT_SIZE];
		uint32_t at;
		if (!find_seat(&r->genesis, line->validator.consensus_key, &at)) {
			hex_format(line->validator.consensus_key, 32, key);
			command_error(
			    EXIT_MISMATCH,
			    "the line of key %.16s… (%s) is not in the genesis: have it made again with it, or "
			    "leave the line out",
			    key, line->host);
			r->wrong = true;
			continue;
		}
		r->seats[at].line = line;
		r->seats[at].line_agrees = seat_agrees(r, at, line);
		if (!r->seats[at].line_agrees)
			r->wrong = true;
	}
	for (uint32_t i = 0; r->check->has_lines && i < r->genesis.committee.size; i++)
		r->missing_lines += !r->seats[i].line;
}

/* ---- the network file ---------------------------------------------------------------------- */

static void check_address(struct check_report *r, uint32_t at)
{
	struct seat_report *seat = &r->seats[at];
	struct endpoint stated;
	char listed_text[ENDPOINT_TEXT_SIZE], stated_text[ENDPOINT_TEXT_SIZE];
	if (!seat->line)
		return;
	operator_line_endpoint(seat->line, &stated);
	if (endpoint_equal(&stated, &seat->listed_at))
		return;
	endpoint_format(&stated, stated_text);
	endpoint_format(&seat->listed_at, listed_text);
	command_error(EXIT_MISMATCH,
	              "%s: validator %u is at %s, and in its line at %s: put that into the file, or ask its operator "
	              "for a new line",
	              r->check->network, at, listed_text, stated_text);
	seat->line_agrees = false;
	r->wrong = true;
}

static int check_network(struct check_report *r)
{
	struct endpoint endpoints[COMMITTEE_SIZE_MAX] = {{.port = 0}};
	if (!r->check->network)
		return 0;
	int code = network_file_read(r->check->network, &r->genesis, endpoints);
	for (uint32_t i = 0; !code && i < r->genesis.committee.size; i++) {
		r->seats[i].listed = true;
		r->seats[i].listed_at = endpoints[i];
		check_address(r, i);
	}
	return code;
}

/* ---- signatures ---------------------------------------------------------------------------- */

/* Whose signature it is; false, having said why, where it is none of this genesis. */
static bool agreement_counts(const struct check_report *r, const struct agreement *agreement, uint32_t *at)
{
	char key[KEY_TEXT_SIZE], id[KEY_TEXT_SIZE];
	hex_format(agreement->consensus_key, 32, key);
	hex_format(agreement->network_id.b, HASH_SIZE, id);
	if (!agreement_holds(agreement))
		command_error(
		    EXIT_MISMATCH,
		    "the signature of key %.16s… does not hold: ask its operator to sign again (unciad genesis "
		    "sign)",
		    key);
	else if (!find_seat(&r->genesis, agreement->consensus_key, at))
		command_error(EXIT_MISMATCH, "key %.16s… has signed, and is no validator of this genesis: leave it out",
		              key);
	else if (!hash_equal(&agreement->network_id, &r->genesis.network_id))
		command_error(
		    EXIT_MISMATCH,
		    "validator %u has signed another genesis, %.16s…: compare the files, and have all sign the "
		    "same one",
		    *at, id);
	else
		return true;
	return false;
}

static void check_agreements(struct check_report *r)
{
	uint32_t at = 0;
	for (size_t i = 0; i < r->check->agreements->count; i++)
		if (agreement_counts(r, &r->check->agreements->items[i], &at))
			r->seats[at].signed_ = true;
		else
			r->wrong = true;
	for (uint32_t i = 0; r->check->has_agreements && i < r->genesis.committee.size; i++)
		r->missing_signatures += !r->seats[i].signed_;
}

/* ---- the report ---------------------------------------------------------------------------- */

/* "as stated", "missing", "differs", or "-" where no line was given. */
static const char *line_word(const struct check_report *r, const struct seat_report *seat)
{
	if (!seat->line)
		return r->check->has_lines ? "missing" : "-";
	return seat->line_agrees ? "as stated" : "differs";
}

static const char *signature_word(const struct check_report *r, const struct seat_report *seat)
{
	return seat->signed_ ? "signed" : r->check->has_agreements ? "not signed" : "-";
}

/* Where it listens: as its line says, else as the network file does. */
static void seat_address(const struct seat_report *seat, char text[ENDPOINT_TEXT_SIZE])
{
	struct endpoint endpoint = seat->listed_at;
	if (seat->line)
		operator_line_endpoint(seat->line, &endpoint);
	if (endpoint.port)
		endpoint_format(&endpoint, text);
	else
		strcpy(text, "-");
}

static void print_validators(const struct check_report *r)
{
	for (uint32_t i = 0; i < r->genesis.committee.size; i++) {
		const struct validator *v = &r->genesis.committee.validators[i];
		char key[KEY_TEXT_SIZE], address[ENDPOINT_TEXT_SIZE];
		hex_format(v->consensus_key, 32, key);
		seat_address(&r->seats[i], address);
		printf("validator %-3u key %.16s…  weight %llu  at %s  line: %s  signature: %s\n", i, key,
		       (unsigned long long)v->weight, address, line_word(r, &r->seats[i]),
		       signature_word(r, &r->seats[i]));
	}
}

static void print_accounts(const struct genesis *genesis)
{
	for (uint32_t i = 0; i < genesis->account_count; i++) {
		const struct destination destination = {.address = genesis->accounts[i].address};
		char address[ADDRESS_TEXT_SIZE], balance[AMOUNT_TEXT_SIZE];
		destination_format(&destination, address);
		amount_format(genesis->accounts[i].balance, balance);
		printf("account %s holds %s\n", address, balance);
	}
}

static int print_report(const struct check_report *r)
{
	const struct genesis *g = &r->genesis;
	char id[KEY_TEXT_SIZE], begins[TIME_TEXT_SIZE], smallest[AMOUNT_TEXT_SIZE], supply[AMOUNT_TEXT_SIZE];
	hex_format(g->network_id.b, HASH_SIZE, id);
	clocks_format(g->timestamp_ms, begins);
	amount_format(g->smallest_amount, smallest);
	amount_format(g->supply, supply);
	printf("network id  %s\nname        %s\nbegins      %s\nweights     sum to %llu; %llu faulty, %llu slow\n"
	       "supply      %s %s; smallest amount %s\n",
	       id, g->name, begins, (unsigned long long)g->committee.weight, (unsigned long long)g->committee.faulty,
	       (unsigned long long)g->committee.slow, supply, g->currency_code, smallest);
	print_accounts(g);
	print_validators(r);
	return command_flush();
}

static json_t *seat_object(const struct check_report *r, uint32_t i)
{
	const struct validator *v = &r->genesis.committee.validators[i];
	char key[KEY_TEXT_SIZE], address[ENDPOINT_TEXT_SIZE];
	hex_format(v->consensus_key, 32, key);
	seat_address(&r->seats[i], address);
	return json_pack("{s:s,s:I,s:s,s:s,s:b}", "consensus_key", key, "weight", (json_int_t)v->weight, "address",
	                 address, "line", line_word(r, &r->seats[i]), "signed", r->seats[i].signed_);
}

static int print_object(const struct check_report *r, int code)
{
	char id[KEY_TEXT_SIZE], supply[AMOUNT_TEXT_SIZE];
	json_t *validators = json_array();
	hex_format(r->genesis.network_id.b, HASH_SIZE, id);
	amount_format(r->genesis.supply, supply);
	for (uint32_t i = 0; i < r->genesis.committee.size; i++)
		json_array_append_new(validators, seat_object(r, i));
	return command_print_json(
	    json_pack("{s:i,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:o,s:i}", "v", 1, "network_id", id, "name", r->genesis.name,
	              "supply", supply, "faulty", (json_int_t)r->genesis.committee.faulty, "slow",
	              (json_int_t)r->genesis.committee.slow, "missing_lines", (json_int_t)r->missing_lines,
	              "missing_signatures", (json_int_t)r->missing_signatures, "validators", validators, "exit", code));
}

/* Says what is missing, by number. Returns the exit code of the whole. */
static int check_verdict(const struct check_report *r)
{
	for (uint32_t i = 0; i < r->genesis.committee.size; i++) {
		if (r->check->has_lines && !r->seats[i].line)
			command_error(EXIT_UNREACHABLE, "the line of validator %u is missing: ask its operator for it",
			              i);
		if (r->check->has_agreements && !r->seats[i].signed_)
			command_error(
			    EXIT_UNREACHABLE,
			    "validator %u has not signed: ask its operator for the text of  unciad genesis sign", i);
	}
	if (r->wrong)
		return EXIT_MISMATCH;
	return r->missing_lines || r->missing_signatures ? EXIT_UNREACHABLE : EXIT_DONE;
}

int genesis_check(const struct genesis_check *check)
{
	struct check_report r = {.check = check};
	int code = genesis_load(check->path, &r.genesis);
	if (code)
		return EXIT_FAILED; /* a file that is given is no stored one */
	check_lines(&r);
	code = check_network(&r);
	if (!code) {
		check_agreements(&r);
		code = check_verdict(&r);
		int printed = check->json ? print_object(&r, code) : print_report(&r);
		code = printed ? printed : code;
	}
	genesis_deinit(&r.genesis);
	return code;
}

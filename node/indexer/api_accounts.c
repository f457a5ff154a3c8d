/* Accounts and holds: what they have, what touched them, and what proves it. */
#include <stdlib.h>
#include <string.h>
#include "forms.h"
#include "payments_json.h"
#include "uncia/error.h"

/* What the subject names. */
static int entry_of_subject(const struct api_request *request, struct entry_id *id, json_t **body)
{
	if (form_read_entry(request->subject, id))
		return API_OK;
	return api_error(body, API_WRONG, "address",
	                 "an account is named by its address, a hold by hold: and 40 hexadecimal digits");
}

/* Columns 0 to 5 are what accounts and holds have alike. */
static json_t *entry_json(const struct api_request *request, const struct entry_id *id, const PGresult *result)
{
	struct bytes balance = result_bytes(result, 0, 1);
	amount_t amount;

	if (!numeric_read(balance.data, balance.size, &amount))
		return NULL;
	return json_pack(
	    "{s:s, s:o, s:b, s:o, s:s, s:I, s:I, s:I}", "kind", id->kind == ENTRY_HOLD ? "hold" : "account", "address",
	    form_entry(id), "lives", result_true(result, 0, 0), "balance", form_amount(amount), "currency",
	    request->known->genesis.currency_code, "payments", (json_int_t)result_number(result, 0, 2), "touches",
	    (json_int_t)result_number(result, 0, 3), "last_height", (json_int_t)result_number(result, 0, 4));
}

static json_t *account_json(const struct api_request *request, const struct entry_id *id, const PGresult *result)
{
	json_t *object = entry_json(request, id, result);
	struct bytes key = result_bytes(result, 0, 6);

	if (object &&
	    (json_object_set_new(object, "created", json_integer((json_int_t)result_number(result, 0, 5))) ||
	     json_object_set_new(object, "public_key", key.size ? form_hex(key.data, key.size) : json_null()))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *hold_json(const struct api_request *request, const struct entry_id *id, const PGresult *result)
{
	json_t *object = entry_json(request, id, result);
	struct bytes opened_with = result_bytes(result, 0, 6), home = result_bytes(result, 0, 7),
	             payment = result_bytes(result, 0, 10);
	struct entry_id home_id = {.kind = ENTRY_ACCOUNT};
	amount_t amount;

	if (!object || home.size != ADDRESS_SIZE || !numeric_read(opened_with.data, opened_with.size, &amount)) {
		json_decref(object);
		return NULL;
	}
	memcpy(home_id.address.b, home.data, ADDRESS_SIZE);
	const char *state = result_true(result, 0, 0) ? "open" : result_true(result, 0, 9) ? "taken" : "returned";
	json_t *more = json_pack("{s:o, s:o, s:I, s:I, s:s, s:o}", "amount", form_amount(amount), "home",
	                         form_entry(&home_id), "end", (json_int_t)result_number(result, 0, 8), "created",
	                         (json_int_t)result_number(result, 0, 5), "state", state, "opened_by",
	                         form_hex(payment.data, payment.size));
	int failed = !more || json_object_update(object, more);
	json_decref(more);
	if (failed) {
		json_decref(object);
		return NULL;
	}
	return object;
}

#define ACCOUNT_QUERY                                                                                                  \
	"select lives, balance, payments, touches, last_height, created, public_key from accounts where address = $1"
#define HOLD_QUERY                                                                                                     \
	"select h.lives, h.balance, h.payments, h.touches, h.last_height, h.opened_height, h.amount, h.home, h.ends,"  \
	" h.taken, p.id from holds h join payments p on p.height = h.opened_height and p.index = h.opened_index"       \
	" where h.id = $1"

int api_account(const struct api_request *request, json_t **body)
{
	struct entry_id id;
	PGresult *result;

	int status = entry_of_subject(request, &id, body);
	if (status != API_OK)
		return status;
	const struct parameter parameter = {id.address.b, ADDRESS_SIZE};
	int error = database_query(request->database, id.kind == ENTRY_HOLD ? HOLD_QUERY : ACCOUNT_QUERY, &parameter, 1,
	                           &result);
	if (error)
		return api_database_error(body, request->database, error);
	if (!PQntuples(result))
		status = api_error(body, API_NOT_FOUND, "not_found",
		                   id.kind == ENTRY_HOLD
		                       ? "no hold of that id was ever opened, as far as is indexed here"
		                       : "nothing was ever paid to or by that address, as far as is indexed here");
	else
		*body = json_pack("{s:i, s:o}", "v", 1, "account",
		                  id.kind == ENTRY_HOLD ? hold_json(request, &id, result)
		                                        : account_json(request, &id, result));
	PQclear(result);
	return status;
}

int api_account_payments(const struct api_request *request, json_t **body)
{
	struct position before = {INT64_MAX, 0};
	uint8_t height[8], index[4], kind[2], count[8];
	struct entry_id id;
	PGresult *result;
	uint64_t limit;

	if (!form_read_limit(request->limit, &limit))
		return api_error(body, API_WRONG, "limit", "limit is a number from 1 to %u", API_PAGE_MAX);
	if (request->before && !form_read_place(request->before, &before))
		return api_error(body, API_WRONG, "before", "before is HEIGHT.INDEX, as next says");
	int status = entry_of_subject(request, &id, body);
	if (status != API_OK)
		return status;
	const struct parameter parameters[] = {parameter_smallint(kind, id.kind),
	                                       {id.address.b, ADDRESS_SIZE},
	                                       parameter_bigint(height, before.height),
	                                       parameter_integer(index, before.index),
	                                       parameter_bigint(count, limit + 1)};
	int error = database_query(
	    request->database,
	    "select " PAYMENT_COLUMNS " from (select height, index from touches where kind = $1 and entry = $2"
	    " and (height, index) < ($3::bigint, $4::integer) order by height desc, index desc limit $5) t"
	    " join payments p using (height, index) join blocks b using (height)"
	    " order by p.height desc, p.index desc",
	    parameters, 5, &result);
	if (error)
		return api_database_error(body, request->database, error);
	status = payments_answer(request, result, &id, limit, body);
	PQclear(result);
	return status;
}

int api_account_proof(const struct api_request *request, json_t **body)
{
	char why[VALIDATOR_WHY_SIZE];
	struct entry_id id;
	struct entry_answer answer;

	int status = entry_of_subject(request, &id, body);
	if (status != API_OK)
		return status;
	int error = request->link ? validator_ask_entry(request->link, &id, &answer, why) : UNCIA_E_UNREACHABLE;
	if (error == UNCIA_E_NOT_FOUND)
		return api_error(body, API_NOT_FOUND, "not_found", "a validator says that there is no such entry now");
	if (error)
		return api_error(body, API_UNAVAILABLE, "validator", "no validator has given a proof: %s",
		                 request->link ? why : "none is known here");
	size_t encoded = sodium_base64_ENCODED_LEN(answer.proof_size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = malloc(encoded);
	if (text) {
		sodium_bin2base64(text, encoded, answer.proof, answer.proof_size,
		                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		*body = json_pack("{s:i, s:s, s:I, s:o, s:I}", "v", 1, "proof", text, "height",
		                  (json_int_t)answer.state.height, "balance", form_amount(answer.state.entry.balance),
		                  "payments", (json_int_t)answer.state.entry.payments);
	}
	free(text);
	free(answer.proof);
	return API_OK;
}

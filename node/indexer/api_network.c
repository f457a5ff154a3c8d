/* What there is to know of the network itself, and what a text is that somebody looks for. */
#include <string.h>
#include "forms.h"
#include "uncia/error.h"
#include "uncia/version.h"

int api_status(const struct api_request *request, json_t **body)
{
	const struct genesis *genesis = &request->known->genesis;
	struct standing standing;

	standing_copy(request->standing, &standing);
	json_t *why = *standing.why ? json_string(standing.why) : NULL;
	*body = json_pack("{s:i, s:s, s:o?, s:s, s:o, s:s, s:s, s:I, s:o, s:I, s:I, s:I}", "v", 1, "state",
	                  standing_word(standing.state), "why", why, "network", genesis->name, "network_id",
	                  form_hex(genesis->network_id.b, HASH_SIZE), "currency", genesis->currency_code, "version",
	                  UNCIA_VERSION, "height", (json_int_t)standing.cursor.height, "block_id",
	                  form_hex(standing.cursor.id.b, HASH_SIZE), "timestamp_ms",
	                  (json_int_t)standing.cursor.timestamp_ms, "validator_height", (json_int_t)standing.tip_height,
	                  "genesis_timestamp_ms", (json_int_t)genesis->timestamp_ms);
	return API_OK;
}

static json_t *amount_of(const PGresult *result, int row, int column)
{
	struct bytes bytes = result_bytes(result, row, column);
	amount_t amount;

	return numeric_read(bytes.data, bytes.size, &amount) ? form_amount(amount) : NULL;
}

int api_currencies(const struct api_request *request, json_t **body)
{
	json_t *list = json_array();
	PGresult *result;

	int error =
	    database_query(request->database, "select number, code, supply, smallest from currencies order by number",
	                   NULL, 0, &result);
	if (error) {
		json_decref(list);
		return api_database_error(body, request->database, error);
	}
	for (int row = 0; list && row < PQntuples(result); row++) {
		struct bytes code = result_bytes(result, row, 1);
		json_array_append_new(list,
		                      json_pack("{s:i, s:s%, s:o, s:o}", "number", (int)result_number(result, row, 0),
		                                "code", (const char *)code.data, code.size, "supply",
		                                amount_of(result, row, 2), "smallest", amount_of(result, row, 3)));
	}
	PQclear(result);
	*body = json_pack("{s:i, s:o}", "v", 1, "currencies", list);
	return API_OK;
}

/* A weight is no amount, and too large for some readers of JSON: a text of digits. */
static json_t *api_weight_of(const PGresult *result, int row, int column)
{
	struct bytes bytes = result_bytes(result, row, column);
	uint64_t weight;

	return numeric_read(bytes.data, bytes.size, &weight) ? json_sprintf("%llu", (unsigned long long)weight) : NULL;
}

static json_t *validators_json(const PGresult *result, uint64_t epoch)
{
	json_t *list = json_array();

	for (int row = 0; list && row < PQntuples(result); row++) {
		struct bytes key = result_bytes(result, row, 2), network_key = result_bytes(result, row, 3);
		if (result_number(result, row, 0) == epoch)
			json_array_append_new(list, json_pack("{s:i, s:o, s:o, s:o}", "number",
			                                      (int)result_number(result, row, 1), "consensus_key",
			                                      form_hex(key.data, key.size), "network_key",
			                                      form_hex(network_key.data, network_key.size), "weight",
			                                      api_weight_of(result, row, 4)));
	}
	return list;
}

int api_committee(const struct api_request *request, json_t **body)
{
	json_t *list = json_array();
	PGresult *committees, *validators = NULL;

	int error =
	    database_query(request->database,
	                   "select epoch, from_height, hash, weight, faulty, slow from committees order by epoch desc",
	                   NULL, 0, &committees);
	if (!error) {
		error = database_query(
		    request->database,
		    "select epoch, number, consensus_key, network_key, weight from validators order by epoch, number",
		    NULL, 0, &validators);
		if (error)
			PQclear(committees);
	}
	if (error) {
		json_decref(list);
		return api_database_error(body, request->database, error);
	}
	for (int row = 0; list && row < PQntuples(committees); row++) {
		struct bytes hash = result_bytes(committees, row, 2);
		uint64_t epoch = result_number(committees, row, 0);
		json_array_append_new(list, json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "epoch", (json_int_t)epoch,
		                                      "from_height", (json_int_t)result_number(committees, row, 1),
		                                      "hash", form_hex(hash.data, hash.size), "weight",
		                                      api_weight_of(committees, row, 3), "faulty",
		                                      api_weight_of(committees, row, 4), "slow",
		                                      api_weight_of(committees, row, 5), "validators",
		                                      validators_json(validators, epoch)));
	}
	PQclear(committees);
	PQclear(validators);
	*body = json_pack("{s:i, s:o}", "v", 1, "committees", list);
	return API_OK;
}

/* ---- search ---- */

static int search_found(json_t **body, const char *kind, json_t *name)
{
	*body = json_pack("{s:i, s:s, s:o}", "v", 1, "kind", kind, "name", name);
	return API_OK;
}

/* A payment or a block of an id. */
static int search_id(const struct api_request *request, const uint8_t id[HASH_SIZE], json_t **body)
{
	const struct parameter parameter = {id, HASH_SIZE};
	PGresult *result;

	int error =
	    database_query(request->database,
	                   "select 1 from payments where id = $1 union all select 2 from blocks where id = $1 limit 1",
	                   &parameter, 1, &result);
	if (error)
		return api_database_error(body, request->database, error);
	uint64_t found = PQntuples(result) ? result_number(result, 0, 0) : 0;
	PQclear(result);
	if (!found)
		return api_error(body, API_NOT_FOUND, "not_found", "no final payment and no final block has that id");
	return search_found(body, found == 1 ? "payment" : "block", form_hex(id, HASH_SIZE));
}

int api_search(const struct api_request *request, json_t **body)
{
	uint8_t id[HASH_SIZE];
	struct entry_id entry;
	uint64_t height;

	if (!request->q || !*request->q)
		return api_error(body, API_WRONG, "q", "q is what is looked for: a height, an id, an address");
	if (form_read_number(request->q, INT64_MAX, &height))
		return search_found(body, "block", json_sprintf("%llu", (unsigned long long)height));
	if (form_read_id(request->q, id))
		return search_id(request, id, body);
	if (form_read_entry(request->q, &entry))
		return search_found(body, "account", form_entry(&entry));
	return api_error(body, API_NOT_FOUND, "not_found",
	                 "that is no height, no id of a payment or a block, no address and no hold");
}

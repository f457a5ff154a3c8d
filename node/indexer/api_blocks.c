/* Blocks out of the tables. */
#include <string.h>
#include "forms.h"
#include "payments_json.h"

#define BLOCK_COLUMNS "header, certificate is not null"

/* A block by its header; the header is what was checked when it came. NULL: the row is none, or memory has ended. */
static json_t *block_json(const PGresult *result, int row)
{
	struct bytes bytes = result_bytes(result, row, 0);
	struct header h;

	if (header_decode(bytes.data, bytes.size, &h))
		return NULL;
	return json_pack("{s:I, s:o, s:o, s:I, s:I, s:I, s:i, s:i, s:o, s:o, s:o, s:b}", "height", (json_int_t)h.height,
	                 "id", form_hex(h.id.b, HASH_SIZE), "parent_id", form_hex(h.parent_id.b, HASH_SIZE), "epoch",
	                 (json_int_t)h.epoch, "view", (json_int_t)h.view, "timestamp_ms", (json_int_t)h.timestamp_ms,
	                 "proposer", (int)h.proposer, "payments", (int)h.payment_count, "payments_root",
	                 form_hex(h.payments_root.b, HASH_SIZE), "parent_state_root",
	                 form_hex(h.parent_state_root.b, HASH_SIZE), "committee_hash",
	                 form_hex(h.committee_hash.b, HASH_SIZE), "certified", result_true(result, row, 1));
}

/* A list of blocks, and where it goes on. */
static int blocks_answer(const PGresult *result, uint64_t limit, json_t **body)
{
	json_t *list = json_array();

	for (int row = 0; list && row < PQntuples(result) && (uint64_t)row < limit; row++) {
		if (json_array_append_new(list, block_json(result, row))) {
			json_decref(list);
			return api_error(body, API_FAILED, "database", "a row of table blocks holds no block");
		}
	}
	json_t *next = NULL;
	if (list && (uint64_t)PQntuples(result) > limit)
		next = json_incref(json_object_get(json_array_get(list, (size_t)limit - 1), "height"));
	*body = json_pack("{s:i, s:o, s:o?}", "v", 1, "blocks", list, "next", next);
	return API_OK;
}

int api_blocks(const struct api_request *request, json_t **body)
{
	uint64_t limit, before = INT64_MAX;
	uint8_t bytes[2][8];
	PGresult *result;

	if (!form_read_limit(request->limit, &limit))
		return api_error(body, API_WRONG, "limit", "limit is a number from 1 to %u", API_PAGE_MAX);
	if (request->before && !form_read_number(request->before, INT64_MAX, &before))
		return api_error(body, API_WRONG, "before", "before is a height");
	if (request->with && strcmp(request->with, "payments"))
		return api_error(body, API_WRONG, "with", "with is payments, or left out");
	const struct parameter parameters[] = {parameter_bigint(bytes[0], before),
	                                       parameter_bigint(bytes[1], limit + 1)};
	int error = database_query(
	    request->database,
	    request->with ? "select " BLOCK_COLUMNS " from blocks where payments > 0 and height < $1"
	                    " order by height desc limit $2"
	                  : "select " BLOCK_COLUMNS " from blocks where height < $1 order by height desc limit $2",
	    parameters, 2, &result);
	if (error)
		return api_database_error(body, request->database, error);
	int status = blocks_answer(result, limit, body);
	PQclear(result);
	return status;
}

/* The height that a subject names, by itself or by a block's id. Returns API_OK, or the answer's status. */
static int block_height_of(const struct api_request *request, json_t **body, uint64_t *height)
{
	uint8_t id[HASH_SIZE];
	PGresult *result;

	if (form_read_number(request->subject, INT64_MAX, height))
		return API_OK;
	if (!form_read_id(request->subject, id))
		return api_error(body, API_WRONG, "block",
		                 "a block is named by its height, or by its id in 64 hexadecimal digits");
	const struct parameter parameter = {id, sizeof(id)};
	int error =
	    database_query(request->database, "select height from blocks where id = $1", &parameter, 1, &result);
	if (error)
		return api_database_error(body, request->database, error);
	bool found = PQntuples(result) > 0;
	if (found)
		*height = result_number(result, 0, 0);
	PQclear(result);
	return found ? API_OK : api_error(body, API_NOT_FOUND, "not_found", "no final block has that id");
}

int api_block(const struct api_request *request, json_t **body)
{
	uint8_t bytes[8];
	PGresult *result;
	uint64_t height;

	int status = block_height_of(request, body, &height);
	if (status != API_OK)
		return status;
	const struct parameter parameter = parameter_bigint(bytes, height);
	int error = database_query(request->database, "select " BLOCK_COLUMNS " from blocks where height = $1",
	                           &parameter, 1, &result);
	if (error)
		return api_database_error(body, request->database, error);
	if (PQntuples(result))
		*body = json_pack("{s:i, s:o}", "v", 1, "block", block_json(result, 0));
	else
		status = api_error(body, API_NOT_FOUND, "not_found", "no final block has that height yet");
	PQclear(result);
	return status;
}

int api_block_payments(const struct api_request *request, json_t **body)
{
	uint64_t height, limit, after = 0;
	uint8_t bytes[8], from[4], count[8];
	PGresult *result;

	if (!form_read_limit(request->limit, &limit))
		return api_error(body, API_WRONG, "limit", "limit is a number from 1 to %u", API_PAGE_MAX);
	if (request->after && !form_read_number(request->after, BLOCK_PAYMENTS_MAX, &after))
		return api_error(body, API_WRONG, "after", "after is the number of a payment in the block");
	int status = block_height_of(request, body, &height);
	if (status != API_OK)
		return status;
	const struct parameter parameters[] = {parameter_bigint(bytes, height),
	                                       parameter_integer(from, request->after ? (uint32_t)after + 1 : 0),
	                                       parameter_bigint(count, limit + 1)};
	int error = database_query(request->database,
	                           "select " PAYMENT_COLUMNS " from payments p join blocks b using (height)"
	                           " where p.height = $1 and index >= $2 order by index limit $3",
	                           parameters, 3, &result);
	if (error)
		return api_database_error(body, request->database, error);
	status = payments_answer(request, result, NULL, limit, body);
	PQclear(result);
	return status;
}

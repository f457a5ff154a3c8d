/* Payments by id, their receipts, and the newest of all. */
#include <stdlib.h>
#include <string.h>
#include "forms.h"
#include "payments_json.h"
#include "receipt.h"
#include "uncia/error.h"

int api_payments(const struct api_request *request, json_t **body)
{
	struct position before = {INT64_MAX, 0};
	uint8_t height[8], index[4], count[8];
	PGresult *result;
	uint64_t limit;

	if (!form_read_limit(request->limit, &limit))
		return api_error(body, API_WRONG, "limit", "limit is a number from 1 to %u", API_PAGE_MAX);
	if (request->before && !form_read_place(request->before, &before))
		return api_error(body, API_WRONG, "before", "before is HEIGHT.INDEX, as next says");
	const struct parameter parameters[] = {parameter_bigint(height, before.height),
	                                       parameter_integer(index, before.index),
	                                       parameter_bigint(count, limit + 1)};
	int error =
	    database_query(request->database,
	                   "select " PAYMENT_COLUMNS " from (select height, index, signed from payments where"
	                   " (height, index) < ($1::bigint, $2::integer) order by height desc, index desc limit $3) p"
	                   " join blocks b using (height) order by p.height desc, p.index desc",
	                   parameters, 3, &result);
	if (error)
		return api_database_error(body, request->database, error);
	int status = payments_answer(request, result, NULL, limit, body);
	PQclear(result);
	return status;
}

/* The row of the payment that the subject names. Returns API_OK, with a result of one row, or the answer's status. */
static int payment_row_of(const struct api_request *request, json_t **body, PGresult **result)
{
	uint8_t id[HASH_SIZE];

	if (!form_read_id(request->subject, id))
		return api_error(body, API_WRONG, "payment", "a payment is named by its id, in 64 hexadecimal digits");
	const struct parameter parameter = {id, sizeof(id)};
	int error =
	    database_query(request->database,
	                   "select " PAYMENT_COLUMNS " from payments p join blocks b using (height) where p.id = $1",
	                   &parameter, 1, result);
	if (error)
		return api_database_error(body, request->database, error);
	if (PQntuples(*result))
		return API_OK;
	PQclear(*result);
	return api_error(body, API_NOT_FOUND, "not_found", "no payment of that id is final, as far as is indexed here");
}

int api_payment(const struct api_request *request, json_t **body)
{
	PGresult *result = NULL;

	int status = payment_row_of(request, body, &result);
	if (status != API_OK)
		return status;
	struct position at = {result_number(result, 0, 0), (uint32_t)result_number(result, 0, 1)};
	struct payment *payment = payment_of_row(request, result, 0);
	if (payment)
		*body = json_pack("{s:i, s:o}", "v", 1, "payment",
		                  indexed_payment_json(request, payment, &at, result_number(result, 0, 3), NULL, true));
	else
		status = api_error(body, API_FAILED, "database", "a row of table payments holds no payment");
	payment_free(payment);
	PQclear(result);
	return status;
}

/* ---- receipts ---- */

/* What makes a block final: its header, those that follow it, and the certificate of the last. */
struct receipt_chain {
	struct header *headers; /* the block's own first */
	const struct header *descendants[RECEIPT_DESCENDANTS_MAX];
	PGresult *result;
	struct receipt_proof proof;
};

static void receipt_chain_free(struct receipt_chain *chain)
{
	free(chain->headers);
	PQclear(chain->result);
}

/* Returns API_OK or the answer's status. */
static int receipt_chain_read(const struct api_request *request, uint64_t height, struct receipt_chain *chain,
                              json_t **body)
{
	uint8_t bytes[8];
	const struct parameter parameter = parameter_bigint(bytes, height);

	int error =
	    database_query(request->database,
	                   "select header, certificate from blocks where height >= $1 and height <= coalesce((select"
	                   " height from blocks where height >= $1 and height <= $1 + 256 and certificate is not null"
	                   " order by height limit 1), -1) order by height",
	                   &parameter, 1, &chain->result);
	if (error)
		return api_database_error(body, request->database, error);
	int rows = PQntuples(chain->result);
	if (!rows || rows > (int)RECEIPT_DESCENDANTS_MAX + 1)
		return api_error(
		    body, API_UNAVAILABLE, "no_proof",
		    "the payment is final, and the certificate that proves it is not here yet: ask again in a second");
	chain->headers = calloc((size_t)rows, sizeof(*chain->headers));
	if (!chain->headers)
		return api_error(body, API_UNAVAILABLE, "busy", "out of memory");
	for (int row = 0; row < rows; row++) {
		struct bytes header = result_bytes(chain->result, row, 0);
		if (header_decode(header.data, header.size, &chain->headers[row]))
			return api_error(body, API_FAILED, "database", "a row of table blocks holds no block");
		if (row)
			chain->descendants[row - 1] = &chain->headers[row];
	}
	chain->proof =
	    (struct receipt_proof){chain->descendants, (size_t)rows - 1, result_bytes(chain->result, rows - 1, 1)};
	return API_OK;
}

/* All payments of the block, and their tree. Returns API_OK or the answer's status. */
static int receipt_block_read(const struct api_request *request, const struct header *header, struct block *block,
                              json_t **body)
{
	uint8_t bytes[8];
	const struct parameter parameter = parameter_bigint(bytes, header->height);
	PGresult *result;

	int error = database_query(request->database,
	                           "select height, index, signed from payments where height = $1 order by index",
	                           &parameter, 1, &result);
	if (error)
		return api_database_error(body, request->database, error);
	block->header = *header;
	block->payments = calloc((size_t)PQntuples(result) + 1, sizeof(struct payment *));
	bool whole = block->payments;
	for (int row = 0; whole && row < PQntuples(result); row++) {
		block->payments[row] = payment_of_row(request, result, row);
		whole = block->payments[row];
		block->count += whole;
	}
	PQclear(result);
	if (whole)
		block->tree = block_tree(block->payments, block->count);
	/* A row that was changed or is missing would make receipts that prove nothing. */
	if (block->tree && block->count == header->payment_count &&
	    hash_equal(merkle_root(block->tree, block->count), &header->payments_root))
		return API_OK;
	return api_error(body, API_FAILED, "database",
	                 "the payments of that block are not those that its header states");
}

static int receipt_body(const struct api_request *request, const struct block *block, uint32_t index,
                        const struct receipt_chain *chain, json_t **body)
{
	uint8_t *bytes = NULL;
	char *text = NULL;
	size_t size;

	int error = receipt_make(block, index, &chain->proof, &bytes, &size);
	if (!error)
		error = receipt_format(&request->known->genesis.network_id, bytes, size, &text);
	if (!error)
		*body = json_pack("{s:i, s:s, s:I, s:i, s:i}", "v", 1, "receipt", text, "height",
		                  (json_int_t)block->header.height, "index", (int)index, "descendants",
		                  (int)chain->proof.descendant_count);
	free(bytes);
	free(text);
	return error
	           ? api_error(body, API_UNAVAILABLE, "no_proof", "no receipt can be made: %s", uncia_error_text(error))
	           : API_OK;
}

int api_receipt(const struct api_request *request, json_t **body)
{
	struct receipt_chain chain = {0};
	struct block *block = calloc(1, sizeof(*block));
	PGresult *result = NULL;
	uint32_t index = 0;

	if (!block)
		return api_error(body, API_UNAVAILABLE, "busy", "out of memory");
	int status = payment_row_of(request, body, &result);
	if (status == API_OK) {
		index = (uint32_t)result_number(result, 0, 1);
		status = receipt_chain_read(request, result_number(result, 0, 0), &chain, body);
		PQclear(result);
	}
	if (status == API_OK)
		status = receipt_block_read(request, &chain.headers[0], block, body);
	if (status == API_OK)
		status = receipt_body(request, block, index, &chain, body);
	receipt_chain_free(&chain);
	block_free(block);
	return status;
}

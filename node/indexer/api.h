/* The API under /api/v1 (docs/explorer.md): what is asked, and what is answered. Each function below answers one kind
 * of question out of the tables. Threads: any, each with a request of its own. */
#ifndef API_H
#define API_H
#include <jansson.h>
#include "database.h"
#include "known.h"
#include "standing.h"
#include "validator_link.h"

#define API_PAGE_DEFAULT 20u
#define API_PAGE_MAX     100u
#define API_TEXT_MAX     200u /* of a path's part, or a value behind the question mark */

/* HTTP's status codes that are answered. */
enum api_status {
	API_OK = 200,
	API_WRONG = 400,
	API_NOT_FOUND = 404,
	API_METHOD = 405,
	API_FAILED = 500,
	API_UNAVAILABLE = 503,
};

struct api_request {
	const struct known_network *known;
	struct database *database; /* a reader; NULL where the question needs none */
	struct standing *standing;
	struct validator_link *link; /* to validators, for proofs of balances */
	const char *subject;         /* what the path names: a height, an id, an address; NULL: nothing */
	const char *before;          /* the values behind the question mark; NULL: not given */
	const char *after, *limit, *q, *with;
};

/* Each fills *body (owned by the caller; NULL: memory has ended), and returns an enum api_status. For what is not 200
 * it is made by api_error. */
typedef int api_answer(const struct api_request *request, json_t **body);

/* How the indexing stands, and of which network. Needs no database. */
api_answer api_status;
/* Blocks, newest first: before=HEIGHT, limit, with=payments. */
api_answer api_blocks;
/* The block of a height or an id. */
api_answer api_block;
/* The payments of a block, in their order: after=INDEX, limit. */
api_answer api_block_payments;
/* The newest payments: before=HEIGHT.INDEX, limit. */
api_answer api_payments;
/* The payment of an id. */
api_answer api_payment;
/* Its receipt, made of the tables. */
api_answer api_receipt;
/* The account of an address, or the hold of "hold:" and 40 hexadecimal digits. */
api_answer api_account;
/* The payments that touched it, newest first: before=HEIGHT.INDEX, limit. */
api_answer api_account_payments;
/* The proof of its balance, asked of a validator. */
api_answer api_account_proof;
/* The currencies, with their supply. */
api_answer api_currencies;
/* The committees, with their validators. */
api_answer api_committee;
/* What a text is: q. */
api_answer api_search;

#endif

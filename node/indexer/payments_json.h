/* Payments of the tables as JSON. Threads: any. */
#ifndef PAYMENTS_JSON_H
#define PAYMENTS_JSON_H
#include "api.h"
#include "entry_id.h"
#include "payment.h"
#include "storage_view.h"

/* What is selected of `payments p join blocks b using (height)` for the functions below. */
#define PAYMENT_COLUMNS "p.height, p.index, p.signed, b.timestamp_ms"

/* The payment of a row, decoded of the bytes that its sender signed. NULL: the row holds none. Owns: payment_free. */
struct payment *payment_of_row(const struct api_request *request, const PGresult *result, int row);
/* One payment, whole or (whole = false) with its first outputs and holds only. seen_by: an account or a hold; what it
 * got and gave by the payment is in `received` and `sent`. NULL: by nobody. Returns NULL where memory ends. */
json_t *indexed_payment_json(const struct api_request *request, const struct payment *payment,
                             const struct position *at, uint64_t timestamp_ms, const struct entry_id *seen_by,
                             bool whole);
/* The answer {"v":1,"payments":[…],"next":…} of a result that has one row more than `limit` where there are more. */
int payments_answer(const struct api_request *request, const PGresult *result, const struct entry_id *seen_by,
                    uint64_t limit, json_t **body);

#endif

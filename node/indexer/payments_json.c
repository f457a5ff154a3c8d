/* Payments, outputs and holds as JSON, read from the very bytes that were signed. */
#include "payments_json.h"
#include <string.h>
#include "forms.h"

#define OUTPUTS_IN_LIST 3u

struct payment *payment_of_row(const struct api_request *request, const PGresult *result, int row)
{
	struct bytes bytes = result_bytes(result, row, 2);
	struct payment *payment;

	return payment_decode(&request->known->genesis.network_id, bytes.data, bytes.size, &payment) ? NULL : payment;
}

/* The address as people pass it on, with its reference. */
static json_t *output_destination(const struct output *output)
{
	struct destination destination = {.address = output->to, .has_reference = output->has_reference};
	char text[ADDRESS_TEXT_SIZE];

	memcpy(destination.reference, output->reference, REFERENCE_SIZE);
	destination_format(&destination, text);
	return json_string(text);
}

static json_t *listed_outputs_json(const struct payment *p, uint32_t count)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < count; i++) {
		const struct output *output = &p->outputs[i];
		struct entry_id to = account_id(&output->to);
		json_t *reference = output->has_reference ? form_hex(output->reference, REFERENCE_SIZE) : NULL;
		if (json_array_append_new(list, json_pack("{s:o, s:o, s:o?, s:o}", "address", form_entry(&to),
		                                          "destination", output_destination(output), "reference",
		                                          reference, "amount", form_amount(output->amount)))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *listed_holds_json(const struct payment *p, uint32_t count)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < count; i++) {
		const struct hold_opening *hold = &p->holds[i];
		struct entry_id id = {ENTRY_HOLD, hold->id},
		                home = account_id(hold->has_home ? &hold->home : &p->sender);
		if (json_array_append_new(list,
		                          json_pack("{s:o, s:o, s:o, s:I, s:o}", "id", form_entry(&id), "home",
		                                    form_entry(&home), "lock", form_hex(hold->lock.b, HASH_SIZE), "end",
		                                    (json_int_t)hold->end, "amount", form_amount(hold->amount)))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* What the payment has brought to an account or a hold, and what it has taken. */
static void payment_part(const struct payment *p, const struct entry_id *id, amount_t *received, amount_t *sent)
{
	struct entry_id sender;

	*received = 0;
	*sent = payment_named(p, 0, &sender) && entry_id_equal(&sender, id) ? p->total : 0;
	for (uint32_t i = 0; i < p->output_count; i++)
		if (id->kind == ENTRY_ACCOUNT && address_equal(&p->outputs[i].to, &id->address))
			*received += p->outputs[i].amount; /* no more than the total, which is checked */
	for (uint32_t i = 0; i < p->hold_count; i++)
		if (id->kind == ENTRY_HOLD && address_equal(&p->holds[i].id, &id->address))
			*received += p->holds[i].amount;
}

static int indexed_payment_json_seen(json_t *object, const struct payment *p, const struct entry_id *seen_by)
{
	amount_t received, sent;

	if (!object || !seen_by)
		return 0;
	payment_part(p, seen_by, &received, &sent);
	return json_object_set_new(object, "received", form_amount(received)) ||
	       json_object_set_new(object, "sent", form_amount(sent));
}

json_t *indexed_payment_json(const struct api_request *request, const struct payment *p, const struct position *at,
                             uint64_t timestamp_ms, const struct entry_id *seen_by, bool whole)
{
	static const char *const kinds[] = {
	    [PAYMENT_TRANSFER] = "transfer", [PAYMENT_TAKE] = "take", [PAYMENT_GIVE_BACK] = "give_back"};
	uint32_t outputs = whole || p->output_count < OUTPUTS_IN_LIST ? p->output_count : OUTPUTS_IN_LIST;
	uint32_t holds = whole || p->hold_count < OUTPUTS_IN_LIST ? p->hold_count : OUTPUTS_IN_LIST;
	struct entry_id sender;

	payment_named(p, 0, &sender);
	json_t *memo_hash = p->has_memo_hash ? form_hex(p->memo_hash, MEMO_HASH_SIZE) : NULL;
	json_t *key = payment_is_signed(p) ? form_hex(p->public_key, PUBLIC_KEY_SIZE) : NULL;
	json_t *object = json_pack("{s:o, s:I, s:i, s:o, s:I, s:s, s:o, s:o, s:s, s:i, s:o, s:i, s:o, s:o?, s:I, s:o?}",
	                           "id", form_hex(p->id.b, sizeof(p->id.b)), "height", (json_int_t)at->height, "index",
	                           (int)at->index, "place", form_place(at), "timestamp_ms", (json_int_t)timestamp_ms,
	                           "kind", kinds[p->kind], "sender", form_entry(&sender), "amount",
	                           form_amount(p->total), "currency", request->known->genesis.currency_code,
	                           "output_count", (int)p->output_count, "outputs", listed_outputs_json(p, outputs),
	                           "hold_count", (int)p->hold_count, "holds", listed_holds_json(p, holds), "memo_hash",
	                           memo_hash, "expires", (json_int_t)p->expires_at, "public_key", key);
	if (indexed_payment_json_seen(object, p, seen_by)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

int payments_answer(const struct api_request *request, const PGresult *result, const struct entry_id *seen_by,
                    uint64_t limit, json_t **body)
{
	json_t *list = json_array(), *next = NULL;

	for (int row = 0; list && row < PQntuples(result) && (uint64_t)row < limit; row++) {
		struct position at = {result_number(result, row, 0), (uint32_t)result_number(result, row, 1)};
		struct payment *payment = payment_of_row(request, result, row);
		json_t *object =
		    payment ? indexed_payment_json(request, payment, &at, result_number(result, row, 3), seen_by, false)
		            : NULL;
		payment_free(payment);
		if (json_array_append_new(list, object)) {
			json_decref(list);
			return api_error(body, API_FAILED, "database", "a row of table payments holds no payment");
		}
		if ((uint64_t)PQntuples(result) > limit && (uint64_t)row + 1 == limit)
			next = form_place(&at);
	}
	*body = json_pack("{s:i, s:o, s:o?}", "v", 1, "payments", list, "next", next);
	return API_OK;
}

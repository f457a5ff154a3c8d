/* What is kept of payments that are final: their receipts as text, and, in a home that was restored from its words, the
 * outbox that an earlier home had. */
#include <stdlib.h>
#include <string.h>
#include "history.h"
#include "outbox.h"
#include "receipt.h"
#include "wallet.h"

static int receipt_bytes(const struct uncia_wallet *w, const struct payment_id *id, uint8_t **bytes, size_t *size)
{
	const uint8_t *found = NULL;
	const struct tracked *t = tracked_find(w, id);
	if (t != NULL && t->record.state == UNCIA_PAYMENT_FINAL) {
		if (t->record.own && t->record.receipt == NULL)
			return outbox_receipt(w, t, bytes, size);
		found = t->record.receipt;
		*size = t->record.receipt_size;
	}
	for (size_t i = 0; found == NULL && i < w->history->count; i++) {
		if (memcmp(w->history->receipts[i]->payment->id.b, id->b, sizeof(id->b)) == 0) {
			found = w->history->receipts[i]->bytes;
			*size = w->history->receipts[i]->size;
		}
	}
	if (found == NULL)
		return UNCIA_E_NOT_FOUND;
	if ((*bytes = malloc(*size + 1)) == NULL)
		return UNCIA_E_MEMORY;
	memcpy(*bytes, found, *size);
	return 0;
}

int uncia_wallet_receipt(const struct uncia_wallet *w, const struct uncia_payment_id *id, char **text)
{
	struct payment_id key;
	uint8_t *bytes;
	size_t size;
	if (w == NULL || id == NULL || text == NULL)
		return UNCIA_E_ARGUMENT;
	memcpy(key.b, id->b, sizeof(key.b));
	int result = receipt_bytes(w, &key, &bytes, &size);
	if (result != 0)
		return result;
	result = receipt_format(bytes, size, text);
	free(bytes);
	return result;
}

int uncia_wallet_recall(struct uncia_wallet *w)
{
	int result = wallet_usable(w);
	if (result == 0 && !w->history->has_page)
		result = UNCIA_E_NOT_FOUND;
	for (size_t i = 0; result == 0 && i < w->history->count; i++)
		if (memcmp(w->history->receipts[i]->payment->sender.b, w->address.b, ADDRESS_SIZE) == 0)
			result = outbox_recall(w, w->history->receipts[i]);
	return result;
}

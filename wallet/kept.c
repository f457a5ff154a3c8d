/* Receipts of final payments as text, from outbox, queries and history. */
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
	const struct ended *ended = archive_find_id(w, id);
	if (t && tracked_shown(w, t) != t->record.state) /* its end is not durable yet */
		return UNCIA_E_NOT_FOUND;
	if (ended && ended->state == UNCIA_PAYMENT_FINAL)
		return outbox_receipt(w, ended->nonce, bytes, size);
	if (t && t->record.state == UNCIA_PAYMENT_FINAL) {
		if (t->record.own && !t->record.receipt)
			return outbox_receipt(w, t->record.payment->nonce, bytes, size);
		found = t->record.receipt;
		*size = t->record.receipt_size;
	}
	for (size_t i = 0; !found && i < w->history->count; i++) {
		if (memcmp(w->history->receipts[i]->payment->id.b, id->b, sizeof(id->b)) == 0) {
			found = w->history->receipts[i]->bytes;
			*size = w->history->receipts[i]->size;
		}
	}
	if (!found)
		return UNCIA_E_NOT_FOUND;
	if (!(*bytes = malloc(*size + 1)))
		return UNCIA_E_MEMORY;
	memcpy(*bytes, found, *size);
	return 0;
}

int uncia_wallet_receipt(const struct uncia_wallet *w, const struct uncia_payment_id *id, char **text)
{
	struct payment_id key;
	uint8_t *bytes;
	size_t size;
	int rc = wallet_readable(w);
	if (!rc && (!id || !text))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	memcpy(key.b, id->b, sizeof(key.b));
	rc = receipt_bytes(w, &key, &bytes, &size);
	if (rc)
		return rc;
	rc = receipt_format(&w->network_id, bytes, size, text);
	free(bytes);
	return rc;
}

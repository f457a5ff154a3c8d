/* Payments as they are stored: the message PaymentRecord, and what of it is in memory. */
#include "record.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "fields.h"
#include "missing.h"
#include "utf8.h"

int record_decode(const void *data, size_t size, struct arena *arena, const Uncia__Pb__PaymentRecord **record)
{
	ProtobufCMessage *message;
	arena_init(arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__payment_record__descriptor, data, size, arena, &message);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
	*record = (const Uncia__Pb__PaymentRecord *)message;
	return 0;
}

int record_encode(const struct record *r, enum uncia_payment_state state, struct bytes receipt, uint8_t **data,
                  size_t *size)
{
	Uncia__Pb__PaymentRecord record = UNCIA__PB__PAYMENT_RECORD__INIT;
	size_t count = state == UNCIA_PAYMENT_EXPIRED ? r->expiry_count : 0;
	assert(r->payment && state != UNCIA_PAYMENT_UNKNOWN);
	assert(state != UNCIA_PAYMENT_FINAL || receipt.size != 0);
	Uncia__Pb__Blob *blobs = calloc(count + 1, sizeof(*blobs));
	Uncia__Pb__Blob **pointers = calloc(count + 1, sizeof(void *));
	int rc = UNCIA_E_MEMORY;
	if (blobs && pointers) {
		for (size_t i = 0; i < count; i++) {
			blobs[i] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
			blobs[i].data = field_of(r->expiries[i].bytes, r->expiries[i].size);
			pointers[i] = &blobs[i];
		}
		record.version = RECORD_VERSION;
		record.payment = field_of(r->payment->bytes, r->payment->size);
		record.made_ms = r->made_ms;
		if (r->memo)
			record.memo = field_of(r->memo, strlen(r->memo));
		if (r->tag)
			record.tag = field_of(r->tag, r->tag_size);
		record.state = state;
		record.n_expiries = count;
		record.expiries = count == 0 ? NULL : pointers;
		if (state == UNCIA_PAYMENT_FINAL) {
			record.receipt = field_of(receipt.data, receipt.size);
			record.height = r->height;
			record.timestamp_ms = r->timestamp_ms;
			record.index = r->index;
		}
		rc = canonical_encode(&record.base, data, size);
	}
	free(blobs);
	free(pointers);
	return rc;
}

/* Copies the record's memo. One that may not be shown is left out: no text stops a payment.
 * Out: *memo, NULL for none. */
static int record_memo(const Uncia__Pb__PaymentRecord *record, char **memo)
{
	*memo = NULL;
	if (record->memo.len == 0 || record->memo.len >= UNCIA_MEMO_SIZE)
		return 0;
	*memo = strndup((const char *)record->memo.data, record->memo.len);
	if (!*memo)
		return UNCIA_E_MEMORY;
	if (!utf8_is_plain(*memo)) {
		free(*memo);
		*memo = NULL;
	}
	return 0;
}

/* The same of the tag. Out: *tag, NULL for none. */
static int record_tag(const Uncia__Pb__PaymentRecord *record, uint8_t **tag, size_t *size)
{
	*tag = NULL;
	*size = 0;
	if (record->tag.len == 0 || record->tag.len > UNCIA_TAG_SIZE)
		return 0;
	*tag = malloc(record->tag.len);
	if (!*tag)
		return UNCIA_E_MEMORY;
	memcpy(*tag, record->tag.data, record->tag.len);
	*size = record->tag.len;
	return 0;
}

int record_take_notes(const Uncia__Pb__PaymentRecord *stored, struct record *r)
{
	int rc = record_memo(stored, &r->memo);
	if (rc)
		return rc;
	rc = record_tag(stored, &r->tag, &r->tag_size);
	if (rc) {
		free(r->memo);
		r->memo = NULL;
	}
	return rc;
}

void record_free_notes(struct record *r)
{
	free(r->memo);
	free(r->tag);
	r->memo = NULL;
	r->tag = NULL;
	r->tag_size = 0;
}

int record_keep_notes(struct record *r, const struct notes *notes)
{
	if (notes && notes->memo && !(r->memo = strdup(notes->memo)))
		return UNCIA_E_MEMORY;
	if (!notes || !notes->tag)
		return 0;
	assert(notes->tag_size != 0 && notes->tag_size <= UNCIA_TAG_SIZE);
	if (!(r->tag = malloc(notes->tag_size)))
		return UNCIA_E_MEMORY;
	memcpy(r->tag, notes->tag, notes->tag_size);
	r->tag_size = notes->tag_size;
	return 0;
}

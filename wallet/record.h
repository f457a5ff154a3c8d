/* Payments as they are stored: outbox.c puts them into blobs, archive.c many into one. */
#ifndef RECORD_H
#define RECORD_H
#include "arena.h"
#include "canonical.h"
#include "storage.pb-c.h"
#include "tracked.h"

#define RECORD_VERSION 1

/* Decodes a record into the arena, which the caller frees, also on failure. Returns 0; UNCIA_E_DAMAGED;
 * UNCIA_E_MEMORY. */
int record_decode(const void *data, size_t size, struct arena *arena, const Uncia__Pb__PaymentRecord **record);
/* Encodes r's record as it is in `state`, with `receipt` where that is FINAL. Returns 0 or UNCIA_E_MEMORY. Owns: *data,
 * by free(). */
int record_encode(const struct record *r, enum uncia_payment_state state, struct bytes receipt, uint8_t **data,
                  size_t *size);

/* Copies memo and tag of a stored record into r, which has none. Those that may not be shown are left out: no text
 * stops a payment. Returns 0; UNCIA_E_MEMORY: and nothing is there. */
int record_take_notes(const Uncia__Pb__PaymentRecord *stored, struct record *r);
/* The same of those of a new payment, or NULL. Returns 0; UNCIA_E_MEMORY: and some may be there. */
int record_keep_notes(struct record *r, const struct notes *notes);
void record_free_notes(struct record *r);

#endif

/* A receipt that was verified, and payments as the host sees them. */
#ifndef RECEIPTS_H
#define RECEIPTS_H
#include <uncia/uncia.h>
#include "payment.h"

struct uncia_receipt {
	struct payment *payment;
	uint64_t height, timestamp_ms;
	uint32_t index;
	uint8_t *bytes;
	size_t size;
};

/* Verifies and copies. Returns 0; UNCIA_E_MEMORY; what receipt_verify does. Owns: uncia_receipt_free. */
int receipt_open(const struct uncia_network *network, const uint8_t *bytes, size_t size,
                 struct uncia_receipt **receipt);
/* Fills what a decoded payment says: sender, to, output_count, amount, memo_hash, expires_at, id, detailed. */
void payment_describe(const struct payment *payment, struct uncia_payment *info);
/* A hold's id as text: "hold:" and 40 hexadecimal digits. It is no address, and must not be taken for one. */
void hold_format(const struct address *id, char text[UNCIA_ADDRESS_TEXT_SIZE]);
void output_describe(const struct output *output, char address[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount);

#endif

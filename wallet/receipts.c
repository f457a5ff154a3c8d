/* Receipts as the host sees them; proto/receipt.c verifies. */
#include "receipts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "network.h"
#include "receipt.h"

void output_describe(const struct output *output, char address[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount)
{
	struct destination to = {.address = output->to, .has_reference = output->has_reference};
	memcpy(to.reference, output->reference, REFERENCE_SIZE);
	destination_format(&to, address);
	*amount = output->amount;
}

void hold_format(const struct address *id, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	size_t at = (size_t)snprintf(text, UNCIA_ADDRESS_TEXT_SIZE, "hold:");
	sodium_bin2hex(text + at, UNCIA_ADDRESS_TEXT_SIZE - at, id->b, ADDRESS_SIZE);
}

void payment_describe(const struct payment *payment, struct uncia_payment *info)
{
	struct destination sender = {.address = payment->sender};
	uint64_t amount;
	memcpy(info->id.b, payment->id.b, sizeof(info->id.b));
	info->detailed = true;
	if (payment->kind == PAYMENT_TRANSFER)
		destination_format(&sender, info->sender);
	else
		hold_format(&payment->sender, info->sender);
	if (payment->output_count)
		output_describe(&payment->outputs[0], info->to, &amount);
	else
		hold_format(&payment->holds[0].id, info->to);
	info->output_count = payment->output_count;
	info->hold_count = payment->hold_count;
	info->amount = payment->total;
	info->has_memo_hash = payment->has_memo_hash;
	if (payment->has_memo_hash)
		memcpy(info->memo_hash, payment->memo_hash, MEMO_HASH_SIZE);
	info->expires_at = payment->expires_at;
}

int receipt_open(const struct uncia_network *network, const uint8_t *bytes, size_t size, struct uncia_receipt **receipt)
{
	struct receipt verified;
	struct uncia_receipt *opened = calloc(1, sizeof(*opened));
	uint8_t *copy = malloc(size + 1);
	int rc = !opened || !copy ? UNCIA_E_MEMORY
	                          : receipt_verify(&network->genesis.committee, &network->genesis.network_id, bytes,
	                                           size, &verified);
	if (rc) {
		free(opened);
		free(copy);
		return rc;
	}
	memcpy(copy, bytes, size);
	*opened = (struct uncia_receipt){.network_id = network->genesis.network_id,
	                                 .payment = verified.payment,
	                                 .height = verified.header.height,
	                                 .timestamp_ms = verified.header.timestamp_ms,
	                                 .index = verified.index,
	                                 .bytes = copy,
	                                 .size = size};
	*receipt = opened;
	return 0;
}

int uncia_receipt_verify(const struct uncia_network *network, const char *text, struct uncia_receipt **receipt)
{
	uint8_t *bytes;
	size_t size;
	if (!network || !text || !receipt)
		return UNCIA_E_ARGUMENT;
	int rc = receipt_parse(&network->genesis.network_id, text, &bytes, &size);
	if (rc)
		return rc;
	rc = receipt_open(network, bytes, size, receipt);
	if (rc == UNCIA_E_ENCODING || rc == UNCIA_E_PROOF || rc == UNCIA_E_SIGNATURE) {
		int kind = receipt_examine(&network->genesis.committee, &network->genesis.network_id, bytes, size);
		rc = kind ? kind : rc == UNCIA_E_ENCODING ? UNCIA_E_CHANGED : rc;
	}
	free(bytes);
	return rc;
}

/* An address, or what hold_format writes. */
static int balance_owner(const char *whose, struct entry_id *id)
{
	struct destination destination;
	static const char hold[] = "hold:";
	size_t size;

	if (strncmp(whose, hold, strlen(hold)) == 0) {
		const char *digits = whose + strlen(hold);
		id->kind = ENTRY_HOLD;
		bool read = strlen(digits) == (size_t)2 * ADDRESS_SIZE &&
		            !sodium_hex2bin(id->address.b, ADDRESS_SIZE, digits, strlen(digits), NULL, &size, NULL) &&
		            size == ADDRESS_SIZE;
		return read ? 0 : UNCIA_E_ADDRESS;
	}
	int rc = destination_read(whose, &destination);
	if (!rc)
		*id = account_id(&destination.address);
	return rc;
}

int uncia_balance_verify(const struct uncia_network *network, const char *whose, const uint8_t *proof, size_t size,
                         uint64_t *balance, uint64_t *height)
{
	struct account_state state;
	struct entry_id id;

	if (!network || !whose || !proof || !balance || !height)
		return UNCIA_E_ARGUMENT;
	int rc = balance_owner(whose, &id);
	if (!rc)
		rc = entry_proof_verify(&network->genesis.committee, &network->genesis.network_id, &id, proof, size,
		                        &state);
	if (rc)
		return rc;
	*balance = state.entry.balance;
	*height = state.height;
	return 0;
}

void uncia_receipt_free(struct uncia_receipt *receipt)
{
	if (!receipt)
		return;
	payment_free(receipt->payment);
	free(receipt->bytes);
	free(receipt);
}

int uncia_receipt_payment(const struct uncia_receipt *receipt, struct uncia_payment *payment)
{
	if (!receipt || !payment || payment->size != sizeof(*payment))
		return UNCIA_E_ARGUMENT;
	*payment = (struct uncia_payment){.size = sizeof(*payment), .state = UNCIA_PAYMENT_FINAL};
	payment_describe(receipt->payment, payment);
	payment->height = receipt->height;
	payment->timestamp_ms = receipt->timestamp_ms;
	payment->index = receipt->index;
	return 0;
}

int uncia_receipt_output(const struct uncia_receipt *receipt, uint32_t number, char address[UNCIA_ADDRESS_TEXT_SIZE],
                         uint64_t *amount)
{
	if (!receipt || !address || !amount || number >= receipt->payment->output_count)
		return UNCIA_E_ARGUMENT;
	output_describe(&receipt->payment->outputs[number], address, amount);
	return 0;
}

int uncia_receipt_hold(const struct uncia_receipt *receipt, uint32_t number, struct uncia_hold *hold)
{
	if (!receipt || !hold || hold->size != sizeof(*hold) || number >= receipt->payment->hold_count)
		return UNCIA_E_ARGUMENT;
	const struct hold_opening *opened = &receipt->payment->holds[number];
	*hold = (struct uncia_hold){.size = sizeof(*hold), .end = opened->end, .amount = opened->amount};
	hold_format(&opened->id, hold->id);
	destination_format(&(struct destination){.address = opened->home}, hold->home);
	return 0;
}

int uncia_receipt_text(const struct uncia_receipt *receipt, char **text)
{
	if (!receipt || !text)
		return UNCIA_E_ARGUMENT;
	return receipt_format(&receipt->network_id, receipt->bytes, receipt->size, text);
}

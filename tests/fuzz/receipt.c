/* Receipts, with forged signatures granted: what is accepted must still hang together by its hashes. */
#include "receipt.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fixture *f = fuzz_network();
	struct receipt receipt;

	if (receipt_verify(&f->genesis.committee, &f->genesis.network_id, data, size, &receipt))
		return 0;
	assert(receipt.index < receipt.header.payment_count && receipt.header.epoch == f->genesis.committee.epoch);
	assert(fuzz_signature_holds(receipt.payment->signature));
	payment_free(receipt.payment);
	return 0;
}

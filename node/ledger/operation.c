/* The table of operations. */
#include "operation.h"
#include <assert.h>

static const struct operation *const operations[OPERATION_KINDS] = {
    [OPERATION_TRANSFER] = &operation_transfer,
};

/* A decoded payment is a transfer: payment.h has no other kind, and so no field that says which. */
const struct operation *operation_of(const struct payment *payment)
{
	const enum operation_kind kind = OPERATION_TRANSFER;

	(void)payment;
	assert(operations[kind]->kind == kind);
	return operations[kind];
}

/* The table of operations. */
#include "operation.h"
#include <assert.h>

static const struct operation *const operations[OPERATION_KINDS] = {
    [OPERATION_TRANSFER] = &operation_transfer,
    [OPERATION_TAKE] = &operation_take,
    [OPERATION_GIVE_BACK] = &operation_give_back,
};

static enum operation_kind kind_of(const struct payment *payment)
{
	switch (payment->kind) {
	case PAYMENT_TAKE:
		return OPERATION_TAKE;
	case PAYMENT_GIVE_BACK:
		return OPERATION_GIVE_BACK;
	case PAYMENT_TRANSFER:
		break;
	}
	return OPERATION_TRANSFER;
}

const struct operation *operation_of(const struct payment *payment)
{
	const enum operation_kind kind = kind_of(payment);

	assert(operations[kind]->kind == kind);
	return operations[kind];
}

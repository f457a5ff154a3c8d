/* What waits for the host to acknowledge it, and the places where it stands. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "events.h"
#include "wallet.h"
#include "watching.h"

uint64_t watching_number(const struct watching *x, uint64_t number)
{
	return x->epoch << 32 | (number & UINT32_MAX);
}

struct watching_place watching_place_of(const struct watching_proof *proof)
{
	bool counted = proof->exists && proof->entry.payments != ENTRY_PAYMENTS_FULL;
	return (struct watching_place){.height = proof->height,
	                               .index = WATCHING_WHOLE,
	                               .counted = counted,
	                               .created = counted ? proof->entry.created : 0,
	                               .payments = counted ? proof->entry.payments : 0};
}

/* Where the k-th of those that were read stands, the oldest first. */
struct watching_place watching_place_read(const struct watching *x, size_t k)
{
	const struct uncia_receipt *receipt = x->read[x->read_count - 1 - k];
	/* In the block that created it the account may have had two lives. */
	bool counted = x->counted && x->goal.entry.created < receipt->height;
	return (struct watching_place){.height = receipt->height,
	                               .index = receipt->index,
	                               .counted = counted,
	                               .created = counted ? x->goal.entry.created : 0,
	                               .payments = counted ? x->known.payments + 1 + (uint32_t)k : 0};
}

bool watching_told_reserve(struct watching *x, size_t more)
{
	size_t capacity = x->told_count + more;
	if (capacity <= x->told_capacity)
		return true;
	struct watching_told *told = realloc(x->told, capacity * sizeof(*told));
	if (!told)
		return false;
	x->told = told;
	x->told_capacity = capacity;
	return true;
}

void watching_tell(struct uncia_wallet *w, struct uncia_receipt *receipt, const struct watching_place *at)
{
	struct watching *x = w->watching;
	struct uncia_event event = {.kind = UNCIA_EVENT_INCOMING};
	memcpy(event.id.b, receipt->payment->id.b, sizeof(event.id.b));
	assert(x->told_count < x->told_capacity);
	x->told[x->told_count++] = (struct watching_told){.receipt = receipt, .at = *at};
	events_add(w, &event);
}

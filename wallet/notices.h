/* Notices that are being checked: whether what somebody says he has paid is final, and his (docs/spec/wallet.md
 * 7.11). */
#ifndef NOTICES_H
#define NOTICES_H
#include <uncia/uncia.h>

struct notice_check;
struct payment_id;

struct notices {
	struct notice_check *list; /* in the order in which they began */
	uint32_t count;            /* of those that go on, or have news that the host has not taken */
	bool has_floor;            /* from where on payments count is known: all up to this height was told */
	uint64_t floor;
	uint64_t floor_tried_ms; /* the end of the sync after which it was last tried to find it */
	int floor_error;         /* what came of that */
	struct payment_id *told; /* as paid, by this process, and not acknowledged */
	size_t told_count, told_capacity;
};

/* Returns 0; UNCIA_E_MEMORY; what the host returned. */
int notices_init(struct uncia_wallet *w);
void notices_deinit(struct uncia_wallet *w);
/* Takes up what has become known of payments, and what has become durable. */
void notices_advance(struct uncia_wallet *w);
/* Gives up the checks of this payment, or all (NULL), but for results that wait to be taken. Returns whether there were
 * any. */
bool notices_cancel(struct uncia_wallet *w, const struct payment_id *id);

#endif

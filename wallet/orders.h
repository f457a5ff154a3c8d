/* Payments that wait to be made until what they are signed on is known. */
#ifndef ORDERS_H
#define ORDERS_H
#include <uncia/uncia.h>

struct order;

struct orders {
	struct order *list; /* in the order in which they were given */
	uint32_t count;     /* of those that wait */
};

/* Returns 0 or UNCIA_E_MEMORY. */
int orders_init(struct uncia_wallet *w);
void orders_deinit(struct uncia_wallet *w);
/* Makes those that can be made by now, and begins what the others need. */
void orders_advance(struct uncia_wallet *w);
/* Whether links are wanted for them. */
bool orders_have_work(const struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t orders_next_ms(const struct uncia_wallet *w);
/* Whether one of them waits for a sync; for a look-up of what was paid before. */
bool orders_need_sync(const struct uncia_wallet *w);
bool orders_need_catch_up(const struct uncia_wallet *w);
/* Gives all of them up. Returns whether there were any. */
bool orders_cancel(struct uncia_wallet *w);

#endif

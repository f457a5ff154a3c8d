/* The events that the host has not taken yet. */
#ifndef EVENTS_H
#define EVENTS_H
#include <uncia/uncia.h>
#include "canonical.h"
#include "payment.h"

/* Queues a copy; its `size` is filled in. One of the same kind and subject that was not taken yet is replaced. Where
 * memory ends the host is told that events were lost. */
void events_add(struct uncia_wallet *w, const struct uncia_event *event);
/* UNCIA_EVENT_PAYMENT. tag: the payment's, or empty. */
void events_add_payment(struct uncia_wallet *w, const struct payment_id *id, int error, struct bytes tag);
/* How many of UNCIA_EVENT_ORDER wait to be taken. */
uint32_t events_of_orders(const struct uncia_wallet *w);
/* Whether the host has something to take. */
bool events_waiting(const struct uncia_wallet *w);
void events_free(struct uncia_wallet *w);

#endif

/* Payments made, and followed to their end. */
#ifndef PAYING_H
#define PAYING_H
#include <uncia/uncia.h>
#include "message.pb-c.h"

void paying_link_up(struct uncia_wallet *w, uint32_t node);
/* number: of a tracked payment. A negative result drops the link. */
int paying_reply(struct uncia_wallet *w, uint32_t node, uint64_t number, const Uncia__Pb__NodeReply *reply);
void paying_tick(struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t paying_next_ms(const struct uncia_wallet *w);
/* Whether links are wanted for it. */
bool paying_active(const struct uncia_wallet *w);

#endif

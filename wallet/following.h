/* Payments followed to their end: sent, asked for, answered. */
#ifndef FOLLOWING_H
#define FOLLOWING_H
#include "message.pb-c.h"
#include "receipts.h"
#include "tracked.h"

/* Sends an own payment, or a query for another, over every link, and again later. afresh: the pauses between begin
 * anew. */
void following_send(struct uncia_wallet *w, struct tracked *t, bool afresh);
/* Sends what gives a hold back, which nobody has signed, and follows it to its end; it is not stored. Takes the
 * payment where it returns 0; UNCIA_E_FULL; UNCIA_E_MEMORY. Once more for one that is followed: it goes on. */
int following_carry(struct uncia_wallet *w, struct payment *payment);
/* Gives up the questions about this payment, or about all (NULL). Returns whether there were any. */
bool following_cancel(struct uncia_wallet *w, const struct payment_id *id);
/* Tells the host that there is news of it. */
void following_announce(struct uncia_wallet *w, const struct tracked *t, int error);
/* Ends an own one that is pending as FINAL, on a receipt of it. Returns 0; what storing it returned, and then it stays
 * pending. */
int following_take_final(struct uncia_wallet *w, struct tracked *t, const struct uncia_receipt *receipt);
/* Follows a payment of anybody's for another part of the wallet, which looks what comes of it: no event does. Each call
 * that succeeded is followed by one of following_let_go. Returns 0; UNCIA_E_FULL; UNCIA_E_MEMORY. */
int following_take_up(struct uncia_wallet *w, const struct payment_id *id);
/* See following_take_up. */
void following_let_go(struct uncia_wallet *w, const struct payment_id *id);
/* What came of the last round of questions about it. */
struct following_round {
	uint32_t number; /* it differs from that of the round before */
	int error;       /* 0: enough have answered; why not */
	enum uncia_payment_state state;
	bool forgotten; /* nobody will ever tell more of it */
};
/* False: none has ended. */
bool following_round(const struct uncia_wallet *w, const struct payment_id *id, struct following_round *round);
void following_link_up(struct uncia_wallet *w, uint32_t node);
/* number: of a tracked payment. A negative result drops the link. */
int following_reply(struct uncia_wallet *w, uint32_t node, uint64_t number, const Uncia__Pb__NodeReply *reply);
void following_tick(struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t following_next_ms(const struct uncia_wallet *w);
/* Whether links are wanted for it. */
bool following_has_work(const struct uncia_wallet *w);
/* All that was accepted up to w->storing.done is durable, and was up to `before`: what waited for the rest goes on.
 * Payments are sent by the next tick, and ends are told. */
void following_stored(struct uncia_wallet *w, uint64_t before);

#endif

/* How a payment is shown, by whichever verb. */
#ifndef OUTCOME_H
#define OUTCOME_H
#include "session.h"

/* 0 final, 3 pending, 4 unknown, 8 expired. */
int payment_exit_code(const struct uncia_payment *payment);

/* "final", "pending", "expired" or "unknown". */
const char *payment_state_word(enum uncia_payment_state state);

/* "waiting", "funds", …: one word why it is pending. */
const char *pending_word(const struct uncia_payment *payment);

/* The object of send and wait: v, id, state, reason, height, and of a final one elapsed_ms and receipt. NULL where
 * memory ran out. receipt may be NULL. */
json_t *payment_json(const struct uncia_payment *payment, double elapsed_ms, const char *receipt);

/* Appends {"to": …, "amount": …}. Returns the list, or NULL where there was none or memory ran out; it is freed then.
 */
json_t *output_append(json_t *list, const char *to, uint64_t amount);
/* All outputs of a payment that the wallet shows in detail. NULL where memory ran out. */
json_t *payment_outputs_json(const struct session *session, const struct uncia_payment *payment);
/* One line for people: what goes where. */
void output_print(const char *to, uint64_t amount);

/* Reads a payment id. Returns an exit code. */
int payment_id_read(const struct call *call, const char *text, struct uncia_payment_id *id);

/* Finds out how a payment stands: from the outbox where it has ended, else from the network, by the deadline. Returns
 * an exit code; 0 also for an own payment that nothing new could be learnt about. */
int payment_find(struct session *session, const struct uncia_payment_id *id, uint64_t deadline_us,
                 struct uncia_payment *payment);

/* Says how a payment stands, to people. */
void payment_print(const struct uncia_payment *payment, double elapsed_ms);

/* Shows how a payment of send or wait stands, with its receipt where it is final. more: what the object of --json has
 * besides, or NULL; it is taken. Returns the exit code. */
int payment_report(const struct call *call, const struct session *session, const struct uncia_payment *payment,
                   double elapsed_ms, json_t *more);

#endif

/* Submitted payments whose signatures are to be checked: some at a time, one of each wallet in turn; so that however
 * many one wallet brings, and however wrong, another's payment waits for those under way and one of each. What waits is
 * bounded in all and for each; where there is no room the wallet with most gives way. One that brings wrong signatures
 * loses its link, and what it has waiting is not looked at; and of addresses where they came from few are checked at a
 * time, however many links they have, beside whoever else's turn it is. */
#ifndef TURNS_H
#define TURNS_H
#include "payments.h"

/* A wallet submits, and is known from then on until its link is gone. Returns 0 or UNCIA_E_MEMORY. */
int turns_join(struct payments *p, const struct wallet_link_id *from);
/* Whether one from this origin may be checked at once: nobody waits, and not too many are under way. */
bool turns_free(const struct payments *p, uint32_t origin);
/* Its job is about to be started: it is counted, and gets its queue by the standing of its origin. */
void turns_begin(struct payments *p, uint32_t origin, struct job *job);
/* Has one wait of a wallet that has joined (asserted), and takes the payment. Refuses it, or the newest of the wallet
 * with most, where there is no room. Returns 0 or an error of this machine. */
int turns_wait(struct payments *p, uint64_t wallet, uint64_t request_id, struct payment *payment);
/* Whose turn it is, where not too many are being checked; NULL: nobody's. Owns: payment_free. */
struct payment *turns_take(struct payments *p, struct wallet_link_id *from, uint64_t *request_id);
/* A signature that this wallet brought is wrong: after TURNS_WRONG_MAX its link is dropped, all that it waits for
 * forgotten. Nothing where that link is gone. Returns 0 or UNCIA_E_MEMORY. */
int turns_wrong(struct payments *p, uint64_t wallet);
/* Forgets all submitters. */
void turns_deinit(struct payments *p);

#endif

/* A wallet to which people tell that they have paid. */
#ifndef NOTICE_RIG_H
#define NOTICE_RIG_H
#include "wallet_rig.h"

#define OWN     "xmpp:me@example.org"
#define BOB     "xmpp:bob@example.org"
#define MALLORY "xmpp:mallory@example.org"
#define SENT    5000u

/* Accounts 0 and 1 of the fixture are Bob's and Mallory's, who are pinned. */
extern struct rig *rig;
extern char notice_text[UNCIA_CHAT_TEXT_SIZE]; /* the last that was written */

void notice_rig_up(void);
void notice_rig_down(void);

/* A signed payment of an account of the fixture, with the hash of a memo or (NULL) without. payment_free. */
struct payment *pays(uint32_t from, const struct output *outputs, uint32_t count, const char *memo);
/* One output to this wallet. */
struct payment *pays_me(uint32_t from, amount_t amount, const char *memo);
struct uncia_payment_id id_of(const struct payment *payment);
/* It is final from then on, and freed. */
struct uncia_payment_id make_final(struct payment *payment);

/* Writes a notice. */
const char *notice_of(const struct uncia_payment_id *id, const char *memo);
/* As uncia_wallet_notice_check, with the tag "line 7". */
int begin(const char *handle, const char *text, bool asked, struct uncia_notice_result *result);
/* The last result that has come, each with its event. Whether there was one. */
bool take_result(struct uncia_notice_result *result);
/* Checks, and lets as much time pass as a lookup takes. */
struct uncia_notice_result check_text(const char *handle, const char *text, bool asked);
struct uncia_notice_result check_notice(const char *handle, const struct uncia_payment_id *id, const char *memo);
/* The same of one that has its verdict by then. */
enum uncia_notice_verdict verdict_on(const char *handle, const struct uncia_payment_id *id, const char *memo);
/* How often validators were asked for a payment. */
uint32_t questions(void);

#endif

/* Shared by the files of the simulator's wallets. */
#ifndef WALLETS_INTERNAL_H
#define WALLETS_INTERNAL_H
#include "wallets.h"

#define WALLET_UNIT UINT64_C(1000000)

/* From 0 to below - 1. */
uint64_t wallets_draw(struct wallets *w, uint64_t below);
uint32_t wallets_any_node(struct wallets *w);
void wallets_submit(struct wallets *w, uint32_t node, const struct payment *payment);
/* Makes a payment of a draft, with a nonce of its own where it is signed. key: NULL where nobody signs. NULL where
 * there is no room, or where the library refuses to make such a payment. A give-back that somebody has made is the same
 * one. */
struct wallet_payment *wallets_make(struct wallets *w, struct payment *draft, const struct fixture_key *key);

/* ---- wallet_holds.c ---- */

void wallets_open_hold(struct wallets *w, uint32_t from);
void wallets_take(struct wallets *w);
void wallets_give_back(struct wallets *w);

#endif

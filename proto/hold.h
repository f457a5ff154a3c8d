/* What names a hold: an amount that whoever has a key takes before its end, and that goes home after it
 * (docs/spec/ledger.md §3.7). Everything follows from bytes that its payments carry. Threads: any. */
#ifndef HOLD_H
#define HOLD_H
#include "address.h"
#include "sign.h"

#define SECRET_SIZE     32
#define CLAIM_SEED_SIZE 16

struct payment_id;

/* What the payer puts on a hold: H(uncia.lock, key ‖ SHA-256(secret), or 32 zero bytes where there is none). `secret`:
 * SECRET_SIZE bytes, or NULL. Cannot fail. */
void hold_lock(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t *secret, struct hash *lock);
/* The same, of the SHA-256 of a secret that somebody else has, 32 bytes, or NULL. */
void hold_lock_hashed(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t *secret_hash, struct hash *lock);
/* The lock, bound to the payment that opens the hold: H(uncia.seal, its id ‖ lock). Two holds never have one seal,
 * since no two payments have one id, and a payment opens one home and lock once. Cannot fail. */
void hold_seal(const struct payment_id *opening, const struct hash *lock, struct hash *seal);
/* The hold's id: the first 20 bytes of H(uncia.hold, home ‖ seal). Cannot fail. */
void hold_id(const struct address *home, const struct hash *seal, struct address *id);

/* The key of the hold of a claim text (docs/spec/wallet.md §7.12), from the seed in it: that of H(uncia.claimkey,
 * network id ‖ seed). Returns 0 or UNCIA_E_LIBRARY. The caller wipes *secret_key. */
int claim_keypair(const struct hash *network_id, const uint8_t seed[CLAIM_SEED_SIZE],
                  uint8_t public_key[PUBLIC_KEY_SIZE], uint8_t secret_key[SECRET_KEY_SIZE]);

#endif

/* A wallet of FAKE_WORDS on a fake network, and short names for what tests do with it. */
#ifndef WALLET_RIG_H
#define WALLET_RIG_H
#include "fake_network.h"

struct rig {
	struct memory_host host;
	struct fake_network net;
	struct uncia_wallet *wallet;
};

/* Four validators, a key without a passphrase, opened. */
struct rig *rig_new(uint32_t validators);
void rig_free(struct rig *rig);
int rig_open(struct rig *rig);
void rig_close(struct rig *rig);
/* Closed and opened again, as after the death of the process. */
void rig_reopen(struct rig *rig);
/* A sync, and its end. Returns its error. */
int rig_sync(struct rig *rig);
/* A look-up of what the account has paid, and its end. Returns its error. */
int rig_catch_up(struct rig *rig);
/* `micro` to account 0 of the fixture. key may be NULL. */
int rig_pay_now(struct rig *rig, const char *key, uint64_t micro, struct uncia_payment_id *id);
/* The same, but where what the account has paid before is not known, that is looked up first. */
int rig_pay(struct rig *rig, const char *key, uint64_t micro, struct uncia_payment_id *id);
/* Takes events until one of this kind. Returns whether there was one. */
bool rig_event(struct rig *rig, enum uncia_event_kind kind, struct uncia_event *event);
void rig_no_events(struct rig *rig);
struct uncia_payment rig_payment(struct rig *rig, const struct uncia_payment_id *id);
struct uncia_balance rig_balance(struct rig *rig);
void rig_address(uint32_t account, char text[UNCIA_ADDRESS_TEXT_SIZE]);
uint32_t rig_submits(const struct rig *rig);

#endif

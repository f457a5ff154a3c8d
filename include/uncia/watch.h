/* Incoming payments that arrive by themselves. Included by uncia.h, whose rules hold here, too. */
#ifndef UNCIA_WATCH_H
#define UNCIA_WATCH_H

#include <stddef.h>
#include <uncia/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uncia_payment_id;
struct uncia_receipt;
struct uncia_wallet;

/* The longest name of a client, NUL included. */
#define UNCIA_CLIENT_SIZE 33

/* Begins to wait for payments to this account, for as long as the wallet is open: links are kept, and each payment from
 * somebody else that is final is told by UNCIA_EVENT_INCOMING once it is proved that none before it was left out; in
 * the order of the ledger. Told are those above a place in the account's history that the home keeps for each client,
 * and each is told again whenever this is called anew, in this process or a later one, until it is acknowledged. A
 * client that the home knows of no place of begins at the state that is proved now: all that was paid before counts as
 * acknowledged. UNCIA_EVENT_WATCH comes when all is told up to a state that was proved after this call, and that place
 * is stored; and where something keeps it from that.
 *
 * Returns: 0 (also where it has begun, under the same name); UNCIA_E_NETWORK; UNCIA_E_EXISTS where it has begun under
 *	another name: uncia_watch_stop first; UNCIA_E_DAMAGED where the place cannot be read: uncia_watch_forget begins
 *	anew, and what came since the last one stays untold (uncia_wallet_history shows it); UNCIA_E_IO; UNCIA_E_MEMORY;
 *	UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * A locked wallet watches the account that its key file names, which whoever can write the home could have put there:
 * unlock it where what is told decides anything.
 * In: client, 1..32 of a-z, 0-9 and '-': who is told. Two programs on one home take two names; one name is for one
 *	process at a time.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.10. */
UNCIA_API UNCIA_MUST_CHECK int uncia_watch_start(struct uncia_wallet *wallet, const char *client);

/* Ends it; the place in the home stays. NULL and a wallet that does not watch are fine.
 * Threads: as uncia_wallet_open. */
UNCIA_API void uncia_watch_stop(struct uncia_wallet *wallet);

/* Those that were told and are not acknowledged, 0 the oldest; NULL past the last. uncia_receipt_payment says who paid,
 * when, and the memo's hash; uncia_wallet_part the sum that this account got; uncia_wallet_part_output each output,
 * with its reference. Some hundred at a time are there at most: the next ones are told as these are acknowledged. Owns:
 * the wallet. Valid until it is acknowledged, or uncia_watch_stop. Threads: as uncia_wallet_open. */
UNCIA_API const struct uncia_receipt *uncia_watch_incoming(const struct uncia_wallet *wallet, size_t number);

/* This payment, and all that were told before it, have been taken note of by this client: once this has returned 0 they
 * are never told to it again; where the home's storage is durable only later (UNCIA_LATER), they may be after a power
 * cut before that.
 * Returns: 0; UNCIA_E_NOT_FOUND where it is none of those that wait for it; UNCIA_E_IO: it may be told again, or not;
 *	UNCIA_E_MEMORY; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.10. */
UNCIA_API UNCIA_MUST_CHECK int uncia_watch_acknowledge(struct uncia_wallet *wallet, const struct uncia_payment_id *id);

/* Forgets a client's place: it begins anew, at what is proved then.
 * Returns: 0 (also where there is none); UNCIA_E_EXISTS while this wallet watches under that name; UNCIA_E_IO;
 *	UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_watch_forget(struct uncia_wallet *wallet, const char *client);

#ifdef __cplusplus
}
#endif
#endif

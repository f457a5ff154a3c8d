/* What this home has told as paid by notices, and from where on (docs/spec/wallet.md 7.11). */
#ifndef NOTICE_RECORD_H
#define NOTICE_RECORD_H
#include <uncia/uncia.h>
#include "payment.h"

/* A payment that was told as paid. */
struct notice_record {
	char own[UNCIA_PEER_SIZE], handle[UNCIA_PEER_SIZE]; /* who told of it, and to whom; empty: not known */
	struct address account;                             /* who paid */
	bool shown;                                         /* the host has acknowledged it */
};

/* Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; what the host returned. */
int notice_record_load(const struct uncia_host *host, const struct payment_id *id, struct notice_record *record);
/* Stores it, exclusively or over the one that is there. Returns as stored_create and stored_replace; UNCIA_E_MEMORY. */
int notice_record_store(struct uncia_wallet *w, const struct payment_id *id, const struct notice_record *record,
                        bool replace);
/* The height up to which all counts as told. Returns as notice_record_load. */
int notice_floor_load(const struct uncia_host *host, uint64_t *height);
/* Returns as stored_replace; UNCIA_E_MEMORY. */
int notice_floor_store(struct uncia_wallet *w, uint64_t height);
/* The same in a home that is being made; nothing was ever told of one of fresh words. Of another there is none until
 * its first sync, whatever was left in the home. Returns what the host returned; UNCIA_E_MEMORY. */
int notice_floor_begin(const struct uncia_host *host, bool fresh);

#endif

/* The verbs, each defined in the file that does its work. */
#ifndef VERBS_H
#define VERBS_H
#include "command.h"

extern const struct verb verb_init, verb_restore;                                                     /* make.c */
extern const struct verb verb_address, verb_version;                                                  /* address.c */
extern const struct verb verb_request, verb_notice;                                                   /* request.c */
extern const struct verb verb_balance;                                                                /* account.c */
extern const struct verb verb_history;                                                                /* history.c */
extern const struct verb verb_watch;                                                                  /* watch.c */
extern const struct verb verb_send;                                                                   /* send.c */
extern const struct verb verb_status, verb_wait;                                                      /* status.c */
extern const struct verb verb_receipt_export, verb_receipt_verify;                                    /* receipt.c */
extern const struct verb verb_contact_add, verb_contact_list, verb_contact_show, verb_contact_remove; /* contact.c */
extern const struct verb verb_contact_export, verb_contact_read, verb_contact_code; /* contact_text.c */
extern const struct verb verb_contact_pin, verb_contact_pins, verb_contact_unpin;   /* pin.c */
extern const struct verb verb_request_check, verb_notice_check;                     /* check.c */
extern const struct verb verb_completion;                                           /* completion.c */
extern const struct verb verb_claim_show, verb_claim_take;                          /* claim.c */
extern const struct verb verb_claim_new, verb_claim_cancel, verb_claim_list;        /* claim_own.c */
extern const struct verb verb_hold_key, verb_hold_open, verb_hold_take, verb_hold_return, verb_hold_list; /* hold.c */

#endif

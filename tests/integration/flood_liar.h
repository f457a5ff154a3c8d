/* What a validator says that floods the others by the protocol's own means, with its keys, and from what it has heard
 * on its links; see flood.c. Ends the process with a sentence where something goes wrong. */
#ifndef FLOOD_LIAR_H
#define FLOOD_LIAR_H
#include <stdbool.h>
#include "committee.h"
#include "wire_link.h"

enum lie {
	LIE_QUIET,     /* nothing */
	LIE_PROPOSALS, /* one proposal for a view of its own to come, again and again, with one old certificate many
	                  times */
	LIE_AHEAD,     /* the same without certificates: nothing in it breaks a rule */
	LIE_FORGED,    /* proposals for ascending views of its own, with certificates that nobody has signed */
	LIE_VOTES,     /* true votes of every kind, for block after block and view after view */
	LIE_GOSSIP,    /* payments of an account that is there, with wrong signatures */
	LIE_PAGES,     /* the word that it is ahead, and pages of the chain of as many pieces as a decoder lets pass */
	LIE_BODIES,    /* a proposal of payments that nobody has; and then bodies of other blocks */
	LIE_QUESTIONS, /* every question that there is, of as much as there is */
	LIE_RECORDS,   /* pings, each in a record of its own */
	LIES
};
/* The lie of this name; LIES: there is none. */
enum lie lie_named(const char *name);
/* home: the validator's, with its keys; payer: the public key of an account, for LIE_GOSSIP, or NULL. */
void liar_begin(const struct genesis *genesis, const char *home, const uint8_t *payer);
/* Its network key, 32 bytes. */
const uint8_t *liar_network_key(void);
/* A message that a link has brought. */
void liar_hear(struct bytes message);
/* The next message of this lie on one of its links, below COMMITTEE_SIZE_MAX; it stays until the next call. False:
 * there is nothing to say now. */
bool liar_say(enum lie lie, uint32_t link, struct bytes *message);

#endif

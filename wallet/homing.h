/* Brings home what is left of holds that payments of this home have opened, once they have ended, without being asked
 * (docs/spec/wallet.md 7.12). Nothing of it needs the wallet's key. */
#ifndef HOMING_H
#define HOMING_H
#include "hold_book.h"
#include "look.h"

struct homing {
	bool loaded; /* the book */
	struct hold_book book;
	struct look *look;
	struct address looked; /* whom the look is about */
	bool waits;            /* what the look finds out is not taken yet */
};

/* Returns 0 or UNCIA_E_MEMORY. */
int homing_init(struct uncia_wallet *w);
void homing_deinit(struct uncia_wallet *w);
/* Reads the book; what cannot be read now is read another time. Returns 0 or UNCIA_E_MEMORY. */
int homing_begin(struct uncia_wallet *w);
/* The book, as of now. NULL: it cannot be read now; *rc says why. */
const struct hold_book *homing_book(struct uncia_wallet *w, int *rc);
/* Takes up what the host has found out of a hold: one that is gone needs not be brought home. */
void homing_note_look(struct uncia_wallet *w);
/* Whether links are wanted for it. */
bool homing_has_work(const struct uncia_wallet *w);
void homing_tick(struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t homing_next_ms(const struct uncia_wallet *w);

#endif

/* The holds that payments of this home have opened: which may still have something, and under which locks there ever
 * were some. All of it follows from the outbox (docs/spec/wallet.md 7.12); the blob "holds" saves reading that anew. */
#ifndef HOLD_BOOK_H
#define HOLD_BOOK_H
#include <uncia/uncia.h>
#include "payment.h"

struct opened_hold {
	struct payment_id opening;
	uint32_t number, end;
	struct address home, id;
	struct hash seal;
	amount_t amount;         /* that it was opened with, less what this home has taken of it */
	uint64_t height;         /* at which it was opened */
	uint64_t again_ms;       /* not looked at before this time */
	bool stale;              /* kept of a book that lacks some of what was archived: not counted down */
	bool sent;               /* home is on its way, by this payment: */
	struct payment_id going; /* pending, or final and not looked at yet */
};

struct hold_book {
	struct opened_hold *open;
	size_t count, capacity;
	struct hash *locks; /* in the order in which they were opened */
	size_t lock_count, lock_capacity;
	/* What was read of the archive: all that stands before the first of these places in earlier sessions, and up to
	 * before the second by now (hold_book.c); the ids of all that was read, exclusive-or; and how much of it in
	 * memory. */
	uint64_t known, next;
	struct payment_id read;
	size_t seen;
	bool changed; /* since it was stored, otherwise than by payments that open none */
};

#define HOLDS_OPEN_MAX  100u  /* of one wallet at a time */
#define HOLD_LOCKS_KEPT 4096u /* the newest */

/* Reads the blob. Where it is not there or damaged, the book begins empty; where it was not made of what the archive
 * has now, the archive is read anew, and the holds that it names are kept: what they were read from may be damaged.
 * Returns 0; UNCIA_E_MEMORY; what the host returned. */
int hold_book_load(struct uncia_wallet *w, struct hold_book *book);
/* Reads what the archive has since. Returns 0; UNCIA_E_MEMORY; what the host returned: the rest is read another time.
 */
int hold_book_read(struct uncia_wallet *w, struct hold_book *book);
/* Stores it where it has changed. That it fails costs reading only. */
void hold_book_save(struct uncia_wallet *w, struct hold_book *book);
/* Nothing is left under the i-th. */
void hold_book_close(struct hold_book *book, size_t i);
/* How many are open, those of payments on their way included. */
size_t hold_book_open(const struct uncia_wallet *w, const struct hold_book *book);
/* Whether this home has opened a hold under the lock, or is about to. */
bool hold_book_knows(const struct uncia_wallet *w, const struct hold_book *book, const struct hash *lock);
void hold_book_free(struct hold_book *book);

#endif

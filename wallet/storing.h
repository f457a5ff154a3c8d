/* Writing blobs of an open wallet, also where its host says that they will be durable later (UNCIA_LATER): what was
 * accepted is numbered, and what it was written for waits until all up to its number is durable. */
#ifndef STORING_H
#define STORING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uncia_wallet;
struct stored_later;

struct storing {
	struct stored_later *outstanding; /* in order */
	uint64_t last;                    /* the number of the last one that was accepted */
	uint64_t done;                    /* all up to this one are durable */
	int failed;                       /* one was not: nothing is written any more */
};

/* As blob_create and blob_replace, but returns 0 also where it is durable later; what failed, where that is known
 * since; UNCIA_E_BUSY where the one of that name is not durable yet. */
int stored_create(struct uncia_wallet *w, const char *name, const void *data, size_t size);
int stored_replace(struct uncia_wallet *w, const char *name, const void *data, size_t size);
/* The same of a blob that was written by its own function, which returned `answer`. */
int stored_note(struct uncia_wallet *w, const char *name, int answer);
/* Whether all that was accepted is durable. */
bool stored_all(const struct uncia_wallet *w);
/* The number of the last one that was accepted since `before` was; 0 where there was none. */
uint64_t stored_since(const struct uncia_wallet *w, uint64_t before);
/* The host says of one that was accepted that it is durable, or not: w->storing.done or failed is set. Returns 0;
 * UNCIA_E_NOT_FOUND where none of that name is waited for. */
int stored_confirm(struct uncia_wallet *w, const char *name, int error);
void storing_deinit(struct uncia_wallet *w);

#endif

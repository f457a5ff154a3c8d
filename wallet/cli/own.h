/* The payments that this home itself holds: those made in it, and those of its account that it has read. */
#ifndef OWN_H
#define OWN_H
#include "session.h"

/* In seconds: an id begins with the payment's expiry (ledger 3.1). */
uint64_t own_expires_at(const struct uncia_payment_id *id);

/* The ids of all of them, the latest expiry first; none of their records is read. Returns 0 or an enum uncia_error.
 * Owns: free(*ids). */
int own_ids(const struct session *session, struct uncia_payment_id **ids, size_t *count);

/* One that has its end. */
struct own_ended {
	struct uncia_payment_id id;
	uint64_t time_ms; /* of its block; its expiry where it expired */
	uint64_t height;  /* 0: it expired */
	uint32_t index;
};

struct own_list {
	struct own_ended *entries; /* the newest first */
	size_t count;
	size_t damaged; /* could not be read, and are not among the entries */
	bool more;      /* there are older ones */
};

/* Those that have their end, the newest `limit` of them; no more records are read than that takes. Returns 0 or an enum
 * uncia_error. Owns: own_list_free, either way. */
int own_newest(const struct session *session, uint64_t limit, struct own_list *list);
void own_list_free(struct own_list *list);

#endif

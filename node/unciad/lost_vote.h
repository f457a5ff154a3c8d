/* A vote that this home's key has cast and its journal has lost, as others showed it to the validator (storage 4, table
 * `peer`): it never votes again under this key. */
#ifndef LOST_VOTE_H
#define LOST_VOTE_H
#include "home.h"

/* Returns 0 and the vote's view; UNCIA_E_NOT_FOUND: there is none; UNCIA_E_DAMAGED; another error of storage. Its
 * signature is the audit's to check. */
int lost_vote_find(const struct home *home, const struct storage_view *view, uint64_t *of_view);

#endif

/* See lost_vote.h. */
#include "lost_vote.h"
#include "big_endian.h"
#include "uncia/error.h"
#include "vote.h"

int lost_vote_find(const struct home *home, const struct storage_view *view, uint64_t *of_view)
{
	uint8_t key[4];
	struct bytes value;
	struct vote vote;
	if (home->self == SELF_OBSERVER)
		return UNCIA_E_NOT_FOUND;
	be32_put(key, home->self);
	int error = view->journal_get(view->context, JOURNAL_PEER, key, sizeof(key), &value);
	if (!error && vote_decode(value.data, value.size, &vote))
		error = UNCIA_E_DAMAGED;
	if (!error)
		*of_view = vote.view;
	return error;
}

/* What a failure of LMDB's or the system's is to us. See environment.h. */
#include "environment.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include "uncia/error.h"

int environment_error(const struct environment *e, int rc, const char *doing, char why[WHY_SIZE])
{
	assert(rc);
	snprintf(why, WHY_SIZE, "%s: %s: %s", e->form->name, doing, mdb_strerror(rc));
	if (rc > 0)
		errno = rc; /* what store_create has instead of a sentence */
	switch (rc) {
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_TXN: /* what follows a page that could not be found */
	case MDB_NOTFOUND:
		return UNCIA_E_DAMAGED;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
		return UNCIA_E_FULL;
	case ENOMEM:
		return UNCIA_E_MEMORY;
	case MDB_PANIC: /* another thread's transaction could not write its header */
		return UNCIA_E_CLOSED;
	default:
		return UNCIA_E_IO;
	}
}

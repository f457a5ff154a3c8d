/* Gives up what the host has asked for. */
#include <string.h>
#include "catch_up.h"
#include "following.h"
#include "history.h"
#include "look.h"
#include "notices.h"
#include "orders.h"
#include "sync.h"
#include "wallet.h"

static int cancel_sync(struct uncia_wallet *w)
{
	if (!w->sync->active)
		return UNCIA_E_NOT_FOUND;
	if (catch_up_active(w) || orders_need_sync(w))
		return UNCIA_E_BUSY;
	wallet_sync_cancel(w);
	return 0;
}

static int cancel_catch_up(struct uncia_wallet *w)
{
	if (!catch_up_active(w))
		return UNCIA_E_NOT_FOUND;
	if (orders_need_catch_up(w))
		return UNCIA_E_BUSY;
	catch_up_cancel(w);
	return 0;
}

static int cancel_kind(struct uncia_wallet *w, enum uncia_event_kind kind, const struct uncia_payment_id *id)
{
	struct payment_id key;
	switch (kind) {
	case UNCIA_EVENT_BALANCE:
		return cancel_sync(w);
	case UNCIA_EVENT_CAUGHT_UP:
		return cancel_catch_up(w);
	case UNCIA_EVENT_HISTORY:
		return history_cancel(w) ? 0 : UNCIA_E_NOT_FOUND;
	case UNCIA_EVENT_HOLD:
		return look_cancel(w->hold) ? 0 : UNCIA_E_NOT_FOUND;
	case UNCIA_EVENT_ORDER:
		return orders_cancel(w) ? 0 : UNCIA_E_NOT_FOUND;
	case UNCIA_EVENT_PAYMENT:
		if (id)
			memcpy(key.b, id->b, sizeof(key.b));
		return following_cancel(w, id ? &key : NULL) ? 0 : UNCIA_E_NOT_FOUND;
	case UNCIA_EVENT_NOTICE:
		if (id)
			memcpy(key.b, id->b, sizeof(key.b));
		return notices_cancel(w, id ? &key : NULL) ? 0 : UNCIA_E_NOT_FOUND;
	default:
		return UNCIA_E_ARGUMENT;
	}
}

int uncia_wallet_cancel(struct uncia_wallet *w, enum uncia_event_kind kind, const struct uncia_payment_id *id)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	rc = cancel_kind(w, kind, id);
	if (!rc)
		wallet_stir(w);
	return rc;
}

/* Driving by bytes. Messages go to the part that asked (sync.c, following.c, history.c, catch_up.c, watching.c); each
 * part is told when a link comes up or goes down, and when time has passed. Nothing is verified here. */
#include "drive.h"
#include <limits.h>
#include "canonical.h"
#include "catch_up.h"
#include "events.h"
#include "following.h"
#include "history.h"
#include "homing.h"
#include "notices.h"
#include "orders.h"
#include "session.h"
#include "sync.h"
#include "wallet.h"
#include "watching.h"

static enum session_need drive_need(const struct uncia_wallet *w)
{
	if (w->sync->active || w->history->active || catch_up_active(w) || orders_have_work(w) ||
	    look_active(w->hold) || homing_has_work(w) || following_has_work(w) || watching_has_work(w))
		return SESSION_WORKS;
	return w->watching ? SESSION_LISTENS : SESSION_IDLE;
}

uint64_t drive_next_ms(const struct uncia_wallet *w)
{
	const uint64_t all[] = {session_next_ms(w, drive_need(w)),
	                        wallet_sync_next_ms(w),
	                        following_next_ms(w),
	                        history_next_ms(w),
	                        look_next_ms(w, w->hold),
	                        homing_next_ms(w),
	                        catch_up_next_ms(w),
	                        watching_next_ms(w),
	                        orders_next_ms(w),
	                        w->driver ? w->driver_calls->next_ms(w) : UINT64_MAX};
	uint64_t next = UINT64_MAX;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i] < next)
			next = all[i];
	return next;
}

bool uncia_wallet_link_wanted(const struct uncia_wallet *w, uint32_t node)
{
	if (wallet_readable(w) || !w->network || node >= w->network->endpoint_count)
		return false;
	return session_wanted(w, node, drive_need(w));
}

static int drive_dispatch(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__NodeReply *reply)
{
	uint64_t number = reply->request_id & ((UINT64_C(1) << REQUEST_NUMBER_BITS) - 1);
	switch (reply->request_id >> REQUEST_NUMBER_BITS) {
	case REQUEST_ACCOUNT:
		return wallet_sync_reply(w, node, number, reply);
	case REQUEST_PAYMENT:
		return following_reply(w, node, number, reply);
	case REQUEST_HISTORY:
		return history_reply(w, node, number, reply);
	case REQUEST_HOLD:
		return look_reply(w, w->hold, node, number, reply);
	case REQUEST_HOMING:
		return look_reply(w, w->homing->look, node, number, reply);
	case REQUEST_CATCH_UP:
		return catch_up_reply(w, node, number, reply);
	case REQUEST_WATCH:
	case REQUEST_WATCH_SILENT:
		return watching_reply(w, node, number, reply);
	default:
		return UNCIA_E_PROTOCOL;
	}
}

static int drive_take_message(struct uncia_wallet *w, uint32_t node, const struct bytes *message)
{
	ProtobufCMessage *reply;
	struct arena arena;
	arena_init(&arena, canonical_arena_limit(message->size));
	int rc = canonical_decode(&uncia__pb__node_reply__descriptor, message->data, message->size, &arena, &reply);
	if (!rc)
		rc = drive_dispatch(w, node, (const Uncia__Pb__NodeReply *)reply);
	arena_deinit(&arena);
	return rc;
}

static void drive_tell_up(struct uncia_wallet *w, uint32_t node)
{
	catch_up_link_up(w, node); /* first: see begin_sync */
	wallet_sync_link_up(w, node);
	following_link_up(w, node);
	history_link_up(w, node);
	look_link_up(w, w->hold, node);
	look_link_up(w, w->homing->look, node);
	watching_link_up(w, node);
}

int drive_feed(struct uncia_wallet *w, uint32_t node, const void *data, size_t size, unsigned *budget)
{
	struct bytes message;
	bool is_up;
	int rc = session_usable(w, node);
	if (!rc && !data && size != 0)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	rc = session_feed(w, node, data, size, &is_up);
	if (is_up)
		drive_tell_up(w, node);
	while (!rc && *budget != 0 && session_next(w, node, &message)) {
		uint64_t stored = w->ends_stored;
		rc = drive_take_message(w, node, &message);
		*budget = w->ends_stored != stored ? 0 : *budget - 1;
		if (!rc)
			session_answered(w, node);
		else
			session_drop(w, node, rc);
	}
	orders_advance(w);
	notices_advance(w);
	return rc;
}

int uncia_wallet_link_feed(struct uncia_wallet *w, uint32_t node, const void *data, size_t size)
{
	unsigned budget = UINT_MAX;
	int rc = drive_feed(w, node, data, size, &budget);
	while (!rc && session_has_next(w, node)) {
		budget = UINT_MAX;
		rc = drive_feed(w, node, NULL, 0, &budget);
	}
	return rc;
}

int uncia_wallet_link_closed(struct uncia_wallet *w, uint32_t node, int error)
{
	int rc = session_usable(w, node);
	if (rc)
		return rc;
	session_closed(w, node, error);
	wallet_sync_link_down(w, node);
	history_link_down(w, node);
	look_link_down(w, w->hold, node);
	look_link_down(w, w->homing->look, node);
	catch_up_link_down(w, node);
	watching_link_down(w, node);
	return 0;
}

int uncia_wallet_tick(struct uncia_wallet *w)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!w->network)
		return UNCIA_E_ARGUMENT;
	session_tick(w);
	wallet_sync_tick(w);
	following_tick(w);
	history_tick(w);
	look_tick(w, w->hold);
	homing_tick(w);
	catch_up_tick(w);
	watching_tick(w);
	orders_advance(w);
	notices_advance(w);
	if (drive_need(w) == SESSION_WORKS)
		session_wake(w);
	return 0;
}

int uncia_wallet_timeout_ms(const struct uncia_wallet *w)
{
	if (wallet_readable(w) || events_waiting(w))
		return 0;
	if (!w->network)
		return -1;
	uint64_t now = wallet_now(w), next = drive_next_ms(w);
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : next - now > INT32_MAX ? INT32_MAX : (int)(next - now);
}

int uncia_wallet_network_changed(struct uncia_wallet *w)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!w->network)
		return UNCIA_E_NETWORK;
	session_network_changed(w);
	if (w->driver)
		w->driver_calls->network_changed(w);
	return 0;
}

int uncia_wallet_stored(struct uncia_wallet *w, const char *name, int error)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!name || error > 0)
		return UNCIA_E_ARGUMENT;
	uint64_t before = w->storing.done;
	rc = stored_confirm(w, name, error);
	if (w->storing.done != before)
		following_stored(w, before);
	notices_advance(w);
	return rc;
}

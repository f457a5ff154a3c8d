/* Orders: payments that are made once the account is known well enough, so that a host needs not ask for that itself.
 *
 * An order is tried at once. Where it fails for want of knowledge, what is lacking is asked for, and it is tried again
 * when that has ended, once: a sync where the account was not proved of late (with a key or a lock the look-up of what
 * was paid before, which begins with a sync), the look-up where the home may lack payments. Whatever is said then is
 * its end. */
#include "orders.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "catch_up.h"
#include "events.h"
#include "missing.h"
#include "paying.h"
#include "sync.h"
#include "wallet.h"

#define ORDERS_MAX    64u
#define BUSY_PAUSE_MS 10u /* another process stores a payment: a file or two */

enum order_stage {
	ORDER_FRESH,
	ORDER_SYNCING,    /* the sync under way has to end first */
	ORDER_CATCHING_UP /* the same of the look-up */
};

struct order {
	struct uncia_payment_request request; /* all that it points to is owned here */
	enum order_stage stage;
	bool looked;       /* the look-up was made for it */
	uint64_t again_ms; /* not tried before: another process was in the way; 0: none was */
	uint64_t until_ms; /* and how long that goes on */
	struct order *prev, *next;
};

int orders_init(struct uncia_wallet *w)
{
	w->orders = calloc(1, sizeof(*w->orders));
	return w->orders ? 0 : UNCIA_E_MEMORY;
}

static void order_free(struct order *order)
{
	struct uncia_output *outputs = (struct uncia_output *)(uintptr_t)order->request.outputs;
	for (uint32_t i = 0; outputs && i < order->request.output_count; i++)
		free((void *)(uintptr_t)outputs[i].address);
	free(outputs);
	struct uncia_hold_request *holds = (struct uncia_hold_request *)(uintptr_t)order->request.holds;
	for (uint32_t i = 0; holds && i < order->request.hold_count; i++) {
		free((void *)(uintptr_t)holds[i].home);
		free((void *)(uintptr_t)holds[i].lock);
		free((void *)(uintptr_t)holds[i].key);
	}
	free(holds);
	free((void *)(uintptr_t)order->request.memo_hash);
	free((void *)(uintptr_t)order->request.key);
	free((void *)(uintptr_t)order->request.memo);
	free((void *)(uintptr_t)order->request.tag);
	free(order);
}

bool orders_cancel(struct uncia_wallet *w)
{
	struct order *order, *next;
	bool any = w->orders->count != 0;
	DL_FOREACH_SAFE (w->orders->list, order, next) {
		DL_DELETE(w->orders->list, order);
		order_free(order);
	}
	w->orders->count = 0;
	return any;
}

void orders_deinit(struct uncia_wallet *w)
{
	if (!w->orders)
		return;
	orders_cancel(w);
	free(w->orders);
	w->orders = NULL;
}

/* ---- taking one ------------------------------------------------------------------------------ */

/* A copy of so many bytes, NULL of NULL. Returns whether there was memory for it. */
static bool copy_bytes(const void *from, size_t size, const void **copy)
{
	void *made = from ? malloc(size) : NULL;
	if (made)
		memcpy(made, from, size);
	*copy = made;
	return made || !from;
}

static bool copy_text(const char *from, size_t size_max, const char **copy)
{
	*copy = from ? strndup(from, size_max) : NULL;
	return *copy || !from;
}

static bool copy_outputs(const struct uncia_payment_request *from, struct uncia_payment_request *to)
{
	struct uncia_output *outputs = from->output_count ? calloc(from->output_count, sizeof(*outputs)) : NULL;
	bool all = outputs || !from->output_count;
	to->outputs = outputs;
	for (uint32_t i = 0; all && i < from->output_count; i++) {
		outputs[i].amount = from->outputs[i].amount;
		all = (outputs[i].address = strdup(from->outputs[i].address));
	}
	return all;
}

static bool copy_holds(const struct uncia_payment_request *from, struct uncia_payment_request *to)
{
	struct uncia_hold_request *holds = from->hold_count ? calloc(from->hold_count, sizeof(*holds)) : NULL;
	bool all = holds || !from->hold_count;
	to->holds = holds;
	for (uint32_t i = 0; all && i < from->hold_count; i++) {
		const void *lock, *key;
		holds[i].amount = from->holds[i].amount;
		holds[i].seconds = from->holds[i].seconds;
		all = copy_bytes(from->holds[i].lock, HASH_SIZE, &lock);
		all = copy_bytes(from->holds[i].key, PUBLIC_KEY_SIZE, &key) && all;
		holds[i].lock = lock;
		holds[i].key = key;
		all = copy_text(from->holds[i].home, UNCIA_ADDRESS_TEXT_SIZE, &holds[i].home) && all;
	}
	return all;
}

/* A copy of a request whose form was checked. NULL where memory ends. */
static struct order *order_new(const struct uncia_payment_request *from)
{
	struct order *order = calloc(1, sizeof(*order));
	if (!order)
		return NULL;
	struct uncia_payment_request *to = &order->request;
	const void *hash, *tag;
	to->size = sizeof(*to);
	to->output_count = from->output_count;
	to->expires_s = from->expires_s;
	to->tag_size = from->tag_size;
	to->hold_count = from->hold_count;
	bool all = copy_outputs(from, to);
	all = copy_holds(from, to) && all;
	all = copy_bytes(from->memo_hash, MEMO_HASH_SIZE, &hash) && all;
	all = copy_bytes(from->tag, from->tag_size, &tag) && all;
	all = copy_text(from->key, SIZE_MAX, &to->key) && all;
	/* One that is too long stays too long. */
	all = copy_text(from->memo, UNCIA_MEMO_SIZE, &to->memo) && all;
	to->memo_hash = hash;
	to->tag = tag;
	if (all)
		return order;
	order_free(order);
	return NULL;
}

/* ---- making it ------------------------------------------------------------------------------- */

static void order_end(struct uncia_wallet *w, struct order *order, int error, const struct uncia_payment_id *id)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_ORDER, .error = error, .tag_size = order->request.tag_size};
	if (!error)
		event.id = *id;
	if (order->request.tag)
		memcpy(event.tag, order->request.tag, order->request.tag_size);
	events_add(w, &event);
	assert(w->orders->count != 0);
	DL_DELETE(w->orders->list, order);
	w->orders->count--;
	order_free(order);
}

static bool has_to_wait(const struct uncia_wallet *w, const struct order *order)
{
	return (order->stage == ORDER_SYNCING && w->sync->active) ||
	       (order->stage == ORDER_CATCHING_UP && catch_up_active(w)) || wallet_now(w) < order->again_ms;
}

/* Begins what this order lacks. Returns 0; why it cannot be had: that is the order's end. */
static int order_ask(struct uncia_wallet *w, struct order *order, int lacks)
{
	if (order->stage != ORDER_FRESH && (lacks != UNCIA_E_BEHIND || order->looked)) {
		/* It was asked for, and this came of it. */
		int why = order->looked ? w->catch_up->error : w->sync->error;
		return why ? why : lacks;
	}
	order->looked = paying_needs_past(&order->request);
	order->stage = order->looked ? ORDER_CATCHING_UP : ORDER_SYNCING;
	return order->looked ? uncia_wallet_catch_up(w) : uncia_wallet_sync(w);
}

static void order_try(struct uncia_wallet *w, struct order *order)
{
	struct uncia_payment_id id;
	order->again_ms = 0;
	int rc = paying_pay(w, &order->request, &id);
	if (rc == UNCIA_E_BUSY) {
		uint64_t now = wallet_now(w);
		if (order->until_ms == 0)
			order->until_ms = now + w->request_timeout_ms;
		order->again_ms = now + BUSY_PAUSE_MS;
		if (now < order->until_ms)
			return;
	} else if (rc == UNCIA_E_UNREACHABLE || rc == UNCIA_E_BEHIND) {
		rc = order_ask(w, order, rc);
		if (!rc)
			return;
	}
	order_end(w, order, rc, &id);
}

void orders_advance(struct uncia_wallet *w)
{
	struct order *order, *next;
	DL_FOREACH_SAFE (w->orders->list, order, next) {
		if (!has_to_wait(w, order))
			order_try(w, order);
	}
}

int uncia_wallet_order(struct uncia_wallet *w, const struct uncia_payment_request *request)
{
	int rc = paying_check(w, request);
	for (uint32_t i = 0; !rc && i < request->output_count; i++)
		if (!request->outputs[i].address)
			rc = UNCIA_E_ARGUMENT;
	if (!rc && w->orders->count + events_of_orders(w) >= ORDERS_MAX)
		rc = UNCIA_E_FULL;
	if (rc)
		return rc;
	struct order *order = order_new(request);
	if (!order)
		return UNCIA_E_MEMORY;
	DL_APPEND(w->orders->list, order);
	w->orders->count++;
	order_try(w, order);
	wallet_stir(w);
	return 0;
}

/* ---- time ------------------------------------------------------------------------------------ */

bool orders_have_work(const struct uncia_wallet *w)
{
	return w->orders->count != 0;
}

uint64_t orders_next_ms(const struct uncia_wallet *w)
{
	uint64_t next = UINT64_MAX;
	for (const struct order *order = w->orders->list; order; order = order->next) {
		uint64_t at = !has_to_wait(w, order) ? wallet_now(w) : order->again_ms;
		if (at != 0 && at < next)
			next = at;
	}
	return next;
}

bool orders_need_catch_up(const struct uncia_wallet *w)
{
	for (const struct order *order = w->orders->list; order; order = order->next)
		if (order->stage == ORDER_CATCHING_UP)
			return true;
	return false;
}

bool orders_need_sync(const struct uncia_wallet *w)
{
	for (const struct order *order = w->orders->list; order; order = order->next)
		if (order->stage == ORDER_SYNCING)
			return true;
	return false;
}

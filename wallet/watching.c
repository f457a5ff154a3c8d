/* Waits for payments to this account. Validators weighing F+1 are asked to tell when one has touched it; what one tells
 * is its account with the proof, which counts all that ever touched it, and so shows whether a receipt is missing. One
 * who says nothing is not waited for: another one of them is honest, and each is asked for the account once a minute,
 * which shows a link that is dead and a watch that was lost. */
#include "watching.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "blob.h"
#include "canonical.h"
#include "events.h"
#include "fields.h"
#include "session.h"
#include "sync.h"
#include "wallet.h"

#define CHECK_MS      60000u /* how often each is asked for the account */
#define CHECK_SOON_MS 1000u  /* while the word of several is waited for */
#define AGAIN_MS      1000u  /* a watch that was answered with nothing new, or refused */
#define SYNC_AGAIN_MS 2000u
#define BEHIND_MS     60000u /* who proves a state that is so much older than what is known is cut off */
#define STORE_EVERY   32u    /* of payments that nobody has to acknowledge */
#define STORE_MS      10000u
#define NOBODY        UINT32_MAX

/* What a request's number stands for, beside the start that it belongs to: pages count from the last of these on. */
enum watching_number { NUMBER_WATCH, NUMBER_CHECK, NUMBER_FIRST };

static void watching_announce(struct uncia_wallet *w, int error)
{
	w->watching->announced = !error;
	events_add(w, &(struct uncia_event){.kind = UNCIA_EVENT_WATCH, .error = error});
}

/* ---- what is proved -------------------------------------------------------------------------- */

/* The same life of the account, at a later height, and fewer payments have touched it. */
static bool is_contradicted(const struct watching *x)
{
	return x->known.counted && x->newest.exists && x->newest.height > x->known.height &&
	       x->newest.entry.created == x->known.created && x->newest.entry.payments < x->known.payments;
}

/* Whether what is proved tells of more than is known. While there was no account and is none, a height is no news. */
static bool watching_has_news(const struct watching *x)
{
	return x->newest.known && x->newest.height > x->known.height &&
	       (x->newest.exists || x->known.counted || x->stale);
}

static int watching_look(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	if (x->stage != WATCHING_IDLE || !x->newest.known)
		return 0;
	if (is_contradicted(x)) {
		x->stage = WATCHING_ENDED;
		watching_announce(w, UNCIA_E_SECOND_CHAIN);
		return 0;
	}
	if (watching_has_news(x))
		return watching_read_begin(w);
	if (!x->announced)
		watching_announce(w, 0);
	return 0;
}

static int watching_take_state(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__AccountProof *proof)
{
	struct watching *x = w->watching;
	struct account_state state;
	uint8_t *data;
	size_t size;
	int rc = canonical_encode(&proof->base, &data, &size);
	if (rc)
		return rc;
	rc = account_proof_verify(&w->network->genesis.committee, &w->network_id, &w->address, data, size, &state);
	free(data);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
	wallet_learn_time(w, state.timestamp_ms);
	if (state.timestamp_ms + BEHIND_MS < w->clock.timestamp_ms)
		return UNCIA_E_UNREACHABLE;
	x->links[node].proved = true;
	x->links[node].absent = false;
	x->links[node].height = state.height;
	if (!x->newest.known || state.height > x->newest.height)
		x->newest = (struct watching_proof){
		    .known = true, .exists = true, .height = state.height, .entry = state.entry};
	return 0;
}

/* That there is no account is believed of validators weighing F+1. */
static void watching_take_absence(struct uncia_wallet *w, uint32_t node, uint64_t height)
{
	struct watching *x = w->watching;
	x->links[node].proved = x->links[node].absent = true;
	x->links[node].height = height;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		uint64_t weight = 0, least = x->links[i].height;
		for (uint32_t j = 0; j < w->network->endpoint_count; j++)
			if (x->links[j].absent && x->links[j].height >= least)
				weight += session_weight(w, j);
		if (x->links[i].absent && weight > w->network->genesis.committee.faulty &&
		    (!x->newest.known || least > x->newest.height))
			x->newest = (struct watching_proof){.known = true, .height = least};
	}
}

static bool watching_is_own(const struct uncia_wallet *w, const ProtobufCBinaryData *address)
{
	return address->len == ADDRESS_SIZE && memcmp(address->data, w->address.b, ADDRESS_SIZE) == 0;
}

static int watching_take_account(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__NodeReply *reply)
{
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_ACCOUNT)
		return watching_take_state(w, node, reply->account);
	if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT || reply->no_account->hold ||
	    !watching_is_own(w, &reply->no_account->address))
		return UNCIA_E_PROTOCOL;
	watching_take_absence(w, node, reply->no_account->height);
	return 0;
}

static int watching_take_watched(struct uncia_wallet *w, uint32_t node, const Uncia__Pb__NodeReply *reply)
{
	struct watching *x = w->watching;
	uint64_t before = x->known.height;
	int rc = 0;
	if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_WATCHED || !x->links[node].waits || reply->watched->hold ||
	    !watching_is_own(w, &reply->watched->address) || reply->watched->n_receipts > HISTORY_PAGE_MAX)
		return UNCIA_E_PROTOCOL;
	x->links[node].waits = false;
	if (reply->watched->account) {
		rc = watching_take_state(w, node, reply->watched->account);
	} else {
		x->stale = true;
		watching_take_absence(w, node, reply->watched->height);
	}
	if (!rc)
		rc = watching_look(w);
	if (!rc)
		rc = watching_read_seed(w, node, reply->watched);
	if (x->known.height == before)
		x->links[node].watch_ms = wallet_now(w) + AGAIN_MS;
	return rc;
}

/* ---- requests out ---------------------------------------------------------------------------- */

static void watching_check(struct uncia_wallet *w, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__AccountQuery query = UNCIA__PB__ACCOUNT_QUERY__INIT;
	query.address = field_of(w->address.b, ADDRESS_SIZE);
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
	request.account = &query;
	w->watching->links[node].asked = true;
	w->watching->links[node].asked_ms = wallet_now(w);
	session_send(w, node, REQUEST_WATCH, watching_number(w->watching, NUMBER_CHECK), &request);
}

static void watching_watch(struct uncia_wallet *w, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Watch watch = UNCIA__PB__WATCH__INIT;
	struct watching *x = w->watching;
	watch.address = field_of(w->address.b, ADDRESS_SIZE);
	watch.height = x->known.height;
	watch.index = x->known.index;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_WATCH;
	request.watch = &watch;
	x->links[node].waits = true;
	session_send(w, node, REQUEST_WATCH_SILENT, watching_number(x, NUMBER_WATCH), &request);
}

static bool is_awaited(const struct watching *x, const struct watching_link *l)
{
	return x->stage == WATCHING_WORDS && (!l->proved || l->height < x->goal.height);
}

/* When it is asked for the account. */
static uint64_t check_at(const struct watching *x, const struct watching_link *l)
{
	uint64_t at = l->asked ? l->asked_ms + (is_awaited(x, l) ? CHECK_SOON_MS : CHECK_MS) : 0;
	return at > l->check_ms ? at : l->check_ms;
}

/* Whether a watch is to be sent to this one, from watch_ms on: once all that it has proved is known. */
static bool watch_is_due(const struct uncia_wallet *w, uint32_t node)
{
	const struct watching *x = w->watching;
	const struct watching_link *l = &x->links[node];
	return x->stage == WATCHING_IDLE && session_ready(w, node) && l->proved && !l->waits &&
	       (l->height <= x->known.height || !watching_has_news(x));
}

static void watching_ask(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	uint64_t now = wallet_now(w);
	if (x->stage == WATCHING_TIP || x->stage == WATCHING_ENDED)
		return;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		if (session_ready(w, i) && now >= check_at(x, &x->links[i]))
			watching_check(w, i);
		if (watch_is_due(w, i) && now >= x->links[i].watch_ms)
			watching_watch(w, i);
	}
	watching_read_go(w);
}

/* ---- the place ------------------------------------------------------------------------------- */

static int watching_accept(struct uncia_wallet *w, const struct watching_place *place)
{
	struct watching *x = w->watching;
	int rc = watching_place_store(w, x->client, place);
	if (!rc)
		x->accepted = *place;
	return rc;
}

/* A place above payments that nobody acknowledges, own ones, is stored now and then, so that they are not read again.
 */
static void watching_accept_quietly(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	const struct watching_place *a = &x->accepted, *k = &x->known;
	if (x->stage != WATCHING_IDLE || x->told_count != 0 || wallet_now(w) < x->store_ms)
		return;
	bool same = a->counted == k->counted && a->created == k->created;
	if (same && k->payments - a->payments < STORE_EVERY)
		return;
	x->store_ms = wallet_now(w) + STORE_MS;
	int rc = watching_accept(w, k);
	if (rc)
		host_log(&w->host, UNCIA_LOG_WARNING, "event=watch_place_not_stored error=%d", rc);
}

/* The account as a sync has proved it is where a client begins that has no place. Nothing is told before that place is
 * durable: a power cut would have it begin later, and leave out what came in between. */
static void watching_find_tip(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	const struct sync *s = w->sync;
	if (x->stage == WATCHING_TIP && w->storing.failed) {
		x->stage = WATCHING_ENDED; /* the place never will be durable */
		watching_announce(w, w->storing.failed);
	}
	if (x->stage != WATCHING_TIP || s->active || x->place_after > w->storing.done)
		return;
	if (x->place_after != 0) {
		x->stage = WATCHING_IDLE;
		return;
	}
	if (x->sync_ms != 0) {
		if (wallet_now(w) >= x->sync_ms && !wallet_sync_thorough(w))
			x->sync_ms = 0;
		return;
	}
	uint64_t before = w->storing.last;
	int rc = s->error ? s->error : s->sure ? 0 : UNCIA_E_UNREACHABLE;
	if (!rc) {
		const struct watching_proof tip = {
		    .known = true, .exists = s->exists, .height = s->height, .entry = s->state.entry};
		const struct watching_place place = watching_place_of(&tip);
		rc = watching_accept(w, &place);
		x->known = place;
		x->place_after = stored_since(w, before);
	}
	if (!rc) {
		x->stage = x->place_after != 0 ? WATCHING_TIP : WATCHING_IDLE;
		return;
	}
	x->sync_ms = wallet_now(w) + SYNC_AGAIN_MS;
	watching_announce(w, rc);
}

/* ---- links and time -------------------------------------------------------------------------- */

static int watching_step(struct uncia_wallet *w)
{
	watching_find_tip(w);
	int rc = watching_look(w);
	watching_accept_quietly(w);
	watching_ask(w);
	return rc;
}

void watching_link_up(struct uncia_wallet *w, uint32_t node)
{
	if (!w->watching)
		return;
	w->watching->links[node] = (struct watching_link){0};
	watching_ask(w);
}

void watching_link_down(struct uncia_wallet *w, uint32_t node)
{
	struct watching *x = w->watching;
	if (!x)
		return;
	x->links[node] = (struct watching_link){0};
	if (x->node == node)
		watching_read_again(w);
	watching_ask(w);
}

int watching_reply(struct uncia_wallet *w, uint32_t node, uint64_t number, const Uncia__Pb__NodeReply *reply)
{
	struct watching *x = w->watching;
	struct watching_link *l = x ? &x->links[node] : NULL;
	uint64_t question = number & UINT32_MAX;
	int rc = 0;
	/* What was asked before it ended, or began anew, is not waited for. */
	if (!x || number >> 32 != x->epoch || x->stage == WATCHING_TIP || x->stage == WATCHING_ENDED)
		return 0;
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL && question < NUMBER_FIRST) {
		l->waits = l->waits && question != NUMBER_WATCH;
		*(question == NUMBER_WATCH ? &l->watch_ms : &l->check_ms) = wallet_now(w) + AGAIN_MS;
	} else if (question >= NUMBER_FIRST) {
		rc = question == x->generation ? watching_read_reply(w, node, reply) : 0;
	} else if (question == NUMBER_WATCH) {
		rc = watching_take_watched(w, node, reply);
	} else {
		rc = watching_take_account(w, node, reply);
	}
	return rc ? rc : watching_step(w);
}

void watching_tick(struct uncia_wallet *w)
{
	if (!w->watching)
		return;
	int rc = watching_step(w);
	if (rc)
		watching_announce(w, rc);
}

static uint64_t watching_sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t watching_next_ms(const struct uncia_wallet *w)
{
	const struct watching *x = w->watching;
	uint64_t next = UINT64_MAX;
	if (!x || x->stage == WATCHING_ENDED)
		return next;
	if (x->stage == WATCHING_TIP)
		return w->sync->active || x->place_after > w->storing.done ? next : x->sync_ms;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++) {
		if (session_ready(w, i))
			next = watching_sooner(next, check_at(x, &x->links[i]));
		if (watch_is_due(w, i))
			next = watching_sooner(next, x->links[i].watch_ms);
	}
	return x->stretch_count != 0 && x->told_count < WATCHING_TOLD_MAX
	           ? watching_sooner(next, x->attempt_ms + WATCHING_ATTEMPT_MS)
	           : next;
}

bool watching_has_work(const struct uncia_wallet *w)
{
	const struct watching *x = w->watching;
	if (!x)
		return false;
	return x->stage == WATCHING_WORDS ||
	       (x->stage == WATCHING_READ && x->node == NOBODY && x->told_count < WATCHING_TOLD_MAX);
}

/* ---- the host -------------------------------------------------------------------------------- */

void watching_deinit(struct uncia_wallet *w)
{
	struct watching *x = w->watching;
	if (!x)
		return;
	watching_read_stop(x);
	for (size_t i = 0; i < x->told_count; i++)
		uncia_receipt_free(x->told[i].receipt);
	free(x->told);
	free(x->links);
	free(x);
	w->watching = NULL;
}

int uncia_watch_start(struct uncia_wallet *w, const char *client)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!watching_client(client))
		return UNCIA_E_ARGUMENT;
	if (!w->network)
		return UNCIA_E_NETWORK;
	if (w->watching)
		return strcmp(w->watching->client, client) == 0 ? 0 : UNCIA_E_EXISTS;
	struct watching_place place = {0};
	rc = watching_place_load(&w->host, client, &place);
	if (rc && rc != UNCIA_E_NOT_FOUND)
		return rc;
	struct watching *x = calloc(1, sizeof(*x));
	if (!x || !(x->links = calloc(w->network->endpoint_count, sizeof(*x->links)))) {
		free(x);
		return UNCIA_E_MEMORY;
	}
	strcpy(x->client, client);
	x->sync_ms = rc ? 1 : 0;
	x->place_after =
	    rc || stored_all(w) ? 0 : w->storing.last; /* it may be one of those that are not durable yet */
	x->stage = rc || x->place_after != 0 ? WATCHING_TIP : WATCHING_IDLE;
	x->accepted = x->known = place;
	x->node = NOBODY;
	x->epoch = ++w->watching_epoch & 0xffffff;
	x->generation = NUMBER_FIRST;
	w->watching = x;
	session_wake(w);
	return 0;
}

void uncia_watch_stop(struct uncia_wallet *w)
{
	if (wallet_usable(w) || !w->watching)
		return;
	watching_deinit(w);
	wallet_stir(w);
}

const struct uncia_receipt *uncia_watch_incoming(const struct uncia_wallet *w, size_t number)
{
	return wallet_readable(w) || !w->watching || number >= w->watching->told_count
	           ? NULL
	           : w->watching->told[number].receipt;
}

int uncia_watch_acknowledge(struct uncia_wallet *w, const struct uncia_payment_id *id)
{
	size_t k = 0;
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!id)
		return UNCIA_E_ARGUMENT;
	struct watching *x = w->watching;
	while (x && k < x->told_count && memcmp(x->told[k].receipt->payment->id.b, id->b, sizeof(id->b)) != 0)
		k++;
	if (!x || k == x->told_count)
		return UNCIA_E_NOT_FOUND;
	const struct watching_place place = k + 1 == x->told_count ? x->known : x->told[k].at;
	if ((rc = watching_accept(w, &place)))
		return rc;
	for (size_t i = 0; i <= k; i++)
		uncia_receipt_free(x->told[i].receipt);
	x->told_count -= k + 1;
	memmove(x->told, x->told + k + 1, x->told_count * sizeof(*x->told));
	watching_ask(w);
	wallet_stir(w);
	return 0;
}

int uncia_watch_forget(struct uncia_wallet *w, const char *client)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!watching_client(client))
		return UNCIA_E_ARGUMENT;
	if (w->watching && strcmp(w->watching->client, client) == 0)
		return UNCIA_E_EXISTS;
	return watching_place_remove(&w->host, client);
}

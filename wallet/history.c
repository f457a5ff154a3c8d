/* Pages of the payments that touched this account, each proved by its receipt. One validator is asked at a time; the
 * count in the account's proof shows whether any is missing (docs/spec/wallet.md 7.8). */
#include "history.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "events.h"
#include "fields.h"
#include "receipts.h"
#include "session.h"
#include "sync.h"
#include "wallet.h"

#define ATTEMPT_MS        3000u /* without an answer for so long, another validator is asked */
#define SLOW_MS           1000u /* who takes as long for a page is asked last for the next one */
#define NOBODY            UINT32_MAX
#define RECEIPTS_PER_TURN 3u

static void history_announce(struct uncia_wallet *w, int error)
{
	events_add(w, &(struct uncia_event){.kind = UNCIA_EVENT_HISTORY, .error = error});
}

static void free_receipts(struct uncia_receipt **receipts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		uncia_receipt_free(receipts[i]);
	free(receipts);
}

static void drop_coming(struct history *h)
{
	if (h->coming.receipts)
		free_receipts(h->coming.receipts, h->coming.opened);
	free(h->coming.bytes);
	free(h->coming.ends);
	h->coming = (struct coming_page){0};
}

int history_init(struct uncia_wallet *w)
{
	struct history *h = calloc(1, sizeof(*h));
	if (!h)
		return UNCIA_E_MEMORY;
	w->history = h;
	h->node = h->slow = NOBODY;
	if (w->network && !(h->tried = calloc(w->network->endpoint_count, sizeof(*h->tried))))
		return UNCIA_E_MEMORY;
	return 0;
}

void history_deinit(struct uncia_wallet *w)
{
	if (!w->history)
		return;
	drop_coming(w->history);
	free_receipts(w->history->receipts, w->history->count);
	free(w->history->tried);
	free(w->history);
	w->history = NULL;
}

/* Also gives up what has come. */
static void history_ask(struct uncia_wallet *w, uint32_t node)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__HistoryQuery query = UNCIA__PB__HISTORY_QUERY__INIT;
	struct history *h = w->history;
	assert(h->active);
	drop_coming(h);
	query.address = field_of(w->address.b, ADDRESS_SIZE);
	query.before_height = h->before_height;
	query.before_index = h->before_index;
	query.limit = h->limit;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_HISTORY;
	request.history = &query;
	h->node = node;
	h->attempt_ms = wallet_now(w);
	h->tried[node] = true;
	session_send(w, node, REQUEST_HISTORY, h->generation, &request);
}

/* Asks the next one that is linked and was not asked yet. Returns whether there was one. */
static bool ask_another(struct uncia_wallet *w)
{
	for (uint32_t k = 0; k < w->network->endpoint_count; k++) {
		uint32_t i = session_in_order(w, k);
		if (session_ready(w, i) && !w->history->tried[i]) {
			history_ask(w, i);
			return true;
		}
	}
	return false;
}

/* Begins anew: all validators count as not asked, but for the slow one where there is another. */
static void ask_afresh(struct uncia_wallet *w)
{
	w->history->node = NOBODY;
	for (uint32_t i = 0; i < w->network->endpoint_count; i++)
		w->history->tried[i] = i == w->history->slow;
	if (!ask_another(w) && w->history->slow != NOBODY) {
		w->history->tried[w->history->slow] = false;
		ask_another(w);
	}
}

int uncia_wallet_history(struct uncia_wallet *w, uint64_t before_height, uint32_t before_index, uint32_t limit)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (limit == 0 || limit > HISTORY_PAGE_MAX || (before_height == 0 && before_index != 0))
		return UNCIA_E_ARGUMENT;
	if (!w->network)
		return UNCIA_E_NETWORK;
	struct history *h = w->history;
	h->gapless = before_height == 0 ||
	             (h->has_page && h->gapless && before_height == h->next_height && before_index == h->next_index);
	drop_coming(h);
	h->active = true;
	h->generation++;
	h->started_ms = wallet_now(w);
	h->before_height = before_height;
	h->before_index = before_index;
	h->limit = limit;
	ask_afresh(w);
	session_wake(w);
	return 0;
}

bool history_cancel(struct uncia_wallet *w)
{
	bool was = w->history->active;
	w->history->active = false;
	drop_coming(w->history);
	return was;
}

void history_link_up(struct uncia_wallet *w, uint32_t node)
{
	if (w->history->active && w->history->node == NOBODY)
		history_ask(w, node);
}

void history_link_down(struct uncia_wallet *w, uint32_t node)
{
	if (!w->history->active || w->history->node != node || w->history->coming.bytes)
		return;
	w->history->node = NOBODY;
	ask_another(w);
}

static bool before(uint64_t height, uint32_t index, uint64_t other_height, uint32_t other_index)
{
	return height < other_height || (height == other_height && index < other_index);
}

/* Keeps the bytes of a page's receipts. Returns 0 or UNCIA_E_MEMORY. */
static int keep_coming(struct history *h, const Uncia__Pb__HistoryReply *reply)
{
	struct coming_page page = {
	    .count = reply->n_receipts, .next_height = reply->next_height, .next_index = reply->next_index};
	size_t size = 0;
	for (size_t i = 0; i < page.count; i++)
		size += reply->receipts[i]->data.len;
	page.bytes = malloc(size + 1);
	page.ends = calloc(page.count + 1, sizeof(*page.ends));
	page.receipts = calloc(page.count + 1, sizeof(*page.receipts));
	drop_coming(h);
	h->coming = page;
	if (!page.bytes || !page.ends || !page.receipts) {
		drop_coming(h);
		return UNCIA_E_MEMORY;
	}
	size = 0;
	for (size_t i = 0; i < page.count; i++) {
		const ProtobufCBinaryData *data = &reply->receipts[i]->data;
		if (data->len != 0)
			memcpy(page.bytes + size, data->data, data->len);
		size += data->len;
		page.ends[i] = size;
	}
	return 0;
}

/* Verifies the next receipt of the page: it touches this account, and is older than the one before it. */
static int open_next(struct uncia_wallet *w)
{
	struct history *h = w->history;
	struct coming_page *page = &h->coming;
	const struct uncia_receipt *newer = page->opened == 0 ? NULL : page->receipts[page->opened - 1];
	uint64_t height = newer ? newer->height : h->before_height == 0 ? UINT64_MAX : h->before_height;
	uint32_t index = newer ? newer->index : h->before_height == 0 ? UINT32_MAX : h->before_index;
	size_t begin = page->opened == 0 ? 0 : page->ends[page->opened - 1];
	struct uncia_receipt *receipt;
	int rc = receipt_open(w->network, page->bytes + begin, page->ends[page->opened] - begin, &receipt);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_PROOF;
	page->receipts[page->opened++] = receipt;
	if (!payment_touches_account(receipt->payment, &w->address) ||
	    !before(receipt->height, receipt->index, height, index))
		return UNCIA_E_PROOF;
	wallet_learn_time(w, receipt->timestamp_ms);
	return 0;
}

/* Counts a receipt of gapless pages that made the proved state. */
static void go_back(struct uncia_wallet *w, const struct uncia_receipt *receipt)
{
	struct history *h = w->history;
	if (w->sync->exists && receipt->height <= h->as_of)
		walk_back(w, &h->walk, &w->sync->state.entry, receipt);
}

/* All of the page that has come is verified. */
static void take_verified_page(struct uncia_wallet *w)
{
	struct history *h = w->history;
	struct uncia_receipt **receipts = h->coming.receipts;
	size_t count = h->coming.opened;
	uint64_t next_height = h->coming.next_height;
	uint32_t next_index = h->coming.next_index;
	assert(h->active && count == h->coming.count && count <= h->limit);
	h->coming.receipts = NULL;
	drop_coming(h);
	free_receipts(h->receipts, h->count);
	h->receipts = receipts;
	h->count = count;
	h->has_page = true;
	h->active = false;
	/* The next page begins at the last receipt here, whatever place the validator names: it could skip some. */
	h->next_height = next_height == 0 ? 0 : count != 0 ? receipts[count - 1]->height : next_height;
	h->next_index = next_height == 0 ? 0 : count != 0 ? receipts[count - 1]->index : next_index;
	if (h->before_height == 0) {
		walk_begin(&h->walk, w->sync->exists ? w->sync->state.entry.balance : 0);
		h->as_of = w->sync->height;
	}
	for (size_t i = 0; i < count; i++)
		go_back(w, receipts[i]);
	history_announce(w, 0);
}

/* Verifies some receipts of the page that has come. Returns what is wrong with it. */
static int verify_some(struct uncia_wallet *w)
{
	struct history *h = w->history;
	int rc = 0;
	for (unsigned i = 0; !rc && i < RECEIPTS_PER_TURN && h->coming.opened < h->coming.count; i++)
		rc = open_next(w);
	if (rc)
		drop_coming(h);
	else if (h->coming.opened == h->coming.count)
		take_verified_page(w);
	return rc;
}

int history_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply)
{
	struct history *h = w->history;
	if (!h->active || generation != h->generation || node != h->node || h->coming.bytes)
		return 0; /* an answer to an earlier question, or one more */
	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL) {
		ask_another(w); /* where none is left, history_tick begins anew */
		return 0;
	}
	if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_HISTORY || reply->history->n_receipts > h->limit)
		return UNCIA_E_PROTOCOL;
	/* An empty page must lead further back, or it would be asked for without end. */
	if (reply->history->n_receipts == 0 && reply->history->next_height != 0 && h->before_height != 0 &&
	    !before(reply->history->next_height, reply->history->next_index, h->before_height, h->before_index))
		return UNCIA_E_PROTOCOL;
	int rc = keep_coming(h, reply->history);
	if (rc)
		return rc;
	if (wallet_now(w) >= h->attempt_ms + SLOW_MS)
		h->slow = node;
	return h->coming.count <= RECEIPTS_PER_TURN ? verify_some(w) : 0; /* else history_tick begins */
}

/* The page is being verified. What is wrong with it ends the link that it came over, if that is there still. */
static void go_on_with_coming(struct uncia_wallet *w)
{
	struct history *h = w->history;
	uint32_t node = h->node;
	int rc = verify_some(w);
	if (!rc)
		return;
	if (session_ready(w, node))
		session_drop(w, node, rc);
	h->node = NOBODY;
	ask_another(w);
}

void history_tick(struct uncia_wallet *w)
{
	struct history *h = w->history;
	uint64_t now = wallet_now(w);
	if (!h->active)
		return;
	if (h->coming.bytes) {
		go_on_with_coming(w);
		return;
	}
	if (now >= h->started_ms + w->request_timeout_ms || session_all_lied(w)) {
		h->active = false;
		history_announce(w, session_no_answer(w));
	} else if (h->node != NOBODY && now >= h->attempt_ms + ATTEMPT_MS) {
		h->slow = h->node;
		if (!ask_another(w))
			ask_afresh(w);
	}
}

uint64_t history_next_ms(const struct uncia_wallet *w)
{
	const struct history *h = w->history;
	if (!h->active)
		return UINT64_MAX;
	if (h->coming.bytes)
		return 0;
	uint64_t next = h->started_ms + w->request_timeout_ms;
	return h->node != NOBODY && h->attempt_ms + ATTEMPT_MS < next ? h->attempt_ms + ATTEMPT_MS : next;
}

int uncia_wallet_history_page(const struct uncia_wallet *w, struct uncia_history_page *page)
{
	int rc = wallet_readable(w);
	if (!rc && (!page || page->size != sizeof(*page)))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	const struct history *h = w->history;
	if (!h->has_page)
		return UNCIA_E_NOT_FOUND;
	*page = (struct uncia_history_page){.size = sizeof(*page),
	                                    .count = (uint32_t)h->count,
	                                    .next_height = h->next_height,
	                                    .next_index = h->next_index};
	/* Receipts can be left out, not made up. Count and balance of one and the same state show that none was. */
	page->complete = h->gapless && w->sync->known && w->sync->exists && h->as_of == w->sync->height &&
	                 walk_complete(w, &h->walk, &w->sync->state.entry);
	return 0;
}

const struct uncia_receipt *uncia_wallet_history_receipt(const struct uncia_wallet *w, uint32_t number)
{
	return wallet_readable(w) || number >= w->history->count ? NULL : w->history->receipts[number];
}

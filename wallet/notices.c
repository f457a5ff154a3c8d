/* Notices checked. A check is followed by what this wallet knows of the payment anyway (what a watch brought, a page of
 * the history, a lookup), and else by a lookup of its own; its verdict is made when the payment is final or has
 * expired.
 *
 * What makes a payment told as paid is the exclusive creation of the blob notice-ID; it is told once that is durable.
 * Until the host acknowledges it, it is told again to the same person's notice: who was killed before could show it. */
#include "notices.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "events.h"
#include "following.h"
#include "hash.h"
#include "history.h"
#include "notice_record.h"
#include "outbox.h"
#include "pins.h"
#include "sync.h"
#include "wallet.h"
#include "watching.h"

#define CHECKS_MAX        64u
#define CHECKS_OF_ONE_MAX 16u /* of one sender: what never was is looked for for days */

_Static_assert(UNCIA_NOTICE_TAG_SIZE == UNCIA_TAG_SIZE, "one size of tags");

enum check_stage {
	CHECK_FOLLOWS, /* until the payment has its end */
	CHECK_STORES,  /* it is paid; the record of that is not durable yet */
	CHECK_ENDED
};

struct notice_check {
	struct payment_id id;
	struct sender from;
	enum check_stage stage;
	bool news;                         /* the host has not taken the result as it is now */
	uint32_t round;                    /* CHECK_FOLLOWS: of the lookup, that has been told */
	uint64_t after;                    /* CHECK_STORES: until all up to this one is durable (storing.h) */
	struct uncia_notice_result result; /* PAID only once it may be told */
	struct notice_check *prev, *next;
};

/* What a payment is, as a receipt proves it. */
struct facts {
	const struct payment *payment;
	uint64_t height, timestamp_ms;
	uint32_t index;
};

/* ---- what this process has told -------------------------------------------------------------- */

static struct payment_id *find_told(const struct uncia_wallet *w, const struct payment_id *id)
{
	for (size_t i = 0; i < w->notices->told_count; i++)
		if (memcmp(w->notices->told[i].b, id->b, sizeof(id->b)) == 0)
			return &w->notices->told[i];
	return NULL;
}

/* Room for one more. Whether there is memory. */
static bool reserve_told(struct uncia_wallet *w)
{
	struct notices *n = w->notices;
	if (n->told_count < n->told_capacity)
		return true;
	size_t capacity = n->told_capacity ? 2 * n->told_capacity : 16;
	struct payment_id *told = realloc(n->told, capacity * sizeof(*told));
	if (!told)
		return false;
	n->told = told;
	n->told_capacity = capacity;
	return true;
}

static void forget_told(struct uncia_wallet *w, const struct payment_id *id)
{
	struct payment_id *told = find_told(w, id);
	if (told)
		*told = w->notices->told[--w->notices->told_count];
}

/* ---- the list -------------------------------------------------------------------------------- */

int notices_init(struct uncia_wallet *w)
{
	w->notices = calloc(1, sizeof(*w->notices));
	if (!w->notices)
		return UNCIA_E_MEMORY;
	int rc = notice_floor_load(&w->host, &w->notices->floor);
	w->notices->has_floor = !rc;
	/* One that is damaged is looked for again where it matters. */
	return rc == UNCIA_E_NOT_FOUND || rc == UNCIA_E_DAMAGED ? 0 : rc;
}

static void check_remove(struct uncia_wallet *w, struct notice_check *check)
{
	if (check->stage == CHECK_FOLLOWS)
		following_let_go(w, &check->id);
	assert(w->notices->count != 0);
	DL_DELETE(w->notices->list, check);
	w->notices->count--;
	free(check);
}

void notices_deinit(struct uncia_wallet *w)
{
	struct notice_check *check, *next;
	if (!w->notices)
		return;
	DL_FOREACH_SAFE (w->notices->list, check, next)
		free(check);
	free(w->notices->told);
	free(w->notices);
	w->notices = NULL;
}

bool notices_cancel(struct uncia_wallet *w, const struct payment_id *id)
{
	struct notice_check *check, *next;
	bool any = false;
	DL_FOREACH_SAFE (w->notices->list, check, next) {
		if (check->stage == CHECK_ENDED || (id && memcmp(check->id.b, id->b, sizeof(id->b)) != 0))
			continue;
		if (check->stage == CHECK_STORES)
			forget_told(w, &check->id);
		check_remove(w, check);
		any = true;
	}
	return any;
}

/* ---- from where on payments count ------------------------------------------------------------ */

/* A home that has no such place begins at the first state that is proved to it. That it cannot be stored stops nothing
 * else: it is tried again after the next sync. */
static void find_floor(struct uncia_wallet *w)
{
	struct notices *n = w->notices;
	uint64_t height;
	if (n->has_floor || !w->sync->sure || n->floor_tried_ms == w->sync->times.at_ms)
		return;
	n->floor_tried_ms = w->sync->times.at_ms;
	n->floor_error = notice_floor_load(&w->host, &height); /* another process may have stored one */
	if (n->floor_error == UNCIA_E_NOT_FOUND) {
		height = w->sync->height;
		n->floor_error = notice_floor_store(w, height);
	}
	if (n->floor_error)
		return;
	n->has_floor = true;
	n->floor = height;
}

/* What keeps this home from knowing from where on payments count: 0 where a sync is to show it. */
static int floor_failure(const struct uncia_wallet *w)
{
	if (w->notices->floor_error)
		return w->notices->floor_error;
	if (w->sync->active)
		return 0;
	return w->sync->error ? w->sync->error : UNCIA_E_UNREACHABLE;
}

int uncia_notice_restored(struct uncia_wallet *w)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!w->sync->sure) {
		rc = wallet_sync_thorough(w);
		return rc ? rc : UNCIA_E_UNREACHABLE;
	}
	uint64_t height = w->sync->height;
	if (w->notices->has_floor && w->notices->floor > height)
		height = w->notices->floor;
	rc = notice_floor_store(w, height);
	if (rc)
		return rc;
	w->notices->has_floor = true;
	w->notices->floor = height;
	return 0;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void verdict_end(struct notice_check *check, enum uncia_notice_verdict verdict)
{
	check->stage = CHECK_ENDED;
	check->result.verdict = verdict;
	check->result.over = true;
	check->result.error = 0;
}

static void describe_facts(const struct uncia_wallet *w, const struct facts *facts, struct uncia_notice_result *result)
{
	struct uncia_payment info = {.size = sizeof(info)};
	payment_describe(facts->payment, &info);
	strcpy(result->sender, info.sender);
	result->amount = wallet_received(w, facts->payment);
	result->currency = (uint8_t)facts->payment->currency;
	result->height = facts->height;
	result->timestamp_ms = facts->timestamp_ms;
	result->index = facts->index;
}

/* Whether the memo that was told is the payment's. One that was not told is no lie. */
static bool memo_holds(const struct payment *payment, struct uncia_notice_result *result)
{
	uint8_t hash[MEMO_HASH_SIZE];
	result->memo_untold = payment->has_memo_hash && result->memo[0] == '\0';
	if (result->memo[0] == '\0')
		return true;
	return payment->has_memo_hash && !uncia_memo_hash(result->memo, hash) &&
	       memcmp(hash, payment->memo_hash, MEMO_HASH_SIZE) == 0;
}

/* It is paid, and that is recorded: told as soon as the record is durable. There is room in `told`. */
static void check_paid(struct uncia_wallet *w, struct notice_check *check, uint64_t after)
{
	assert(w->notices->told_count < w->notices->told_capacity);
	w->notices->told[w->notices->told_count++] = check->id;
	if (after > w->storing.done) {
		check->stage = CHECK_STORES;
		check->after = after;
	} else {
		verdict_end(check, UNCIA_NOTICE_PAID);
	}
}

/* Whether it is who told of it first; where that is not known, anybody with that account. */
static bool told_by_the_same(const struct notice_check *check, const struct notice_record *record)
{
	return !*record->handle ||
	       (strcmp(record->handle, check->result.handle) == 0 && strcmp(record->own, check->result.own) == 0);
}

/* It was told as paid before. */
static void check_told(struct uncia_wallet *w, struct notice_check *check, struct notice_record *record)
{
	strcpy(check->result.first, record->handle);
	if (record->shown || find_told(w, &check->id)) {
		verdict_end(check, UNCIA_NOTICE_AGAIN);
		/* The host has told it by itself, and now its payer does: others repeat what he has told. That it is
		 * not stored costs that word. */
		if (!*record->handle && *check->result.handle) {
			strcpy(record->own, check->result.own);
			strcpy(record->handle, check->result.handle);
			(void)notice_record_store(w, &check->id, record, true);
		}
		return;
	}
	if (!told_by_the_same(check, record)) {
		verdict_end(check, UNCIA_NOTICE_REPEATED);
		return;
	}
	check->result.maybe_told = true;
	check_paid(w, check, stored_all(w) ? 0 : w->storing.last);
}

/* Nobody has told of it: now it is told, unless it is from before this home began. Returns 0, also where that is not
 * known yet; UNCIA_E_EXISTS where another process was faster; what storing it returned. */
static int check_first(struct uncia_wallet *w, struct notice_check *check, const struct facts *facts)
{
	struct notice_record record = {.account = check->from.account};
	uint64_t before = w->storing.last;
	find_floor(w);
	if (!w->notices->has_floor)
		return 0;
	if (facts->height <= w->notices->floor) {
		check->result.older = true;
		verdict_end(check, UNCIA_NOTICE_AGAIN);
		return 0;
	}
	strcpy(record.own, check->result.own);
	strcpy(record.handle, check->result.handle);
	int rc = notice_record_store(w, &check->id, &record, false);
	if (!rc)
		check_paid(w, check, stored_since(w, before));
	return rc;
}

/* Final, to this account, from the sender's own account, with this memo. Returns 0; what reading or storing returned.
 */
static int check_accept(struct uncia_wallet *w, struct notice_check *check, const struct facts *facts)
{
	struct notice_record record;
	if (!reserve_told(w))
		return UNCIA_E_MEMORY;
	int rc = notice_record_load(&w->host, &check->id, &record);
	if (rc == UNCIA_E_NOT_FOUND) {
		rc = check_first(w, check, facts);
		if (rc != UNCIA_E_EXISTS)
			return rc;
		rc = notice_record_load(&w->host, &check->id, &record);
	}
	if (!rc)
		check_told(w, check, &record);
	return rc;
}

/* Somebody tells of a payment of another account than his. */
static int check_foreign(struct uncia_wallet *w, struct notice_check *check)
{
	struct notice_record record;
	int rc = notice_record_load(&w->host, &check->id, &record);
	if (rc && rc != UNCIA_E_NOT_FOUND)
		return rc;
	if (!rc)
		strcpy(check->result.first, record.handle);
	verdict_end(check, !rc                  ? UNCIA_NOTICE_REPEATED
	                   : check->from.pinned ? UNCIA_NOTICE_OTHER_ACCOUNT
	                                        : UNCIA_NOTICE_STRANGER);
	return 0;
}

/* The verdict on a payment that is final. A negative result: it could not be stored, or what was stored could not be
 * read. */
static int check_judge(struct uncia_wallet *w, struct notice_check *check, const struct facts *facts)
{
	bool his = check->from.pinned && payment_is_from(facts->payment, &check->from.account);
	describe_facts(w, facts, &check->result);
	if (check->result.amount == 0) {
		verdict_end(check, UNCIA_NOTICE_NOT_TO_ME);
		return 0;
	}
	bool memo = memo_holds(facts->payment, &check->result);
	if (his && memo)
		return check_accept(w, check, facts);
	if (memo || (check->from.pinned && !his))
		return check_foreign(w, check);
	verdict_end(check, UNCIA_NOTICE_OTHER_MEMO);
	return 0;
}

/* ---- what is known of a payment -------------------------------------------------------------- */

static struct facts facts_of(const struct uncia_receipt *receipt)
{
	return (struct facts){receipt->payment, receipt->height, receipt->timestamp_ms, receipt->index};
}

static bool receipt_is_of(const struct uncia_receipt *receipt, const struct payment_id *id)
{
	return memcmp(receipt->payment->id.b, id->b, sizeof(id->b)) == 0;
}

/* Whether its receipt is here already: a watch or a page of the history brought it, or it was looked up. */
static bool facts_at_hand(const struct uncia_wallet *w, const struct payment_id *id, struct facts *facts)
{
	const struct tracked *t = tracked_find(w, id);
	if (t && tracked_shown(w, t) == UNCIA_PAYMENT_FINAL) {
		const struct record *r = &t->record;
		*facts = (struct facts){r->payment, r->height, r->timestamp_ms, r->index};
		return true;
	}
	for (size_t i = 0; w->watching && i < w->watching->told_count; i++) {
		if (receipt_is_of(w->watching->told[i].receipt, id)) {
			*facts = facts_of(w->watching->told[i].receipt);
			return true;
		}
	}
	for (size_t i = 0; w->history->has_page && i < w->history->count; i++) {
		if (receipt_is_of(w->history->receipts[i], id)) {
			*facts = facts_of(w->history->receipts[i]);
			return true;
		}
	}
	return false;
}

/* The same of this account's own payments that are archived. Returns 0; as outbox_read. */
static int judge_archived(struct uncia_wallet *w, struct notice_check *check, const struct ended *ended)
{
	struct record read;
	int rc = outbox_read(w, ended, &read);
	if (rc)
		return rc;
	if (read.state == UNCIA_PAYMENT_FINAL)
		rc = check_judge(w, check, &(struct facts){read.payment, read.height, read.timestamp_ms, read.index});
	else
		verdict_end(check, UNCIA_NOTICE_EXPIRED);
	outbox_read_free(&read);
	return rc;
}

/* Judges by what is here. Returns 0, also where that is nothing; as check_judge. */
static int judge_at_hand(struct uncia_wallet *w, struct notice_check *check)
{
	const struct tracked *t = tracked_find(w, &check->id);
	const struct ended *ended = t ? NULL : archive_find_id(w, &check->id);
	struct facts facts;
	if (facts_at_hand(w, &check->id, &facts))
		return check_judge(w, check, &facts);
	if (ended)
		return judge_archived(w, check, ended);
	if (t && tracked_shown(w, t) == UNCIA_PAYMENT_EXPIRED)
		verdict_end(check, UNCIA_NOTICE_EXPIRED);
	return 0;
}

/* ---- going on -------------------------------------------------------------------------------- */

static void check_tell(struct uncia_wallet *w, struct notice_check *check)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_NOTICE};
	memcpy(event.id.b, check->id.b, sizeof(event.id.b));
	check->news = true;
	events_add(w, &event);
}

/* Takes up the end of a payment, or of a round of its lookup. Returns whether there is news. */
static bool check_look(struct uncia_wallet *w, struct notice_check *check)
{
	struct following_round round;
	int rc = judge_at_hand(w, check);
	if (!rc && check->stage == CHECK_FOLLOWS && !w->notices->has_floor)
		rc = floor_failure(w);
	if (rc) {
		verdict_end(check, UNCIA_NOTICE_CHECKING);
		check->result.error = rc;
		return true;
	}
	if (check->stage != CHECK_FOLLOWS)
		return check->stage == CHECK_ENDED;
	if (!following_round(w, &check->id, &round) || round.number == check->round)
		return false;
	enum uncia_notice_verdict before = check->result.verdict;
	int error_before = check->result.error;
	check->round = round.number;
	check->result.error = round.error;
	if (round.forgotten)
		verdict_end(check, UNCIA_NOTICE_UNKNOWN);
	else if (!round.error)
		check->result.verdict =
		    round.state == UNCIA_PAYMENT_PENDING ? UNCIA_NOTICE_PENDING : UNCIA_NOTICE_UNKNOWN;
	return round.forgotten || check->result.verdict != before || check->result.error != error_before;
}

/* Whether there is news of the record. */
static bool check_stored(struct uncia_wallet *w, struct notice_check *check)
{
	if (check->after <= w->storing.done) {
		verdict_end(check, UNCIA_NOTICE_PAID);
		return true;
	}
	if (!w->storing.failed)
		return false;
	forget_told(w, &check->id); /* nobody was told of it */
	verdict_end(check, UNCIA_NOTICE_CHECKING);
	check->result.error = w->storing.failed;
	return true;
}

void notices_advance(struct uncia_wallet *w)
{
	struct notice_check *check;
	find_floor(w);
	DL_FOREACH (w->notices->list, check) {
		bool followed = check->stage == CHECK_FOLLOWS;
		bool news = followed ? check_look(w, check) : check->stage == CHECK_STORES && check_stored(w, check);
		if (followed && check->stage != CHECK_FOLLOWS)
			following_let_go(w, &check->id);
		if (news)
			check_tell(w, check);
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* What a query says of the payment: id and memo. Returns 0; as uncia_wallet_notice_check. */
static int read_notice(const struct uncia_wallet *w, const struct uncia_notice_query *query,
                       struct uncia_notice_result *result)
{
	struct uncia_notice notice = {.size = sizeof(notice)};
	const char *memo = query->memo && query->memo[0] != '\0' ? query->memo : NULL;
	int rc = memo ? uncia_memo_check(memo) : 0;
	if (rc)
		return rc;
	if (uncia_payment_id_parse(query->notice, &notice.id)) {
		rc = uncia_notice_parse(w->network_id.b, query->notice, &notice);
		if (rc)
			return rc;
	}
	if (memo && notice.memo[0] != '\0' && strcmp(memo, notice.memo) != 0)
		return UNCIA_E_ARGUMENT;
	result->id = notice.id;
	strcpy(result->memo, memo ? memo : notice.memo);
	return 0;
}

static int check_query(const struct uncia_wallet *w, const struct uncia_notice_query *query,
                       const struct uncia_notice_result *result)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	if (!query || query->size != sizeof(*query) || !query->notice || !result || result->size != sizeof(*result) ||
	    !query->tag != (query->tag_size == 0) || query->tag_size > UNCIA_TAG_SIZE || !query->peer ||
	    query->peer->size != sizeof(*query->peer))
		return UNCIA_E_ARGUMENT;
	if (!w->network)
		return UNCIA_E_NETWORK;
	return w->secret ? 0 : UNCIA_E_LOCKED;
}

/* Fills in who has told of it. Returns 0; as sender_read; UNCIA_E_ARGUMENT. */
static int read_sender(const struct uncia_wallet *w, const struct uncia_peer *peer, struct notice_check *check)
{
	struct uncia_notice_result *result = &check->result;
	int rc = sender_read(w, peer, &check->from);
	if (rc)
		return rc;
	if ((peer->own && strnlen(peer->own, UNCIA_PEER_SIZE) >= UNCIA_PEER_SIZE) ||
	    (peer->handle && strnlen(peer->handle, UNCIA_PEER_SIZE) >= UNCIA_PEER_SIZE))
		return UNCIA_E_ARGUMENT;
	strcpy(result->own, peer->own ? peer->own : "");
	strcpy(result->handle, peer->handle ? peer->handle : "");
	result->weak = check->from.weak;
	if (check->from.pinned)
		destination_format(&(struct destination){.address = check->from.account}, result->pinned);
	return 0;
}

static bool same_sender(const struct notice_check *a, const struct notice_check *b)
{
	return strcmp(a->result.own, b->result.own) == 0 && strcmp(a->result.handle, b->result.handle) == 0 &&
	       a->from.pinned == b->from.pinned && address_equal(&a->from.account, &b->from.account);
}

/* Begins to follow the payment, for a check that goes on. */
static int check_begin(struct uncia_wallet *w, struct notice_check *check)
{
	const struct notice_check *other;
	uint32_t of_one = 0;
	DL_FOREACH (w->notices->list, other)
		of_one += same_sender(other, check);
	if (w->notices->count >= CHECKS_MAX || of_one >= CHECKS_OF_ONE_MAX)
		return UNCIA_E_FULL;
	int rc = check->stage == CHECK_FOLLOWS ? following_take_up(w, &check->id) : 0;
	if (rc)
		return rc;
	const struct tracked *t = tracked_find(w, &check->id);
	if (t && t->record.own && !tracked_has_end(t))
		check->result.verdict = UNCIA_NOTICE_PENDING;
	if (!w->notices->has_floor)
		rc = wallet_sync_thorough(w);
	assert(!rc); /* there is a network, and nobody else uses the wallet */
	DL_APPEND(w->notices->list, check);
	w->notices->count++;
	wallet_stir(w);
	return 0;
}

/* The verdict that can be given now; checks that go on are in the list then. Returns 0; why there is none. Out: *kept:
 * whether it is in the list. */
static int notice_check_now(struct uncia_wallet *w, const struct uncia_notice_query *query, struct notice_check *check,
                            bool *kept)
{
	int rc = read_notice(w, query, &check->result);
	if (!rc)
		rc = read_sender(w, query->peer, check);
	if (rc)
		return rc;
	memcpy(check->id.b, check->result.id.b, sizeof(check->id.b));
	if (query->tag)
		memcpy(check->result.tag, query->tag, query->tag_size);
	check->result.tag_size = query->tag_size;
	rc = judge_at_hand(w, check);
	if (!rc && check->stage == CHECK_FOLLOWS && !check->from.pinned && !query->asked)
		verdict_end(check, UNCIA_NOTICE_UNPINNED);
	if (rc || check->stage == CHECK_ENDED)
		return rc;
	rc = check_begin(w, check);
	*kept = !rc;
	return rc;
}

int uncia_wallet_notice_check(struct uncia_wallet *w, const struct uncia_notice_query *query,
                              struct uncia_notice_result *result)
{
	bool kept = false;
	int rc = check_query(w, query, result);
	if (rc)
		return rc;
	struct notice_check *check = calloc(1, sizeof(*check));
	if (!check)
		return UNCIA_E_MEMORY;
	check->result.size = sizeof(check->result);
	rc = notice_check_now(w, query, check, &kept);
	if (!rc)
		*result = check->result;
	if (!kept)
		free(check);
	return rc;
}

int uncia_notice_result(struct uncia_wallet *w, struct uncia_notice_result *result)
{
	struct notice_check *check;
	int rc = wallet_usable(w);
	if (!rc && (!result || result->size != sizeof(*result)))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	DL_FOREACH (w->notices->list, check) {
		if (!check->news)
			continue;
		*result = check->result;
		check->news = false;
		if (check->stage == CHECK_ENDED)
			check_remove(w, check);
		return 1;
	}
	return 0;
}

/* Whether a check of this payment waits for its record to be durable: it was not told yet. */
static bool is_being_stored(const struct uncia_wallet *w, const struct payment_id *id)
{
	const struct notice_check *check;
	DL_FOREACH (w->notices->list, check)
		if (check->stage == CHECK_STORES && memcmp(check->id.b, id->b, sizeof(id->b)) == 0)
			return true;
	return false;
}

int uncia_notice_acknowledge(struct uncia_wallet *w, const struct uncia_payment_id *id)
{
	struct notice_record record;
	struct payment_id key;
	int rc = wallet_usable(w);
	if (!rc && !id)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	memcpy(key.b, id->b, sizeof(key.b));
	if (is_being_stored(w, &key))
		return UNCIA_E_NOT_FOUND;
	rc = notice_record_load(&w->host, &key, &record);
	if (!rc && !record.shown) {
		record.shown = true;
		rc = notice_record_store(w, &key, &record, true);
	}
	if (!rc)
		forget_told(w, &key);
	return rc;
}

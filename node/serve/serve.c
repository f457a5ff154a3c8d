/* What waits is answered as it comes to be known, within each wallet's budget of reading. See serve.h. */
#include "serve.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "messages.h"
#include "questions.h"
#include "try.h"
#include "uncia/error.h"
#include "waiters.h"
#include "watches.h"

#define BUDGET_CHECK_MS 10u

void serve_init(struct serve *s)
{
	assert(s->step && s->chain && s->ledger && s->mempool);
	s->questions_last = &s->questions;
}

void serve_deinit(struct serve *s)
{
	struct wallet_link *wallet, *next;

	HASH_ITER (hh, s->wallets, wallet, next)
		serve_wallet_closed(s, wallet->number);
	assert(!s->questions && !s->awaited && !s->watched && !s->watches_due && !s->watch_count);
}

void serve_wallet_closed(struct serve *s, uint64_t wallet)
{
	questions_forget(s, wallet);
	watches_forget(s, wallet);
	wallet_link_forget(s, wallet);
}

size_t serve_waiters_most(const struct serve *s)
{
	struct wallet_link *wallet, *next;
	size_t most = 0;

	HASH_ITER (hh, s->wallets, wallet, next)
		if (wallet->waiter_count > most)
			most = wallet->waiter_count;
	return most;
}

bool serve_waits(const struct serve *s, uint64_t wallet)
{
	const struct wallet_link *link;

	HASH_FIND(hh, s->wallets, &wallet, sizeof(wallet), link);
	return link && (link->waiter_count || link->question_count);
}

bool serve_watches(const struct serve *s, uint64_t wallet)
{
	const struct wallet_link *link;

	HASH_FIND(hh, s->wallets, &wallet, sizeof(wallet), link);
	return link && link->watcher;
}

size_t serve_watch_count(const struct serve *s)
{
	return s->watch_count;
}

uint64_t serve_wake(const struct serve *s)
{
	uint64_t at = watches_due(s) ? s->step->now_ms : TIME_NEVER;

	for (const struct question *question = s->questions; question; question = question->next) {
		if (question->deadline_ms < at)
			at = question->deadline_ms;
		if (question->kind != QUESTION_ACCOUNT && s->step->now_ms + BUDGET_CHECK_MS < at)
			at = s->step->now_ms + BUDGET_CHECK_MS;
	}
	return at;
}

/* Whether the journal may be read for this wallet now: for each its share, and one for all together. Where many wait,
 * the shares of all together are no more than that one, so that who has asked for little finds some of it left. */
static bool wallet_budget_left(struct serve *s, struct wallet_link *link)
{
	uint64_t per_ms = READ_ALL_PER_MS / s->readers + 1;

	if (per_ms > READ_WALLET_PER_MS)
		per_ms = READ_WALLET_PER_MS;
	return read_budget_left(&link->budget, s->step->now_ms, READ_WALLET_OWED / s->readers, per_ms) &&
	       read_budget_left(&s->readers_budget, s->step->now_ms, READ_ALL_OWED, READ_ALL_PER_MS);
}

/* What is read for it is owed from then on. */
static int answer_by_budget(struct serve *s, const struct question *question, struct wallet_link *link)
{
	uint64_t before = s->step->journal_read;
	int error = question->kind == QUESTION_RECEIPT ? receipt_answer(s, question) : history_answer(s, question);
	uint64_t used = READ_QUESTION + s->step->journal_read - before;

	link->budget.owed += used;
	s->readers_budget.owed += used;
	return error;
}

/* Returns 1 once the question is answered, 0 where it has to wait. */
static int question_try(struct serve *s, const struct question *question)
{
	bool late = s->step->now_ms >= question->deadline_ms;

	if (question->kind == QUESTION_ACCOUNT) {
		if (!late && !(s->chain->final_certificate && ledger_settled_height(s->ledger) >= question->height))
			return 0;
		TRY(account_answer(s, question));
		return 1;
	}
	if (question->after <= s->step->durable && wallet_budget_left(s, question->link)) {
		TRY(answer_by_budget(s, question, question->link));
		return 1;
	}
	if (!late)
		return 0;
	TRY(message_refuse(s->step, question->wallet, question->request_id, UNCIA_E_FULL,
	                   "the disk is late, or too much is being read from it: ask again later"));
	return 1;
}

int serve_answer(struct serve *s)
{
	for (struct question **at = &s->questions; *at;) {
		int answered = question_try(s, *at);
		TRY(answered);
		if (answered)
			free(question_take(s, at));
		else
			at = &(*at)->next;
	}
	return watches_answer(s);
}

/* See waiters.h. */
#include "waiters.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "messages.h"
#include "uncia/error.h"

struct wallet_link *wallet_link_get(struct serve *s, uint64_t number)
{
	struct wallet_link *wallet;

	HASH_FIND(hh, s->wallets, &number, sizeof(number), wallet);
	if (wallet)
		return wallet;
	wallet = calloc(1, sizeof(*wallet));
	if (!wallet)
		return NULL;
	wallet->number = number;
	HASH_ADD(hh, s->wallets, number, sizeof(wallet->number), wallet);
	if (!wallet->hh.tbl) {
		free(wallet);
		return NULL;
	}
	return wallet;
}

/* ---- by the second at which they expire ---- */

bool expiry_is_due(const struct serve *s, const struct payment_id *id)
{
	return s->step->self != NOT_A_MEMBER && s->chain->tip->header.timestamp_ms / 1000 >= payment_id_expires_at(id);
}

static struct expiry_second *second_find(const struct serve *s, uint64_t second)
{
	struct expiry_second *found;

	HASH_FIND(hh, s->seconds, &second, sizeof(second), found);
	return found;
}

static int awaited_place(struct serve *s, struct awaited *awaited)
{
	uint64_t second = payment_id_expires_at(&awaited->id);

	if (expiry_is_due(s, &awaited->id)) {
		awaited->state = AWAITED_DUE;
		DL_APPEND(s->due, awaited);
		return 0;
	}
	struct expiry_second *of = second_find(s, second);
	if (!of) {
		of = malloc(sizeof(*of));
		if (!of)
			return UNCIA_E_MEMORY;
		*of = (struct expiry_second){.second = second};
		HASH_ADD(hh, s->seconds, second, sizeof(of->second), of);
		if (!of->hh.tbl) {
			free(of);
			return UNCIA_E_MEMORY;
		}
	}
	awaited->state = AWAITED_WAITING;
	DL_APPEND(of->first, awaited);
	return 0;
}

static void awaited_displace(struct serve *s, struct awaited *awaited)
{
	switch (awaited->state) {
	case AWAITED_WAITING: {
		struct expiry_second *of = second_find(s, payment_id_expires_at(&awaited->id));
		assert(of);
		DL_DELETE(of->first, awaited);
		if (of->first)
			return;
		HASH_DEL(s->seconds, of);
		free(of);
		return;
	}
	case AWAITED_DUE:
		DL_DELETE(s->due, awaited);
		return;
	case AWAITED_SIGNING:
		DL_DELETE(s->signing, awaited);
		return;
	}
}

static void second_due(struct serve *s, struct expiry_second *of)
{
	struct awaited *awaited;

	DL_FOREACH (of->first, awaited)
		awaited->state = AWAITED_DUE;
	DL_CONCAT(s->due, of->first);
	HASH_DEL(s->seconds, of);
	free(of);
}

/* By second where few have passed, else by what is awaited: the ledger's time may jump. */
void awaited_expire(struct serve *s, uint64_t from, uint64_t to)
{
	struct expiry_second *of, *next;
	bool few = to - from < HASH_COUNT(s->seconds);

	assert(from < to);
	for (uint64_t second = from + 1; few && second <= to; second++)
		if ((of = second_find(s, second)))
			second_due(s, of);
	if (few)
		return;
	HASH_ITER (hh, s->seconds, of, next)
		if (of->second <= to)
			second_due(s, of);
}

/* ---- by id, and by wallet ---- */

/* Ids are chosen by strangers, so they are hashed under a seed. */
static unsigned awaited_hash(const struct serve *s, const struct payment_id *id)
{
	return (unsigned)siphash(s->hash_seed, id, sizeof(*id));
}

struct awaited *awaited_find(struct serve *s, const struct payment_id *id)
{
	struct awaited *awaited;

	if (!s->awaited) /* asked of every final payment */
		return NULL;
	unsigned hash = awaited_hash(s, id); /* uthash's macros read theirs more than once */
	HASH_FIND_BYHASHVALUE(hh, s->awaited, id, sizeof(*id), hash, awaited);
	return awaited;
}

static struct awaited *awaited_get(struct serve *s, const struct payment_id *id)
{
	unsigned hash = awaited_hash(s, id);
	struct awaited *awaited;

	HASH_FIND_BYHASHVALUE(hh, s->awaited, id, sizeof(*id), hash, awaited);
	if (awaited)
		return awaited;
	awaited = malloc(sizeof(*awaited));
	if (!awaited)
		return NULL;
	*awaited = (struct awaited){.id = *id};
	HASH_ADD_BYHASHVALUE(hh, s->awaited, id, sizeof(awaited->id), hash, awaited);
	if (!awaited->hh.tbl) {
		free(awaited);
		return NULL;
	}
	if (awaited_place(s, awaited)) {
		HASH_DEL(s->awaited, awaited);
		free(awaited);
		return NULL;
	}
	return awaited;
}

/* Nobody waits for it any more. */
static void awaited_end(struct serve *s, struct awaited *awaited)
{
	assert(!awaited->waiters);
	awaited_displace(s, awaited);
	HASH_DEL(s->awaited, awaited);
	free(awaited);
}

static bool waiters_have_room(const struct wallet_link *wallet)
{
	return wallet->waiter_count < WAITERS_PER_WALLET_MAX;
}

/* The wallet's waiter among those who wait for this payment, or NULL. */
static struct waiter *waiter_of(const struct awaited *awaited, uint64_t number)
{
	struct waiter *w = awaited ? awaited->waiters : NULL;

	while (w && w->wallet != number)
		w = w->next_of_payment;
	return w;
}

bool waiter_fits(struct serve *s, uint64_t number, const struct payment_id *id)
{
	const struct wallet_link *wallet;

	HASH_FIND(hh, s->wallets, &number, sizeof(number), wallet);
	return !wallet || waiters_have_room(wallet) || waiter_of(awaited_find(s, id), number);
}

int waiter_add(struct serve *s, uint64_t number, uint64_t request_id, const struct payment_id *id)
{
	struct wallet_link *wallet = wallet_link_get(s, number);
	struct awaited *awaited = wallet ? awaited_get(s, id) : NULL;

	if (!awaited)
		return UNCIA_E_MEMORY;
	struct waiter *held = waiter_of(awaited, number);
	if (held) {
		held->request_id = request_id;
		return 0;
	}
	bool room = waiters_have_room(wallet);
	struct waiter *waiter = room ? malloc(sizeof(*waiter)) : NULL;
	if (!waiter) {
		if (!awaited->waiters)
			awaited_end(s, awaited);
		return room ? UNCIA_E_MEMORY : UNCIA_E_LIMIT;
	}
	*waiter = (struct waiter){
	    .wallet = number,
	    .request_id = request_id,
	    .awaited = awaited,
	    .next_of_payment = awaited->waiters,
	    .next_of_wallet = wallet->waiters,
	    .back_of_wallet = &wallet->waiters,
	};
	awaited->waiters = waiter;
	if (wallet->waiters)
		wallet->waiters->back_of_wallet = &waiter->next_of_wallet;
	wallet->waiters = waiter;
	wallet->waiter_count++;
	assert(wallet->waiter_count <= WAITERS_PER_WALLET_MAX);
	return 0;
}

static void waiter_unlink_wallet(struct serve *s, struct waiter *waiter)
{
	struct wallet_link *wallet;

	HASH_FIND(hh, s->wallets, &waiter->wallet, sizeof(waiter->wallet), wallet);
	assert(wallet);
	*waiter->back_of_wallet = waiter->next_of_wallet;
	if (waiter->next_of_wallet)
		waiter->next_of_wallet->back_of_wallet = waiter->back_of_wallet;
	assert(wallet->waiter_count);
	wallet->waiter_count--;
	wallet->asked_count -= waiter->asked;
}

void awaited_free(struct serve *s, struct awaited *awaited)
{
	while (awaited->waiters) {
		struct waiter *waiter = awaited->waiters;
		awaited->waiters = waiter->next_of_payment;
		waiter_unlink_wallet(s, waiter);
		free(waiter);
	}
	awaited_end(s, awaited);
}

void wallet_link_forget(struct serve *s, uint64_t number)
{
	struct wallet_link *wallet;

	HASH_FIND(hh, s->wallets, &number, sizeof(number), wallet);
	if (!wallet)
		return;
	assert(!wallet->question_count && !wallet->read_count && !wallet->watches);
	while (wallet->waiters) {
		struct waiter *waiter = wallet->waiters;
		waiter_unlink_wallet(s, waiter); /* NOLINT(clang-analyzer-*): it takes the waiter out of the list */
		for (struct waiter **at = &waiter->awaited->waiters; *at; at = &(*at)->next_of_payment)
			if (*at == waiter) {
				*at = waiter->next_of_payment;
				break;
			}
		if (!waiter->awaited->waiters)
			awaited_end(s, waiter->awaited);
		free(waiter);
	}
	HASH_DEL(s->wallets, wallet);
	free(wallet);
}

int awaited_reply(struct serve *s, struct awaited *awaited, uint64_t after, Uncia__Pb__NodeReply *reply)
{
	int error = 0;

	for (struct waiter *waiter = awaited->waiters; waiter && !error; waiter = waiter->next_of_payment) {
		reply->request_id = waiter->request_id;
		error = message_reply(s->step, after, waiter->wallet, reply);
	}
	awaited_free(s, awaited);
	return error;
}

/* See waiters.h. */
#include "waiters.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
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
	return awaited;
}

int waiter_add(struct serve *s, uint64_t number, uint64_t request_id, const struct payment_id *id)
{
	struct wallet_link *wallet = wallet_link_get(s, number);
	struct awaited *awaited = wallet ? awaited_get(s, id) : NULL;

	if (!awaited)
		return UNCIA_E_MEMORY;
	for (struct waiter *w = awaited->waiters; w; w = w->next_of_payment)
		if (w->wallet == number) {
			w->request_id = request_id;
			return 0;
		}
	bool room = wallet->waiter_count < WAITERS_PER_WALLET_MAX;
	struct waiter *waiter = room ? malloc(sizeof(*waiter)) : NULL;
	if (!waiter) {
		if (!awaited->waiters) {
			HASH_DEL(s->awaited, awaited);
			free(awaited);
		}
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
}

void awaited_free(struct serve *s, struct awaited *awaited)
{
	while (awaited->waiters) {
		struct waiter *waiter = awaited->waiters;
		awaited->waiters = waiter->next_of_payment;
		waiter_unlink_wallet(s, waiter);
		free(waiter);
	}
	HASH_DEL(s->awaited, awaited);
	free(awaited);
}

void wallet_link_forget(struct serve *s, uint64_t number)
{
	struct wallet_link *wallet;

	HASH_FIND(hh, s->wallets, &number, sizeof(number), wallet);
	if (!wallet)
		return;
	assert(!wallet->question_count && !wallet->read_count);
	while (wallet->waiters) {
		struct waiter *waiter = wallet->waiters;
		waiter_unlink_wallet(s, waiter); /* NOLINT(clang-analyzer-*): it takes the waiter out of the list */
		for (struct waiter **at = &waiter->awaited->waiters; *at; at = &(*at)->next_of_payment)
			if (*at == waiter) {
				*at = waiter->next_of_payment;
				break;
			}
		if (!waiter->awaited->waiters) {
			HASH_DEL(s->awaited, waiter->awaited);
			free(waiter->awaited);
		}
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

/* The wallets that wait for ends of payments, found by payment and by wallet. What they are told is not made here. */
#include "parts.h"

struct wallet_link *wallet_get(struct replica *r, uint64_t number)
{
	struct wallet_link *wallet;

	HASH_FIND(hh, r->wallets, &number, sizeof(number), wallet);
	if (wallet)
		return wallet;
	wallet = calloc(1, sizeof(*wallet));
	if (!wallet)
		return NULL;
	wallet->number = number;
	HASH_ADD(hh, r->wallets, number, sizeof(wallet->number), wallet);
	if (!wallet->hh.tbl) {
		free(wallet);
		return NULL;
	}
	return wallet;
}

/* faults: ids are chosen by strangers, so they are hashed under a seed. */
static unsigned watched_hash(const struct replica *r, const struct payment_id *id)
{
	return (unsigned)siphash(r->config.hash_seed, id, sizeof(*id));
}

struct watched *watched_find(struct replica *r, const struct payment_id *id)
{
	struct watched *watched;

	if (!r->watched) /* asked of every final payment */
		return NULL;
	unsigned hash = watched_hash(r, id); /* uthash's macros read theirs more than once */
	HASH_FIND_BYHASHVALUE(hh, r->watched, id, sizeof(*id), hash, watched);
	return watched;
}

static struct watched *watched_get(struct replica *r, const struct payment_id *id)
{
	unsigned hash = watched_hash(r, id);
	struct watched *watched;

	HASH_FIND_BYHASHVALUE(hh, r->watched, id, sizeof(*id), hash, watched);
	if (watched)
		return watched;
	watched = malloc(sizeof(*watched));
	if (!watched)
		return NULL;
	*watched = (struct watched){.id = *id};
	HASH_ADD_BYHASHVALUE(hh, r->watched, id, sizeof(watched->id), hash, watched);
	if (!watched->hh.tbl) {
		free(watched);
		return NULL;
	}
	return watched;
}

int watch_add(struct replica *r, uint64_t number, uint64_t request_id, const struct payment_id *id)
{
	struct wallet_link *wallet = wallet_get(r, number);
	struct watched *watched = wallet ? watched_get(r, id) : NULL;

	if (!watched)
		return UNCIA_E_MEMORY;
	for (struct watch *w = watched->watches; w; w = w->next_of_payment)
		if (w->wallet == number) {
			w->request_id = request_id;
			return 0;
		}
	bool room = wallet->watch_count < WATCHES_PER_WALLET_MAX;
	struct watch *watch = room ? malloc(sizeof(*watch)) : NULL;
	if (!watch) {
		if (!watched->watches) {
			HASH_DEL(r->watched, watched);
			free(watched);
		}
		return room ? UNCIA_E_MEMORY : UNCIA_E_LIMIT;
	}
	*watch = (struct watch){
	    .wallet = number,
	    .request_id = request_id,
	    .watched = watched,
	    .next_of_payment = watched->watches,
	    .next_of_wallet = wallet->watches,
	    .back_of_wallet = &wallet->watches,
	};
	watched->watches = watch;
	if (wallet->watches)
		wallet->watches->back_of_wallet = &watch->next_of_wallet;
	wallet->watches = watch;
	wallet->watch_count++;
	return 0;
}

static void watch_unlink_wallet(struct replica *r, struct watch *watch)
{
	struct wallet_link *wallet;

	HASH_FIND(hh, r->wallets, &watch->wallet, sizeof(watch->wallet), wallet);
	assert(wallet);
	*watch->back_of_wallet = watch->next_of_wallet;
	if (watch->next_of_wallet)
		watch->next_of_wallet->back_of_wallet = watch->back_of_wallet;
	wallet->watch_count--;
}

void watched_free(struct replica *r, struct watched *watched)
{
	while (watched->watches) {
		struct watch *watch = watched->watches;
		watched->watches = watch->next_of_payment;
		watch_unlink_wallet(r, watch);
		free(watch);
	}
	HASH_DEL(r->watched, watched);
	free(watched);
}

void wallet_closed(struct replica *r, uint64_t number)
{
	struct wallet_link *wallet;

	queries_forget(r, number);
	HASH_FIND(hh, r->wallets, &number, sizeof(number), wallet);
	if (!wallet)
		return;
	while (wallet->watches) {
		struct watch *watch = wallet->watches;
		watch_unlink_wallet(r, watch); /* NOLINT(clang-analyzer-*): it takes the watch out of the list */
		for (struct watch **at = &watch->watched->watches; *at; at = &(*at)->next_of_payment)
			if (*at == watch) {
				*at = watch->next_of_payment;
				break;
			}
		if (!watch->watched->watches) {
			HASH_DEL(r->watched, watch->watched);
			free(watch->watched);
		}
		free(watch);
	}
	HASH_DEL(r->wallets, wallet);
	free(wallet);
}

void watches_free(struct replica *r)
{
	struct wallet_link *wallet, *next;

	HASH_ITER (hh, r->wallets, wallet, next)
		wallet_closed(r, wallet->number);
}

int watched_reply(struct replica *r, struct watched *watched, uint64_t sequence, Uncia__Pb__NodeReply *reply)
{
	int error = 0;

	for (struct watch *watch = watched->watches; watch && !error; watch = watch->next_of_payment) {
		reply->request_id = watch->request_id;
		error = message_reply(&r->step, sequence, watch->wallet, reply);
	}
	watched_free(r, watched);
	return error;
}

/* Payments from validator to validator. See payments.h. */
#include "gossip.h"
#include <stdlib.h>
#include "fields.h"
#include "messages.h"
#include "pool.h"
#include "try.h"
#include "uncia/error.h"

#define GOSSIP_SIZE_MAX (512u << 10)
/* Of what a validator passes on in vain: bytes at once and a millisecond, what each payment counts beside its own, and
 * the part of it that one counts which is held, as many are: wallets submit to several. */
#define USELESS_OWED        (2u << 20)
#define USELESS_PER_MS      (4u << 10)
#define USELESS_ONE         64u
#define USELESS_HELD_SHARE  4u
#define GOSSIP_TOGETHER     32u /* payments that are read, hashed, and then looked up */
#define PEER_PAYMENTS_MAX   2000u
#define PEER_PAYMENTS_BYTES (1u << 20) /* well within what may wait for a link: all of it is queued at once */

/* Whether one more of this validator's may be checked beside `under_way` of its message: half of the places are for
 * whoever comes, the other half is divided among all. */
static bool gossip_room(const struct payments *p, uint32_t peer, uint32_t under_way)
{
	uint32_t max = pool_gossip_max(p), share = max / 2 / p->step->committee->size;

	if (p->checking_gossip + under_way >= max)
		return false;
	return p->checking_gossip + under_way < max / 2 || p->checking_of[peer] + under_way < share;
}

bool payments_gossip_due(struct payments *p, uint32_t peer)
{
	return read_budget_left(&p->useless[peer], p->step->now_ms, USELESS_OWED, USELESS_PER_MS);
}

/* Whether no block can take it any more, or not for long. */
static bool gossip_untimely(const struct payments *p, uint32_t expires_at)
{
	return pool_tip_seconds(p) >= expires_at || pool_too_far(p, expires_at);
}

/* What one payment of a message cost in vain. */
static void gossip_owe(struct payments *p, uint32_t peer, size_t size, unsigned share)
{
	p->useless[peer].owed += (USELESS_ONE + size) / share;
}

/* One payment of a message: into the pool and the job, where it is of any use. What is not is found by whether it is
 * held, by its hash, and whether it is final. Wallets submit to several validators, and each of those relays. What no
 * block can take, or one has taken already, would keep every leader awake until it expires. Takes the payment. Returns
 * 0, or an error of this machine. */
static int gossip_take(struct payments *p, uint32_t peer, struct job *job, struct payment *payment)
{
	struct pooled *pooled;
	size_t size = payment->size;

	if (mempool_find(p->mempool, &payment->whole)) {
		payment_free(payment);
		gossip_owe(p, peer, size, USELESS_HELD_SHARE);
		return 0;
	}
	int error = ledger_knows_payment(p->ledger, p->chain->tip->executed, &payment->id);
	if (error != UNCIA_E_NOT_FOUND) {
		payment_free(payment);
		gossip_owe(p, peer, size, 1);
		return error;
	}
	error = pool_add(p, payment, job, &pooled);
	if (error)
		gossip_owe(p, peer, size, 1);
	if (error == UNCIA_E_FULL || error == UNCIA_E_LIMIT || error == UNCIA_E_SIGNATURE || error == UNCIA_E_FUNDS ||
	    error == UNCIA_E_END) {
		p->gossip_refused++;
		return 0;
	}
	return error;
}

/* Fetches what the sender's entry is looked up in; whose it is, is read off the bytes. */
static void gossip_prefetch(const struct payments *p, const ProtobufCBinaryData *bytes, struct ledger_ahead *ahead)
{
	struct entry_id sender = {.kind = ENTRY_ACCOUNT};
	uint32_t expires_at;

	if (payment_peek(bytes->data, bytes->len, &sender.address, &expires_at))
		ledger_prefetch_entry(p->ledger, p->chain->tip->executed, ahead, &sender);
}

/* Payments of a message that are hashed together. */
struct portion {
	struct payment *payments[GOSSIP_TOGETHER];
	uint32_t count;
};

/* Reads one into the portion. What is of no use is left by what costs least: its time is read off its bytes. Returns 0,
 * a code of bad input, or UNCIA_E_MEMORY. */
static int portion_add(struct payments *p, uint32_t peer, const struct job *job, struct portion *portion,
                       const ProtobufCBinaryData *bytes)
{
	struct address sender;
	uint32_t expires_at;

	if (payment_peek(bytes->data, bytes->len, &sender, &expires_at) && gossip_untimely(p, expires_at)) {
		gossip_owe(p, peer, bytes->len, 1);
		return 0;
	}
	if (!gossip_room(p, peer, (uint32_t)job->verify.count + portion->count)) {
		gossip_owe(p, peer, bytes->len, 1);
		p->gossip_refused++;
		return 0;
	}
	int error = payment_parse(&p->memory, bytes->data, bytes->len, &portion->payments[portion->count]);
	if (error)
		gossip_owe(p, peer, bytes->len, 1);
	else
		portion->count++;
	return error;
}

/* Takes all of a portion; the rest behind an error is let go. */
static int portion_take(struct payments *p, uint32_t peer, struct job *job, struct portion *portion)
{
	int error = 0;

	payments_hash(&p->step->network_id, portion->payments, portion->count);
	for (uint32_t i = 0; i < portion->count; i++) {
		if (error)
			payment_free(portion->payments[i]);
		else
			error = gossip_take(p, peer, job, portion->payments[i]);
	}
	portion->count = 0;
	return error;
}

/* All of a message into the job. What was read before a bad one is taken all the same. */
static int gossip_take_all(struct payments *p, uint32_t peer, struct job *job, const Uncia__Pb__Gossip *message)
{
	struct ledger_ahead ahead = {0};
	struct portion portion = {.count = 0};
	int error = 0;

	for (size_t i = 0; i < message->n_payments && !error; i++) {
		gossip_prefetch(p, &message->payments[i]->data, &ahead);
		error = portion_add(p, peer, job, &portion, &message->payments[i]->data);
		if (!error && portion.count == GOSSIP_TOGETHER)
			error = portion_take(p, peer, job, &portion);
	}
	int taken = portion_take(p, peer, job, &portion);
	return error ? error : taken;
}

int payments_gossip(struct payments *p, uint32_t peer, const Uncia__Pb__Gossip *message)
{
	struct job *job = job_new(p->step, JOB_PAYMENTS, peer, message->n_payments);
	int error = job ? gossip_take_all(p, peer, job, message) : UNCIA_E_MEMORY;

	p->passed_on += message->n_payments;
	/* Those that were taken are with the pool as "verifying": their checks go on whatever the others were. */
	if (job && job->verify.count) {
		p->checking_gossip += (uint32_t)job->verify.count;
		p->checking_of[peer] += (uint32_t)job->verify.count;
		int started = job_start(p->step, job);
		return error ? error : started;
	}
	if (job) {
		payments_job_release(p, job);
		job_free(p->step, job);
	}
	return error;
}

int relay_add(struct payments *p, struct payment *payment)
{
	if (p->relay_count == p->relay_capacity) {
		size_t capacity = p->relay_capacity ? p->relay_capacity * 2 : 64;
		struct payment **relay = realloc(p->relay, capacity * sizeof(struct payment *));
		if (!relay)
			return UNCIA_E_MEMORY;
		p->relay = relay;
		p->relay_capacity = capacity;
	}
	assert(p->relay_count < p->relay_capacity);
	p->relay[p->relay_count++] = payment_ref(payment);
	return 0;
}

static int gossip_send(struct payments *p, uint32_t peer, struct payment *const *payments, size_t count)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Gossip gossip = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Blob *blobs = malloc((count + 1) * sizeof(*blobs));
	Uncia__Pb__Blob **list = malloc((count + 1) * sizeof(*list));
	int error = blobs && list ? 0 : UNCIA_E_MEMORY;

	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP;
	message.gossip = &gossip;
	gossip.payments = list;
	for (size_t i = 0, size = 0; i < count && !error; i++) {
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = field_of(payments[i]->bytes, payments[i]->size);
		list[gossip.n_payments++] = &blobs[i];
		size += payments[i]->size;
		if (i + 1 == count || size + PAYMENT_SIZE_MAX > GOSSIP_SIZE_MAX) {
			error = message_send_spare(p->step, peer, &message);
			gossip.n_payments = size = 0;
		}
	}
	free(blobs);
	free(list);
	return error;
}

/* "Whoever accepts one from a wallet relays it once to every validator": all of this step's together. Spare: payments
 * that come faster than a link carries them must not cost the votes that link, and what is not sent stays in this
 * pool, for the blocks that are proposed here. */
int payments_relay(struct payments *p)
{
	int error = p->relay_count ? gossip_send(p, PEER_ALL, p->relay, p->relay_count) : 0;

	for (size_t i = 0; i < p->relay_count; i++)
		payment_free(p->relay[i]);
	p->relay_count = 0;
	return error;
}

/* A validator that has just been linked may have missed what waits here. */
int payments_to_peer(struct payments *p, uint32_t peer)
{
	struct payment **payments = malloc(PEER_PAYMENTS_MAX * sizeof(struct payment *));
	struct mempool_walk walk;
	struct pooled *pooled;
	size_t count = 0, size = 0;

	if (!payments)
		return UNCIA_E_MEMORY;
	mempool_walk_begin(p->mempool, &walk);
	while (count < PEER_PAYMENTS_MAX && size + PAYMENT_SIZE_MAX <= PEER_PAYMENTS_BYTES &&
	       (pooled = mempool_walk_next(p->mempool, &walk))) {
		size += pooled->payment->size;
		payments[count++] = pooled->payment;
	}
	int error = count ? gossip_send(p, peer, payments, count) : 0;
	free(payments);
	return error;
}

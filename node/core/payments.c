/* Payments on their way to a block: submitted by wallets, gossiped between validators, verified once each; and what
 * those are told who wait for their ends (ledger §3, network §8). */
#include "parts.h"

#define GOSSIP_SIZE_MAX     (512u << 10)
#define PEER_PAYMENTS_MAX   2000u
#define PEER_PAYMENTS_BYTES (1u << 20) /* well within what may wait for a link: all of it is queued at once */

static int reply_pending(struct replica *r, uint64_t wallet, uint64_t request_id, const struct payment_id *id,
                         enum pending_reason reason)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Pending pending = UNCIA__PB__PENDING__INIT;

	pending.payment_id = field_of(id->b, sizeof(id->b));
	pending.reason = reason;
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_PENDING;
	reply.pending = &pending;
	return reply_wallet(r, 0, wallet, &reply);
}

/* ---- ends ---- */

static uint64_t tip_seconds(const struct replica *r)
{
	return r->tip->header.timestamp_ms / 1000;
}

/* The signed word that a payment can never become final (ledger §3). The id is not in the ledger, and the time of the
 * final tip has passed its expiry. Returns 1 where there is such a word, 0 where not. */
static int expiry_word(struct replica *r, const struct payment_id *id, Uncia__Pb__Expiry *expiry,
                       uint8_t signature[SIGNATURE_SIZE])
{
	if (r->config.self == UINT32_MAX || tip_seconds(r) < payment_id_expires_at(id))
		return 0;
	TRY(safety_expiry(r, id, signature));
	uncia__pb__expiry__init(expiry);
	expiry->payment_id = field_of(id->b, sizeof(id->b));
	expiry->height = r->tip->header.height;
	expiry->timestamp_ms = r->tip->header.timestamp_ms;
	expiry->validator = r->config.self;
	expiry->signature = field_of(signature, SIGNATURE_SIZE);
	return 1;
}

static int reply_receipt(struct replica *r, struct watched *watched, const struct block *body, uint32_t index,
                         const struct header *const *descendants, size_t depth)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	uint8_t *bytes;
	size_t size;

	TRY(receipt_make(body, index, descendants, depth, r->final_certificate->bytes, r->final_certificate->size,
	                 &bytes, &size));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	reply.receipt = field_of(bytes, size);
	int error = watched_reply(r, watched, r->final_sequence, &reply);
	free(bytes);
	return error;
}

/* Every payment of a block that has become final leaves the pool; who waits for it gets its receipt, once body and
 * finality certificate are durable. `decided`: the block that the finality certificate names. Where that is too far
 * above for a receipt, nobody waits here any more: this is no expiry, and who asks again is told what there is. */
int payments_final(struct replica *r, struct node_block *block, struct node_block *decided)
{
	const struct block body = {.header = block->header,
	                           .count = block->header.payment_count,
	                           .payments = block->payments,
	                           .tree = block->tree};
	const struct header *descendants[RECEIPT_DESCENDANTS_MAX];
	size_t depth = (size_t)(decided->header.height - block->header.height);
	int error = 0;

	struct node_block *b = decided;
	for (size_t i = depth; i > 0 && depth <= RECEIPT_DESCENDANTS_MAX; i--, b = b->parent)
		descendants[i - 1] = &b->header;
	mempool_remove_final(r->mempool, body.payments, body.count);
	for (uint32_t i = 0; i < body.count && !error; i++) {
		struct watched *watched = watched_find(r, &body.payments[i]->id);
		if (!watched)
			continue;
		if (depth > RECEIPT_DESCENDANTS_MAX) {
			watched_free(r, watched);
			continue;
		}
		error = reply_receipt(r, watched, &body, i, descendants, depth);
	}
	/* Later receipts are made from the journal. */
	free(block->tree);
	block->tree = NULL;
	return error;
}

/* Called as the final tip advances: what its time has passed is gone for good. */
int payments_expire(struct replica *r)
{
	struct watched *watched, *next;

	if (tip_seconds(r) == r->expired_seconds)
		return 0;
	r->expired_seconds = tip_seconds(r);
	mempool_expire(r->mempool, tip_seconds(r));
	HASH_ITER (hh, r->watched, watched, next) {
		Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
		Uncia__Pb__Expiry expiry;
		uint8_t signature[SIGNATURE_SIZE];
		int known = expiry_word(r, &watched->id, &expiry, signature);
		TRY(known);
		if (!known)
			continue;
		reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_EXPIRY;
		reply.expiry = &expiry;
		TRY(watched_reply(r, watched, r->final_sequence, &reply));
	}
	return 0;
}

/* What is known of a payment; who asks then waits for its end where there is none yet. */
int payment_query(struct replica *r, uint64_t wallet, uint64_t request_id, const struct payment_id *id)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Expiry expiry;
	Uncia__Pb__UnknownPayment unknown = UNCIA__PB__UNKNOWN_PAYMENT__INIT;
	uint8_t signature[SIGNATURE_SIZE];
	struct payment_record *record = malloc(sizeof(*record));

	if (!record)
		return UNCIA_E_MEMORY;
	int error = ledger_find_payment(r->ledger, r->tip->executed, id, record);
	struct position at = record->at;
	free(record);
	if (error == 0)
		return query_receipt(r, wallet, request_id, &at);
	if (error != UNCIA_E_NOT_FOUND)
		return error;
	int known = expiry_word(r, id, &expiry, signature);
	TRY(known);
	reply.request_id = request_id;
	if (known) {
		reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_EXPIRY;
		reply.expiry = &expiry;
		return reply_wallet(r, r->final_sequence, wallet, &reply);
	}
	struct pooled *pooled = mempool_find_id(r->mempool, id);
	if (pooled) {
		error = watch_add(r, wallet, request_id, id);
		if (error == UNCIA_E_LIMIT)
			return refuse_wallet(r, wallet, request_id, error, "too many payments awaited on this link");
		TRY(error);
		return reply_pending(r, wallet, request_id, id, pooled->reason);
	}
	unknown.payment_id = field_of(id->b, sizeof(id->b));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_UNKNOWN;
	reply.unknown = &unknown;
	return reply_wallet(r, 0, wallet, &reply);
}

/* ---- submission and gossip ---- */

/* Adds one that is not held to the pool, and to the job that will check it. Takes the payment. Returns as mempool_add;
 * UNCIA_E_SIGNATURE: not a key of the sender's. */
static int pool_add(struct replica *r, struct payment *payment, struct job *job, struct pooled **pooled)
{
	enum sender_key key;
	bool covered;
	int error = ledger_payment_key(r->ledger, r->tip->executed, payment, &key, &covered);

	/* Under a stranger's key it would take up a place that is the sender's. */
	if (!error)
		error =
		    key == SENDER_KEY_OTHER ? UNCIA_E_SIGNATURE : mempool_add(r->mempool, payment, r->now_ms, pooled);
	if (error) {
		payment_free(payment);
		return error;
	}
	if (!job->pooled)
		job->pooled = malloc(job->capacity * sizeof(struct pooled *));
	if (!job->pooled)
		return UNCIA_E_MEMORY;
	(*pooled)->covered = covered;
	assert(job->verify.count < job->capacity); /* made for as many as its message has */
	job->pooled[job->verify.count] = *pooled;
	return job_item(job, payment->public_key, &payment->digest, payment->signature, key != SENDER_KEY_BOUND);
}

static const char *submit_refusal(int error)
{
	switch (error) {
	case UNCIA_E_FULL:
		return "this validator's pool is full: try again later, or another validator";
	case UNCIA_E_LIMIT:
		return "too many payments of this sender are waiting";
	case UNCIA_E_TOO_FAR:
		return "expires more than an hour ahead";
	case UNCIA_E_SIGNATURE:
		return "not the key that the sender's account is bound to";
	case UNCIA_E_ENCODING:
		return "not the canonical bytes of a signed payment";
	default:
		return uncia_error_text(error);
	}
}

static bool payment_too_far(const struct replica *r, const struct payment *payment)
{
	uint64_t now_s = (r->wall_ms > r->tip->header.timestamp_ms ? r->wall_ms : r->tip->header.timestamp_ms) / 1000;

	return payment->expires_at > now_s + PAYMENT_LIFETIME_MAX_S + 1;
}

/* Adds one that is not held to the pool, and has its signature checked. Takes the payment. */
static int submit_new(struct replica *r, struct payment *payment)
{
	struct pooled *pooled;

	if (payment_too_far(r, payment)) {
		payment_free(payment);
		return UNCIA_E_TOO_FAR;
	}
	struct job *job = job_new(r, JOB_PAYMENTS, UINT32_MAX, 1);
	if (!job) {
		payment_free(payment);
		return UNCIA_E_MEMORY;
	}
	int error = pool_add(r, payment, job, &pooled);
	if (error) {
		job_free(r, job);
		return error;
	}
	pooled->relay = true;
	return job_start(r, job);
}

int payment_submit(struct replica *r, uint64_t wallet, uint64_t request_id, const void *bytes, size_t size)
{
	struct payment *payment;
	int error = payment_decode_at(&r->payment_memory, &r->network_id, bytes, size, &payment);

	if (error == UNCIA_E_MEMORY)
		return error;
	if (error)
		return refuse_wallet(r, wallet, request_id, error, submit_refusal(error));
	struct payment_id id = payment->id;
	const struct pooled *held = mempool_find(r->mempool, &payment->whole);
	/* Already final, or past its expiry: the answer is that end. What is held has none. */
	error = held ? UNCIA_E_NOT_FOUND : ledger_knows_payment(r->ledger, r->tip->executed, &id);
	if (error != UNCIA_E_NOT_FOUND || tip_seconds(r) >= payment->expires_at) {
		payment_free(payment);
		return error && error != UNCIA_E_NOT_FOUND ? error : payment_query(r, wallet, request_id, &id);
	}
	if (held) {
		payment_free(payment);
	} else {
		error = submit_new(r, payment);
		if (error == UNCIA_E_FULL || error == UNCIA_E_LIMIT || error == UNCIA_E_SIGNATURE ||
		    error == UNCIA_E_TOO_FAR)
			return refuse_wallet(r, wallet, request_id, error, submit_refusal(error));
		TRY(error);
	}
	error = watch_add(r, wallet, request_id, &id);
	if (error == UNCIA_E_LIMIT)
		return refuse_wallet(r, wallet, request_id, error, "too many payments awaited on this link");
	TRY(error);
	return held ? reply_pending(r, wallet, request_id, &id, held->reason) : 0;
}

/* 1: final already, expired, or too far ahead. */
static int gossip_useless(struct replica *r, const struct payment *payment)
{
	if (tip_seconds(r) >= payment->expires_at || payment_too_far(r, payment))
		return 1;
	int error = ledger_knows_payment(r->ledger, r->tip->executed, &payment->id);
	return error == UNCIA_E_NOT_FOUND ? 0 : error ? error : 1;
}

int payment_gossip(struct replica *r, uint32_t peer, const Uncia__Pb__Gossip *message)
{
	struct job *job = job_new(r, JOB_PAYMENTS, peer, message->n_payments);
	int error = job ? 0 : UNCIA_E_MEMORY;

	for (size_t i = 0; i < message->n_payments && !error; i++) {
		struct payment *payment;
		struct pooled *pooled;
		error = payment_decode_at(&r->payment_memory, &r->network_id, message->payments[i]->data.data,
		                          message->payments[i]->data.len, &payment);
		if (error)
			break;
		/* Wallets submit to several validators, and each of those relays. What no block can take, or one has
		 * taken already, would keep every leader awake until it expires. */
		error = mempool_find(r->mempool, &payment->whole) ? 1 : gossip_useless(r, payment);
		if (error) {
			payment_free(payment);
			if (error < 0)
				break;
			error = 0;
			continue;
		}
		error = pool_add(r, payment, job, &pooled);
		if (error == UNCIA_E_FULL || error == UNCIA_E_LIMIT || error == UNCIA_E_SIGNATURE) {
			r->gossip_refused++;
			error = 0;
		}
	}
	/* What was taken before a bad one is with the pool as "verifying": its checks go on all the same. */
	if (job && job->verify.count) {
		int started = job_start(r, job);
		return error ? error : started;
	}
	if (job)
		job_free(r, job);
	return error;
}

static int relay_add(struct replica *r, struct payment *payment)
{
	if (r->relay_count == r->relay_capacity) {
		size_t capacity = r->relay_capacity ? r->relay_capacity * 2 : 64;
		struct payment **relay = realloc(r->relay, capacity * sizeof(struct payment *));
		if (!relay)
			return UNCIA_E_MEMORY;
		r->relay = relay;
		r->relay_capacity = capacity;
	}
	r->relay[r->relay_count++] = payment_ref(payment);
	return 0;
}

/* What the sender's entry covered when it came is left to the next leader; the rest may have a reason to wait. */
static int submitted_park(struct replica *r, struct pooled *pooled)
{
	uint64_t time = r->wall_ms > r->tip->header.timestamp_ms ? r->wall_ms : r->tip->header.timestamp_ms + 1;
	int error = ledger_check(r->ledger, r->tip->executed, time, pooled->payment);

	if (error <= UNCIA_E_MEMORY)
		return error;
	if (error == UNCIA_E_FUNDS || error == UNCIA_E_SIGNATURE || error == UNCIA_E_AMOUNT)
		mempool_park(r->mempool, pooled, pending_reason_of(error));
	return 0;
}

/* One that came from a wallet here: relayed, and its wallet told that it is taken, or why it waits. */
static int submitted_verified(struct replica *r, struct pooled *pooled)
{
	struct watched *watched;

	TRY(relay_add(r, pooled->payment));
	if (!pooled->covered)
		TRY(submitted_park(r, pooled));
	watched = watched_find(r, &pooled->payment->id);
	for (struct watch *w = watched ? watched->watches : NULL; w; w = w->next_of_payment)
		TRY(reply_pending(r, w->wallet, w->request_id, &pooled->payment->id, pooled->reason));
	return 0;
}

/* It is not taken: the wallet that submitted it here is told, where nobody else's payment of that id is held. */
static int payment_rejected(struct replica *r, struct pooled *pooled, int error)
{
	struct payment_id id = pooled->payment->id;
	struct watched *watched;
	bool relay = pooled->relay;

	mempool_remove(r->mempool, pooled);
	watched = watched_find(r, &id);
	if (!watched || !relay || mempool_find_id(r->mempool, &id))
		return 0;
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;
	const char *reason =
	    error == UNCIA_E_SIGNATURE ? "the signature does not hold on this network" : submit_refusal(error);
	refusal.code = (uint32_t)-error;
	refusal.reason = field_of(reason, strlen(reason));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_REFUSAL;
	reply.refusal = &refusal;
	return watched_reply(r, watched, 0, &reply);
}

int payments_verified(struct replica *r, struct job *job)
{
	bool wanted = proposal_gathers(r);

	for (size_t i = 0; i < job->verify.count; i++) {
		struct pooled *pooled = job->pooled[i];
		job->pooled[i] = NULL;
		if (pooled->state == POOLED_GONE) {
			mempool_remove(r->mempool, pooled);
			continue;
		}
		int error = job->verify.items[i].valid ? mempool_verified(r->mempool, pooled) : UNCIA_E_SIGNATURE;
		if (error == UNCIA_E_MEMORY)
			return error;
		if (error) {
			TRY(payment_rejected(r, pooled, error));
			continue;
		}
		r->generation++;
		if (wanted)
			TRY(proposal_offer(r, pooled->payment));
		if (pooled->relay)
			TRY(submitted_verified(r, pooled));
	}
	r->recheck = true;
	return 0;
}

static int gossip_send(struct replica *r, uint32_t peer, struct payment *const *payments, size_t count)
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
			error = send_spare(r, peer, &message);
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
int payments_relay(struct replica *r)
{
	int error = r->relay_count ? gossip_send(r, PEER_ALL, r->relay, r->relay_count) : 0;

	for (size_t i = 0; i < r->relay_count; i++)
		payment_free(r->relay[i]);
	r->relay_count = 0;
	return error;
}

/* A validator that has just been linked may have missed what waits here. */
int payments_to_peer(struct replica *r, uint32_t peer)
{
	struct payment **payments = malloc(PEER_PAYMENTS_MAX * sizeof(struct payment *));
	struct mempool_walk walk;
	struct pooled *pooled;
	size_t count = 0, size = 0;

	if (!payments)
		return UNCIA_E_MEMORY;
	mempool_walk_begin(r->mempool, &walk);
	while (count < PEER_PAYMENTS_MAX && size + PAYMENT_SIZE_MAX <= PEER_PAYMENTS_BYTES &&
	       (pooled = mempool_walk_next(r->mempool, &walk))) {
		size += pooled->payment->size;
		payments[count++] = pooled->payment;
	}
	int error = count ? gossip_send(r, peer, payments, count) : 0;
	free(payments);
	return error;
}

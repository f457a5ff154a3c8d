/* See network.h and network_parts.h. */
#include "network_parts.h"
#include "heap.h"
#include "message.pb-c.h"
#include "receipt.h"
#include "uncia/error.h"

uint64_t network_random(struct network *n)
{
	/* splitmix64 */
	uint64_t z = n->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- what a node asks for ---- */

int network_sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	const struct node *node = context;

	/* Whoever signs forgets what is past (storage §10): a crash must not bring it back. */
	if (statement->past_view > node->final_view_durable) {
		fprintf(stderr, "a signer is told that view %llu is past, which a crash would undo\n",
		        (unsigned long long)statement->past_view);
		abort();
	}
	return sign_digest(node->validator->consensus.secret_key, &statement->digest, signature);
}

static void network_final(struct network *n, uint32_t node, const struct action *action)
{
	size_t height = action->height;
	struct hash id;

	memcpy(&id, action->message.data, HASH_SIZE);
	if (n->options.final)
		n->options.final(n->options.tap_context, node, height, &id);
	if (height >= n->final_count) {
		n->finals = must(realloc(n->finals, (height + 1) * sizeof(*n->finals)));
		memset(&n->finals[n->final_count], 0, (height + 1 - n->final_count) * sizeof(*n->finals));
		n->final_count = height + 1;
	}
	static const struct hash none;
	if (memcmp(&n->finals[height], &none, sizeof(none)) == 0)
		memcpy(&n->finals[height], action->message.data, HASH_SIZE);
	if (memcmp(&n->finals[height], action->message.data, HASH_SIZE) != 0) {
		fprintf(stderr, "seed %llu: node %u: two blocks final at height %zu\n",
		        (unsigned long long)n->options.seed, node, height);
		abort();
	}
}

/* A receipt among the answers is verified once, as it arrives. */
static void network_note_receipt(struct network *n, const struct reply *answer)
{
	const struct genesis *g = &n->fixture.genesis;
	Uncia__Pb__NodeReply *reply = must(uncia__pb__node_reply__unpack(NULL, answer->size, answer->message));
	struct receipt receipt;

	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT) {
		if (receipt_verify(&g->committee, &g->network_id, reply->receipt.data, reply->receipt.len, &receipt)) {
			fprintf(stderr, "seed %llu: node %u: a receipt that does not verify\n",
			        (unsigned long long)n->options.seed, answer->node);
			abort();
		}
		n->receipts = must(realloc(n->receipts, (n->receipt_count + 1) * sizeof(*n->receipts)));
		n->receipts[n->receipt_count++] = receipt.payment->id;
		payment_free(receipt.payment);
	}
	uncia__pb__node_reply__free_unpacked(reply, NULL);
}

void network_reply(struct network *n, uint32_t node, uint64_t wallet, const void *message, size_t size)
{
	n->replies = must(realloc(n->replies, (n->reply_count + 1) * sizeof(*n->replies)));
	struct reply *reply = &n->replies[n->reply_count++];
	*reply = (struct reply){.node = node, .wallet = wallet, .size = size};
	reply->message = must(malloc(size + 1));
	memcpy(reply->message, message, size);
}

static void network_answer(struct network *n, uint32_t node, const struct action *action)
{
	const struct bytes *message = &action->message;

	if (n->options.answered)
		n->options.answered(n->options.tap_context, node, message);
	if (n->guests && n->guests->told(n->guests->context, node, action->wallet, message))
		return;
	if (n->options.answer && !n->options.answer(n->options.tap_context, node, action->wallet, message))
		return;
	network_reply(n, node, action->wallet, message->data, message->size);
	network_note_receipt(n, &n->replies[n->reply_count - 1]);
}

/* What one step says to one peer is queued before any of it is written: more than the link's queue takes would end the
 * link, however well the peer reads. */
static void network_queue_holds(const struct network *n, uint32_t node, size_t said[], const struct action *action)
{
	for (uint32_t peer = 0; peer < node_count(n); peer++) {
		if (action->peer == PEER_ALL ? peer >= n->options.validators : action->peer != peer)
			continue;
		size_t all = said[peer] + sizeof(uint32_t) + action->message.size;
		if ((action->spare && all > WRITE_QUEUE_VALIDATOR_MAX / 2) ||
		    (action->answer && said[peer] > WRITE_QUEUE_VALIDATOR_MAX / 4))
			continue; /* left out */
		said[peer] = all;
		if (said[peer] <= WRITE_QUEUE_VALIDATOR_MAX)
			continue;
		fprintf(stderr, "seed %llu: node %u says more to %u in one step than its link holds\n",
		        (unsigned long long)n->options.seed, node, peer);
		abort();
	}
}

static void network_carry_out(struct network *n, uint32_t node)
{
	struct node *self = &n->nodes[node];
	struct commit *commit = NULL;
	size_t said[NETWORK_NODES_MAX] = {0};

	for (size_t i = 0; i < self->actions.count; i++) {
		const struct action *action = &self->actions.items[i];
		switch (action->kind) {
		case ACTION_JOURNAL_PUT:
		case ACTION_JOURNAL_FORGET:
			network_journal(n, node, &commit, action);
			break;
		case ACTION_SEND:
			network_queue_holds(n, node, said, action);
			if (n->options.tap)
				n->options.tap(n->options.tap_context, node, &action->message);
			for (uint32_t to = 0; to < node_count(n); to++)
				if (are_peers(n, node, to) &&
				    (action->peer == PEER_ALL ? !is_observer(n, to)
				                              : action->peer == peer_number(n, to)) &&
				    (!n->options.pass ||
				     n->options.pass(n->options.tap_context, node, to, &action->message)))
					network_send(n, node, to, &action->message,
					             action->spare    ? SAID_SPARE
					             : action->answer ? SAID_ANSWER
					                              : SAID);
			break;
		case ACTION_VERIFY:
			network_verify(n, node, action->job);
			break;
		case ACTION_ANSWER:
			network_answer(n, node, action);
			break;
		case ACTION_TIMER:
			clock_set_timer(n, node, action->at_ms);
			break;
		case ACTION_FLUSH:
			network_flush_begin(n, node, action->flush);
			break;
		case ACTION_FINAL:
			network_final(n, node, action);
			break;
		case ACTION_NOTE:
			if (getenv("NETWORK_TRACE"))
				fprintf(stderr, "%8llu node %u %.*s\n", (unsigned long long)n->now, node,
				        (int)action->message.size, (const char *)action->message.data);
			break;
		case ACTION_DROP_PEER:
			if (n->options.dropped)
				n->options.dropped(n->options.tap_context, node, action->peer);
			network_verifier_drop(n, node, action->peer);
			network_link_drop(n, node, action->peer);
			break;
		case ACTION_DROP_WALLET:
			if (n->guests)
				n->guests->told(n->guests->context, node, action->wallet, NULL);
			break;
		case ACTION_HALT:
			break; /* network_step has seen it */
		}
	}
	if (commit)
		network_commit_begin(n, node, commit);
}

/* A process that ends: of what was done to its machine, or else of a mistake. */
static void network_halted(struct network *n, uint32_t node, bool hurt)
{
	const struct actions *actions = &n->nodes[node].actions;

	for (size_t i = 0; i < actions->count; i++) {
		const struct action *action = &actions->items[i];
		if (action->kind == ACTION_HALT && n->nodes[node].ending)
			n->nodes[node].end = action->error;
		if ((hurt || n->nodes[node].ending) && action->kind == ACTION_HALT)
			continue;
		fprintf(stderr, "seed %llu: node %u halts, action %d: %.*s\n", (unsigned long long)n->options.seed,
		        node, (int)action->kind, (int)action->message.size, (const char *)action->message.data);
		abort();
	}
	if (!hurt && !n->nodes[node].ending)
		abort();
	network_crash(n, node);
}

void network_expect_end(struct network *n, uint32_t node)
{
	n->nodes[node].ending = true;
}

int network_end(const struct network *n, uint32_t node)
{
	return n->nodes[node].end;
}

/* What is done to the node's machine comes true inside `hurt_begin` and `hurt_end` only. The latter tells whether any
 * of it did. */
static uint64_t hurt_begin(struct node *self)
{
	if (self->fail_allocation)
		(self->fail_once ? heap_fail_once : heap_fail_from)(self->fail_allocation);
	memory_store_hold(self->store, false);
	return memory_store_failed(self->store);
}

static bool hurt_end(struct node *self, uint64_t failed_before)
{
	bool hurt = self->fail_allocation && heap_failed();

	if (self->fail_allocation)
		heap_fail_from(0);
	self->fail_allocation = 0;
	memory_store_hold(self->store, true);
	return hurt || memory_store_failed(self->store) != failed_before;
}

void network_step(struct network *n, uint32_t node, struct event event)
{
	struct node *self = &n->nodes[node];

	event.now_ms = clock_now(n, node);
	event.wall_ms = FIXTURE_TIME_MS + n->now + (uint64_t)self->clock_ms;
	uint64_t failed_before = hurt_begin(self);
	int error = replica_step(self->replica, &event, &self->actions);
	bool hurt = hurt_end(self, failed_before);
	if (error) {
		network_halted(n, node, hurt || self->spoiled);
		return;
	}
	if (hurt) {
		fprintf(stderr, "seed %llu: node %u goes on after a read or an allocation that failed\n",
		        (unsigned long long)n->options.seed, node);
		abort();
	}
	network_carry_out(n, node);
	struct replica_status status;
	replica_status(self->replica, &status);
	self->final_view = status.final_view;
}

static void network_handle(struct network *n, struct item *item)
{
	struct node *self = &n->nodes[item->node];

	if (item->kind == ITEM_GUEST) {
		n->guests->due(n->guests->context, item->wallet);
		return;
	}
	if (!self->replica || self->life != item->life)
		return;
	if (n->now < self->paused_until) {
		struct item later = *item;
		later.at = self->paused_until;
		if (item->kind == ITEM_TIMER) {
			if (item->at != self->timer_at)
				return;
			self->timer_at = later.at;
		}
		network_push_again(n, later);
		item->bytes = NULL;
		item->commit = NULL;
		item->flush = NULL;
		return;
	}
	struct bytes message = {item->bytes, item->size};
	switch (item->kind) {
	case ITEM_PEER_MESSAGE:
		network_step(n, item->node,
		             (struct event){.kind = EVENT_PEER_MESSAGE, .peer = item->from, .message = message});
		break;
	case ITEM_WALLET_MESSAGE:
		network_step(n, item->node,
		             (struct event){.kind = EVENT_WALLET_MESSAGE,
		                            .wallet = item->wallet,
		                            .origin = (uint32_t)(item->wallet % NETWORK_ADDRESSES),
		                            .message = message});
		break;
	case ITEM_WALLET_CLOSED:
		network_step(n, item->node, (struct event){.kind = EVENT_WALLET_CLOSED, .wallet = item->wallet});
		break;
	case ITEM_VERIFIED:
		network_verified(n, item);
		break;
	case ITEM_CHECKED:
		network_checked(n, item);
		break;
	case ITEM_COMMIT:
		network_commit_done(n, item->node, item->commit);
		break;
	case ITEM_FLUSH:
		network_flush_done(n, item);
		break;
	case ITEM_TIMER:
		if (item->at != self->timer_at)
			break;
		self->timer_at = 0;
		network_step(n, item->node, (struct event){.kind = EVENT_TIMER});
		break;
	case ITEM_SPACE:
		self->space_low_told = item->up;
		network_step(n, item->node, (struct event){.kind = EVENT_SPACE, .low = item->up});
		break;
	case ITEM_LINK:
		if (item->up && !network_link_possible(n, item->from))
			break;
		network_step(n, item->node,
		             (struct event){.kind = item->up ? EVENT_PEER_UP : EVENT_PEER_DOWN, .peer = item->from});
		break;
	case ITEM_BYTES:
	case ITEM_DIAL:
	case ITEM_TICK:
		network_wire_item(n, item);
		break;
	case ITEM_GUEST: /* above */
		break;
	}
}

/* ---- for tests ---- */

struct network *network_new(const struct network_options *options)
{
	struct network *n = must(calloc(1, sizeof(*n)));
	struct flush *genesis;

	n->options = *options;
	n->random = options->seed;
	n->now = 1000;
	if (options->weights)
		fixture_init_weighted(&n->fixture, options->validators, options->weights, options->faulty,
		                      options->slow, options->accounts, options->balance);
	else
		fixture_init(&n->fixture, options->validators, options->accounts, options->balance);
	if (genesis_flush(&n->fixture.genesis, &genesis))
		abort();
	genesis_flush_age(genesis, options->payments_before);
	for (uint32_t i = 0; i < node_count(n); i++) {
		n->nodes[i].store = must(memory_store_new());
		memory_store_hold(n->nodes[i].store, true);
		if (memory_store_apply(n->nodes[i].store, genesis))
			abort();
	}
	flush_free(genesis);
	assert(node_count(n) <= NETWORK_NODES_MAX && !(options->wire.on && options->observers));
	if (options->wire.on)
		network_wire_new(n);
	return n;
}

const struct fixture *network_fixture(const struct network *n)
{
	return &n->fixture;
}

void network_start(struct network *n, uint32_t node)
{
	struct node *self = &n->nodes[node];
	struct replica_config config = {.genesis = &n->fixture.genesis,
	                                .self = is_observer(n, node) ? NOT_A_MEMBER : peer_number(n, node),
	                                .observers = is_observer(n, node) ? 0 : n->options.observers,
	                                .sign = network_sign,
	                                .flush_ms = 500, /* often, for what may happen then */
	                                .sign_context = self,
	                                .mempool_max = n->options.mempool_max,
	                                .mempool_per_sender_max = n->options.mempool_per_sender_max,
	                                .step_bytes = n->options.step_bytes,
	                                .page_bytes = n->options.page_bytes,
	                                .page_headers = n->options.page_headers,
	                                .near_blocks = n->options.near_blocks};

	assert(!self->replica);
	self->validator = &n->fixture.validators[peer_number(n, node)];
	memory_store_view(self->store, &config.view);
	memset(config.hash_seed, (int)node, sizeof(config.hash_seed));
	if (actions_init(&self->actions))
		abort();
	self->life++;
	self->final_view = 0;
	self->crash = CRASH_NOT;
	self->disk_fails = self->space_low_told = false;
	clock_begin(n, node);
	network_verifier_begin(n, node);
	memset(n->shunned_until[node], 0, sizeof(n->shunned_until[node]));
	uint64_t failed_before = hurt_begin(self);
	int error = replica_new(&config, &self->replica);
	bool hurt = hurt_end(self, failed_before);
	if (!error != !hurt && !(error && self->spoiled))
		abort();
	if (error) {
		network_verifier_end(n, node);
		actions_deinit(&self->actions);
		return;
	}
	network_step(n, node, (struct event){.kind = EVENT_START});
	if (!self->replica)
		return;
	if (self->space_low)
		network_set_space(n, node, true);
	network_link_up(n, node);
}

bool network_refuses_start(struct network *n, uint32_t node)
{
	n->nodes[node].spoiled = true;
	network_start(n, node);
	n->nodes[node].spoiled = false;
	return !n->nodes[node].replica;
}

void network_start_all(struct network *n)
{
	for (uint32_t i = 0; i < node_count(n); i++)
		network_start(n, i);
}

void network_crash(struct network *n, uint32_t node)
{
	struct node *self = &n->nodes[node];

	assert(self->replica);
	replica_free(self->replica);
	network_verifier_end(n, node);
	actions_deinit(&self->actions);
	self->replica = NULL;
	memory_store_fail(self->store, 0, 0);
	network_link_down(n, node);
	if (n->guests)
		n->guests->gone(n->guests->context, node);
}

void network_fail_allocation(struct network *n, uint32_t node, uint64_t nth, bool once)
{
	n->nodes[node].fail_allocation = nth;
	n->nodes[node].fail_once = once;
}

bool network_up(const struct network *n, uint32_t node)
{
	return n->nodes[node].replica != NULL;
}

bool network_run(struct network *n, uint64_t limit_ms, bool (*done)(struct network *n, void *context), void *context)
{
	uint64_t end = n->now + limit_ms;

	for (;;) {
		if (n->wires)
			network_wire_turn(n);
		if (done && done(n, context))
			return true;
		if (!n->count || n->items[0].at > end)
			break;
		struct item item = network_pop(n);
		n->now = item.at > n->now ? item.at : n->now;
		network_handle(n, &item);
		item_free(&item);
	}
	n->now = end;
	return false;
}

uint64_t network_now(const struct network *n)
{
	return n->now;
}

uint32_t network_now_s(const struct network *n)
{
	return FIXTURE_TIME_S + (uint32_t)(n->now / 1000);
}

void network_wallet_message(struct network *n, uint32_t node, uint64_t wallet, const struct bytes *message)
{
	struct item item = {.at = n->now,
	                    .kind = ITEM_WALLET_MESSAGE,
	                    .node = node,
	                    .wallet = wallet,
	                    .life = n->nodes[node].life,
	                    .size = message->size};

	item.bytes = must(malloc(message->size + 1));
	memcpy(item.bytes, message->data, message->size);
	network_push(n, item);
}

void network_wallet_closed(struct network *n, uint32_t node, uint64_t wallet)
{
	network_push(
	    n,
	    (struct item){
	        .at = n->now, .kind = ITEM_WALLET_CLOSED, .node = node, .wallet = wallet, .life = n->nodes[node].life});
}

void network_set_guests(struct network *n, const struct network_guests *guests)
{
	n->guests = guests;
}

void network_wake(struct network *n, uint64_t at, uint64_t number)
{
	network_push(n, (struct item){.at = at, .kind = ITEM_GUEST, .wallet = number});
}

const struct reply *network_replies(const struct network *n, size_t *count)
{
	*count = n->reply_count;
	return n->replies;
}

bool network_has_receipt(const struct network *n, const struct payment_id *id)
{
	for (size_t i = 0; i < n->receipt_count; i++)
		if (memcmp(&n->receipts[i], id, sizeof(*id)) == 0)
			return true;
	return false;
}

bool network_paid(struct network *n, void *payment)
{
	return network_has_receipt(n, &((const struct payment *)payment)->id);
}

void network_load(const struct network *n, uint32_t node, struct replica_load *load)
{
	replica_load(n->nodes[node].replica, load);
}

void network_status(const struct network *n, uint32_t node, struct replica_status *status)
{
	replica_status(n->nodes[node].replica, status);
}

void network_counters(const struct network *n, uint32_t node, struct replica_counters *counters)
{
	replica_counters(n->nodes[node].replica, counters);
}

void network_free(struct network *n)
{
	for (uint32_t i = 0; i < node_count(n); i++) {
		if (n->nodes[i].replica) {
			replica_free(n->nodes[i].replica);
			network_verifier_end(n, i);
			actions_deinit(&n->nodes[i].actions);
		}
		memory_store_free(n->nodes[i].store);
	}
	for (size_t i = 0; i < n->count; i++)
		item_free(&n->items[i]);
	for (size_t i = 0; i < n->reply_count; i++)
		free(n->replies[i].message);
	network_wire_free(n);
	free(n->items);
	free(n->replies);
	free(n->receipts);
	free(n->finals);
	fixture_deinit(&n->fixture);
	free(n);
}

/* A whole validator over a store in memory, between peers and wallets who may say anything. The input is a list of
 * events: raw messages, or, so that deep states are reached, well-formed ones about blocks it knows; verdicts, commits
 * and flushes that come when they come; time; crashes. Forged signatures are granted (fuzz_signature_holds).
 *
 * Asserted: it never halts while no more than F others are forged (with more, only over a fork or a false state root);
 * it casts one first vote and one FINAL a view, each extra once, nothing after FINAL, crashes included; what it votes
 * is durable before it is sent; all it says is canonical. */
#include "replica_world.h"

struct payment *pool[PAYMENTS];

static void make_pool(const struct fixture *f)
{
	if (pool[0])
		return;
	for (uint32_t i = 0; i < PAYMENTS; i++)
		pool[i] = fixture_payment(f, i % FUZZ_ACCOUNTS, (i + 1 + i / 4) % (FUZZ_ACCOUNTS + 2),
		                          i == 7 ? 2 * FUZZ_BALANCE : 100000 * (i + 1), FIXTURE_TIME_S + 5 + 60 * i, i);
}

static int stand_in(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	(void)context;
	memcpy(signature, statement->digest.b, HASH_SIZE);
	memset(signature + HASH_SIZE, 0, SIGNATURE_SIZE - HASH_SIZE);
	return 0;
}

/* ---- what it says ---------------------------------------------------------------------------- */

static bool journal_holds(const struct world *w, const struct vote *vote)
{
	uint8_t key[41];
	struct storage_view view;
	struct bytes value;

	for (int i = 0; i < 8; i++)
		key[i] = (uint8_t)(vote->view >> (56 - 8 * i));
	key[8] = (uint8_t)vote->kind;
	memcpy(key + 9, vote->block_id.b, HASH_SIZE);
	memory_store_view(w->store, &view);
	return view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &value) == 0;
}

static void heard_vote(struct world *w, const struct vote *vote)
{
	if (vote->voter != w->self || vote->view >= VIEWS)
		return;
	uint8_t bit = (uint8_t)(1u << vote->kind), firsts = 1u << VOTE_NOTAR1 | 1u << VOTE_SKIP1;
	uint8_t *voted = &w->voted[vote->view];
	struct replica_status status;
	replica_status(w->replica, &status);
	/* A vote that was settled meanwhile may have left the journal. */
	assert(vote->view <= status.final_view || journal_holds(w, vote));
	if (bit & firsts) {
		if (*voted & firsts)
			assert(*voted & bit && memcmp(&w->first[vote->view], &vote->block_id, HASH_SIZE) == 0);
		w->first[vote->view] = vote->block_id;
	}
	if (vote->kind == VOTE_FINAL) {
		assert(memcmp(&w->first[vote->view], &vote->block_id, HASH_SIZE) == 0);
		assert(!(*voted & (1u << VOTE_NOTAR2 | 1u << VOTE_SKIP2 | 1u << VOTE_SKIP1)));
	} else if (vote->kind == VOTE_NOTAR2 || vote->kind == VOTE_SKIP2) {
		assert(!(*voted & 1u << VOTE_FINAL));
	}
	*voted |= bit;
}

struct known *known_of(struct world *w, const struct hash *id)
{
	for (uint32_t i = 0; i < w->block_count; i++)
		if (memcmp(&w->blocks[i].header.id, id, sizeof(*id)) == 0)
			return &w->blocks[i];
	return NULL;
}

void learn(struct world *w, const struct header *header)
{
	struct known *parent = known_of(w, &header->parent_id);

	if (parent && !parent->has_root) {
		parent->has_root = true;
		parent->root = header->parent_state_root;
	}
	if (w->block_count == BLOCKS || known_of(w, &header->id) || (!parent && header->height != 1))
		return;
	w->blocks[w->block_count++] = (struct known){.header = *header,
	                                             .payments = header->payment_count ? UINT32_MAX : 0,
	                                             .has_root = !header->payment_count,
	                                             .root = header->parent_state_root,
	                                             .parent = parent ? (uint32_t)(parent - w->blocks) : BLOCKS};
}

static ProtobufCMessage *decoded(const ProtobufCMessageDescriptor *type, const struct bytes *bytes, struct arena *arena)
{
	ProtobufCMessage *message;

	arena_init(arena, canonical_arena_limit(bytes->size));
	assert(canonical_decode(type, bytes->data, bytes->size, arena, &message) == 0);
	return message;
}

static void heard(struct world *w, const struct bytes *bytes)
{
	struct arena arena;
	const Uncia__Pb__PeerMessage *m =
	    (const Uncia__Pb__PeerMessage *)decoded(&uncia__pb__peer_message__descriptor, bytes, &arena);
	struct header header;
	struct vote vote;

	switch (m->kind_case) {
	case UNCIA__PB__PEER_MESSAGE__KIND_VOTE:
		assert(vote_decode(m->vote.data, m->vote.len, &vote) == 0);
		heard_vote(w, &vote);
		break;
	case UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE:
		assert(header_decode(m->propose->header.data, m->propose->header.len, &header) == 0);
		learn(w, &header);
		heard_vote(w, &(struct vote){.epoch = header.epoch,
		                             .kind = VOTE_NOTAR1,
		                             .view = header.view,
		                             .block_id = header.id,
		                             .voter = header.proposer});
		break;
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST:
		w->nonce = m->newest_vote_request->nonce;
		break;
	default:
		break;
	}
	arena_deinit(&arena);
}

/* ---- what it asks for ------------------------------------------------------------------------ */

static void keep_record(struct world *w, const struct action *action)
{
	bool put = action->kind == ACTION_JOURNAL_PUT;
	size_t key_size = put ? action->key.size : 0, value_size = put ? action->message.size : 0;
	struct record *record = calloc(1, sizeof(*record) + key_size + value_size);

	assert(record);
	record->table = put ? action->table : 0;
	record->view = action->view;
	record->key_size = key_size;
	record->value_size = value_size;
	if (put) {
		memcpy(record->bytes, action->key.data, key_size);
		memcpy(record->bytes + key_size, action->message.data, value_size);
	}
	*w->last = record;
	w->last = &record->next;
	w->sequence = action->sequence;
}

static void drop_records(struct world *w)
{
	for (struct record *record = w->records, *next; record; record = next) {
		next = record->next;
		free(record);
	}
	w->records = NULL;
	w->last = &w->records;
}

static void carry_out(struct world *w)
{
	struct arena arena;

	for (size_t i = 0; i < w->actions.count; i++) {
		const struct action *action = &w->actions.items[i];
		switch (action->kind) {
		case ACTION_JOURNAL_PUT:
		case ACTION_JOURNAL_FORGET:
			keep_record(w, action);
			break;
		case ACTION_SEND:
			heard(w, &action->message);
			break;
		case ACTION_VERIFY:
			assert(w->job_last < JOBS_MAX);
			w->jobs[w->job_last++] = action->job;
			break;
		case ACTION_ANSWER:
			(void)decoded(&uncia__pb__node_reply__descriptor, &action->message, &arena);
			arena_deinit(&arena);
			break;
		case ACTION_TIMER:
			w->timer_at = action->at_ms;
			break;
		case ACTION_FLUSH:
			assert(!w->flush);
			w->flush = action->flush;
			break;
		default:
			break;
		}
	}
}

void step(struct world *w, struct event event)
{
	if (w->halted)
		return;
	event.now_ms = w->now;
	event.wall_ms = FIXTURE_TIME_MS + w->now;
	int error = replica_step(w->replica, &event, &w->actions);
	w->halted = error != 0;
	if (w->halted)
		assert(error == REPLICA_E_FAULTY && w->liars > w->f->genesis.committee.faulty);
	carry_out(w);
}

static void verified(struct world *w)
{
	if (w->job_first == w->job_last || w->halted)
		return;
	struct verify_job *job = w->jobs[w->job_first++];
	if (w->job_first == w->job_last)
		w->job_first = w->job_last = 0;
	for (size_t i = 0; i < job->count; i++)
		job->items[i].valid = job->sign ? !stand_in(NULL, &job->statements[i], job->items[i].signature)
		                                : fuzz_signature_holds(job->items[i].signature);
	step(w, (struct event){.kind = EVENT_VERIFIED, .job = job});
}

static void durable(struct world *w)
{
	if (!w->records || w->halted)
		return;
	for (const struct record *record = w->records; record; record = record->next) {
		if (record->table)
			assert(memory_store_put(w->store, record->table, record->bytes, record->key_size,
			                        record->bytes + record->key_size, record->value_size) == 0);
		else
			memory_store_forget(w->store, record->view);
	}
	drop_records(w);
	step(w, (struct event){.kind = EVENT_DURABLE, .sequence = w->sequence});
}

static void flushed(struct world *w)
{
	struct flush *flush = w->flush;

	if (!flush || w->halted)
		return;
	w->flush = NULL;
	assert(memory_store_apply(w->store, flush) == 0);
	step(w, (struct event){.kind = EVENT_FLUSHED, .flush = flush});
}

static void forget(struct world *w)
{
	drop_records(w);
	w->job_first = w->job_last = 0;
	flush_free(w->flush);
	w->flush = NULL;
}

static void start(struct world *w)
{
	struct replica_config config = {.genesis = &w->f->genesis,
	                                .flush_ms = 500,
	                                .self = w->self,
	                                .sign = stand_in,
	                                .mempool_max = 16,
	                                .mempool_per_sender_max = 3};

	memory_store_view(w->store, &config.view);
	assert(replica_new(&config, &w->replica) == 0);
	step(w, (struct event){.kind = EVENT_START});
}

static void crash(struct world *w)
{
	if (w->halted)
		return;
	replica_free(w->replica);
	forget(w);
	start(w);
}

/* ---- the input ------------------------------------------------------------------------------- */

static void pass(struct world *w, uint64_t ms)
{
	w->now += ms;
	step(w, (struct event){.kind = EVENT_TIMER});
}

static void event_of(struct world *w, struct bytes *input)
{
	uint8_t op = fuzz_byte(input), arg;

	switch (op % 20) {
	case 0:
		arg = fuzz_byte(input);
		say_bytes(w, other(w, arg), fuzz_take(input, fuzz_number(input, 2)));
		break;
	case 1:
		arg = fuzz_byte(input);
		step(w, (struct event){.kind = EVENT_WALLET_MESSAGE,
		                       .wallet = arg % 4,
		                       .origin = arg % 2,
		                       .message = fuzz_take(input, fuzz_number(input, 2))});
		break;
	case 2:
		pass(w, fuzz_byte(input));
		break;
	case 3: /* to when it wants to be woken */
		pass(w, w->timer_at > w->now && w->timer_at - w->now < 100000 ? w->timer_at - w->now : 1);
		break;
	case 4:
		verified(w);
		break;
	case 5:
		durable(w);
		break;
	case 6:
		flushed(w);
		break;
	case 7:
		arg = fuzz_byte(input);
		if (w->f->genesis.committee.size > 1)
			step(w, (struct event){.kind = arg & 0x80 ? EVENT_PEER_DOWN : EVENT_PEER_UP,
			                       .peer = other(w, arg & 0x7f)});
		break;
	case 8:
		say_vote(w, input);
		break;
	case 9:
		say_proposal(w, input);
		break;
	case 10:
		say_certificate(w, input);
		break;
	case 11:
		submit(w, input);
		break;
	case 12:
		say_gossip(w, input);
		break;
	case 13:
		say_body(w, input);
		break;
	case 14:
		say_sync(w, input);
		break;
	case 15:
		say_newest(w, input);
		break;
	case 16:
		crash(w);
		break;
	case 17:
		step(w, (struct event){.kind = EVENT_SPACE, .low = fuzz_byte(input) & 1});
		break;
	case 18:
		step(w, (struct event){.kind = EVENT_WALLET_CLOSED, .wallet = fuzz_byte(input) % 4});
		break;
	case 19:
		say_question(w, input);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture alone;
	struct bytes input = {data, size};
	uint8_t options = fuzz_byte(&input);
	struct world *w = calloc(1, sizeof(*w));
	struct replica_status status;
	struct flush *genesis;

	make_pool(fuzz_network());
	if (!alone.genesis.bytes)
		fixture_init(&alone, 1, FUZZ_ACCOUNTS, FUZZ_BALANCE);
	assert(w && (w->store = memory_store_new()) && actions_init(&w->actions) == 0);
	/* One of four with one liar, or three, or by itself. */
	w->f = options & 1 ? &alone : fuzz_network();
	w->self = options & 1 ? 0 : SELF;
	w->liars = options & 1 ? 0 : options & 2 ? 3 : 1;
	w->prompt = options & 4;
	w->last = &w->records;
	w->now = 1000;
	assert(genesis_flush(&w->f->genesis, &genesis) == 0 && memory_store_apply(w->store, genesis) == 0);
	flush_free(genesis);
	start(w);
	replica_status(w->replica, &status);
	w->genesis_root = status.state_root;
	while (input.size && !w->halted && w->steps++ < STEPS_MAX) {
		event_of(w, &input);
		for (int i = 0; w->prompt && i < 16 && (w->records || w->flush || w->job_first < w->job_last); i++) {
			verified(w);
			durable(w);
			flushed(w);
		}
	}
	replica_free(w->replica);
	forget(w);
	actions_deinit(&w->actions);
	memory_store_free(w->store);
	free(w);
	return 0;
}

/* Who lies, what they hear, and what of their own honest core's messages goes out; see byzantine.h. */
#include "byzantine.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEAK_EVERY_MS 40u /* on average half as long */

static const struct {
	uint32_t script;
	const char *name;
} script_names[] = {
    {FAULT_EQUIVOCATE, "equivocate"},       {FAULT_DOUBLE_VOTE, "double-vote"}, {FAULT_WITHHOLD, "withhold"},
    {FAULT_SKIP_ONLY, "skip-only"},         {FAULT_FAR_VIEWS, "far-views"},     {FAULT_FORGED, "forged-certificates"},
    {FAULT_BAD_BLOCKS, "bad-blocks"},       {FAULT_SOME_ONLY, "some-only"},     {FAULT_REPLAY, "replay"},
    {FAULT_FALSE_ANSWERS, "false-answers"}, {FAULT_FALSE_WORDS, "false-words"}};
#define SCRIPTS (sizeof(script_names) / sizeof(*script_names))

uint64_t byzantine_random(struct byzantine *b, uint64_t below)
{
	b->random = b->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (b->random >> 33) % below;
}

/* The same answer for the same question in one run. */
static uint64_t coin(const struct byzantine *b, uint64_t a, uint64_t c, uint64_t below)
{
	uint64_t z = b->salt + a * UINT64_C(0x9e3779b97f4a7c15) + c * UINT64_C(0xd1342543de82ef95);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

void byzantine_trace(const struct byzantine *b, const struct liar *liar, const char *format, ...)
{
	va_list arguments;

	if (!b->checks->trace)
		return;
	printf("%8" PRIu64 " node %u lies: ", network_now(b->network), liar->self);
	va_start(arguments, format);
	vprintf(format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(arguments);
	printf("\n");
}

/* ---- what the seed draws ---- */

static void draw_liar(struct byzantine *b, struct liar *liar, uint32_t allowed)
{
	bool one = byzantine_random(b, 3) == 0;
	uint32_t drawn = 0;

	if (one)
		drawn = script_names[byzantine_random(b, SCRIPTS)].script;
	else
		for (size_t i = 0; i < SCRIPTS; i++)
			drawn |= byzantine_random(b, 3) == 0 ? script_names[i].script : 0;
	liar->scripts = drawn & allowed;
	liar->victims = (uint32_t)byzantine_random(b, 1u << NETWORK_NODES_MAX);
	liar->withheld = (uint32_t)byzantine_random(b, 1u << 13);
	if (byzantine_random(b, 4) == 0)
		liar->withheld = UINT32_MAX;
	liar->bad_turn = (uint32_t)byzantine_random(b, BADS);
}

void byzantine_draw(struct byzantine *b, const struct scenario *s, const struct network_options *options,
                    uint32_t spared, uint64_t *budget)
{
	b->random = b->salt = (s->seed + 1) * UINT64_C(0xda942042e4dd58b5);
	b->twins = options->twins;
	uint32_t masks = (uint32_t)byzantine_random(b, 3);
	if (b->twins && s->faults & FAULT_MASKS)
		b->masks = masks == 0 ? MASKS_NONE : masks == 1 ? MASKS_TWINS : MASKS_ALL;
	if (byzantine_random(b, 3) == 0)
		return;
	uint32_t from = (uint32_t)byzantine_random(b, options->validators);
	for (uint32_t i = 0; i < options->validators; i++) {
		uint32_t self = (from + i) % options->validators;
		struct liar liar = {.self = self};
		if (self < options->twins || self == spared || options->weights[self] > *budget)
			continue;
		draw_liar(b, &liar, s->faults);
		if (!liar.scripts)
			continue;
		/* Drawn apart from all else. */
		if (s->faults & FAULT_FLOOD && coin(b, self, UINT64_C(0x666c6f6f64), 3) == 0)
			liar.floods = (uint32_t)(1 + coin(b, self, UINT64_C(0x666c6f6f65), FLOODS_ALL));
		*budget -= options->weights[self];
		b->liars[b->liar_count++] = liar;
	}
}

void byzantine_one(struct byzantine *b, uint32_t self, uint32_t scripts, uint32_t floods)
{
	b->random = b->salt = 1;
	if (scripts || floods)
		b->liars[b->liar_count++] = (struct liar){.self = self, .scripts = scripts, .floods = floods};
}

const char *byzantine_script_name(uint32_t script)
{
	for (size_t i = 0; i < SCRIPTS; i++)
		if (script_names[i].script == script)
			return script_names[i].name;
	return NULL;
}

static struct liar *liar_of(struct byzantine *b, uint32_t node)
{
	for (uint32_t i = 0; i < b->liar_count; i++)
		if (b->liars[i].self == node)
			return &b->liars[i];
	return NULL;
}

bool byzantine_is(const struct byzantine *b, uint32_t node)
{
	return liar_of((struct byzantine *)(uintptr_t)b, node) != NULL;
}

/* ---- saying ---- */

void byzantine_send(struct byzantine *b, const struct liar *liar, uint32_t to, struct forged message)
{
	byzantine_spread(b, liar, 1u << to, message);
}

void byzantine_spread(struct byzantine *b, const struct liar *liar, uint32_t nodes, struct forged message)
{
	for (uint32_t to = 0; to < b->checks->nodes; to++)
		if (nodes >> to & 1 && to != liar->self)
			network_inject(b->network, liar->self, to, message.bytes, message.size);
	free(message.bytes);
}

void byzantine_vote(struct byzantine *b, const struct liar *liar, uint32_t nodes, enum vote_kind kind, uint64_t view,
                    const struct hash *block_id)
{
	struct vote vote;

	fixture_vote(network_fixture(b->network), kind, view, block_id, liar->self, &vote);
	checks_vote(b->checks, &vote);
	byzantine_spread(b, liar, nodes, forge_vote(&vote));
}

uint64_t byzantine_provoke(struct byzantine *b, const struct liar *liar, uint32_t node)
{
	struct replica_status status;
	struct hash id = fixture_hash(b->salt);

	network_status(b->network, node, &status);
	byzantine_vote(b, liar, 1u << node, VOTE_SKIP1, status.view + 500, NULL);
	byzantine_vote(b, liar, 1u << node, VOTE_NOTAR1, status.view + 500, &id);
	return status.view + 500;
}

/* ---- hearing ---- */

const struct header *byzantine_header(struct byzantine *b, uint64_t newest)
{
	uint64_t held = b->header_count < LIAR_MEMORY ? b->header_count : LIAR_MEMORY;

	if (newest > held)
		newest = held;
	return held ? &b->headers[(b->header_count - 1 - byzantine_random(b, newest)) % LIAR_MEMORY] : NULL;
}

const struct header *byzantine_find(const struct byzantine *b, const struct hash *id)
{
	for (uint32_t i = 0; i < LIAR_MEMORY; i++)
		if (b->headers[i].size && memcmp(&b->headers[i].id, id, sizeof(*id)) == 0)
			return &b->headers[i];
	return NULL;
}

void byzantine_keep_header(struct byzantine *b, const struct header *header)
{
	if (!byzantine_find(b, &header->id))
		b->headers[b->header_count++ % LIAR_MEMORY] = *header;
}

static void keep_message(struct byzantine *b, const struct bytes *message)
{
	struct forged *kept = &b->messages[b->message_count % LIAR_MEMORY];

	if (byzantine_random(b, 8)) /* some of them, so that they reach back further */
		return;
	b->message_count++;
	free(kept->bytes);
	kept->size = message->size;
	kept->bytes = malloc(message->size + 1);
	if (!kept->bytes)
		abort();
	memcpy(kept->bytes, message->data, message->size);
}

static void keep_payments(struct byzantine *b, const Uncia__Pb__Gossip *gossip)
{
	for (size_t i = 0; i < gossip->n_payments; i++) {
		const ProtobufCBinaryData *data = &gossip->payments[i]->data;
		struct payment *payment;
		if (payment_decode(&network_fixture(b->network)->genesis.network_id, data->data, data->len, &payment))
			continue;
		struct payment **kept = &b->payments[b->payment_count++ % (8 * LIAR_MEMORY)];
		payment_free(*kept);
		*kept = payment;
	}
}

static void keep_skip(struct byzantine *b, const ProtobufCBinaryData *data)
{
	struct certificate *certificate;

	if (certificate_decode(&network_fixture(b->network)->genesis.committee, data->data, data->len, &certificate))
		return;
	if (certificate->kind == CERT_S) {
		free(b->skip.bytes);
		b->skip.bytes = malloc(data->len);
		if (!b->skip.bytes)
			abort();
		memcpy(b->skip.bytes, data->data, data->len);
		b->skip.size = data->len;
	}
	free(certificate);
}

/* Which view a message is about, if any. */
static void note_view(struct byzantine *b, const Uncia__Pb__PeerMessage *m, const struct vote *vote,
                      const struct header *header)
{
	struct certificate *certificate;

	b->viewed = vote || header;
	b->message_view = vote ? vote->view : header ? header->view : 0;
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE && b->masks &&
	    certificate_decode(&network_fixture(b->network)->genesis.committee, m->certificate.data, m->certificate.len,
	                       &certificate) == 0) {
		b->viewed = true;
		b->message_view = certificate->view;
		free(certificate);
	}
}

/* A liar's own honest core says this: who does not get it, and what is said beside it. */
static void own_message(struct byzantine *b, struct liar *liar, const Uncia__Pb__PeerMessage *m,
                        const struct vote *vote, const struct header *header)
{
	bool own_header = header && header->proposer == liar->self, own_vote = vote && vote->voter == liar->self;

	if (liar->scripts & FAULT_WITHHOLD && liar->withheld >> m->kind_case & 1)
		b->withheld_from |= coin(b, b->message_view, liar->self, 3) ? liar->victims : UINT32_MAX;
	if (liar->scripts & FAULT_SKIP_ONLY && (own_header || (own_vote && vote->kind != VOTE_SKIP1)))
		b->withheld_from = UINT32_MAX;
	else if (own_header)
		byzantine_lead(b, liar, header, m->propose);
	if (own_vote && liar->scripts & FAULT_DOUBLE_VOTE && byzantine_random(b, 2)) {
		const struct header *other = byzantine_header(b, 3);
		struct hash id = other ? other->id : fixture_hash(1);
		enum vote_kind kind = vote->kind == VOTE_NOTAR1 && byzantine_random(b, 2) ? VOTE_SKIP1
		                      : vote->kind == VOTE_SKIP1                          ? VOTE_NOTAR1
		                                                                          : vote->kind;
		byzantine_vote(b, liar, (uint32_t)byzantine_random(b, 1u << b->checks->nodes), kind, vote->view,
		               vote_kind_names_block(kind) ? &id : NULL);
	}
}

static void hear(struct byzantine *b, uint32_t node, const Uncia__Pb__PeerMessage *m, const struct vote *vote,
                 const struct header *header)
{
	struct hash id;

	if (vote && (vote->kind == VOTE_NOTAR1 || vote->kind == VOTE_SKIP1))
		b->votes[b->vote_count++ % (4 * LIAR_MEMORY)] = *vote;
	if (header) {
		struct vote own = {.kind = VOTE_NOTAR1, .view = header->view, .block_id = header->id};
		own.voter = header->proposer;
		memcpy(own.signature, m->propose->signature.data, SIGNATURE_SIZE);
		b->votes[b->vote_count++ % (4 * LIAR_MEMORY)] = own;
		byzantine_keep_header(b, header);
		if (header->view > b->view)
			b->view = header->view;
	}
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP)
		keep_payments(b, m->gossip);
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE)
		keep_skip(b, &m->certificate);
	if (m->kind_case != UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST || m->block_request->block_id.len != HASH_SIZE)
		return;
	memcpy(&id, m->block_request->block_id.data, HASH_SIZE);
	for (uint32_t i = 0; i < LIAR_MEMORY; i++)
		b->fetched += b->hidden_count && memcmp(&b->hidden[i], &id, sizeof(id)) == 0;
	for (uint32_t i = 0; i < b->liar_count; i++)
		if (b->liars[i].self != node)
			byzantine_serve(b, &b->liars[i], node, &id);
}

static void on_message(void *context, uint32_t node, const struct bytes *message, const Uncia__Pb__PeerMessage *m,
                       const struct vote *vote, const struct header *header)
{
	struct byzantine *b = context;
	struct liar *liar = liar_of(b, node);

	b->withheld_from = 0;
	note_view(b, m, vote, header);
	if (b->liar_count) {
		keep_message(b, message);
		hear(b, node, m, vote, header);
	}
	if (liar && !b->muted)
		own_message(b, liar, m, vote, header);
	for (uint32_t i = 0; i < b->liar_count && !b->muted; i++) {
		liar = &b->liars[i];
		if (!network_up(b->network, liar->self))
			continue;
		if (liar->floods)
			byzantine_flood(b, liar);
		if (network_now(b->network) < liar->next_ms)
			continue;
		liar->next_ms = network_now(b->network) + 1 + byzantine_random(b, SPEAK_EVERY_MS);
		byzantine_speak(b, liar);
	}
}

/* Twins (the same key run twice): in each view their messages, or in one mode everybody's, reach who is on the same
 * side, and the sides are drawn anew for each view, so that every split occurs. */
static bool masked(const struct byzantine *b, uint32_t from, uint32_t to)
{
	const struct checks *c = b->checks;
	uint32_t from_validator = from < c->validators ? from : from - c->validators;
	uint32_t to_validator = to < c->validators ? to : to - c->validators;
	bool twin = from_validator < b->twins || to_validator < b->twins;

	if (!b->viewed || b->masks == MASKS_NONE || (!twin && (b->masks == MASKS_TWINS || b->healed)))
		return false;
	return coin(b, b->message_view, 100 + from, 2) != coin(b, b->message_view, 100 + to, 2);
}

static bool pass(void *context, uint32_t from, uint32_t to, const struct bytes *message)
{
	struct byzantine *b = ((struct checks *)context)->listener_context;
	struct liar *liar = liar_of(b, from);

	if (masked(b, from, to) || b->withheld_from >> to & 1)
		return false;
	return !liar || b->muted || !(liar->scripts & FAULT_FALSE_ANSWERS) ||
	       !byzantine_answer_falsely(b, liar, to, message);
}

static bool answer(void *context, uint32_t node, uint64_t wallet, const struct bytes *message)
{
	struct byzantine *b = ((struct checks *)context)->listener_context;
	struct liar *liar = liar_of(b, node);

	return !liar || !(liar->scripts & FAULT_FALSE_WORDS) || byzantine_tell(b, liar, wallet, message);
}

/* ---- beginning and end ---- */

void byzantine_hook(struct byzantine *b, struct checks *checks, struct network_options *options)
{
	b->checks = checks;
	checks->listener = on_message;
	checks->listener_context = b;
	for (uint32_t i = 0; i < b->liar_count; i++)
		checks->byzantine[b->liars[i].self] = checks->liar[b->liars[i].self] = true;
	options->pass = pass;
	options->answer = answer;
}

void byzantine_begin(struct byzantine *b, struct network *network)
{
	b->network = network;
	for (uint32_t i = 0; i < b->liar_count; i++)
		for (size_t k = 0; k < SCRIPTS; k++)
			if (b->liars[i].scripts & script_names[k].script)
				byzantine_trace(b, &b->liars[i], "script %s", script_names[k].name);
}

void byzantine_deinit(struct byzantine *b)
{
	free(b->skip.bytes);
	for (uint32_t i = 0; i < LIAR_MEMORY; i++) {
		free(b->messages[i].bytes);
		free(b->bodies[i].bytes);
	}
	for (uint32_t i = 0; i < 8 * LIAR_MEMORY; i++)
		payment_free(b->payments[i]);
}

/* What liars say unasked (votes, certificates, replays, false states) and how they answer what they are asked; see
 * byzantine.h. */
#include <stdlib.h>
#include <string.h>
#include "byzantine.h"
#include "canonical.h"

#define FAR_VOTES 192u

static uint32_t some_nodes(struct byzantine *b)
{
	return byzantine_random(b, 2) ? UINT32_MAX : (uint32_t)byzantine_random(b, 1u << b->checks->nodes);
}

/* Any vote on what was heard of late. */
static void say_vote(struct byzantine *b, const struct liar *liar)
{
	const struct header *header = byzantine_header(b, 4);
	enum vote_kind kind = (enum vote_kind)(1 + byzantine_random(b, 5));

	if (!header)
		return;
	struct hash id = byzantine_random(b, 16) ? header->id : fixture_hash(byzantine_random(b, 4));
	uint64_t view = header->view + (byzantine_random(b, 8) ? 0 : byzantine_random(b, 3));
	byzantine_trace(b, liar, "a vote of kind %d in view %llu", (int)kind, (unsigned long long)view);
	byzantine_vote(b, liar, some_nodes(b), kind, view, vote_kind_names_block(kind) ? &id : NULL);
}

static void say_skips(struct byzantine *b, const struct liar *liar)
{
	for (uint64_t view = b->view; view < b->view + 2; view++) {
		byzantine_vote(b, liar, UINT32_MAX, VOTE_SKIP1, view, NULL);
		if (byzantine_random(b, 2))
			byzantine_vote(b, liar, UINT32_MAX, VOTE_SKIP2, view, NULL);
	}
}

/* Not told to the checks: no honest validator may come so far, and they keep what they are told. */
static void say_far(struct byzantine *b, const struct liar *liar)
{
	const struct fixture *f = network_fixture(b->network);
	uint32_t to = (uint32_t)byzantine_random(b, b->checks->nodes), nodes = 1u << to;

	byzantine_trace(b, liar, "votes far ahead to node %u", to);
	for (uint32_t i = 0; i < FAR_VOTES; i++) {
		uint64_t view = b->view + 1100 + byzantine_random(b, UINT64_C(1) << (1 + byzantine_random(b, 31)));
		struct hash id = fixture_hash(i);
		struct vote vote;
		fixture_vote(f, (enum vote_kind)(1 + i % 5), i ? view : UINT64_MAX, &id, liar->self, &vote);
		byzantine_spread(b, liar, nodes, forge_vote(&vote));
	}
	b->far += FAR_VOTES;
}

/* ---- certificates that are none ---- */

/* True first votes of one view for one block (or skip), by voter. */
static void given_votes(const struct byzantine *b, uint64_t view, const struct hash *block_id, bool skip,
                        const struct vote *given[COMMITTEE_SIZE_MAX])
{
	memset(given, 0, COMMITTEE_SIZE_MAX * sizeof(*given));
	for (uint32_t i = 0; i < 4 * LIAR_MEMORY; i++) {
		const struct vote *vote = &b->votes[i];
		if (vote->kind == (skip ? VOTE_SKIP1 : VOTE_NOTAR1) && vote->view == view &&
		    (skip || memcmp(&vote->block_id, block_id, sizeof(*block_id)) == 0))
			given[vote->voter] = vote;
	}
}

static uint8_t *flawed(struct byzantine *b, const struct liar *liar, size_t *size)
{
	const struct header *header = byzantine_header(b, 3);
	const struct vote *given[COMMITTEE_SIZE_MAX];
	enum flaw flaw = (enum flaw)byzantine_random(b, FLAWS);
	enum certificate_kind kind = (enum certificate_kind)(1 + byzantine_random(b, 4));

	if (!header)
		return NULL;
	uint64_t view = header->view + (byzantine_random(b, 4) == 0);
	given_votes(b, view, &header->id, kind == CERT_S, given);
	byzantine_trace(b, liar, "a certificate of kind %d with flaw %d in view %llu", (int)kind, (int)flaw,
	                (unsigned long long)view);
	return forge_flawed(network_fixture(b->network), flaw, kind, view, &header->id, liar->self, given, size);
}

static void say_flawed(struct byzantine *b, const struct liar *liar)
{
	size_t size;
	uint8_t *bytes = flawed(b, liar, &size);

	if (bytes)
		byzantine_spread(b, liar, some_nodes(b), forge_certificate(bytes, size));
	free(bytes);
}

static void say_again(struct byzantine *b, const struct liar *liar)
{
	uint64_t held = b->message_count < LIAR_MEMORY ? b->message_count : LIAR_MEMORY;

	if (!held)
		return;
	const struct forged *old = &b->messages[byzantine_random(b, held)];
	uint32_t to = (uint32_t)byzantine_random(b, b->checks->nodes);
	byzantine_trace(b, liar, "an old message again to node %u", to);
	if (to != liar->self)
		network_inject(b->network, liar->self, to, old->bytes, old->size);
}

/* ---- questions and answers ---- */

static void say_state(struct byzantine *b, const struct liar *liar)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	Uncia__Pb__SyncRequest sync = UNCIA__PB__SYNC_REQUEST__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	Uncia__Pb__CertificatesRequest certificates = UNCIA__PB__CERTIFICATES_REQUEST__INIT;

	switch (byzantine_random(b, 4)) {
	case 0:
		status.final_height = byzantine_random(b, 2) ? UINT64_MAX : byzantine_random(b, 100);
		status.final_view = status.view = UINT64_MAX;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
		message.status = &status;
		break;
	case 1:
		sync.from_height = 1 + byzantine_random(b, 50);
		if (byzantine_random(b, 4) == 0)
			sync.until_height = byzantine_random(b, 2) ? UINT64_MAX : byzantine_random(b, 60);
		sync.headers = byzantine_random(b, 4) == 0;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
		message.sync_request = &sync;
		break;
	case 2:
		reply.tip_height = UINT64_MAX;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
		message.sync_reply = &reply;
		break;
	default:
		certificates.to_view = UINT64_MAX;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST;
		message.certificates_request = &certificates;
	}
	byzantine_trace(b, liar, "a false state or question (%d)", (int)message.kind_case);
	byzantine_spread(b, liar, some_nodes(b), forge_message(&message));
}

static void flip(struct byzantine *b, ProtobufCBinaryData *data)
{
	if (data->len)
		data->data[byzantine_random(b, data->len)] ^= (uint8_t)(1u << byzantine_random(b, 8));
}

/* The last block is another one in its place, with a certificate and headers that are true, and of the true one; or the
 * headers do not lead to what the certificate names. */
static void poison_headers(struct byzantine *b, Uncia__Pb__SyncReply *page)
{
	ProtobufCBinaryData *last = &page->blocks[page->n_blocks - 1]->data;
	struct block *block;

	if (byzantine_random(b, 4) == 0) {
		uncia__pb__blob__free_unpacked(page->headers[--page->n_headers], NULL);
		return;
	}
	if (block_decode(&network_fixture(b->network)->genesis.network_id, last->data, last->len, &block))
		abort();
	block->header.timestamp_ms++;
	free(last->data);
	if (header_encode(&block->header) ||
	    block_encode(&block->header, block->payments, block->count, &last->data, &last->len))
		abort();
	block_free(block);
}

/* Headers alone: the last is another one in its place, or is left out; or what they lead to is final, says nobody. */
static void poison_part(struct byzantine *b, Uncia__Pb__SyncReply *part)
{
	ProtobufCBinaryData *last = &part->headers[part->n_headers - 1]->data;
	struct header header;

	switch (byzantine_random(b, 3)) {
	case 0:
		uncia__pb__blob__free_unpacked(part->headers[--part->n_headers], NULL);
		break;
	case 1:
		if (header_decode(last->data, last->len, &header))
			abort();
		header.timestamp_ms++;
		if (header_encode(&header) || header.size != last->len)
			break;
		memcpy(last->data, header.bytes, header.size);
		break;
	default:
		flip(b, &part->certificate);
	}
}

static void poison_page(struct byzantine *b, struct liar *liar, Uncia__Pb__SyncReply *page)
{
	size_t size, at = page->n_blocks ? byzantine_random(b, page->n_blocks) : 0;
	uint8_t *bytes;

	if (page->n_headers && byzantine_random(b, 4)) {
		if (page->n_blocks)
			poison_headers(b, page);
		else
			poison_part(b, page);
		return;
	}
	switch (byzantine_random(b, 6)) {
	case 0: /* a bit of a block */
		if (page->n_blocks)
			flip(b, &page->blocks[at]->data);
		break;
	case 1: /* of the certificate */
		flip(b, &page->certificate);
		break;
	case 2: /* another certificate */
		bytes = flawed(b, liar, &size);
		if (bytes) {
			free(page->certificate.data);
			page->certificate = (ProtobufCBinaryData){.len = size, .data = bytes};
		}
		break;
	case 3: /* one block twice, another not at all */
		if (page->n_blocks > 1 && at) {
			ProtobufCBinaryData *to = &page->blocks[at]->data, *from = &page->blocks[at - 1]->data;
			free(to->data);
			to->data = malloc(from->len);
			if (!to->data)
				abort();
			memcpy(to->data, from->data, from->len);
			to->len = from->len;
		}
		break;
	case 4: /* none, as if the last block were known to be final */
		page->certificate.len = 0;
		break;
	default: /* the whole is true, the height a lie */
		page->tip_height = UINT64_MAX;
	}
}

/* A true body under a lie: another's payments, or bits. */
static void poison_block(struct byzantine *b, Uncia__Pb__BlockReply *reply)
{
	uint64_t held = b->body_count < LIAR_MEMORY ? b->body_count : LIAR_MEMORY;
	Uncia__Pb__Block *block = uncia__pb__block__unpack(NULL, reply->block.len, reply->block.data);
	uint8_t *bytes;
	size_t size;

	if (!block)
		return;
	if (held && byzantine_random(b, 2)) {
		const struct forged *other = &b->bodies[byzantine_random(b, held)];
		Uncia__Pb__Block *from = uncia__pb__block__unpack(NULL, other->size, other->bytes);
		size_t n = block->n_payments;
		Uncia__Pb__Blob **payments = block->payments;
		block->n_payments = from->n_payments;
		block->payments = from->payments;
		from->n_payments = n;
		from->payments = payments;
		uncia__pb__block__free_unpacked(from, NULL);
	} else if (block->n_payments) {
		flip(b, &block->payments[byzantine_random(b, block->n_payments)]->data);
	}
	if (canonical_encode(&block->base, &bytes, &size))
		abort();
	uncia__pb__block__free_unpacked(block, NULL);
	free(reply->block.data);
	reply->block = (ProtobufCBinaryData){.len = size, .data = bytes};
}

static void poison_newest(struct byzantine *b, Uncia__Pb__NewestVoteReply *reply)
{
	switch (byzantine_random(b, 3)) {
	case 0:
		reply->vote.len = 0;
		break;
	case 1:
		flip(b, &reply->vote);
		break;
	default:
		reply->nonce++;
	}
}

bool byzantine_answer_falsely(struct byzantine *b, struct liar *liar, uint32_t to, const struct bytes *message)
{
	if (byzantine_random(b, 2))
		return false;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	bool answer = true;
	switch (m->kind_case) {
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY:
		poison_page(b, liar, m->sync_reply);
		break;
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY:
		poison_block(b, m->block_reply);
		break;
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY:
		poison_newest(b, m->newest_vote_reply);
		break;
	default:
		answer = false;
	}
	if (answer) {
		byzantine_trace(b, liar, "a false answer (%d) to node %u", (int)m->kind_case, to);
		byzantine_send(b, liar, to, forge_message(m));
	}
	uncia__pb__peer_message__free_unpacked(m, NULL);
	return answer;
}

void byzantine_speak(struct byzantine *b, struct liar *liar)
{
	static const struct {
		uint32_t script;
		void (*say)(struct byzantine *b, const struct liar *liar);
	} says[] = {{FAULT_DOUBLE_VOTE, say_vote}, {FAULT_SKIP_ONLY, say_skips}, {FAULT_FAR_VIEWS, say_far},
	            {FAULT_FORGED, say_flawed},    {FAULT_REPLAY, say_again},    {FAULT_FALSE_ANSWERS, say_state}};
	uint64_t which = byzantine_random(b, sizeof(says) / sizeof(*says));

	if (liar->scripts & says[which].script)
		says[which].say(b, liar);
}

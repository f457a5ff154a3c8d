/* Floods: what a liar sends so that nobody else's votes and payments are checked; see byzantine.h. All of it is said
 * within the protocol, over the liar's own links. */
#include <stdlib.h>
#include <string.h>
#include "byzantine.h"

#define FLOOD_COPIES 30u /* of one proposal, at a time */
#define FLOOD_SKIPS  85u /* certificates in it */
#define FLOOD_VOTES  120u

/* A view that it leads, so far ahead that none of the certificates before it is held. */
static uint64_t own_future_view(const struct byzantine *b, const struct liar *liar)
{
	uint64_t view = b->view + FLOOD_SKIPS + 4;

	while (view % b->checks->validators != liar->self)
		view++;
	return view;
}

/* A proposal of its own for a view to come, on whatever was proposed of late. */
static bool future_header(struct byzantine *b, const struct liar *liar, struct header *header)
{
	const struct header *parent = byzantine_header(b, 1);

	if (!parent)
		return false;
	*header = *parent;
	header->view = own_future_view(b, liar);
	header->height = parent->height + 1;
	header->parent_id = parent->id;
	header->proposer = liar->self;
	header->payment_count = 0;
	header->timestamp_ms = parent->timestamp_ms + 1 + b->flooded;
	fixture_payments_root(NULL, 0, &header->payments_root);
	return header_encode(header) == 0;
}

static void flood(struct byzantine *b, const struct liar *liar, const struct header *header,
                  Uncia__Pb__Blob *const *skips, size_t count)
{
	Uncia__Pb__Propose like = UNCIA__PB__PROPOSE__INIT;

	like.skips = (Uncia__Pb__Blob **)(uintptr_t)skips;
	like.n_skips = count;
	struct forged message = forge_propose(network_fixture(b->network), header, (const uint8_t *)"", &like);
	for (uint32_t to = 0; to < b->checks->nodes; to++)
		for (uint32_t copy = 0; copy < FLOOD_COPIES && to != liar->self; copy++)
			network_inject(b->network, liar->self, to, message.bytes, message.size);
	free(message.bytes);
	b->flooded++;
}

/* One true certificate of a skipped view, again and again in one proposal, and that again and again. */
static void flood_again(struct byzantine *b, const struct liar *liar)
{
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *skips[FLOOD_SKIPS];
	struct header header;

	if (!b->skip.bytes || !future_header(b, liar, &header))
		return;
	blob.data = (ProtobufCBinaryData){.len = b->skip.size, .data = b->skip.bytes};
	for (size_t i = 0; i < FLOOD_SKIPS; i++)
		skips[i] = &blob;
	byzantine_trace(b, liar, "proposes view %llu again and again, with one old certificate",
	                (unsigned long long)header.view);
	flood(b, liar, &header, skips, FLOOD_SKIPS);
}

/* As they must be, one a view up to the one before, but that nobody has signed them. */
static void flood_forged(struct byzantine *b, const struct liar *liar)
{
	static const struct vote *nobodys[COMMITTEE_SIZE_MAX];
	Uncia__Pb__Blob blobs[FLOOD_SKIPS], *skips[FLOOD_SKIPS];
	struct header header;
	size_t count = FLOOD_SKIPS;

	if (!future_header(b, liar, &header))
		return;
	if (header.view <= count)
		count = (size_t)header.view - 1;
	for (size_t i = 0; i < count; i++) {
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data.data =
		    forge_flawed(network_fixture(b->network), FLAW_FORGED, CERT_S, header.view - count + i,
		                 &header.parent_id, liar->self, nobodys, &blobs[i].data.len);
		skips[i] = &blobs[i];
	}
	byzantine_trace(b, liar, "proposes view %llu again and again, with forged certificates",
	                (unsigned long long)header.view);
	flood(b, liar, &header, skips, count);
	for (size_t i = 0; i < count; i++)
		free(blobs[i].data.data);
}

/* True votes of its own, of every kind, for block after block of one view or for all the many views that may still
 * come. Not told to the checks, which keep what they are told: no certificate holds any of them. */
static void flood_votes(struct byzantine *b, const struct liar *liar)
{
	static const enum vote_kind kinds[] = {VOTE_NOTAR1, VOTE_NOTAR2, VOTE_FINAL};
	const struct fixture *f = network_fixture(b->network);
	bool one_view = byzantine_random(b, 4) == 0;

	byzantine_trace(b, liar, "a flood of votes");
	for (uint32_t i = 0; i < FLOOD_VOTES; i++) {
		uint64_t n = b->flooded++;
		struct hash id = fixture_hash(n);
		struct vote vote;
		fixture_vote(f, kinds[n % 3], b->view + 300 + (one_view ? 0 : n / 3 % 700), &id, liar->self, &vote);
		byzantine_spread(b, liar, UINT32_MAX, forge_vote(&vote));
	}
}

void byzantine_flood(struct byzantine *b, struct liar *liar)
{
	if (network_now(b->network) < liar->next_flood_ms)
		return;
	liar->next_flood_ms = network_now(b->network) + 10 + byzantine_random(b, 40);
	if (liar->floods & FLOOD_AGAIN)
		flood_again(b, liar);
	if (liar->floods & FLOOD_FORGED)
		flood_forged(b, liar);
	if (liar->floods & FLOOD_OWN_VOTES)
		flood_votes(b, liar);
}

/* See flood_liar.h. */
#include "flood_liar.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "forge.h"
#include "protocol_limits.h"
#include "wire_link_client.h"

#define SKIPS        85u   /* certificates in a proposal */
#define AHEAD        100u  /* views: none of the certificates before one so far ahead is held */
#define FORGED_VIEWS 900u  /* of the window of 1,024 */
#define VOTES_A_VIEW 512u  /* more than are checked before a validator has taken in all of them */
#define GOSSIP       64u   /* payments in a message */
#define BODY         5000u /* payments in a body */
#define PIECE        4u    /* bytes: the least for which as many as fill a message are decoded */

static const char *const lie_names[LIES] = {"quiet",  "proposals", "ahead",  "forged",    "votes",
                                            "gossip", "pages",     "bodies", "questions", "records"};

static struct fixture network; /* the true genesis, and of its secrets the liar's own */
static uint32_t self;
static uint8_t payer_key[PUBLIC_KEY_SIZE];
static struct {
	uint64_t view;        /* the highest that was heard of */
	struct header header; /* of the newest proposal; size 0: none was heard */
	uint8_t skip[CERTIFICATE_SIZE_MAX];
	size_t skip_size; /* a certificate of a view that was skipped; 0: none was heard */
} heard;
static struct forged kept[LIES]; /* the last message of each kind; of LIE_PAGES and LIE_BODIES it is not owned */
static uint64_t number[COMMITTEE_SIZE_MAX];       /* of messages on each link, so far */
static uint64_t proposed_for[COMMITTEE_SIZE_MAX]; /* LIE_BODIES: the last view of its own, by link */
static struct forged body;

/* ---- keys ---- */

static void read_seed(const char *home, const char *name, uint8_t seed[SEED_SIZE])
{
	char path[PATH_MAX], text[65] = "";

	snprintf(path, sizeof(path), "%s/%s", home, name);
	FILE *file = fopen(path, "r");
	if (!file || fread(text, 1, 64, file) != 64 || sodium_hex2bin(seed, SEED_SIZE, text, 64, NULL, NULL, NULL))
		fail("a key of the validator cannot be read");
	fclose(file);
}

enum lie lie_named(const char *name)
{
	unsigned lie = 0;

	while (lie < LIES && strcmp(name, lie_names[lie]) != 0)
		lie++;
	return lie;
}

void liar_begin(const struct genesis *genesis, const char *home, const uint8_t *payer)
{
	const struct committee *c = &genesis->committee;
	uint8_t seed[SEED_SIZE], network_public[32];
	struct fixture_validator *own;

	network.genesis = *genesis;
	if (payer)
		memcpy(payer_key, payer, sizeof(payer_key));
	read_seed(home, "network.key", seed);
	if (crypto_scalarmult_base(network_public, seed))
		fail("a network key has no public key");
	while (self < c->size && memcmp(c->validators[self].network_key, network_public, 32) != 0)
		self++;
	if (self == c->size)
		fail("the keys are of no validator of this network");
	own = &network.validators[self];
	memcpy(own->network_secret, seed, sizeof(seed));
	read_seed(home, "consensus.key", seed);
	if (sign_keypair(seed, own->consensus.public_key, own->consensus.secret_key))
		fail("a consensus key has no public key");
}

const uint8_t *liar_network_key(void)
{
	return network.validators[self].network_secret;
}

/* ---- what is heard ---- */

static void hear_view(uint64_t view)
{
	if (view > heard.view)
		heard.view = view;
}

static void hear_certificate(const ProtobufCBinaryData *data)
{
	struct certificate *certificate;

	if (!data->len || certificate_decode(&network.genesis.committee, data->data, data->len, &certificate))
		return;
	hear_view(certificate->view + 1);
	if (certificate->kind == CERT_S) {
		memcpy(heard.skip, certificate->bytes, certificate->size);
		heard.skip_size = certificate->size;
	}
	free(certificate);
}

static void hear_proposal(const Uncia__Pb__Propose *propose)
{
	struct header header;

	if (header_decode(propose->header.data, propose->header.len, &header))
		fail("a validator proposes what is no header");
	hear_view(header.view);
	if (!heard.header.size || header.view > heard.header.view)
		heard.header = header;
	for (size_t i = 0; i < propose->n_skips; i++)
		hear_certificate(&propose->skips[i]->data);
}

void liar_hear(struct bytes bytes)
{
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, bytes.size, bytes.data);

	if (!m)
		fail("a validator says what cannot be read");
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE)
		hear_proposal(m->propose);
	else if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE)
		hear_certificate(&m->certificate);
	else if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_STATUS)
		hear_view(m->status->view);
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

/* ---- what is said ---- */

static ProtobufCBinaryData field(const void *data, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

static void keep(enum lie lie, struct forged message)
{
	free(kept[lie].bytes);
	kept[lie] = message;
}

/* Its first view from this one on. */
static uint64_t own_view(uint64_t view)
{
	while (committee_leader(&network.genesis.committee, view) != self)
		view++;
	return view;
}

/* Of a block of its own on what was proposed last. */
static void make_header(uint64_t view, uint32_t payments, struct header *header)
{
	*header = heard.header;
	header->view = view;
	header->height++;
	header->parent_id = heard.header.id;
	header->timestamp_ms++;
	header->proposer = self;
	header->payment_count = payments;
	if (payments)
		header->payments_root = fixture_hash(view);
	else
		fixture_payments_root(NULL, 0, &header->payments_root);
	if (header_encode(header))
		fail("a header cannot be made");
}

static bool say_proposal(enum lie lie)
{
	bool certificates = lie == LIE_PROPOSALS;
	Uncia__Pb__Propose like = UNCIA__PB__PROPOSE__INIT;
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *skips[SKIPS];
	struct header header;

	if (kept[lie].bytes)
		return true; /* byte for byte */
	if (!heard.header.size || (certificates && !heard.skip_size))
		return false;
	blob.data = field(heard.skip, heard.skip_size);
	for (size_t i = 0; i < SKIPS; i++)
		skips[i] = &blob;
	like.skips = skips;
	like.n_skips = certificates ? SKIPS : 0;
	make_header(own_view(heard.view + AHEAD), 0, &header);
	keep(lie, forge_propose(&network, &header, NULL, &like));
	return true;
}

/* As they must be, one a view up to the one before, but that nobody else has signed them. */
static bool say_forged(uint32_t link)
{
	static const struct vote *nobodys[COMMITTEE_SIZE_MAX];
	Uncia__Pb__Propose like = UNCIA__PB__PROPOSE__INIT;
	Uncia__Pb__Blob blobs[SKIPS], *skips[SKIPS];
	struct header header;

	if (!heard.header.size)
		return false;
	make_header(own_view(heard.view + AHEAD + network.genesis.committee.size * number[link] % FORGED_VIEWS), 0,
	            &header);
	for (size_t i = 0; i < SKIPS; i++) {
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data.data = forge_flawed(&network, FLAW_FORGED, CERT_S, header.view - SKIPS + i,
		                                  &header.parent_id, self, nobodys, &blobs[i].data.len);
		skips[i] = &blobs[i];
	}
	like.skips = skips;
	like.n_skips = SKIPS;
	keep(LIE_FORGED, forge_propose(&network, &header, NULL, &like));
	for (size_t i = 0; i < SKIPS; i++)
		free(blobs[i].data.data);
	return true;
}

/* Two first votes and two FINAL of each view, which is evidence, and extra votes for as many blocks as there is time
 * for: what is kept of them is little, and that shows only when they have been checked. */
static bool say_vote(uint32_t link)
{
	static uint64_t base;
	uint64_t of_view = number[link] % VOTES_A_VIEW;
	enum vote_kind kind = of_view < 2 ? VOTE_NOTAR1 : of_view < 4 ? VOTE_FINAL : VOTE_NOTAR2;
	struct hash id = fixture_hash(number[link]);
	struct vote vote;

	if (!heard.view)
		return false;
	if (!base)
		base = heard.view + 8;
	fixture_vote(&network, kind, base + number[link] / VOTES_A_VIEW % FORGED_VIEWS, &id, self, &vote);
	keep(LIE_VOTES, forge_vote(&vote));
	return true;
}

/* A payment of `key`'s account, signed by somebody else; its nonce can be exchanged. */
static struct payment *make_payment(const uint8_t key[PUBLIC_KEY_SIZE], uint8_t **nonce)
{
	uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
	struct output output = {.amount = 1000000};
	struct payment *payment, draft = {.currency = CURRENCY_FIRST,
	                                  .outputs = &output,
	                                  .output_count = 1,
	                                  .expires_at = (uint32_t)time(NULL) + 1000};

	randombytes_buf(&output.to, sizeof(output.to));
	randombytes_buf(draft.nonce, sizeof(draft.nonce));
	if (crypto_sign_keypair(public_key, secret_key) ||
	    payment_make(&network.genesis.network_id, &draft, key, secret_key, &payment))
		fail("a payment cannot be made");
	*nonce = memmem(payment->bytes, payment->size, payment->nonce, NONCE_SIZE);
	return payment;
}

static bool say_gossip(uint32_t link)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Gossip gossip = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Blob blobs[GOSSIP], *list[GOSSIP];
	uint8_t bytes[GOSSIP][PAYMENT_SIZE_MAX], *nonce;
	struct payment *payment = make_payment(payer_key, &nonce);

	for (uint64_t i = 0; i < GOSSIP; i++) {
		uint64_t each = number[link] * GOSSIP + i;
		memcpy(nonce, &each, sizeof(each));
		memcpy(bytes[i], payment->bytes, payment->size);
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = field(bytes[i], payment->size);
		list[i] = &blobs[i];
	}
	gossip.n_payments = GOSSIP;
	gossip.payments = list;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP;
	message.gossip = &gossip;
	keep(LIE_GOSSIP, forge_message(&message));
	payment_free(payment);
	return true;
}

/* By turns the word that there is more of the chain, for which it will be asked, and a page that has nothing of it. */
static bool say_page(uint32_t link)
{
	static struct forged ahead, page;
	static Uncia__Pb__Blob piece, *pieces[MESSAGE_SIZE_VALIDATOR_MAX / (PIECE + 4) - 64];
	static const uint8_t nothing[PIECE];
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;

	if (!page.bytes) {
		status.final_height = reply.tip_height = UINT32_MAX;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
		message.status = &status;
		ahead = forge_message(&message);
		uncia__pb__blob__init(&piece);
		piece.data = field(nothing, sizeof(nothing));
		reply.n_headers = sizeof(pieces) / sizeof(pieces[0]);
		for (size_t i = 0; i < reply.n_headers; i++)
			pieces[i] = &piece;
		reply.headers = pieces;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
		message.sync_reply = &reply;
		page = forge_message(&message);
	}
	kept[LIE_PAGES] = number[link] % 2 ? page : ahead;
	return true;
}

/* A block that nobody has asked for, whole in itself. */
static void make_body(void)
{
	static struct payment *payments[BODY];
	uint8_t *nonce, *bytes;
	struct header header;
	size_t size;
	struct fixture_key key;

	fixture_account(1, &key);
	struct payment *payment = make_payment(key.public_key, &nonce);
	for (uint64_t i = 0; i < BODY; i++) {
		memcpy(nonce, &i, sizeof(i));
		if (payment_decode(&network.genesis.network_id, payment->bytes, payment->size, &payments[i]))
			fail("a payment cannot be decoded");
	}
	fixture_header(&network, NULL, 1, payments, BODY, &(struct hash){{0}}, &header);
	if (block_encode(&header, payments, BODY, &bytes, &size))
		fail("a body cannot be made");
	body = forge_block_reply(bytes, size, NULL, 0);
	free(bytes);
	for (size_t i = 0; i < BODY; i++)
		payment_free(payments[i]);
	payment_free(payment);
}

/* In its turn, a block of payments that nobody has: its body is asked for. Then bodies of another block. */
static bool say_body(uint32_t link)
{
	uint8_t *short_ids;
	struct header header;
	uint64_t view = heard.view;

	if (!body.bytes)
		make_body();
	kept[LIE_BODIES] = body;
	if (!heard.header.size || heard.header.view >= view || own_view(view) != view || proposed_for[link] == view)
		return true;
	proposed_for[link] = view;
	make_header(view, BODY, &header);
	short_ids = malloc(8 * BODY);
	if (!short_ids)
		fail("no memory");
	randombytes_buf(short_ids, 8 * BODY);
	static struct forged proposal;
	free(proposal.bytes);
	proposal = forge_propose(&network, &header, short_ids, NULL);
	free(short_ids);
	kept[LIE_BODIES] = proposal;
	return true;
}

static bool say_question(uint32_t link)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__BlockRequest block = UNCIA__PB__BLOCK_REQUEST__INIT;
	Uncia__Pb__CertificatesRequest certificates = UNCIA__PB__CERTIFICATES_REQUEST__INIT;
	Uncia__Pb__SyncRequest chain = UNCIA__PB__SYNC_REQUEST__INIT;
	Uncia__Pb__NewestVoteRequest newest = UNCIA__PB__NEWEST_VOTE_REQUEST__INIT;

	if (!heard.header.size)
		return false;
	switch (number[link] % 4) {
	case 0:
		block.block_id = field(heard.header.id.b, HASH_SIZE);
		block.view = heard.header.view;
		block.height = heard.header.height;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST;
		message.block_request = &block;
		break;
	case 1:
		certificates.to_view = UINT64_MAX;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST;
		message.certificates_request = &certificates;
		break;
	case 2:
		chain.from_height = 1;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
		message.sync_request = &chain;
		break;
	default:
		newest.nonce = number[link];
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST;
		message.newest_vote_request = &newest;
	}
	keep(LIE_QUESTIONS, forge_message(&message));
	return true;
}

static bool say_next(enum lie lie, uint32_t link)
{
	switch (lie) {
	case LIE_PROPOSALS:
	case LIE_AHEAD:
		return say_proposal(lie);
	case LIE_FORGED:
		return say_forged(link);
	case LIE_VOTES:
		return say_vote(link);
	case LIE_GOSSIP:
		return say_gossip(link);
	case LIE_PAGES:
		return say_page(link);
	case LIE_BODIES:
		return say_body(link);
	case LIE_QUESTIONS:
		return say_question(link);
	default:
		return false;
	}
}

bool liar_say(enum lie lie, uint32_t link, struct bytes *message)
{
	if (!say_next(lie, link))
		return false;
	number[link]++;
	*message = (struct bytes){kept[lie].bytes, kept[lie].size};
	return true;
}

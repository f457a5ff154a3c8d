/* A validator that lies, for tests: runs the home of its one argument as unciad start does, with the same core, but
 * shows half of the others another block than the rest whenever it leads, signed as well, and afterwards votes before
 * that half for the block that it had hidden from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "home.h"
#include "message.pb-c.h"
#include "node.h"
#include "vote.h"

struct liar {
	struct home home;
	uint64_t view;         /* of the newest proposal */
	uint8_t signature[64]; /* NOTAR1 on the block that the core proposed in it */
	struct hash block_id;
	uint8_t *message; /* the newest lie */
};

static bool is_lied_to(uint32_t peer, uint64_t view)
{
	return (peer + view / 4) % 2 != 0;
}

static void pack(struct liar *liar, const Uncia__Pb__PeerMessage *out, struct bytes *message)
{
	size_t size;
	free(liar->message);
	if (canonical_encode(&out->base, &liar->message, &size))
		abort();
	*message = (struct bytes){liar->message, size};
}

/* The same place in the chain, no payments, a millisecond later. */
static void lie_about_block(struct liar *liar, const Uncia__Pb__Propose *truth, struct header *header,
                            struct bytes *message)
{
	Uncia__Pb__PeerMessage out = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Propose propose = *truth;
	uint8_t signature[SIGNATURE_SIZE];
	struct hash digest;

	header->timestamp_ms++;
	header->payment_count = 0;
	merkle_tree(&header->payments_root, 0);
	if (header_encode(header))
		abort();
	vote_digest(&liar->home.genesis.network_id, header->epoch, VOTE_NOTAR1, header->view, &header->id, &digest);
	if (sign_digest(liar->home.keys.consensus_secret, &digest, signature))
		abort();
	propose.header = field_of(header->bytes, header->size);
	propose.signature = field_of(signature, sizeof(signature));
	propose.short_ids = field_of(NULL, 0);
	out.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	out.propose = &propose;
	pack(liar, &out, message);
}

static void on_proposal(struct liar *liar, uint32_t peer, const Uncia__Pb__Propose *propose, struct bytes *message)
{
	struct header header;

	if (header_decode(propose->header.data, propose->header.len, &header))
		abort();
	liar->view = header.view;
	liar->block_id = header.id;
	if (!field_copy(&propose->signature, liar->signature, sizeof(liar->signature)))
		abort();
	if (is_lied_to(peer, header.view))
		lie_about_block(liar, propose, &header, message);
}

static void on_vote(struct liar *liar, uint32_t peer, const ProtobufCBinaryData *bytes, struct bytes *message)
{
	Uncia__Pb__PeerMessage out = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t first[256];
	struct vote vote;
	size_t size;

	if (vote_decode(bytes->data, bytes->len, &vote))
		abort();
	if (vote.voter != liar->home.self || vote.view != liar->view || !is_lied_to(peer, vote.view))
		return;
	vote.kind = VOTE_NOTAR1;
	vote.block_id = liar->block_id;
	memcpy(vote.signature, liar->signature, sizeof(vote.signature));
	if (vote_encode(&vote, first, &size))
		abort();
	out.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
	out.vote = field_of(first, size);
	pack(liar, &out, message);
}

static bool filter_send(void *context, uint32_t peer, struct bytes *message)
{
	Uncia__Pb__PeerMessage *in = uncia__pb__peer_message__unpack(NULL, message->size, message->data);

	if (!in)
		abort();
	if (in->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE)
		on_proposal(context, peer, in->propose, message);
	else if (in->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_VOTE)
		on_vote(context, peer, &in->vote, message);
	uncia__pb__peer_message__free_unpacked(in, NULL);
	return true;
}

static int run(struct liar *liar, struct store *store, const struct config *config)
{
	struct peer_address peers[COMMITTEE_SIZE_MAX] = {{.port = 0}};
	char why[256] = "";

	for (uint32_t i = 0; i < liar->home.genesis.committee.size; i++) {
		snprintf(peers[i].host, sizeof(peers[i].host), "%s", config->peers[i].host);
		peers[i].port = config->peers[i].port;
	}
	const struct node_options options = {.genesis = &liar->home.genesis,
	                                     .store = store,
	                                     .self = liar->home.self,
	                                     .consensus_secret = liar->home.keys.consensus_secret,
	                                     .network_secret = liar->home.keys.network_secret,
	                                     .listen_host = config->listen.host,
	                                     .listen_port = config->listen.port,
	                                     .peers = peers,
	                                     .filter_send = filter_send,
	                                     .context = liar};
	int error = node_run(&options, why);
	if (error)
		fprintf(stderr, "%s\n", why);
	return error ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct liar liar;
	static struct config config;
	struct store *store;

	if (argc != 2 || sign_self_test() || home_open(argv[1], &liar.home))
		return 2;
	if (home_config(&liar.home, &config) || home_store_open(&liar.home, false, &store))
		return 1;
	int code = run(&liar, store, &config);
	store_close(store);
	free(liar.message);
	home_close(&liar.home);
	return code;
}

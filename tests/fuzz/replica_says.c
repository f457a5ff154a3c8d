/* What others say to the validator of replica.c: well-formed messages about blocks it knows, forged where that is
 * granted, in the choices of the input. */
#include "replica_world.h"

uint32_t other(const struct world *w, uint8_t choice)
{
	uint32_t size = w->f->genesis.committee.size;

	return size == 1 ? 0 : (w->self + 1 + choice % (size - 1)) % size;
}

void say_bytes(struct world *w, uint32_t peer, struct bytes message)
{
	if (w->f->genesis.committee.size > 1)
		step(w, (struct event){.kind = EVENT_PEER_MESSAGE, .peer = peer, .message = message});
}

static void say(struct world *w, uint32_t peer, Uncia__Pb__PeerMessage__KindCase kind, void *part)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t *bytes;
	size_t size;

	message.kind_case = kind;
	message.propose = part; /* one of a union of pointers */
	assert(canonical_encode(&message.base, &bytes, &size) == 0);
	say_bytes(w, peer, (struct bytes){bytes, size});
	free(bytes);
}

static ProtobufCBinaryData field(const void *data, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

static void say_field(struct world *w, uint32_t peer, Uncia__Pb__PeerMessage__KindCase kind, const void *data,
                      size_t size)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t *bytes;

	message.kind_case = kind;
	message.vote = field(data, size);
	assert(canonical_encode(&message.base, &bytes, &size) == 0);
	say_bytes(w, peer, (struct bytes){bytes, size});
	free(bytes);
}

/* Who may be forged: the first `liars` others. */
static bool forged(const struct world *w, uint32_t voter)
{
	uint32_t size = w->f->genesis.committee.size;

	return voter != w->self && (voter + size - w->self - 1) % size < w->liars;
}

static uint64_t near_view(const struct world *w, uint8_t choice)
{
	struct replica_status status;

	replica_status(w->replica, &status);
	int64_t view = (int64_t)status.view + choice % 8 - 3;
	return choice >= 0xf8 ? UINT64_MAX - choice : view < 0 ? 0 : (uint64_t)view;
}

static const struct known *some_block(const struct world *w, uint8_t choice)
{
	return w->block_count ? &w->blocks[choice % w->block_count] : NULL;
}

void say_vote(struct world *w, struct bytes *input)
{
	enum vote_kind kind = VOTE_NOTAR1 + fuzz_byte(input) % 5;
	uint8_t choice = fuzz_byte(input), peer = fuzz_byte(input);
	const struct known *block = some_block(w, choice);
	struct vote vote = {.epoch = w->f->genesis.committee.epoch, .kind = kind, .voter = other(w, peer)};
	uint8_t bytes[256];
	size_t size;

	if (!forged(w, vote.voter) || (vote_kind_names_block(kind) && !block))
		return;
	vote.view = vote_kind_names_block(kind) ? block->header.view : near_view(w, choice);
	if (vote_kind_names_block(kind))
		vote.block_id = block->header.id;
	assert(vote_encode(&vote, bytes, &size) == 0);
	say_field(w, other(w, peer >> 2), UNCIA__PB__PEER_MESSAGE__KIND_VOTE, bytes, size);
}

/* NULL where those who may be forged, with what the validator itself has signed left out, are no quorum. */
static struct certificate *forge(const struct world *w, enum certificate_kind kind, uint64_t view,
                                 const struct hash *block_id, uint8_t mask)
{
	const struct committee *c = &w->f->genesis.committee;
	struct vote votes[FUZZ_VALIDATORS];
	const struct vote *list[FUZZ_VALIDATORS];
	struct certificate *certificate;
	static const struct hash none;
	size_t count = 0;

	for (uint32_t i = 0; i < c->size; i++) {
		if (!forged(w, i) && w->liars <= c->faulty)
			continue;
		bool extra = mask >> i & 1 && (kind == CERT_N || kind == CERT_S);
		votes[count] = (struct vote){.epoch = c->epoch,
		                             .kind = certificate_vote_kind(kind, extra),
		                             .view = view,
		                             .block_id = kind == CERT_S ? none : *block_id,
		                             .voter = i};
		list[count] = &votes[count];
		count++;
	}
	return certificate_make(c, &(struct certificate_subject){kind, view, kind == CERT_S ? &none : block_id}, list,
	                        count, &certificate)
	           ? NULL
	           : certificate;
}

void say_certificate(struct world *w, struct bytes *input)
{
	enum certificate_kind kind = CERT_N + fuzz_byte(input) % 4;
	uint8_t choice = fuzz_byte(input), mask = fuzz_byte(input);
	const struct known *block = some_block(w, choice);

	if (kind != CERT_S && !block)
		return;
	uint64_t view = kind == CERT_S ? near_view(w, choice) : block->header.view;
	struct certificate *certificate = forge(w, kind, view, block ? &block->header.id : NULL, mask);
	if (certificate)
		say_field(w, other(w, mask), UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE, certificate->bytes,
		          certificate->size);
	free(certificate);
}

static uint32_t chosen(uint32_t mask, struct payment *list[PAYMENTS])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < PAYMENTS; i++)
		if (mask >> i & 1)
			list[count++] = pool[i];
	return count;
}

void say_proposal(struct world *w, struct bytes *input)
{
	uint8_t choice = fuzz_byte(input), place = fuzz_byte(input), options = fuzz_byte(input);
	uint32_t mask = (uint32_t)fuzz_number(input, 2) & ((1u << PAYMENTS) - 1);
	uint64_t view = near_view(w, choice % 8), ids[PAYMENTS];
	const struct known *parent = options & 1 ? some_block(w, place) : NULL;
	struct payment *list[PAYMENTS];
	struct header header;
	Uncia__Pb__Propose propose = UNCIA__PB__PROPOSE__INIT;
	struct certificate *certificate = NULL;
	uint8_t signature[SIGNATURE_SIZE] = {0}, short_ids[8 * PAYMENTS];

	uint32_t leader = committee_leader(&w->f->genesis.committee, view), count = chosen(mask, list);
	if (!forged(w, leader) || (parent && !parent->has_root && !(options & 2)))
		return;
	fixture_header(w->f, parent ? &parent->header : NULL, view, list, count,
	               parent ? &parent->root : &w->genesis_root, &header);
	for (uint32_t i = 0; i < count; i++) {
		ids[i] = siphash(header.id.b, list[i]->whole.b, HASH_SIZE);
		for (int b = 0; b < 8; b++)
			short_ids[8 * i + (uint32_t)b] = (uint8_t)(ids[i] >> (56 - 8 * b));
	}
	if (parent)
		certificate = forge(w, CERT_N, parent->header.view, &parent->header.id, options >> 4);
	propose.header = field(header.bytes, header.size);
	propose.signature = field(signature, sizeof(signature));
	propose.short_ids = field(short_ids, 8 * (size_t)count);
	if (certificate)
		propose.parent_certificate = field(certificate->bytes, certificate->size);
	learn(w, &header);
	struct known *known = known_of(w, &header.id);
	if (known)
		known->payments = mask;
	say(w, leader, UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE, &propose);
	free(certificate);
}

static bool encoded(const struct known *known, uint8_t **bytes, size_t *size)
{
	struct payment *list[PAYMENTS];

	if (known->payments == UINT32_MAX)
		return false;
	uint32_t count = chosen(known->payments, list);
	assert(block_encode(&known->header, list, count, bytes, size) == 0);
	return true;
}

void say_body(struct world *w, struct bytes *input)
{
	const struct known *known = some_block(w, fuzz_byte(input));
	Uncia__Pb__BlockReply reply = UNCIA__PB__BLOCK_REPLY__INIT;
	uint8_t *bytes, options = fuzz_byte(input);
	struct certificate *certificate = NULL;
	size_t size;

	if (!known || !encoded(known, &bytes, &size))
		return;
	if (known->parent < BLOCKS && options & 4)
		certificate = forge(w, options & 8 ? CERT_SF : CERT_N, w->blocks[known->parent].header.view,
		                    &known->header.parent_id, 0);
	reply.block = field(bytes, size);
	if (certificate)
		reply.parent_certificate = field(certificate->bytes, certificate->size);
	say(w, other(w, options), UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY, &reply);
	free(certificate);
	free(bytes);
}

/* The chain up to a block, as one who is ahead would send it. */
void say_sync(struct world *w, struct bytes *input)
{
	const struct known *tip = some_block(w, fuzz_byte(input)), *chain[BLOCKS];
	uint8_t options = fuzz_byte(input);
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	Uncia__Pb__Blob blobs[BLOCKS], *list[BLOCKS];
	size_t count = 0;

	for (const struct known *k = tip; k; k = k->parent < BLOCKS ? &w->blocks[k->parent] : NULL)
		chain[count++] = k;
	size_t skipped = options >> 4 < count ? options >> 4 : 0, n = 0;
	/* A page may end at any block: of so many of the last ones only the headers. */
	size_t headers = options >> 4 > count ? (options >> 4) - count : 0;
	for (size_t i = count - skipped; i-- > 0;) {
		uint8_t *bytes;
		size_t size;
		if (!encoded(chain[i], &bytes, &size))
			break;
		uncia__pb__blob__init(&blobs[n]);
		blobs[n].data = field(bytes, size);
		list[n] = &blobs[n];
		n++;
	}
	struct certificate *certificate =
	    n ? forge(w, options & 4 ? CERT_FF : CERT_SF, tip->header.view, &tip->header.id, 0) : NULL;
	reply.tip_height = tip ? tip->header.height + (options & 8 ? 3 : 0) : 5;
	if (headers > n) /* of all: headers alone */
		headers = 0;
	for (size_t i = n - headers; i < n; i++) {
		const struct header *header = &chain[count - skipped - 1 - i]->header;
		free(blobs[i].data.data);
		blobs[i].data = field(header->bytes, header->size);
	}
	reply.n_blocks = n - headers;
	reply.blocks = list;
	reply.n_headers = headers;
	reply.headers = list + reply.n_blocks;
	if (certificate)
		reply.certificate = field(certificate->bytes, certificate->size);
	say(w, other(w, options), UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY, &reply);
	for (size_t i = 0; i < n - headers; i++)
		free(blobs[i].data.data);
	free(certificate);
}

void say_gossip(struct world *w, struct bytes *input)
{
	const struct payment *payment = pool[fuzz_byte(input) % PAYMENTS];
	Uncia__Pb__Gossip gossip = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *list[] = {&blob};

	blob.data = field(payment->bytes, payment->size);
	gossip.payments = list;
	gossip.n_payments = 1;
	say(w, other(w, fuzz_byte(input)), UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP, &gossip);
}

void say_newest(struct world *w, struct bytes *input)
{
	Uncia__Pb__NewestVoteReply reply = UNCIA__PB__NEWEST_VOTE_REPLY__INIT;
	uint8_t options = fuzz_byte(input), bytes[256];
	size_t size = 0;
	struct vote vote = {.epoch = w->f->genesis.committee.epoch, .kind = VOTE_SKIP1, .voter = w->self};

	reply.nonce = w->nonce;
	if (options & 0x80 && w->liars > w->f->genesis.committee.faulty) {
		vote.view = near_view(w, options >> 2);
		assert(vote_encode(&vote, bytes, &size) == 0);
	}
	reply.vote = field(bytes, size);
	say(w, other(w, options), UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY, &reply);
}

void say_question(struct world *w, struct bytes *input)
{
	uint8_t kind = fuzz_byte(input), from = fuzz_byte(input), to = fuzz_byte(input);
	uint32_t peer = other(w, kind >> 2);
	const struct known *block = some_block(w, from);
	Uncia__Pb__CertificatesRequest certificates = UNCIA__PB__CERTIFICATES_REQUEST__INIT;
	Uncia__Pb__BlockRequest body = UNCIA__PB__BLOCK_REQUEST__INIT;
	Uncia__Pb__SyncRequest sync = UNCIA__PB__SYNC_REQUEST__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	struct hash unknown = fixture_hash(from);

	switch (kind % 4) {
	case 0:
		certificates.from_view = near_view(w, from);
		certificates.to_view = near_view(w, to);
		say(w, peer, UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST, &certificates);
		break;
	case 1:
		body.block_id = field(block && to & 1 ? block->header.id.b : unknown.b, HASH_SIZE);
		body.view = near_view(w, from);
		body.height = to;
		say(w, peer, UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST, &body);
		break;
	case 2:
		sync.from_height = near_view(w, from);
		sync.until_height = to & 1 ? near_view(w, to >> 2) : 0;
		sync.headers = to & 2;
		say(w, peer, UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST, &sync);
		break;
	case 3:
		status.final_height = near_view(w, from);
		status.final_view = near_view(w, to);
		status.view = near_view(w, from ^ to);
		say(w, peer, UNCIA__PB__PEER_MESSAGE__KIND_STATUS, &status);
		break;
	}
}

/* A payment, or a question what of an account waits, or whether a key has voted; or a watch of the account. */
void submit(struct world *w, struct bytes *input)
{
	uint8_t which = fuzz_byte(input);
	const struct payment *payment = pool[which % PAYMENTS];
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit part = UNCIA__PB__SUBMIT__INIT;
	Uncia__Pb__WaitingQuery waiting = UNCIA__PB__WAITING_QUERY__INIT;
	Uncia__Pb__VotedQuery voted = UNCIA__PB__VOTED_QUERY__INIT;
	Uncia__Pb__Watch watch = UNCIA__PB__WATCH__INIT;
	uint8_t *bytes;
	size_t size;

	part.payment = field(payment->bytes, payment->size);
	waiting.address = field(payment->sender.b, ADDRESS_SIZE);
	voted.consensus_key = field(
	    w->f->genesis.committee.validators[which % w->f->genesis.committee.size].consensus_key, PUBLIC_KEY_SIZE);
	request.request_id = 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &part;
	watch.address = waiting.address;
	watch.height = which % 3;
	if (which >= 0xe0) {
		request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_WATCH;
		request.watch = &watch;
	} else if (which >= 0xc0) {
		request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_WAITING;
		request.waiting = &waiting;
	} else if (which >= 0x80) {
		request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_VOTED;
		request.voted = &voted;
	}
	assert(canonical_encode(&request.base, &bytes, &size) == 0);
	uint8_t wallet = fuzz_byte(input) % 4;
	step(w, (struct event){
	            .kind = EVENT_WALLET_MESSAGE, .wallet = wallet, .origin = wallet % 2, .message = {bytes, size}});
	free(bytes);
}

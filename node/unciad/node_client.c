/* A blocking client for one request: connects, shakes hands, asks, waits for the answer, closes. */
#include "node_client.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clocks.h"
#include "message.pb-c.h"
#include "protocol_limits.h"
#include "uncia/error.h"
#include "wire_link.h"

#define REQUEST_ID 1u

struct client {
	int fd;
	uint64_t deadline_ms;
	int failure; /* why the last connection could not be made, as errno has it */
	struct link *link;
};

/* Waits until the socket is ready for `events`. Returns 0; UNCIA_E_CLOSED past the deadline; UNCIA_E_IO. */
static int client_wait(const struct client *c, short events)
{
	assert(c->fd >= 0);
	for (;;) {
		uint64_t now = clocks_monotonic_ms();
		if (now >= c->deadline_ms)
			return UNCIA_E_CLOSED;
		struct pollfd item = {.fd = c->fd, .events = events};
		int ready = poll(&item, 1, (int)(c->deadline_ms - now));
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return UNCIA_E_IO;
	}
}

static int client_connect(struct client *c, const struct addrinfo *address)
{
	c->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return UNCIA_E_IO;
	if (!connect(c->fd, address->ai_addr, address->ai_addrlen))
		return 0;
	c->failure = errno;
	if (errno != EINPROGRESS)
		return UNCIA_E_UNREACHABLE;
	int error = client_wait(c, POLLOUT);
	socklen_t size = sizeof(c->failure);
	if (error)
		return error;
	return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &c->failure, &size) || c->failure ? UNCIA_E_UNREACHABLE : 0;
}

static int client_dial(struct client *c, const struct endpoint *endpoint)
{
	const char *host = endpoint->host;
	char port[8];
	if (!strcmp(host, "0.0.0.0"))
		host = "127.0.0.1";
	else if (!strcmp(host, "::"))
		host = "::1";
	snprintf(port, sizeof(port), "%u", (unsigned)endpoint->port);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list;
	if (getaddrinfo(host, port, &hints, &list))
		return UNCIA_E_ADDRESS;
	int error = UNCIA_E_UNREACHABLE;
	for (const struct addrinfo *a = list; a && error; a = a->ai_next) {
		error = client_connect(c, a);
		if (error && c->fd >= 0) {
			close(c->fd);
			c->fd = -1;
		}
	}
	freeaddrinfo(list);
	return error;
}

static int client_open_link(struct client *c, const uint8_t network_key[32], const struct hash *network_id)
{
	uint8_t ephemeral[32];
	randombytes_buf(ephemeral, sizeof(ephemeral));
	struct link_options options = {
	    .pattern = NOISE_NK,
	    .initiator = true,
	    .network_id = network_id,
	    .remote_static = network_key,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	    .write_queue_max = MESSAGE_SIZE_WALLET_MAX,
	};
	int error = link_new(&options, &c->link);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	return error;
}

static int queue_request(struct client *c, const Uncia__Pb__WalletRequest *request)
{
	uint8_t *bytes;
	size_t size;
	assert(request->request_id == REQUEST_ID);
	int error = canonical_encode(&request->base, &bytes, &size);
	if (error)
		return error;
	error = link_send(c->link, bytes, size);
	free(bytes);
	return error;
}

/* Writes the link's whole output. */
static int client_write(struct client *c)
{
	for (;;) {
		struct bytes run;
		link_output(c->link, &run);
		if (!run.size)
			return 0;
		ssize_t n = send(c->fd, run.data, run.size, MSG_NOSIGNAL);
		if (n > 0) {
			link_output_taken(c->link, (size_t)n);
			continue;
		}
		int error = errno == EAGAIN ? client_wait(c, POLLOUT) : errno == EINTR ? 0 : UNCIA_E_CLOSED;
		if (error)
			return error;
	}
}

static int client_read(struct client *c)
{
	uint8_t buffer[4096];
	int error = client_wait(c, POLLIN);
	if (error)
		return error;
	ssize_t n = recv(c->fd, buffer, sizeof(buffer), 0);
	if (n > 0)
		return link_feed(c->link, buffer, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : UNCIA_E_CLOSED;
}

static int take_status(const Uncia__Pb__NodeReply *reply, void *into)
{
	struct node_answer *answer = into;
	if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_STATUS)
		return UNCIA_E_PROTOCOL;
	const Uncia__Pb__NodeStatus *status = reply->status;
	if (status->final_id.len != HASH_SIZE || status->state_root.len != HASH_SIZE ||
	    status->linked.len > sizeof(answer->linked))
		return UNCIA_E_ENCODING;
	answer->final_height = status->final_height;
	answer->view = status->view;
	answer->accounts = status->accounts;
	answer->peers = status->peers;
	answer->mempool = status->mempool;
	answer->evidence = status->evidence;
	answer->clock_behind_ms = status->clock_behind_ms;
	answer->clock_ahead_ms = status->clock_ahead_ms;
	answer->voting = (enum voting_state)status->voting;
	answer->final_age_ms = status->final_age_ms;
	answer->weight_linked = status->weight_linked;
	answer->weight_needed = status->weight_needed;
	answer->waits_for = (enum waits_for)status->waits_for;
	answer->waits_weight = status->waits_weight;
	answer->highest_height = status->highest_height;
	for (size_t i = 0; i < status->signatures.len && i + 1 < sizeof(answer->signatures); i++)
		answer->signatures[i] = isalpha(status->signatures.data[i]) ? (char)status->signatures.data[i] : '?';
	if (status->linked.len)
		memcpy(answer->linked, status->linked.data, status->linked.len);
	memcpy(answer->final_id.b, status->final_id.data, HASH_SIZE);
	memcpy(answer->state_root.b, status->state_root.data, HASH_SIZE);
	return 0;
}

static int take_voted(const Uncia__Pb__NodeReply *reply, void *into)
{
	struct voted_answer *answer = into;
	assert(answer->consensus_key);
	if (reply->kind_case != UNCIA__PB__NODE_REPLY__KIND_VOTED)
		return UNCIA_E_PROTOCOL;
	const Uncia__Pb__Voted *voted = reply->voted;
	if (voted->consensus_key.len != PUBLIC_KEY_SIZE ||
	    memcmp(voted->consensus_key.data, answer->consensus_key, PUBLIC_KEY_SIZE))
		return UNCIA_E_PROTOCOL;
	answer->proposed_height = voted->proposed_height;
	answer->proposed_view = voted->proposed_view;
	answer->has_vote = voted->vote.len;
	return voted->vote.len ? vote_decode(voted->vote.data, voted->vote.len, &answer->vote) : 0;
}

static int take_entry_proof(const Uncia__Pb__NodeReply *reply, void *into)
{
	struct entry_proof_answer *answer = into;

	assert(!answer->proof);
	switch (reply->kind_case) {
	case UNCIA__PB__NODE_REPLY__KIND_ACCOUNT:
		return canonical_encode(&reply->account->base, &answer->proof, &answer->proof_size);
	case UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT:
		answer->none = true;
		return 0;
	case UNCIA__PB__NODE_REPLY__KIND_REFUSAL:
		return UNCIA_E_BUSY;
	default:
		return UNCIA_E_PROTOCOL;
	}
}

/* What is asked, and what to do with the answer. */
struct inquiry {
	const Uncia__Pb__WalletRequest *request;
	int (*take)(const Uncia__Pb__NodeReply *reply, void *into);
	void *into;
	int *failure; /* out, of the connection; NULL: not asked for */
};

static int decode_reply(struct bytes message, const struct inquiry *inquiry)
{
	struct arena arena;
	ProtobufCMessage *reply;
	arena_init(&arena, canonical_arena_limit(message.size));
	int error = canonical_decode(&uncia__pb__node_reply__descriptor, message.data, message.size, &arena, &reply);
	if (!error && ((const Uncia__Pb__NodeReply *)(void *)reply)->request_id != REQUEST_ID)
		error = UNCIA_E_PROTOCOL;
	if (!error)
		error = inquiry->take((const Uncia__Pb__NodeReply *)(void *)reply, inquiry->into);
	arena_deinit(&arena);
	return error;
}

static int client_converse(struct client *c, const struct inquiry *inquiry)
{
	struct bytes message;
	int error = queue_request(c, inquiry->request);
	while (!error) {
		error = client_write(c);
		if (!error && link_next(c->link, &message))
			return decode_reply(message, inquiry);
		if (!error)
			error = client_read(c);
	}
	return error;
}

static int node_ask(const struct node_place *place, int timeout_ms, const struct inquiry *inquiry)
{
	assert(timeout_ms > 0 && place->endpoint->port);
	struct client c = {.fd = -1, .deadline_ms = clocks_monotonic_ms() + (uint64_t)timeout_ms};
	int error = client_dial(&c, place->endpoint);
	if (inquiry->failure)
		*inquiry->failure = c.failure;
	if (!error)
		error = client_open_link(&c, place->network_key, place->network_id);
	if (!error)
		error = client_converse(&c, inquiry);
	link_free(c.link);
	if (c.fd >= 0)
		close(c.fd);
	return error;
}

int node_ask_status(const struct node_place *place, int timeout_ms, struct node_answer *answer)
{
	Uncia__Pb__NodeStatusQuery query = UNCIA__PB__NODE_STATUS_QUERY__INIT;
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	request.request_id = REQUEST_ID;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_STATUS;
	request.status = &query;
	memset(answer->linked, 0, sizeof(answer->linked));
	return node_ask(place, timeout_ms, &(struct inquiry){&request, take_status, answer, NULL});
}

int node_ask_voted(const struct node_place *place, int timeout_ms, struct voted_answer *answer)
{
	Uncia__Pb__VotedQuery query = UNCIA__PB__VOTED_QUERY__INIT;
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	query.consensus_key = (ProtobufCBinaryData){.len = PUBLIC_KEY_SIZE, .data = answer->consensus_key};
	request.request_id = REQUEST_ID;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_VOTED;
	request.voted = &query;
	return node_ask(place, timeout_ms, &(struct inquiry){&request, take_voted, answer, &answer->failure});
}

int node_ask_entry(const struct node_place *place, int timeout_ms, struct entry_proof_answer *answer)
{
	Uncia__Pb__AccountQuery query = UNCIA__PB__ACCOUNT_QUERY__INIT;
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;

	query.address = (ProtobufCBinaryData){.len = ADDRESS_SIZE, .data = answer->id.address.b};
	query.hold = answer->id.kind == ENTRY_HOLD;
	request.request_id = REQUEST_ID;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
	request.account = &query;
	answer->none = false;
	answer->proof = NULL;
	return node_ask(place, timeout_ms, &(struct inquiry){&request, take_entry_proof, answer, NULL});
}

/* Links to validators: for each group of accounts to as many as weigh F+1, so that one of them is honest and tells.
 * What they tell is an account's proof, which counts what has touched it. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "canonical.h"
#include "fields.h"
#include "message.pb-c.h"
#include "notifier.h"
#include "receipt.h"
#include "wire_link.h"

#define EVENTS      256
#define CHECK_MS    60000u /* how often a link is asked for something, and sent all its watches again */
#define DEAD_MS     15000u /* without an answer to that, or without an end of the handshake */
#define BACKOFF_MS  250u
#define BACKOFF_MAX 7u
#define LIAR_MS     60000u
#define USELESS_MAX 1024u /* answers between two checks that tell nothing new */

enum relay_state { RELAY_CLOSED, RELAY_DIALLING, RELAY_HANDSHAKE, RELAY_UP };

struct relay_link { /* of one group to one endpoint */
	enum relay_state state;
	int fd;
	struct link *link;
	bool writing; /* epoll waits for room */
	uint64_t since_ms, retry_ms, checked_ms;
	bool owed; /* an answer to the check */
	uint32_t failures, useless;
};

struct relay {
	int epoll;
	size_t groups, up;
	uint32_t endpoints;
	struct sockaddr_storage *addresses; /* by endpoint */
	socklen_t *sizes;
	struct relay_link *links; /* groups × endpoints */
};

static uint64_t group_of(const struct relay *r, size_t i)
{
	return i / r->endpoints;
}

static size_t first_account(size_t group)
{
	return group * ACCOUNTS_PER_LINK;
}

static size_t last_account(const struct notifier *n, size_t group)
{
	size_t end = first_account(group) + ACCOUNTS_PER_LINK;
	return end < n->count ? end : n->count;
}

static const struct endpoint *endpoint_of(const struct notifier *n, size_t i)
{
	return &n->network->endpoints[i % n->relay->endpoints];
}

/* Names are looked up once: a notifier runs beside its network. */
static int resolve(struct notifier *n, uint32_t i)
{
	const struct endpoint *e = &n->network->endpoints[i];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	char port[8];

	snprintf(port, sizeof(port), "%u", e->port);
	int error = getaddrinfo(e->host, port, &hints, &found);
	if (error)
		return notifier_say(6, "%s: %s", e->host, gai_strerror(error));
	memcpy(&n->relay->addresses[i], found->ai_addr, found->ai_addrlen);
	n->relay->sizes[i] = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int relay_new(struct notifier *n)
{
	struct relay *r = calloc(1, sizeof(*r));
	int code = 0;

	n->relay = r;
	if (!r)
		return notifier_say(1, "out of memory");
	r->endpoints = n->network->endpoint_count;
	r->groups = (n->count + ACCOUNTS_PER_LINK - 1) / ACCOUNTS_PER_LINK;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->addresses = calloc(r->endpoints, sizeof(*r->addresses));
	r->sizes = calloc(r->endpoints, sizeof(*r->sizes));
	r->links = calloc(r->groups * r->endpoints, sizeof(*r->links));
	if (r->epoll < 0 || !r->addresses || !r->sizes || !r->links)
		return notifier_say(1, "out of memory or descriptors");
	for (size_t i = 0; i < r->groups * r->endpoints; i++)
		r->links[i].fd = -1;
	for (uint32_t i = 0; i < r->endpoints && !code; i++)
		code = resolve(n, i);
	return code;
}

int relay_descriptor(const struct notifier *n)
{
	return n->relay->epoll;
}

size_t relay_up(const struct notifier *n)
{
	return n->relay->up;
}

/* error: an enum uncia_error; 0: it is not wanted any more. */
static void relay_close(struct notifier *n, size_t i, int error)
{
	struct relay_link *l = &n->relay->links[i];
	uint32_t failures = error ? l->failures + 1 : 0, shift = l->failures < BACKOFF_MAX ? l->failures : BACKOFF_MAX;
	bool lie = error == UNCIA_E_PROOF || error == UNCIA_E_ENCODING || error == UNCIA_E_PROTOCOL;

	n->relay->up -= l->state == RELAY_UP;
	if (lie)
		notifier_say(0, "what %s:%u said does not verify", endpoint_of(n, i)->host, endpoint_of(n, i)->port);
	link_free(l->link);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct relay_link){.fd = -1, .failures = failures};
	if (error)
		l->retry_ms =
		    notifier_now_ms() + (lie ? LIAR_MS : (uint64_t)BACKOFF_MS << shift) + randombytes_uniform(250);
}

void relay_free(struct notifier *n)
{
	struct relay *r = n->relay;

	if (!r)
		return;
	for (size_t i = 0; r->links && i < r->groups * r->endpoints; i++)
		relay_close(n, i, 0);
	if (r->epoll >= 0)
		close(r->epoll);
	free(r->addresses);
	free(r->sizes);
	free(r->links);
	free(r);
}

/* ---- requests out ---------------------------------------------------------------------------- */

static void relay_write(struct notifier *n, size_t i)
{
	struct relay_link *l = &n->relay->links[i];
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
	struct bytes run;
	bool full = false;

	for (link_output(l->link, &run); run.size && !full; link_output(l->link, &run)) {
		ssize_t size = send(l->fd, run.data, run.size, MSG_NOSIGNAL);
		if (size > 0)
			link_output_taken(l->link, (size_t)size);
		else if (size < 0 && errno == EAGAIN)
			full = true;
		else if (size == 0 || errno != EINTR) {
			relay_close(n, i, UNCIA_E_UNREACHABLE);
			return;
		}
	}
	event.events |= full ? EPOLLOUT : 0;
	if (full != l->writing && epoll_ctl(n->relay->epoll, EPOLL_CTL_MOD, l->fd, &event) == 0)
		l->writing = full;
}

/* Queued: relay_write follows. The request's id is the account's number, and whether it is a watch. */
static int relay_ask(struct notifier *n, size_t i, size_t account, bool watch, uint64_t height)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__AccountQuery query = UNCIA__PB__ACCOUNT_QUERY__INIT;
	Uncia__Pb__Watch waiting = UNCIA__PB__WATCH__INIT;
	uint8_t *bytes;
	size_t size;

	query.address = waiting.address = field_of(n->accounts[account].address.b, ADDRESS_SIZE);
	waiting.height = height;
	waiting.index = height ? UINT32_MAX : 0;
	request.request_id = 1 + 2 * account + watch;
	request.kind_case = watch ? UNCIA__PB__WALLET_REQUEST__KIND_WATCH : UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT;
	if (watch)
		request.watch = &waiting;
	else
		request.account = &query;
	int error = canonical_encode(&request.base, &bytes, &size);
	if (error)
		return error;
	error = link_send(n->relay->links[i].link, bytes, size);
	free(bytes);
	return error;
}

/* The first account is asked for, which shows that the other end is there; of others only what is not known. All are
 * watched, those again whose watch was refused or lost. */
static int relay_check(struct notifier *n, size_t i)
{
	struct relay_link *l = &n->relay->links[i];
	size_t group = group_of(n->relay, i);
	int error = 0;

	l->checked_ms = notifier_now_ms();
	l->owed = true;
	l->useless = 0;
	for (size_t k = first_account(group); k < last_account(n, group) && !error; k++) {
		const struct account *account = &n->accounts[k];
		if (!account->known || k == first_account(group))
			error = relay_ask(n, i, k, false, 0);
		if (account->known && !error)
			error = relay_ask(n, i, k, true, account->newest.height);
	}
	return error;
}

/* ---- replies in ------------------------------------------------------------------------------ */

static int relay_proved(struct notifier *n, struct account *account, const Uncia__Pb__AccountProof *proof)
{
	const struct genesis *genesis = &n->network->genesis;
	struct account_state state;
	uint8_t *bytes;
	size_t size;
	int error = canonical_encode(&proof->base, &bytes, &size);

	if (error)
		return error;
	error = account_proof_verify(&genesis->committee, &genesis->network_id, &account->address, bytes, size, &state);
	free(bytes);
	if (error)
		return error == UNCIA_E_MEMORY ? error : UNCIA_E_PROOF;
	const struct account_at at = {state.height, state.entry.created, state.entry.payments};
	account_proved(n, account, &at);
	return 0;
}

/* That there is no account is taken for what is known so far: whoever says so falsely has somebody told of what was
 * there before. */
static void relay_absent(struct notifier *n, struct account *account)
{
	if (!account->known)
		account_proved(n, account, &(struct account_at){0});
}

static int relay_hear(struct notifier *n, size_t i, const Uncia__Pb__NodeReply *reply)
{
	size_t group = group_of(n->relay, i), number = (size_t)(reply->request_id - 1) / 2;
	bool watch = (reply->request_id - 1) % 2;
	int error = 0;

	if (reply->request_id == 0 || number < first_account(group) || number >= last_account(n, group))
		return UNCIA_E_PROTOCOL;
	struct account *account = &n->accounts[number];
	n->relay->links[i].owed = n->relay->links[i].owed && watch;
	switch (reply->kind_case) {
	case UNCIA__PB__NODE_REPLY__KIND_ACCOUNT:
		error = relay_proved(n, account, reply->account);
		break;
	case UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT:
		relay_absent(n, account);
		break;
	case UNCIA__PB__NODE_REPLY__KIND_WATCHED:
		if (++n->relay->links[i].useless > USELESS_MAX)
			return UNCIA_E_PROTOCOL;
		if (!reply->watched
		         ->account) /* emptied, by its owner; told of with the next check where it comes back */
			return 0;
		if (!account->known ||
		    reply->watched->height > account->newest.height) /* else another one was faster */
			error = relay_proved(n, account, reply->watched->account);
		break;
	case UNCIA__PB__NODE_REPLY__KIND_REFUSAL:
		return 0; /* asked again with the next check */
	default:
		return UNCIA_E_PROTOCOL;
	}
	return error ? error : relay_ask(n, i, number, true, account->newest.height);
}

static int relay_take(struct notifier *n, size_t i, const struct bytes *message)
{
	ProtobufCMessage *reply;
	struct arena arena;

	arena_init(&arena, canonical_arena_limit(message->size));
	int error = canonical_decode(&uncia__pb__node_reply__descriptor, message->data, message->size, &arena, &reply);
	if (!error)
		error = relay_hear(n, i, (const Uncia__Pb__NodeReply *)reply);
	arena_deinit(&arena);
	return error;
}

static void relay_read(struct notifier *n, size_t i)
{
	static uint8_t buffer[64 << 10];
	struct relay_link *l = &n->relay->links[i];
	struct bytes message;
	ssize_t size = recv(l->fd, buffer, sizeof(buffer), 0);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	int error = size <= 0 ? UNCIA_E_UNREACHABLE : link_feed(l->link, buffer, (size_t)size);
	if (!error && l->state == RELAY_HANDSHAKE && link_established(l->link)) {
		l->state = RELAY_UP;
		n->relay->up++;
		error = relay_check(n, i);
	}
	while (!error && link_next(l->link, &message)) {
		error = relay_take(n, i, &message);
		l->failures = 0;
	}
	if (error)
		relay_close(n, i, error);
	else
		relay_write(n, i);
}

/* ---- links ----------------------------------------------------------------------------------- */

static int relay_link_new(struct notifier *n, size_t i)
{
	const struct genesis *genesis = &n->network->genesis;
	uint8_t ephemeral[32];

	randombytes_buf(ephemeral, sizeof(ephemeral));
	const struct link_options options = {
	    .pattern = NOISE_NK,
	    .initiator = true,
	    .network_id = &genesis->network_id,
	    .remote_static = genesis->committee.validators[endpoint_of(n, i)->validator].network_key,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	    .write_queue_max = WRITE_QUEUE_WALLET_MAX};
	int error = link_new(&options, &n->relay->links[i].link);
	sodium_memzero(ephemeral, sizeof(ephemeral));
	return error;
}

static void relay_dial(struct notifier *n, size_t i)
{
	struct relay_link *l = &n->relay->links[i];
	uint32_t e = (uint32_t)(i % n->relay->endpoints);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u64 = i};

	l->state = RELAY_DIALLING;
	l->since_ms = notifier_now_ms();
	l->writing = true;
	l->fd = socket(n->relay->addresses[e].ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd >= 0)
		setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	bool begun = l->fd >= 0 && (!connect(l->fd, (struct sockaddr *)&n->relay->addresses[e], n->relay->sizes[e]) ||
	                            errno == EINPROGRESS);
	if (!begun || relay_link_new(n, i) || epoll_ctl(n->relay->epoll, EPOLL_CTL_ADD, l->fd, &event))
		relay_close(n, i, UNCIA_E_UNREACHABLE);
}

static void relay_dialled(struct notifier *n, size_t i)
{
	struct relay_link *l = &n->relay->links[i];
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size) || error) {
		relay_close(n, i, UNCIA_E_UNREACHABLE);
		return;
	}
	l->state = RELAY_HANDSHAKE;
	relay_write(n, i);
}

/* Of each group the first in an order of its own, until they weigh F+1. One that fails does not count, and is tried. */
static bool relay_is_wanted(const struct notifier *n, size_t i)
{
	const struct relay *r = n->relay;
	const struct committee *committee = &n->network->genesis.committee;
	size_t group = group_of(r, i);
	uint64_t weight = 0;

	for (uint32_t k = 0; k < r->endpoints && weight <= committee->faulty; k++) {
		size_t other = group * r->endpoints + (group + k) % r->endpoints;
		if (other == i)
			return true;
		if (r->links[other].failures == 0 || r->links[other].state == RELAY_UP)
			weight += committee->validators[endpoint_of(n, other)->validator].weight;
	}
	return false;
}

/* What time asks for. */
static void relay_tick(struct notifier *n, size_t i)
{
	struct relay_link *l = &n->relay->links[i];
	uint64_t now = notifier_now_ms();
	bool wanted = relay_is_wanted(n, i);

	if (l->state == RELAY_CLOSED) {
		if (wanted && now >= l->retry_ms)
			relay_dial(n, i);
	} else if (!wanted) {
		relay_close(n, i, 0);
	} else if (l->state != RELAY_UP) {
		if (now >= l->since_ms + DEAD_MS)
			relay_close(n, i, UNCIA_E_UNREACHABLE);
	} else if (l->owed && now >= l->checked_ms + DEAD_MS) {
		relay_close(n, i, UNCIA_E_UNREACHABLE);
	} else if (now >= l->checked_ms + CHECK_MS) {
		int error = relay_check(n, i);
		if (error)
			relay_close(n, i, error);
		else
			relay_write(n, i);
	}
}

void relay_turn(struct notifier *n)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(n->relay->epoll, events, EVENTS, 0);

	for (int k = 0; k < count; k++) {
		size_t i = events[k].data.u64;
		struct relay_link *l = &n->relay->links[i];
		if (l->state == RELAY_DIALLING)
			relay_dialled(n, i);
		else if (l->state != RELAY_CLOSED && events[k].events & EPOLLOUT)
			relay_write(n, i);
		if (l->state > RELAY_DIALLING && events[k].events & ~(uint32_t)EPOLLOUT)
			relay_read(n, i);
	}
	for (size_t i = 0; i < n->relay->groups * n->relay->endpoints; i++)
		relay_tick(n, i);
}

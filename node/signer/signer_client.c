/* See signer_client.h. */
#include "signer_client.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "big_endian.h"
#include "uncia/error.h"

#define RETRY_MS 5 /* between two tries to link */

struct channel {
	pthread_mutex_t mutex;
	int fd; /* or -1 */
	unsigned deadline_ms;
	uint64_t number;
	uint64_t rests_until_ms;
};

struct signer_client {
	struct signer_client_options options;
	struct sockaddr_un address;
	struct channel votes, expiries;
	uint64_t past_view;
};

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void channel_close(struct channel *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* The code of a call that has failed: never 0, whatever it has left in errno. */
static int failed_code(void)
{
	return errno ? errno : EIO;
}

/* Links, once. Returns 0 or the system's code. */
static int channel_link(const struct signer_client *client, struct channel *c)
{
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd >= 0 && !connect(c->fd, (const struct sockaddr *)&client->address, sizeof(client->address)))
		return 0;
	int error = failed_code();
	channel_close(c);
	return error;
}

/* Whether there is something to read before that moment; errno says why not. */
static bool channel_wait(struct channel *c, uint64_t until_ms)
{
	struct pollfd polled = {.fd = c->fd, .events = POLLIN};
	for (;;) {
		uint64_t now = now_ms();
		int count = poll(&polled, 1, now < until_ms ? (int)(until_ms - now) : 0);
		if (count > 0)
			return true;
		if (count == 0)
			errno = ETIMEDOUT;
		if (count == 0 || errno != EINTR)
			return false;
	}
}

/* One request over a link that is there. Returns 0 and the answer, or the system's code. */
static int channel_ask(struct channel *c, const struct signer_request *request, uint64_t until_ms,
                       struct signer_answer *answer)
{
	uint8_t bytes[SIGNER_REQUEST_SIZE], packet[SIGNER_ANSWER_SIZE + 1];
	signer_request_put(request, bytes);
	if (send(c->fd, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof(bytes))
		return failed_code();
	if (!channel_wait(c, until_ms))
		return failed_code();
	ssize_t size = recv(c->fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (size <= 0)
		return size ? failed_code() : ECONNRESET;
	return signer_answer_get(packet, (size_t)size, answer) && answer->number == request->number ? 0 : EPROTO;
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL);
}

/* Asks until there is an answer, over new links where one ends: a vote that is asked for twice is signed once. */
static int client_ask(struct signer_client *client, struct channel *c, struct signer_request *request,
                      struct signer_answer *answer, char why[256])
{
	const uint64_t until = now_ms() + c->deadline_ms;
	int error;
	request->network_id = client->options.network_id;
	*answer = (struct signer_answer){.verdict = SIGNER_MALFORMED};
	for (;;) {
		request->number = ++c->number;
		error = c->fd >= 0 ? 0 : channel_link(client, c);
		if (!error)
			error = channel_ask(c, request, until, answer);
		if (!error)
			return 0;
		channel_close(c);
		if (error == EPROTO || now_ms() + RETRY_MS >= until)
			break;
		rest();
	}
	snprintf(why, 256, "%.120s: %s", client->options.path,
	         error == EPROTO ? "whoever answers there is no sign agent of this version" : strerror(error));
	return error == EPROTO ? UNCIA_E_PROTOCOL : UNCIA_E_UNREACHABLE;
}

/* ---- verdicts ------------------------------------------------------------------------------ */

static const char *const vote_names[] = {[VOTE_NOTAR1] = "a first vote for a block",
                                         [VOTE_SKIP1] = "a first vote to skip",
                                         [VOTE_NOTAR2] = "an extra vote for a block",
                                         [VOTE_SKIP2] = "an extra vote to skip",
                                         [VOTE_FINAL] = "a final vote"};

/* Which vote the agent's record has instead. */
static int say_contradiction(const struct signer_answer *answer, char why[256])
{
	struct vote held;
	if (statement_read_vote(answer->statement, &held))
		snprintf(why, 256, "the agent has signed another vote in this view");
	else
		snprintf(why, 256, "the agent has signed %s in view %llu, beside which this vote must not stand",
		         vote_names[held.kind], (unsigned long long)held.view);
	return UNCIA_E_DAMAGED;
}

/* What an answer without a signature means. */
static int refusal(const struct signer_answer *answer, char why[256])
{
	switch (answer->verdict) {
	case SIGNER_CONTRADICTS:
		return say_contradiction(answer, why);
	case SIGNER_PAST:
		snprintf(why, 256,
		         "the agent was told before that this view is past: its record is newer than this "
		         "journal");
		return UNCIA_E_DAMAGED;
	case SIGNER_FOREIGN:
		snprintf(why, 256, "the agent is of another network or epoch");
		return UNCIA_E_NETWORK;
	case SIGNER_FAILED:
		snprintf(why, 256, "the agent's record has failed: see its log");
		return UNCIA_E_UNREACHABLE;
	default:
		snprintf(why, 256, "the agent does not understand what it is asked");
		return UNCIA_E_PROTOCOL;
	}
}

static int sign_over(struct signer_client *client, struct channel *c, const struct statement *statement,
                     uint8_t signature[SIGNATURE_SIZE], char why[256])
{
	struct signer_answer answer;
	struct signer_request request = {.question = statement->kind == STATEMENT_VOTE ? SIGNER_VOTE : SIGNER_EXPIRY,
	                                 .past_view = statement->past_view};
	memcpy(request.statement, statement->bytes, statement_size(statement->kind));
	int error = client_ask(client, c, &request, &answer, why);
	if (error)
		return error;
	if (answer.verdict != SIGNER_DONE)
		return refusal(&answer, why);
	if (!sign_verify_bound(client->options.consensus_key, &statement->digest, answer.signature)) {
		snprintf(why, 256, "the agent's signature does not hold");
		return UNCIA_E_SIGNATURE;
	}
	memcpy(signature, answer.signature, SIGNATURE_SIZE);
	return 0;
}

int signer_client_sign(struct signer_client *client, const struct statement *statement,
                       uint8_t signature[SIGNATURE_SIZE], char why[256])
{
	struct channel *c = statement->kind == STATEMENT_VOTE ? &client->votes : &client->expiries;
	int error = UNCIA_E_UNREACHABLE;
	pthread_mutex_lock(&c->mutex);
	if (statement->kind == STATEMENT_VOTE || now_ms() >= c->rests_until_ms)
		error = sign_over(client, c, statement, signature, why);
	else
		snprintf(why, 256, "%.120s: no answer a moment ago", client->options.path);
	/* Verifiers check others' signatures as well: they must not wait here one expiry after the other. */
	if (error == UNCIA_E_UNREACHABLE && now_ms() >= c->rests_until_ms)
		c->rests_until_ms = now_ms() + SIGNER_REST_MS;
	pthread_mutex_unlock(&c->mutex);
	return error;
}

int signer_client_next(struct signer_client *client, const struct vote *behind, struct vote *vote, char why[256])
{
	struct signer_request request = {.question = SIGNER_NEXT};
	struct signer_answer answer;
	struct statement statement;
	statement_of_vote(&client->options.network_id, behind, &statement);
	memcpy(request.statement, statement.bytes, STATEMENT_VOTE_SIZE);
	int error = client_ask(client, &client->votes, &request, &answer, why);
	if (error || answer.verdict == SIGNER_NONE)
		return error ? error : UNCIA_E_NOT_FOUND;
	if (answer.verdict != SIGNER_DONE)
		return refusal(&answer, why);
	if (statement_read_vote(answer.statement, vote)) {
		snprintf(why, 256, "the agent's record has what is no vote");
		return UNCIA_E_PROTOCOL;
	}
	memcpy(vote->signature, answer.signature, SIGNATURE_SIZE);
	return 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int greet(struct signer_client *client, char why[256])
{
	struct signer_request request = {.question = SIGNER_HELLO};
	struct signer_answer answer;
	int error = client_ask(client, &client->votes, &request, &answer, why);
	if (error)
		return error;
	if (answer.verdict != SIGNER_DONE)
		return refusal(&answer, why);
	client->past_view = be64_get(answer.statement + PUBLIC_KEY_SIZE);
	if (!memcmp(answer.statement, client->options.consensus_key, PUBLIC_KEY_SIZE))
		return 0;
	snprintf(why, 256, "the agent has another consensus key than this validator's");
	return UNCIA_E_NETWORK;
}

int signer_client_new(const struct signer_client_options *options, struct signer_client **client, char why[256])
{
	struct signer_client *c = calloc(1, sizeof(*c));
	if (!c) {
		snprintf(why, 256, "out of memory");
		return UNCIA_E_MEMORY;
	}
	c->options = *options;
	c->votes.deadline_ms = options->deadline_ms ? options->deadline_ms : SIGNER_DEADLINE_MS;
	c->expiries.deadline_ms = SIGNER_EXPIRY_DEADLINE_MS;
	c->votes.fd = c->expiries.fd = -1;
	pthread_mutex_init(&c->votes.mutex, NULL); /* which never fails on Linux */
	pthread_mutex_init(&c->expiries.mutex, NULL);
	c->address.sun_family = AF_UNIX;
	int error = 0;
	if ((size_t)snprintf(c->address.sun_path, sizeof(c->address.sun_path), "%s", options->path) >=
	    sizeof(c->address.sun_path)) {
		snprintf(why, 256, "the path is longer than %zu bytes", sizeof(c->address.sun_path) - 1);
		error = UNCIA_E_ARGUMENT;
	}
	if (!error)
		error = greet(c, why);
	if (error) {
		signer_client_free(c);
		return error;
	}
	*client = c;
	return 0;
}

uint64_t signer_client_past(const struct signer_client *client)
{
	return client->past_view;
}

void signer_client_free(struct signer_client *client)
{
	if (!client)
		return;
	channel_close(&client->votes);
	channel_close(&client->expiries);
	pthread_mutex_destroy(&client->votes.mutex);
	pthread_mutex_destroy(&client->expiries.mutex);
	free(client);
}

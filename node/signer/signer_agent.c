/* See signer_agent.h. */
#include "signer_agent.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "uncia/error.h"

#define LINKS_MAX 8 /* a validator has two */

struct agent {
	const struct signer_agent_options *options;
	struct signer_agent_counts *counts;
	struct pollfd polled[1 + LINKS_MAX]; /* the first one listens */
	nfds_t count;
	char *why; /* 256 bytes */
};

/* ---- the socket ---------------------------------------------------------------------------- */

/* Whether somebody answers at that address. */
static bool is_listened_on(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return true; /* not known: it is left alone */
	bool refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno == ECONNREFUSED;
	close(fd);
	return !refused;
}

/* Removes a socket that an agent has left which was killed. */
static int agent_clear(const struct sockaddr_un *address, char why[256])
{
	struct stat status;
	if (lstat(address->sun_path, &status))
		return 0;
	if (!S_ISSOCK(status.st_mode)) {
		snprintf(why, 256, "%s: there is something that is no socket", address->sun_path);
		return UNCIA_E_ARGUMENT;
	}
	if (is_listened_on(address)) {
		snprintf(why, 256, "%s: somebody listens there already", address->sun_path);
		return UNCIA_E_BUSY;
	}
	unlink(address->sun_path);
	return 0;
}

static int agent_bind(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0117); /* owner and group may connect */
	int failed = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	umask(before);
	return failed || listen(fd, LINKS_MAX);
}

static int agent_listen(const char *path, int *fd, char why[256])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path)) {
		snprintf(why, 256, "the path of the socket is longer than %zu bytes", sizeof(address.sun_path) - 1);
		return UNCIA_E_ARGUMENT;
	}
	int error = agent_clear(&address, why);
	if (error)
		return error;
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd >= 0 && !agent_bind(*fd, &address))
		return 0;
	snprintf(why, 256, "%s: %s", path, strerror(errno));
	if (*fd >= 0)
		close(*fd);
	return UNCIA_E_IO;
}

/* ---- links --------------------------------------------------------------------------------- */

static void agent_accept(struct agent *a)
{
	int fd = accept4(a->polled[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return; /* who came has gone, or there are no descriptors: he tries again */
	if (a->count == 1 + LINKS_MAX) {
		close(fd);
		return;
	}
	a->polled[a->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void agent_drop(struct agent *a, nfds_t at)
{
	assert(at > 0 && at < a->count);
	close(a->polled[at].fd);
	a->polled[at] = a->polled[--a->count];
}

static void agent_count(struct agent *a, const struct signer_request *request, const struct signer_answer *answer)
{
	bool done = answer->verdict == SIGNER_DONE;
	a->counts->votes += done && request->question == SIGNER_VOTE;
	a->counts->expiries += done && request->question == SIGNER_EXPIRY;
	if (done || answer->verdict == SIGNER_NONE)
		return;
	a->counts->refused++;
	a->options->refused(a->options->context, request, answer->verdict);
}

/* One request of a link. *open: whether the link goes on. Returns 0, or why the record has failed. */
static int agent_serve(struct agent *a, int fd, bool *open)
{
	uint8_t packet[SIGNER_REQUEST_SIZE + 1], bytes[SIGNER_ANSWER_SIZE];
	struct signer_request request;
	struct signer_answer answer = {.verdict = SIGNER_MALFORMED};
	int error = 0;
	ssize_t size = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	*open = size > 0;
	if (!*open)
		return 0;
	if (signer_request_get(packet, (size_t)size, &request)) {
		error = signed_record_answer(a->options->record, &request, &answer, a->why);
		agent_count(a, &request, &answer);
	}
	*open = answer.verdict != SIGNER_MALFORMED;
	signer_answer_put(&answer, bytes);
	if (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof(bytes))
		*open = false; /* who does not read his answers is no validator */
	return error;
}

/* One request of each link that has one, so that no link waits for more than one of each other's. */
static int agent_turn(struct agent *a)
{
	for (nfds_t i = a->count; i-- > 1;) {
		bool open = true;
		if (!a->polled[i].revents)
			continue;
		int error = agent_serve(a, a->polled[i].fd, &open);
		if (!open)
			agent_drop(a, i);
		if (error)
			return error;
	}
	if (a->polled[0].revents)
		agent_accept(a);
	return signed_record_tidy(a->options->record, a->why);
}

static int agent_loop(struct agent *a)
{
	while (!*a->options->stop) {
		int count = ppoll(a->polled, a->count, NULL, a->options->waiting);
		if (count < 0 && errno != EINTR) {
			snprintf(a->why, 256, "waiting for requests: %s", strerror(errno));
			return UNCIA_E_IO;
		}
		int error = count > 0 ? agent_turn(a) : 0;
		if (error)
			return error;
	}
	return 0;
}

int signer_agent_run(const struct signer_agent_options *options, struct signer_agent_counts *counts, char why[256])
{
	struct agent a = {.options = options, .counts = counts, .why = why, .count = 1};
	*counts = (struct signer_agent_counts){.votes = 0};
	*why = '\0';
	int error = agent_listen(options->path, &a.polled[0].fd, why);
	if (error)
		return error;
	a.polled[0].events = POLLIN;
	options->ready(options->context);
	error = agent_loop(&a);
	unlink(options->path);
	for (nfds_t i = 0; i < a.count; i++)
		close(a.polled[i].fd);
	return error;
}

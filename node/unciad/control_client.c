/* See control_client.h. */
#include "control_client.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "big_endian.h"
#include "clocks.h"
#include "command.h"
#include "control_socket.h"
#include "uncia/error.h"

bool control_listens(const char *home)
{
	int fd;
	if (control_socket_connect(home, &fd))
		return false;
	close(fd);
	return true;
}

int control_dial(const char *home, struct control_link *link)
{
	*link = (struct control_link){.home = home, .fd = -1};
	arena_init(&link->arena, 0);
	if (!store_is_held(home))
		return command_error(EXIT_UNREACHABLE, "no validator runs in %s", home);
	int error = control_socket_connect(home, &link->fd);
	if (!error)
		return 0;
	link->fd = -1;
	if (error == UNCIA_E_UNREACHABLE)
		return command_error(EXIT_UNREACHABLE,
		                     "%s is in use by a process that does not listen on %s/control: it starts or ends "
		                     "just now, is of an older release, or has said in its log why "
		                     "(event=control_failed)",
		                     home, home);
	return command_error(EXIT_FAILED, "%s/control: %s", home, strerror(errno));
}

static int control_closed(const struct control_link *link)
{
	return command_error(EXIT_UNREACHABLE, "the validator in %s has closed the connection", link->home);
}

int control_send(struct control_link *link, Uncia__Pb__ControlRequest *request)
{
	uint8_t *message, frame[CONTROL_FRAME];
	size_t size;
	request->request_id = ++link->request_id;
	int error = canonical_encode(&request->base, &message, &size);
	if (error)
		return command_error(EXIT_FAILED, "%s", uncia_error_text(error));
	assert(size <= CONTROL_REQUEST_MAX);
	be32_put(frame, (uint32_t)size);
	bool sent = send(link->fd, frame, sizeof(frame), MSG_NOSIGNAL) == (ssize_t)sizeof(frame) &&
	            send(link->fd, message, size, MSG_NOSIGNAL) == (ssize_t)size;
	free(message);
	return sent ? 0 : control_closed(link);
}

/* Reads exactly so many bytes. */
static int control_read(const struct control_link *link, uint8_t *bytes, size_t size, uint64_t deadline_ms)
{
	while (size) {
		struct pollfd item = {.fd = link->fd, .events = POLLIN};
		uint64_t now = clocks_monotonic_ms();
		int ready = now < deadline_ms ? poll(&item, 1, (int)(deadline_ms - now)) : 0;
		if (!ready)
			return command_error(EXIT_UNREACHABLE, "the validator in %s does not answer", link->home);
		ssize_t n = ready > 0 ? recv(link->fd, bytes, size, 0) : -1;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return control_closed(link);
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

static int read_reply(struct control_link *link, uint64_t deadline_ms)
{
	uint8_t frame[CONTROL_FRAME] = {0};
	ProtobufCMessage *decoded;
	int code = control_read(link, frame, sizeof(frame), deadline_ms);
	if (code)
		return code;
	size_t size = be32_get(frame);
	if (!size || size > CONTROL_REPLY_MAX)
		return command_error(EXIT_FAILED, "%s/control: %s", link->home, uncia_error_text(UNCIA_E_LIMIT));
	link->bytes = malloc(size);
	if (!link->bytes)
		return command_error(EXIT_FAILED, "out of memory");
	code = control_read(link, link->bytes, size, deadline_ms);
	if (code)
		return code;
	arena_init(&link->arena, canonical_arena_limit(size));
	int error = canonical_decode(&uncia__pb__control_reply__descriptor, link->bytes, size, &link->arena, &decoded);
	if (error)
		return command_error(EXIT_FAILED,
		                     "%s/control: the answer is not one that this program knows: the validator that "
		                     "runs there is of another release",
		                     link->home);
	link->reply = (const Uncia__Pb__ControlReply *)(void *)decoded;
	return 0;
}

static void control_forget(struct control_link *link)
{
	link->reply = NULL;
	arena_deinit(&link->arena);
	arena_init(&link->arena, 0);
	free(link->bytes);
	link->bytes = NULL;
}

int control_receive(struct control_link *link, int timeout_ms)
{
	assert(timeout_ms > 0);
	control_forget(link);
	int code = read_reply(link, clocks_monotonic_ms() + (uint64_t)timeout_ms);
	if (code)
		return code;
	if (link->reply->kind_case == UNCIA__PB__CONTROL_REPLY__KIND_REFUSAL) {
		const ProtobufCBinaryData *reason = &link->reply->refusal->reason;
		return command_error(EXIT_REFUSED, "the validator in %s refuses: %.*s", link->home, (int)reason->len,
		                     (const char *)reason->data);
	}
	if (link->reply->request_id != link->request_id)
		return command_error(EXIT_FAILED, "%s/control: %s", link->home, uncia_error_text(UNCIA_E_PROTOCOL));
	return 0;
}

void control_hang_up(struct control_link *link)
{
	control_forget(link);
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

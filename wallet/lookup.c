/* See lookup.h. Names are c-ares' business; a channel of its own for each look-up lets one be ended without the others,
 * and reads the system's settings afresh, which change as a phone moves between networks. */
#include "lookup.h"
#include <ares.h>
#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uncia/error.h>

#define ADDRESSES_MAX 16u
#define SERVICE_SIZE  8
/* A name server that does not answer costs a second before the next one is asked, and twice that in each round. */
#define SERVER_TIMEOUT_MS 1000
#define SERVER_ROUNDS     3

struct lookup {
	enum lookup_state state;
	ares_channel channel; /* NULL: the address is numeric */
	struct lookup_watcher watcher;
	struct {
		struct sockaddr_storage address;
		socklen_t size;
	} found[ADDRESSES_MAX];
	uint32_t count;
};

static void keep_address(struct lookup *l, const struct sockaddr *address, socklen_t size)
{
	if (l->count == ADDRESSES_MAX || size > sizeof(l->found[0].address))
		return;
	memcpy(&l->found[l->count].address, address, size);
	l->found[l->count++].size = size;
}

static void on_descriptor(void *context, ares_socket_t fd, int reads, int writes)
{
	const struct lookup *l = context;
	l->watcher.watch(l->watcher.context, l->watcher.subject, fd, reads, writes);
}

/* Called by c-ares exactly once, from within lookup_new, lookup_process or lookup_free. */
static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *answer)
{
	struct lookup *l = context;
	(void)timeouts;
	assert(l->state == LOOKUP_RUNNING && l->count == 0);
	for (const struct ares_addrinfo_node *n = status == ARES_SUCCESS && answer ? answer->nodes : NULL; n;
	     n = n->ai_next)
		keep_address(l, n->ai_addr, (socklen_t)n->ai_addrlen);
	if (answer)
		ares_freeaddrinfo(answer);
	l->state = l->count != 0 ? LOOKUP_FOUND : LOOKUP_FAILED;
}

/* The system's getaddrinfo for what is numeric: it asks nobody, and knows the scopes of IPv6 addresses. */
static bool take_numeric(struct lookup *l, const char *host, const char *service)
{
	struct addrinfo *found = NULL;
	struct addrinfo hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	if (getaddrinfo(host, service, &hints, &found) != 0)
		return false;
	for (const struct addrinfo *a = found; a; a = a->ai_next)
		keep_address(l, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(found);
	l->state = LOOKUP_FOUND;
	return true;
}

/* Files before name servers whatever nsswitch.conf says, of which c-ares knows a part only. */
static int ask_for_name(struct lookup *l, const char *host, const char *service)
{
	char order[] = "fb";
	struct ares_options options = {.timeout = SERVER_TIMEOUT_MS,
	                               .tries = SERVER_ROUNDS,
	                               .lookups = order,
	                               .sock_state_cb = on_descriptor,
	                               .sock_state_cb_data = l};
	const struct ares_addrinfo_hints hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NUMERICSERV};
	int rc = ares_init_options(&l->channel, &options,
	                           ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
	if (rc != ARES_SUCCESS) {
		l->channel = NULL;
		return rc == ARES_ENOMEM ? UNCIA_E_MEMORY : UNCIA_E_UNREACHABLE;
	}
	ares_getaddrinfo(l->channel, host, service, &hints, on_answer, l);
	return 0;
}

int lookup_new(const char *host, uint16_t port, const struct lookup_watcher *watcher, struct lookup **lookup)
{
	char service[SERVICE_SIZE];
	struct lookup *l = calloc(1, sizeof(*l));
	if (!l)
		return UNCIA_E_MEMORY;
	l->watcher = *watcher;
	snprintf(service, sizeof(service), "%u", port);
	if (!take_numeric(l, host, service)) {
		int rc = ask_for_name(l, host, service);
		if (rc) {
			lookup_free(l);
			return rc;
		}
	}
	*lookup = l;
	return 0;
}

void lookup_free(struct lookup *l)
{
	if (!l)
		return;
	if (l->channel)
		ares_destroy(l->channel);
	free(l);
}

enum lookup_state lookup_state(const struct lookup *l)
{
	return l->state;
}

void lookup_process(struct lookup *l, int fd, bool readable, bool writable)
{
	ares_socket_t none = ARES_SOCKET_BAD;
	if (l->channel && l->state == LOOKUP_RUNNING)
		ares_process_fd(l->channel, readable ? fd : none, writable ? fd : none);
}

int lookup_timeout_ms(const struct lookup *l)
{
	struct timeval left;
	if (!l->channel || l->state != LOOKUP_RUNNING || !ares_timeout(l->channel, NULL, &left))
		return -1;
	return (int)(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

bool lookup_address(const struct lookup *l, uint32_t number, struct sockaddr_storage *address, socklen_t *size)
{
	if (number >= l->count)
		return false;
	*address = l->found[number].address;
	*size = l->found[number].size;
	return true;
}

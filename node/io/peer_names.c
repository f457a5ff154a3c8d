/* Where the other validators are: names that are looked up, again and again, and configurations that change. */
#include "peers_private.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one function that changes the state of a peer's name once it is made. */
static void name_move(struct peer *peer, enum name_state to)
{
	assert(peer->name_state == (to == NAME_RESOLVING ? NAME_IDLE : NAME_RESOLVING));
	assert(to == NAME_RESOLVING || to == NAME_IDLE);
	peer->name_state = to;
}

void peer_name_set(struct peer *peer, const struct peer_address *name)
{
	peer->name = *name;
	peer->resolutions = 0;
	peer->address.ss_family = AF_UNSPEC;
	peer->renamed = peer->name_state == NAME_RESOLVING;
	if (peer->renamed)
		return;
	if (net_address_parse(name->host, name->port, &peer->address) == 0)
		peer->name_state = NAME_NUMERIC;
	else
		peer->name_state = name->host[0] ? NAME_IDLE : NAME_NONE;
}

/* Takes one of the addresses behind the name, each time the next: the first need not be one that can be reached from
 * here. */
static void take_address(struct peer *peer, const struct addrinfo *found)
{
	unsigned count = 1;

	for (const struct addrinfo *a = found->ai_next; a; a = a->ai_next)
		count++;
	for (unsigned skip = peer->resolutions++ % count; skip > 0; skip--)
		found = found->ai_next;
	memcpy(&peer->address, found->ai_addr, found->ai_addrlen);
}

/* What was looked up is not where the validator is any more: from here on it goes as if it had just been configured. */
static void name_begin_anew(struct peer *peer)
{
	const struct peer_address name = peer->name;

	assert(peer->renamed && peer->name_state == NAME_IDLE);
	peer_name_set(peer, &name);
	if (peer->name_state == NAME_IDLE)
		peer_resolve(peer);
	else if (peer->name_state == NAME_NUMERIC)
		peer->peers->resolved(peer, NULL);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct peer *peer = request->data;
	struct peers *p = peer->peers;

	name_move(peer, NAME_IDLE);
	if (!p->stopping && peer->renamed) {
		name_begin_anew(peer);
	} else if (!p->stopping && status == 0) {
		take_address(peer, found);
		p->resolved(peer, NULL);
	} else if (!p->stopping) {
		p->resolved(peer, uv_strerror(status));
	}
	uv_freeaddrinfo(found);
}

void peer_resolve(struct peer *peer)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	uv_loop_t *loop = peer->peers->options.set->loop;
	char service[8];

	snprintf(service, sizeof(service), "%u", peer->name.port);
	peer->request.data = peer;
	peer->resolved_ms = uv_now(loop);
	int error = uv_getaddrinfo(loop, &peer->request, on_resolved, peer->name.host, service, &hints);
	if (!error)
		name_move(peer, NAME_RESOLVING);
	else
		peer->peers->resolved(peer, uv_strerror(error));
}

/* What has become of the links to the other validators, for people. See peers.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "peers_private.h"

/* "HOST:PORT", or "[HOST]:PORT" where the host has colons of its own; a port of 0 is left out. */
static void report_address(const char *host, uint16_t port, char *text, size_t size)
{
	const char *form = strchr(host, ':') && port ? "[%s]" : "%s";
	int n = snprintf(text, size, form, host);

	if (port && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, ":%u", port);
}

/* The port of one that dials us is none that it could be dialled at: it is left out. */
static void report_link(const struct peer *peer, uint64_t now, struct peer_report *report)
{
	struct net_address address;
	char host[NET_ADDRESS_TEXT_SIZE];

	assert(peer->link);
	tcp_address(peer->link->tcp, &address);
	net_address_format(&address, host);
	report_address(host, report->dialled ? peer->name.port : 0, report->address, sizeof(report->address));
	report->linked_ms = now - peer->up_ms;
	report->queued = tcp_queued(peer->link->tcp);
}

void peers_report(const struct peers *p, uint32_t index, struct peer_report *report)
{
	uint64_t now = uv_now(p->options.set->loop);

	assert(index < p->size && index != p->options.self);
	const struct peer *peer = &p->all[index];
	*report = (struct peer_report){.state = peer->state, .dialled = we_dial(peer)};
	if (peer->state == PEER_UP)
		report_link(peer, now, report);
	else
		report_address(peer->name.host, peer->name.port, report->address, sizeof(report->address));
	snprintf(report->error, sizeof(report->error), "%s", peer->error);
	report->error_ms = *peer->error ? now - peer->error_ms : 0;
}

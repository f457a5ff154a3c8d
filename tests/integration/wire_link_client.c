/* See wire_link_client.h. */
#include "wire_link_client.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void fail(const char *what)
{
	fprintf(stderr, "wire_client: %s\n", what);
	exit(1);
}

void read_genesis(const char *path, struct genesis *genesis)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(GENESIS_SIZE_MAX);

	if (!file || !bytes)
		fail("the genesis cannot be read");
	size_t size = fread(bytes, 1, GENESIS_SIZE_MAX, file);
	fclose(file);
	if (genesis_decode(genesis, bytes, size))
		fail("the genesis cannot be decoded");
	free(bytes);
}

static int connect_to(const struct genesis *genesis, const char *where, const uint8_t **key)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	unsigned index, port;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (sscanf(where, "%u:%u", &index, &port) != 2 || index >= genesis->committee.size)
		fail("not INDEX:PORT");
	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		fail("a validator cannot be reached");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*key = genesis->committee.validators[index].network_key;
	return fd;
}

void client_open(const struct genesis *genesis, const char *where, struct client *client)
{
	const uint8_t *key;

	client->fd = connect_to(genesis, where, &key);
	fcntl(client->fd, F_SETFL, O_NONBLOCK);
	client_link(genesis, key, client);
}

void client_link(const struct genesis *genesis, const uint8_t key[32], struct client *client)
{
	uint8_t ephemeral[32];

	randombytes_buf(ephemeral, sizeof(ephemeral));
	struct link_options options = {.pattern = NOISE_NK,
	                               .initiator = true,
	                               .network_id = &genesis->network_id,
	                               .remote_static = key,
	                               .ephemeral_secret = ephemeral,
	                               .message_size_max = MESSAGE_SIZE_VALIDATOR_MAX,
	                               .write_queue_max = 64u << 20};
	if (link_new(&options, &client->link))
		fail("a link cannot be made");
}

static void went_away(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		went_away(client);
	link_free(client->link);
	client->link = NULL;
}

void client_send(struct client *client, const Uncia__Pb__WalletRequest *request)
{
	uint8_t *bytes;
	size_t size;

	if (canonical_encode(&request->base, &bytes, &size) || link_send(client->link, bytes, size))
		fail("a request cannot be sent");
	free(bytes);
}

void client_write(struct client *client, bool byte_by_byte)
{
	struct bytes run;

	while (client->fd >= 0) {
		link_output(client->link, &run);
		if (!run.size)
			return;
		ssize_t size = send(client->fd, run.data, byte_by_byte ? 1 : run.size, MSG_NOSIGNAL);
		if (size < 0 && errno == EAGAIN)
			return;
		if (size < 0 && errno != EINTR)
			went_away(client);
		else if (size > 0)
			link_output_taken(client->link, (size_t)size);
	}
}

bool client_read(struct client *client)
{
	static uint8_t buffer[64 << 10];
	ssize_t size = client->fd < 0 ? 0 : read(client->fd, buffer, sizeof(buffer));

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (size > 0) {
		if (link_feed(client->link, buffer, (size_t)size))
			fail("what a validator sent does not decrypt");
		return true;
	}
	if (client->fd >= 0)
		went_away(client);
	return false;
}

Uncia__Pb__NodeReply *client_held_reply(struct client *client)
{
	struct bytes message;

	if (!link_next(client->link, &message))
		return NULL;
	Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, message.size, message.data);
	if (!reply)
		fail("a reply that cannot be read");
	return reply;
}

Uncia__Pb__NodeReply *client_reply(struct client *client)
{
	for (;;) {
		Uncia__Pb__NodeReply *reply = client_held_reply(client);
		if (reply)
			return reply;
		client_write(client, false);
		struct pollfd fd = {.fd = client->fd, .events = POLLIN};
		if (client->fd >= 0 && link_queued(client->link))
			fd.events |= POLLOUT;
		if (client->fd >= 0 && poll(&fd, 1, CLIENT_SILENCE_MS) == 0)
			fail("no reply");
		if (!client_read(client))
			return NULL;
	}
}

/* ---- below the messages ---------------------------------------------------------------------- */

static void read_exactly(int fd, uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t got = read(fd, bytes, size);
		if (got <= 0)
			fail("the handshake was not answered");
		bytes += got;
		size -= (size_t)got;
	}
}

void raw_write(int fd, const void *bytes, size_t size)
{
	uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};

	if (send(fd, length, 2, MSG_NOSIGNAL) != 2 || send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		fail("a validator did not take a record");
}

int raw_open(const struct genesis *genesis, const char *where, struct noise_transport *transport)
{
	static const char magic[] = "uncia";
	uint8_t prologue[5 + 1 + HASH_SIZE + 1], ephemeral[32], out[256], in[1024], payload[1024];
	struct noise_handshake handshake;
	const uint8_t *key;
	size_t size, payload_size;
	int fd = connect_to(genesis, where, &key);

	/* network.md 8.1: the magic, version 1, the network id, the pattern. */
	memcpy(prologue, magic, 5);
	prologue[5] = 1;
	memcpy(prologue + 6, genesis->network_id.b, HASH_SIZE);
	prologue[6 + HASH_SIZE] = NOISE_NK;
	randombytes_buf(ephemeral, sizeof(ephemeral));
	if (noise_handshake_init(
	        &handshake,
	        &(struct noise_handshake_config){NOISE_NK, true, prologue, sizeof(prologue), NULL, key, ephemeral}) ||
	    noise_handshake_write(&handshake, NULL, 0, out, &size) || send(fd, "W", 1, MSG_NOSIGNAL) != 1)
		fail("a handshake cannot be made");
	raw_write(fd, out, size);
	read_exactly(fd, in, 2);
	size = (size_t)in[0] << 8 | in[1];
	if (size > sizeof(in))
		fail("a handshake message that is too long");
	read_exactly(fd, in, size);
	if (noise_handshake_read(&handshake, in, size, payload, &payload_size) ||
	    noise_handshake_split(&handshake, transport))
		fail("the handshake does not verify");
	return fd;
}

bool raw_closed(int fd)
{
	uint8_t byte;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, CLIENT_SILENCE_MS) != 1)
		return false;
	return recv(fd, &byte, 1, 0) <= 0;
}

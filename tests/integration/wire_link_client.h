/* A wallet's link to a running validator, for tests: opened, written and read with a deadline. Blocks; ends the process
 * with a sentence where something goes wrong that a test does not look for. */
#ifndef WIRE_LINK_CLIENT_H
#define WIRE_LINK_CLIENT_H
#include "committee.h"
#include "message.pb-c.h"
#include "noise.h"
#include "wire_link.h"

#define CLIENT_SILENCE_MS 60000

struct client {
	int fd; /* -1: closed by the validator */
	struct link *link;
};

_Noreturn void fail(const char *what);

void read_genesis(const char *path, struct genesis *genesis);

/* `where` is INDEX:PORT on this machine. client_close frees the link. */
void client_open(const struct genesis *genesis, const char *where, struct client *client);
/* For a socket that the caller has made: the link of a wallet with the validator of this network key. */
void client_link(const struct genesis *genesis, const uint8_t key[32], struct client *client);
void client_close(struct client *client);

void client_send(struct client *client, const Uncia__Pb__WalletRequest *request);
/* Writes what waits, as far as the socket takes it; one byte at a time where asked. */
void client_write(struct client *client, bool byte_by_byte);
/* Reads once; returns false where the validator closed. */
bool client_read(struct client *client);
/* Writes and reads until there is a whole reply. NULL where the validator closed the link. Freed with
 * uncia__pb__node_reply__free_unpacked. */
Uncia__Pb__NodeReply *client_reply(struct client *client);
/* The next whole reply that was read already, or NULL. */
Uncia__Pb__NodeReply *client_held_reply(struct client *client);

/* The same link below the messages: the handshake is done, and the caller seals records by itself. */
int raw_open(const struct genesis *genesis, const char *where, struct noise_transport *transport);
void raw_write(int fd, const void *bytes, size_t size);
/* Whether the validator ends the connection. */
bool raw_closed(int fd);

#endif

/* A link as bytes in, bytes out: handshake, records, message reassembly; no sockets (docs/spec/network.md).
 * Node, wallet, simulator and fuzzers all use this one.
 *
 * On the wire: every handshake message and record is u16 big-endian length ‖ bytes. In the plaintext stream a
 * message is u32 big-endian length ‖ bytes, split over as many records as it needs; a record may carry several
 * messages. A message of length 0 is a ping (no answer needed; any record shows life). A wallet's records are at most
 * RECORD_SIZE_REQUEST_MAX bytes.
 *
 * Threads: any, one at a time for each link. */
#ifndef WIRE_LINK_H
#define WIRE_LINK_H
#include "canonical.h"
#include "hash.h"
#include "noise.h"

struct link;

/* Versions of the wire that this program speaks (docs/spec/network.md 8.1). The older one is the one before at most,
 * and is given up where it is not safe any more. */
#define LINK_VERSION_NEWEST 1
#define LINK_VERSION_OLDEST 1

/* What a link starts from. The network id and the keys are copied. */
struct link_options {
	enum noise_pattern pattern; /* IK between validators, NK from wallets */
	bool initiator;
	const struct hash *network_id;
	const uint8_t *static_secret;    /* 32 bytes; NULL for a wallet */
	const uint8_t *remote_static;    /* 32 bytes; initiators only */
	const uint8_t *ephemeral_secret; /* 32 fresh random bytes */
	size_t message_size_max;         /* of a received message */
	size_t write_queue_max;          /* bytes that may wait; a message alone in the queue may be larger */
	/* IK responders: whether this static key may speak. NULL: anyone. Called from link_feed, with `context`. */
	bool (*allowed)(void *context, const uint8_t static_key[32]);
	void *context;
	/* Of the wire; 0: LINK_VERSION_NEWEST and _OLDEST. An initiator speaks `newest`, a responder whichever of the
	 * two the initiator does. */
	uint8_t newest, oldest;
};

/* The prologue is "uncia" ‖ version ‖ network id ‖ pattern (0 IK, 1 NK). A responder that serves both patterns on
 * one port tells them apart by the first byte an initiator sends, before its first handshake message: 'V' (IK) or
 * 'W' (NK); link_peek reads it, and link_feed is given it too. An initiator whose handshake is done sends a ping if it
 * has nothing to say, and a responder says nothing before that first record: who replays a recorded handshake is never
 * heard and never answered. Returns 0; UNCIA_E_ARGUMENT (keys); UNCIA_E_MEMORY; *link is the caller's, link_free. */
int link_new(const struct link_options *options, struct link **link);
/* Frees the link and wipes its keys. NULL does nothing. */
void link_free(struct link *link);
/* Which pattern the first byte of an inbound connection asks for. Returns 0 or UNCIA_E_PROTOCOL. */
int link_peek(uint8_t first_byte, enum noise_pattern *pattern);

/* Feeds received bytes, any split. Returns 0; UNCIA_E_SIGNATURE; UNCIA_E_LIMIT; UNCIA_E_PROTOCOL;
 * UNCIA_E_MEMORY: after an error the link is dead and must be closed. A length that is too large is refused before
 * anything is allocated for it, and memory grows only as bytes come. Take all messages (link_next) after each call. */
int link_feed(struct link *link, const void *data, size_t size);
/* The next whole message, or false. Valid until the next link_feed, link_next or link_free. Empty messages are
 * swallowed. */
bool link_next(struct link *link, struct bytes *message);
/* Whether link_next may have a message without another link_feed. */
bool link_has_next(const struct link *link);
/* Whether something received is only a part of a message yet. */
bool link_unfinished(const struct link *link);
/* Queues a message (size 0: a ping). Before the handshake is done it is queued behind it.
 * Returns 0; UNCIA_E_FULL (the queue's bound); UNCIA_E_LIMIT (over MESSAGE_SIZE_VALIDATOR_MAX); UNCIA_E_MEMORY; or the
 * error the link died of. */
int link_send(struct link *link, const void *message, size_t size);
/* Encrypted bytes waiting to be written, as one contiguous run: what is left of the last run or, once that was all
 * taken, everything queued since, encrypted now (so that many small messages share a record). Empty: nothing waits.
 * The run stays where it is and as it is until its last byte was taken, whatever else is called but link_free. */
void link_output(struct link *link, struct bytes *run);
/* Says that the first `size` bytes of the run were taken (copied or written). */
void link_output_taken(struct link *link, size_t size);
/* Bytes that wait to be written, those of the run not yet taken included. */
size_t link_queued(const struct link *link);
/* The version that is spoken: an initiator's own; a responder's once the first handshake message was read, before that
 * the newest that it speaks. */
uint8_t link_version(const struct link *link);
/* How many transport records were received and opened so far. */
uint64_t link_records(const struct link *link);
/* Handshake complete and, for a responder, a first transport record has authenticated. */
bool link_established(const struct link *link);
/* The peer's static key (IK responders, once read; initiators: what they dialled), or NULL. 32 bytes of the link's. */
const uint8_t *link_remote_static(const struct link *link);

#endif

/* Pairs of links in memory, and the bytes between them. */
#ifndef WIRE_LINK_FIXTURE_H
#define WIRE_LINK_FIXTURE_H
#include <malloc.h>
#include "protocol_limits.h"
#include "uncia/error.h"
#include "unit.h"
#include "wire_link.h"

#define LIMIT (100u << 10)

static const struct hash network = {{1, 2, 3}}, other_network = {{1, 2, 4}};
static const uint8_t dialler_secret[32] = {0, 1}, listener_secret[32] = {0, 2}, stranger_secret[32] = {0, 3};
static uint8_t next_ephemeral;

static inline struct link *make(enum noise_pattern pattern, bool initiator, struct link_options changes)
{
	uint8_t remote[32], ephemeral[32] = {9, ++next_ephemeral};
	struct link *link = NULL;
	struct link_options o = {
	    .pattern = pattern,
	    .initiator = initiator,
	    .network_id = changes.network_id ? changes.network_id : &network,
	    .ephemeral_secret = ephemeral,
	    .message_size_max = changes.message_size_max ? changes.message_size_max : LIMIT,
	    .write_queue_max = changes.write_queue_max ? changes.write_queue_max : 1 << 20,
	    .allowed = changes.allowed,
	    .context = changes.context,
	    .newest = changes.newest,
	    .oldest = changes.oldest,
	};
	ck_assert_int_eq(noise_public_key(changes.remote_static ? changes.remote_static : listener_secret, remote), 0);
	if (initiator)
		o.remote_static = remote;
	if (!initiator)
		o.static_secret = listener_secret;
	else if (pattern == NOISE_IK)
		o.static_secret = dialler_secret;
	ck_assert_int_eq(link_new(&o, &link), 0);
	return link;
}

/* Takes the whole output of a link: *data is the caller's. */
static inline size_t take(struct link *link, uint8_t **data)
{
	size_t size = 0;
	struct bytes run;

	*data = NULL;
	for (link_output(link, &run); run.size > 0; link_output(link, &run)) {
		*data = realloc(*data, size + run.size);
		memcpy(*data + size, run.data, run.size);
		size += run.size;
		link_output_taken(link, run.size);
	}
	ck_assert_uint_eq(link_queued(link), link_established(link) ? 0 : link_queued(link));
	return size;
}

/* Moves what one link has to say to the other, in pieces of at most `piece` bytes. */
static inline int move(struct link *from, struct link *to, size_t piece)
{
	uint8_t *data;
	size_t size = take(from, &data);
	int rc = 0;

	for (size_t at = 0; at < size && rc == 0; at += piece)
		rc = link_feed(to, data + at, size - at < piece ? size - at : piece);
	free(data);
	return rc;
}

static inline void connect_links(struct link *i, struct link *r, size_t piece)
{
	struct bytes message;

	ck_assert_int_eq(move(i, r, piece), 0);
	ck_assert(!link_established(i) && !link_established(r));
	ck_assert_int_eq(move(r, i, piece), 0);
	ck_assert(link_established(i) && !link_established(r));
	ck_assert_int_eq(move(i, r, piece), 0);
	ck_assert(link_established(r));
	ck_assert(!link_next(i, &message) && !link_next(r, &message));
}

static inline void pair(enum noise_pattern pattern, struct link **i, struct link **r)
{
	*i = make(pattern, true, (struct link_options){0});
	*r = make(pattern, false, (struct link_options){0});
	connect_links(*i, *r, SIZE_MAX);
}

static inline uint8_t pattern_byte(size_t message, size_t at)
{
	return (uint8_t)(message * 31 + at * 7 + (at >> 8));
}

static inline int send_sized(struct link *link, size_t number, size_t size)
{
	uint8_t *data = malloc(size + 1);
	for (size_t at = 0; at < size; at++)
		data[at] = pattern_byte(number, at);
	int rc = link_send(link, data, size);
	free(data);
	return rc;
}

static inline void expect_sized(struct link *link, size_t number, size_t size)
{
	struct bytes message;
	ck_assert(link_next(link, &message));
	ck_assert_uint_eq(message.size, size);
	for (size_t at = 0; at < size; at++)
		if (message.data[at] != pattern_byte(number, at))
			ck_abort_msg("byte %zu of message %zu", at, number);
}

static inline void expect_nothing(struct link *link)
{
	struct bytes message;
	ck_assert(!link_next(link, &message));
}

/* Bytes on the heap now. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
static inline size_t heap(void)
{
	return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
	                                               : mallinfo2().uordblks;
}

static uint64_t random_state = 1;
static inline size_t random_below(size_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(random_state >> 20) % n;
}

#endif

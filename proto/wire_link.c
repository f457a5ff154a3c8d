/* A link as bytes in, bytes out. noise.c has the handshake and the cipher; callers give the messages their meaning. */
#include "wire_link.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "protocol_limits.h"
#include "uncia/error.h"

#define FRAME_PREFIX       2 /* u16: length of a handshake message or record */
#define MESSAGE_PREFIX     4 /* u32: length of a message */
#define HANDSHAKE_SIZE_MAX 1024
#define BUFFER_KEPT_SHARE  32    /* an empty buffer over this fraction of the largest message is given back, */
#define BUFFER_KEPT_MIN    4096u /* unless it is no larger than this; of a wallet's link, which may be one of many */
#define BUFFER_KEPT_WALLET 128u  /* thousand silent ones, at the validator's end */

/* Bytes from start to end are in use. */
struct buffer {
	uint8_t *data;
	size_t start, end, capacity;
};

enum phase { PHASE_HANDSHAKE, PHASE_OPEN };

struct link {
	enum noise_pattern pattern;
	bool initiator;
	enum phase phase;
	int error;        /* that ended the link, or 0 */
	uint8_t version;  /* that is spoken, as far as is known */
	bool greeted;     /* responder: the first byte was read */
	uint64_t records; /* of the peer's, that were opened */
	bool has_remote_static;
	uint8_t remote_static[NOISE_KEY_SIZE];
	size_t message_size_max, write_queue_max;
	size_t record_in_max, record_out_max; /* with the tag */
	bool (*allowed)(void *context, const uint8_t static_key[32]);
	void *context;
	struct noise_handshake handshake;
	struct noise_handshake
	    *older; /* responder, before the first message: the same for the version before; or NULL */
	struct noise_transport transport;
	struct buffer frame;    /* the front of a frame that has not come whole */
	struct buffer received; /* opened plaintext; its first `complete` bytes are whole messages */
	size_t complete;
	struct buffer queue; /* plaintext to send */
	struct buffer run;   /* frames to write */
};

/* ---- buffers -------------------------------------------------------------------------------- */

static size_t buffer_used(const struct buffer *b)
{
	return b->end - b->start;
}

/* Room for `size` bytes at the end. Grows as it is about to be filled, by doubling, but past `most` to what is needed
 * and no further: it holds less than that wherever the other side keeps to its limits. */
static bool buffer_reserve(struct buffer *b, size_t size, size_t most)
{
	assert(b->start <= b->end && b->end <= b->capacity);
	if (size <= b->capacity - b->end)
		return true;
	if (b->start > 0) {
		memmove(b->data, b->data + b->start, buffer_used(b));
		b->end -= b->start;
		b->start = 0;
		if (size <= b->capacity - b->end)
			return true;
	}
	size_t capacity = b->capacity * 2 < most ? b->capacity * 2 : most;
	if (capacity < b->end + size)
		capacity = b->end + size;
	uint8_t *data = realloc(b->data, capacity);
	if (!data)
		return false;
	b->data = data;
	b->capacity = capacity;
	return true;
}

static void buffer_add(struct buffer *b, const void *data, size_t size)
{
	assert(size <= b->capacity - b->end);
	if (size > 0)
		memcpy(b->data + b->end, data, size);
	b->end += size;
}

static void buffer_deinit(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}

/* Small buffers are kept for the next bytes, large ones would add up over many idle links. */
static void buffer_clear(const struct link *link, struct buffer *b)
{
	bool listening = link->pattern == NOISE_NK && !link->initiator;
	size_t kept = link->message_size_max / BUFFER_KEPT_SHARE;

	if (listening)
		kept = BUFFER_KEPT_WALLET;
	else if (kept < BUFFER_KEPT_MIN)
		kept = BUFFER_KEPT_MIN;
	b->start = b->end = 0;
	if (b->capacity > kept)
		buffer_deinit(b);
}

static void put_u32(uint8_t out[4], size_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static size_t get_u16(const uint8_t *in)
{
	return (size_t)in[0] << 8 | in[1];
}

static size_t get_u32(const uint8_t *in)
{
	return (size_t)in[0] << 24 | (size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3];
}

static int enqueue(struct link *link, const void *message, size_t size)
{
	uint8_t prefix[MESSAGE_PREFIX];

	if (!buffer_reserve(&link->queue, MESSAGE_PREFIX + size, SIZE_MAX))
		return UNCIA_E_MEMORY;
	put_u32(prefix, size);
	buffer_add(&link->queue, prefix, sizeof(prefix));
	buffer_add(&link->queue, message, size);
	return 0;
}

/* ---- handshake ------------------------------------------------------------------------------ */

static uint8_t greeting(enum noise_pattern pattern)
{
	return pattern == NOISE_IK ? 'V' : 'W';
}

int link_peek(uint8_t first_byte, enum noise_pattern *pattern)
{
	if (first_byte != 'V' && first_byte != 'W')
		return UNCIA_E_PROTOCOL;
	*pattern = first_byte == 'V' ? NOISE_IK : NOISE_NK;
	return 0;
}

static void forget_older(struct link *link)
{
	noise_handshake_wipe(link->older);
	free(link->older);
	link->older = NULL;
}

/* Any error is the link's last. */
static int die(struct link *link, int error)
{
	link->error = error;
	forget_older(link);
	noise_handshake_wipe(&link->handshake);
	noise_transport_wipe(&link->transport);
	return error;
}

static int write_handshake(struct link *link)
{
	uint8_t frame[FRAME_PREFIX + HANDSHAKE_SIZE_MAX];
	size_t size;

	int rc = noise_handshake_write(&link->handshake, NULL, 0, frame + FRAME_PREFIX, &size);
	if (rc)
		return rc;
	frame[0] = (uint8_t)(size >> 8);
	frame[1] = (uint8_t)size;
	if (!buffer_reserve(&link->run, FRAME_PREFIX + size, SIZE_MAX))
		return UNCIA_E_MEMORY;
	buffer_add(&link->run, frame, FRAME_PREFIX + size);
	return 0;
}

static void remember_remote(struct link *link)
{
	link->has_remote_static = link->handshake.has_remote_static;
	memcpy(link->remote_static, link->handshake.remote_static, NOISE_KEY_SIZE);
}

/* network, "Records and messages": a stranger may leave a record unfinished for a while, so those of wallets are small.
 */
static size_t record_max(enum noise_pattern pattern, bool of_initiator)
{
	return pattern == NOISE_NK && of_initiator ? RECORD_SIZE_REQUEST_MAX : NOISE_RECORD_MAX;
}

static size_t frame_max(const struct link *link)
{
	return link->phase == PHASE_HANDSHAKE ? HANDSHAKE_SIZE_MAX : link->record_in_max;
}

/* A handshake of this version. Returns as noise_handshake_init. */
static int begin_handshake(const struct link_options *options, uint8_t version, struct noise_handshake *handshake)
{
	/* network, "Links": the prologue is "uncia", the version, the network id, the pattern. */
	uint8_t prologue[5 + 1 + HASH_SIZE + 1] = "uncia";
	prologue[5] = version;
	memcpy(prologue + 6, options->network_id->b, HASH_SIZE);
	prologue[6 + HASH_SIZE] = (uint8_t)options->pattern;
	const struct noise_handshake_config config = {
	    .pattern = options->pattern,
	    .initiator = options->initiator,
	    .prologue = prologue,
	    .prologue_size = sizeof(prologue),
	    .static_secret = options->static_secret,
	    .remote_static = options->remote_static,
	    .ephemeral_secret = options->ephemeral_secret,
	};
	return noise_handshake_init(handshake, &config);
}

/* An initiator speaks first: the first byte, and its message. */
static int begin_initiator(struct link *l)
{
	uint8_t first = greeting(l->pattern);

	remember_remote(l);
	if (!buffer_reserve(&l->run, 1, SIZE_MAX))
		return UNCIA_E_MEMORY;
	buffer_add(&l->run, &first, 1);
	return write_handshake(l);
}

/* A responder does not know the version before the first message has come: it is ready for either. */
static int begin_older(struct link *l, const struct link_options *options, uint8_t oldest)
{
	assert(oldest + 1 >= l->version);
	if (oldest >= l->version)
		return 0;
	l->older = calloc(1, sizeof(*l->older));
	return l->older ? begin_handshake(options, oldest, l->older) : UNCIA_E_MEMORY;
}

int link_new(const struct link_options *options, struct link **link)
{
	struct link *l = calloc(1, sizeof(*l));
	if (!l)
		return UNCIA_E_MEMORY;
	l->pattern = options->pattern;
	l->initiator = options->initiator;
	l->version = options->newest ? options->newest : LINK_VERSION_NEWEST;
	l->message_size_max = options->message_size_max;
	l->write_queue_max = options->write_queue_max;
	l->record_in_max = record_max(l->pattern, !l->initiator);
	l->record_out_max = record_max(l->pattern, l->initiator);
	l->allowed = options->allowed;
	l->context = options->context;
	int rc = begin_handshake(options, l->version, &l->handshake);
	if (rc == 0)
		rc = l->initiator ? begin_initiator(l)
		                  : begin_older(l, options, options->oldest ? options->oldest : LINK_VERSION_OLDEST);
	if (rc) {
		link_free(l);
		return rc;
	}
	*link = l;
	return 0;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	buffer_deinit(&link->frame);
	buffer_deinit(&link->received);
	buffer_deinit(&link->queue);
	buffer_deinit(&link->run);
	forget_older(link);
	sodium_memzero(link, sizeof(*link));
	free(link);
}

/* network, "Links": what is no first message of one version may be one of the version before. Whichever it is, the
 * version is part of what both sides' keys follow from. */
static int read_handshake(struct link *link, const uint8_t *message, size_t size, size_t *payload_size)
{
	uint8_t payload[HANDSHAKE_SIZE_MAX];

	int rc = noise_handshake_read(&link->handshake, message, size, payload, payload_size);
	if (rc == UNCIA_E_SIGNATURE && link->older) {
		link->handshake = *link->older;
		link->version--;
		rc = noise_handshake_read(&link->handshake, message, size, payload, payload_size);
	}
	forget_older(link);
	return rc;
}

static int feed_handshake(struct link *link, const uint8_t *message, size_t size)
{
	size_t payload_size;

	int rc = read_handshake(link, message, size, &payload_size);
	if (rc)
		return rc;
	if (payload_size > 0)
		return UNCIA_E_PROTOCOL;
	if (!link->initiator) {
		remember_remote(link);
		if (link->has_remote_static && link->allowed && !link->allowed(link->context, link->remote_static))
			return UNCIA_E_SIGNATURE;
		rc = write_handshake(link);
		if (rc)
			return rc;
	}
	rc = noise_handshake_split(&link->handshake, &link->transport);
	if (rc)
		return rc;
	link->phase = PHASE_OPEN;
	/* network, "Links": the responder waits for a record; a ping if there is nothing else. */
	return link->initiator && buffer_used(&link->queue) == 0 ? enqueue(link, NULL, 0) : 0;
}

/* ---- receiving ------------------------------------------------------------------------------ */

/* Walks over the messages that are whole now; a length over the limit is refused as soon as it can be read. */
static int find_messages(struct link *link)
{
	size_t used = buffer_used(&link->received);

	assert(link->complete <= used);
	while (used - link->complete >= MESSAGE_PREFIX) {
		size_t size = get_u32(link->received.data + link->received.start + link->complete);
		if (size > link->message_size_max)
			return UNCIA_E_LIMIT;
		if (size > used - link->complete - MESSAGE_PREFIX)
			break;
		link->complete += MESSAGE_PREFIX + size;
	}
	return 0;
}

static int feed_record(struct link *link, const uint8_t *record, size_t size)
{
	size_t plain_size;

	if (size < NOISE_MAC_SIZE)
		return UNCIA_E_PROTOCOL;
	if (!buffer_reserve(&link->received, size, MESSAGE_PREFIX + link->message_size_max + link->record_in_max))
		return UNCIA_E_MEMORY;
	int rc = noise_receive(&link->transport, record, size, link->received.data + link->received.end, &plain_size);
	if (rc)
		return rc;
	link->received.end += plain_size;
	link->records++;
	return find_messages(link);
}

static int feed_frame(struct link *link, const uint8_t *frame, size_t size)
{
	return link->phase == PHASE_HANDSHAKE ? feed_handshake(link, frame, size) : feed_record(link, frame, size);
}

/* Takes from the input what completes the frame begun before, and feeds it when it is whole. */
static int feed_begun(struct link *link, const uint8_t **data, size_t *size)
{
	struct buffer *frame = &link->frame;
	size_t used = buffer_used(frame);

	while (*size > 0) {
		size_t wanted = FRAME_PREFIX + (used < FRAME_PREFIX ? 0 : get_u16(frame->data));
		assert(used < wanted);
		size_t n = wanted - used < *size ? wanted - used : *size;
		if (!buffer_reserve(frame, n, FRAME_PREFIX + frame_max(link)))
			return UNCIA_E_MEMORY;
		buffer_add(frame, *data, n);
		*data += n;
		*size -= n;
		used += n;
		if (used < FRAME_PREFIX)
			continue;
		size_t frame_size = get_u16(frame->data);
		if (frame_size > frame_max(link))
			return UNCIA_E_LIMIT;
		if (used < FRAME_PREFIX + frame_size)
			continue;
		int rc = feed_frame(link, frame->data + FRAME_PREFIX, frame_size);
		buffer_clear(link, frame);
		return rc;
	}
	return 0;
}

/* Whole frames are opened straight from the input; only what is left at its end is copied. */
static int feed(struct link *link, const uint8_t *data, size_t size)
{
	if (size > 0 && !link->initiator && !link->greeted) {
		if (*data != greeting(link->pattern))
			return UNCIA_E_PROTOCOL;
		link->greeted = true;
		data++;
		size--;
	}
	while (size > 0) {
		int rc;
		if (buffer_used(&link->frame) > 0 || size < FRAME_PREFIX || size - FRAME_PREFIX < get_u16(data)) {
			rc = feed_begun(link, &data, &size);
		} else {
			size_t n = get_u16(data);
			if (n > frame_max(link))
				return UNCIA_E_LIMIT;
			rc = feed_frame(link, data + FRAME_PREFIX, n);
			data += FRAME_PREFIX + n;
			size -= FRAME_PREFIX + n;
		}
		if (rc)
			return rc;
	}
	return 0;
}

int link_feed(struct link *link, const void *data, size_t size)
{
	if (link->error)
		return link->error;
	int rc = feed(link, data, size);
	return rc ? die(link, rc) : 0;
}

bool link_next(struct link *link, struct bytes *message)
{
	struct buffer *b = &link->received;

	while (!link->error && link->complete > 0) {
		size_t size = get_u32(b->data + b->start);
		const uint8_t *data = b->data + b->start + MESSAGE_PREFIX;
		assert(link->complete >= MESSAGE_PREFIX && size <= link->complete - MESSAGE_PREFIX);
		b->start += MESSAGE_PREFIX + size;
		link->complete -= MESSAGE_PREFIX + size;
		if (size > 0) {
			*message = (struct bytes){.data = data, .size = size};
			return true;
		}
	}
	if (buffer_used(b) == 0)
		buffer_clear(link, b);
	return false;
}

bool link_has_next(const struct link *link)
{
	return !link->error && link->complete > 0;
}

bool link_unfinished(const struct link *link)
{
	return buffer_used(&link->frame) > 0 || buffer_used(&link->received) > link->complete;
}

/* ---- sending -------------------------------------------------------------------------------- */

int link_send(struct link *link, const void *message, size_t size)
{
	size_t queued = link_queued(link);

	if (link->error)
		return link->error;
	if (size > MESSAGE_SIZE_VALIDATOR_MAX)
		return UNCIA_E_LIMIT;
	if (queued > 0 && (queued > link->write_queue_max || MESSAGE_PREFIX + size > link->write_queue_max - queued))
		return UNCIA_E_FULL;
	return enqueue(link, message, size);
}

/* Everything queued, as records of the largest size, into the empty run. */
static int encrypt_queue(struct link *link)
{
	size_t left = buffer_used(&link->queue), size;
	size_t most = link->record_out_max - NOISE_MAC_SIZE, records = (left + most - 1) / most;
	const uint8_t *plain = link->queue.data + link->queue.start;

	assert(buffer_used(&link->run) == 0);
	if (!buffer_reserve(&link->run, left + records * (FRAME_PREFIX + NOISE_MAC_SIZE), SIZE_MAX))
		return UNCIA_E_MEMORY;
	while (left > 0) {
		uint8_t *frame = link->run.data + link->run.end;
		size_t n = left < most ? left : most;
		int rc = noise_send(&link->transport, plain, n, frame + FRAME_PREFIX, &size);
		if (rc)
			return rc;
		frame[0] = (uint8_t)(size >> 8);
		frame[1] = (uint8_t)size;
		link->run.end += FRAME_PREFIX + size;
		plain += n;
		left -= n;
	}
	buffer_clear(link, &link->queue);
	return 0;
}

void link_output(struct link *link, struct bytes *run)
{
	*run = (struct bytes){0};
	if (link->error)
		return;
	if (buffer_used(&link->run) == 0 && buffer_used(&link->queue) > 0 && link->phase == PHASE_OPEN &&
	    (link->initiator || link->records)) {
		int rc = encrypt_queue(link);
		if (rc) {
			die(link, rc);
			return;
		}
	}
	if (buffer_used(&link->run) > 0)
		*run = (struct bytes){.data = link->run.data + link->run.start, .size = buffer_used(&link->run)};
}

void link_output_taken(struct link *link, size_t size)
{
	assert(size <= buffer_used(&link->run));
	link->run.start += size;
	if (buffer_used(&link->run) == 0)
		buffer_clear(link, &link->run);
}

size_t link_queued(const struct link *link)
{
	return buffer_used(&link->queue) + buffer_used(&link->run);
}

uint8_t link_version(const struct link *link)
{
	return link->version;
}

uint64_t link_records(const struct link *link)
{
	return link->records;
}

bool link_established(const struct link *link)
{
	return !link->error && link->phase == PHASE_OPEN && (link->initiator || link->records);
}

const uint8_t *link_remote_static(const struct link *link)
{
	return link->has_remote_static ? link->remote_static : NULL;
}

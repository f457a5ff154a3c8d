/* What is left or refused before it is decoded, since decoding a message of many small parts may take longer than a
 * view: pages and bodies that nobody asked for, which may be of 8 MiB (an answer to a question is read, and once), and
 * proposals of more parts than one can have. */
#include "message.pb-c.h"
#include "network.h"
#include "unit.h"

#define SIZE (1u << 20)

static struct network *n;
static uint32_t asked[2]; /* by node 0: pages and bodies, of validator 3 */
static uint32_t dropped;  /* links by node 0 */

static bool pass(void *context, uint32_t from, uint32_t to, const struct bytes *bytes)
{
	unsigned field = bytes->data[0] >> 3;

	(void)context;
	if (!from && to == 3 && field == UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST)
		asked[0]++;
	if (!from && to == 3 && field == UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST)
		asked[1]++;
	return true;
}

static void drop(void *context, uint32_t node, uint32_t peer)
{
	(void)context;
	dropped += !node && peer == 3;
}

/* Validator 3 is silent but for what is said here in its name. */
static void setup(void)
{
	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = 8,
	                                          .balance = 100000000,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 2,
	                                          .pass = pass,
	                                          .dropped = drop});
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	network_pause(n, 3, 600000);
	network_run(n, 100, NULL, NULL);
	asked[0] = asked[1] = dropped = 0;
}

static void teardown(void)
{
	network_free(n);
}

/* A message of that kind whose rest nobody can decode: who reads it ends the link. */
static void say_nonsense(unsigned field)
{
	uint8_t *bytes = malloc(SIZE);

	memset(bytes, 0xff, SIZE);
	bytes[0] = (uint8_t)(field << 3 | 2);
	network_inject(n, 3, 0, bytes, SIZE);
	free(bytes);
}

static void say(const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	ck_assert_int_eq(canonical_encode(&message->base, &bytes, &size), 0);
	network_inject(n, 3, 0, bytes, size);
	free(bytes);
}

static bool was_asked(struct network *network, void *context)
{
	(void)network;
	return *(const uint32_t *)context;
}

static void be_asked_for_a_page(void)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;

	status.final_height = status.final_view = 1000000;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &status;
	say(&message);
	ck_assert(network_run(n, 5000, was_asked, &asked[0]));
}

/* A notarised block that nobody has: all are asked for it, one after the other. */
static void be_asked_for_a_body(void)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	struct replica_status status;
	struct hash block = fixture_hash(9);

	network_status(n, 0, &status);
	struct certificate *c = fixture_certificate(network_fixture(n), CERT_N, status.view + 1, &block, 4);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
	message.certificate = (ProtobufCBinaryData){.len = c->size, .data = c->bytes};
	say(&message);
	free(c);
	ck_assert(network_run(n, 5000, was_asked, &asked[1]));
}

static uint64_t left(void)
{
	struct replica_status status;

	network_status(n, 0, &status);
	return status.dropped;
}

START_TEST(what_nobody_asked_for_is_left_unread)
{
	const unsigned kinds[] = {UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY, UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY};
	uint64_t before = left();

	for (size_t i = 0; i < 2; i++) {
		for (int k = 0; k < 5; k++)
			say_nonsense(kinds[i]);
		network_run(n, 100, NULL, NULL);
		ck_assert_uint_eq(asked[i], 0);
		ck_assert_uint_eq(left(), before + 5 * (i + 1));
	}
	ck_assert_uint_eq(dropped, 0);
}
END_TEST

START_TEST(a_page_that_was_asked_for_is_read)
{
	be_asked_for_a_page();
	say_nonsense(UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY);
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(dropped, 1);
}
END_TEST

START_TEST(a_body_that_was_asked_for_is_read)
{
	be_asked_for_a_body();
	say_nonsense(UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY);
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(dropped, 1);
}
END_TEST

/* An answer without what was asked for. */
START_TEST(one_answer_to_a_question_is_read)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncReply page = UNCIA__PB__SYNC_REPLY__INIT;
	uint64_t before;

	be_asked_for_a_page();
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	message.sync_reply = &page;
	say(&message);
	network_run(n, 1000, NULL, NULL);
	before = left();
	say_nonsense(UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY);
	network_run(n, 20, NULL, NULL);
	ck_assert_uint_eq(left(), before + 1);
	ck_assert_uint_eq(dropped, 0);
}
END_TEST

/* Its decoding would take dozens of allocations; it ends the link with less than eight. */
START_TEST(a_proposal_of_very_many_parts_is_not_decoded)
{
	static const uint8_t skip[] = {5 << 3 | 2, 3, 1 << 3 | 2, 1, 0};
	uint8_t *bytes = malloc(SIZE);
	size_t size = 4;

	while (size + sizeof(skip) <= SIZE) {
		memcpy(bytes + size, skip, sizeof(skip));
		size += sizeof(skip);
	}
	bytes[0] = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE << 3 | 2;
	bytes[1] = (uint8_t)(128 | ((size - 4) & 127));
	bytes[2] = (uint8_t)(128 | ((size - 4) >> 7 & 127));
	bytes[3] = (uint8_t)((size - 4) >> 14);
	network_inject(n, 3, 0, bytes, size);
	network_fail_allocation(n, 0, 8, true);
	network_run(n, 20, NULL, NULL);
	ck_assert_uint_eq(dropped, 1);
	ck_assert(network_up(n, 0));
	free(bytes);
}
END_TEST

UNIT_MAIN_BETWEEN("unasked", setup, teardown, what_nobody_asked_for_is_left_unread, a_page_that_was_asked_for_is_read,
                  a_body_that_was_asked_for_is_read, one_answer_to_a_question_is_read,
                  a_proposal_of_very_many_parts_is_not_decoded)

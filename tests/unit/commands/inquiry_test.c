/* What `unciad init` makes of the answers of validators, those of liars among them (node/unciad/network_inquiry.c):
 * each is a thread here that answers one wallet's link over a real socket. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "command.h"
#include "fixture.h"
#include "message.pb-c.h"
#include "network_inquiry.h"
#include "protocol_limits.h"
#include "unit.h"
#include "wire_link.h"

enum answer { NONE, VOTED, VOTE_OF_ANOTHER, FORGED_VOTE, PROPOSED, OTHER_KEY, NOTHING_ASKED, SILENT };

struct server {
	pthread_t thread;
	uint32_t number;
	enum answer answer;
	int listener;
};

static struct fixture network;
static struct home home; /* of validator 0 */
static struct config config;
static struct server servers[4];
static char path[64];

static void up(void)
{
	fixture_init(&network, 4, 1, 1000000);
	snprintf(path, sizeof(path), "/tmp/inquiry_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	home = (struct home){.path = path, .genesis = network.genesis};
	memcpy(home.keys.consensus_public, network.validators[0].consensus.public_key, PUBLIC_KEY_SIZE);
	config = (struct config){.log_level = LOG_LEVEL_INFO};
}

static void down(void)
{
	ck_assert_int_eq(rmdir(path), 0); /* nothing was made */
	fixture_deinit(&network);
}

static void reply(const struct server *s, struct link *link, const struct bytes *message)
{
	Uncia__Pb__WalletRequest *request = uncia__pb__wallet_request__unpack(NULL, message->size, message->data);
	Uncia__Pb__NodeReply answer = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Voted voted = UNCIA__PB__VOTED__INIT;
	struct vote vote;
	uint8_t bytes[256], *packed;
	size_t size = 0;
	if (!request || request->kind_case != UNCIA__PB__WALLET_REQUEST__KIND_VOTED)
		abort();
	fixture_vote(&network, VOTE_SKIP1, 9, NULL, s->answer == VOTE_OF_ANOTHER ? 1 : 0, &vote);
	vote.signature[0] ^= s->answer == FORGED_VOTE;
	if ((s->answer == VOTED || s->answer == VOTE_OF_ANOTHER || s->answer == FORGED_VOTE) &&
	    vote_encode(&vote, bytes, &size))
		abort();
	voted.consensus_key = request->voted->consensus_key;
	if (s->answer == OTHER_KEY)
		voted.consensus_key.data[0] ^= 1;
	voted.vote = (ProtobufCBinaryData){.len = size, .data = bytes};
	voted.proposed_height = s->answer == PROPOSED ? 7 : 0;
	answer.request_id = request->request_id + (s->answer == NOTHING_ASKED);
	answer.kind_case = UNCIA__PB__NODE_REPLY__KIND_VOTED;
	answer.voted = &voted;
	if (canonical_encode(&answer.base, &packed, &size) || link_send(link, packed, size))
		abort();
	free(packed);
	uncia__pb__wallet_request__free_unpacked(request, NULL);
}

/* One link, to its end. */
static void *serve(void *context)
{
	struct server *s = context;
	struct bytes message, run;
	struct link *link;
	uint8_t ephemeral[32], buffer[4096];
	ssize_t n;
	int fd = accept(s->listener, NULL, NULL);
	randombytes_buf(ephemeral, sizeof(ephemeral));
	const struct link_options options = {.pattern = NOISE_NK,
	                                     .network_id = &network.genesis.network_id,
	                                     .static_secret = network.validators[s->number].network_secret,
	                                     .ephemeral_secret = ephemeral,
	                                     .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	                                     .write_queue_max = MESSAGE_SIZE_WALLET_MAX};
	if (fd < 0 || link_new(&options, &link))
		abort();
	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0 && !link_feed(link, buffer, (size_t)n)) {
		while (link_next(link, &message))
			if (s->answer != SILENT)
				reply(s, link, &message);
		for (link_output(link, &run); run.size; link_output(link, &run)) {
			n = send(fd, run.data, run.size, MSG_NOSIGNAL);
			if (n <= 0)
				break;
			link_output_taken(link, (size_t)n);
		}
	}
	link_free(link);
	close(fd);
	close(s->listener);
	return NULL;
}

static void server_start(uint32_t number, enum answer answer)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	struct server *s = &servers[number];
	*s = (struct server){.number = number, .answer = answer, .listener = socket(AF_INET, SOCK_STREAM, 0)};
	ck_assert_int_ge(s->listener, 0);
	ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(s->listener, 1), 0);
	ck_assert_int_eq(getsockname(s->listener, (struct sockaddr *)&address, &size), 0);
	snprintf(config.peers[number].host, sizeof(config.peers[number].host), "127.0.0.1");
	config.peers[number].port = ntohs(address.sin_port);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

static uint32_t asked, answered;

/* The exit code where validators 1 to 3 answer so. */
static int inquire(enum answer one, enum answer two, enum answer three, bool first_start)
{
	const enum answer answers[] = {NONE, one, two, three};
	struct network_inquiry inquiry = {.config = &config, .first_start = first_start};
	up();
	for (uint32_t i = 1; i < 4; i++)
		server_start(i, answers[i]);
	int code = init_ask_network(&home, &inquiry);
	for (uint32_t i = 1; i < 4; i++)
		ck_assert_int_eq(pthread_join(servers[i].thread, NULL), 0);
	down();
	asked = inquiry.asked;
	answered = inquiry.answered;
	return code;
}

START_TEST(all_must_have_seen_nothing_of_the_key)
{
	ck_assert_int_eq(inquire(NONE, NONE, NONE, false), 0);
	ck_assert_int_eq(inquire(NONE, NONE, SILENT, false), EXIT_UNREACHABLE);
	ck_assert_int_eq(inquire(NONE, NONE, SILENT, true), 0);
}
END_TEST

START_TEST(how_many_were_asked_and_answered_is_told)
{
	ck_assert_int_eq(inquire(NONE, NONE, NONE, false), 0);
	ck_assert_uint_eq(asked, 3);
	ck_assert_uint_eq(answered, 3);
	ck_assert_int_eq(inquire(NONE, FORGED_VOTE, SILENT, true), 0);
	ck_assert_uint_eq(asked, 3);
	ck_assert_uint_eq(answered, 1);
}
END_TEST

START_TEST(one_vote_or_one_final_block_is_enough_whatever_the_others_say)
{
	ck_assert_int_eq(inquire(NONE, VOTED, NONE, false), EXIT_REFUSED);
	ck_assert_int_eq(inquire(SILENT, SILENT, VOTED, true), EXIT_REFUSED);
	ck_assert_int_eq(inquire(PROPOSED, NONE, NONE, true), EXIT_REFUSED);
}
END_TEST

START_TEST(a_liar_cannot_make_up_a_vote_and_its_answer_does_not_count)
{
	static const enum answer lies[] = {VOTE_OF_ANOTHER, FORGED_VOTE, OTHER_KEY, NOTHING_ASKED};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		ck_assert_int_eq(inquire(NONE, lies[i], NONE, false), EXIT_UNREACHABLE);
		ck_assert_int_eq(inquire(NONE, lies[i], NONE, true), 0);
	}
}
END_TEST

START_TEST(who_is_alone_has_nobody_to_ask)
{
	struct network_inquiry inquiry = {.config = &config, .first_start = false};
	fixture_init(&network, 1, 1, 1000000);
	config = (struct config){.log_level = LOG_LEVEL_INFO};
	home = (struct home){.path = "/nowhere", .genesis = network.genesis};
	ck_assert_int_eq(init_ask_network(&home, &inquiry), EXIT_UNREACHABLE);
	inquiry.first_start = true;
	ck_assert_int_eq(init_ask_network(&home, &inquiry), 0);
	ck_assert_uint_eq(inquiry.asked, 0);
	fixture_deinit(&network);
}
END_TEST

UNIT_MAIN("inquiry", all_must_have_seen_nothing_of_the_key, how_many_were_asked_and_answered_is_told,
          one_vote_or_one_final_block_is_enough_whatever_the_others_say,
          a_liar_cannot_make_up_a_vote_and_its_answer_does_not_count, who_is_alone_has_nobody_to_ask)

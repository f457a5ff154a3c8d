/* A validator's side of its sign agent, against a real agent in a process of its own, against agents that are killed,
 * stand still or are none, and the agent against what is no validator. */
#include "signer_client.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "fixture.h"
#include "signer_agent.h"
#include "store_home.h"
#include "uncia/error.h"
#include "unit.h"

#define SELF 1u

static struct fixture f;
static struct signed_record_owner owner;
static struct signer_client_options options;
static struct signer_client *client;
static char directory[64], path[80], why[256];
static pid_t agent;

static void when_ready(void *context)
{
	int *pipe_end = context;
	ssize_t told = write(*pipe_end, "r", 1); /* nobody may wait for it */
	(void)told;
}

static void when_refused(void *context, const struct signer_request *request, enum signer_verdict verdict)
{
	(void)context;
	(void)request;
	(void)verdict;
}

static int run_agent(int ready)
{
	static volatile sig_atomic_t stop;
	struct signed_record *record;
	struct signer_agent_counts counts;
	sigset_t waiting;
	sigemptyset(&waiting);
	if (signed_record_open(directory, &owner, f.validators[SELF].consensus.secret_key, &record, why))
		return 4;
	const struct signer_agent_options agent_options = {.record = record,
	                                                   .path = path,
	                                                   .stop = &stop,
	                                                   .waiting = &waiting,
	                                                   .ready = when_ready,
	                                                   .refused = when_refused,
	                                                   .context = &ready};
	return signer_agent_run(&agent_options, &counts, why);
}

/* wait: until it listens. */
static void start_agent(bool wait)
{
	int ends[2];
	char byte;
	ck_assert_int_eq(pipe(ends), 0);
	fflush(NULL);
	agent = fork();
	ck_assert_int_ge(agent, 0);
	if (!agent) {
		close(ends[0]);
		_exit(run_agent(ends[1]));
	}
	close(ends[1]);
	if (wait)
		ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
}

static void kill_agent(void)
{
	if (agent > 0) {
		kill(agent, SIGKILL);
		waitpid(agent, NULL, 0);
	}
	agent = 0;
}

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	fixture_init(&f, 4, 1, 1000000);
	owner = (struct signed_record_owner){&f.genesis.network_id, &f.genesis.committee, SELF};
	strcpy(directory, "/tmp/signer_client_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/s", directory);
	options = (struct signer_client_options){.path = path, .network_id = f.genesis.network_id, .deadline_ms = 300};
	memcpy(options.consensus_key, f.validators[SELF].consensus.public_key, PUBLIC_KEY_SIZE);
	ck_assert_int_eq(signed_record_create(directory, &owner), 0);
}

static void teardown(void)
{
	signer_client_free(client);
	client = NULL;
	kill_agent();
	unlink(path);
	ck_assert(store_home_remove(directory));
	fixture_deinit(&f);
}

static void begin(void)
{
	start_agent(true);
	ck_assert_msg(!signer_client_new(&options, &client, why), "%s", why);
}

static int sign_vote(uint64_t view, enum vote_kind kind, uint8_t block, uint8_t signature[SIGNATURE_SIZE])
{
	struct vote vote = {.kind = kind, .view = view};
	struct statement statement;
	if (vote_kind_names_block(kind))
		vote.block_id.b[0] = block;
	statement_of_vote(&f.genesis.network_id, &vote, &statement);
	*why = '\0';
	int error = signer_client_sign(client, &statement, signature, why);
	if (!error)
		ck_assert(sign_verify(options.consensus_key, &statement.digest, signature));
	return error;
}

static int sign_expiry(uint64_t height)
{
	const struct payment_id id = {{1}};
	uint8_t signature[SIGNATURE_SIZE];
	struct statement statement;
	statement_of_expiry(&f.genesis.network_id, &id, height, 1, &statement);
	return signer_client_sign(client, &statement, signature, why);
}

static uint64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

START_TEST(votes_and_expiries_are_signed_and_second_votes_are_not)
{
	uint8_t signature[SIGNATURE_SIZE];
	struct vote vote = {.view = 0};
	begin();
	ck_assert_uint_eq(signer_client_past(client), 0);
	ck_assert_int_eq(sign_vote(1, VOTE_NOTAR1, 1, signature), 0);
	ck_assert_int_eq(sign_vote(1, VOTE_NOTAR1, 2, signature), UNCIA_E_DAMAGED);
	ck_assert_str_eq(
	    why, "the agent has signed a first vote for a block in view 1, beside which this vote must not stand");
	ck_assert_int_eq(sign_expiry(1), 0);
	ck_assert_int_eq(signer_client_next(client, &vote, &vote, why), 0);
	ck_assert_uint_eq(vote.view, 1);
	ck_assert_int_eq(signer_client_next(client, &vote, &vote, why), UNCIA_E_NOT_FOUND);
}
END_TEST

START_TEST(an_agent_that_was_killed_and_started_again_is_linked_with_again)
{
	uint8_t one[SIGNATURE_SIZE], again[SIGNATURE_SIZE];
	options.deadline_ms = 20000; /* a machine under load starts processes slowly */
	begin();
	ck_assert_int_eq(sign_vote(1, VOTE_NOTAR1, 1, one), 0);
	for (unsigned i = 0; i < 5; i++) {
		kill_agent();
		start_agent(false);
		ck_assert_int_eq(sign_vote(1, VOTE_NOTAR1, 1, again), 0);
		ck_assert_mem_eq(one, again, SIGNATURE_SIZE);
		ck_assert_int_eq(sign_vote(1, VOTE_SKIP1, 0, again), UNCIA_E_DAMAGED);
	}
}
END_TEST

START_TEST(who_is_gone_is_waited_for_no_longer_than_the_deadline)
{
	uint8_t signature[SIGNATURE_SIZE];
	begin();
	kill_agent();
	uint64_t begun = clock_ms();
	ck_assert_int_eq(sign_vote(1, VOTE_SKIP1, 0, signature), UNCIA_E_UNREACHABLE);
	ck_assert_uint_ge(clock_ms() - begun, 250);
	ck_assert_uint_lt(clock_ms() - begun, 2000);
	ck_assert_ptr_nonnull(strstr(why, path));
	ck_assert_int_eq(sign_expiry(1), UNCIA_E_UNREACHABLE);
	begun = clock_ms();
	for (unsigned i = 0; i < 1000; i++) /* none of these waits */
		ck_assert_int_eq(sign_expiry(i), UNCIA_E_UNREACHABLE);
	ck_assert_uint_lt(clock_ms() - begun, 900);
}
END_TEST

START_TEST(who_stands_still_is_waited_for_no_longer_than_the_deadline)
{
	uint8_t signature[SIGNATURE_SIZE];
	begin();
	kill(agent, SIGSTOP);
	uint64_t begun = clock_ms();
	ck_assert_int_eq(sign_vote(1, VOTE_SKIP1, 0, signature), UNCIA_E_UNREACHABLE);
	ck_assert_uint_lt(clock_ms() - begun, 2000);
	kill(agent, SIGCONT);
	/* What it answers late to is not taken for the answer to something else. */
	options.deadline_ms = 20000;
	signer_client_free(client);
	ck_assert_msg(!signer_client_new(&options, &client, why), "%s", why);
	ck_assert_int_eq(sign_vote(1, VOTE_SKIP1, 0, signature), 0);
}
END_TEST

START_TEST(another_keys_agent_and_nobody_are_told_apart)
{
	start_agent(true);
	options.consensus_key[0] ^= 1;
	ck_assert_int_eq(signer_client_new(&options, &client, why), UNCIA_E_NETWORK);
	options.consensus_key[0] ^= 1;
	options.network_id.b[0] ^= 1;
	ck_assert_int_eq(signer_client_new(&options, &client, why), UNCIA_E_NETWORK);
	options.network_id.b[0] ^= 1;
	options.path = "/nonexistent/socket";
	ck_assert_int_eq(signer_client_new(&options, &client, why), UNCIA_E_UNREACHABLE);
	options.path =
	    "/a/path/that/is/longer/than/the/address/of/a/socket/has/room/for/and/so/can/be/nobodys/not/even/"
	    "an/agents/of/a/very/long/name";
	ck_assert_int_eq(signer_client_new(&options, &client, why), UNCIA_E_ARGUMENT);
}
END_TEST

/* A listener whose answers are garbage: a process of its own. */
START_TEST(who_is_no_agent_is_called_that)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, path);
	int listening = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	fflush(NULL);
	agent = fork();
	if (!agent) {
		int fd = accept(listening, NULL, NULL);
		char bytes[200];
		if (recv(fd, bytes, sizeof(bytes), 0) > 0)
			send(fd, "garbage", 7, 0);
		pause();
	}
	close(listening);
	ck_assert_int_eq(signer_client_new(&options, &client, why), UNCIA_E_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(why, "no sign agent of this version"));
}
END_TEST

static int raw_link(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

START_TEST(strangers_neither_end_the_agent_nor_keep_it_from_others)
{
	uint8_t signature[SIGNATURE_SIZE], request[SIGNER_REQUEST_SIZE], answer[SIGNER_ANSWER_SIZE];
	const struct signer_request hello = {.question = SIGNER_HELLO, .network_id = f.genesis.network_id};
	int silent[5], deaf;
	options.deadline_ms = 20000;
	begin();
	for (unsigned i = 0; i < 5; i++)
		silent[i] = raw_link();
	/* One that asks and never reads is dropped once its socket is full. */
	deaf = raw_link();
	signer_request_put(&hello, request);
	while (send(deaf, request, sizeof(request), MSG_NOSIGNAL) > 0)
		;
	for (unsigned i = 1; i < 50; i++)
		ck_assert_int_eq(sign_vote(i, VOTE_SKIP1, 0, signature), 0);
	/* One whose request is none gets a word, and the link ends. */
	ck_assert_int_eq(send(silent[0], "x", 1, MSG_NOSIGNAL), 1);
	ck_assert_int_eq(recv(silent[0], answer, sizeof(answer), 0), SIGNER_ANSWER_SIZE);
	ck_assert_int_eq(answer[1], SIGNER_MALFORMED);
	ck_assert_int_eq(recv(silent[0], answer, sizeof(answer), 0), 0);
	for (unsigned i = 0; i < 5; i++)
		close(silent[i]);
	close(deaf);
	ck_assert_int_eq(sign_vote(99, VOTE_SKIP1, 0, signature), 0);
	ck_assert_int_eq(waitpid(agent, NULL, WNOHANG), 0);
}
END_TEST

UNIT_MAIN_BETWEEN("signer_client", setup, teardown, votes_and_expiries_are_signed_and_second_votes_are_not,
                  an_agent_that_was_killed_and_started_again_is_linked_with_again,
                  who_is_gone_is_waited_for_no_longer_than_the_deadline,
                  who_stands_still_is_waited_for_no_longer_than_the_deadline,
                  another_keys_agent_and_nobody_are_told_apart, who_is_no_agent_is_called_that,
                  strangers_neither_end_the_agent_nor_keep_it_from_others)

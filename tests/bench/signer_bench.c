/* What a sign agent costs: round trips over its socket to an agent in a process of its own, with and without its
 * record, and beside them the record's own commits. Says what it measured on standard output. DIRECTORY should lie on
 * the disk that counts. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "figure.h"
#include "fixture.h"
#include "signer_agent.h"
#include "signer_client.h"
#include "store_home.h"

#define ROUNDS 4000

static struct fixture f;
static char directory[64], path[80], why[256];
static double took[ROUNDS];

static void check(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "signer_bench: %s: %d %s\n", what, error, why);
	exit(1);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void tell(const char *what)
{
	double sum = 0;
	for (size_t i = 0; i < ROUNDS; i++)
		sum += took[i];
	qsort(took, ROUNDS, sizeof(took[0]), ascending);
	figure(took[ROUNDS / 2], "us", "%s: median", what);
	figure(took[ROUNDS / 100 * 99], "us", "%s: 99 of 100 are below", what);
	figure(took[ROUNDS - 1] / 1e3, "ms", "%s: the slowest", what);
	figure(ROUNDS / (sum / 1e6), "/s", "%s: one after the other", what);
}

static void vote_of(uint64_t view, struct statement *statement)
{
	const struct vote vote = {.kind = VOTE_NOTAR1, .view = view, .block_id = fixture_hash(view)};
	statement_of_vote(&f.genesis.network_id, &vote, statement);
	statement->past_view = view > 2 ? view - 2 : 0;
}

static void bench_votes(struct signer_client *client)
{
	uint8_t signature[SIGNATURE_SIZE];
	struct statement statement;
	for (size_t i = 0; i < ROUNDS; i++) {
		vote_of(i + 1, &statement);
		double begun = now_us();
		check(signer_client_sign(client, &statement, signature, why), "a vote");
		took[i] = now_us() - begun;
	}
	tell("sign agent: a vote, on record");
	vote_of(ROUNDS, &statement);
	for (size_t i = 0; i < ROUNDS; i++) {
		double begun = now_us();
		check(signer_client_sign(client, &statement, signature, why), "the same vote");
		took[i] = now_us() - begun;
	}
	tell("sign agent: the same vote again");
}

static void bench_expiries(struct signer_client *client)
{
	const struct payment_id id = {{1}};
	uint8_t signature[SIGNATURE_SIZE];
	struct statement statement;
	for (size_t i = 0; i < ROUNDS; i++) {
		statement_of_expiry(&f.genesis.network_id, &id, i, i, &statement);
		double begun = now_us();
		check(signer_client_sign(client, &statement, signature, why), "an expiry");
		took[i] = now_us() - begun;
	}
	tell("sign agent: an expiry, without a record");
}

/* The record alone, in this process. */
static void bench_record(const struct signed_record_owner *owner)
{
	struct signed_record *record;
	struct signer_answer answer;
	check(signed_record_open(directory, owner, f.validators[0].consensus.secret_key, &record, why), "the record");
	for (size_t i = 0; i < ROUNDS; i++) {
		struct signer_request request = {.question = SIGNER_VOTE, .network_id = f.genesis.network_id};
		struct statement statement;
		vote_of(ROUNDS + 1 + i, &statement);
		memcpy(request.statement, statement.bytes, STATEMENT_VOTE_SIZE);
		request.past_view = statement.past_view;
		double begun = now_us();
		check(signed_record_answer(record, &request, &answer, why), "a vote of the record");
		check(signed_record_tidy(record, why), "copying");
		took[i] = now_us() - begun;
		assert(answer.verdict == SIGNER_DONE);
	}
	tell("sign agent: its record alone");
	signed_record_close(record);
}

static void nothing(void *context)
{
	(void)context;
}

static void on_refusal(void *context, const struct signer_request *request, enum signer_verdict verdict)
{
	(void)context;
	(void)request;
	fprintf(stderr, "signer_bench: refused: %d\n", verdict);
}

static int run_agent(const struct signed_record_owner *owner)
{
	static volatile sig_atomic_t stop;
	struct signed_record *record;
	struct signer_agent_counts counts;
	sigset_t waiting;
	sigemptyset(&waiting);
	check(signed_record_open(directory, owner, f.validators[0].consensus.secret_key, &record, why), "the record");
	const struct signer_agent_options options = {.record = record,
	                                             .path = path,
	                                             .stop = &stop,
	                                             .waiting = &waiting,
	                                             .ready = nothing,
	                                             .refused = on_refusal};
	return signer_agent_run(&options, &counts, why);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: signer_bench DIRECTORY\n");
		return 2;
	}
	fixture_init(&f, 4, 1, 1000000);
	const struct signed_record_owner owner = {&f.genesis.network_id, &f.genesis.committee, 0};
	struct signer_client_options options = {.path = path, .network_id = f.genesis.network_id};
	struct signer_client *client;
	memcpy(options.consensus_key, f.validators[0].consensus.public_key, PUBLIC_KEY_SIZE);
	snprintf(directory, sizeof(directory), "%.40s/signer_bench.XXXXXX", argv[1]);
	assert(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/s", directory);
	check(signed_record_create(directory, &owner), "making a record");
	pid_t agent = fork();
	if (!agent)
		_exit(run_agent(&owner));
	check(signer_client_new(&options, &client, why), "linking");
	bench_votes(client);
	bench_expiries(client);
	signer_client_free(client);
	kill(agent, SIGKILL);
	waitpid(agent, NULL, 0);
	bench_record(&owner);
	unlink(path);
	store_home_remove(directory);
	fixture_deinit(&f);
	return 0;
}

/* The record of a sign agent: one first vote a view and what may follow it, whoever asks, in whatever order, and
 * whatever becomes of the process and of the last bytes on the disk. */
#include "signed_record.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "big_endian.h"
#include "fixture.h"
#include "store_home.h"
#include "uncia/error.h"
#include "unit.h"

#define VALIDATORS 4
#define SELF       2u
#define PIECE      4096
#define LOG_SIZE   65536
#define TORN       100 /* bytes of a piece that got to the disk */

static struct fixture f;
static struct signed_record *record;
static struct signed_record_owner owner;
static char directory[64], why[256];

static int record_open(void)
{
	return signed_record_open(directory, &owner, f.validators[SELF].consensus.secret_key, &record, why);
}

static void record_close(void)
{
	signed_record_close(record);
	record = NULL;
}

static void setup(void)
{
	fixture_init(&f, VALIDATORS, 1, 1000000);
	owner = (struct signed_record_owner){&f.genesis.network_id, &f.genesis.committee, SELF};
	strcpy(directory, "/tmp/signed_record_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(signed_record_create(directory, &owner), 0);
	ck_assert_msg(!record_open(), "%s", why);
}

static void teardown(void)
{
	record_close();
	ck_assert(store_home_remove(directory));
	fixture_deinit(&f);
}

static struct vote a_vote(uint64_t view, enum vote_kind kind, uint64_t block)
{
	struct vote vote = {.kind = kind, .view = view, .voter = SELF};
	if (vote_kind_names_block(kind))
		vote.block_id = fixture_hash(block);
	return vote;
}

/* Asks for the vote's signature, as a client does. A signature that is given holds. */
static enum signer_verdict ask_past(const struct vote *vote, uint64_t past_view, struct signer_answer *answer)
{
	struct statement statement;
	struct signer_request request = {
	    .question = SIGNER_VOTE, .number = 7, .network_id = f.genesis.network_id, .past_view = past_view};
	statement_of_vote(&f.genesis.network_id, vote, &statement);
	memcpy(request.statement, statement.bytes, STATEMENT_VOTE_SIZE);
	ck_assert_msg(!signed_record_answer(record, &request, answer, why), "%s", why);
	ck_assert_uint_eq(answer->number, 7);
	ck_assert_int_eq(answer->verdict == SIGNER_DONE,
	                 sign_verify(f.validators[SELF].consensus.public_key, &statement.digest, answer->signature));
	return answer->verdict;
}

static enum signer_verdict ask(uint64_t view, enum vote_kind kind, uint64_t block)
{
	struct signer_answer answer;
	const struct vote vote = a_vote(view, kind, block);
	return ask_past(&vote, 0, &answer);
}

START_TEST(a_view_has_one_first_vote)
{
	ck_assert_int_eq(ask(1, VOTE_NOTAR1, 1), SIGNER_DONE);
	ck_assert_int_eq(ask(1, VOTE_NOTAR1, 2), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(1, VOTE_SKIP1, 0), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(2, VOTE_SKIP1, 0), SIGNER_DONE);
	ck_assert_int_eq(ask(2, VOTE_NOTAR1, 1), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(9, VOTE_NOTAR1, 1), SIGNER_DONE);
	ck_assert_int_eq(ask(3, VOTE_NOTAR1, 2), SIGNER_DONE);
}
END_TEST

START_TEST(the_same_vote_gets_the_same_signature_as_often_as_it_is_asked_for)
{
	struct signer_answer one, again;
	const struct vote vote = a_vote(5, VOTE_NOTAR1, 1);
	ck_assert_int_eq(ask_past(&vote, 0, &one), SIGNER_DONE);
	ck_assert_int_eq(ask_past(&vote, 0, &again), SIGNER_DONE);
	ck_assert_mem_eq(one.signature, again.signature, SIGNATURE_SIZE);
	ck_assert_int_eq(ask(5, VOTE_FINAL, 1), SIGNER_DONE);
	ck_assert_int_eq(ask_past(&vote, 0, &again), SIGNER_DONE);
	ck_assert_mem_eq(one.signature, again.signature, SIGNATURE_SIZE);
}
END_TEST

START_TEST(a_refusal_says_what_was_signed_and_signs_nothing)
{
	static const uint8_t none[SIGNATURE_SIZE];
	struct signer_answer answer;
	const struct vote first = a_vote(5, VOTE_NOTAR1, 1), other = a_vote(5, VOTE_NOTAR1, 2);
	struct vote said;
	ck_assert_int_eq(ask_past(&first, 0, &answer), SIGNER_DONE);
	ck_assert_int_eq(ask_past(&other, 0, &answer), SIGNER_CONTRADICTS);
	ck_assert_int_eq(statement_read_vote(answer.statement, &said), 0);
	ck_assert_int_eq(said.kind, VOTE_NOTAR1);
	ck_assert(hash_equal(&said.block_id, &first.block_id));
	ck_assert_mem_eq(answer.signature, none, SIGNATURE_SIZE);
}
END_TEST

START_TEST(extra_and_final_votes_follow_consensus_6_5)
{
	/* After NOTAR1(1). */
	ck_assert_int_eq(ask(1, VOTE_NOTAR2, 2), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(1, VOTE_FINAL, 1), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(1, VOTE_NOTAR1, 1), SIGNER_DONE);
	ck_assert_int_eq(ask(1, VOTE_FINAL, 2), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(1, VOTE_NOTAR2, 1), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(1, VOTE_FINAL, 1), SIGNER_DONE);
	ck_assert_int_eq(ask(1, VOTE_NOTAR2, 2), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(1, VOTE_SKIP2, 0), SIGNER_CONTRADICTS);
	/* After NOTAR1(1) and an extra vote there is no FINAL. */
	ck_assert_int_eq(ask(2, VOTE_NOTAR1, 1), SIGNER_DONE);
	ck_assert_int_eq(ask(2, VOTE_SKIP2, 0), SIGNER_DONE);
	ck_assert_int_eq(ask(2, VOTE_NOTAR2, 2), SIGNER_DONE);
	ck_assert_int_eq(ask(2, VOTE_FINAL, 1), SIGNER_CONTRADICTS);
	/* After SKIP1. */
	ck_assert_int_eq(ask(3, VOTE_SKIP1, 0), SIGNER_DONE);
	ck_assert_int_eq(ask(3, VOTE_SKIP2, 0), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(3, VOTE_FINAL, 1), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(3, VOTE_NOTAR2, 1), SIGNER_DONE);
}
END_TEST

START_TEST(extra_votes_are_no_more_than_an_honest_validator_can_cast)
{
	/* Four of weight 1: K = 2. */
	ck_assert_int_eq(ask(1, VOTE_SKIP1, 0), SIGNER_DONE);
	ck_assert_int_eq(ask(1, VOTE_NOTAR2, 1), SIGNER_DONE);
	ck_assert_int_eq(ask(1, VOTE_NOTAR2, 2), SIGNER_DONE);
	ck_assert_int_eq(ask(1, VOTE_NOTAR2, 3), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(1, VOTE_NOTAR2, 2), SIGNER_DONE);
}
END_TEST

START_TEST(past_views_are_forgotten_and_refused_for_good)
{
	struct signer_answer answer;
	const struct vote later = a_vote(6, VOTE_SKIP1, 0);
	for (uint64_t view = 1; view < 6; view++)
		ck_assert_int_eq(ask(view, VOTE_NOTAR1, view), SIGNER_DONE);
	ck_assert_int_eq(ask_past(&later, 4, &answer), SIGNER_DONE);
	for (unsigned opened = 0; opened < 2; opened++) {
		ck_assert_int_eq(ask(4, VOTE_NOTAR1, 4), SIGNER_PAST); /* even what was signed there */
		ck_assert_int_eq(ask(1, VOTE_FINAL, 1), SIGNER_PAST);
		ck_assert_int_eq(ask(5, VOTE_SKIP1, 0), SIGNER_CONTRADICTS);
		record_close();
		ck_assert_msg(!record_open(), "%s", why);
	}
	/* What is told later and is less does not bring them back. */
	ck_assert_int_eq(ask(7, VOTE_SKIP1, 0), SIGNER_DONE);
	ck_assert_int_eq(ask(4, VOTE_SKIP1, 0), SIGNER_PAST);
}
END_TEST

/* As where a key moves here whose journal has forgotten what it signed in final views. */
START_TEST(views_that_were_past_before_are_refused_from_the_first_request_on)
{
	ck_assert_int_eq(signed_record_past(record, 7, why), 0);
	ck_assert_int_eq(signed_record_past(record, 3, why), 0);
	ck_assert_int_eq(ask(7, VOTE_NOTAR1, 1), SIGNER_PAST);
	ck_assert_int_eq(ask(8, VOTE_NOTAR1, 1), SIGNER_DONE);
	record_close();
	ck_assert_msg(!record_open(), "%s", why);
	ck_assert_int_eq(ask(7, VOTE_NOTAR1, 1), SIGNER_PAST);
}
END_TEST

START_TEST(what_is_past_lies_below_the_view_that_is_voted_in)
{
	struct signer_answer answer;
	const struct vote vote = a_vote(6, VOTE_SKIP1, 0);
	ck_assert_int_eq(ask_past(&vote, 6, &answer), SIGNER_MALFORMED);
	ck_assert_int_eq(ask_past(&vote, UINT64_MAX, &answer), SIGNER_MALFORMED);
	ck_assert_int_eq(ask_past(&vote, 5, &answer), SIGNER_DONE);
}
END_TEST

START_TEST(another_network_another_epoch_and_what_is_no_vote_are_refused)
{
	struct signer_answer answer;
	struct vote vote = a_vote(1, VOTE_SKIP1, 0);
	struct signer_request request = {.question = SIGNER_VOTE, .network_id = fixture_hash(99)};
	struct statement statement;
	statement_of_vote(&f.genesis.network_id, &vote, &statement);
	memcpy(request.statement, statement.bytes, STATEMENT_VOTE_SIZE);
	ck_assert_int_eq(signed_record_answer(record, &request, &answer, why), 0);
	ck_assert_int_eq(answer.verdict, SIGNER_FOREIGN);
	vote.epoch = 1;
	ck_assert_int_eq(ask_past(&vote, 0, &answer), SIGNER_FOREIGN);
	request.network_id = f.genesis.network_id;
	request.statement[8] = 6;
	ck_assert_int_eq(signed_record_answer(record, &request, &answer, why), 0);
	ck_assert_int_eq(answer.verdict, SIGNER_MALFORMED);
	ck_assert_int_eq(ask(1, VOTE_NOTAR1, 1), SIGNER_DONE); /* none of these has left a trace */
}
END_TEST

START_TEST(words_on_expiries_are_signed_under_their_own_tag)
{
	const struct payment_id id = {{1, 2, 3}};
	struct statement statement;
	struct signer_answer answer;
	struct signer_request request = {.question = SIGNER_EXPIRY, .network_id = f.genesis.network_id};
	statement_of_expiry(&f.genesis.network_id, &id, 8, 9, &statement);
	memcpy(request.statement, statement.bytes, STATEMENT_EXPIRY_SIZE);
	ck_assert_int_eq(signed_record_answer(record, &request, &answer, why), 0);
	ck_assert_int_eq(answer.verdict, SIGNER_DONE);
	ck_assert(sign_verify(f.validators[SELF].consensus.public_key, &statement.digest, answer.signature));
}
END_TEST

/* The vote behind one, as the record tells it; false: there is none. */
static bool next_vote(struct vote *vote)
{
	struct statement statement;
	struct signer_answer answer;
	struct signer_request request = {.question = SIGNER_NEXT, .network_id = f.genesis.network_id};
	statement_of_vote(&f.genesis.network_id, vote, &statement);
	memcpy(request.statement, statement.bytes, STATEMENT_VOTE_SIZE);
	ck_assert_int_eq(signed_record_answer(record, &request, &answer, why), 0);
	if (answer.verdict == SIGNER_NONE)
		return false;
	ck_assert_int_eq(answer.verdict, SIGNER_DONE);
	ck_assert_int_eq(statement_read_vote(answer.statement, vote), 0);
	statement_of_vote(&f.genesis.network_id, vote, &statement);
	ck_assert(sign_verify(f.validators[SELF].consensus.public_key, &statement.digest, answer.signature));
	return true;
}

START_TEST(the_record_is_told_in_order)
{
	struct vote vote = {.view = 0};
	ck_assert_int_eq(ask(7, VOTE_NOTAR1, 1), SIGNER_DONE);
	ck_assert_int_eq(ask(7, VOTE_FINAL, 1), SIGNER_DONE);
	ck_assert_int_eq(ask(3, VOTE_SKIP1, 0), SIGNER_DONE);
	ck_assert(next_vote(&vote) && vote.view == 3 && vote.kind == VOTE_SKIP1);
	ck_assert(next_vote(&vote) && vote.view == 7 && vote.kind == VOTE_NOTAR1);
	ck_assert(next_vote(&vote) && vote.view == 7 && vote.kind == VOTE_FINAL);
	ck_assert(!next_vote(&vote));
	vote = (struct vote){.view = UINT64_MAX, .kind = VOTE_FINAL, .block_id = {{0}}};
	memset(vote.block_id.b, 0xff, HASH_SIZE);
	ck_assert(!next_vote(&vote));
}
END_TEST

START_TEST(votes_signed_elsewhere_are_noted_and_not_contradicted)
{
	enum signer_verdict verdict;
	struct vote vote;
	fixture_vote(&f, VOTE_NOTAR1, 4, &(struct hash){{4}}, SELF, &vote);
	vote.epoch = 0;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(signed_record_note(record, &vote, &verdict, why), 0);
		ck_assert_int_eq(verdict, SIGNER_DONE);
	}
	ck_assert_int_eq(ask(4, VOTE_SKIP1, 0), SIGNER_CONTRADICTS);
	vote.block_id.b[0]++;
	ck_assert_int_eq(signed_record_note(record, &vote, &verdict, why), 0);
	ck_assert_int_eq(verdict, SIGNER_CONTRADICTS);
	vote.voter = SELF + 1;
	ck_assert_int_eq(signed_record_note(record, &vote, &verdict, why), 0);
	ck_assert_int_eq(verdict, SIGNER_FOREIGN);
}
END_TEST

START_TEST(two_agents_on_one_record_are_refused)
{
	struct signed_record *second = NULL;
	int error = signed_record_open(directory, &owner, f.validators[SELF].consensus.secret_key, &second, why);
	ck_assert_int_eq(error, UNCIA_E_BUSY);
	ck_assert_ptr_nonnull(strstr(why, "in use by process"));
	ck_assert_ptr_null(second);
}
END_TEST

START_TEST(a_record_of_another_key_is_refused)
{
	record_close();
	owner.self = 1;
	ck_assert_int_eq(record_open(), UNCIA_E_NETWORK);
	owner.self = SELF;
	ck_assert_int_eq(signed_record_create(directory, &owner), UNCIA_E_EXISTS);
	ck_assert_msg(!record_open(), "%s", why);
}
END_TEST

/* ---- ends that are not in order ---------------------------------------------------------------- */

/* Signs in a process that is killed the moment it has the last answer. */
static void sign_and_die(uint64_t from_view, uint64_t to_view)
{
	int status;
	record_close();
	fflush(NULL);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		struct signer_answer answer;
		if (record_open())
			_exit(1);
		for (uint64_t view = from_view; view <= to_view; view++) {
			const struct vote vote = a_vote(view, VOTE_NOTAR1, view);
			if (ask_past(&vote, 0, &answer) != SIGNER_DONE)
				_exit(2);
		}
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(what_was_signed_outlives_a_kill)
{
	sign_and_die(1, 40);
	ck_assert_msg(!record_open(), "%s", why);
	for (uint64_t view = 1; view <= 40; view++) {
		ck_assert_int_eq(ask(view, VOTE_SKIP1, 0), SIGNER_CONTRADICTS);
		ck_assert_int_eq(ask(view, VOTE_NOTAR1, view), SIGNER_DONE);
	}
}
END_TEST

static void path_of(const char *name, char path[128])
{
	snprintf(path, 128, "%s/data/journal/%s", directory, name);
}

static size_t file_get(const char *name, uint8_t *bytes, size_t room)
{
	char path[128];
	path_of(name, path);
	int fd = open(path, O_RDONLY);
	ssize_t size = read(fd, bytes, room);
	ck_assert_int_gt(size, 0);
	close(fd);
	return (size_t)size;
}

static void file_put(const char *name, const uint8_t *bytes, size_t size)
{
	char path[128];
	path_of(name, path);
	int fd = open(path, O_WRONLY);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/* Where the newest piece begins in the one of the log's files that has it. */
static size_t newest_piece(const uint8_t log[LOG_SIZE], size_t size)
{
	size_t newest = 0;
	for (size_t at = 0; at + PIECE <= size; at += PIECE)
		if (be64_get(log + at + 24) > be64_get(log + newest + 24))
			newest = at;
	return newest;
}

/* Returns which file has the newest piece, its bytes in log. */
static const char *active_log(uint8_t log[LOG_SIZE], size_t *size)
{
	static uint8_t other[LOG_SIZE];
	size_t other_size = file_get("log.1", other, LOG_SIZE);
	*size = file_get("log.0", log, LOG_SIZE);
	if (be64_get(log + newest_piece(log, *size) + 24) >= be64_get(other + newest_piece(other, other_size) + 24))
		return "log.0";
	memcpy(log, other, other_size);
	*size = other_size;
	return "log.1";
}

START_TEST(an_append_that_was_torn_is_as_if_it_had_never_been_asked_for)
{
	static uint8_t log[LOG_SIZE];
	uint8_t seal[24];
	size_t size;
	sign_and_die(1, 3);
	file_get("log.seal", seal, sizeof(seal));
	sign_and_die(4, 4);
	const char *name = active_log(log, &size);
	size_t newest = newest_piece(log, size);
	/* At a cut the seal is the one before: it follows the piece, and with it the answer. */
	memset(log + newest + TORN, 0, PIECE - TORN);
	file_put(name, log, size);
	file_put("log.seal", seal, sizeof(seal));
	ck_assert_msg(!record_open(), "%s", why);
	for (uint64_t view = 1; view <= 3; view++)
		ck_assert_int_eq(ask(view, VOTE_SKIP1, 0), SIGNER_CONTRADICTS);
	ck_assert_int_eq(ask(4, VOTE_SKIP1, 0), SIGNER_DONE);
	ck_assert_int_eq(ask(4, VOTE_NOTAR1, 4), SIGNER_CONTRADICTS);
}
END_TEST

START_TEST(a_record_that_is_damaged_or_cut_short_signs_nothing)
{
	static uint8_t log[LOG_SIZE], changed[LOG_SIZE];
	size_t size;
	sign_and_die(1, 5);
	const char *name = active_log(log, &size);
	size_t newest = newest_piece(log, size);
	for (size_t at = 0; at <= newest; at += PIECE) {
		if (!be64_get(log + at + 24))
			continue;
		for (size_t byte = 0; byte < 200; byte += 9) {
			memcpy(changed, log, size);
			changed[at + byte] ^= 4;
			file_put(name, changed, size);
			int error = record_open();
			ck_assert_msg(error == UNCIA_E_DAMAGED, "piece %zu, byte %zu: %d", at / PIECE, byte, error);
			ck_assert_ptr_nonnull(strstr(why, "journal: "));
		}
	}
	memset(changed, 0, size);
	file_put(name, changed, size);
	ck_assert_int_eq(record_open(), UNCIA_E_DAMAGED);
	file_put(name, log, size);
	ck_assert_msg(!record_open(), "%s", why);
	ck_assert_int_eq(ask(5, VOTE_SKIP1, 0), SIGNER_CONTRADICTS);
}
END_TEST

START_TEST(a_record_that_is_gone_is_not_made_anew)
{
	record_close();
	ck_assert(store_home_remove(directory));
	strcpy(directory, "/tmp/signed_record_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(record_open(), UNCIA_E_NOT_FOUND);
}
END_TEST

UNIT_MAIN_BETWEEN("signed_record", setup, teardown, a_view_has_one_first_vote,
                  the_same_vote_gets_the_same_signature_as_often_as_it_is_asked_for,
                  a_refusal_says_what_was_signed_and_signs_nothing, extra_and_final_votes_follow_consensus_6_5,
                  extra_votes_are_no_more_than_an_honest_validator_can_cast,
                  past_views_are_forgotten_and_refused_for_good,
                  views_that_were_past_before_are_refused_from_the_first_request_on,
                  what_is_past_lies_below_the_view_that_is_voted_in,
                  another_network_another_epoch_and_what_is_no_vote_are_refused,
                  words_on_expiries_are_signed_under_their_own_tag, the_record_is_told_in_order,
                  votes_signed_elsewhere_are_noted_and_not_contradicted, two_agents_on_one_record_are_refused,
                  a_record_of_another_key_is_refused, what_was_signed_outlives_a_kill,
                  an_append_that_was_torn_is_as_if_it_had_never_been_asked_for,
                  a_record_that_is_damaged_or_cut_short_signs_nothing, a_record_that_is_gone_is_not_made_anew)

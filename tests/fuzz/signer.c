/* Requests to a sign agent, from whoever has got to its socket: whatever is asked for in whatever order, the votes that
 * are signed are those of a validator that keeps to the rules, and what is past stays so. */
#include "signed_record.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fuzz.h"
#include "store_home.h"

#define SELF  1u
#define VIEWS 8u /* that an input votes in */

static struct signed_record *record;
static struct signed_record_owner owner;
static char directory[64], why[256];

/* What was signed in one view, by this program's own account. */
struct signed_here {
	unsigned first, notar2, skip2, final;
	struct vote first_vote;
};

static void remove_record(void)
{
	signed_record_close(record);
	store_home_remove(directory);
}

static void record_open(void)
{
	const uint8_t *key = fuzz_network()->validators[SELF].consensus.secret_key;
	assert(signed_record_open(directory, &owner, key, &record, why) == 0);
}

static void record_make(void)
{
	owner =
	    (struct signed_record_owner){&fuzz_network()->genesis.network_id, &fuzz_network()->genesis.committee, SELF};
	snprintf(directory, sizeof(directory), "%s/fuzz_signer.XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	assert(mkdtemp(directory));
	assert(signed_record_create(directory, &owner) == 0);
	record_open();
	atexit(remove_record);
}

/* consensus 6.5, once more: rules 4 to 7 as far as own votes are concerned. */
static void note(struct signed_here *v, const struct vote *vote)
{
	bool own_block =
	    v->first && v->first_vote.kind == VOTE_NOTAR1 && hash_equal(&v->first_vote.block_id, &vote->block_id);

	switch (vote->kind) {
	case VOTE_NOTAR1:
	case VOTE_SKIP1:
		assert(!v->first ||
		       (v->first_vote.kind == vote->kind && hash_equal(&v->first_vote.block_id, &vote->block_id)));
		v->first = 1;
		v->first_vote = *vote;
		break;
	case VOTE_NOTAR2:
		assert(v->first && !v->final && !own_block);
		v->notar2 = 1;
		break;
	case VOTE_SKIP2:
		assert(v->first && !v->final && v->first_vote.kind == VOTE_NOTAR1);
		v->skip2 = 1;
		break;
	case VOTE_FINAL:
		assert(v->first && own_block && !v->notar2 && !v->skip2);
		v->final = 1;
		break;
	}
}

static void answered(const struct signer_request *request, const struct signer_answer *answer, uint64_t base,
                     struct signed_here views[VIEWS])
{
	static const uint8_t none[SIGNATURE_SIZE];
	const struct fixture *f = fuzz_network();
	struct statement statement;
	struct vote vote;

	assert(answer->number == request->number && answer->verdict != SIGNER_FAILED);
	if (answer->verdict != SIGNER_DONE)
		assert(!memcmp(answer->signature, none, SIGNATURE_SIZE));
	if (answer->verdict != SIGNER_DONE || request->question != SIGNER_VOTE)
		return;
	assert(statement_read_vote(request->statement, &vote) == 0 && !vote.epoch);
	assert(hash_equal(&request->network_id, &f->genesis.network_id));
	statement_of_vote(&f->genesis.network_id, &vote, &statement);
	assert(sign_verify_bound(f->validators[SELF].consensus.public_key, &statement.digest, answer->signature));
	if (vote.view >= base && vote.view < base + VIEWS)
		note(&views[vote.view - base], &vote);
}

static void ask(const uint8_t packet[SIGNER_REQUEST_SIZE], uint64_t base, struct signed_here views[VIEWS])
{
	struct signer_request request;
	struct signer_answer answer;

	if (!signer_request_get(packet, SIGNER_REQUEST_SIZE, &request))
		return;
	assert(signed_record_answer(record, &request, &answer, why) == 0);
	answered(&request, &answer, base, views);
}

/* A request whose fields are likely ones. */
static void put_likely(struct bytes *input, uint64_t base, uint8_t packet[SIGNER_REQUEST_SIZE])
{
	struct signer_request request = {.question = (enum signer_question)(fuzz_byte(input) % 6),
	                                 .number = fuzz_byte(input),
	                                 .network_id = fuzz_network()->genesis.network_id};
	struct vote vote = {.kind = (enum vote_kind)(fuzz_byte(input) % 7), .view = base + fuzz_byte(input) % VIEWS};
	struct statement statement;
	uint8_t past = fuzz_byte(input);

	if (vote_kind_names_block(vote.kind))
		vote.block_id.b[0] = fuzz_byte(input) % 3;
	if (past % 8 == 0)
		request.past_view = base + past / 8 % VIEWS;
	statement_of_vote(&request.network_id, &vote, &statement);
	memcpy(request.statement, statement.bytes, STATEMENT_VOTE_SIZE);
	signer_request_put(&request, packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t base = 1;
	struct signed_here views[VIEWS] = {{0}};
	struct bytes input = {data, size};

	if (!record)
		record_make();
	while (input.size) {
		uint8_t packet[SIGNER_REQUEST_SIZE] = {0}, choice = fuzz_byte(&input);
		if (choice % 16 == 0) { /* ended, and started again */
			signed_record_close(record);
			record_open();
		} else if (choice % 16 == 1) {
			struct bytes raw = fuzz_take(&input, sizeof(packet));
			memcpy(packet, raw.data, raw.size);
			ask(packet, base, views);
		} else {
			put_likely(&input, base, packet);
			ask(packet, base, views);
		}
	}
	/* The next input has a record of its own. */
	signed_record_close(record);
	store_home_remove(directory);
	assert(mkdir(directory, 0700) == 0 && signed_record_create(directory, &owner) == 0);
	record_open();
	return 0;
}

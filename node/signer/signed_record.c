/* See signed_record.h. Nothing is kept in memory but the key: what was signed in a view is read from the journal. */
#include "signed_record.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "big_endian.h"
#include "store.h"
#include "try.h"
#include "uncia/error.h"
#include "voting_rules.h"

#define VOTE_KEY_SIZE    (8u + 1 + HASH_SIZE) /* view, kind, block id */
#define PAST_KEY_SIZE    8u                   /* in the table of final blocks: height 0 */
#define PAST_RECORD_SIZE (8u + HASH_SIZE)

struct signed_record {
	struct store *store;
	struct storage_view view;
	struct hash network_id;
	const struct committee *committee;
	uint32_t self;
	uint64_t past_view; /* as the journal has it */
	bool signs;
	uint8_t secret_key[SECRET_KEY_SIZE];
};

int signed_record_create(const char *directory, const struct signed_record_owner *owner)
{
	assert(owner->self < owner->committee->size);
	return store_create_journal(directory, owner->network_id,
	                            owner->committee->validators[owner->self].consensus_key);
}

static void vote_key(const struct vote *vote, uint8_t key[VOTE_KEY_SIZE])
{
	be64_put(key, vote->view);
	key[8] = (uint8_t)vote->kind;
	memcpy(key + 9, vote->block_id.b, HASH_SIZE);
}

/* Why the journal could not be read. */
static int record_unreadable(const struct signed_record *r, int error, char why[256])
{
	snprintf(why, 256, "%.200s", *store_damage(r->store) ? store_damage(r->store) : uncia_error_text(error));
	return error;
}

static int read_past(struct signed_record *r, char why[256])
{
	const uint8_t key[PAST_KEY_SIZE] = {0};
	struct bytes value;
	int error = r->view.journal_get(r->view.context, JOURNAL_FINAL, key, sizeof(key), &value);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (error)
		return record_unreadable(r, error, why);
	if (value.size != PAST_RECORD_SIZE) {
		snprintf(why, 256, "journal: the record of past views has another size");
		return UNCIA_E_DAMAGED;
	}
	r->past_view = be64_get(value.data);
	return 0;
}

int signed_record_open(const char *directory, const struct signed_record_owner *owner, const uint8_t *secret_key,
                       struct signed_record **record, char why[256])
{
	assert(owner->self < owner->committee->size);
	struct signed_record *r = calloc(1, sizeof(*r));
	if (!r) {
		snprintf(why, 256, "out of memory");
		return UNCIA_E_MEMORY;
	}
	r->network_id = *owner->network_id;
	r->committee = owner->committee;
	r->self = owner->self;
	r->signs = secret_key != NULL;
	if (secret_key)
		memcpy(r->secret_key, secret_key, SECRET_KEY_SIZE);
	int error = store_open_journal(directory, owner->network_id,
	                               owner->committee->validators[owner->self].consensus_key, &r->store, why);
	if (!error) {
		store_view(r->store, &r->view);
		error = read_past(r, why);
	}
	if (error) {
		signed_record_close(r);
		return error;
	}
	*record = r;
	return 0;
}

void signed_record_close(struct signed_record *record)
{
	if (!record)
		return;
	store_close(record->store);
	sodium_memzero(record->secret_key, sizeof(record->secret_key));
	free(record);
}

/* ---- what was signed ----------------------------------------------------------------------- */

/* The first vote of the record whose key is at or behind this one. Returns 0, UNCIA_E_NOT_FOUND, or as the record does.
 */
static int record_seek(struct signed_record *r, const uint8_t key[VOTE_KEY_SIZE], struct vote *vote, char why[256])
{
	struct bytes found, value;
	uint8_t expected[VOTE_KEY_SIZE];
	int error = r->view.journal_seek(r->view.context, JOURNAL_VOTE, key, VOTE_KEY_SIZE, &found, &value);
	if (error == UNCIA_E_NOT_FOUND)
		return error;
	if (error)
		return record_unreadable(r, error, why);
	error = vote_decode(value.data, value.size, vote);
	if (error == UNCIA_E_MEMORY)
		return error;
	if (!error)
		vote_key(vote, expected);
	if (error || found.size != VOTE_KEY_SIZE || memcmp(found.data, expected, VOTE_KEY_SIZE)) {
		snprintf(why, 256, "journal: a vote is not what it is stored as");
		return UNCIA_E_DAMAGED;
	}
	return 0;
}

/* The key that follows this one, in place. false: there is none. */
static bool key_next(uint8_t key[VOTE_KEY_SIZE])
{
	for (size_t i = VOTE_KEY_SIZE; i-- > 0;)
		if (++key[i])
			return true;
	return false;
}

/* What was signed in the view of a vote that is asked for. */
struct signed_view {
	struct own_votes own;
	struct hash own_block; /* of NOTAR1 */
	uint32_t extras;       /* NOTAR2 */
	bool same;             /* this very vote: `found` */
	struct vote found;     /* else the one that was signed last */
};

static void note_signed(struct signed_view *v, const struct vote *vote, const struct vote *wanted)
{
	switch (vote->kind) {
	case VOTE_NOTAR1:
		v->own.first = FIRST_BLOCK;
		v->own_block = vote->block_id;
		break;
	case VOTE_SKIP1:
		v->own.first = FIRST_SKIP;
		break;
	case VOTE_NOTAR2:
		v->extras++;
		v->own.any_extra = true;
		break;
	case VOTE_SKIP2:
		v->own.any_extra = true;
		break;
	case VOTE_FINAL:
		v->own.final = true;
		break;
	}
	if (!v->same)
		v->found = *vote;
	v->same = v->same || (vote->kind == wanted->kind && hash_equal(&vote->block_id, &wanted->block_id));
}

static int read_signed(struct signed_record *r, const struct vote *wanted, struct signed_view *v, char why[256])
{
	uint8_t key[VOTE_KEY_SIZE] = {0};
	struct vote vote;
	int error;
	*v = (struct signed_view){.same = false};
	be64_put(key, wanted->view);
	while ((error = record_seek(r, key, &vote, why)) == 0 && vote.view == wanted->view) {
		note_signed(v, &vote, wanted);
		vote_key(&vote, key);
		if (!key_next(key))
			break;
	}
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

/* More extra votes for blocks than an honest validator can cast (consensus 6.3). */
static bool too_many_extras(const struct signed_record *r, const struct signed_view *v, const struct vote *wanted)
{
	return wanted->kind == VOTE_NOTAR2 && v->extras >= r->committee->weight / r->committee->key_threshold;
}

static enum signer_verdict judge(const struct signed_record *r, const struct signed_view *v, const struct vote *wanted)
{
	bool own_block = v->own.first == FIRST_BLOCK && hash_equal(&v->own_block, &wanted->block_id);
	if (v->same)
		return SIGNER_DONE;
	return rule_follows(&v->own, wanted->kind, own_block) && !too_many_extras(r, v, wanted) ? SIGNER_DONE
	                                                                                        : SIGNER_CONTRADICTS;
}

/* ---- signing ------------------------------------------------------------------------------- */

/* The writes by which views are past up to this one: two. */
static size_t past_put(uint64_t past_view, uint8_t past[PAST_RECORD_SIZE], struct journal_write *writes)
{
	static const uint8_t past_key[PAST_KEY_SIZE];
	memset(past, 0, PAST_RECORD_SIZE);
	be64_put(past, past_view);
	writes[0] = (struct journal_write){.view = past_view};
	writes[1] = (struct journal_write){.table = JOURNAL_FINAL,
	                                   .key = past_key,
	                                   .key_size = PAST_KEY_SIZE,
	                                   .value = past,
	                                   .value_size = PAST_RECORD_SIZE};
	return 2;
}

/* Makes a vote durable, and with it how far views are past: those votes are forgotten, and refused from now on. */
static int put_vote(struct signed_record *r, const struct vote *vote, uint64_t past_view, char why[256])
{
	uint8_t key[VOTE_KEY_SIZE], bytes[256], past[PAST_RECORD_SIZE];
	struct journal_write writes[3];
	size_t count = 0, size;
	vote_key(vote, key);
	TRY(vote_encode(vote, bytes, &size));
	if (past_view > r->past_view)
		count = past_put(past_view, past, writes);
	writes[count++] = (struct journal_write){
	    .table = JOURNAL_VOTE, .key = key, .key_size = sizeof(key), .value = bytes, .value_size = size};
	TRY(journal_commit(r->store, writes, count, why));
	if (past_view > r->past_view)
		r->past_view = past_view;
	int error = store_view_renew_journal(r->store);
	return error ? record_unreadable(r, error, why) : 0;
}

/* What is wrong with the vote whatever else was signed; SIGNER_DONE: nothing. */
static enum signer_verdict judge_alone(const struct signed_record *r, const struct vote *vote, uint64_t past_view)
{
	if (vote->epoch != r->committee->epoch)
		return SIGNER_FOREIGN;
	if (vote->view <= r->past_view)
		return SIGNER_PAST;
	return past_view < vote->view ? SIGNER_DONE : SIGNER_MALFORMED;
}

/* A vote that no one has asked for in this form before: signed, noted, and only then given away. */
static int sign_new(struct signed_record *r, struct vote *vote, uint64_t past_view, char why[256])
{
	struct statement statement;
	statement_of_vote(&r->network_id, vote, &statement);
	int error = sign_digest(r->secret_key, &statement.digest, vote->signature);
	if (error) {
		snprintf(why, 256, "signing: %s", uncia_error_text(error));
		return error;
	}
	return put_vote(r, vote, past_view, why);
}

static void answer_with(const struct vote *vote, struct signer_answer *answer)
{
	struct statement statement;
	statement_of_vote(&(struct hash){{0}}, vote, &statement); /* its bytes alone */
	memcpy(answer->statement, statement.bytes, STATEMENT_VOTE_SIZE);
	memcpy(answer->signature, vote->signature, SIGNATURE_SIZE);
}

static int answer_vote(struct signed_record *r, const struct signer_request *request, struct signer_answer *answer,
                       char why[256])
{
	struct signed_view signed_view;
	struct vote vote;
	if (statement_read_vote(request->statement, &vote)) {
		answer->verdict = SIGNER_MALFORMED;
		return 0;
	}
	vote.voter = r->self;
	answer->verdict = judge_alone(r, &vote, request->past_view);
	if (answer->verdict != SIGNER_DONE)
		return 0;
	TRY(read_signed(r, &vote, &signed_view, why));
	answer->verdict = judge(r, &signed_view, &vote);
	if (answer->verdict == SIGNER_DONE && !signed_view.same) {
		TRY(sign_new(r, &vote, request->past_view, why));
		answer_with(&vote, answer);
		return 0;
	}
	answer_with(&signed_view.found, answer);
	if (answer->verdict != SIGNER_DONE) /* what was signed is said; it is no other's business to have it again */
		memset(answer->signature, 0, SIGNATURE_SIZE);
	return 0;
}

/* Words on expiries contradict nothing, so that no record is kept of them. */
static int answer_expiry(struct signed_record *r, const struct signer_request *request, struct signer_answer *answer)
{
	struct hash digest;
	hash2(HASH_EXPIRY, r->network_id.b, HASH_SIZE, request->statement, STATEMENT_EXPIRY_SIZE, &digest);
	answer->verdict = SIGNER_DONE;
	memcpy(answer->statement, request->statement, STATEMENT_SIZE_MAX);
	return sign_digest(r->secret_key, &digest, answer->signature);
}

static int answer_next(struct signed_record *r, const struct signer_request *request, struct signer_answer *answer,
                       char why[256])
{
	/* The statement's bytes behind the epoch are a key of the table, and so they are taken: any key will do. */
	uint8_t key[VOTE_KEY_SIZE];
	struct vote vote;
	be64_put(key, be64_get(request->statement + 9));
	key[8] = request->statement[8];
	memcpy(key + 9, request->statement + 17, HASH_SIZE);
	int error = key_next(key) ? record_seek(r, key, &vote, why) : UNCIA_E_NOT_FOUND;
	answer->verdict = error ? SIGNER_NONE : SIGNER_DONE;
	if (!error)
		answer_with(&vote, answer);
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

int signed_record_answer(struct signed_record *record, const struct signer_request *request,
                         struct signer_answer *answer, char why[256])
{
	int error = 0;
	assert(record->signs);
	*answer = (struct signer_answer){.number = request->number, .verdict = SIGNER_FOREIGN};
	if (!hash_equal(&request->network_id, &record->network_id))
		return 0;
	switch (request->question) {
	case SIGNER_HELLO:
		answer->verdict = SIGNER_DONE;
		memcpy(answer->statement, record->committee->validators[record->self].consensus_key, PUBLIC_KEY_SIZE);
		be64_put(answer->statement + PUBLIC_KEY_SIZE, record->past_view);
		break;
	case SIGNER_VOTE:
		error = answer_vote(record, request, answer, why);
		break;
	case SIGNER_EXPIRY:
		error = answer_expiry(record, request, answer);
		break;
	case SIGNER_NEXT:
		error = answer_next(record, request, answer, why);
		break;
	}
	if (error)
		*answer = (struct signer_answer){.number = request->number, .verdict = SIGNER_FAILED};
	return error;
}

int signed_record_note(struct signed_record *record, const struct vote *vote, enum signer_verdict *verdict,
                       char why[256])
{
	struct signed_view signed_view;
	*verdict = vote->voter == record->self ? judge_alone(record, vote, 0) : SIGNER_FOREIGN;
	if (*verdict != SIGNER_DONE)
		return 0;
	TRY(read_signed(record, vote, &signed_view, why));
	*verdict = judge(record, &signed_view, vote);
	return *verdict == SIGNER_DONE && !signed_view.same ? put_vote(record, vote, 0, why) : 0;
}

int signed_record_past(struct signed_record *record, uint64_t past_view, char why[256])
{
	uint8_t past[PAST_RECORD_SIZE];
	struct journal_write writes[2];
	if (past_view <= record->past_view)
		return 0;
	TRY(journal_commit(record->store, writes, past_put(past_view, past, writes), why));
	record->past_view = past_view;
	int error = store_view_renew_journal(record->store);
	return error ? record_unreadable(record, error, why) : 0;
}

int signed_record_tidy(struct signed_record *record, char why[256])
{
	if (!journal_checkpoint_due(record->store))
		return 0;
	TRY(journal_checkpoint(record->store, why));
	int error = store_view_renew_journal(record->store);
	return error ? record_unreadable(record, error, why) : 0;
}

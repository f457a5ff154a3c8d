/* See verification.h. */
#include "verification.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "try.h"
#include "uncia/error.h"

/* Of one peer. Past a bound nothing more is taken, so that it is exceeded by one message at most. */
#define PEER_URGENT_MIN    1024u /* or 192 for each validator: an answer of 256 certificates fits */
#define PEER_JOB_BYTES_MAX (32u << 20)
#define BODY_URGENT_MAX    256u /* signatures of a body, up to which it comes before payments */

/* Where the job's signatures are counted, or NULL. */
static size_t *signatures_of(struct step *s, const struct job *job)
{
	if (job->peer >= s->peer_count || job->kind == JOB_BLOCK || job->kind == JOB_SYNC)
		return NULL;
	struct step_peer *peer = &s->peers[job->peer];
	return job->kind == JOB_PAYMENTS ? &peer->payment_signatures : &peer->urgent_signatures;
}

static uint32_t job_source(const struct step *s, enum job_kind kind, uint32_t peer)
{
	if (kind == JOB_EXPIRIES)
		return VERIFY_SOURCE_SIGNING;
	return peer < s->peer_count ? peer : VERIFY_SOURCE_NEWCOMERS;
}

void job_standing(struct job *job, enum standing standing, uint32_t origin)
{
	assert(job->peer == PEER_WALLET && !job->started && standing <= STANDING_SUSPECT);
	job->origin = origin;
	job->verify.suspect = standing == STANDING_SUSPECT;
	job->verify.source = standing == STANDING_SUSPECT ? VERIFY_SOURCE_SUSPECTS(origin)
	                     : standing == STANDING_GOOD  ? VERIFY_SOURCE_WALLETS
	                                                  : VERIFY_SOURCE_NEWCOMERS;
}

struct job *job_new(struct step *s, enum job_kind kind, uint32_t peer, size_t items)
{
	size_t capacity = items ? items : 1;
	struct job *job = malloc(sizeof(*job));
	struct verify_item *list = malloc(capacity * sizeof(*list));

	if (!job || !list) {
		free(job);
		free(list);
		return NULL;
	}
	*job = (struct job){
	    .verify = {.id = ++s->next_job,
	               .items = list,
	               .source = job_source(s, kind, peer),
	               .sign = kind == JOB_EXPIRIES,
	               .together = kind != JOB_PAYMENTS && kind != JOB_EXPIRIES},
	    .kind = kind,
	    .peer = peer,
	    .message_size = s->message_size,
	    .next = s->jobs,
	    .back = &s->jobs,
	    .capacity = capacity,
	};
	if (s->jobs)
		s->jobs->back = &job->next;
	s->jobs = job;
	if (peer < s->peer_count) {
		struct step_peer *of = &s->peers[peer];
		of->job_bytes += job->message_size;
		job->next_of_peer = of->jobs;
		job->back_of_peer = &of->jobs;
		if (of->jobs)
			of->jobs->back_of_peer = &job->next_of_peer;
		of->jobs = job;
	}
	return job;
}

/* It no longer counts against who sent it. */
static void job_uncount(struct step *s, struct job *job)
{
	size_t *signatures = signatures_of(s, job);

	if (job->started && signatures) {
		assert(*signatures >= job->verify.count);
		*signatures -= job->verify.count;
	}
	if (job->peer >= s->peer_count)
		return;
	struct step_peer *of = &s->peers[job->peer];
	assert(s->peers && of->job_bytes >= job->message_size);
	of->job_bytes -= job->message_size;
	*job->back_of_peer = job->next_of_peer; /* NOLINT(clang-analyzer-core.NullDereference): it is in the list */
	if (job->next_of_peer)
		job->next_of_peer->back_of_peer = job->back_of_peer;
}

void job_free(struct step *s, struct job *job)
{
	job_uncount(s, job);
	*job->back = job->next;
	if (job->next)
		job->next->back = job->back;
	for (size_t i = 0; i < job->certificate_count; i++)
		free(job->certificates[i]);
	for (size_t i = 0; i < job->block_count; i++)
		block_free(job->blocks[i]);
	free(job->certificates);
	free(job->blocks);
	free(job->pooled);
	free(job->verify.statements);
	free(job->expiries.ids);
	free((void *)(uintptr_t)job->short_ids.data);
	free(job->verify.items);
	free(job);
}

static struct verify_item *job_item_add(struct job *job)
{
	if (job->verify.count == job->capacity) {
		size_t capacity = job->capacity * 2;
		struct verify_item *items = realloc(job->verify.items, capacity * sizeof(*items));
		if (!items)
			return NULL;
		job->verify.items = items;
		job->capacity = capacity;
	}
	struct verify_item *item = &job->verify.items[job->verify.count++];
	memset(item, 0, sizeof(*item));
	return item;
}

int job_item(struct job *job, const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
             const uint8_t signature[SIGNATURE_SIZE], bool check_key)
{
	struct verify_item *item = job_item_add(job);

	if (!item)
		return UNCIA_E_MEMORY;
	assert(!job->verify.sign);
	memcpy(item->public_key, public_key, PUBLIC_KEY_SIZE);
	memcpy(item->signature, signature, SIGNATURE_SIZE);
	item->digest = *digest;
	item->check_key = check_key;
	return 0;
}

int job_payment(struct job *job, const struct payment *payment, bool check_key)
{
	int rc = job_item(job, payment->public_key, &payment->digest, payment->signature, check_key);

	if (rc == 0)
		job->verify.items[job->verify.count - 1].unsigned_ = !payment_is_signed(payment);
	return rc;
}

int job_sign(struct job *job, const struct statement *statement)
{
	struct verify_item *item = job_item_add(job);
	struct statement *statements =
	    item ? realloc(job->verify.statements, job->capacity * sizeof(*statements)) : NULL;

	if (!statements)
		return UNCIA_E_MEMORY;
	assert(job->verify.sign);
	job->verify.statements = statements;
	statements[job->verify.count - 1] = *statement;
	item->digest = statement->digest;
	return 0;
}

int job_vote(struct step *s, enum job_kind kind, uint32_t peer, const struct vote *vote)
{
	struct job *job = job_new(s, kind, peer, 1);
	struct hash digest;

	if (!job)
		return UNCIA_E_MEMORY;
	job->vote = *vote;
	vote_digest(&s->network_id, vote->epoch, vote->kind, vote->view, &vote->block_id, &digest);
	int rc = job_item(job, s->committee->validators[vote->voter].consensus_key, &digest, vote->signature, false);
	if (rc) {
		job_free(s, job);
		return rc;
	}
	return job_start(s, job);
}

struct vote certificate_signer_vote(const struct certificate *certificate, size_t i)
{
	struct vote vote = {.epoch = certificate->epoch,
	                    .kind = certificate_vote_kind(certificate->kind, i >= certificate->first_count),
	                    .view = certificate->view,
	                    .block_id = certificate->block_id,
	                    .voter = certificate->signers[i].voter};

	assert(i < (size_t)certificate->first_count + certificate->extra_count);
	memcpy(vote.signature, certificate->signers[i].signature, SIGNATURE_SIZE);
	return vote;
}

int job_signer(struct step *s, struct job *job, const struct certificate *certificate, size_t i)
{
	struct vote vote = certificate_signer_vote(certificate, i);
	struct hash digest;

	vote_digest(&s->network_id, vote.epoch, vote.kind, vote.view, &vote.block_id, &digest);
	return job_item(job, s->committee->validators[vote.voter].consensus_key, &digest, vote.signature, false);
}

int job_keep_certificate(struct job *job, struct certificate *certificate)
{
	struct certificate **list =
	    realloc(job->certificates, (job->certificate_count + 1) * sizeof(*job->certificates));

	if (!list) {
		free(certificate);
		return UNCIA_E_MEMORY;
	}
	job->certificates = list;
	list[job->certificate_count++] = certificate;
	return 0;
}

bool job_all_valid(const struct job *job)
{
	for (size_t i = 0; i < job->verify.count; i++)
		if (!job->verify.items[i].valid)
			return false;
	return true;
}

static void job_add_checked(struct step *s, struct job *job)
{
	job->next_checked = NULL;
	*s->checked_last = job;
	s->checked_last = &job->next_checked;
}

static bool job_is_urgent(const struct job *job)
{
	if (job->kind == JOB_BLOCK)
		return job->verify.count <= BODY_URGENT_MAX;
	return job->kind != JOB_PAYMENTS && job->kind != JOB_SYNC && job->kind != JOB_EXPIRIES;
}

int job_start(struct step *s, struct job *job)
{
	size_t *signatures = signatures_of(s, job);

	assert(!job->started);
	job->started = true;
	job->verify.urgent = job_is_urgent(job);
	if (signatures)
		*signatures += job->verify.count;
	if (!job->verify.count) {
		job_add_checked(s, job);
		return 0;
	}
	struct action *action = step_action(s, ACTION_VERIFY);
	if (!action)
		return UNCIA_E_MEMORY;
	action->job = &job->verify;
	return 0;
}

void jobs_checked(struct step *s, struct verify_job *first)
{
	for (struct verify_job *job = first, *next; job; job = next) {
		next = job->next;
		job_add_checked(s, (struct job *)job);
	}
}

struct job *job_next_checked(struct step *s)
{
	struct job *job = s->checked;

	if (!job)
		return NULL;
	s->checked = job->next_checked;
	if (!s->checked)
		s->checked_last = &s->checked;
	return job;
}

bool jobs_urgent_full(const struct step *s, uint32_t peer)
{
	size_t most = 192 * (size_t)s->committee->size;

	return s->peers[peer].urgent_signatures >= (most > PEER_URGENT_MIN ? most : PEER_URGENT_MIN);
}

bool jobs_bytes_full(const struct step *s, uint32_t peer)
{
	return s->peers[peer].job_bytes >= PEER_JOB_BYTES_MAX;
}

bool jobs_have_vote(const struct step *s, uint32_t peer, const struct vote *vote)
{
	for (const struct job *job = s->peers[peer].jobs; job; job = job->next_of_peer)
		if (job->kind == JOB_VOTE && job->vote.kind == vote->kind && job->vote.view == vote->view &&
		    job->vote.voter == vote->voter && hash_equal(&job->vote.block_id, &vote->block_id) &&
		    memcmp(job->vote.signature, vote->signature, SIGNATURE_SIZE) == 0)
			return true;
	return false;
}

bool jobs_have_certificate(const struct step *s, uint32_t peer, const struct certificate *certificate)
{
	for (const struct job *job = s->peers[peer].jobs; job; job = job->next_of_peer) {
		if (job->kind != JOB_CERTIFICATES || job->certificate_count != 1 || !job->certificates[0])
			continue;
		const struct certificate *other = job->certificates[0];
		if (other->view == certificate->view && other->kind == certificate->kind &&
		    hash_equal(&other->block_id, &certificate->block_id))
			return true;
	}
	return false;
}

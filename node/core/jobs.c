/* Signature checks under way: what was received is held in a job until its verdicts are in. */
#include "parts.h"

/* Room for `items` checks; grows as they are added. NULL: out of memory. */
struct job *job_new(struct replica *r, enum job_kind kind, uint32_t peer, size_t items)
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
	    .verify = {.id = ++r->next_job, .items = list, .payments = kind == JOB_PAYMENTS},
	    .kind = kind,
	    .peer = peer,
	    .message_size = r->message_size,
	    .next = r->jobs,
	    .back = &r->jobs,
	    .capacity = capacity,
	};
	if (r->jobs)
		r->jobs->back = &job->next;
	r->jobs = job;
	if (peer < r->committee->size) {
		r->peers[peer].jobs++;
		r->peers[peer].job_bytes += job->message_size;
	}
	return job;
}

void job_free(struct replica *r, struct job *job)
{
	if (job->peer < r->committee->size) {
		r->peers[job->peer].jobs--;
		r->peers[job->peer].job_bytes -= job->message_size;
	}
	*job->back = job->next;
	if (job->next)
		job->next->back = job->back;
	for (size_t i = 0; job->pooled && i < job->verify.count; i++)
		if (job->pooled[i] && job->pooled[i]->state == POOLED_GONE)
			mempool_remove(r->mempool, job->pooled[i]);
	for (size_t i = 0; i < job->certificate_count; i++)
		free(job->certificates[i]);
	for (size_t i = 0; i < job->block_count; i++)
		block_free(job->blocks[i]);
	free(job->certificates);
	free(job->blocks);
	free(job->pooled);
	free((void *)(uintptr_t)job->short_ids.data);
	free(job->verify.items);
	free(job);
}

int job_item(struct job *job, const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
             const uint8_t signature[SIGNATURE_SIZE], bool check_key)
{
	if (job->verify.count == job->capacity) {
		size_t capacity = job->capacity * 2;
		struct verify_item *items = realloc(job->verify.items, capacity * sizeof(*items));
		if (!items)
			return UNCIA_E_MEMORY;
		job->verify.items = items;
		job->capacity = capacity;
	}
	struct verify_item *item = &job->verify.items[job->verify.count++];
	memcpy(item->public_key, public_key, PUBLIC_KEY_SIZE);
	memcpy(item->signature, signature, SIGNATURE_SIZE);
	item->digest = *digest;
	item->check_key = check_key;
	item->valid = false;
	return 0;
}

/* Has the signature of one vote checked, whose voter is in the committee. */
int job_vote(struct replica *r, enum job_kind kind, uint32_t peer, const struct vote *vote)
{
	struct job *job = job_new(r, kind, peer, 1);
	struct hash digest;

	if (!job)
		return UNCIA_E_MEMORY;
	job->vote = *vote;
	vote_digest(&r->network_id, vote->epoch, vote->kind, vote->view, &vote->block_id, &digest);
	int error = job_item(job, r->committee->validators[vote->voter].consensus_key, &digest, vote->signature, false);
	if (error) {
		job_free(r, job);
		return error;
	}
	return job_start(r, job);
}

/* Takes the certificate, and adds the checks of those signatures that have not been seen good as votes already. */
int job_certificate(struct replica *r, struct job *job, struct certificate *certificate)
{
	size_t count = certificate->first_count + certificate->extra_count;
	struct certificate **list =
	    realloc(job->certificates, (job->certificate_count + 1) * sizeof(*job->certificates));

	if (!list) {
		free(certificate);
		return UNCIA_E_MEMORY;
	}
	job->certificates = list;
	list[job->certificate_count++] = certificate;
	for (size_t i = 0; i < count; i++) {
		struct vote vote = {.epoch = certificate->epoch,
		                    .kind = certificate_vote_kind(certificate->kind, i >= certificate->first_count),
		                    .view = certificate->view,
		                    .block_id = certificate->block_id,
		                    .voter = certificate->signers[i].voter};
		struct hash digest;
		memcpy(vote.signature, certificate->signers[i].signature, SIGNATURE_SIZE);
		if (vote_known(r, &vote))
			continue;
		vote_digest(&r->network_id, vote.epoch, vote.kind, vote.view, &vote.block_id, &digest);
		TRY(job_item(job, r->committee->validators[vote.voter].consensus_key, &digest, vote.signature, false));
	}
	return 0;
}

/* Takes one certificate and has it checked, by itself. */
int job_one_certificate(struct replica *r, uint32_t peer, struct certificate *certificate)
{
	struct job *job = job_new(r, JOB_CERTIFICATES, peer, certificate->first_count + certificate->extra_count);

	if (!job) {
		free(certificate);
		return UNCIA_E_MEMORY;
	}
	int error = job_certificate(r, job, certificate);
	if (error) {
		job_free(r, job);
		return error;
	}
	return job_start(r, job);
}

static bool job_all_valid(const struct job *job)
{
	for (size_t i = 0; i < job->verify.count; i++)
		if (!job->verify.items[i].valid)
			return false;
	return true;
}

/* Takes the certificates of a verified job, in their order. */
static int job_take_certificates(struct replica *r, struct job *job)
{
	for (size_t i = 0; i < job->certificate_count; i++) {
		struct certificate *certificate = job->certificates[i];
		job->certificates[i] = NULL;
		TRY(certificate_accept(r, certificate));
	}
	return 0;
}

/* An honest validator passes on only what it has verified: who sends a bad signature loses the link. */
static int job_blame(struct replica *r, const struct job *job)
{
	if (job->peer >= r->committee->size)
		return 0;
	struct action *action = action_add(r, ACTION_DROP_PEER);
	if (!action)
		return UNCIA_E_MEMORY;
	action->peer = job->peer;
	return action_note(r, NOTE_WARNING, "event=bad_signature peer=%u kind=%d", job->peer, (int)job->kind);
}

static int job_carry_on(struct replica *r, struct job *job)
{
	bool valid = job_all_valid(job);

	if (!valid)
		TRY(job_blame(r, job));
	switch (job->kind) {
	case JOB_PAYMENTS: /* the one kind whose items stand and fall alone */
		return payments_verified(r, job);
	case JOB_BLOCK:
		return block_reply_verified(r, job, valid);
	case JOB_SYNC:
		return sync_reply_verified(r, job, valid);
	default:
		break;
	}
	if (!valid)
		return 0;
	switch (job->kind) {
	case JOB_VOTE:
		return vote_accept(r, &job->vote);
	case JOB_PROPOSAL:
		TRY(job_take_certificates(r, job));
		return proposal_verified(r, job);
	case JOB_NEWEST_VOTE:
		return newest_vote_verified(r, job);
	default:
		return job_take_certificates(r, job);
	}
}

static int job_done(struct replica *r, struct job *job)
{
	int error = job_carry_on(r, job);

	job_free(r, job);
	return error;
}

int job_start(struct replica *r, struct job *job)
{
	if (!job->verify.count)
		return job_done(r, job);
	struct action *action = action_add(r, ACTION_VERIFY);
	if (!action)
		return UNCIA_E_MEMORY;
	action->job = &job->verify;
	return 0;
}

int jobs_done(struct replica *r, struct verify_job *first)
{
	int error = 0;

	for (struct verify_job *job = first, *next; job && !error; job = next) {
		next = job->next;
		error = job_done(r, (struct job *)job);
	}
	return error;
}

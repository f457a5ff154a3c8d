/* Headers in parts: how a stretch of the final chain is crossed that has no finality certificate, and more headers than
 * one answer holds (docs/spec/network.md §8.3, "Pages"). See sync.h. */
#include <assert.h>
#include <stdlib.h>
#include "sync_room.h"
#include "try.h"
#include "uncia/error.h"

int anchors_follow(const struct sync *s, Uncia__Pb__Blob *const *headers, size_t count, struct sync_anchor *at)
{
	const struct committee *c = s->step->committee;

	for (size_t i = 0; i < count; i++) {
		struct header header;
		TRY(header_decode(headers[i]->data.data, headers[i]->data.len, &header));
		if (header.height != at->height + 1 || !hash_equal(&header.parent_id, &at->id) ||
		    header.view <= at->view || header.epoch != c->epoch ||
		    !hash_equal(&header.committee_hash, &c->hash))
			return UNCIA_E_PROOF;
		*at = (struct sync_anchor){.height = header.height, .view = header.view, .id = header.id};
	}
	return 0;
}

void anchors_trim(struct sync *s)
{
	struct sync_anchors *a = &s->anchors;
	uint32_t final = 0;

	while (final < a->count && a->at[final].height <= s->chain->tip->header.height)
		final++;
	a->count -= final;
	for (uint32_t i = 0; final && i < a->count; i++)
		a->at[i] = a->at[i + final];
	a->proven = a->proven && a->count;
}

void anchors_begin(struct sync *s, uint32_t peer)
{
	assert(!s->anchors.asking && peer < s->step->peer_count);
	s->anchors = (struct sync_anchors){.asking = true, .peer = peer, .began_ms = s->step->now_ms};
}

void anchors_give_up(struct sync *s)
{
	if (s->anchors.asking)
		s->anchors = (struct sync_anchors){0};
}

/* The block above which the next part begins. */
static struct sync_anchor anchors_top(const struct sync *s)
{
	const struct header *tip = &s->chain->tip->header;

	if (s->anchors.count)
		return s->anchors.at[s->anchors.count - 1];
	return (struct sync_anchor){.height = tip->height, .view = tip->view, .id = tip->id};
}

void anchors_question(const struct sync *s, Uncia__Pb__SyncRequest *request)
{
	request->from_height = s->chain->tip->header.height + 1;
	if (s->anchors.asking) {
		request->from_height = anchors_top(s).height + 1;
		request->headers = true;
	} else if (s->anchors.proven) {
		request->until_height = s->anchors.at[0].height;
	}
}

static int anchors_certificate(struct sync *s, uint32_t peer, const ProtobufCBinaryData *data,
                               const struct sync_anchor *of)
{
	struct certificate *certificate;

	TRY(certificate_decode(s->step->committee, data->data, data->len, &certificate));
	struct job *job = NULL;
	int error = UNCIA_E_PROOF;
	if (certificate_is_final(certificate->kind) && certificate->view == of->view &&
	    hash_equal(&certificate->block_id, &of->id)) {
		job = job_new(s->step, JOB_ANCHORS, peer, certificate->first_count + certificate->extra_count);
		error = job ? 0 : UNCIA_E_MEMORY;
	}
	if (error) {
		free(certificate);
		return error;
	}
	job->height = of->height;
	s->by_view = of->view;
	s->by_id = of->id;
	error = sync_job_certificate(s, job, certificate);
	if (error) {
		job_free(s->step, job);
		return error;
	}
	TRY(job_start(s->step, job));
	return 1;
}

int anchors_take(struct sync *s, uint32_t peer, const Uncia__Pb__SyncReply *message)
{
	struct sync_anchors *a = &s->anchors;
	struct sync_anchor at = anchors_top(s);

	assert(a->asking && a->peer == peer && message->n_headers);
	TRY(anchors_follow(s, message->headers, message->n_headers, &at));
	if (a->count == SYNC_ANCHORS_MAX)
		return UNCIA_E_PROOF;
	a->at[a->count++] = at;
	a->asked = 0;
	return message->certificate.len ? anchors_certificate(s, peer, &message->certificate, &at) : 0;
}

int sync_anchors_verified(struct sync *s, struct job *job, bool valid)
{
	struct sync_anchors *a = &s->anchors;

	assert(s->verifying && job->certificate_count == 1);
	s->verifying = false;
	s->ask_at = s->step->now_ms;
	if (!valid) {
		anchors_give_up(s);
		return step_note(s->step, NOTE_WARNING, "event=bad_sync peer=%u", job->peer);
	}
	if (!a->asking || a->peer != job->peer)
		return 0; /* given up meanwhile */
	s->peers[job->peer].late = 0;
	a->asking = false;
	a->proven = true;
	a->by_view = s->by_view;
	a->by_id = s->by_id;
	if (job->height > s->chain->decided_height)
		s->chain->decided_height = job->height;
	return 0;
}

bool anchors_prove(const struct sync *s, const struct sync_anchor *block)
{
	for (uint32_t i = 0; s->anchors.proven && i < s->anchors.count; i++)
		if (s->anchors.at[i].height == block->height)
			return hash_equal(&s->anchors.at[i].id, &block->id);
	return false;
}

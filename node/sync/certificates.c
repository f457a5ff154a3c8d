/* Certificates: answered by view range, asked for where they are missing, checked. See sync.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "sync_room.h"
#include "big_endian.h"
#include "canonical.h"
#include "fields.h"
#include "journal.h"
#include "messages.h"
#include "try.h"
#include "uncia/error.h"

#define CERTIFICATES_REPLY_MAX 256u
#define SEARCH_READS           20u /* of a final chain of a million blocks */

int sync_certificates_answer(struct sync *s, uint32_t peer, const Uncia__Pb__CertificatesRequest *request)
{
	struct journal_cursor cursor;
	struct bytes key, value;
	uint32_t count = 0;
	int error;

	if (!sync_budget_left(s, peer, SHARE_CERTIFICATES))
		return 0;
	journal_cursor_begin(&cursor, JOURNAL_CERT, request->from_view);
	while (!(error = journal_cursor_next(s->step, &cursor, &key, &value)) &&
	       be64_get(key.data) <= request->to_view && count++ < CERTIFICATES_REPLY_MAX) {
		Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
		message.certificate = field_of(value.data, value.size);
		s->peers[peer].budgets[SHARE_CERTIFICATES].owed += READ_RECORD + value.size;
		TRY(message_send_answer(s->step, peer, &message));
	}
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

bool sync_may_search(struct sync *s, uint32_t peer)
{
	if (!sync_budget_left(s, peer, SHARE_CERTIFICATES))
		return false;
	s->peers[peer].budgets[SHARE_CERTIFICATES].owed += (uint64_t)(SEARCH_READS - 1) * READ_QUESTION;
	return true;
}

int sync_job_certificate(const struct sync *s, struct job *job, struct certificate *certificate)
{
	size_t count = certificate->first_count + certificate->extra_count;

	TRY(job_keep_certificate(job, certificate));
	for (size_t i = 0; i < count; i++) {
		struct vote vote = certificate_signer_vote(certificate, i);
		if (!consensus_vote_known(s->consensus, &vote))
			TRY(job_signer(s->step, job, certificate, i));
	}
	return 0;
}

static int verify_certificate(const struct sync *s, enum job_kind kind, uint32_t peer, struct certificate *certificate)
{
	size_t signers = certificate->first_count + certificate->extra_count;
	struct job *job = job_new(s->step, kind, peer, signers);

	if (!job) {
		free(certificate);
		return UNCIA_E_MEMORY;
	}
	int error = sync_job_certificate(s, job, certificate);
	if (error) {
		job_free(s->step, job);
		return error;
	}
	return job_start(s->step, job);
}

int sync_verify_certificate(const struct sync *s, uint32_t peer, struct certificate *certificate)
{
	return verify_certificate(s, JOB_CERTIFICATES, peer, certificate);
}

int sync_verify_second_chain(const struct sync *s, uint32_t peer, struct certificate *certificate)
{
	assert(certificate_is_final(certificate->kind));
	return verify_certificate(s, JOB_SECOND_CHAIN, peer, certificate);
}

int sync_ask_certificates(struct sync *s)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__CertificatesRequest request = UNCIA__PB__CERTIFICATES_REQUEST__INIT;

	uint64_t current = consensus_view(s->consensus);

	if (current <= s->chain->tip->header.view + 1 || !s->step->peers_up)
		return 0;
	do
		s->repair_peer = (s->repair_peer + 1) % s->step->peer_count;
	while (!s->step->peers[s->repair_peer].up);
	/* A page of them is answered: what is held already must not fill it. */
	request.from_view = s->chain->tip->header.view + 1;
	while (request.from_view < current && consensus_has_certificate(s->consensus, request.from_view))
		request.from_view++;
	if (request.from_view == current)
		request.from_view = s->chain->tip->header.view + 1;
	request.to_view = current - 1;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST;
	assert(request.from_view <= request.to_view);
	message.certificates_request = &request;
	return message_send(s->step, 0, s->repair_peer, &message);
}

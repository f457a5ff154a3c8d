/* The audit of the stored certificates: each is what it is stored as, and those of finality name the final chain. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "audit_private.h"
#include "big_endian.h"
#include "uncia/error.h"
#include "vote.h"

/* Holds a certificate of a view up to that of this final block against the chain. In the order of keys those of
 * finality come last in a view. */
static int audit_finality(struct audit *a, const struct certificate *c, uint64_t height, uint64_t view,
                          const struct hash *id)
{
	bool same = c->view == view && !memcmp(c->block_id.b, id->b, HASH_SIZE);
	if (!certificate_is_final(c->kind)) {
		if (c->view == view && !same)
			a->contradicted_view = view;
		return 0;
	}
	if (!same)
		return audit_mismatch(
		    a, height, "a finality certificate of view %" PRIu64 " names a block off the final chain", c->view);
	/* consensus §6: beside FF or SF of a block no S and no N of another can form in its view. */
	if (a->contradicted_view == view)
		return audit_mismatch(a, height,
		                      "view %" PRIu64 " has certificates both for and against its final block", view);
	a->covered_height = height;
	return 0;
}

/* Decoding has seen to the signers: members of the committee, each once, of enough weight. */
static void audit_certificate_signatures(struct audit *a, const struct certificate *c, uint64_t height)
{
	const struct genesis *genesis = &a->home->genesis;
	const struct audit_origin origin = {.height = height, .of_certificate = true};
	struct verify_item item = {.check_key = false};
	struct hash digests[2];
	for (int extra = 0; extra < 2; extra++)
		vote_digest(&genesis->network_id, c->epoch, certificate_vote_kind(c->kind, extra), c->view,
		            &c->block_id, &digests[extra]);
	for (uint32_t i = 0; i < c->first_count + c->extra_count; i++) {
		const struct validator *signer = &genesis->committee.validators[c->signers[i].voter];
		item.digest = digests[i >= c->first_count];
		memcpy(item.public_key, signer->consensus_key, PUBLIC_KEY_SIZE);
		memcpy(item.signature, c->signers[i].signature, SIGNATURE_SIZE);
		audit_pool_add(a->pool, &item, &origin);
	}
}

int audit_certificates(struct audit *a, uint64_t height, uint64_t view, const struct hash *id, bool last)
{
	const struct genesis *genesis = &a->home->genesis;
	for (;;) {
		struct bytes key, value;
		struct certificate *c;
		int error = a->view.journal_seek(a->view.context, JOURNAL_CERT, a->next_certificate.key,
		                                 a->next_certificate.size, &key, &value);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		if (error)
			return audit_judge(a, height, "reading the certificates", error);
		if (key.size != VOTE_KEY)
			return audit_mismatch(a, height, "a certificate is stored under a key of the size %zu",
			                      key.size);
		if (!last && be64_get(key.data) > view)
			return 0;
		audit_key_after(&key, &a->next_certificate);
		error = certificate_decode(&genesis->committee, value.data, value.size, &c);
		if (error)
			return audit_judge(a, height, "a certificate", error);
		int code = 0;
		if (be64_get(key.data) != c->view || key.data[8] != c->kind ||
		    memcmp(key.data + 9, c->block_id.b, HASH_SIZE))
			code = audit_mismatch(
			    a, height, "the certificate of view %" PRIu64 " is not what it is stored as", c->view);
		else
			audit_certificate_signatures(a, c, height);
		if (!code && c->view <= view)
			code = audit_finality(a, c, height, view, id);
		else if (!code && certificate_is_final(c->kind))
			a->covered_above = true;
		a->report->certificates++;
		a->report->signatures += c->first_count + c->extra_count;
		free(c);
		if (code)
			return code;
	}
}

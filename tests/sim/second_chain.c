/* The last of a run, when all else has been looked at: validators of more weight than F are faulty after all, and one
 * validator is shown what proves a second chain. It must end, saying so, and must not vote any more when it knows. A
 * proof that is none, shown before, must change nothing. Everybody's keys sign here, which no liar of a run has. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "forge.h"
#include "replica.h"
#include "run.h"

#define HEARD_MS 2000u  /* for a message to be heard and its signatures to be checked, however slow the links are */
#define ENDS_MS  30000u /* from then on to the end, which comes 3 s after it knows */

/* The view of the newest final block that the node holds durably. */
static uint64_t durable_tip(const struct run *r, uint32_t node)
{
	struct storage_view view;
	struct bytes key, value;

	network_view(r->network, node, &view);
	return view.journal_last(view.context, JOURNAL_FINAL, &key, &value) ? 0 : be64_get(value.data);
}

static void show(struct run *r, uint32_t from, uint32_t to, const struct certificate *certificate, bool forged)
{
	uint8_t *bytes = malloc(certificate->size);

	if (!bytes)
		abort();
	memcpy(bytes, certificate->bytes, certificate->size);
	if (forged)
		bytes[certificate->size - 1] ^= 1; /* the last signature */
	struct forged message = forge_certificate(bytes, certificate->size);
	network_inject(r->network, from, to, message.bytes, message.size);
	free(message.bytes);
	free(bytes);
}

static bool has_ended(struct network *n, void *context)
{
	return network_end(n, *(uint32_t *)context) != 0;
}

static bool knows(struct network *n, void *context)
{
	struct replica_status status;

	if (!network_up(n, *(uint32_t *)context))
		return true;
	network_status(n, *(uint32_t *)context, &status);
	return status.voting == VOTING_ENDED;
}

static void keeps_proof(struct run *r, uint32_t node, uint64_t of_view)
{
	struct storage_view view;
	struct bytes value;
	uint8_t key[12];

	be64_put(key, of_view);
	be32_put(key + 8, JOURNAL_SECOND_CHAIN);
	network_view(r->network, node, &view);
	if (view.journal_get(view.context, JOURNAL_EVIDENCE, key, sizeof(key), &value))
		checks_fail(&r->checks, "node %u ends of a second chain and keeps no proof of it", node);
}

/* One after the other: a liar may be one that the node has just shut out. */
static uint32_t who_shows(const struct run *r, uint32_t node, uint32_t turn)
{
	for (uint32_t from = turn % r->options.validators, i = 0; i < r->options.validators;
	     i++, from = (from + 1) % r->options.validators)
		if (from != node && network_up(r->network, from) && !r->apart[from] &&
		    (!r->options.wire.on || network_linked(r->network, from, node)))
			return from;
	return UINT32_MAX;
}

void run_second_chain(struct run *r, uint32_t node)
{
	const struct fixture *f = network_fixture(r->network);
	uint64_t tip = durable_tip(r, node);
	uint32_t from = who_shows(r, node, 0);
	struct hash block = fixture_hash((uint8_t)(r->s->seed | 1));

	if (!tip || from == UINT32_MAX || node >= r->options.validators)
		return;
	uint64_t view = 1 + r->s->seed % tip;
	struct certificate *proof = fixture_certificate(f, CERT_SF, view, &block, r->options.validators);
	trace(r, "node %u is shown a second chain, final in view %" PRIu64 " of %" PRIu64, node, view, tip);
	r->checks.lied_to = node;
	show(r, from, node, proof, true);
	network_run(r->network, HEARD_MS, NULL, NULL);
	if (!network_up(r->network, node))
		checks_fail(&r->checks, "node %u ends of a proof that is forged", node);
	r->checks.ending = node;
	network_expect_end(r->network, node);
	for (uint32_t i = 0; i < 20 && !knows(r->network, &node); i++) {
		from = who_shows(r, node, 1 + i);
		if (from != UINT32_MAX) /* the forgery has cost a link, which comes back */
			show(r, from, node, proof, false);
		network_run(r->network, HEARD_MS, knows, &node);
	}
	if (!network_run(r->network, ENDS_MS, has_ended, &node) || network_end(r->network, node) != REPLICA_E_FAULTY)
		checks_fail(&r->checks, "node %u goes on though there is a second chain", node);
	keeps_proof(r, node, view);
	free(proof);
}

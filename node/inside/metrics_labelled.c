/* Figures by validator, by kind and by reason, and those that are distributed over durations. The values of labels are
 * the numbers of validators, and the words below. */
#include "metrics_labelled.h"
#include <assert.h>
#include <stdio.h>
#include "uncia/error.h"
#include "uncia/version.h"
#include "verify.h"

/* ---- states: of each all are shown, one of them as 1 ------------------------------------------- */

static const char *const voting_states[] = {
    [VOTING_NO] = "asking",          [VOTING_YES] = "yes",           [VOTING_OBSERVER] = "observer",
    [VOTING_STALE_JOURNAL] = "lost", [VOTING_NO_SPACE] = "no_space", [VOTING_ENDED] = "second_chain",
};
static const char *const waits_states[] = {
    [WAITS_NOTHING] = "nothing", [WAITS_LINKS] = "links",    [WAITS_ANSWERS] = "answers",
    [WAITS_BLOCKS] = "blocks",   [WAITS_FINALITY] = "votes",
};

static void write_count(struct exposition *e, const char *label, const char *value, uint64_t number)
{
	exposition_sample(e, &(struct exposition_label){label, value}, (struct exposition_value){.number = number});
}

#define WRITE_STATES(e, states, now)                                                                                   \
	for (unsigned i = 0; i < sizeof(states) / sizeof((states)[0]); i++)                                            \
	write_count(e, "state", (states)[i], i == (unsigned)(now))

static void write_states(const struct node_figures *node, struct exposition *e)
{
	exposition_family(e, "uncia_voting_state", EXPOSITION_GAUGE,
	                  "Whether it votes, and why not: one of these is 1.");
	WRITE_STATES(e, voting_states, node->status.voting);
	exposition_family(e, "uncia_waits_for", EXPOSITION_GAUGE,
	                  "What it waits for before anything becomes final: one of these is 1.");
	WRITE_STATES(e, waits_states, node->status.waits_for);
}

/* ---- kinds and reasons ------------------------------------------------------------------------- */

static const char *const vote_kinds[] = {[VOTE_NOTAR1] = "notar1",
                                         [VOTE_SKIP1] = "skip1",
                                         [VOTE_NOTAR2] = "notar2",
                                         [VOTE_SKIP2] = "skip2",
                                         [VOTE_FINAL] = "final"};
static const char *const certificate_kinds[] = {[CERT_N] = "n", [CERT_S] = "s", [CERT_FF] = "ff", [CERT_SF] = "sf"};

static void write_kinds(const struct node_figures *node, struct exposition *e)
{
	exposition_family(e, "uncia_votes_cast_total", EXPOSITION_COUNTER,
	                  "Votes that this validator has cast: notar1 for a block, final once more for it, skips where "
	                  "a view ran out of time.");
	for (unsigned kind = VOTE_NOTAR1; kind <= VOTE_FINAL; kind++)
		write_count(e, "kind", vote_kinds[kind], node->counters.votes[kind]);
	exposition_family(e, "uncia_certificates_total", EXPOSITION_COUNTER,
	                  "Certificates held, the first of their view and kind: n and s end a view, ff makes a block "
	                  "final in one round, sf in two.");
	for (unsigned kind = CERT_N; kind <= CERT_SF; kind++)
		write_count(e, "kind", certificate_kinds[kind], node->counters.certificates[kind]);
}

static const struct reason {
	int code; /* enum uncia_error */
	const char *name;
} reasons[] = {
    {UNCIA_E_FULL, "full"},           {UNCIA_E_FUNDS, "funds"},     {UNCIA_E_SIGNATURE, "signature"},
    {UNCIA_E_TOO_FAR, "too_far"},     {UNCIA_E_END, "end_of_hold"}, {UNCIA_E_ENCODING, "encoding"},
    {UNCIA_E_LIMIT, "limit"},         {UNCIA_E_AMOUNT, "amount"},   {UNCIA_E_NOT_FOUND, "not_found"},
    {UNCIA_E_LOCK_USED, "lock_used"},
};

static void write_refusals(const struct node_figures *node, struct exposition *e)
{
	uint64_t other = 0;

	exposition_family(e, "uncia_refusals_total", EXPOSITION_COUNTER, "Answers to wallets that refuse, by reason.");
	for (unsigned code = 0; code < STEP_REFUSALS; code++)
		other += node->counters.refused[code];
	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		uint64_t count = node->counters.refused[-reasons[i].code];
		assert(-reasons[i].code < (int)STEP_REFUSALS && count <= other);
		write_count(e, "reason", reasons[i].name, count);
		other -= count;
	}
	write_count(e, "reason", "other", other);
}

static void write_verifier(const struct node_figures *node, struct exposition *e)
{
	exposition_family(
	    e, "uncia_verifier_batches_total", EXPOSITION_COUNTER,
	    "Times that a thread has taken signatures to check together: urgent ones, of votes, and others.");
	write_count(e, "urgency", "urgent", node->verifier.urgent_chunks);
	write_count(e, "urgency", "other", node->verifier.chunks);
	exposition_family(e, "uncia_verifier_signatures_total", EXPOSITION_COUNTER, "Signatures in them.");
	write_count(e, "urgency", "urgent", node->verifier.urgent_signatures);
	write_count(e, "urgency", "other", node->verifier.signatures);
}

static void write_maps(const struct node_figures *node, struct exposition *e)
{
	exposition_family(e, "uncia_map_used_bytes", EXPOSITION_GAUGE, "Bytes of an LMDB file that have been used.");
	write_count(e, "database", "journal", node->store.journal_used);
	write_count(e, "database", "state", node->store.state_used);
	exposition_family(e, "uncia_map_size_bytes", EXPOSITION_GAUGE,
	                  "Bytes that its map has room for; the next start makes it larger.");
	write_count(e, "database", "journal", node->store.journal_size);
	write_count(e, "database", "state", node->store.state_size);
}

/* ---- validators -------------------------------------------------------------------------------- */

enum peer_column { PEER_COLUMN_UP, PEER_COLUMN_QUEUED, PEER_COLUMN_SINCE, PEER_COLUMN_VIEW };

static struct exposition_value peer_value(const struct node_figures *node, uint32_t i, enum peer_column column)
{
	const struct peer_figures *peer = &node->peers[i];

	switch (column) {
	case PEER_COLUMN_UP:
		return (struct exposition_value){.number = peer->up};
	case PEER_COLUMN_QUEUED:
		return (struct exposition_value){.number = peer->queued};
	case PEER_COLUMN_SINCE:
		return (struct exposition_value){
		    .number = node->now_ms > peer->since_ms ? node->now_ms - peer->since_ms : 0, .decimals = 3};
	case PEER_COLUMN_VIEW:
		return (struct exposition_value){.number = node->newest_views[i]};
	}
	return (struct exposition_value){0};
}

/* Of the others alone. */
static void write_validators(const struct node_figures *node, struct exposition *e, enum peer_column column)
{
	char number[12];

	for (uint32_t i = 0; i < node->validators; i++) {
		if (i == node->self)
			continue;
		snprintf(number, sizeof(number), "%u", i);
		exposition_sample(e, &(struct exposition_label){"validator", number}, peer_value(node, i, column));
	}
}

static void write_links(const struct node_figures *node, struct exposition *e)
{
	exposition_family(e, "uncia_peer_up", EXPOSITION_GAUGE, "1: the link to that validator is up.");
	write_validators(node, e, PEER_COLUMN_UP);
	exposition_family(e, "uncia_peer_queue_bytes", EXPOSITION_GAUGE, "Bytes that wait for that validator.");
	write_validators(node, e, PEER_COLUMN_QUEUED);
	exposition_family(e, "uncia_peer_since_seconds", EXPOSITION_GAUGE, "How long its link has been up, or down.");
	write_validators(node, e, PEER_COLUMN_SINCE);
	exposition_family(
	    e, "uncia_newest_vote_view", EXPOSITION_GAUGE,
	    "View of the newest vote that is known of that validator: far below uncia_view, it does not vote.");
	write_validators(node, e, PEER_COLUMN_VIEW);
}

/* ---- durations --------------------------------------------------------------------------------- */

static void write_histograms(const struct node_figures *node, struct exposition *e)
{
	exposition_family(e, "uncia_finality_seconds", EXPOSITION_HISTOGRAM,
	                  "From when a block was first heard of here to its finality; without those fetched later.");
	exposition_histogram(e, &node->counters.finality);
	exposition_family(
	    e, "uncia_payment_seconds", EXPOSITION_HISTOGRAM,
	    "From when a payment came here to its finality: of each block the first payment that was in the pool.");
	exposition_histogram(e, &node->counters.payment);
	exposition_family(e, "uncia_journal_commit_seconds", EXPOSITION_HISTOGRAM,
	                  "Commits of the journal, each a piece of its log, written and synced.");
	exposition_histogram(e, &node->storage.commits);
	exposition_family(e, "uncia_journal_checkpoint_seconds", EXPOSITION_HISTOGRAM,
	                  "Checkpoints: the journal's log copied into its database.");
	exposition_histogram(e, &node->storage.checkpoints);
	exposition_family(e, "uncia_state_flush_seconds", EXPOSITION_HISTOGRAM,
	                  "Flushes of what is settled into the state.");
	exposition_histogram(e, &node->storage.flushes);
}

static void write_identity(const struct node_figures *node, struct exposition *e)
{
	char number[12];

	exposition_family(e, "uncia_version_info", EXPOSITION_GAUGE, "Always 1: the version of this program.");
	write_count(e, "version", UNCIA_VERSION, 1);
	exposition_family(e, "uncia_signatures_info", EXPOSITION_GAUGE,
	                  "Always 1: how signatures are checked, in batches or one by one.");
	write_count(e, "checked", verify_implementation, 1);
	exposition_family(e, "uncia_validator_info", EXPOSITION_GAUGE,
	                  "Always 1: the number of this validator; an observer has none.");
	snprintf(number, sizeof(number), "%u", node->self);
	if (node->self != NOT_A_MEMBER)
		write_count(e, "validator", number, 1);
	exposition_family(e, "uncia_validators", EXPOSITION_GAUGE, "Validators of the committee.");
	exposition_sample(e, NULL, (struct exposition_value){.number = node->validators});
	if (node->storage.free_bytes == UINT64_MAX)
		return;
	exposition_family(
	    e, "uncia_space_free_bytes", EXPOSITION_GAUGE,
	    "Bytes that can still be written: free on the disk, or left in the fuller LMDB map, whichever is less.");
	exposition_sample(e, NULL, (struct exposition_value){.number = node->storage.free_bytes});
}

void metrics_write_labelled(const struct node_figures *node, struct exposition *e)
{
	assert(node->self < node->validators || node->self == NOT_A_MEMBER);
	write_identity(node, e);
	write_states(node, e);
	write_kinds(node, e);
	write_refusals(node, e);
	write_verifier(node, e);
	write_maps(node, e);
	write_links(node, e);
	write_histograms(node, e);
}

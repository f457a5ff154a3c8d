/* The figures that are one number each: a row of a table says where it is found. Those with labels are in
 * metrics_labelled.c. */
#include "metrics.h"
#include <assert.h>
#include <stdbool.h>
#include "health.h"
#include "metrics_labelled.h"

/* What is computed of the others. */
struct derived {
	uint64_t final_age_ms, idle_ms, stalled_ms, waiting_bytes;
	uint32_t voting;
};

enum width { WIDTH_32, WIDTH_64, WIDTH_SIGNED };

struct row {
	const char *name, *help;
	enum exposition_type type;
	enum width width;
	size_t offset;
	unsigned decimals;
};

#define WIDTH_OF(structure, member) (sizeof(((struct structure *)0)->member) == 4 ? WIDTH_32 : WIDTH_64)
#define COUNTER(name, structure, member, help)                                                                         \
	{                                                                                                              \
		name, help, EXPOSITION_COUNTER, WIDTH_OF(structure, member), offsetof(struct structure, member), 0     \
	}
#define GAUGE(name, structure, member, help)                                                                           \
	{                                                                                                              \
		name, help, EXPOSITION_GAUGE, WIDTH_OF(structure, member), offsetof(struct structure, member), 0       \
	}
#define SECONDS(name, structure, member, help)                                                                         \
	{                                                                                                              \
		name, help, EXPOSITION_GAUGE, WIDTH_OF(structure, member), offsetof(struct structure, member), 3       \
	}

static const struct row node_rows[] = {
    /* the chain */
    GAUGE("uncia_final_height", node_figures, status.final_height, "Height of the newest final block."),
    GAUGE("uncia_settled_height", node_figures, status.settled_height,
          "Height of the block that the state root is after."),
    GAUGE("uncia_highest_height", node_figures, status.highest_height,
          "Highest final height that linked validators of more weight than F have told; above uncia_final_height, this "
          "validator is behind."),
    GAUGE("uncia_final_view", node_figures, status.final_view, "View of the newest final block."),
    GAUGE("uncia_view", node_figures, status.view, "Current view."),
    GAUGE("uncia_accounts", node_figures, status.accounts, "Accounts with a balance."),
    COUNTER("uncia_final_blocks_total", node_figures, counters.final_blocks, "Blocks that have become final here."),
    COUNTER("uncia_final_payments_total", node_figures, counters.final_payments, "Payments in them."),
    COUNTER("uncia_fetched_blocks_total", node_figures, counters.fetched_blocks,
            "Of these blocks those that were fetched from others after they were final: catching up."),
    COUNTER("uncia_proposed_blocks_total", node_figures, counters.proposed, "Blocks that this validator has proposed."),
    /* voting */
    GAUGE("uncia_linked_weight", node_figures, status.weight_linked,
          "Weight of the validators linked, itself included."),
    GAUGE("uncia_needed_weight", node_figures, status.weight_needed, "Weight without which nothing becomes final."),
    GAUGE("uncia_observers", node_figures, observers, "Observers that may follow this validator."),
    GAUGE("uncia_linked_observers", node_figures, linked_observers, "Those of them that are linked."),
    GAUGE("uncia_answered_weight", node_figures, status.waits_weight,
          "After a start: weight of those that have answered whether they hold a newer vote of it; 0 once it votes."),
    GAUGE("uncia_linked_validators", node_figures, linked_validators, "Other validators linked."),
    GAUGE("uncia_evidence_pairs", node_figures, status.evidence,
          "Pairs of votes that some validator must not both have cast, ever, as the journal has them."),
    {"uncia_clock_offset_seconds",
     "Wall clock less those of the others, as the median of their blocks tells; 0: right, or not known.",
     EXPOSITION_GAUGE, WIDTH_SIGNED, offsetof(struct node_figures, status.clock_offset_ms), 3},
    /* payments */
    COUNTER("uncia_submitted_payments_total", node_figures, counters.submitted,
            "Payments that wallets have brought, taken or not."),
    COUNTER("uncia_passed_on_payments_total", node_figures, counters.passed_on,
            "Payments that other validators have passed on, new here or not."),
    COUNTER("uncia_wrong_signatures_total", node_figures, counters.wrong_signatures,
            "Payments whose signature did not hold."),
    COUNTER("uncia_evicted_payments_total", node_figures, counters.evicted, "Payments that gave way in a full pool."),
    COUNTER("uncia_pool_refused_payments_total", node_figures, status.gossip_refused,
            "Payments passed on by validators that the pool had no place for."),
    COUNTER("uncia_dropped_messages_total", node_figures, status.dropped,
            "Messages not taken or not answered, since a bound was reached."),
    GAUGE("uncia_pool_payments", node_figures, load.mempool, "Payments in the pool, of all states."),
    GAUGE("uncia_pool_verifying_payments", node_figures, load.verifying,
          "Of these those whose signature is being checked."),
    GAUGE("uncia_pool_parked_payments", node_figures, load.parked,
          "Of these those that did not fit the ledger when last tried: funds, mostly."),
    GAUGE("uncia_pool_max_payments", node_figures, load.mempool_max,
          "Verified payments that the pool has room for (mempool_max)."),
    GAUGE("uncia_checking_places", node_figures, load.checking, "Places taken by checks of payments' signatures."),
    /* what is held: docs/spec/network.md, Limits */
    GAUGE("uncia_held_views", node_figures, load.views, "Views of which something is held."),
    GAUGE("uncia_unsettled_blocks", node_figures, load.blocks, "Blocks held that are not settled."),
    GAUGE("uncia_unsettled_bytes", node_figures, load.body_bytes, "Bytes of their bodies."),
    GAUGE("uncia_unflushed_accounts", node_figures, load.unflushed,
          "Accounts that settled payments have touched since the last flush was taken."),
    GAUGE("uncia_outbox_messages", node_figures, load.outbox, "Messages and answers that wait for the disk."),
    GAUGE("uncia_outbox_bytes", node_figures, load.outbox_bytes, "Their bytes."),
    GAUGE("uncia_urgent_checks", node_figures, load.urgent_signatures,
          "Signatures of votes under check, of the validator that has most."),
    GAUGE("uncia_payment_checks", node_figures, load.payment_signatures,
          "Signatures of payments passed on under check, of the validator that has most."),
    GAUGE("uncia_check_bytes", node_figures, load.job_bytes,
          "Bytes of messages under check, of the validator that has most."),
    GAUGE("uncia_questions", node_figures, load.questions, "Questions of wallets that wait."),
    GAUGE("uncia_awaited_payments", node_figures, load.waiters,
          "Payments whose end a wallet waits for, of the wallet that has most."),
    GAUGE("uncia_watches", node_figures, load.watches, "Accounts that wallets watch, each of each."),
    GAUGE("uncia_step_bytes_max", node_figures, load.taken,
          "Most bytes of bodies that one step of several has taken, ever."),
    GAUGE("uncia_step_blocks_max", node_figures, load.visited,
          "Most blocks that one step has looked at in passing, ever."),
    GAUGE("uncia_step_views_max", node_figures, load.looked,
          "Most views and facts of blocks that one step has looked at, ever."),
    /* links to validators */
    COUNTER("uncia_peer_links_total", node_figures, links.established, "Links to validators that came up."),
    COUNTER("uncia_peer_links_lost_total", node_figures, links.lost, "Those that went down."),
    COUNTER("uncia_peer_links_replaced_total", node_figures, links.replaced, "Those that a new one has replaced."),
    COUNTER("uncia_peer_dial_failures_total", node_figures, links.dial_failures,
            "Attempts to reach a validator that failed."),
    COUNTER("uncia_peer_slow_drops_total", node_figures, links.dropped_slow,
            "Links given up since the validator did not read."),
    COUNTER("uncia_peer_other_drops_total", node_figures, links.dropped_other,
            "Links given up for what the validator sent."),
    COUNTER("uncia_peer_handshakes_pushed_out_total", node_figures, links.candidates_pushed_out,
            "Handshakes of validators' kind that gave way to newer ones."),
    COUNTER("uncia_peer_too_soon_total", node_figures, links.too_soon,
            "Links refused that came right behind the one before."),
    COUNTER("uncia_peer_messages_lost_total", node_figures, links.messages_lost,
            "Messages to validators that were not sent: not linked, or too much waits."),
    /* sockets */
    GAUGE("uncia_open_sockets", node_figures, sockets, "Connections that are open, of validators and wallets."),
    COUNTER("uncia_accepted_connections_total", node_figures, listener.accepted, "Connections let in, on both ports."),
    COUNTER("uncia_accepted_websockets_total", node_figures, listener.web_accepted,
            "Of these those on the port for WebSockets."),
    COUNTER("uncia_failed_websockets_total", node_figures, listener.web_failed,
            "Of these those that ended before they said anything."),
    COUNTER("uncia_rate_refused_connections_total", node_figures, listener.refused_rate,
            "Connections refused by the limit on handshakes."),
    COUNTER("uncia_pushed_out_connections_total", node_figures, listener.pushed_out,
            "Silent connections that gave way to newer ones."),
    COUNTER("uncia_silent_connections_total", node_figures, listener.timed_out,
            "Connections that ended, or said nothing for too long."),
    COUNTER("uncia_wrong_first_bytes_total", node_figures, listener.bad_first_byte,
            "Connections that began with what no validator or wallet sends."),
    COUNTER("uncia_accept_pauses_total", node_figures, listener.pauses,
            "Times that accepting paused for want of file descriptors."),
    /* wallets */
    GAUGE("uncia_wallet_links", node_figures, wallet_links, "Links of wallets."),
    GAUGE("uncia_wallet_links_max", node_figures, wallet_links_max,
          "Places for them (wallet_links, as far as there are file descriptors)."),
    COUNTER("uncia_wallet_links_total", node_figures, wallets.established, "Links of wallets that came up."),
    COUNTER("uncia_wallet_full_refusals_total", node_figures, wallets.refused_full,
            "Links refused since no place could be made."),
    COUNTER("uncia_wallet_pushed_out_total", node_figures, wallets.pushed_out, "Links that gave way to newer ones."),
    COUNTER("uncia_wallet_slow_drops_total", node_figures, wallets.dropped_slow,
            "Links given up since the wallet did not read."),
    COUNTER("uncia_wallet_unfinished_drops_total", node_figures, wallets.dropped_unfinished,
            "Links given up since the wallet did not finish a message."),
    COUNTER("uncia_wallet_other_drops_total", node_figures, wallets.dropped_other,
            "Links given up for what the wallet sent."),
    COUNTER("uncia_wallet_answers_lost_total", node_figures, wallets.answers_lost,
            "Answers to wallets that were gone, or did not read."),
    /* disk */
    COUNTER("uncia_journal_records_total", node_figures, storage.records, "Records that the journal's commits had."),
    COUNTER("uncia_journal_bytes_total", node_figures, storage.bytes, "Bytes of their keys and values."),
    GAUGE("uncia_journal_log_bytes", node_figures, store.log_waiting,
          "Bytes in the journal's log that no checkpoint has copied."),
    GAUGE("uncia_space_reserve_bytes", node_figures, space_reserve,
          "Free space below which it stops voting (space_reserve_mb)."),
    GAUGE("uncia_verifier_key_bytes", node_figures, verifier.key_bytes, "Memory of decoded keys."),
    COUNTER("uncia_log_lines_lost_total", node_figures, log_lost,
            "Lines of the log that were not written: too many of one kind, or nobody reads."),
};

static const struct row derived_rows[] = {
    SECONDS("uncia_final_block_age_seconds", derived, final_age_ms,
            "Age of the newest final block, by its time and the wall clock."),
    SECONDS("uncia_final_idle_seconds", derived, idle_ms, "How long ago a block became final here, or the start."),
    SECONDS("uncia_stalled_seconds", derived, stalled_ms,
            "How long nothing has become final while payments waited that a block could take; 0: that is not so."),
    GAUGE("uncia_voting", derived, voting, "1: it may vote. 0: it may not."),
    GAUGE("uncia_checks_waiting_bytes", derived, waiting_bytes,
          "Submitted payments that wait to be checked, in whole KiB each."),
};

static const struct row process_rows[] = {
    {"process_cpu_seconds_total", "Processor time used.", EXPOSITION_COUNTER, WIDTH_64,
     offsetof(struct process_figures, cpu_ms), 3},
    SECONDS("process_start_time_seconds", process_figures, start_ms,
            "When the process was started, in seconds since 1970."),
    GAUGE("process_resident_memory_bytes", process_figures, resident, "Resident memory."),
    GAUGE("process_virtual_memory_bytes", process_figures, virtual_size, "Virtual memory."),
    GAUGE("process_open_fds", process_figures, descriptors, "Open file descriptors."),
    GAUGE("process_max_fds", process_figures, descriptors_max, "Limit on them."),
    GAUGE("process_threads", process_figures, threads, "Threads."),
};

static const struct row http_rows[] = {
    COUNTER("uncia_http_connections_total", http_counters, accepted, "Connections to where these figures are."),
    COUNTER("uncia_http_answers_total", http_counters, answered, "Those that were answered with 200."),
    COUNTER("uncia_http_refusals_total", http_counters, refused, "Those whose request was none that is answered."),
    COUNTER("uncia_http_pushed_out_total", http_counters, pushed_out, "Those that gave way to newer ones."),
    COUNTER("uncia_http_timeouts_total", http_counters, timed_out, "Those that took too long."),
};

static struct exposition_value row_value(const struct row *row, const void *base)
{
	const uint8_t *at = (const uint8_t *)base + row->offset;
	struct exposition_value value = {.decimals = row->decimals};

	if (row->width == WIDTH_SIGNED) {
		int64_t number = *(const int64_t *)(const void *)at;
		value.negative = number < 0;
		value.number = value.negative ? 0 - (uint64_t)number : (uint64_t)number;
	} else {
		value.number =
		    row->width == WIDTH_32 ? *(const uint32_t *)(const void *)at : *(const uint64_t *)(const void *)at;
	}
	return value;
}

static void write_rows(struct exposition *e, const struct row *rows, size_t count, const void *base)
{
	for (size_t i = 0; i < count; i++) {
		exposition_family(e, rows[i].name, rows[i].type, rows[i].help);
		exposition_sample(e, NULL, row_value(&rows[i], base));
	}
}

#define WRITE_ROWS(e, rows, base) write_rows(e, rows, sizeof(rows) / sizeof((rows)[0]), base)

static struct derived derive(const struct node_figures *node)
{
	const struct replica_status *s = &node->status;
	bool made = s->final_height && node->wall_ms > s->final_timestamp_ms;

	return (struct derived){
	    .final_age_ms = made ? node->wall_ms - s->final_timestamp_ms : 0,
	    .idle_ms = node->now_ms > s->last_final_ms ? node->now_ms - s->last_final_ms : 0,
	    .stalled_ms = health_stalled_ms(node),
	    .waiting_bytes = node->load.waiting * 1024,
	    .voting = s->voting == VOTING_YES,
	};
}

void metrics_write(const struct metrics_sources *sources, struct exposition *e)
{
	const struct node_figures *node = sources->node;
	struct derived derived = derive(node);

	assert(node->validators <= COMMITTEE_SIZE_MAX);
	metrics_write_labelled(node, e);
	WRITE_ROWS(e, node_rows, node);
	WRITE_ROWS(e, derived_rows, &derived);
	WRITE_ROWS(e, process_rows, sources->process);
	WRITE_ROWS(e, http_rows, sources->http);
}

/* See operators.h. */
#include "operators.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "control.h"
#include "fields.h"
#include "log.h"
#include "uncia/error.h"

/* The state of the pause in which a home is opened beside the validator. Moves: NONE → ASKED (of the storage) → GIVEN
 * (told to the client) → NONE; ASKED → NONE where the client is gone. */
enum pause_state { SNAPSHOT_NONE, SNAPSHOT_ASKED, SNAPSHOT_GIVEN };

struct operators {
	struct operators_options options;
	struct control *control; /* NULL: the socket could not be made */
	enum pause_state snapshot;
	struct control_client *taker; /* for whom the pause is; NULL: there is none */
	uv_timer_t limit;             /* of a pause that is given */
};

/* ---- peers --------------------------------------------------------------------------------- */

/* The message of one peer, over a report that it points into. */
static void fill_peer(const struct operators *o, uint32_t index, const struct peer_report *report,
                      Uncia__Pb__ControlPeer *peer)
{
	uncia__pb__control_peer__init(peer);
	peer->network_key = field_of(o->options.genesis->committee.validators[index].network_key, 32);
	peer->validator = index;
	peer->state = report->state;
	peer->dialled = report->dialled;
	peer->address = field_of(report->address, strlen(report->address));
	peer->linked_ms = report->linked_ms;
	peer->queued = report->queued;
	peer->final_height = replica_told_height(o->options.replica, index);
	peer->error = field_of(report->error, strlen(report->error));
	peer->error_ms = report->error_ms;
}

static void answer_peers(void *context, struct control_client *client, const Uncia__Pb__ControlRequest *request)
{
	const struct operators *o = context;
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__ControlPeers answer = UNCIA__PB__CONTROL_PEERS__INIT;
	Uncia__Pb__ControlPeer peers[COMMITTEE_SIZE_MAX], *list[COMMITTEE_SIZE_MAX];
	struct peer_report reports[COMMITTEE_SIZE_MAX];
	struct replica_status status;

	(void)request;
	for (uint32_t i = 0; i < o->options.genesis->committee.size; i++) {
		if (i == o->options.self)
			continue;
		peers_report(o->options.peers, i, &reports[i]);
		fill_peer(o, i, &reports[i], &peers[i]);
		list[answer.n_peers++] = &peers[i];
	}
	replica_status(o->options.replica, &status);
	answer.peers = list;
	answer.self = o->options.self;
	answer.final_height = status.final_height;
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_PEERS;
	reply.peers = &answer;
	control_answer(client, &reply, false);
}

/* ---- snapshots ----------------------------------------------------------------------------- */

/* The storage goes on, whoever the pause was for. */
static void snapshot_end(struct operators *o)
{
	assert(o->snapshot != SNAPSHOT_NONE && o->taker);
	o->snapshot = SNAPSHOT_NONE;
	o->taker = NULL;
	uv_timer_stop(&o->limit);
	storage_resume(o->options.storage);
}

static void on_snapshot_limit(uv_timer_t *timer)
{
	log_event(LOG_LEVEL_WARNING, "snapshot_late");
	snapshot_end(timer->data);
}

static void answer_snapshot(void *context, struct control_client *client, const Uncia__Pb__ControlRequest *request)
{
	struct operators *o = context;

	(void)request;
	if (o->taker) {
		control_refuse(client, UNCIA_E_BUSY, "another command is opening the home at this moment: try again");
		return;
	}
	o->snapshot = SNAPSHOT_ASKED;
	o->taker = client;
	storage_pause(o->options.storage);
}

void operators_paused(struct operators *o)
{
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__ControlSnapshot snapshot = UNCIA__PB__CONTROL_SNAPSHOT__INIT;

	assert(o->snapshot == SNAPSHOT_ASKED);
	o->snapshot = SNAPSHOT_GIVEN;
	uv_timer_start(&o->limit, on_snapshot_limit, OPERATORS_PAUSE_MS, 0);
	snapshot.newest = journal_newest(o->options.store);
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_SNAPSHOT;
	reply.snapshot = &snapshot;
	control_answer(o->taker, &reply, false);
}

static void answer_snapshot_taken(void *context, struct control_client *client,
                                  const Uncia__Pb__ControlRequest *request)
{
	struct operators *o = context;
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__ControlDone done = UNCIA__PB__CONTROL_DONE__INIT;

	(void)request;
	if (o->taker != client || o->snapshot != SNAPSHOT_GIVEN) {
		control_refuse(client, UNCIA_E_EXPIRED,
		               "the home was not opened within 5 s, and the validator has gone on writing: try again");
		return;
	}
	snapshot_end(o);
	log_event(LOG_LEVEL_INFO, "snapshot");
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_DONE;
	reply.done = &done;
	control_answer(client, &reply, false);
}

/* Its process may have been killed while it read beside this one. */
static void on_operator_gone(void *context, struct control_client *client)
{
	struct operators *o = context;

	if (o->taker == client)
		snapshot_end(o);
	store_forget_readers(o->options.store);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct control_handler handlers[] = {
    {UNCIA__PB__CONTROL_REQUEST__KIND_PEERS, answer_peers},
    {UNCIA__PB__CONTROL_REQUEST__KIND_SNAPSHOT, answer_snapshot},
    {UNCIA__PB__CONTROL_REQUEST__KIND_SNAPSHOT_TAKEN, answer_snapshot_taken},
};

int operators_new(const struct operators_options *options, struct operators **operators)
{
	struct operators *o = calloc(1, sizeof(*o));
	char why[256] = "";

	if (!o)
		return UNCIA_E_MEMORY;
	o->options = *options;
	uv_timer_init(options->loop, &o->limit);
	o->limit.data = o;
	const struct control_options control = {
	    .loop = options->loop,
	    .home = options->home,
	    .handlers = handlers,
	    .handler_count = sizeof(handlers) / sizeof(handlers[0]),
	    .gone = on_operator_gone,
	    .context = o,
	};
	if (control_new(&control, &o->control, why) < 0)
		log_event(LOG_LEVEL_WARNING, "control_failed", LOG_TEXT("why", why));
	*operators = o;
	return 0;
}

void operators_stop(struct operators *o)
{
	if (o->taker)
		snapshot_end(o);
	uv_close((uv_handle_t *)&o->limit, NULL);
	if (o->control)
		control_stop(o->control);
}

void operators_free(struct operators *o)
{
	if (!o)
		return;
	control_free(o->control);
	free(o);
}

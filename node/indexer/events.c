/* Viewers, and the one message that all of them get next. */
#include "events.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "clocks.h"

#define EVENT_SIZE 320

struct viewer {
	struct events *events;
	struct MHD_Connection *connection;
	uint64_t seen;    /* the number of the message that it got last */
	uint64_t sent_ms; /* when it got something */
	bool waits;       /* its connection is suspended */
	char out[EVENT_SIZE];
	size_t size, at; /* of what it is being sent */
	struct viewer *prev, *next;
};

struct events {
	pthread_mutex_t lock;
	struct viewer *viewers;
	uint32_t count;
	struct hash block_id;
	uint64_t number; /* of the message: 0, there is none yet */
	char message[EVENT_SIZE];
	bool ended;
};

struct events *event_stream_new(void)
{
	struct events *events = calloc(1, sizeof(*events));

	if (events)
		pthread_mutex_init(&events->lock, NULL);
	return events;
}

void event_stream_free(struct events *events)
{
	if (events)
		pthread_mutex_destroy(&events->lock);
	free(events);
}

/* Whether there is something for the viewer: then it is in `out`. */
static bool viewer_fill(struct viewer *viewer)
{
	struct events *events = viewer->events;
	uint64_t now = clocks_monotonic_ms();

	if (viewer->at < viewer->size)
		return true;
	if (viewer->seen != events->number) {
		strcpy(viewer->out, events->message);
		viewer->seen = events->number;
	} else if (now >= viewer->sent_ms + EVENTS_KEEPALIVE_MS) {
		strcpy(viewer->out, ":\n\n");
	} else {
		return false;
	}
	viewer->size = strlen(viewer->out);
	viewer->at = 0;
	viewer->sent_ms = now;
	return true;
}

/* libmicrohttpd asks for more. Who has nothing is suspended, under the lock, so that nobody wakes it before. */
static ssize_t viewer_read(void *context, uint64_t position, char *buffer, size_t size)
{
	struct viewer *viewer = context;
	struct events *events = viewer->events;
	ssize_t given = 0;

	(void)position;
	pthread_mutex_lock(&events->lock);
	if (events->ended) {
		given = MHD_CONTENT_READER_END_OF_STREAM;
	} else if (viewer_fill(viewer)) {
		given = (ssize_t)(viewer->size - viewer->at < size ? viewer->size - viewer->at : size);
		memcpy(buffer, viewer->out + viewer->at, (size_t)given);
		viewer->at += (size_t)given;
	} else {
		viewer->waits = true;
		MHD_suspend_connection(viewer->connection);
	}
	pthread_mutex_unlock(&events->lock);
	return given;
}

static void viewer_gone(void *context)
{
	struct viewer *viewer = context;
	struct events *events = viewer->events;

	pthread_mutex_lock(&events->lock);
	DL_DELETE(events->viewers, viewer);
	events->count--;
	pthread_mutex_unlock(&events->lock);
	free(viewer);
}

int event_stream_answer(struct events *events, struct MHD_Connection *connection)
{
	struct viewer *viewer = calloc(1, sizeof(*viewer));

	if (!viewer)
		return MHD_NO;
	viewer->events = events;
	viewer->connection = connection;
	viewer->sent_ms = clocks_monotonic_ms();
	pthread_mutex_lock(&events->lock);
	bool room = events->count < EVENTS_VIEWERS_MAX && !events->ended;
	if (room) {
		DL_APPEND(events->viewers, viewer);
		events->count++;
	}
	pthread_mutex_unlock(&events->lock);
	if (!room) {
		free(viewer);
		return -1;
	}
	struct MHD_Response *response =
	    MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, viewer_read, viewer, viewer_gone);
	if (!response) {
		viewer_gone(viewer);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	int result = (int)MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* Under the lock. `all`: whoever waits; else only those that have waited long. */
static void viewers_wake(struct events *events, bool all)
{
	uint64_t now = clocks_monotonic_ms();
	struct viewer *viewer;

	DL_FOREACH (events->viewers, viewer) {
		if (!viewer->waits || (!all && now < viewer->sent_ms + EVENTS_KEEPALIVE_MS))
			continue;
		viewer->waits = false;
		MHD_resume_connection(viewer->connection);
	}
}

void event_stream_turn(struct events *events, const struct chain_place *newest)
{
	char id[2 * HASH_SIZE + 1];

	pthread_mutex_lock(&events->lock);
	bool newer = !events->number || !hash_equal(&events->block_id, &newest->id);
	if (newer) {
		events->number++;
		events->block_id = newest->id;
		sodium_bin2hex(id, sizeof(id), newest->id.b, HASH_SIZE);
		snprintf(events->message, sizeof(events->message),
		         "event: block\nid: %" PRIu64 "\ndata: {\"v\":1,\"height\":%" PRIu64
		         ",\"id\":\"%s\",\"timestamp_ms\":%" PRIu64 "}\n\n",
		         newest->height, newest->height, id, newest->timestamp_ms);
	}
	viewers_wake(events, newer);
	pthread_mutex_unlock(&events->lock);
}

void event_stream_end(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	events->ended = true;
	viewers_wake(events, true);
	pthread_mutex_unlock(&events->lock);
}

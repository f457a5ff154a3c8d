/* The feed of a stopped home: its journal, read only, as `unciad check` reads it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "feed.h"
#include "store.h"
#include "uncia/error.h"

struct home_feed {
	struct feed feed;
	struct store *store;
	struct storage_view view;
};

static int home_feed_next(struct feed *feed, uint64_t from_height, int timeout_ms, struct chain_page *page)
{
	struct home_feed *home = (struct home_feed *)feed;
	size_t read;

	(void)timeout_ms; /* nothing is ever added */
	int error = chain_page_fill(page, &home->view, from_height, &read);
	if (error) {
		const char *damage = error == UNCIA_E_DAMAGED ? store_damage(home->store) : "";
		snprintf(feed->why, sizeof(feed->why), "%s", *damage ? damage : uncia_error_text(error));
	}
	return error;
}

static void home_feed_close(struct feed *feed)
{
	struct home_feed *home = (struct home_feed *)feed;

	store_close(home->store);
	free(home);
}

/* A journal is bound to the key that votes in it. Which one that is says the journal alone, so each of the committee's
 * is tried, and that of an observer, which is zeros: whoever only reads needs no secret for it. */
static int home_store_try(const char *path, const struct genesis *genesis, struct store **store, char why[256])
{
	static const uint8_t observer[32];
	int error = UNCIA_E_NETWORK;

	for (uint32_t i = 0; i <= genesis->committee.size && error == UNCIA_E_NETWORK; i++) {
		const uint8_t *key =
		    i < genesis->committee.size ? genesis->committee.validators[i].consensus_key : observer;
		error = store_open(path, &genesis->network_id, key, true, store, why);
	}
	return error;
}

int feed_open_home(const char *path, const struct genesis *genesis, struct feed **feed, char why[FEED_WHY_SIZE])
{
	struct home_feed *home = calloc(1, sizeof(*home));
	char sentence[256] = "";

	if (!home) {
		snprintf(why, FEED_WHY_SIZE, "out of memory");
		return UNCIA_E_MEMORY;
	}
	int error = home_store_try(path, genesis, &home->store, sentence);
	if (error) {
		snprintf(why, FEED_WHY_SIZE, "%s", *sentence ? sentence : uncia_error_text(error));
		free(home);
		return error;
	}
	store_view(home->store, &home->view);
	home->feed = (struct feed){.next = home_feed_next, .close = home_feed_close, .ends = true};
	*feed = &home->feed;
	return 0;
}

const struct storage_view *feed_home_view(const struct feed *feed)
{
	return &((const struct home_feed *)feed)->view;
}

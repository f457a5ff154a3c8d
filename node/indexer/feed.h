/* Where the final chain comes from: a validator that runs, over the socket in its home, or the journal of one that is
 * stopped. Whatever a feed gives is checked by who takes it (chain_check.h). Threads: one at a time for each feed. */
#ifndef FEED_H
#define FEED_H
#include "chain_page.h"
#include "committee.h"

#define FEED_WHY_SIZE 320

struct feed {
	/* Fills an empty page with final blocks from that height on. A page without blocks: there is none yet, after at
	 * most timeout_ms. Returns 0; UNCIA_E_UNREACHABLE, UNCIA_E_CLOSED (nobody is there now: why says more, and it
	 * may be asked again); UNCIA_E_NOT_FOUND (blocks of that height are not kept any more); UNCIA_E_DAMAGED,
	 * UNCIA_E_PROTOCOL, UNCIA_E_ENCODING, UNCIA_E_MEMORY, UNCIA_E_IO: why says what. */
	int (*next)(struct feed *feed, uint64_t from_height, int timeout_ms, struct chain_page *page);
	void (*close)(struct feed *feed);
	bool ends; /* a page without blocks is the end: there will never be more */
	char why[FEED_WHY_SIZE];
};

/* Takes the answer of a validator to the request of that number (canonical ControlReply, network.md 8.7): fills an
 * empty page, in memory of its own. why: a sentence, where it fails. Returns 0; the error that it refuses with;
 * UNCIA_E_PROTOCOL (not an answer to that); UNCIA_E_ENCODING, UNCIA_E_LIMIT, UNCIA_E_MEMORY. */
int feed_take_answer(const struct bytes *answer, uint64_t request_id, struct chain_page *page, char why[FEED_WHY_SIZE]);
/* Opens the journal in a stopped home, to read it. The home's lock is held until the feed is closed; no key is read.
 * Returns 0; UNCIA_E_BUSY (a process holds the home); UNCIA_E_NETWORK (it is of another network); UNCIA_E_NOT_FOUND,
 * UNCIA_E_DAMAGED, UNCIA_E_FULL, UNCIA_E_MEMORY, UNCIA_E_IO; why: a sentence. Owns: (*feed)->close frees it. */
int feed_open_home(const char *home, const struct genesis *genesis, struct feed **feed, char why[FEED_WHY_SIZE]);
/* What such a feed reads: journal and state of the home, as long as the feed is open. */
const struct storage_view *feed_home_view(const struct feed *feed);
/* Follows the validator that runs in a home, over its control socket, which only the home's owner may open. It connects
 * when it is asked for the first page, and again whenever the validator is back. Returns 0; UNCIA_E_MEMORY; why: a
 * sentence. Owns: (*feed)->close frees it. */
int feed_open_socket(const char *home, struct feed **feed, char why[FEED_WHY_SIZE]);

#endif

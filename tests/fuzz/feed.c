/* What the indexer reads of a validator: an answer over the control socket, and the page of the chain in it, checked
 * from the genesis or from the place that an earlier page has led to. Signatures are granted, so that what lies behind
 * them is reached. Accepted means: each block is canonical and follows the one before, none ends the epoch, and the
 * last one is named, or led to, by a certificate. */
#include "chain_check.h"
#include "control.pb-c.h"
#include "feed.h"
#include "fuzz.h"

#define REQUEST_ID 7u

static void check_taken(const struct chain_page *page, const struct checked_page *checked, struct chain_place *place)
{
	assert(checked->count == page->count);
	for (size_t i = 0; i < checked->count; i++) {
		const struct header *h = &checked->blocks[i].block->header;
		uint8_t *bytes;
		size_t size;
		assert(h->height == place->height + 1 && h->view > place->view);
		assert(h->timestamp_ms > place->timestamp_ms && hash_equal(&h->parent_id, &place->id));
		assert(!header_closes(h) && h->epoch == fuzz_network()->genesis.committee.epoch);
		assert(block_encode(h, checked->blocks[i].block->payments, checked->blocks[i].block->count, &bytes,
		                    &size) == 0);
		assert(size == page->blocks[i].block.size && memcmp(bytes, page->blocks[i].block.data, size) == 0);
		free(bytes);
		chain_place_of(h, place);
	}
	const struct bytes *last = &checked->blocks[checked->count - 1].certificate;
	assert(last->size || page->certificate.size);
}

/* One answer. Returns whether the chain goes on. */
static bool take(const struct bytes *answer, struct chain_place *place)
{
	struct checked_page checked;
	struct chain_page page;
	char why[FEED_WHY_SIZE] = "";

	chain_page_begin(&page);
	int error = feed_take_answer(answer, REQUEST_ID, &page, why);
	assert(!error == !*why && error <= 0);
	assert(strlen(why) < FEED_WHY_SIZE);
	if (!error && page.count) {
		error = chain_check_page(&fuzz_network()->genesis, place, &page, &checked, why);
		assert(!error == !*why);
	}
	bool taken = !error && page.count;
	if (taken) {
		check_taken(&page, &checked, place);
		checked_page_free(&checked);
	}
	chain_page_end(&page);
	return taken;
}

/* Answers, each with its size before it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	struct chain_place place;
	bool goes_on = true;

	chain_place_genesis(&fuzz_network()->genesis, &place);
	while (input.size && goes_on) {
		struct bytes answer = fuzz_take(&input, fuzz_number(&input, 3));
		goes_on = take(&answer, &place);
	}
	return 0;
}

/* Pages of the final chain, given to those who catch up (docs/spec/network.md §8.3, message 9). See sync.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "sync_room.h"
#include "canonical.h"
#include "fields.h"
#include "journal.h"
#include "messages.h"
#include "try.h"
#include "uncia/error.h"
#include "receipt.h"

#define PAGE_BLOCKS_MAX RECEIPT_DESCENDANTS_MAX /* so that each block in it can have its receipts */
#define RUN_READ_PAGES  4u                      /* the bytes of so many a step reads for headers */
#define RUN_MORE        2                       /* the next step goes on */

/* Stored blocks of consecutive heights, copied. */
struct sync_page {
	uint64_t from;  /* height of the first */
	uint64_t until; /* it may end there without a certificate; 0: nowhere */
	bool alone;     /* headers alone are asked for */
	Uncia__Pb__Blob *blobs;
	size_t count, capacity, bytes;
	size_t headers;     /* of the run that follow the blocks */
	bool by_run;        /* the certificate is the run's; it is below otherwise */
	size_t final_count; /* up to the last one with a finality certificate of its own, which is the one below */
	uint8_t *certificate;
	size_t certificate_size;
};

static int bytes_copy(const struct bytes *from, uint8_t **copy)
{
	*copy = malloc(from->size + 1);
	if (!*copy)
		return UNCIA_E_MEMORY;
	memcpy(*copy, from->data, from->size);
	return 0;
}

/* A block of the final chain is stored with its body: where that is not there, the journal is damaged. */
static int page_block(struct sync *s, uint64_t view, const struct hash *id, struct bytes *stored)
{
	int error = journal_block_bytes(s->step, view, id, stored);

	return error == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : error;
}

static int page_add(struct sync_page *page, const struct bytes *stored)
{
	if (page->count == page->capacity) {
		size_t capacity = page->capacity ? page->capacity * 2 : 64;
		Uncia__Pb__Blob *blobs = realloc(page->blobs, capacity * sizeof(*blobs));
		if (!blobs)
			return UNCIA_E_MEMORY;
		page->blobs = blobs;
		page->capacity = capacity;
	}
	uint8_t *copy;
	TRY(bytes_copy(stored, &copy));
	uncia__pb__blob__init(&page->blobs[page->count]);
	page->blobs[page->count++].data = (ProtobufCBinaryData){.len = stored->size, .data = copy};
	page->bytes += stored->size;
	return 0;
}

static void page_cut(struct sync_page *page, size_t count)
{
	while (page->count > count)
		free(page->blobs[--page->count].data.data);
}

static void page_free(struct sync_page *page)
{
	page_cut(page, 0);
	free(page->blobs);
	free(page->certificate);
}

/* Blocks from page->from on, one at least where there is one: as many as a page may have, and none behind its end. */
static int page_fill(struct sync *s, struct sync_page *page)
{
	while (page->count < PAGE_BLOCKS_MAX && !(page->until && page->from + page->count > page->until)) {
		struct bytes stored;
		struct hash id;
		uint64_t view;
		int error = journal_final(s->step, page->from + page->count, &view, &id);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		TRY(error);
		TRY(page_block(s, view, &id, &stored));
		if (page->count && page->bytes + stored.size > s->page_bytes)
			return 0;
		TRY(page_add(page, &stored));
		error = journal_finality(s->step, view, &id, &stored);
		if (error == UNCIA_E_NOT_FOUND)
			continue;
		TRY(error);
		free(page->certificate);
		TRY(bytes_copy(&stored, &page->certificate));
		page->certificate_size = stored.size;
		page->final_count = page->count;
	}
	return 0;
}

/* ---- headers that follow a page ---- */

static void run_begin(struct sync_run *run, uint64_t first)
{
	free(run->certificate);
	run->certificate = NULL;
	run->first = first;
	run->count = 0;
}

void sync_run_free(struct sync_run *run)
{
	run_begin(run, 0);
	free(run->headers);
	*run = (struct sync_run){0};
}

static int run_keep(struct sync_run *run, const struct header *header)
{
	if (run->count == run->capacity) {
		size_t capacity = run->capacity ? run->capacity * 2 : 64;
		struct sync_header *headers = realloc(run->headers, capacity * sizeof(*headers));
		if (!headers)
			return UNCIA_E_MEMORY;
		run->headers = headers;
		run->capacity = capacity;
	}
	struct sync_header *last = &run->headers[run->count++];
	last->size = header->size;
	memcpy(last->bytes, header->bytes, header->size);
	return 0;
}

/* Whether it has come to that height. */
static bool run_reaches(const struct sync_run *run, uint64_t height)
{
	return height && run->first + run->count > height;
}

/* Reads on, up to a block with a finality certificate, or to that height. Returns 1 where it has come there; 0 where
 * there is none, or only too far away; RUN_MORE; or an error. *read: how much was read. */
static int run_extend(struct sync *s, struct sync_run *run, uint64_t until, size_t *read)
{
	while (!run->certificate && !run_reaches(run, until)) {
		struct bytes stored;
		struct header header;
		struct hash id;
		uint64_t view;
		if (*read >= RUN_READ_PAGES * (size_t)s->page_bytes)
			return RUN_MORE;
		if (run->count == s->page_headers)
			return 0;
		int error = journal_final(s->step, run->first + run->count, &view, &id);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		TRY(error);
		TRY(page_block(s, view, &id, &stored));
		*read += stored.size;
		error = block_header(stored.data, stored.size, &header);
		if (error || !hash_equal(&header.id, &id))
			return error == UNCIA_E_MEMORY ? error : UNCIA_E_DAMAGED;
		TRY(run_keep(run, &header));
		error = journal_finality(s->step, view, &id, &stored);
		if (error == UNCIA_E_NOT_FOUND)
			continue;
		TRY(error);
		TRY(bytes_copy(&stored, &run->certificate));
		run->certificate_size = stored.size;
	}
	return 1;
}

/* The headers above the page's last block, where its own certificate does not do. Returns 1 where the page ends with
 * them; 0 where there are none that it could end with; RUN_MORE; or an error. */
static int page_follow(struct sync *s, struct sync_run *run, struct sync_page *page, size_t *read)
{
	uint64_t next = page->from + page->count;

	/* A page that ends at a block with its own certificate leaves its taker one more to give receipts by. */
	if (!page->alone && 2 * page->final_count >= page->count)
		return 0;
	if (page->until && next > page->until)
		return 1;
	bool full =
	    run->count == s->page_headers && !run->certificate && !run_reaches(run, page->until) && next > run->first;
	if (!run->first || next < run->first || next >= run->first + run->count || full)
		run_begin(run, next);
	int reached = run_extend(s, run, page->until, read);
	if (reached != 1 && !(reached == 0 && page->alone))
		return reached;
	uint64_t end = run_reaches(run, page->until) ? page->until + 1 : run->first + run->count;
	page->headers = (size_t)(end - next);
	page->by_run = run->certificate && end == run->first + run->count;
	return page->headers || page->count;
}

/* ---- answers ---- */

static int page_send(struct sync *s, uint32_t peer, struct sync_page *page)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	const struct sync_run *run = &s->peers[peer].run;
	size_t skip = page->headers ? (size_t)(page->from + page->count - run->first) : 0;
	Uncia__Pb__Blob *blobs = malloc((page->headers + 1) * sizeof(*blobs));
	Uncia__Pb__Blob **list = malloc((page->count + page->headers + 1) * sizeof(Uncia__Pb__Blob *));
	int error = blobs && list ? 0 : UNCIA_E_MEMORY;

	for (size_t i = 0; !error && i < page->count; i++)
		list[i] = &page->blobs[i];
	for (size_t i = 0; !error && i < page->headers; i++) {
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = field_of(run->headers[skip + i].bytes, run->headers[skip + i].size);
		list[page->count + i] = &blobs[i];
	}
	reply.tip_height = s->chain->tip->header.height;
	reply.blocks = list;
	reply.n_blocks = page->count;
	reply.headers = error ? NULL : list + page->count;
	reply.n_headers = page->headers;
	if (page->by_run)
		reply.certificate = field_of(run->certificate, run->certificate_size);
	else if (page->count && page->count == page->final_count)
		reply.certificate = field_of(page->certificate, page->certificate_size);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	message.sync_reply = &reply;
	if (!error)
		error = message_send_answer(s->step, peer, &message);
	free(blobs);
	free(list);
	return error;
}

static int page_answer(struct sync *s, uint32_t peer)
{
	struct sync_peer *p = &s->peers[peer];
	struct sync_page page = {.from = p->page_from, .until = p->page_until, .alone = p->page_headers};
	size_t read = 0;
	int followed = page.alone ? 0 : page_fill(s, &page);

	if (!followed)
		followed = page_follow(s, &p->run, &page, &read);
	p->budgets[SHARE_PAGES].owed += READ_RECORD * (uint64_t)page.count + page.bytes + read;
	if (followed == RUN_MORE || followed < 0) {
		page_free(&page);
		return followed < 0 ? followed : 0;
	}
	if (!followed)
		page_cut(&page, page.final_count);
	p->page_from = 0;
	int error = page_send(s, peer, &page);
	page_free(&page);
	return error;
}

int sync_request_answer(struct sync *s, uint32_t peer, const Uncia__Pb__SyncRequest *request)
{
	if (!request->from_height)
		return UNCIA_E_ENCODING;
	if (s->peers[peer].page_from)
		s->step->dropped_messages++; /* it asks anew before it was answered: one page for both */
	s->peers[peer].page_from = request->from_height;
	s->peers[peer].page_until = request->headers ? 0 : request->until_height;
	s->peers[peer].page_headers = request->headers;
	s->peers[peer].page_wait = request->wait;
	return 0;
}

/* Whether the page of a peer can be answered: at once, or where it is to wait for its first block, once that is stored.
 * Returns 1, 0, or an error of this machine. */
static int page_is_due(const struct sync *s, uint32_t peer)
{
	const struct sync_peer *p = &s->peers[peer];
	struct hash id;
	uint64_t view;

	if (!p->page_from)
		return 0;
	if (!p->page_wait)
		return 1;
	if (p->page_from > s->chain->tip->header.height)
		return 0;
	int error = journal_final(s->step, p->page_from, &view, &id);
	return error == UNCIA_E_NOT_FOUND ? 0 : error ? error : 1;
}

/* One page a step, to one after the other. */
int sync_pages_answer(struct sync *s)
{
	for (uint32_t i = 1; i <= s->step->peer_count; i++) {
		uint32_t peer = (s->answered_peer + i) % s->step->peer_count;
		struct read_budget *budget = &s->peers[peer].budgets[SHARE_PAGES];
		int due = page_is_due(s, peer);
		TRY(due);
		if (!due || !read_budget_left(budget, s->step->now_ms, READ_PEER_OWED, READ_PEER_PER_MS))
			continue;
		budget->owed += READ_QUESTION;
		s->answered_peer = peer;
		return page_answer(s, peer);
	}
	return 0;
}

uint64_t sync_pages_wake(const struct sync *s)
{
	uint64_t at = TIME_NEVER;

	for (uint32_t i = 0; i < s->step->peer_count; i++) {
		const struct sync_peer *p = &s->peers[i];
		if (!p->page_from)
			continue;
		uint64_t due = read_budget_at(&p->budgets[SHARE_PAGES], READ_PEER_OWED, READ_PEER_PER_MS);
		/* What waits for a block is looked at in the steps that make it final, and store it. */
		if (p->page_wait && (p->page_from > s->chain->tip->header.height || due <= s->step->now_ms))
			continue;
		if (due < at)
			at = due;
	}
	return at;
}

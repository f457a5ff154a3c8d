/* See followers.h. */
#include "followers.h"
#include <assert.h>
#include <stdlib.h>
#include "big_endian.h"
#include "chain_page.h"
#include "fields.h"
#include "uncia/error.h"

#define FOLLOW_LOOK_MS 50 /* how often the journal's end is looked at while somebody waits for it to move */

static Uncia__Pb__Blob blob_of(const struct bytes *bytes)
{
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT;

	blob.data = field_of(bytes->data, bytes->size);
	return blob;
}

/* The lists of pointers that protobuf wants, in the page's own memory. */
static int fill_reply(struct chain_page *page, Uncia__Pb__ControlFollowed *reply)
{
	Uncia__Pb__ControlFollowedBlock *blocks = arena_alloc(&page->arena, page->count * sizeof(*blocks) + 1);
	Uncia__Pb__Blob *headers = arena_alloc(&page->arena, page->header_count * sizeof(*headers) + 1);

	reply->blocks = arena_alloc(&page->arena, page->count * sizeof(*reply->blocks) + 1);
	reply->headers = arena_alloc(&page->arena, page->header_count * sizeof(*reply->headers) + 1);
	if (!blocks || !headers || !reply->blocks || !reply->headers)
		return page->arena.error;
	for (size_t i = 0; i < page->count; i++) {
		uncia__pb__control_followed_block__init(&blocks[i]);
		blocks[i].block = field_of(page->blocks[i].block.data, page->blocks[i].block.size);
		blocks[i].certificate = field_of(page->blocks[i].certificate.data, page->blocks[i].certificate.size);
		reply->blocks[i] = &blocks[i];
	}
	for (size_t i = 0; i < page->header_count; i++) {
		headers[i] = blob_of(&page->headers[i]);
		reply->headers[i] = &headers[i];
	}
	reply->n_blocks = page->count;
	reply->n_headers = page->header_count;
	reply->certificate = field_of(page->certificate.data, page->certificate.size);
	reply->tip_height = page->tip_height;
	return 0;
}

/* The newest final height in the journal; 0 where there is none, or it cannot be read. */
static uint64_t followers_tip(const struct followers *f)
{
	struct bytes key, value;

	if (f->view.journal_last(f->view.context, JOURNAL_FINAL, &key, &value) || key.size != 8)
		return 0;
	return be64_get(key.data);
}

/* The answer, with what there is. over: also where there is nothing. False: it was not given. */
static bool follower_answer(struct followers *f, const struct follower *follower, bool over)
{
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__ControlFollowed followed = UNCIA__PB__CONTROL_FOLLOWED__INIT;
	struct chain_page page;
	size_t read = 0;
	int error = 0;

	chain_page_begin(&page);
	page.tip_height = followers_tip(f);
	bool there = follower->from_height <= page.tip_height;
	if (there && read_budget_left(&f->budget, uv_now(f->loop), FOLLOW_OWED, FOLLOW_PER_MS)) {
		error = chain_page_fill(&page, &f->view, follower->from_height, &read);
		f->budget.owed += READ_QUESTION + READ_RECORD * (page.count + page.header_count) + read;
	}
	bool answers = over || error || page.count;
	if (answers && !error)
		error = fill_reply(&page, &followed);
	if (answers && error) {
		const char *damage = error == UNCIA_E_DAMAGED ? store_damage(f->store) : "";
		control_refuse(follower->client, error, *damage ? damage : uncia_error_text(error));
	} else if (answers) {
		reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_FOLLOWED;
		reply.followed = &followed;
		control_answer(follower->client, &reply, false);
	}
	chain_page_end(&page);
	return answers;
}

/* Answering may bring the client's next question, so that each is forgotten first; who still waits goes back, behind
 * those. */
static void on_follow_timer(uv_timer_t *timer)
{
	struct followers *f = timer->data;

	for (size_t left = f->count; left; left--) {
		struct follower follower = f->waiting[0];
		f->count--;
		for (size_t i = 0; i < f->count; i++)
			f->waiting[i] = f->waiting[i + 1];
		if (!follower_answer(f, &follower, uv_now(f->loop) >= follower.until_ms))
			f->waiting[f->count++] = follower;
	}
	if (!f->count)
		uv_timer_stop(&f->timer);
}

void followers_begin(struct followers *f, uv_loop_t *loop, struct store *store)
{
	*f = (struct followers){.loop = loop, .store = store};
	store_view(store, &f->view);
	uv_timer_init(loop, &f->timer);
	f->timer.data = f;
}

void followers_ask(struct followers *f, struct control_client *client, const Uncia__Pb__ControlFollow *question)
{
	struct follower follower = {client, question->from_height, uv_now(f->loop) + question->wait_ms};

	if (!question->from_height || question->wait_ms > FOLLOW_WAIT_MS_MAX) {
		control_refuse(client, UNCIA_E_ARGUMENT,
		               "a chain is followed from a height above 0, with at most 10 s to wait");
		return;
	}
	if (follower_answer(f, &follower, false))
		return;
	assert(f->count < CONTROL_CLIENTS_MAX); /* one question of each client */
	f->waiting[f->count++] = follower;
	if (!uv_is_active((uv_handle_t *)&f->timer))
		uv_timer_start(&f->timer, on_follow_timer, FOLLOW_LOOK_MS, FOLLOW_LOOK_MS);
}

void followers_gone(struct followers *f, const struct control_client *client)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->count; i++)
		if (f->waiting[i].client != client)
			f->waiting[kept++] = f->waiting[i];
	f->count = kept;
}

void followers_stop(struct followers *f)
{
	f->count = 0;
	uv_close((uv_handle_t *)&f->timer, NULL);
}

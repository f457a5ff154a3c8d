/* What a validator answers to who follows it (docs/spec/network.md §8.7), taken out of its bytes. Nothing of it is
 * checked but its form: chain_check.c does that. */
#include <stdio.h>
#include "canonical.h"
#include "control.pb-c.h"
#include "feed.h"
#include "uncia/error.h"

/* Copies what the message points to into the page's own memory. */
static int take_followed(const Uncia__Pb__ControlFollowed *followed, struct chain_page *page)
{
	int error = 0;

	page->tip_height = followed->tip_height;
	page->blocks = arena_alloc(&page->arena, followed->n_blocks * sizeof(*page->blocks) + 1);
	page->headers = arena_alloc(&page->arena, followed->n_headers * sizeof(*page->headers) + 1);
	if (!page->blocks || !page->headers)
		return page->arena.error;
	for (; !error && page->count < followed->n_blocks; page->count++) {
		const Uncia__Pb__ControlFollowedBlock *from = followed->blocks[page->count];
		struct chain_page_block *to = &page->blocks[page->count];
		error = chain_page_copy(page, &(struct bytes){from->block.data, from->block.len}, &to->block);
		if (!error)
			error = chain_page_copy(page, &(struct bytes){from->certificate.data, from->certificate.len},
			                        &to->certificate);
	}
	for (; !error && page->header_count < followed->n_headers; page->header_count++) {
		const ProtobufCBinaryData *from = &followed->headers[page->header_count]->data;
		error =
		    chain_page_copy(page, &(struct bytes){from->data, from->len}, &page->headers[page->header_count]);
	}
	if (!error)
		error = chain_page_copy(page, &(struct bytes){followed->certificate.data, followed->certificate.len},
		                        &page->certificate);
	return error;
}

/* The error that a refusal stands for. */
static int refusal_error(uint32_t code)
{
	return code >= 1 && code <= 999 ? -(int)code : UNCIA_E_PROTOCOL;
}

static int take_control_reply(const Uncia__Pb__ControlReply *reply, uint64_t request_id, struct chain_page *page,
                              char why[FEED_WHY_SIZE])
{
	if (reply->kind_case == UNCIA__PB__CONTROL_REPLY__KIND_REFUSAL) {
		const ProtobufCBinaryData *reason = &reply->refusal->reason;
		snprintf(why, FEED_WHY_SIZE, "the validator refuses: %.*s",
		         (int)(reason->len < 200 ? reason->len : 200), (const char *)reason->data);
		return refusal_error(reply->refusal->code);
	}
	if (reply->kind_case != UNCIA__PB__CONTROL_REPLY__KIND_FOLLOWED || reply->request_id != request_id) {
		snprintf(why, FEED_WHY_SIZE, "the validator answers something else than was asked");
		return UNCIA_E_PROTOCOL;
	}
	int error = take_followed(reply->followed, page);
	if (error)
		snprintf(why, FEED_WHY_SIZE, "%s", uncia_error_text(error));
	return error;
}

int feed_take_answer(const struct bytes *answer, uint64_t request_id, struct chain_page *page, char why[FEED_WHY_SIZE])
{
	ProtobufCMessage *reply;
	struct arena arena;

	arena_init(&arena, canonical_arena_limit(answer->size));
	int error = canonical_decode(&uncia__pb__control_reply__descriptor, answer->data, answer->size, &arena, &reply);
	if (error)
		snprintf(why, FEED_WHY_SIZE, "the validator's answer is of another release than this program");
	else
		error = take_control_reply((const Uncia__Pb__ControlReply *)(void *)reply, request_id, page, why);
	arena_deinit(&arena);
	return error;
}

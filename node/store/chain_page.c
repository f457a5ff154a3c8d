/* Pages of the final chain for followers. What is read is copied, since the view's bytes live until the next event. */
#include "chain_page.h"
#include <assert.h>
#include <string.h>
#include "big_endian.h"
#include "block.h"
#include "try.h"
#include "uncia/error.h"
#include "vote.h"

#define PAGE_MEMORY_MAX (32u << 20) /* a page of one largest block, and as many headers as one may have */
#define PAGE_CERTIFIED  64u /* of empty blocks each so-manieth keeps its certificate: receipts lead to the next one */
#define PAGE_VIEW_ID    (8 + HASH_SIZE)

void chain_page_begin(struct chain_page *page)
{
	memset(page, 0, sizeof(*page));
	arena_init(&page->arena, PAGE_MEMORY_MAX);
}

void chain_page_end(struct chain_page *page)
{
	arena_deinit(&page->arena);
	chain_page_begin(page);
}

int chain_page_copy(struct chain_page *page, const struct bytes *from, struct bytes *copy)
{
	uint8_t *data = arena_alloc_unset(&page->arena, from->size ? from->size : 1);

	if (!data)
		return page->arena.error;
	if (from->size)
		memcpy(data, from->data, from->size);
	*copy = (struct bytes){.data = data, .size = from->size};
	return 0;
}

/* One block of the final chain as it is stored: where it is final its body is there, or the journal is damaged. */
struct stored_block {
	uint8_t key[PAGE_VIEW_ID]; /* view and id, as FINAL says */
	struct bytes bytes;
	struct header header;
};

/* UNCIA_E_NOT_FOUND: no block is final at that height. */
static int stored_block_read(const struct storage_view *view, uint64_t height, struct stored_block *stored)
{
	uint8_t key[8];
	struct bytes value;

	be64_put(key, height);
	TRY(view->journal_get(view->context, JOURNAL_FINAL, key, sizeof(key), &value));
	if (value.size != PAGE_VIEW_ID)
		return UNCIA_E_DAMAGED;
	memcpy(stored->key, value.data, PAGE_VIEW_ID);
	int error = view->journal_get(view->context, JOURNAL_BLOCK, stored->key, PAGE_VIEW_ID, &stored->bytes);
	if (error)
		return error == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : error;
	error = block_header(stored->bytes.data, stored->bytes.size, &stored->header);
	if (error == UNCIA_E_MEMORY)
		return error;
	return error || memcmp(stored->header.id.b, stored->key + 8, HASH_SIZE) ? UNCIA_E_DAMAGED : 0;
}

/* A finality certificate of exactly this block. UNCIA_E_NOT_FOUND: there is none. */
static int stored_finality(const struct storage_view *view, const struct stored_block *stored,
                           struct bytes *certificate)
{
	static const uint8_t kinds[] = {CERT_SF, CERT_FF};
	int error = UNCIA_E_NOT_FOUND;

	for (size_t i = 0; i < sizeof(kinds) && error == UNCIA_E_NOT_FOUND; i++) {
		uint8_t key[PAGE_VIEW_ID + 1];
		memcpy(key, stored->key, 8);
		key[8] = kinds[i];
		memcpy(key + 9, stored->key + 8, HASH_SIZE);
		error = view->journal_get(view->context, JOURNAL_CERT, key, sizeof(key), certificate);
	}
	return error;
}

static int page_add_block(struct chain_page *page, const struct storage_view *view, const struct stored_block *stored)
{
	struct chain_page_block *block = &page->blocks[page->count];
	struct bytes certificate;

	/* The bytes of the block are copied before anything else is read. */
	TRY(chain_page_copy(page, &stored->bytes, &block->block));
	int error = stored_finality(view, stored, &certificate);
	block->certificate = (struct bytes){NULL, 0};
	if (!error)
		error = chain_page_copy(page, &certificate, &block->certificate);
	if (error && error != UNCIA_E_NOT_FOUND)
		return error;
	page->count++;
	return 0;
}

static int page_add_blocks(struct chain_page *page, const struct storage_view *view, uint64_t from, size_t *read)
{
	size_t bytes = 0;

	page->blocks = arena_alloc(&page->arena, CHAIN_PAGE_BLOCKS_MAX * sizeof(*page->blocks));
	if (!page->blocks)
		return page->arena.error;
	while (page->count < CHAIN_PAGE_BLOCKS_MAX) {
		struct stored_block stored;
		int error = stored_block_read(view, from + page->count, &stored);
		if (error == UNCIA_E_NOT_FOUND)
			break;
		TRY(error);
		*read += stored.bytes.size;
		if (page->count && bytes + stored.bytes.size > CHAIN_PAGE_BYTES)
			break;
		bytes += stored.bytes.size;
		TRY(page_add_block(page, view, &stored));
	}
	return 0;
}

/* The headers behind the page's last block, up to the first that has a finality certificate; none, where none has. */
static int page_add_headers(struct chain_page *page, const struct storage_view *view, uint64_t from, size_t *read)
{
	page->headers = arena_alloc(&page->arena, CHAIN_PAGE_HEADERS_MAX * sizeof(*page->headers));
	if (!page->headers)
		return page->arena.error;
	while (page->header_count < CHAIN_PAGE_HEADERS_MAX) {
		struct stored_block stored;
		struct bytes certificate;
		int error = stored_block_read(view, from + page->header_count, &stored);
		if (error == UNCIA_E_NOT_FOUND)
			break;
		TRY(error);
		*read += stored.bytes.size;
		struct bytes header = {stored.header.bytes, stored.header.size};
		TRY(chain_page_copy(page, &header, &page->headers[page->header_count++]));
		error = stored_finality(view, &stored, &certificate);
		if (!error)
			return chain_page_copy(page, &certificate, &page->certificate);
		if (error != UNCIA_E_NOT_FOUND)
			return error;
	}
	page->header_count = 0;
	return 0;
}

/* Certificates cost whoever checks them: of empty blocks few are kept. */
static void page_thin_out(struct chain_page *page)
{
	for (size_t i = 0; i + 1 < page->count; i++) {
		struct header header;
		struct chain_page_block *block = &page->blocks[i];
		if (i % PAGE_CERTIFIED != PAGE_CERTIFIED - 1 &&
		    !block_header(block->block.data, block->block.size, &header) && !header.payment_count)
			block->certificate.size = 0;
	}
}

static int page_tip(const struct storage_view *view, uint64_t *height)
{
	struct bytes key, value;
	int error = view->journal_last(view->context, JOURNAL_FINAL, &key, &value);

	*height = 0;
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	TRY(error);
	if (key.size != 8)
		return UNCIA_E_DAMAGED;
	*height = be64_get(key.data);
	return 0;
}

int chain_page_fill(struct chain_page *page, const struct storage_view *view, uint64_t from_height, size_t *read)
{
	assert(from_height && !page->count);
	*read = 0;
	TRY(page_tip(view, &page->tip_height));
	if (from_height > page->tip_height)
		return 0;
	TRY(page_add_blocks(page, view, from_height, read));
	if (page->count && !page->blocks[page->count - 1].certificate.size)
		TRY(page_add_headers(page, view, from_height + page->count, read));
	if (!page->header_count)
		while (page->count && !page->blocks[page->count - 1].certificate.size)
			page->count--;
	page_thin_out(page);
	return 0;
}

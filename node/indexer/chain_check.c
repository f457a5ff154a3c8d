/* Blocks, headers and certificates of a page, each held against the one before. */
#include "chain_check.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"
#include "vote.h"

struct page_check {
	const struct genesis *genesis;
	struct chain_place at; /* the newest block that was checked */
	bool elsewhere;        /* the first block follows another one than it should */
	char *why;
};

void chain_place_genesis(const struct genesis *genesis, struct chain_place *place)
{
	*place = (struct chain_place){.timestamp_ms = genesis->timestamp_ms};
	genesis_block_id(genesis, &place->id);
}

void chain_place_of(const struct header *header, struct chain_place *place)
{
	*place = (struct chain_place){header->height, header->view, header->timestamp_ms, header->id};
}

static int page_check_wrong(struct page_check *c, const char *what, int error)
{
	snprintf(c->why, 256, "the block at height %" PRIu64 " %s", c->at.height + 1, what);
	return error;
}

/* Whether the header follows the block before it. */
static int check_header(struct page_check *c, const struct header *h, bool first)
{
	const struct committee *committee = &c->genesis->committee;

	if (h->height != c->at.height + 1)
		return page_check_wrong(c, "states another height", UNCIA_E_PROOF);
	if (h->epoch != committee->epoch || !hash_equal(&h->committee_hash, &committee->hash))
		return page_check_wrong(c, "is of another committee", UNCIA_E_PROOF);
	/* This version follows one epoch, as the chain's own rules do (node/chain/chain.c): what comes after such a
	 * header may be of no height here, or of another committee. */
	if (header_closes(h))
		return page_check_wrong(c, "ends the epoch, which this version does not follow", UNCIA_E_PROOF);
	if (h->proposer != committee_leader(committee, h->view))
		return page_check_wrong(c, "was not proposed by the leader of its view", UNCIA_E_PROOF);
	bool follows = hash_equal(&h->parent_id, &c->at.id);
	if (!follows && !first)
		return page_check_wrong(c, "does not follow the one before it", UNCIA_E_PROOF);
	if (!follows)
		c->elsewhere = true; /* what else is said of the one before is another block's, then */
	else if (h->view <= c->at.view || h->timestamp_ms <= c->at.timestamp_ms)
		return page_check_wrong(c, "is of an earlier view or time than the one before it", UNCIA_E_PROOF);
	chain_place_of(h, &c->at);
	return 0;
}

/* That the certificate makes the newest block final. */
static int check_certificate(struct page_check *c, const struct bytes *bytes)
{
	const struct genesis *genesis = c->genesis;
	struct certificate *certificate;
	int error = certificate_decode(&genesis->committee, bytes->data, bytes->size, &certificate);

	if (!error) {
		bool names = certificate_is_final(certificate->kind) && certificate->view == c->at.view &&
		             hash_equal(&certificate->block_id, &c->at.id);
		error =
		    names ? certificate_verify(&genesis->committee, &genesis->network_id, certificate) : UNCIA_E_PROOF;
		free(certificate);
	}
	if (error)
		snprintf(c->why, 256, "the finality certificate of height %" PRIu64 " does not hold: %s", c->at.height,
		         uncia_error_text(error));
	return error;
}

static int check_block(struct page_check *c, const struct chain_page_block *from, struct checked_page *checked)
{
	struct checked_block *to = &checked->blocks[checked->count];
	int error = block_decode(&c->genesis->network_id, from->block.data, from->block.size, &to->block);

	if (error)
		return page_check_wrong(c,
		                        error == UNCIA_E_PROOF ? "holds other payments than its header states"
		                                               : "is no block in canonical bytes",
		                        error);
	bool first = checked->count++ == 0;
	to->certificate = from->certificate;
	error = check_header(c, &to->block->header, first);
	return error || !from->certificate.size ? error : check_certificate(c, &from->certificate);
}

/* The headers behind the last block. */
static int check_headers(struct page_check *c, const struct chain_page *page)
{
	for (size_t i = 0; i < page->header_count; i++) {
		struct header header;
		int error = header_decode(page->headers[i].data, page->headers[i].size, &header);
		if (error)
			return page_check_wrong(c, "has no header in canonical bytes", error);
		error = check_header(c, &header, false);
		if (error)
			return error;
	}
	return check_certificate(c, &page->certificate);
}

int chain_check_page(const struct genesis *genesis, const struct chain_place *place, const struct chain_page *page,
                     struct checked_page *checked, char why[256])
{
	struct page_check c = {.genesis = genesis, .at = *place, .why = why};
	int error = 0;

	assert(page->count);
	checked->count = 0;
	checked->blocks = calloc(page->count, sizeof(*checked->blocks));
	if (!checked->blocks) {
		snprintf(why, 256, "out of memory");
		return UNCIA_E_MEMORY;
	}
	for (size_t i = 0; i < page->count && !error; i++)
		error = check_block(&c, &page->blocks[i], checked);
	if (!error && !page->blocks[page->count - 1].certificate.size)
		error = check_headers(&c, page);
	if (!error && c.elsewhere) {
		snprintf(why, 256,
		         "the block at height %" PRIu64 " follows another one at height %" PRIu64 " than is known here",
		         place->height + 1, place->height);
		error = UNCIA_E_SECOND_CHAIN;
	}
	if (error)
		checked_page_free(checked);
	return error;
}

void checked_page_free(struct checked_page *checked)
{
	for (size_t i = 0; i < checked->count; i++)
		block_free(checked->blocks[i].block);
	free(checked->blocks);
	*checked = (struct checked_page){0};
}

/* The payments that touched this account, page by page. */
#ifndef HISTORY_H
#define HISTORY_H
#include <uncia/uncia.h>
#include "message.pb-c.h"
#include "walk.h"

struct history {
	bool active;
	uint64_t generation, started_ms, attempt_ms;
	uint32_t node; /* who was asked; UINT32_MAX: nobody yet */
	uint32_t slow; /* who took long for a page, the last such one; UINT32_MAX: nobody */
	bool *tried;   /* as the network's endpoints: who was asked for this page */
	uint64_t before_height;
	uint32_t before_index, limit;
	bool gapless; /* this page goes on where the last one ended */
	/* A page that has come and is being verified, some receipts in each turn. */
	struct coming_page {
		uint8_t *bytes; /* of the receipts, one behind the other; NULL: none has come */
		size_t *ends;   /* where each ends */
		size_t count, opened;
		struct uncia_receipt **receipts; /* those that were verified */
		uint64_t next_height;
		uint32_t next_index;
	} coming;
	/* the last page */
	bool has_page;
	struct uncia_receipt **receipts;
	size_t count;
	uint64_t next_height;
	uint32_t next_index;
	struct account_walk walk; /* over the payments on gapless pages that made the proved state */
	uint64_t as_of;           /* the proved state's height, as it was at the first of these pages */
};

/* Returns 0 or UNCIA_E_MEMORY. */
int history_init(struct uncia_wallet *w);
void history_deinit(struct uncia_wallet *w);
/* Ends it without an event. Returns whether it was under way. */
bool history_cancel(struct uncia_wallet *w);
void history_link_up(struct uncia_wallet *w, uint32_t node);
void history_link_down(struct uncia_wallet *w, uint32_t node);
/* A negative result drops the link. */
int history_reply(struct uncia_wallet *w, uint32_t node, uint64_t generation, const Uncia__Pb__NodeReply *reply);
void history_tick(struct uncia_wallet *w);
/* UINT64_MAX: never. */
uint64_t history_next_ms(const struct uncia_wallet *w);

#endif

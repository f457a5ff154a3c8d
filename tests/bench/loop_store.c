/* See loop_store.h. */
#include "loop_store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "ledger.h"
#include "loop_sections.h"
#include "memory_store.h"
#include "store.h"

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "loop_store: %s:%d: %s\n", __FILE__, __LINE__, #condition);                    \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

struct loop_store {
	struct memory_store *memory; /* or */
	struct store *disk;
	struct storage_view view;
};

void records_free(struct record *first)
{
	for (struct record *next; first; first = next) {
		next = first->next;
		free(first);
	}
}

static void open_home(struct loop_store *store, const char *directory, const struct genesis *genesis,
                      const uint8_t key[32], const struct flush *genesis_flush)
{
	static unsigned count;
	char home[4096], why[256];

	MUST(snprintf(home, sizeof(home), "%s/loop-%u", directory, count++) < (int)sizeof(home));
	if (mkdir(home, 0700) || store_create(home, &genesis->network_id, key, genesis_flush)) {
		fprintf(stderr, "loop_store: %s: no home can be made there\n", home);
		exit(1);
	}
	MUST(store_open(home, &genesis->network_id, key, false, &store->disk, why) == 0);
	store_view(store->disk, &store->view);
}

struct loop_store *loop_store_new(const char *directory, const struct genesis *genesis, const uint8_t key[32],
                                  struct flush *genesis_flush)
{
	struct loop_store *store = calloc(1, sizeof(*store));

	MUST(store);
	if (directory) {
		open_home(store, directory, genesis, key, genesis_flush);
	} else {
		MUST((store->memory = memory_store_new()) && memory_store_apply(store->memory, genesis_flush) == 0);
		memory_store_view(store->memory, &store->view);
	}
	flush_free(genesis_flush);
	return store;
}

void loop_store_free(struct loop_store *store)
{
	memory_store_free(store->memory);
	store_close(store->disk);
	free(store);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static void commit_to_disk(struct loop_store *store, const struct record *first)
{
	size_t count = 0;
	char why[256];

	for (const struct record *r = first; r; r = r->next)
		count++;
	struct journal_write *writes = calloc(count, sizeof(*writes));
	MUST(writes);
	count = 0;
	for (const struct record *r = first; r; r = r->next) {
		struct journal_write *w = &writes[count++];
		*w = (struct journal_write){.table = r->table, .view = r->view};
		if (!r->table)
			continue;
		w->key = r->bytes;
		w->key_size = r->key_size;
		w->value = r->bytes + r->key_size;
		w->value_size = r->value_size;
	}
	MUST(journal_commit(store->disk, writes, count, why) == 0);
	MUST(store_view_renew_journal(store->disk) == 0);
	free(writes);
}

static void commit_to_memory(struct loop_store *store, const struct record *first)
{
	for (const struct record *r = first; r; r = r->next)
		if (r->table)
			MUST(memory_store_put(store->memory, r->table, r->bytes, r->key_size, r->bytes + r->key_size,
			                      r->value_size) == 0);
		else
			memory_store_forget(store->memory, r->view);
}

void loop_store_commit(struct loop_store *store, struct record *first)
{
	if (store->disk)
		commit_to_disk(store, first);
	else
		commit_to_memory(store, first);
	records_free(first);
}

void loop_store_flush(struct loop_store *store, struct flush *flush)
{
	char why[256];

	if (store->memory) {
		MUST(memory_store_apply(store->memory, flush) == 0);
		return;
	}
	MUST(state_apply(store->disk, flush, why) == 0);
	MUST(store_view_renew(store->disk) == 0);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static int loop_view_meta(void *context, struct state_meta *meta)
{
	struct storage_view *view = context;

	return view->meta(view->context, meta);
}

static int loop_view_group(void *context, uint64_t index, struct group_record *record)
{
	struct storage_view *view = context;

	section_enter(SECTION_STORE);
	int error = view->group(view->context, index, record);
	section_leave();
	return error;
}

static int loop_view_address(void *context, const struct entry_id *id, uint64_t *index)
{
	struct storage_view *view = context;

	section_enter(SECTION_STORE);
	int error = view->address(view->context, id, index);
	section_leave();
	return error;
}

static int loop_view_payment(void *context, const struct payment_id *id, struct payment_record *record)
{
	struct storage_view *view = context;

	section_enter(SECTION_STORE);
	int error = view->payment(view->context, id, record);
	section_leave();
	return error;
}

static int loop_view_orphan(void *context, const struct entry_id *id, struct position *head)
{
	struct storage_view *view = context;

	section_enter(SECTION_STORE);
	int error = view->orphan(view->context, id, head);
	section_leave();
	return error;
}

static int loop_view_get(void *context, enum journal_table table, const void *key, size_t key_size, struct bytes *value)
{
	struct storage_view *view = context;

	section_enter(SECTION_STORE);
	int error = view->journal_get(view->context, table, key, key_size, value);
	section_leave();
	return error;
}

static int loop_view_seek(void *context, enum journal_table table, const void *key, size_t key_size,
                          struct bytes *found_key, struct bytes *value)
{
	struct storage_view *view = context;

	return view->journal_seek(view->context, table, key, key_size, found_key, value);
}

static int loop_view_last(void *context, enum journal_table table, struct bytes *found_key, struct bytes *value)
{
	struct storage_view *view = context;

	return view->journal_last(view->context, table, found_key, value);
}

void loop_store_view(struct loop_store *store, struct storage_view *view)
{
	*view = (struct storage_view){.context = &store->view,
	                              .meta = loop_view_meta,
	                              .group = loop_view_group,
	                              .address = loop_view_address,
	                              .payment = loop_view_payment,
	                              .orphan = loop_view_orphan,
	                              .journal_get = loop_view_get,
	                              .journal_seek = loop_view_seek,
	                              .journal_last = loop_view_last};
}

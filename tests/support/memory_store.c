/* See memory_store.h. Small and plain rather than fast: what is inserted moves all that is above it. */
#include "memory_store.h"
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "uncia/error.h"

/* An array of records of one size, ascending by their first key_size bytes. */
struct table {
	size_t key_size, record_size, count, capacity;
	uint8_t *records;
};

struct address_record {
	struct entry_id id;
	uint64_t index;
};
struct orphan_record {
	struct entry_id id;
	struct position head;
};
struct id_record {
	struct payment_id id;
	struct position at;
	uint32_t previous_count;
	struct position *previous;
};
struct journal_record {
	size_t key_size, value_size;
	uint8_t key[JOURNAL_KEY_MAX];
	uint8_t *value;
	bool damaged;
};
struct journal {
	size_t count, capacity;
	struct journal_record *records;
};

struct memory_store {
	bool has_meta;
	struct state_meta meta;
	uint64_t group_count, group_capacity;
	struct group_record *groups;
	struct table addresses, payments, orphans;
	struct journal journal[JOURNAL_TABLES];
	uint64_t fail_in; /* reads until they fail; 0: none does */
	int fail_error;
	bool held;       /* none does now */
	uint64_t failed; /* how many have */
	bool group_damaged;
	uint64_t damaged_group;
};

/* ---- tables ---------------------------------------------------------------------------------- */

/* The first record whose key is not below `key`. */
static size_t table_seek(const struct table *t, const void *key)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp(t->records + middle * t->record_size, key, t->key_size) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void *table_find(const struct table *t, const void *key)
{
	size_t at = table_seek(t, key);

	if (at == t->count || memcmp(t->records + at * t->record_size, key, t->key_size) != 0)
		return NULL;
	return t->records + at * t->record_size;
}

static int grow(void **records, size_t record_size, size_t needed, size_t *capacity)
{
	if (needed <= *capacity)
		return 0;
	size_t more = needed + needed / 2 + 16;
	void *grown = reallocarray(*records, more, record_size);
	if (!grown)
		return UNCIA_E_MEMORY;
	*records = grown;
	*capacity = more;
	return 0;
}

/* Merges sorted records in, from the top down: those of a key that is there replace it. `dead` says which of the
 * merged ones to leave out. */
static int table_merge(struct table *t, const uint8_t *records, size_t n, bool (*dead)(const void *record))
{
	void *memory = t->records;

	if (n == 0)
		return 0;
	if (grow(&memory, t->record_size, t->count + n, &t->capacity) != 0)
		return UNCIA_E_MEMORY;
	t->records = memory;
	size_t old = t->count, new = n, to = t->count + n, size = t->record_size;
	while (new > 0) {
		int order =
		    old == 0 ? -1 : memcmp(t->records + (old - 1) * size, records + (new - 1) * size, t->key_size);
		if (order > 0) {
			memcpy(t->records + --to * size, t->records + --old * size, size);
			continue;
		}
		new --;
		if (order == 0)
			old--;
		if (!dead || !dead(records + new *size))
			memcpy(t->records + --to * size, records + new *size, size);
	}
	memmove(t->records + old * size, t->records + to * size, (t->count + n - to) * size);
	t->count = old + t->count + n - to;
	return 0;
}

static int table_copy(const struct table *from, struct table *to)
{
	*to = *from;
	to->capacity = from->count + 1;
	to->records = calloc(to->capacity, from->record_size);
	if (!to->records)
		return UNCIA_E_MEMORY;
	if (from->count)
		memcpy(to->records, from->records, from->count * from->record_size);
	return 0;
}

/* ---- the store ------------------------------------------------------------------------------- */

struct memory_store *memory_store_new(void)
{
	struct memory_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->addresses = (struct table){.key_size = ENTRY_ID_SIZE, .record_size = sizeof(struct address_record)};
	store->orphans = (struct table){.key_size = ENTRY_ID_SIZE, .record_size = sizeof(struct orphan_record)};
	store->payments =
	    (struct table){.key_size = sizeof(struct payment_id), .record_size = sizeof(struct id_record)};
	return store;
}

void memory_store_free(struct memory_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; store->payments.records && i < store->payments.count; i++)
		free(((struct id_record *)store->payments.records)[i].previous);
	for (int table = 1; table < JOURNAL_TABLES; table++) {
		for (size_t i = 0; i < store->journal[table].count; i++)
			free(store->journal[table].records[i].value);
		free(store->journal[table].records);
	}
	free(store->groups);
	free(store->addresses.records);
	free(store->payments.records);
	free(store->orphans.records);
	free(store);
}

static int copy_state(const struct memory_store *from, struct memory_store *to)
{
	to->has_meta = from->has_meta;
	to->meta = from->meta;
	to->groups = calloc(from->group_count + 1, sizeof(*to->groups));
	if (!to->groups || table_copy(&from->addresses, &to->addresses) != 0 ||
	    table_copy(&from->orphans, &to->orphans) != 0 || table_copy(&from->payments, &to->payments) != 0)
		return UNCIA_E_MEMORY;
	if (from->group_count)
		memcpy(to->groups, from->groups, from->group_count * sizeof(*to->groups));
	to->group_count = to->group_capacity = from->group_count;
	struct id_record *ids = (struct id_record *)to->payments.records;
	for (to->payments.count = 0; to->payments.count < from->payments.count; to->payments.count++) {
		struct id_record *id = &ids[to->payments.count];
		struct position *previous = calloc(id->previous_count + 1, sizeof(*previous));
		if (!previous)
			return UNCIA_E_MEMORY;
		memcpy(previous, id->previous, id->previous_count * sizeof(*previous));
		id->previous = previous;
	}
	return 0;
}

struct memory_store *memory_store_copy(const struct memory_store *store)
{
	struct memory_store *copy = memory_store_new();
	int rc = copy ? copy_state(store, copy) : UNCIA_E_MEMORY;

	for (int table = 1; table < JOURNAL_TABLES; table++) {
		for (size_t i = 0; rc == 0 && i < store->journal[table].count; i++) {
			const struct journal_record *r = &store->journal[table].records[i];
			rc = memory_store_put(copy, table, r->key, r->key_size, r->value, r->value_size);
		}
	}
	if (rc == 0)
		return copy;
	memory_store_free(copy);
	return NULL;
}

void memory_store_fail(struct memory_store *store, uint64_t nth, int error)
{
	store->fail_in = nth;
	store->fail_error = error;
}

void memory_store_hold(struct memory_store *store, bool hold)
{
	store->held = hold;
}

uint64_t memory_store_failed(const struct memory_store *store)
{
	return store->failed;
}

void memory_store_damage(struct memory_store *store, uint64_t which)
{
	struct journal *j = &store->journal[1 + which % (JOURNAL_TABLES - 1)];

	if (j->count && which % 4) {
		j->records[which / 8 % j->count].damaged = true;
	} else {
		store->group_damaged = true;
		store->damaged_group = which / 8 % (store->group_count + 1);
	}
}

void memory_store_mend(struct memory_store *store)
{
	for (int table = 1; table < JOURNAL_TABLES; table++)
		for (size_t i = 0; i < store->journal[table].count; i++)
			store->journal[table].records[i].damaged = false;
	store->group_damaged = false;
}

static int fail_read(struct memory_store *store, int error)
{
	if (store->held)
		return 0;
	store->failed++;
	return error;
}

/* Counts a read; what it must fail with, or 0. */
static int count_read(struct memory_store *store)
{
	if (store->held)
		return 0;
	if (store->fail_in > 1)
		store->fail_in--;
	else if (store->fail_in == 1)
		return fail_read(store, store->fail_error);
	return 0;
}

/* ---- writing the state ----------------------------------------------------------------------- */

static bool ascending(const void *records, size_t count, size_t record_size, size_t key_size)
{
	const uint8_t *at = records;

	for (size_t i = 1; i < count; i++)
		if (memcmp(at + (i - 1) * record_size, at + i * record_size, key_size) >= 0)
			return false;
	return true;
}

static bool flush_in_order(const struct memory_store *store, const struct flush *f)
{
	if (store->has_meta && f->meta.height <= store->meta.height)
		return false;
	for (size_t i = 0; i < f->group_count; i++)
		if ((i && f->groups[i].index <= f->groups[i - 1].index) ||
		    f->groups[i].index * GROUP_ENTRIES >= f->meta.entry_count)
			return false;
	return ascending(f->addresses, f->address_count, sizeof(*f->addresses), ENTRY_ID_SIZE) &&
	       ascending(f->payments, f->payment_count, sizeof(*f->payments), sizeof(struct payment_id)) &&
	       ascending(f->orphans, f->orphan_count, sizeof(*f->orphans), ENTRY_ID_SIZE);
}

static bool address_dead(const void *record)
{
	return ((const struct address_record *)record)->index == ENTRY_NONE;
}

static bool orphan_dead(const void *record)
{
	return ((const struct orphan_record *)record)->head.height == 0;
}

static int apply_groups(struct memory_store *store, const struct flush *f)
{
	void *memory = store->groups;
	uint64_t count = (f->meta.entry_count + GROUP_ENTRIES - 1) / GROUP_ENTRIES;

	if (grow(&memory, sizeof(*store->groups), count, &store->group_capacity) != 0)
		return UNCIA_E_MEMORY;
	store->groups = memory;
	store->group_count = count;
	for (size_t i = 0; i < f->group_count; i++)
		store->groups[f->groups[i].index] = *f->groups[i].record;
	for (size_t i = 0; i < f->group_count; i++)
		if (f->groups[i].index == store->damaged_group)
			store->group_damaged = false;
	return 0;
}

static int apply_addresses(struct memory_store *store, const struct flush *f)
{
	struct address_record *records = calloc(f->address_count + 1, sizeof(*records));

	if (!records)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < f->address_count; i++)
		records[i] = (struct address_record){f->addresses[i].id, f->addresses[i].index};
	int rc = table_merge(&store->addresses, (uint8_t *)records, f->address_count, address_dead);
	free(records);
	return rc;
}

static int apply_orphans(struct memory_store *store, const struct flush *f)
{
	struct orphan_record *records = calloc(f->orphan_count + 1, sizeof(*records));

	if (!records)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < f->orphan_count; i++)
		records[i] = (struct orphan_record){f->orphans[i].id, f->orphans[i].head};
	int rc = table_merge(&store->orphans, (uint8_t *)records, f->orphan_count, orphan_dead);
	free(records);
	return rc;
}

static int apply_payments(struct memory_store *store, const struct flush *f)
{
	struct id_record *records = calloc(f->payment_count + 1, sizeof(*records));
	size_t n = 0;
	int rc = records ? 0 : UNCIA_E_MEMORY;

	for (; rc == 0 && n < f->payment_count; n++) {
		const struct flush_payment *p = &f->payments[n];
		records[n] = (struct id_record){.id = p->id, .at = p->at, .previous_count = p->previous_count};
		records[n].previous = calloc(p->previous_count + 1, sizeof(*p->previous));
		if (records[n].previous)
			memcpy(records[n].previous, p->previous, p->previous_count * sizeof(*p->previous));
		else
			rc = UNCIA_E_MEMORY;
	}
	if (rc == 0)
		rc = table_merge(&store->payments, (uint8_t *)records, n, NULL);
	for (size_t i = 0; rc != 0 && i < n; i++)
		free(records[i].previous);
	free(records);
	return rc;
}

void genesis_flush_age(struct flush *genesis, uint32_t payments)
{
	for (size_t g = 0; g < genesis->group_count; g++)
		for (size_t slot = 0; slot < GROUP_ENTRIES; slot++) {
			uint8_t *entry = genesis->records[g].entries + slot * ENTRY_SIZE;
			if (entry[0] == ENTRY_ACCOUNT)
				be32_put(entry + 4, payments);
		}
}

int memory_store_apply(struct memory_store *store, struct flush *flush)
{
	flush_prepare(flush);
	if (!flush_in_order(store, flush))
		return UNCIA_E_ARGUMENT;
	int rc = apply_groups(store, flush);
	if (rc == 0)
		rc = apply_addresses(store, flush);
	if (rc == 0)
		rc = apply_orphans(store, flush);
	if (rc == 0)
		rc = apply_payments(store, flush);
	if (rc)
		return rc;
	store->meta = flush->meta;
	store->has_meta = true;
	return 0;
}

/* ---- writing the journal --------------------------------------------------------------------- */

static int compare_keys(const struct journal_record *record, const void *key, size_t key_size)
{
	size_t shorter = record->key_size < key_size ? record->key_size : key_size;
	int order = shorter ? memcmp(record->key, key, shorter) : 0;

	return order ? order : (record->key_size > key_size) - (record->key_size < key_size);
}

static size_t journal_find(const struct journal *j, const void *key, size_t key_size)
{
	size_t low = 0, high = j->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_keys(&j->records[middle], key, key_size) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int memory_store_put(struct memory_store *store, enum journal_table table, const void *key, size_t key_size,
                     const void *value, size_t value_size)
{
	struct journal *j = &store->journal[table];
	size_t at = journal_find(j, key, key_size);
	void *memory = j->records;

	if (key_size > JOURNAL_KEY_MAX || grow(&memory, sizeof(*j->records), j->count + 1, &j->capacity) != 0)
		return UNCIA_E_MEMORY;
	j->records = memory;
	uint8_t *copy = malloc(value_size + 1);
	if (!copy)
		return UNCIA_E_MEMORY;
	if (value_size)
		memcpy(copy, value, value_size);
	struct journal_record *record = &j->records[at];
	if (at < j->count && compare_keys(record, key, key_size) == 0) {
		free(record->value);
	} else {
		memmove(record + 1, record, (j->count - at) * sizeof(*record));
		j->count++;
	}
	*record = (struct journal_record){.key_size = key_size, .value_size = value_size, .value = copy};
	memcpy(record->key, key, key_size);
	return 0;
}

void memory_store_forget(struct memory_store *store, uint64_t view)
{
	struct journal *j = &store->journal[JOURNAL_VOTE];
	size_t forgotten = 0;

	while (forgotten < j->count && be64_get(j->records[forgotten].key) <= view)
		free(j->records[forgotten++].value);
	if (!forgotten)
		return;
	j->count -= forgotten;
	memmove(j->records, j->records + forgotten, j->count * sizeof(*j->records));
}

void memory_store_age(struct memory_store *store, uint64_t height)
{
	struct journal *j = &store->journal[JOURNAL_FINAL];

	while (j->count && be64_get(j->records[j->count - 1].key) >= height)
		free(j->records[--j->count].value);
}

size_t memory_store_records(const struct memory_store *store, enum journal_table table)
{
	return store->journal[table].count;
}

/* ---- the view -------------------------------------------------------------------------------- */

static int view_meta(void *context, struct state_meta *meta)
{
	struct memory_store *store = context;
	int rc = count_read(store);

	if (rc)
		return rc;
	if (!store->has_meta)
		return UNCIA_E_NOT_FOUND;
	*meta = store->meta;
	return 0;
}

static int view_group(void *context, uint64_t index, struct group_record *record)
{
	struct memory_store *store = context;
	int rc = count_read(store);

	if (rc)
		return rc;
	if (index >= store->group_count)
		return UNCIA_E_NOT_FOUND;
	if (store->group_damaged && index == store->damaged_group && !store->held)
		return fail_read(store, UNCIA_E_DAMAGED);
	*record = store->groups[index];
	return 0;
}

static int view_address(void *context, const struct entry_id *id, uint64_t *index)
{
	struct memory_store *store = context;
	int rc = count_read(store);

	if (rc)
		return rc;
	const struct address_record *record = table_find(&store->addresses, id);
	if (!record)
		return UNCIA_E_NOT_FOUND;
	*index = record->index;
	return 0;
}

static int view_payment(void *context, const struct payment_id *id, struct payment_record *record)
{
	struct memory_store *store = context;
	int rc = count_read(store);

	if (rc)
		return rc;
	const struct id_record *found = table_find(&store->payments, id);
	if (!found)
		return UNCIA_E_NOT_FOUND;
	record->at = found->at;
	record->previous_count = found->previous_count;
	memcpy(record->previous, found->previous, found->previous_count * sizeof(*found->previous));
	return 0;
}

static int view_orphan(void *context, const struct entry_id *id, struct position *head)
{
	struct memory_store *store = context;
	int rc = count_read(store);

	if (rc)
		return rc;
	const struct orphan_record *record = table_find(&store->orphans, id);
	if (!record)
		return UNCIA_E_NOT_FOUND;
	*head = record->head;
	return 0;
}

static int view_journal_get(void *context, enum journal_table table, const void *key, size_t key_size,
                            struct bytes *value)
{
	struct memory_store *store = context;
	const struct journal *j = &store->journal[table];
	int rc = count_read(store);

	if (rc)
		return rc;
	size_t at = journal_find(j, key, key_size);
	if (at == j->count || compare_keys(&j->records[at], key, key_size) != 0)
		return UNCIA_E_NOT_FOUND;
	if (j->records[at].damaged && !store->held)
		return fail_read(store, UNCIA_E_DAMAGED);
	*value = (struct bytes){.data = j->records[at].value, .size = j->records[at].value_size};
	return 0;
}

static int journal_at(struct memory_store *store, const struct journal *j, size_t at, struct bytes *key,
                      struct bytes *value)
{
	if (at >= j->count)
		return UNCIA_E_NOT_FOUND;
	if (j->records[at].damaged && !store->held)
		return fail_read(store, UNCIA_E_DAMAGED);
	*key = (struct bytes){.data = j->records[at].key, .size = j->records[at].key_size};
	*value = (struct bytes){.data = j->records[at].value, .size = j->records[at].value_size};
	return 0;
}

static int view_journal_seek(void *context, enum journal_table table, const void *key, size_t key_size,
                             struct bytes *found_key, struct bytes *value)
{
	struct memory_store *store = context;
	const struct journal *j = &store->journal[table];
	int rc = count_read(store);

	return rc ? rc : journal_at(store, j, journal_find(j, key, key_size), found_key, value);
}

static int view_journal_last(void *context, enum journal_table table, struct bytes *found_key, struct bytes *value)
{
	struct memory_store *store = context;
	const struct journal *j = &store->journal[table];
	int rc = count_read(store);

	return rc ? rc : journal_at(store, j, j->count - 1, found_key, value); /* of none: not below the count either */
}

void memory_store_view(struct memory_store *store, struct storage_view *view)
{
	*view = (struct storage_view){
	    .context = store,
	    .meta = view_meta,
	    .group = view_group,
	    .address = view_address,
	    .payment = view_payment,
	    .orphan = view_orphan,
	    .journal_get = view_journal_get,
	    .journal_seek = view_journal_seek,
	    .journal_last = view_journal_last,
	};
}

/* The ledger against a second one, written here as simply as can be: arrays, linear searches, whole copies. Random
 * payments, blocks, forks, settling, flushes and restarts; after them, everything that can be read is compared,
 * and the root with one computed from nothing. */
#include <stdio.h>
#include "fixture.h"
#include "ledger.h"
#include "memory_store.h"
#include "uncia/error.h"
#include "unit.h"

enum { ADDRESSES = 400, GENESIS_ACCOUNTS = 6, BLOCKS_MAX = 12, OUTPUTS = 4, STEPS = 2500 };
#define NONE UINT64_MAX

/* ---- the model ------------------------------------------------------------------------------- */

struct model_entry {
	int kind; /* 0 free, 1 account, 2 currency */
	uint32_t who;
	uint64_t balance, next_free, created;
	uint32_t payments;
	bool key_known;
	struct position head;
};

struct model_payment {
	struct payment payment;
	struct output outputs[OUTPUTS];
	uint32_t sender, to[OUTPUTS];
};

/* The payments of a chain, newest first. */
struct link {
	const struct model_payment *paid;
	struct position at;
	const struct link *before;
};

struct model {
	uint64_t count, free_head, accounts;
	struct model_entry entries[ADDRESSES + 1];
	struct position orphans[ADDRESSES];
	const struct link *last;
};

static uint8_t keys[ADDRESSES][32];
static struct address addresses[ADDRESSES];
static struct fixture network;

static struct model_entry *model_find(struct model *m, uint32_t who)
{
	for (uint64_t i = 0; i < m->count; i++)
		if (m->entries[i].kind == 1 && m->entries[i].who == who)
			return &m->entries[i];
	return NULL;
}

static struct model_entry *model_create(struct model *m, uint32_t who, uint64_t height)
{
	uint64_t index = m->free_head;

	if (index == NONE)
		index = m->count++;
	else
		m->free_head = m->entries[index].next_free;
	m->entries[index] = (struct model_entry){.kind = 1, .who = who, .created = height, .head = m->orphans[who]};
	m->orphans[who] = (struct position){0};
	m->accounts++;
	return &m->entries[index];
}

static void model_delete(struct model *m, struct model_entry *entry)
{
	m->orphans[entry->who] = entry->head;
	*entry = (struct model_entry){.kind = 0, .next_free = m->free_head};
	m->free_head = (uint64_t)(entry - m->entries);
	m->accounts--;
}

static int model_try(struct model *m, const struct model_payment *p, struct position at, uint64_t time_s)
{
	if (p->payment.expires_at <= time_s)
		return UNCIA_E_EXPIRED;
	if (p->payment.expires_at > time_s + 3600)
		return UNCIA_E_TOO_FAR;
	for (const struct link *l = m->last; l; l = l->before)
		if (memcmp(&l->paid->payment.id, &p->payment.id, 32) == 0)
			return UNCIA_E_EXISTS;
	struct model_entry *sender = model_find(m, p->sender);
	if (!sender)
		return UNCIA_E_FUNDS;
	if (memcmp(p->payment.public_key, keys[p->sender], 32) != 0)
		return UNCIA_E_SIGNATURE;
	if (sender->balance < p->payment.total)
		return UNCIA_E_FUNDS;
	sender->key_known = true;
	sender->balance -= p->payment.total;
	for (uint32_t k = 0; k < p->payment.output_count; k++) {
		if (p->outputs[k].amount < FIXTURE_SMALLEST_AMOUNT)
			return UNCIA_E_AMOUNT;
		struct model_entry *to = model_find(m, p->to[k]);
		if (!to)
			to = model_create(m, p->to[k], at.height);
		to->balance += p->outputs[k].amount;
	}
	if (sender->balance && sender->balance < FIXTURE_SMALLEST_AMOUNT)
		return UNCIA_E_AMOUNT;
	for (uint64_t i = 0; i < m->count; i++) {
		struct model_entry *e = &m->entries[i];
		bool touched = e == sender;
		for (uint32_t k = 0; k < p->payment.output_count; k++)
			touched = touched || e->who == p->to[k];
		if (!touched || e->kind != 1)
			continue;
		e->payments += e->payments != UINT32_MAX;
		e->head = at;
	}
	if (sender->balance == 0)
		model_delete(m, sender);
	return 0;
}

static void put_be(uint8_t *to, uint64_t value, unsigned size)
{
	while (size--) {
		to[size] = (uint8_t)value;
		value >>= 8;
	}
}

static void model_encode(const struct model_entry *e, uint8_t bytes[80])
{
	memset(bytes, 0, 80);
	bytes[0] = (uint8_t)e->kind;
	put_be(bytes + 64, e->kind == 0 ? e->next_free : e->balance, 8);
	if (e->kind == 2) {
		memcpy(bytes + 8, "UNC", 3);
		put_be(bytes + 72, FIXTURE_SMALLEST_AMOUNT, 8);
	}
	if (e->kind == 1) {
		bytes[1] = e->key_known;
		put_be(bytes + 4, e->payments, 4);
		memcpy(bytes + 8, addresses[e->who].b, 20);
		if (e->key_known)
			memcpy(bytes + 28, keys[e->who], 32);
		put_be(bytes + 72, e->created, 8);
	}
	if (e->kind != 0)
		put_be(bytes + 60, 1, 4);
}

static struct hash model_root(const struct model *m)
{
	static uint8_t bytes[(ADDRESSES + 8) * 80];
	static struct hash level[ADDRESSES];
	size_t n = (size_t)(m->count + 7) / 8;
	struct hash root;
	uint8_t last[48];

	memset(bytes, 0, sizeof(bytes));
	for (uint64_t i = 0; i < m->count; i++)
		model_encode(&m->entries[i], bytes + i * 80);
	for (size_t i = 0; i < n; i++)
		hash1(HASH_STATE_GROUP, bytes + i * 640, 640, &level[i]);
	while (n > 1) {
		memset(&level[n], 0, 3 * sizeof(level[0]));
		for (size_t i = 0; i < (n + 3) / 4; i++) {
			struct hash node;
			hash1(HASH_STATE_NODE, &level[4 * i], 128, &node);
			level[i] = node;
		}
		n = (n + 3) / 4;
	}
	put_be(last, m->count, 8);
	put_be(last + 8, m->free_head, 8);
	memcpy(last + 16, level[0].b, 32);
	hash1(HASH_STATE_ROOT, last, sizeof(last), &root);
	return root;
}

/* ---- the world: the ledger, and models of each state it must know ------------------------------ */

struct node {
	struct executed *block;
	struct node *parent; /* NULL: the settled state */
	uint64_t height;
	struct model model;
};

static uint64_t random_state;
static struct memory_store *store;
static struct storage_view view;
static struct ledger *ledger;
static struct model settled, taken, stored;
static uint64_t settled_height, taken_height, stored_height;
static struct flush *under_way;
static struct node *nodes[BLOCKS_MAX];
static unsigned node_count;
static void *kept[200000]; /* model payments and links: freed at the end */
static size_t kept_count;
static const struct model_payment *made[100000];
static size_t made_count;
static unsigned results[8];

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % n;
}

static void *keep(size_t size)
{
	void *memory = calloc(1, size);

	ck_assert_ptr_nonnull(memory);
	ck_assert_uint_lt(kept_count, sizeof(kept) / sizeof(kept[0]));
	kept[kept_count++] = memory;
	return memory;
}

static uint32_t random_account(struct model *m)
{
	for (;;) {
		const struct model_entry *e = &m->entries[random_below(m->count)];
		if (e->kind == 1)
			return e->who;
	}
}

static uint32_t random_recipient(struct model *m, uint32_t sender)
{
	switch (random_below(10)) {
	case 0:
		return sender;
	case 1:
	case 2:
	case 3:
		return random_account(m);
	default:
		/* A part of all addresses at first, so that the tree grows slowly through its powers. */
		return (uint32_t)random_below(10 + made_count / 8 < ADDRESSES ? 10 + made_count / 8 : ADDRESSES);
	}
}

static const struct model_payment *random_payment(struct model *m)
{
	if (made_count && random_below(12) == 0)
		return made[random_below(made_count)];
	struct model_payment *p = keep(sizeof(*p));
	struct payment *pay = &p->payment;
	p->sender = random_below(20) ? random_account(m) : (uint32_t)random_below(ADDRESSES);
	const struct model_entry *from = model_find(m, p->sender);
	uint64_t left = from ? from->balance : 5000;
	pay->output_count = 1 + (uint32_t)random_below(OUTPUTS);
	bool all = random_below(3) == 0;
	for (uint32_t k = 0; k < pay->output_count; k++) {
		uint64_t amount = 1000 + random_below(left / 2 + 1);
		if (all && k + 1 == pay->output_count)
			amount = left;
		if (amount > left && random_below(4))
			amount = left;
		if (random_below(60) == 0)
			amount = 1 + random_below(1500);
		if (amount == 0)
			amount = 1000;
		p->to[k] = k && random_below(6) == 0 ? p->to[k - 1] : random_recipient(m, p->sender);
		p->outputs[k] = (struct output){.to = addresses[p->to[k]], .amount = amount};
		pay->total += amount;
		left -= amount < left ? amount : left;
	}
	pay->references = 1;
	pay->sender = addresses[p->sender];
	pay->currency = CURRENCY_FIRST;
	pay->outputs = p->outputs;
	pay->expires_at = FIXTURE_TIME_S + 1 + (uint32_t)random_below(random_below(8) ? 3600 : 3700);
	memcpy(pay->public_key, keys[random_below(40) ? p->sender : random_below(ADDRESSES)], 32);
	put_be(pay->id.b, pay->expires_at, 4);
	put_be(pay->id.b + 24, made_count, 8);
	ck_assert_uint_lt(made_count, sizeof(made) / sizeof(made[0]));
	made[made_count++] = p;
	return p;
}

static uint64_t time_of(uint64_t height)
{
	return FIXTURE_TIME_MS + height * 37;
}

static void add_payment(struct node *n, uint32_t *index)
{
	static struct model tried;
	const struct model_payment *p = random_payment(&n->model);
	struct position at = {.height = n->height, .index = *index};

	tried = n->model;
	int expected = model_try(&tried, p, at, time_of(n->height) / 1000);
	ck_assert_int_eq(ledger_check(ledger, n->block, time_of(n->height), &p->payment), expected);
	ck_assert_int_eq(ledger_add(ledger, n->block, &p->payment), expected);
	switch (expected) {
	case 0:
		results[0]++;
		break;
	case UNCIA_E_EXISTS:
		results[1]++;
		return;
	case UNCIA_E_FUNDS:
		results[2]++;
		return;
	case UNCIA_E_SIGNATURE:
		results[3]++;
		return;
	case UNCIA_E_AMOUNT:
		results[4]++;
		return;
	case UNCIA_E_TOO_FAR:
		results[5]++;
		return;
	default:
		results[6]++;
		return;
	}
	struct link *link = keep(sizeof(*link));
	*link = (struct link){.paid = p, .at = at, .before = n->model.last};
	n->model = tried;
	n->model.last = link;
	++*index;
}

static void new_block(void)
{
	struct node *parent = node_count && random_below(4) ? nodes[random_below(node_count)] : NULL;

	if (node_count == BLOCKS_MAX)
		return;
	struct node *n = calloc(1, sizeof(*n));
	ck_assert_ptr_nonnull(n);
	n->parent = parent;
	n->height = (parent ? parent->height : settled_height) + 1;
	n->model = parent ? parent->model : settled;
	ck_assert_int_eq(ledger_begin(ledger, parent ? parent->block : NULL, n->height, time_of(n->height), &n->block),
	                 0);
	uint32_t index = 0;
	for (uint64_t left = random_below(9); left > 0; left--)
		add_payment(n, &index);
	struct hash id = fixture_hash(n->height);
	ledger_end(n->block, &id);
	nodes[node_count++] = n;
}

static void check_root(struct node *n)
{
	struct hash root, expected = model_root(&n->model);

	ck_assert_int_eq(ledger_root(ledger, n->block, &root), 0);
	ck_assert_mem_eq(root.b, expected.b, 32);
}

/* ---- reading everything ------------------------------------------------------------------------ */

static bool touches(const struct model_payment *p, uint32_t who)
{
	bool found = p->sender == who;

	for (uint32_t k = 0; k < p->payment.output_count; k++)
		found = found || p->to[k] == who;
	return found;
}

static void check_history(struct model *m, struct executed *tip, uint32_t who)
{
	struct position at;
	int rc = ledger_history_head(ledger, tip, ACCOUNT(addresses[who]), &at);
	bool any = false;
	struct payment_record record;

	for (const struct link *l = m->last; l; l = l->before) {
		if (!touches(l->paid, who))
			continue;
		any = true;
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(at.height, l->at.height);
		ck_assert_uint_eq(at.index, l->at.index);
		ck_assert_int_eq(ledger_find_payment(ledger, tip, &l->paid->payment.id, &record), 0);
		ck_assert_uint_eq(record.at.height, l->at.height);
		ck_assert_uint_eq(record.at.index, l->at.index);
		ck_assert_uint_eq(record.previous_count, 1 + l->paid->payment.output_count);
		bool first = true;
		for (uint32_t k = 0; k <= l->paid->payment.output_count; k++) {
			if ((k ? l->paid->to[k - 1] : l->paid->sender) != who)
				continue;
			if (!first) { /* one account, one position before, however often it is named */
				ck_assert_uint_eq(at.height, record.previous[k].height);
				ck_assert_uint_eq(at.index, record.previous[k].index);
			}
			at = record.previous[k];
			first = false;
		}
	}
	if (any || model_find(m, who)) {
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(at.height, 0);
	} else {
		ck_assert_int_eq(rc, UNCIA_E_NOT_FOUND);
	}
}

static void check_accounts(struct model *m, struct executed *tip)
{
	struct entry entry;
	uint64_t index, total = 0;

	for (uint32_t who = 0; who < ADDRESSES; who++) {
		struct model_entry *expected = model_find(m, who);
		int rc = ledger_entry(ledger, tip, ACCOUNT(addresses[who]), &entry, &index);
		ck_assert_int_eq(rc, expected ? 0 : UNCIA_E_NOT_FOUND);
		if (!expected)
			continue;
		total += entry.balance;
		ck_assert_uint_eq(entry.balance, expected->balance);
		ck_assert_uint_eq(entry.payments, expected->payments);
		ck_assert_uint_eq(entry.created, expected->created);
		ck_assert_uint_eq(index, (uint64_t)(expected - m->entries));
		ck_assert_int_eq(entry.flags == ENTRY_KEY_KNOWN, expected->key_known);
	}
	ck_assert_uint_eq(total, network.genesis.supply);
}

static void check_proof(uint32_t who)
{
	struct ledger_proof p;
	uint8_t expected[80];
	struct hash root;
	int rc = ledger_prove(ledger, ACCOUNT(addresses[who]), &p);

	ck_assert_int_eq(ledger_settled_root(ledger, &root), 0);
	if (!model_find(&settled, who)) {
		ck_assert_int_eq(rc, UNCIA_E_NOT_FOUND);
		return;
	}
	ck_assert_int_eq(rc, 0);
	struct state_proof proof = {p.index, p.entry_count, p.free_head, p.group, {p.path, p.path_size}};
	ck_assert(state_proof_verify(&root, &proof));
	model_encode(&settled.entries[p.index], expected);
	ck_assert_mem_eq(p.group + p.index % 8 * 80, expected, 80);
	p.group[p.index % 8 * 80 + 71] ^= 1; /* a cent more is no proof */
	ck_assert(!state_proof_verify(&root, &proof));
}

static void check_settled(void)
{
	struct hash root, expected = model_root(&settled), id = fixture_hash(settled_height), found;

	ck_assert_int_eq(ledger_settled_root(ledger, &root), 0);
	ck_assert_mem_eq(root.b, expected.b, 32);
	ck_assert_uint_eq(ledger_accounts(ledger), settled.accounts);
	ck_assert_uint_eq(ledger_settled_height(ledger), settled_height);
	ledger_settled_id(ledger, &found);
	if (settled_height)
		ck_assert_mem_eq(found.b, id.b, 32);
	check_accounts(&settled, NULL);
	for (int i = 0; i < 10; i++)
		check_proof((uint32_t)random_below(ADDRESSES));
}

/* What is stored, against the model of when it was taken. */
static void check_stored(void)
{
	struct state_meta meta;
	struct group_record record;
	uint8_t expected[80];

	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, stored_height);
	ck_assert_uint_eq(meta.entry_count, stored.count);
	ck_assert_uint_eq(meta.free_head, stored.free_head);
	for (uint64_t i = 0; i < stored.count; i++) {
		const struct model_entry *e = &stored.entries[i];
		ck_assert_int_eq(view.group(view.context, i / 8, &record), 0);
		model_encode(e, expected);
		ck_assert_mem_eq(record.entries + i % 8 * 80, expected, 80);
		ck_assert_uint_eq(record.heads[i % 8].height, e->kind == 1 ? e->head.height : 0);
		ck_assert_uint_eq(record.heads[i % 8].index, e->kind == 1 ? e->head.index : 0);
	}
	for (uint32_t who = 0; who < ADDRESSES; who++) {
		const struct model_entry *e = model_find(&stored, who);
		struct position orphan = {0};
		uint64_t index;
		int rc = view.address(view.context, ACCOUNT(addresses[who]), &index);
		ck_assert_int_eq(rc, e ? 0 : UNCIA_E_NOT_FOUND);
		if (e)
			ck_assert_uint_eq(index, (uint64_t)(e - stored.entries));
		rc = view.orphan(view.context, ACCOUNT(addresses[who]), &orphan);
		ck_assert_int_eq(rc, stored.orphans[who].height ? 0 : UNCIA_E_NOT_FOUND);
		ck_assert_uint_eq(orphan.height, stored.orphans[who].height);
		ck_assert_uint_eq(orphan.index, stored.orphans[who].index);
	}
}

/* ---- steps --------------------------------------------------------------------------------------- */

static void release(unsigned at)
{
	executed_release(ledger, nodes[at]->block);
	free(nodes[at]);
	nodes[at] = nodes[--node_count];
}

static bool descends(const struct node *n, const struct node *from)
{
	while (n && n != from)
		n = n->parent;
	return n == from;
}

static bool told[ADDRESSES];

static void tell(void *context, const struct entry_id *id)
{
	uint32_t who = 0;

	ck_assert_ptr_null(context);
	while (who < ADDRESSES && !entry_id_equal(id, ACCOUNT(addresses[who])))
		who++;
	ck_assert_uint_lt(who, ADDRESSES);
	told[who] = true;
}

/* Settles a child of the settled state, after the blocks that do not come after it were released. */
static void settle(void)
{
	struct node *chosen = NULL;

	for (unsigned i = 0; i < node_count; i++)
		if (!nodes[i]->parent && (!chosen || random_below(2)))
			chosen = nodes[i];
	if (!chosen)
		return;
	bool keeps[BLOCKS_MAX];
	for (unsigned i = 0; i < node_count; i++)
		keeps[i] = descends(nodes[i], chosen);
	for (unsigned i = node_count; i-- > 0;) { /* a parent may go before its child, which holds it */
		if (!keeps[i]) {
			keeps[i] = keeps[node_count - 1];
			release(i);
		}
	}
	memset(told, 0, sizeof(told));
	ck_assert_int_eq(ledger_settle(ledger, chosen->block, tell, NULL), 0);
	for (uint32_t who = 0; who < ADDRESSES; who++) {
		bool touched = false;
		for (const struct link *l = chosen->model.last; l && l->at.height == chosen->height; l = l->before)
			touched = touched || touches(l->paid, who);
		if (touched)
			ck_assert(told[who]);
	}
	settled = chosen->model;
	settled_height = chosen->height;
	for (unsigned i = 0; i < node_count; i++)
		if (nodes[i]->parent == chosen)
			nodes[i]->parent = NULL;
	for (unsigned i = 0; i < node_count; i++)
		if (nodes[i] == chosen) {
			release(i);
			break;
		}
}

static void take_flush(void)
{
	struct flush *flush;

	ck_assert_int_eq(ledger_take_flush(ledger, &flush), 0);
	if (under_way || settled_height == stored_height) {
		ck_assert_ptr_null(flush);
		return;
	}
	ck_assert_ptr_nonnull(flush);
	under_way = flush;
	taken = settled;
	taken_height = settled_height;
}

static void finish_flush(void)
{
	if (!under_way)
		return;
	ck_assert_int_eq(memory_store_apply(store, under_way), 0);
	ledger_flushed(ledger, under_way);
	under_way = NULL;
	stored = taken;
	stored_height = taken_height;
	check_stored();
}

static void restart(void)
{
	static const uint8_t seed[16] = "a seed of tables";

	while (node_count)
		release(node_count - 1);
	ledger_free(ledger);
	if (random_below(2) && under_way) { /* the flush outlives the ledger, and may have been stored or not */
		ck_assert_int_eq(memory_store_apply(store, under_way), 0);
		stored = taken;
		stored_height = taken_height;
	}
	flush_free(under_way);
	under_way = NULL;
	ck_assert_int_eq(ledger_new(&network.genesis, &view, seed, &ledger), 0);
	settled = stored;
	settled_height = stored_height;
	check_settled();
}

static void open_world(uint64_t seed)
{
	static const uint8_t hash_seed[16] = "a seed of tables";
	uint32_t before = seed % 2 ? UINT32_MAX - 3 : 0; /* counters that come to their end */
	struct genesis_account accounts[GENESIS_ACCOUNTS];
	struct flush *flush;

	random_state = seed * 0x9e3779b97f4a7c15u + 1;
	fixture_init(&network, 4, 1, 1000000);
	for (uint32_t who = 0; who < ADDRESSES; who++) {
		struct hash key = fixture_hash(who);
		memcpy(keys[who], key.b, 32);
		address_of_key(keys[who], &addresses[who]);
	}
	for (uint32_t i = 0; i < GENESIS_ACCOUNTS; i++)
		accounts[i] = (struct genesis_account){.address = addresses[i], .balance = 1000000 + i};
	struct validator validators[4];
	memcpy(validators, network.genesis.committee.validators, sizeof(validators));
	genesis_deinit(&network.genesis);
	struct genesis_parameters parameters = {
	    "model", FIXTURE_TIME_MS, "UNC", FIXTURE_SMALLEST_AMOUNT, validators, 4, 1, 0, accounts, GENESIS_ACCOUNTS};
	ck_assert_int_eq(genesis_make(&network.genesis, &parameters), 0);
	store = memory_store_new();
	memory_store_view(store, &view);
	ck_assert_int_eq(genesis_flush(&network.genesis, &flush), 0);
	genesis_flush_age(flush, before);
	ck_assert_int_eq(memory_store_apply(store, flush), 0);
	flush_free(flush);
	memset(&settled, 0, sizeof(settled));
	settled.free_head = NONE;
	settled.entries[settled.count++] = (struct model_entry){.kind = 2, .balance = network.genesis.supply};
	for (uint32_t i = 0; i < GENESIS_ACCOUNTS; i++)
		for (uint32_t who = 0; who < GENESIS_ACCOUNTS; who++)
			if (memcmp(&network.genesis.accounts[i].address, &addresses[who], 20) == 0)
				model_create(&settled, who, 0)->balance = network.genesis.accounts[i].balance;
	for (uint64_t i = 1; i < settled.count; i++)
		settled.entries[i].payments = before;
	stored = settled;
	settled_height = stored_height = 0;
	ck_assert_int_eq(ledger_new(&network.genesis, &view, hash_seed, &ledger), 0);
	check_settled();
	check_stored();
}

static void close_world(void)
{
	while (node_count)
		release(node_count - 1);
	flush_free(under_way);
	under_way = NULL;
	ledger_free(ledger);
	memory_store_free(store);
	genesis_deinit(&network.genesis);
	while (kept_count)
		free(kept[--kept_count]);
	made_count = 0;
}

static void run_world(uint64_t seed)
{
	open_world(seed);
	for (int step = 0; step < STEPS; step++) {
		struct node *any = node_count ? nodes[random_below(node_count)] : NULL;
		switch ("bbbbbrrrsssftpah"[random_below(16)]) {
		case 'b':
			new_block();
			break;
		case 'r':
			if (any)
				check_root(any);
			break;
		case 's':
			settle();
			break;
		case 'f':
			take_flush();
			break;
		case 't':
			finish_flush();
			break;
		case 'p':
			check_proof((uint32_t)random_below(ADDRESSES));
			break;
		case 'a':
			if (any)
				check_accounts(&any->model, any->block);
			else
				check_settled();
			break;
		default:
			if (any)
				check_history(&any->model, any->block, (uint32_t)random_below(ADDRESSES));
			if (random_below(20) == 0)
				restart();
		}
	}
	check_settled();
	for (uint32_t who = 0; who < ADDRESSES; who++)
		check_history(&settled, NULL, who);
	close_world();
}

START_TEST(random_histories_agree_with_the_model)
{
	run_world((uint64_t)_i + 1);
}
END_TEST

START_TEST(random_histories_met_every_end)
{
	for (unsigned i = 0; i < 6; i++)
		ck_assert_uint_gt(results[i], 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger_model");
	TCase *cases = tcase_create("ledger_model");

	tcase_set_timeout(cases, 280);
	tcase_add_loop_test(cases, random_histories_agree_with_the_model, 0, 6);
	tcase_add_test(cases, random_histories_met_every_end);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK); /* the second test counts what the first met */
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

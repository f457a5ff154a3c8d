/* The genesis, from which a network starts: canonical bytes whose hash is the network's id. The node makes the first
 * state of the ledger of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "committee.h"
#include "fields.h"
#include "genesis.pb-c.h"
#include "uncia/error.h"

#define CURRENCY_NUMBER 1u
#define NAME_LENGTH_MAX 32u
#define CODE_LENGTH_MIN 3u
#define CODE_LENGTH_MAX 8u
#define LETTERS         "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool genesis_text_ok(const char *text, size_t size, size_t min, size_t max, const char *characters)
{
	size_t good = 0;
	while (good < size && text[good] != '\0' && strchr(characters, text[good]))
		good++;
	return good == size && size >= min && size <= max;
}

bool network_name_ok(const char *name, size_t size)
{
	return genesis_text_ok(name, size, 1, NAME_LENGTH_MAX, LETTERS "abcdefghijklmnopqrstuvwxyz0123456789._- ") &&
	       name[0] != ' ' && name[size - 1] != ' ';
}

bool currency_code_ok(const char *code, size_t size)
{
	return genesis_text_ok(code, size, CODE_LENGTH_MIN, CODE_LENGTH_MAX, LETTERS);
}

/* Copies a field as a string where it is good. */
static bool text_copy(const ProtobufCBinaryData *field, bool (*good)(const char *text, size_t size), char *text)
{
	if (!good((const char *)field->data, field->len))
		return false;
	memcpy(text, field->data, field->len);
	text[field->len] = '\0';
	return true;
}

static int committee_read(const Uncia__Pb__Genesis *pb, struct committee *c)
{
	struct validator validators[COMMITTEE_SIZE_MAX];
	if (pb->n_validators > COMMITTEE_SIZE_MAX)
		return UNCIA_E_CONFIG;
	for (size_t i = 0; i < pb->n_validators; i++) {
		const Uncia__Pb__Validator *v = pb->validators[i];
		if (!field_copy(&v->consensus_key, validators[i].consensus_key, 32) ||
		    !field_copy(&v->network_key, validators[i].network_key, 32))
			return UNCIA_E_ENCODING;
		validators[i].weight = v->weight;
	}
	return committee_init(c, 0, validators, (uint32_t)pb->n_validators, pb->faulty, pb->slow);
}

/* Accounts in strictly ascending order of address: one encoding, no address twice. */
static int accounts_read(const Uncia__Pb__Genesis *pb, struct genesis *g)
{
	if (pb->n_accounts == 0)
		return 0;
	g->accounts = calloc(pb->n_accounts, sizeof(*g->accounts));
	if (!g->accounts)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < pb->n_accounts; i++) {
		struct genesis_account *a = &g->accounts[i];
		if (!field_copy(&pb->accounts[i]->address, a->address.b, ADDRESS_SIZE))
			return UNCIA_E_ENCODING;
		a->balance = pb->accounts[i]->balance;
		if (i > 0 && memcmp(a[-1].address.b, a->address.b, ADDRESS_SIZE) >= 0)
			return UNCIA_E_CONFIG;
		if (a->balance < g->smallest_amount || !amount_add(g->supply, a->balance, &g->supply))
			return UNCIA_E_CONFIG;
	}
	g->account_count = (uint32_t)pb->n_accounts;
	return 0;
}

static int genesis_read(const Uncia__Pb__Genesis *pb, struct genesis *g)
{
	assert(pb->version == GENESIS_VERSION);
	if (pb->currency != CURRENCY_NUMBER || !text_copy(&pb->name, network_name_ok, g->name) ||
	    !text_copy(&pb->currency_code, currency_code_ok, g->currency_code) || pb->smallest_amount == 0 ||
	    pb->timestamp_ms >= GENESIS_TIME_END_MS)
		return UNCIA_E_CONFIG;
	g->timestamp_ms = pb->timestamp_ms;
	g->currency = pb->currency;
	g->smallest_amount = pb->smallest_amount;
	int rc = committee_read(pb, &g->committee);
	return rc ? rc : accounts_read(pb, g);
}

/* The key of a field 1 that is a varint. Canonical bytes begin with it. */
#define VERSION_KEY 0x08

uint32_t genesis_version(const void *bytes, size_t size)
{
	const uint8_t *b = bytes;
	uint64_t version = 0;

	if (size == 0 || b[0] != VERSION_KEY)
		return 0;
	for (size_t i = 1; i < size && i <= 5; i++) {
		version |= (uint64_t)(b[i] & 0x7f) << (7 * (i - 1));
		if (b[i] < 0x80)
			return version <= UINT32_MAX ? (uint32_t)version : 0;
	}
	return 0;
}

int genesis_decode(struct genesis *g, const void *bytes, size_t size)
{
	if (size > GENESIS_SIZE_MAX)
		return UNCIA_E_LIMIT;
	/* Before anything else is looked at: what another version has, this one's rules cannot judge. */
	uint32_t version = genesis_version(bytes, size);
	if (version == 0)
		return UNCIA_E_ENCODING;
	if (version != GENESIS_VERSION)
		return UNCIA_E_VERSION;
	struct genesis fresh = {.size = size};
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__genesis__descriptor, bytes, size, &arena, &message);
	if (rc == 0)
		rc = genesis_read((Uncia__Pb__Genesis *)message, &fresh);
	arena_deinit(&arena);
	if (rc == 0) {
		fresh.bytes = malloc(size);
		if (!fresh.bytes)
			rc = UNCIA_E_MEMORY;
	}
	if (rc) {
		genesis_deinit(&fresh);
		return rc;
	}
	memcpy(fresh.bytes, bytes, size);
	/* encoding §1: the genesis hash alone has no network id in it. */
	hash1(HASH_GENESIS, bytes, size, &fresh.network_id);
	*g = fresh;
	return 0;
}

static int account_compare(const void *a, const void *b)
{
	const Uncia__Pb__GenesisAccount *const *x = a, *const *y = b;
	return memcmp((*x)->address.data, (*y)->address.data, ADDRESS_SIZE);
}

/* The accounts of a message, sorted by address, in one block of memory: free() it. NULL where memory ends. */
static Uncia__Pb__GenesisAccount **accounts_write(const struct genesis_account *accounts, uint32_t count)
{
	Uncia__Pb__GenesisAccount **list = calloc((size_t)count + 1, sizeof(*list) + sizeof(**list));
	if (!list)
		return NULL;
	Uncia__Pb__GenesisAccount *items = (void *)(list + count + 1);
	for (uint32_t i = 0; i < count; i++) {
		items[i] = (Uncia__Pb__GenesisAccount)UNCIA__PB__GENESIS_ACCOUNT__INIT;
		items[i].address = field_of(accounts[i].address.b, ADDRESS_SIZE);
		items[i].balance = accounts[i].balance;
		list[i] = &items[i];
	}
	qsort(list, count, sizeof(*list), account_compare);
	return list;
}

int genesis_make(struct genesis *g, const struct genesis_parameters *parameters)
{
	assert(parameters->name && parameters->currency_code);
	assert(parameters->validators || parameters->validator_count == 0);
	assert(parameters->accounts || parameters->account_count == 0);
	if (parameters->validator_count > COMMITTEE_SIZE_MAX)
		return UNCIA_E_CONFIG;
	Uncia__Pb__Validator members[COMMITTEE_SIZE_MAX], *member_list[COMMITTEE_SIZE_MAX];
	for (uint32_t i = 0; i < parameters->validator_count; i++) {
		const struct validator *validator = &parameters->validators[i];
		members[i] = (Uncia__Pb__Validator)UNCIA__PB__VALIDATOR__INIT;
		members[i].consensus_key = field_of(validator->consensus_key, 32);
		members[i].network_key = field_of(validator->network_key, 32);
		members[i].weight = validator->weight;
		member_list[i] = &members[i];
	}
	Uncia__Pb__Genesis pb = UNCIA__PB__GENESIS__INIT;
	pb.version = GENESIS_VERSION;
	pb.name = field_of(parameters->name, strlen(parameters->name));
	pb.timestamp_ms = parameters->timestamp_ms;
	pb.faulty = parameters->faulty;
	pb.slow = parameters->slow;
	pb.n_validators = parameters->validator_count;
	pb.validators = member_list;
	pb.currency = CURRENCY_NUMBER;
	pb.currency_code = field_of(parameters->currency_code, strlen(parameters->currency_code));
	pb.smallest_amount = parameters->smallest_amount;
	pb.n_accounts = parameters->account_count;
	pb.accounts = accounts_write(parameters->accounts, parameters->account_count);
	if (!pb.accounts)
		return UNCIA_E_MEMORY;
	uint8_t *bytes;
	size_t size;
	int rc = canonical_encode(&pb.base, &bytes, &size);
	free(pb.accounts);
	if (rc)
		return rc;
	/* Decoding is the one place that says what a genesis may be: what is made passes through it too. */
	rc = genesis_decode(g, bytes, size);
	free(bytes);
	return rc;
}

void genesis_deinit(struct genesis *g)
{
	if (!g)
		return;
	free(g->accounts);
	free(g->bytes);
	memset(g, 0, sizeof(*g));
}

void genesis_block_id(const struct genesis *g, struct hash *id)
{
	hash1(HASH_BLOCK, g->network_id.b, HASH_SIZE, id);
}

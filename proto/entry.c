/* Ledger entries as bytes, and the state tree's digests and proofs. The tree itself is kept by the node. */
#include "entry.h"
#include <assert.h>
#include <string.h>
#include "big_endian.h"
#include "hold.h"
#include "uncia/error.h"

/* entry.h: where each field of the 80 bytes begins. */
enum {
	AT_KIND = 0,
	AT_FLAGS = 1,
	AT_ZERO = 2,
	AT_PAYMENTS = 4,
	AT_ADDRESS = 8,
	AT_PUBLIC_KEY = 28,
	AT_CURRENCY = 60,
	AT_BALANCE = 64,
	AT_CREATED = 72,
	AT_END_ZERO = 76, /* after the end of a hold, which stands where others have their creation */
};
#define CODE_SIZE 8 /* of a currency, at the front of its address field */

struct entry_id retired_id(const uint8_t consensus_key[32])
{
	struct entry_id id = {.kind = ENTRY_RETIRED};

	address_of_key(consensus_key, &id.address);
	return id;
}

bool entry_id_of(const struct entry *entry, struct entry_id *id)
{
	struct hash seal;

	switch (entry->kind) {
	case ENTRY_ACCOUNT:
		*id = account_id(&entry->address);
		return true;
	case ENTRY_HOLD:
		memcpy(seal.b, entry->public_key, HASH_SIZE);
		id->kind = ENTRY_HOLD;
		hold_id(&entry->address, &seal, &id->address);
		return true;
	case ENTRY_RETIRED:
		*id = retired_id(entry->public_key);
		return true;
	default:
		return false;
	}
}

bool entry_is(const struct entry *entry, const struct entry_id *id)
{
	struct entry_id own;

	return entry_id_of(entry, &own) && entry_id_equal(&own, id);
}

void entry_encode(const struct entry *entry, uint8_t bytes[ENTRY_SIZE])
{
	memset(bytes, 0, ENTRY_SIZE);
	bytes[AT_KIND] = entry->kind;
	bytes[AT_FLAGS] = entry->flags;
	be32_put(bytes + AT_PAYMENTS, entry->payments);
	memcpy(bytes + AT_ADDRESS, entry->address.b, ADDRESS_SIZE);
	memcpy(bytes + AT_PUBLIC_KEY, entry->public_key, PUBLIC_KEY_SIZE);
	be32_put(bytes + AT_CURRENCY, entry->currency);
	be64_put(bytes + AT_BALANCE, entry->balance);
	if (entry->kind == ENTRY_HOLD)
		be32_put(bytes + AT_CREATED, entry->end);
	else
		be64_put(bytes + AT_CREATED, entry->created);
}

/* Faster than sodium_is_zero, which takes constant time: entries are public. */
static bool all_zero(const uint8_t *bytes, size_t from, size_t to)
{
	uint8_t any = 0;
	while (from < to)
		any |= bytes[from++];
	return any == 0;
}

int entry_decode(const uint8_t bytes[ENTRY_SIZE], struct entry *entry)
{
	uint8_t flags = bytes[AT_FLAGS];
	bool ok = all_zero(bytes, AT_ZERO, AT_PAYMENTS);
	switch (bytes[AT_KIND]) {
	case ENTRY_FREE:
		ok = ok && all_zero(bytes, AT_FLAGS, AT_BALANCE) && all_zero(bytes, AT_CREATED, ENTRY_SIZE);
		break;
	case ENTRY_ACCOUNT:
		ok = ok && (flags & ~(ENTRY_KEY_KNOWN | ENTRY_KEY_ROTATED)) == 0;
		/* A key that was rotated is known; one that is not known is zero. */
		if (!(flags & ENTRY_KEY_KNOWN))
			ok = ok && flags == 0 && all_zero(bytes, AT_PUBLIC_KEY, AT_CURRENCY);
		break;
	case ENTRY_CURRENCY:
		ok = ok && flags == 0 && all_zero(bytes, AT_ADDRESS + CODE_SIZE, AT_CURRENCY);
		break;
	case ENTRY_HOLD:
		ok = ok && flags == 0 && all_zero(bytes, AT_END_ZERO, ENTRY_SIZE);
		break;
	case ENTRY_RETIRED:
		ok = ok && flags == 0 && all_zero(bytes, AT_PAYMENTS, AT_PUBLIC_KEY) &&
		     all_zero(bytes, AT_CURRENCY, AT_CREATED);
		break;
	default:
		ok = false;
	}
	if (!ok)
		return UNCIA_E_ENCODING;
	entry->kind = bytes[AT_KIND];
	entry->flags = flags;
	entry->payments = be32_get(bytes + AT_PAYMENTS);
	memcpy(entry->address.b, bytes + AT_ADDRESS, ADDRESS_SIZE);
	memcpy(entry->public_key, bytes + AT_PUBLIC_KEY, PUBLIC_KEY_SIZE);
	entry->currency = be32_get(bytes + AT_CURRENCY);
	entry->balance = be64_get(bytes + AT_BALANCE);
	bool hold = entry->kind == ENTRY_HOLD;
	entry->created = hold ? 0 : be64_get(bytes + AT_CREATED);
	entry->end = hold ? be32_get(bytes + AT_CREATED) : 0;
	return 0;
}

void state_group_digest(const uint8_t group[GROUP_SIZE], struct hash *digest)
{
	hash1(HASH_STATE_GROUP, group, GROUP_SIZE, digest);
}

void state_node_digest(const struct hash children[TREE_ARITY], struct hash *digest)
{
	hash1(HASH_STATE_NODE, children, TREE_ARITY * sizeof(children[0]), digest);
}

void state_root_digest(uint64_t entry_count, uint64_t free_head, const struct hash *top, struct hash *root)
{
	uint8_t head[16];
	assert(entry_count > 0);
	be64_put(head, entry_count);
	be64_put(head + 8, free_head);
	hash2(HASH_STATE_ROOT, head, sizeof(head), top->b, HASH_SIZE, root);
}

/* One node of the path: our digest among its three siblings. False where a child that cannot exist is not zero. */
static bool path_step(const uint8_t *siblings, uint64_t position, uint64_t level_size, struct hash *digest)
{
	struct hash children[TREE_ARITY];
	unsigned own = position % TREE_ARITY;
	assert(position < level_size);
	for (unsigned i = 0; i < TREE_ARITY; i++) {
		if (i == own) {
			children[i] = *digest;
			continue;
		}
		memcpy(children[i].b, siblings, HASH_SIZE);
		siblings += HASH_SIZE;
		if (position - own + i >= level_size && !sodium_is_zero(children[i].b, HASH_SIZE))
			return false;
	}
	state_node_digest(children, digest);
	return true;
}

bool state_proof_verify(const struct hash *root, const struct state_proof *proof)
{
	if (proof->index >= proof->entry_count)
		return false;
	struct hash digest;
	state_group_digest(proof->group, &digest);
	const uint8_t *path = proof->path.data;
	size_t path_size = proof->path.size;
	uint64_t position = proof->index / GROUP_ENTRIES, level_size = (proof->entry_count - 1) / GROUP_ENTRIES + 1;
	for (; level_size > 1; level_size = (level_size - 1) / TREE_ARITY + 1, position /= TREE_ARITY) {
		const size_t step = (TREE_ARITY - 1) * HASH_SIZE;
		if (path_size < step || !path_step(path, position, level_size, &digest))
			return false;
		path += step;
		path_size -= step;
	}
	struct hash computed;
	state_root_digest(proof->entry_count, proof->free_head, &digest, &computed);
	return path_size == 0 && hash_equal(&computed, root);
}

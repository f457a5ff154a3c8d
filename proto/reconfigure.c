/* The change of a committee as bytes: decoding with every check that needs neither ledger nor clock, making, and the
 * signatures in it. Whether it comes in time, and whether none of its keys was retired before, is the ledger's. */
#include "reconfigure.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "consensus.pb-c.h"
#include "fields.h"
#include "try.h"
#include "uncia/error.h"

void reconfigure_join_digest(const struct hash *network_id, uint64_t epoch, const struct validator *validator,
                             struct hash *digest)
{
	uint8_t number[8];
	struct hasher h;

	hasher_init(&h, HASH_JOIN);
	hasher_add(&h, network_id->b, HASH_SIZE);
	be64_put(number, epoch);
	hasher_add(&h, number, sizeof(number));
	hasher_add(&h, validator->consensus_key, sizeof(validator->consensus_key));
	hasher_add(&h, validator->network_key, sizeof(validator->network_key));
	be64_put(number, validator->weight);
	hasher_add(&h, number, sizeof(number));
	hasher_end(&h, digest);
}

/* ---- reading ---- */

/* The member that has this consensus key, or NULL. */
static const struct validator *member_of(const struct committee *c, const uint8_t key[32])
{
	for (uint32_t i = 0; i < c->size; i++)
		if (memcmp(c->validators[i].consensus_key, key, 32) == 0)
			return &c->validators[i];
	return NULL;
}

/* A text of a field, NUL-terminated; false where it does not fit or has a NUL in it. */
static bool text_read(const ProtobufCBinaryData *field, char *text, size_t room)
{
	if (field->len >= room || (field->len && memchr(field->data, 0, field->len)))
		return false;
	if (field->len)
		memcpy(text, field->data, field->len);
	text[field->len] = '\0';
	return true;
}

static bool place_read(const Uncia__Pb__NextValidator *pb, struct member_place *place)
{
	char host[HOST_SIZE_MAX];
	uint16_t port;

	return text_read(&pb->address, place->address, sizeof(place->address)) &&
	       host_port_parse(place->address, host, &port) &&
	       text_read(&pb->websocket, place->websocket, sizeof(place->websocket)) &&
	       (!*place->websocket || websocket_url_good(place->websocket));
}

static int members_read(const struct committee *current, const Uncia__Pb__Reconfigure *pb, struct reconfigure *r)
{
	struct validator validators[COMMITTEE_SIZE_MAX];

	if (pb->n_validators > COMMITTEE_SIZE_MAX)
		return UNCIA_E_CONFIG;
	for (uint32_t i = 0; i < pb->n_validators; i++) {
		const Uncia__Pb__NextValidator *v = pb->validators[i];
		if (!field_copy(&v->consensus_key, validators[i].consensus_key, 32) ||
		    !field_copy(&v->network_key, validators[i].network_key, 32))
			return UNCIA_E_ENCODING;
		validators[i].weight = v->weight;
		if (!place_read(v, &r->places[i]))
			return UNCIA_E_CONFIG;
		r->joins[i] = !member_of(current, validators[i].consensus_key);
		if (!field_copy(&v->joining, r->joinings[i], r->joins[i] ? SIGNATURE_SIZE : 0))
			return v->joining.len && v->joining.len != SIGNATURE_SIZE ? UNCIA_E_ENCODING : UNCIA_E_PROOF;
	}
	return committee_init(&r->next, r->epoch + 1, validators, (uint32_t)pb->n_validators, pb->faulty, pb->slow);
}

/* What a consensus key weighs in a committee; 0: it is no member. */
static uint64_t weight_of(const struct committee *c, const uint8_t key[32])
{
	const struct validator *member = member_of(c, key);

	return member ? member->weight : 0;
}

/* The weight that keys of `one` have lost in `other`, each for itself. */
static uint64_t weight_less(const struct committee *one, const struct committee *other)
{
	uint64_t less = 0;

	for (uint32_t i = 0; i < one->size; i++) {
		uint64_t was = one->validators[i].weight, is = weight_of(other, one->validators[i].consensus_key);
		less += was > is ? was - is : 0;
	}
	return less;
}

/* consensus §6.9: no more weight goes than may be faulty in the committee that ends, and no more comes, by new keys and
 * old ones, than may be in the next. */
static bool moves_little(const struct committee *current, const struct reconfigure *r)
{
	return weight_less(current, &r->next) <= current->faulty && weight_less(&r->next, current) <= r->next.faulty;
}

static int body_read(const struct hash *network_id, const struct committee *current, const Uncia__Pb__Reconfigure *pb,
                     struct reconfigure *r)
{
	r->epoch = pb->epoch;
	r->expires_at = pb->expires_at;
	r->force = pb->force == 1;
	if (pb->force > 1 || !r->expires_at)
		return UNCIA_E_ENCODING;
	if (r->epoch != current->epoch || r->epoch == UINT64_MAX)
		return UNCIA_E_PROOF;
	TRY(members_read(current, pb, r));
	hash2(HASH_RECONFIG, network_id->b, HASH_SIZE, r->body, r->body_size, &r->digest);
	return r->force || moves_little(current, r) ? 0 : UNCIA_E_CONFIG;
}

/* Decodes the body that lies in *r. */
static int body_decode(const struct hash *network_id, const struct committee *current, struct reconfigure *r)
{
	struct arena arena;
	ProtobufCMessage *message;

	arena_init(&arena, canonical_arena_limit(r->body_size));
	int rc = canonical_decode(&uncia__pb__reconfigure__descriptor, r->body, r->body_size, &arena, &message);
	if (rc == 0)
		rc = body_read(network_id, current, (const Uncia__Pb__Reconfigure *)message, r);
	arena_deinit(&arena);
	return rc;
}

/* Room for the struct and a copy of the bytes behind it. */
static struct reconfigure *reconfigure_alloc(const void *bytes, size_t size, uint8_t **copy)
{
	struct reconfigure *r = calloc(1, sizeof(*r) + size);

	if (!r)
		return NULL;
	*copy = (uint8_t *)(r + 1);
	if (size)
		memcpy(*copy, bytes, size);
	return r;
}

int reconfigure_read(const struct hash *network_id, const struct committee *current, const void *bytes, size_t size,
                     struct reconfigure **r)
{
	uint8_t *copy;

	if (size > RECONFIGURE_SIZE_MAX)
		return UNCIA_E_LIMIT;
	struct reconfigure *fresh = reconfigure_alloc(bytes, size, &copy);
	if (!fresh)
		return UNCIA_E_MEMORY;
	fresh->body = copy;
	fresh->body_size = size;
	int rc = body_decode(network_id, current, fresh);
	if (rc)
		free(fresh);
	else
		*r = fresh;
	return rc;
}

/* The bitmap is that of certificates (consensus §6.4). */
static int approvals_read(const struct committee *current, const Uncia__Pb__SignedReconfigure *pb,
                          struct reconfigure *r)
{
	uint64_t weight = 0;

	if (pb->approvers.len != (current->size + 7) / 8)
		return UNCIA_E_PROOF;
	for (uint32_t i = 0; i < 8 * pb->approvers.len; i++) {
		if (!(pb->approvers.data[i / 8] >> (i % 8) & 1))
			continue;
		if (i >= current->size || pb->approvals.len < (r->approver_count + 1) * (size_t)SIGNATURE_SIZE)
			return UNCIA_E_PROOF;
		r->approvals[r->approver_count].validator = i;
		memcpy(r->approvals[r->approver_count].signature,
		       pb->approvals.data + r->approver_count * (size_t)SIGNATURE_SIZE, SIGNATURE_SIZE);
		r->approver_count++;
		weight += current->validators[i].weight;
	}
	if (pb->approvals.len != r->approver_count * (size_t)SIGNATURE_SIZE)
		return UNCIA_E_PROOF;
	return weight >= reconfigure_quorum(current, r) ? 0 : UNCIA_E_PROOF;
}

/* The body is copied with all bytes: it lies in them at the same place. */
static int signed_read(const struct hash *network_id, const struct committee *current, const uint8_t *bytes,
                       const Uncia__Pb__SignedReconfigure *pb, struct reconfigure *r)
{
	if (!pb->body.len)
		return UNCIA_E_ENCODING;
	size_t before = 1 + (pb->body.len < 1u << 7 ? 1u : pb->body.len < 1u << 14 ? 2u : 3u);

	assert(pb->body.len <= RECONFIGURE_SIZE_MAX && !memcmp(bytes + before, pb->body.data, pb->body.len));
	(void)bytes;
	r->body = r->bytes + before;
	r->body_size = pb->body.len;
	TRY(body_decode(network_id, current, r));
	return approvals_read(current, pb, r);
}

int reconfigure_decode(const struct hash *network_id, const struct committee *current, const void *bytes, size_t size,
                       struct reconfigure **r)
{
	struct arena arena;
	ProtobufCMessage *message;
	uint8_t *copy;

	if (size > RECONFIGURE_SIZE_MAX)
		return UNCIA_E_LIMIT;
	struct reconfigure *fresh = reconfigure_alloc(bytes, size, &copy);
	if (!fresh)
		return UNCIA_E_MEMORY;
	fresh->bytes = copy;
	fresh->size = size;
	hash1(HASH_RECONFIGURE, bytes, size, &fresh->whole);
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__signed_reconfigure__descriptor, bytes, size, &arena, &message);
	if (rc == 0)
		rc = signed_read(network_id, current, bytes, (const Uncia__Pb__SignedReconfigure *)message, fresh);
	arena_deinit(&arena);
	if (rc)
		free(fresh);
	else
		*r = fresh;
	return rc;
}

uint64_t reconfigure_quorum(const struct committee *current, const struct reconfigure *r)
{
	return r->force ? current->quorum_fast : current->quorum_slow;
}

/* ---- making ---- */

int reconfigure_make(const struct hash *network_id, const struct committee *current,
                     const struct reconfigure_draft *draft, struct reconfigure **r)
{
	Uncia__Pb__NextValidator members[COMMITTEE_SIZE_MAX], *pointers[COMMITTEE_SIZE_MAX];
	Uncia__Pb__Reconfigure pb = UNCIA__PB__RECONFIGURE__INIT;
	uint8_t *bytes;
	size_t size;

	if (draft->size > COMMITTEE_SIZE_MAX)
		return UNCIA_E_CONFIG;
	for (uint32_t i = 0; i < draft->size; i++) {
		const struct validator *v = &draft->members[i].validator;
		const char *websocket = draft->members[i].websocket;
		members[i] = (Uncia__Pb__NextValidator)UNCIA__PB__NEXT_VALIDATOR__INIT;
		members[i].consensus_key = field_of(v->consensus_key, 32);
		members[i].network_key = field_of(v->network_key, 32);
		members[i].weight = v->weight;
		members[i].address = field_of(draft->members[i].address, strlen(draft->members[i].address));
		if (websocket)
			members[i].websocket = field_of(websocket, strlen(websocket));
		if (draft->members[i].joining)
			members[i].joining = field_of(draft->members[i].joining, SIGNATURE_SIZE);
		pointers[i] = &members[i];
	}
	pb.epoch = current->epoch;
	pb.expires_at = draft->expires_at;
	pb.n_validators = draft->size;
	pb.validators = pointers;
	pb.faulty = draft->faulty;
	pb.slow = draft->slow;
	pb.force = draft->force;
	TRY(canonical_encode(&pb.base, &bytes, &size));
	int rc = reconfigure_read(network_id, current, bytes, size, r);
	free(bytes);
	return rc;
}

int reconfigure_sign(const struct committee *current, const struct reconfigure *r, uint8_t **bytes, size_t *size)
{
	uint8_t bitmap[(COMMITTEE_SIZE_MAX + 7) / 8] = {0}, signatures[COMMITTEE_SIZE_MAX * SIGNATURE_SIZE];
	Uncia__Pb__SignedReconfigure pb = UNCIA__PB__SIGNED_RECONFIGURE__INIT;

	for (uint32_t i = 0; i < r->approver_count; i++) {
		uint32_t validator = r->approvals[i].validator;
		assert(validator < current->size && (!i || validator > r->approvals[i - 1].validator));
		bitmap[validator / 8] |= (uint8_t)(1u << validator % 8);
		memcpy(signatures + i * SIGNATURE_SIZE, r->approvals[i].signature, SIGNATURE_SIZE);
	}
	pb.body = field_of(r->body, r->body_size);
	pb.approvers = field_of(bitmap, (current->size + 7) / 8);
	pb.approvals = field_of(signatures, r->approver_count * (size_t)SIGNATURE_SIZE);
	return canonical_encode(&pb.base, bytes, size);
}

/* ---- signatures ---- */

bool reconfigure_signed(const struct hash *network_id, const struct committee *current, const struct reconfigure *r,
                        uint32_t i, struct reconfigure_signature *signature)
{
	for (uint32_t member = 0; member < r->next.size; member++) {
		if (!r->joins[member] || i--)
			continue;
		signature->key = r->next.validators[member].consensus_key;
		signature->signature = r->joinings[member];
		reconfigure_join_digest(network_id, r->next.epoch, &r->next.validators[member], &signature->digest);
		return true;
	}
	if (i >= r->approver_count)
		return false;
	signature->key = current->validators[r->approvals[i].validator].consensus_key;
	signature->signature = r->approvals[i].signature;
	signature->digest = r->digest;
	return true;
}

int reconfigure_verify(const struct hash *network_id, const struct committee *current, const struct reconfigure *r)
{
	struct reconfigure_signature s;

	/* Every key was found fit to be bound: by committee_init of either committee. */
	for (uint32_t i = 0; reconfigure_signed(network_id, current, r, i, &s); i++)
		if (!sign_verify_bound(s.key, &s.digest, s.signature))
			return UNCIA_E_SIGNATURE;
	return 0;
}

/* Canonical decoding of every message there is: "a receiver accepts it only if re-encoding gives the same bytes back",
 * no unknown field at any depth, and no more memory than the arena's bound. */
#include "consensus.pb-c.h"
#include "control.pb-c.h"
#include "fuzz.h"
#include "genesis.pb-c.h"
#include "message.pb-c.h"
#include "payment.pb-c.h"

static const ProtobufCMessageDescriptor *const types[] = {
    &uncia__pb__output__descriptor,
    &uncia__pb__transfer__descriptor,
    &uncia__pb__payment__descriptor,
    &uncia__pb__signed_payment__descriptor,
    &uncia__pb__blob__descriptor,
    &uncia__pb__block_header__descriptor,
    &uncia__pb__block__descriptor,
    &uncia__pb__vote__descriptor,
    &uncia__pb__certificate__descriptor,
    &uncia__pb__receipt__descriptor,
    &uncia__pb__account_proof__descriptor,
    &uncia__pb__expiry__descriptor,
    &uncia__pb__validator__descriptor,
    &uncia__pb__genesis_account__descriptor,
    &uncia__pb__genesis__descriptor,
    &uncia__pb__propose__descriptor,
    &uncia__pb__gossip__descriptor,
    &uncia__pb__block_request__descriptor,
    &uncia__pb__block_reply__descriptor,
    &uncia__pb__certificates_request__descriptor,
    &uncia__pb__sync_request__descriptor,
    &uncia__pb__sync_reply__descriptor,
    &uncia__pb__newest_vote_request__descriptor,
    &uncia__pb__newest_vote_reply__descriptor,
    &uncia__pb__peer_status__descriptor,
    &uncia__pb__peer_message__descriptor,
    &uncia__pb__submit__descriptor,
    &uncia__pb__payment_query__descriptor,
    &uncia__pb__account_query__descriptor,
    &uncia__pb__history_query__descriptor,
    &uncia__pb__node_status_query__descriptor,
    &uncia__pb__wallet_request__descriptor,
    &uncia__pb__pending__descriptor,
    &uncia__pb__unknown_payment__descriptor,
    &uncia__pb__no_account__descriptor,
    &uncia__pb__history_reply__descriptor,
    &uncia__pb__node_status__descriptor,
    &uncia__pb__refusal__descriptor,
    &uncia__pb__node_reply__descriptor,
    &uncia__pb__voted_query__descriptor,
    &uncia__pb__voted__descriptor,
    &uncia__pb__waiting_query__descriptor,
    &uncia__pb__waiting_reply__descriptor,
    &uncia__pb__watch__descriptor,
    &uncia__pb__watched__descriptor,
    &uncia__pb__control_request__descriptor,
    &uncia__pb__control_reply__descriptor,
};

/* At every depth, by what protobuf-c says of the fields. */
static void no_unknown(const ProtobufCMessage *message)
{
	assert(message->n_unknown_fields == 0);
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const uint8_t *base = (const uint8_t *)message;
		ProtobufCMessage *const *list = (ProtobufCMessage *const *)(const void *)(base + field->offset);
		uint32_t chosen = field->id;
		size_t count = 1;
		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
			memcpy(&chosen, base + field->quantifier_offset, sizeof(chosen));
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			memcpy(&count, base + field->quantifier_offset, sizeof(count));
			memcpy(&list, base + field->offset, sizeof(list));
		}
		for (size_t k = 0; chosen == field->id && k < count; k++)
			if (list[k])
				no_unknown(list[k]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	const ProtobufCMessageDescriptor *type = types[fuzz_byte(&input) % (sizeof(types) / sizeof(types[0]))];
	struct arena arena;
	ProtobufCMessage *message;
	uint8_t *bytes;
	size_t again;

	arena_init(&arena, canonical_arena_limit(input.size));
	if (canonical_decode(type, input.data, input.size, &arena, &message) == 0) {
		no_unknown(message);
		assert(message->descriptor == type && canonical_encode(message, &bytes, &again) == 0);
		assert(again == input.size && (!again || memcmp(bytes, input.data, again) == 0));
		free(bytes);
	}
	assert(arena.used <= arena.limit);
	arena_deinit(&arena);
	return 0;
}

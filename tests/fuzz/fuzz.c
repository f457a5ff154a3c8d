/* See fuzz.h. */
#include "fuzz.h"

const struct fixture *fuzz_network(void)
{
	static struct fixture network;
	static bool made;

	if (!made)
		fixture_init(&network, FUZZ_VALIDATORS, FUZZ_ACCOUNTS, FUZZ_BALANCE);
	made = true;
	return &network;
}

uint64_t fuzz_number(struct bytes *input, unsigned size)
{
	uint64_t number = 0;

	for (; size; size--) {
		number = number << 8 | (input->size ? *input->data : 0);
		fuzz_take(input, 1);
	}
	return number;
}

struct bytes fuzz_take(struct bytes *input, size_t size)
{
	struct bytes taken = {input->data, size < input->size ? size : input->size};

	if (taken.size) {
		input->data += taken.size;
		input->size -= taken.size;
	}
	return taken;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

struct link *fuzz_link(uint8_t role, size_t message_size_max, size_t write_queue_max)
{
	const struct fixture *f = fuzz_network();
	bool initiator = role & FUZZ_LINK_INITIATOR;
	enum noise_pattern pattern = role & FUZZ_LINK_NK ? NOISE_NK : NOISE_IK;
	struct hash ephemeral = fixture_hash(initiator ? 1 : 2);
	const uint8_t *secret = f->validators[initiator].network_secret;
	struct link_options options = {.pattern = pattern,
	                               .initiator = initiator,
	                               .network_id = &f->genesis.network_id,
	                               .static_secret = initiator && pattern == NOISE_NK ? NULL : secret,
	                               .remote_static = initiator ? f->validators[0].network_public : NULL,
	                               .ephemeral_secret = ephemeral.b,
	                               .message_size_max = message_size_max,
	                               .write_queue_max = write_queue_max};
	struct link *link;

	assert(link_new(&options, &link) == 0);
	return link;
}

bool fuzz_signature_holds(const uint8_t signature[SIGNATURE_SIZE])
{
	return signature[SIGNATURE_SIZE - 1] != 0xff;
}

/* Notices and claims, as texts for chats: the name of a payment, and the secret of a hold. */
#include <assert.h>
#include <string.h>
#include "hold.h"
#include <sodium.h>
#include "text_option.h"
#include "utf8.h"

enum { MEMO = 6 };
#define ID_SIZE   sizeof(((struct uncia_payment_id *)NULL)->b)
#define HOME_SIZE sizeof(((struct uncia_claim *)NULL)->home)

int notice_read_payload(const uint8_t *payload, size_t size, struct uncia_notice *notice)
{
	struct uncia_notice parsed = {.size = sizeof(parsed)};
	struct text_option option;
	int rc;
	if (size < FRAME_NETWORK + ID_SIZE)
		return UNCIA_E_ENCODING;
	memcpy(parsed.id.b, payload + FRAME_NETWORK, ID_SIZE);
	struct text_options options = {payload + FRAME_NETWORK + ID_SIZE, payload + size, -1};
	while ((rc = text_option_next(&options, &option)) == 1) {
		rc = option.type == MEMO ? text_option_text(&option, parsed.memo, sizeof(parsed.memo))
		                         : text_option_unknown(&option);
		if (rc)
			return rc;
	}
	if (!rc)
		*notice = parsed;
	return rc;
}

int uncia_notice_parse(const uint8_t *network_id, const char *text, struct uncia_notice *notice)
{
	uint8_t payload[FRAME_PAYLOAD_MAX];
	size_t size;
	if (!text || !notice || notice->size != sizeof(*notice))
		return UNCIA_E_ARGUMENT;
	int rc = frame_read(UNCIA_TEXT_NOTICE, text, network_id, payload, &size);
	return rc ? rc : notice_read_payload(payload, size, notice);
}

int uncia_notice_format(const uint8_t *network_id, const struct uncia_notice *notice, char text[UNCIA_CHAT_TEXT_SIZE])
{
	uint8_t payload[FRAME_PAYLOAD_MAX];
	if (!network_id || !notice || !text || notice->size != sizeof(*notice) ||
	    !memchr(notice->memo, 0, sizeof(notice->memo)))
		return UNCIA_E_ARGUMENT;
	if (!utf8_is_plain(notice->memo))
		return UNCIA_E_ENCODING;
	uint8_t *at = mempcpy(mempcpy(payload, network_id, FRAME_NETWORK), notice->id.b, ID_SIZE);
	if (notice->memo[0] != '\0')
		at = text_option_put(at, MEMO, notice->memo, strlen(notice->memo));
	assert(frame_text_size(UNCIA_TEXT_NOTICE, (size_t)(at - payload)) <= UNCIA_CHAT_TEXT_SIZE);
	frame_write(UNCIA_TEXT_NOTICE, payload, (size_t)(at - payload), text);
	return 0;
}

/* ---- claims ---------------------------------------------------------------------------------- */

int claim_read_payload(const uint8_t *payload, size_t size, struct uncia_claim *claim)
{
	if (size != FRAME_NETWORK + HOME_SIZE + ID_SIZE + CLAIM_SEED_SIZE)
		return UNCIA_E_ENCODING;
	*claim = (struct uncia_claim){.size = sizeof(*claim)};
	payload += FRAME_NETWORK;
	memcpy(claim->home, payload, HOME_SIZE);
	memcpy(claim->opening.b, payload + HOME_SIZE, ID_SIZE);
	memcpy(claim->seed, payload + HOME_SIZE + ID_SIZE, CLAIM_SEED_SIZE);
	return 0;
}

int uncia_claim_parse(const uint8_t *network_id, const char *text, struct uncia_claim *claim)
{
	uint8_t payload[FRAME_PAYLOAD_MAX];
	size_t size;
	if (!text || !claim || claim->size != sizeof(*claim))
		return UNCIA_E_ARGUMENT;
	int rc = frame_read(UNCIA_TEXT_CLAIM, text, network_id, payload, &size);
	if (!rc)
		rc = claim_read_payload(payload, size, claim);
	sodium_memzero(payload, sizeof(payload));
	return rc;
}

int uncia_claim_format(const uint8_t *network_id, const struct uncia_claim *claim, char text[UNCIA_CHAT_TEXT_SIZE])
{
	uint8_t payload[FRAME_NETWORK + HOME_SIZE + ID_SIZE + CLAIM_SEED_SIZE];
	if (!network_id || !claim || !text || claim->size != sizeof(*claim))
		return UNCIA_E_ARGUMENT;
	uint8_t *at = mempcpy(mempcpy(payload, network_id, FRAME_NETWORK), claim->home, HOME_SIZE);
	memcpy(mempcpy(at, claim->opening.b, ID_SIZE), claim->seed, CLAIM_SEED_SIZE);
	frame_write(UNCIA_TEXT_CLAIM, payload, sizeof(payload), text);
	sodium_memzero(payload, sizeof(payload));
	return 0;
}

/* The public structures by name: what structures.h tells. Kinds follow from the types. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uncia/uncia.h>

struct member {
	const char *name;
	int kind;
	size_t offset, size;
};

struct structure {
	const char *name;
	size_t size, count;
	const struct member *members;
};

/* An array of bytes or characters counts as what its first element's address is; enums of this library are unsigned. A
 * pointer to characters is told from an array of them by its own address. */
#define KIND(type, member)                                                                                             \
	_Generic(&((struct type *)0)->member, char ** : UNCIA_MEMBER_POINTER, default : KIND_OF_VALUE(type, member))
#define KIND_OF_VALUE(type, member)                                                                                    \
	_Generic(((struct type *)0)->member, bool                                                                      \
	         : UNCIA_MEMBER_UNSIGNED, uint8_t                                                                      \
	         : UNCIA_MEMBER_UNSIGNED, uint16_t                                                                     \
	         : UNCIA_MEMBER_UNSIGNED, unsigned                                                                     \
	         : UNCIA_MEMBER_UNSIGNED, unsigned long                                                                \
	         : UNCIA_MEMBER_UNSIGNED, unsigned long long                                                           \
	         : UNCIA_MEMBER_UNSIGNED, int                                                                          \
	         : UNCIA_MEMBER_SIGNED, char *                                                                         \
	         : UNCIA_MEMBER_TEXT, uint8_t *                                                                        \
	         : UNCIA_MEMBER_BYTES, struct uncia_payment_id \
	         : UNCIA_MEMBER_BYTES, struct uncia_scanned * \
	         : UNCIA_MEMBER_BYTES, struct uncia_hold_key \
	         : UNCIA_MEMBER_BYTES, default                                                                         \
	         : UNCIA_MEMBER_POINTER)
#define MEMBER(type, member)                                                                                           \
	{                                                                                                              \
#member, KIND(type, member), offsetof(struct type, member), sizeof(((struct type *)0)->member)         \
	}

static const struct member history_page_members[] = {
    MEMBER(uncia_history_page, size),        MEMBER(uncia_history_page, count),
    MEMBER(uncia_history_page, next_height), MEMBER(uncia_history_page, next_index),
    MEMBER(uncia_history_page, complete),
};

static const struct member part_members[] = {
    MEMBER(uncia_part, size),         MEMBER(uncia_part, direction), MEMBER(uncia_part, amount),
    MEMBER(uncia_part, output_count), MEMBER(uncia_part, to),
};

static const struct member hold_members[] = {
    MEMBER(uncia_hold, size), MEMBER(uncia_hold, id),     MEMBER(uncia_hold, home),
    MEMBER(uncia_hold, end),  MEMBER(uncia_hold, amount),
};

static const struct member address_members[] = {
    MEMBER(uncia_address, account),
    MEMBER(uncia_address, has_reference),
    MEMBER(uncia_address, reference),
};

static const struct member payment_id_members[] = {
    MEMBER(uncia_payment_id, b),
};

static const struct member request_members[] = {
    MEMBER(uncia_request, size),    MEMBER(uncia_request, address),  MEMBER(uncia_request, has_amount),
    MEMBER(uncia_request, amount),  MEMBER(uncia_request, currency), MEMBER(uncia_request, ends_at),
    MEMBER(uncia_request, memo),    MEMBER(uncia_request, has_lock), MEMBER(uncia_request, lock),
    MEMBER(uncia_request, checked), MEMBER(uncia_request, lock_key), MEMBER(uncia_request, key),
};

static const struct member host_members[] = {
    MEMBER(uncia_host, size),    MEMBER(uncia_host, context), MEMBER(uncia_host, load),   MEMBER(uncia_host, create),
    MEMBER(uncia_host, replace), MEMBER(uncia_host, remove),  MEMBER(uncia_host, list),   MEMBER(uncia_host, lock),
    MEMBER(uncia_host, unlock),  MEMBER(uncia_host, random),  MEMBER(uncia_host, now_ms), MEMBER(uncia_host, wall_ms),
    MEMBER(uncia_host, log),
};

static const struct member key_options_members[] = {
    MEMBER(uncia_key_options, size),          MEMBER(uncia_key_options, passphrase),
    MEMBER(uncia_key_options, no_passphrase), MEMBER(uncia_key_options, kdf_memory),
    MEMBER(uncia_key_options, kdf_passes),    MEMBER(uncia_key_options, fresh),
};

static const struct member wallet_options_members[] = {
    MEMBER(uncia_wallet_options, size),
    MEMBER(uncia_wallet_options, passphrase),
    MEMBER(uncia_wallet_options, request_timeout_ms),
};

static const struct member event_members[] = {
    MEMBER(uncia_event, size), MEMBER(uncia_event, kind),      MEMBER(uncia_event, error),
    MEMBER(uncia_event, id),   MEMBER(uncia_event, validator), MEMBER(uncia_event, up),
    MEMBER(uncia_event, text), MEMBER(uncia_event, tag_size),  MEMBER(uncia_event, tag),
};

static const struct member balance_members[] = {
    MEMBER(uncia_balance, size),    MEMBER(uncia_balance, known),        MEMBER(uncia_balance, exists),
    MEMBER(uncia_balance, balance), MEMBER(uncia_balance, waiting),      MEMBER(uncia_balance, spendable),
    MEMBER(uncia_balance, height),  MEMBER(uncia_balance, timestamp_ms), MEMBER(uncia_balance, uncounted),
};

static const struct member output_members[] = {
    MEMBER(uncia_output, address),
    MEMBER(uncia_output, amount),
};

static const struct member payment_request_members[] = {
    MEMBER(uncia_payment_request, size),         MEMBER(uncia_payment_request, outputs),
    MEMBER(uncia_payment_request, output_count), MEMBER(uncia_payment_request, holds),
    MEMBER(uncia_payment_request, hold_count),   MEMBER(uncia_payment_request, memo_hash),
    MEMBER(uncia_payment_request, key),          MEMBER(uncia_payment_request, expires_s),
    MEMBER(uncia_payment_request, memo),         MEMBER(uncia_payment_request, tag),
    MEMBER(uncia_payment_request, tag_size),
};

static const struct member payment_members[] = {
    MEMBER(uncia_payment, size),         MEMBER(uncia_payment, id),           MEMBER(uncia_payment, state),
    MEMBER(uncia_payment, reason),       MEMBER(uncia_payment, refusal),      MEMBER(uncia_payment, own),
    MEMBER(uncia_payment, detailed),     MEMBER(uncia_payment, sender),       MEMBER(uncia_payment, to),
    MEMBER(uncia_payment, output_count), MEMBER(uncia_payment, hold_count),   MEMBER(uncia_payment, amount),
    MEMBER(uncia_payment, leaving),      MEMBER(uncia_payment, received),     MEMBER(uncia_payment, has_memo_hash),
    MEMBER(uncia_payment, memo_hash),    MEMBER(uncia_payment, memo),         MEMBER(uncia_payment, expires_at),
    MEMBER(uncia_payment, height),       MEMBER(uncia_payment, timestamp_ms), MEMBER(uncia_payment, index),
    MEMBER(uncia_payment, made_ms),      MEMBER(uncia_payment, elapsed_ms),   MEMBER(uncia_payment, tag_size),
    MEMBER(uncia_payment, tag),
};

static const struct member descriptor_members[] = {
    MEMBER(uncia_descriptor, fd),
    MEMBER(uncia_descriptor, reads),
    MEMBER(uncia_descriptor, writes),
};

static const struct member hold_request_members[] = {
    MEMBER(uncia_hold_request, lock),   MEMBER(uncia_hold_request, key),     MEMBER(uncia_hold_request, home),
    MEMBER(uncia_hold_request, amount), MEMBER(uncia_hold_request, seconds),
};

static const struct member hold_key_members[] = {
    MEMBER(uncia_hold_key, size), MEMBER(uncia_hold_key, own),    MEMBER(uncia_hold_key, account),
    MEMBER(uncia_hold_key, seed), MEMBER(uncia_hold_key, secret),
};

static const struct member hold_state_members[] = {
    MEMBER(uncia_hold_state, size),       MEMBER(uncia_hold_state, id),       MEMBER(uncia_hold_state, exists),
    MEMBER(uncia_hold_state, balance),    MEMBER(uncia_hold_state, payments), MEMBER(uncia_hold_state, height),
    MEMBER(uncia_hold_state, left_count), MEMBER(uncia_hold_state, complete), MEMBER(uncia_hold_state, time_ms),
};

static const struct member take_members[] = {
    MEMBER(uncia_take, size),   MEMBER(uncia_take, receipt),     MEMBER(uncia_take, number),
    MEMBER(uncia_take, key),    MEMBER(uncia_take, outputs),     MEMBER(uncia_take, output_count),
    MEMBER(uncia_take, agreed), MEMBER(uncia_take, payment_key),
};

static const struct member scanned_members[] = {
    MEMBER(uncia_scanned, kind), MEMBER(uncia_scanned, error), MEMBER(uncia_scanned, begin),
    MEMBER(uncia_scanned, end),  MEMBER(uncia_scanned, text),
};

static const struct member scan_members[] = {
    MEMBER(uncia_scan, size),
    MEMBER(uncia_scan, count),
    MEMBER(uncia_scan, more),
    MEMBER(uncia_scan, texts),
};

static const struct member contact_members[] = {
    MEMBER(uncia_contact, size),
    MEMBER(uncia_contact, address),
    MEMBER(uncia_contact, key),
    MEMBER(uncia_contact, handle),
};

static const struct member notice_members[] = {
    MEMBER(uncia_notice, size),
    MEMBER(uncia_notice, id),
    MEMBER(uncia_notice, memo),
};

static const struct member claim_members[] = {
    MEMBER(uncia_claim, size),
    MEMBER(uncia_claim, home),
    MEMBER(uncia_claim, opening),
    MEMBER(uncia_claim, seed),
};

static const struct member peer_members[] = {
    MEMBER(uncia_peer, size),  MEMBER(uncia_peer, own),  MEMBER(uncia_peer, handle),
    MEMBER(uncia_peer, login), MEMBER(uncia_peer, room), MEMBER(uncia_peer, account),
};

static const struct member pin_members[] = {
    MEMBER(uncia_pin, size),    MEMBER(uncia_pin, own),      MEMBER(uncia_pin, handle), MEMBER(uncia_pin, login),
    MEMBER(uncia_pin, address), MEMBER(uncia_pin, compared), MEMBER(uncia_pin, weak),   MEMBER(uncia_pin, made_ms),
};

static const struct member contact_check_members[] = {
    MEMBER(uncia_contact_check, size),          MEMBER(uncia_contact_check, verdict),
    MEMBER(uncia_contact_check, weak),          MEMBER(uncia_contact_check, pinned),
    MEMBER(uncia_contact_check, other),         MEMBER(uncia_contact_check, alike),
    MEMBER(uncia_contact_check, alike_address),
};

static const struct member request_check_members[] = {
    MEMBER(uncia_request_check, size),   MEMBER(uncia_request_check, verdict), MEMBER(uncia_request_check, weak),
    MEMBER(uncia_request_check, ended),  MEMBER(uncia_request_check, taken),   MEMBER(uncia_request_check, id),
    MEMBER(uncia_request_check, pinned), MEMBER(uncia_request_check, payee),
};

static const struct member notice_query_members[] = {
    MEMBER(uncia_notice_query, size),     MEMBER(uncia_notice_query, peer),  MEMBER(uncia_notice_query, notice),
    MEMBER(uncia_notice_query, memo),     MEMBER(uncia_notice_query, asked), MEMBER(uncia_notice_query, tag),
    MEMBER(uncia_notice_query, tag_size),
};

static const struct member notice_result_members[] = {
    MEMBER(uncia_notice_result, size),         MEMBER(uncia_notice_result, verdict),
    MEMBER(uncia_notice_result, error),        MEMBER(uncia_notice_result, over),
    MEMBER(uncia_notice_result, id),           MEMBER(uncia_notice_result, own),
    MEMBER(uncia_notice_result, handle),       MEMBER(uncia_notice_result, memo),
    MEMBER(uncia_notice_result, memo_untold),  MEMBER(uncia_notice_result, weak),
    MEMBER(uncia_notice_result, maybe_told),   MEMBER(uncia_notice_result, older),
    MEMBER(uncia_notice_result, sender),       MEMBER(uncia_notice_result, pinned),
    MEMBER(uncia_notice_result, first),        MEMBER(uncia_notice_result, amount),
    MEMBER(uncia_notice_result, currency),     MEMBER(uncia_notice_result, height),
    MEMBER(uncia_notice_result, timestamp_ms), MEMBER(uncia_notice_result, index),
    MEMBER(uncia_notice_result, tag_size),     MEMBER(uncia_notice_result, tag),
};

#define STRUCTURE(type)                                                                                                \
	{                                                                                                              \
		"uncia_" #type, sizeof(struct uncia_##type), sizeof(type##_members) / sizeof(type##_members[0]),       \
		    type##_members                                                                                     \
	}
static const struct structure structures[] = {
    STRUCTURE(history_page),
    STRUCTURE(part),
    STRUCTURE(hold),
    STRUCTURE(address),
    STRUCTURE(payment_id),
    STRUCTURE(request),
    STRUCTURE(host),
    STRUCTURE(key_options),
    STRUCTURE(wallet_options),
    STRUCTURE(event),
    STRUCTURE(balance),
    STRUCTURE(output),
    STRUCTURE(payment_request),
    STRUCTURE(payment),
    STRUCTURE(scanned),
    STRUCTURE(scan),
    STRUCTURE(contact),
    STRUCTURE(notice),
    STRUCTURE(claim),
    STRUCTURE(descriptor),
    STRUCTURE(peer),
    STRUCTURE(pin),
    STRUCTURE(contact_check),
    STRUCTURE(request_check),
    STRUCTURE(notice_query),
    STRUCTURE(notice_result),
    STRUCTURE(hold_request),
    STRUCTURE(hold_key),
    STRUCTURE(hold_state),
    STRUCTURE(take),
};

static const struct structure *find_structure(const char *name)
{
	for (size_t i = 0; name && i < sizeof(structures) / sizeof(structures[0]); i++)
		if (strcmp(structures[i].name, name) == 0)
			return &structures[i];
	return NULL;
}

size_t uncia_struct_size(const char *name)
{
	const struct structure *found = find_structure(name);
	return found ? found->size : 0;
}

int uncia_struct_member(const char *name, size_t number, const char **member, int *kind, size_t *offset, size_t *size)
{
	const struct structure *found = find_structure(name);
	if (!name || !member || !kind || !offset || !size)
		return UNCIA_E_ARGUMENT;
	if (!found || number >= found->count)
		return UNCIA_E_NOT_FOUND;
	*member = found->members[number].name;
	*kind = found->members[number].kind;
	*offset = found->members[number].offset;
	*size = found->members[number].size;
	return 0;
}

void *uncia_struct_new(const char *name, size_t count)
{
	const struct structure *found = find_structure(name);
	bool fits = found && count != 0 && count <= SIZE_MAX / found->size;
	uint8_t *made = fits ? calloc(count, found->size) : NULL;
	for (size_t i = 0; made && i < count; i++)
		if (strcmp(found->members[0].name, "size") == 0) /* then it is the first */
			memcpy(made + i * found->size, &found->size, sizeof(found->size));
	return made;
}

void uncia_struct_free(void *made)
{
	free(made);
}

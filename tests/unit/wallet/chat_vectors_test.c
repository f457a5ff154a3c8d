/* Texts for chats against the vectors of the specification, docs/spec/vectors/chat.json. */
#include <uncia/uncia.h>
#include "address.h"
#include "frame.h"
#include "spec_vectors.h"

static struct uncia_network *network;
static uint8_t network_id[32];

static void chat_open(void)
{
	char why[UNCIA_WHY_SIZE];
	vectors_open("genesis");
	ck_assert_int_eq(uncia_network_parse(vector_text(NULL, "network_file"), &network, why), 0);
	vectors_close();
	uncia_network_id(network, network_id);
	vectors_open("chat");
	vector_expect(NULL, "network_id", network_id, sizeof(network_id));
}

static void chat_close(void)
{
	uncia_network_free(network);
	vectors_close();
}

/* NULL where it is not there. */
static const char *member(const json_t *of, const char *name)
{
	return json_string_value(vector_at(of, name));
}

static int error_of(const char *why)
{
	static const struct {
		const char *why;
		int error;
	} errors[] = {{"changed", UNCIA_E_CHANGED},
	              {"newer", UNCIA_E_NEWER},
	              {"network", UNCIA_E_NETWORK},
	              {"wrong", UNCIA_E_ENCODING},
	              {"unproved", UNCIA_E_PROOF}};
	for (size_t i = 0; why && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(why, errors[i].why) == 0)
			return errors[i].error;
	ck_assert_msg(!why, "%s", why);
	return 0;
}

/* What a text of any kind is refused with. */
static int any_read(const char *text)
{
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_contact contact = {.size = sizeof(contact)};
	struct uncia_notice notice = {.size = sizeof(notice)};
	struct uncia_claim claim = {.size = sizeof(claim)};
	struct uncia_expiry *expiry = NULL;
	int rc = UNCIA_E_NEWER;
	switch (uncia_text_kind(text)) {
	case UNCIA_TEXT_REQUEST:
		rc = uncia_request_parse(network_id, text, &request);
		break;
	case UNCIA_TEXT_CONTACT:
		rc = uncia_contact_parse(network_id, text, &contact);
		break;
	case UNCIA_TEXT_NOTICE:
		rc = uncia_notice_parse(network_id, text, &notice);
		break;
	case UNCIA_TEXT_CLAIM:
		rc = uncia_claim_parse(network_id, text, &claim);
		break;
	case UNCIA_TEXT_EXPIRY:
		rc = uncia_expiry_verify(network, text, &expiry);
		uncia_expiry_free(expiry);
		break;
	default:
		ck_assert_int_eq(uncia_text_kind(text), UNCIA_TEXT_QUOTE);
	}
	return rc == UNCIA_E_SIGNATURE ? UNCIA_E_PROOF : rc;
}

/* Its payload is the vector's, and written again it is the same text. */
static void check_frame(const json_t *vector, enum uncia_text_kind kind)
{
	struct bytes payload = vector_bytes(vector, "payload");
	char *text = malloc(frame_text_size(kind, payload.size));
	ck_assert_ptr_nonnull(text);
	frame_write(kind, payload.data, payload.size, text);
	ck_assert_str_eq(text, member(vector, "text"));
	ck_assert_int_eq(uncia_text_kind(text), kind);
	free(text);
}

START_TEST(contacts_are_those_of_the_vectors)
{
	const json_t *vector;
	size_t i;
	chat_open();
	json_array_foreach(vector_at(NULL, "contacts"), i, vector)
	{
		struct uncia_contact contact = {.size = sizeof(contact)};
		check_frame(vector, UNCIA_TEXT_CONTACT);
		ck_assert_int_eq(uncia_contact_parse(network_id, member(vector, "text"), &contact), 0);
		ck_assert_str_eq(contact.address, member(vector, "address"));
		ck_assert_str_eq(contact.handle, member(vector, "handle"));
	}
	ck_assert_uint_eq(i, 3);
	chat_close();
}
END_TEST

START_TEST(requests_are_those_of_the_vectors)
{
	const json_t *vector;
	size_t i;
	chat_open();
	json_array_foreach(vector_at(NULL, "requests"), i, vector)
	{
		struct uncia_request request = {.size = sizeof(request)};
		const char *amount = member(vector, "amount"), *memo = member(vector, "memo"),
		           *lock = member(vector, "lock");
		char text[UNCIA_CHAT_TEXT_SIZE];
		check_frame(vector, UNCIA_TEXT_REQUEST);
		ck_assert_int_eq(uncia_request_parse(network_id, member(vector, "text"), &request), 0);
		ck_assert(request.checked && request.has_amount == !!amount && request.has_lock == !!lock);
		ck_assert_str_eq(request.address, member(vector, "address"));
		ck_assert_uint_eq(request.amount, amount ? vector_number(vector, "amount") : 0);
		ck_assert_uint_eq(request.currency, vector_number(vector, "currency"));
		ck_assert_uint_eq(request.ends_at, (uint64_t)json_integer_value(vector_at(vector, "ends_at")));
		ck_assert_str_eq(request.memo, memo ? memo : "");
		ck_assert_str_eq(request.key, member(vector, "key"));
		if (lock)
			vector_expect(vector, "lock", request.lock, 32);
		if (lock || i == 5) /* which has options that are not known */
			continue;
		ck_assert_int_eq(uncia_request_format(network_id, &request, text), 0);
		ck_assert_str_eq(text, member(vector, "text"));
	}
	ck_assert_uint_eq(i, 6);
	chat_close();
}
END_TEST

START_TEST(notices_claims_and_codes_are_those_of_the_vectors)
{
	const json_t *vector;
	char text[UNCIA_CHAT_TEXT_SIZE], code[UNCIA_CODE_SIZE];
	size_t i;
	chat_open();
	json_array_foreach(vector_at(NULL, "notices"), i, vector)
	{
		struct uncia_notice notice = {.size = sizeof(notice)};
		ck_assert_int_eq(uncia_notice_parse(network_id, member(vector, "text"), &notice), 0);
		vector_expect(vector, "id", notice.id.b, 32);
		ck_assert_str_eq(notice.memo, member(vector, "memo") ? member(vector, "memo") : "");
		ck_assert_int_eq(uncia_notice_format(network_id, &notice, text), 0);
		ck_assert_str_eq(text, member(vector, "text"));
	}
	ck_assert_uint_eq(i, 3);
	json_array_foreach(vector_at(NULL, "claims"), i, vector)
	{
		struct uncia_claim claim = {.size = sizeof(claim)};
		ck_assert_int_eq(uncia_claim_parse(network_id, member(vector, "text"), &claim), 0);
		vector_expect(vector, "home", claim.home, 20);
		vector_expect(vector, "opening", claim.opening.b, 32);
		vector_expect(vector, "claim_seed", claim.seed, 16);
		ck_assert_int_eq(uncia_claim_format(network_id, &claim, text), 0);
		ck_assert_str_eq(text, member(vector, "text"));
	}
	ck_assert_uint_eq(i, 1);
	json_array_foreach(vector_at(NULL, "codes"), i, vector)
	{
		ck_assert_int_eq(
		    uncia_contact_code(network_id, member(vector, "address"), member(vector, "other"), code), 0);
		ck_assert_str_eq(code, member(vector, "code"));
		ck_assert_int_eq(
		    uncia_contact_code(network_id, member(vector, "other"), member(vector, "address"), code), 0);
		ck_assert_str_eq(code, member(vector, "code"));
	}
	ck_assert_uint_eq(i, 3);
	chat_close();
}
END_TEST

START_TEST(expiries_of_the_vectors_hold)
{
	const json_t *vector;
	size_t i;
	chat_open();
	json_array_foreach(vector_at(NULL, "expiries"), i, vector)
	{
		struct uncia_expiry *expiry;
		struct uncia_payment payment = {.size = sizeof(payment)};
		check_frame(vector, UNCIA_TEXT_EXPIRY);
		ck_assert_int_eq(uncia_expiry_verify(network, member(vector, "text"), &expiry), 0);
		ck_assert_int_eq(uncia_expiry_payment(expiry, &payment), 0);
		vector_expect(vector, "id", payment.id.b, 32);
		ck_assert_int_eq(payment.state, UNCIA_PAYMENT_EXPIRED);
		uncia_expiry_free(expiry);
	}
	ck_assert_uint_eq(i, 3);
	chat_close();
}
END_TEST

START_TEST(what_the_vectors_refuse_is_refused_for_that_reason)
{
	const json_t *vector;
	size_t i;
	chat_open();
	json_array_foreach(vector_at(NULL, "refused"), i, vector)
	{
		int rc = any_read(member(vector, "text"));
		ck_assert_msg(rc == error_of(member(vector, "why")), "%d, not %s: %s", rc, member(vector, "why"),
		              member(vector, "text"));
	}
	ck_assert_uint_gt(i, 30);
	chat_close();
}
END_TEST

static const char *const kinds[] = {
    [UNCIA_TEXT_NONE] = "none",       [UNCIA_TEXT_ADDRESS] = "address", [UNCIA_TEXT_REQUEST] = "request",
    [UNCIA_TEXT_RECEIPT] = "receipt", [UNCIA_TEXT_CONTACT] = "contact", [UNCIA_TEXT_NOTICE] = "notice",
    [UNCIA_TEXT_CLAIM] = "claim",     [UNCIA_TEXT_EXPIRY] = "expiry",   [UNCIA_TEXT_QUOTE] = "quote"};

START_TEST(messages_have_the_texts_that_the_vectors_say)
{
	const json_t *vector, *one;
	size_t i, k;
	chat_open();
	json_array_foreach(vector_at(NULL, "scans"), i, vector)
	{
		struct bytes bytes = vector_bytes(vector, "message");
		char *message = strndup((const char *)bytes.data, bytes.size);
		struct uncia_scan scan = {.size = sizeof(scan)};
		ck_assert_int_eq(uncia_text_scan(message, network_id, &scan), 0);
		json_array_foreach(vector_at(vector, "found"), k, one)
		{
			const char *text = member(one, "text");
			ck_assert_msg(k < scan.count, "%s: %u", message, scan.count);
			const struct uncia_scanned *found = &scan.texts[k];
			ck_assert_msg(strcmp(kinds[found->kind], member(one, "kind")) == 0, "%s: %s", message,
			              kinds[found->kind]);
			ck_assert_msg(found->error == error_of(member(one, "why")), "%s: %d", message, found->error);
			ck_assert_msg(found->begin == vector_number(one, "begin") &&
			                  found->end == vector_number(one, "end"),
			              "%s: %zu to %zu", message, found->begin, found->end);
			ck_assert_msg(!text == !found->text && (!text || strcmp(text, found->text) == 0), "%s",
			              message);
		}
		ck_assert_msg(k == scan.count && vector_is(vector, "more") == scan.more, "%s: %u", message, scan.count);
		uncia_scan_free(&scan);
		free(message);
	}
	ck_assert_uint_gt(i, 50);
	chat_close();
}
END_TEST

UNIT_MAIN("chat_vectors", contacts_are_those_of_the_vectors, requests_are_those_of_the_vectors,
          notices_claims_and_codes_are_those_of_the_vectors, expiries_of_the_vectors_hold,
          what_the_vectors_refuse_is_refused_for_that_reason, messages_have_the_texts_that_the_vectors_say)

/* What the indexer makes of an answer's bytes, before anything in it is checked. */
#include <string.h>
#include "control.pb-c.h"
#include "feed.h"
#include "uncia/error.h"
#include "unit.h"

#define NUMBER 7u

static char why[FEED_WHY_SIZE];

static int take(const Uncia__Pb__ControlReply *reply)
{
	static uint8_t bytes[1024];
	struct chain_page page;

	why[0] = '\0';
	chain_page_begin(&page);
	int error =
	    feed_take_answer(&(struct bytes){bytes, uncia__pb__control_reply__pack(reply, bytes)}, NUMBER, &page, why);
	ck_assert_uint_eq(page.count, 0);
	chain_page_end(&page);
	return error;
}

static int refused(uint32_t code, char *reason, size_t size)
{
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;

	refusal.code = code;
	refusal.reason = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)reason};
	reply.request_id = NUMBER;
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_REFUSAL;
	reply.refusal = &refusal;
	return take(&reply);
}

START_TEST(refusal_is_an_error_whatever_its_code)
{
	char reason[300];

	memset(reason, 'x', sizeof(reason));
	ck_assert_int_eq(refused(302, reason, 4), UNCIA_E_FULL);
	ck_assert_str_eq(why, "the validator refuses: xxxx");
	static const uint32_t none[] = {0, 1000, 1u << 31, UINT32_MAX};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_int_eq(refused(none[i], reason, 4), UNCIA_E_PROTOCOL);
	ck_assert_int_eq(refused(302, reason, sizeof(reason)), UNCIA_E_FULL);
	ck_assert_uint_eq(strlen(why), strlen("the validator refuses: ") + 200);
}
END_TEST

START_TEST(answer_to_another_request_is_refused)
{
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__ControlFollowed followed = UNCIA__PB__CONTROL_FOLLOWED__INIT;
	Uncia__Pb__ControlDone done = UNCIA__PB__CONTROL_DONE__INIT;

	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_FOLLOWED;
	reply.followed = &followed;
	reply.request_id = NUMBER;
	ck_assert_int_eq(take(&reply), 0);
	reply.request_id = NUMBER + 1;
	ck_assert_int_eq(take(&reply), UNCIA_E_PROTOCOL);
	reply.request_id = NUMBER;
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_DONE;
	reply.done = &done;
	ck_assert_int_eq(take(&reply), UNCIA_E_PROTOCOL);
}
END_TEST

UNIT_MAIN("feed_answer", refusal_is_an_error_whatever_its_code, answer_to_another_request_is_refused)

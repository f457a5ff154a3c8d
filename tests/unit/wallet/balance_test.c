/* Syncs by bytes alone: a balance is believed with its proof, an absence from weight F+1, whoever lies. */
#include <sys/wait.h>
#include <unistd.h>
#include "fake_proof.h"
#include "unit.h"
#include "wallet_rig.h"

START_TEST(sync_shows_the_proved_balance)
{
	struct rig *rig = rig_new(4);
	ck_assert(!rig_balance(rig).known);
	ck_assert_int_eq(rig_sync(rig), 0);
	struct uncia_balance balance = rig_balance(rig);
	ck_assert(balance.known && balance.exists);
	ck_assert_uint_eq(balance.balance, 100 * AMOUNT_MICROS);
	ck_assert_uint_eq(balance.spendable, balance.balance);
	ck_assert_uint_eq(balance.waiting, 0);
	ck_assert_uint_eq(balance.height, 1);
	ck_assert_uint_gt(balance.timestamp_ms, FIXTURE_TIME_MS);
	rig_free(rig);
}
END_TEST

START_TEST(a_false_balance_is_not_believed_and_its_node_is_left)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	bool left = false;
	rig->net.nodes[2].behaviour = FALSE_BALANCE;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pump(&rig->net, rig->wallet);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	while (rig_event(rig, UNCIA_EVENT_LINK, &event))
		left = left || (!event.up && event.validator == 2 && event.error == UNCIA_E_PROOF);
	ck_assert(left);
	ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS);
	ck_assert(!uncia_wallet_link_wanted(rig->wallet, 2));
	ck_assert_ptr_null(rig->net.nodes[2].link);
	rig_free(rig);
}
END_TEST

START_TEST(all_liars_leave_the_balance_unknown)
{
	static const struct {
		enum behaviour lie;
		int end; /* bytes that nobody authenticated are nobody's word */
	} lies[] = {{FALSE_BALANCE, UNCIA_E_PROOF},
	            {GARBAGE, UNCIA_E_PROOF},
	            {NOISE_GARBAGE, UNCIA_E_UNREACHABLE},
	            {SILENT, UNCIA_E_UNREACHABLE},
	            {REFUSES, UNCIA_E_UNREACHABLE}};
	for (size_t l = 0; l < sizeof(lies) / sizeof(lies[0]); l++) {
		struct rig *rig = rig_new(4);
		for (int i = 0; i < 4; i++)
			rig->net.nodes[i].behaviour = lies[l].lie;
		ck_assert_int_eq(rig_sync(rig), lies[l].end);
		ck_assert(!rig_balance(rig).known);
		rig_free(rig);
	}
}
END_TEST

START_TEST(what_nobody_proves_ends_at_once_where_all_lie_and_with_the_time_where_some_do)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	struct uncia_payment_id id = {{0x70, 1}};
	uint64_t start = rig->host.now_ms;
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = FALSE_BALANCE;
	ck_assert_int_eq(rig_sync(rig), UNCIA_E_PROOF);
	ck_assert_uint_le(rig->host.now_ms - start, 100);
	ck_assert_int_eq(rig_sync(rig), UNCIA_E_PROOF); /* they are left alone for a minute */
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 5), 0);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 100);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(event.error, UNCIA_E_PROOF);
	fake_network_pass(&rig->net, rig->wallet, 60000);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	ck_assert_int_eq(rig_sync(rig), 0);
	rig_free(rig);

	rig = rig_new(4);
	rig->net.nodes[0].behaviour = FALSE_BALANCE;
	for (int i = 1; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	start = rig->host.now_ms;
	ck_assert_int_eq(rig_sync(rig), UNCIA_E_PROOF);
	ck_assert_uint_ge(rig->host.now_ms - start, 10000);
	rig_free(rig);
}
END_TEST

/* wallet 7.6: what one has proved is taken when the time is up, and not before: another may be about to answer. */
START_TEST(one_proof_and_three_that_are_silent_end_with_the_time)
{
	struct rig *rig = rig_new(4);
	uint64_t start = rig->host.now_ms;
	for (int i = 1; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS);
	ck_assert_uint_ge(rig->host.now_ms - start, 10000);
	ck_assert_uint_le(rig->host.now_ms - start, 10200);
	rig_free(rig);
}
END_TEST

START_TEST(one_liar_of_any_kind_does_not_hinder)
{
	static const enum behaviour lies[] = {SILENT,  FALSE_BALANCE, GARBAGE,  NOISE_GARBAGE,
	                                      REFUSES, NO_ACCOUNT,    OLD_STATE};
	for (size_t l = 0; l < sizeof(lies) / sizeof(lies[0]); l++) {
		for (int i = 0; i < 4; i++) {
			struct rig *rig = rig_new(4);
			rig->net.nodes[i].behaviour = lies[l];
			ck_assert_int_eq(rig_sync(rig), 0);
			ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS);
			rig_free(rig);
		}
	}
}
END_TEST

START_TEST(an_absent_account_is_believed_from_weight_f_plus_1)
{
	struct rig *rig = rig_new(4);
	rig->net.exists = false;
	ck_assert_int_eq(rig_sync(rig), 0);
	struct uncia_balance balance = rig_balance(rig);
	ck_assert(balance.known && !balance.exists);
	ck_assert_uint_eq(balance.balance, 0);
	/* With F answers only, nothing is known. */
	rig_free(rig);
	rig = rig_new(4);
	rig->net.exists = false;
	rig->net.nodes[1].down = rig->net.nodes[2].down = rig->net.nodes[3].down = true;
	ck_assert_int_eq(rig_sync(rig), UNCIA_E_UNREACHABLE);
	ck_assert(!rig_balance(rig).known);
	rig_free(rig);
}
END_TEST

START_TEST(an_absence_that_is_newer_than_a_proof_counts)
{
	struct rig *rig = rig_new(4);
	rig->net.nodes[0].behaviour = rig->net.nodes[1].behaviour = NO_ACCOUNT; /* 1,000 blocks later */
	rig->net.nodes[3].down = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert(rig_balance(rig).known && !rig_balance(rig).exists);
	ck_assert_uint_gt(rig_balance(rig).height, 1000);
	ck_assert_uint_eq(rig_balance(rig).spendable, 0);
	/* One of them alone would be a lie. */
	rig_free(rig);
	rig = rig_new(4);
	rig->net.nodes[0].behaviour = NO_ACCOUNT;
	rig->net.nodes[3].down = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).spendable, 100 * AMOUNT_MICROS);
	rig_free(rig);
}
END_TEST

START_TEST(one_reachable_validator_is_enough_for_a_proof)
{
	struct rig *rig = rig_new(4);
	rig->net.nodes[0].down = rig->net.nodes[1].down = rig->net.nodes[3].down = true;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS);
	rig_free(rig);
}
END_TEST

START_TEST(the_newest_proof_wins_and_none_goes_back)
{
	struct rig *rig = rig_new(4);
	rig->net.nodes[0].behaviour = rig->net.nodes[1].behaviour = rig->net.nodes[2].behaviour = OLD_STATE;
	ck_assert_int_eq(rig_sync(rig), 0);
	/* Validators that answer W-F may do so before the only honest one: an older state then, but a real one. */
	uint64_t height = rig_balance(rig).height;
	rig->net.nodes[0].behaviour = rig->net.nodes[1].behaviour = rig->net.nodes[2].behaviour = HONEST;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).height, 1);
	ck_assert_uint_ge(rig_balance(rig).height, height);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = OLD_STATE;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).height, 1);
	ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS);
	rig_free(rig);
}
END_TEST

/* Of six, four make a block final, and may answer only once its child is: two that know of neither are more than F. */
START_TEST(an_old_state_of_more_than_f_validators_waits_for_one_that_voted)
{
	struct uncia_event event = {.size = sizeof(event)};
	for (int voters = 0; voters < 2; voters++) {
		struct rig *rig = rig_new(6);
		ck_assert_uint_eq(rig->net.f.genesis.committee.faulty, 1);
		for (int i = 0; i < 6; i++)
			rig->net.nodes[i].behaviour = i < 2 ? OLD_STATE : SILENT;
		ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
		fake_network_pump(&rig->net, rig->wallet);
		fake_network_pass(&rig->net, rig->wallet, 900);
		ck_assert(!rig_event(rig, UNCIA_EVENT_BALANCE, &event));
		if (voters)
			rig->net.nodes[5].behaviour = HONEST;
		fake_network_pass(&rig->net, rig->wallet, 200); /* all are asked again */
		ck_assert_int_eq(rig_event(rig, UNCIA_EVENT_BALANCE, &event), voters);
		/* Where none comes, what there is has to do. */
		fake_network_pass(&rig->net, rig->wallet, 2300);
		ck_assert(voters || rig_event(rig, UNCIA_EVENT_BALANCE, &event));
		ck_assert_int_eq(event.error, 0);
		ck_assert_uint_eq(rig_balance(rig).balance, voters ? 100 * AMOUNT_MICROS : 7);
		rig_free(rig);
	}
}
END_TEST

/* Validators may answer seconds after they were asked, and in the meantime somebody has paid. */
START_TEST(an_answer_to_an_earlier_sync_is_none_to_this_one)
{
	struct rig *rig = rig_new(4);
	uint64_t asked[2];
	rig->net.nodes[0].behaviour = rig->net.nodes[1].behaviour = SILENT;
	ck_assert_int_eq(rig_sync(rig), 0); /* two have answered, and the others had 300 ms */
	for (int i = 0; i < 2; i++)
		asked[i] = rig->net.nodes[i].account_request;
	rig->net.balance += AMOUNT_MICROS;
	rig->net.tip.height++;
	rig->net.nodes[2].behaviour = rig->net.nodes[3].behaviour = SILENT;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pump(&rig->net, rig->wallet);
	struct uncia_event event = {.size = sizeof(event)};
	for (uint32_t i = 0; i < 2; i++) {
		rig->net.nodes[i].behaviour = OLD_STATE;
		fake_network_push_account(&rig->net, rig->wallet, i, asked[i]);
	}
	fake_network_pass(&rig->net, rig->wallet, 400);
	ck_assert(!rig_event(rig, UNCIA_EVENT_BALANCE, &event));
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(rig_event(rig, UNCIA_EVENT_BALANCE, &event));
	ck_assert_uint_eq(rig_balance(rig).balance, 101 * AMOUNT_MICROS);
	rig_free(rig);
}
END_TEST

START_TEST(a_balance_is_no_fresher_than_its_own_proof)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_sync(rig), 0);
	uint64_t proved_ms = rig_balance(rig).timestamp_ms;
	ck_assert_uint_gt(proved_ms, FIXTURE_TIME_MS);
	rig->net.finalise = true;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(rig_pay(rig, NULL, 500000, &id), 0);
		fake_network_pump(&rig->net, rig->wallet);
	}
	ck_assert_uint_gt(rig_payment(rig, &id).timestamp_ms, proved_ms);
	ck_assert_uint_eq(rig_balance(rig).timestamp_ms, proved_ms);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_gt(rig_balance(rig).timestamp_ms, proved_ms);
	rig_free(rig);
}
END_TEST

/* As where all validators have begun anew under the same keys: the proof is real, and so is the receipt. */
START_TEST(a_proof_that_lacks_a_payment_whose_receipt_is_here_is_of_a_second_chain)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->net.finalise = true;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_pay(rig, NULL, 500000, &id), 0);
		fake_network_pump(&rig->net, rig->wallet);
	}
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(rig_sync(rig), 0);
	struct uncia_balance before = rig_balance(rig);
	rig->net.payments--;
	rig->net.balance += 500000;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_sync(rig), UNCIA_E_SECOND_CHAIN);
		rig_reopen(rig); /* what was seen stays seen */
	}
	ck_assert(!rig_balance(rig).known);
	/* The first chain is believed as ever. */
	rig->net.payments++;
	rig->net.balance -= 500000;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).balance, before.balance);
	rig_free(rig);
}
END_TEST

START_TEST(links_are_let_go_when_there_is_nothing_to_do)
{
	struct rig *rig = rig_new(4);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert(!uncia_wallet_link_wanted(rig->wallet, i));
	ck_assert_int_eq(uncia_wallet_timeout_ms(rig->wallet), -1);
	ck_assert_int_eq(rig_sync(rig), 0);
	fake_network_pass(&rig->net, rig->wallet, 11000);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_ptr_null(rig->net.nodes[i].link);
	rig_no_events(rig);
	ck_assert_int_eq(uncia_wallet_timeout_ms(rig->wallet), -1);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_large_committee_is_asked_in_part_only)
{
	struct rig *rig = rig_new(8);
	uint32_t open = 0;
	ck_assert_int_eq(rig_sync(rig), 0);
	for (uint32_t i = 0; i < 8; i++)
		open += rig->net.nodes[i].link != NULL;
	ck_assert_uint_eq(open, 7);
	rig_free(rig);
}
END_TEST

START_TEST(a_child_process_has_no_use_of_it)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	const void *data;
	size_t size;
	ck_assert_int_eq(rig_sync(rig), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(uncia_wallet_tick(rig->wallet) == UNCIA_E_BUSY &&
		              rig_pay(rig, NULL, 500000, &id) == UNCIA_E_BUSY &&
		              uncia_wallet_link_output(rig->wallet, 0, &data, &size) == UNCIA_E_BUSY
		          ? 0
		          : 1);
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_proof_that_somebody_has_fetched_is_verified_offline)
{
	struct rig *rig = rig_new(4);
	Uncia__Pb__AccountProof proof = UNCIA__PB__ACCOUNT_PROOF__INIT;
	struct destination whose = {.address = rig->net.account};
	char address[ADDRESS_TEXT_SIZE], other[ADDRESS_TEXT_SIZE];
	uint8_t group[GROUP_SIZE], *bytes;
	struct certificate *certificate;
	struct header header;
	uint64_t balance = 0, height = 0;
	size_t size;
	destination_format(&whose, address);
	whose.address.b[0] ^= 1;
	destination_format(&whose, other);
	fake_proof_make(&rig->net, false, &proof, group, &header, &certificate);
	ck_assert_int_eq(canonical_encode(&proof.base, &bytes, &size), 0);
	const struct uncia_network *network = rig->net.network;
	ck_assert_int_eq(uncia_balance_verify(network, address, bytes, size, &balance, &height), 0);
	ck_assert_uint_eq(balance, 100 * AMOUNT_MICROS);
	ck_assert_uint_eq(height, header.height - 1);
	/* Of nobody else, no hold, no text; and of nothing that was changed. */
	ck_assert_int_eq(uncia_balance_verify(network, other, bytes, size, &balance, &height), UNCIA_E_PROOF);
	ck_assert_int_eq(uncia_balance_verify(network, "hold:0000000000000000000000000000000000000000", bytes, size,
	                                      &balance, &height),
	                 UNCIA_E_PROOF);
	ck_assert_int_eq(uncia_balance_verify(network, "hold:00", bytes, size, &balance, &height), UNCIA_E_ADDRESS);
	ck_assert_int_eq(uncia_balance_verify(network, "somebody", bytes, size, &balance, &height), UNCIA_E_ADDRESS);
	ck_assert_int_eq(uncia_balance_verify(network, address, NULL, size, &balance, &height), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_balance_verify(NULL, address, bytes, size, &balance, &height), UNCIA_E_ARGUMENT);
	for (size_t at = 0; at < size; at += 1 + size / 200) {
		bytes[at] ^= 1;
		ck_assert_int_lt(uncia_balance_verify(network, address, bytes, size, &balance, &height), 0);
		bytes[at] ^= 1;
		ck_assert_int_lt(uncia_balance_verify(network, address, bytes, at, &balance, &height), 0);
	}
	ck_assert_uint_eq(balance, 100 * AMOUNT_MICROS);
	free(bytes);
	free(certificate);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("balance", a_proof_that_somebody_has_fetched_is_verified_offline, sync_shows_the_proved_balance,
          a_false_balance_is_not_believed_and_its_node_is_left, all_liars_leave_the_balance_unknown,
          what_nobody_proves_ends_at_once_where_all_lie_and_with_the_time_where_some_do,
          one_proof_and_three_that_are_silent_end_with_the_time, one_liar_of_any_kind_does_not_hinder,
          an_absent_account_is_believed_from_weight_f_plus_1, an_absence_that_is_newer_than_a_proof_counts,
          one_reachable_validator_is_enough_for_a_proof, the_newest_proof_wins_and_none_goes_back,
          an_old_state_of_more_than_f_validators_waits_for_one_that_voted,
          an_answer_to_an_earlier_sync_is_none_to_this_one, a_balance_is_no_fresher_than_its_own_proof,
          links_are_let_go_when_there_is_nothing_to_do, a_large_committee_is_asked_in_part_only,
          a_child_process_has_no_use_of_it, a_proof_that_lacks_a_payment_whose_receipt_is_here_is_of_a_second_chain)

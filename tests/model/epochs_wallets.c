/* Wallets that follow the committees by receipts of reconfigures, and what liars and old keys bring to them. */
#include <string.h>
#include "epochs.h"

void wallets_init(struct world *w)
{
	memset(w->wallets, 0, sizeof(w->wallets));
}

/* ---- what is so ----------------------------------------------------------------------------- */

static unsigned wallets_newest_epoch(const struct world *w)
{
	unsigned newest = 0;
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && w->nodes[n].disk.epoch > newest)
			newest = w->nodes[n].disk.epoch;
	return newest;
}

/* The block that ended an epoch, on the chain that honest validators have made final; 0: none has. */
static unsigned wallets_true_end(const struct world *w, unsigned epoch)
{
	for (unsigned height = 1; height < sizeof(w->final_at) && w->final_at[height]; height++) {
		const struct model_block *block = &w->blocks[w->final_at[height]];
		if (block->brings && block->epoch == epoch)
			return w->final_at[height];
	}
	return 0;
}

static bool wallets_true(const struct world *w, unsigned block)
{
	return block != FORGED_BLOCK && !w->blocks[block].closing && w->final_at[w->blocks[block].height] == block;
}

/* Whether it believes no committee that is none. */
static bool wallets_sound(const struct wallet *wallet)
{
	return wallet->plan[wallet->newest] != FORGED_PLAN;
}

/* Liars can make any certificate of an epoch. */
static bool wallets_forgeable(const struct world *w, unsigned plan)
{
	return plan == FORGED_PLAN ||
	       world_weight(&w->plans[plan], world_liars(w)) >= w->plans[plan].quorums.quorum_slow;
}

/* ---- receipts of reconfigures --------------------------------------------------------------- */

static bool wallets_is_fresh(const struct world *w, const struct wallet *wallet)
{
	return w->time <= wallet->fresh + FRESH_DAYS;
}

/* "Two different reconfigure receipts of one epoch stop it until a checkpoint is pinned", where it learned of the end
 * of that epoch when it had slept; else the second one is of old keys, and none of its business. */
static void wallets_second(struct world *w, struct wallet *wallet, unsigned epoch, unsigned receipt)
{
	if (wallet->receipt[epoch] == receipt || epoch < wallet->pinned)
		return;
	if (w->mistake == TWO_RECEIPTS || (wallet->in_step[epoch] && w->mistake != SECOND_STOPS_ALL)) {
		if (receipt != FORGED_BLOCK)
			world_breaks(w, WALLET, "a wallet has the true end of epoch %u, and goes on with a forged one",
			             epoch);
		return;
	}
	if (wallets_sound(wallet) && wallet->in_step[epoch])
		world_breaks(w, WALLET, "old keys of epoch %u stop a wallet that was in step", epoch);
	wallet->stopped = true;
	w->stopped++;
}

/* "The receipt of reconfigure under committee e proves committee e + 1." */
static void wallets_fold(struct world *w, struct wallet *wallet, unsigned epoch, unsigned receipt)
{
	if (epoch < wallet->newest) {
		wallets_second(w, wallet, epoch, receipt);
		return;
	}
	bool forged = receipt == FORGED_BLOCK, sound = wallets_sound(wallet);
	unsigned truth = wallets_newest_epoch(w), end = wallets_true_end(w, epoch);
	wallet->in_step[epoch] = wallets_is_fresh(w, wallet);
	wallet->receipt[epoch] = (uint8_t)receipt;
	wallet->newest++;
	wallet->plan[wallet->newest] = forged ? FORGED_PLAN : w->blocks[receipt].brings;
	if (!forged || !sound)
		return;
	/* Who slept through one change that was not forced is safe: leavers weigh at most F. */
	w->captured++;
	if (truth <= epoch || (truth == epoch + 1 && end && !w->plans[w->blocks[end].brings].force))
		world_breaks(w, WALLET, "a wallet that is one change behind believes a forged end of epoch %u", epoch);
	if (wallet->in_step[epoch])
		world_breaks(w, WALLET, "a wallet that is in step believes a forged end of epoch %u", epoch);
}

/* An honest validator is asked for the newest. */
static void wallets_ask(struct world *w, struct wallet *wallet)
{
	unsigned n = world_draw(w, w->key_count);
	const struct journal *disk = &w->nodes[n].disk;
	const struct model_block *tip = &w->blocks[disk->tip];
	if (!world_lives(w, n) || !w->nodes[n].running)
		return;
	for (unsigned epoch = 0; epoch < disk->epoch && !wallet->stopped; epoch++) {
		unsigned end = wallets_true_end(w, epoch);
		if (end)
			wallets_fold(w, wallet, epoch, end);
	}
	if (wallet->stopped || !wallets_sound(wallet) || tip->epoch != wallet->newest || wallet->newest != disk->epoch)
		return;
	wallet->fresh = tip->time > wallet->fresh ? tip->time : wallet->fresh;
	wallet->verified[disk->tip] = true;
}

/* Its owner pins a checkpoint. */
static void wallets_pin(struct world *w, struct wallet *wallet)
{
	unsigned newest = wallets_newest_epoch(w);
	memset(wallet, 0, sizeof(*wallet));
	for (unsigned epoch = 0; epoch < newest; epoch++) {
		wallet->receipt[epoch] = (uint8_t)wallets_true_end(w, epoch);
		wallet->plan[epoch + 1] = w->blocks[wallet->receipt[epoch]].brings;
		wallet->in_step[epoch] = true;
	}
	wallet->newest = wallet->pinned = (uint8_t)newest;
}

static void wallets_forge(struct world *w, struct wallet *wallet)
{
	unsigned epoch = world_draw(w, wallet->newest + 1u);
	if (epoch + 1 < EPOCHS && wallets_forgeable(w, wallet->plan[epoch]))
		wallets_fold(w, wallet, epoch, FORGED_BLOCK);
}

/* "A wallet stores the newest epoch that it has seen and never goes back by itself." */
static void wallets_back(struct world *w, struct wallet *wallet)
{
	if (w->mistake == GOES_BACK && wallet->newest > 0 && world_liars(w))
		wallet->newest--;
}

/* ---- receipts, and words of validators ------------------------------------------------------- */

static void wallets_accepts(struct world *w, struct wallet *wallet, unsigned block)
{
	if (wallets_sound(wallet) && !wallets_true(w, block))
		world_breaks(w, WALLET, "a wallet accepts a receipt of block %u, which is not on the final chain",
		             block);
}

/* "A receipt of a past epoch counts only if it was verified while that epoch was newest, or if newest members weighing
 * F + 1 return the same block id." Honest members do so for what is final. */
static void wallets_old_receipt(struct world *w, struct wallet *wallet)
{
	if (wallet->newest == 0 || !wallets_sound(wallet))
		return;
	unsigned epoch = world_draw(w, wallet->newest);
	const struct plan *newest = &w->plans[wallet->plan[wallet->newest]];
	if (wallet->plan[epoch] == FORGED_PLAN || !wallets_forgeable(w, wallet->plan[epoch]))
		return;
	uint64_t same = world_weight(newest, world_liars(w));
	uint64_t enough = w->mistake == OLD_RECEIPT_ONE ? 1 : newest->quorums.faulty + 1;
	/* A wallet that has slept on believes in a committee whose keys are old themselves: nothing helps it but a
	 * fresh certificate of it. */
	if (same >= enough && !wallets_is_fresh(w, wallet) && w->mistake != EXPIRY_STALE)
		return;
	if (w->mistake == OLD_RECEIPT || same >= enough)
		wallets_accepts(w, wallet, FORGED_BLOCK);
}

/* "A receipt or proof whose own header is closing is refused." */
static void wallets_closing(struct world *w, struct wallet *wallet)
{
	unsigned block = world_draw(w, w->block_count);
	const struct model_block *header = &w->blocks[block];
	const struct plan *plan = &w->plans[header->plan];
	if (!header->closing || header->epoch != wallet->newest || wallet->plan[header->epoch] != header->plan)
		return;
	if (world_possible(w, plan, header->view, HELD_FF(header->choice)) ||
	    world_possible(w, plan, header->view, HELD_SF(header->choice))) {
		if (w->mistake == CLOSING_RECEIPT)
			wallets_accepts(w, wallet, block);
	}
}

/* "F + 1, for an expiry and for 'no such account', is counted within one committee, the newest proved", and only while
 * that is fresh by the wallet's clock. Liars sign a false one. */
static void wallets_expiry(struct world *w, struct wallet *wallet)
{
	if (!wallets_sound(wallet))
		return;
	const struct plan *newest = &w->plans[wallet->plan[wallet->newest]];
	uint64_t weight = world_weight(newest, world_liars(w));
	bool fresh = wallets_is_fresh(w, wallet) || w->mistake == EXPIRY_STALE || w->mistake == GOES_BACK;
	if (weight >= newest->quorums.quorum_slow)
		return; /* they could make what is fresh, too: it slept too long */
	if (w->mistake == EXPIRY_MIXED) {
		uint32_t counted = newest->members;
		for (unsigned epoch = wallet->newest; epoch-- > 0;) {
			const struct plan *plan = &w->plans[wallet->plan[epoch]];
			weight += world_weight(plan, world_liars(w) & ~counted);
			counted |= plan->members;
		}
	}
	if (fresh && weight > newest->quorums.faulty)
		world_breaks(w, WALLET, "a wallet believes in epoch %u that what was paid has expired", wallet->newest);
}

void wallets_step(struct world *w)
{
	unsigned number = world_draw(w, WALLETS), what = world_draw(w, 100);
	struct wallet *wallet = &w->wallets[number];
	if (wallet->stopped) {
		if (world_chance(w, 20))
			wallets_pin(w, wallet);
	} else if (what < (number == 0 ? 50u : 6u)) {
		wallets_ask(w, wallet);
	} else if (what < 52 && number == 2) {
		wallets_pin(w, wallet);
	} else if (what < 64) {
		wallets_forge(w, wallet);
	} else if (what < 68) {
		wallets_back(w, wallet);
	} else if (what < 78) {
		wallets_old_receipt(w, wallet);
	} else if (what < 88) {
		wallets_closing(w, wallet);
	} else {
		wallets_expiry(w, wallet);
	}
}

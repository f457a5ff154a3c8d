/* What operators agree on: committees that may follow each other, and some that the rules refuse. */
#include <assert.h>
#include <string.h>
#include "epochs.h"

enum { MEMBERS_MIN = 3, MEMBERS_MAX = 7 };

/* F and P are those that consensus 6.1 takes by default, or smaller ones. */
static void plans_quorums(struct world *w, struct plan *plan)
{
	struct committee *c = &plan->quorums;
	bool other = world_chance(w, 20);
	c->epoch = plan->epoch;
	c->size = plan->size;
	c->weight = world_weight(plan, plan->members);
	c->faulty = (c->weight - 1) / 3;
	c->faulty -= other ? world_draw(w, (uint32_t)c->faulty + 1) : 0;
	c->slow = (c->weight - 3 * c->faulty - 1) / 2;
	c->slow -= other ? world_draw(w, (uint32_t)c->slow + 1) : 0;
	c->quorum_slow = (c->weight + c->faulty) / 2 + 1;
	c->quorum_fast = c->weight - c->slow;
	c->key_threshold = c->faulty + c->slow + 1;
}

static void plans_number(struct world *w, struct plan *plan)
{
	plan->size = 0;
	for (unsigned key = 0; key < KEYS; key++)
		if (plan->members >> key & 1)
			plan->order[plan->size++] = (uint8_t)key;
	for (unsigned i = plan->size - 1; i > 0; i--) {
		unsigned j = world_draw(w, i + 1);
		uint8_t other = plan->order[i];
		plan->order[i] = plan->order[j];
		plan->order[j] = other;
	}
}

void plans_genesis(struct world *w)
{
	struct plan *plan = &w->plans[w->plan_count++];
	bool weighted = world_chance(w, 40);
	w->key_count = MEMBERS_MIN + world_draw(w, MEMBERS_MAX - MEMBERS_MIN + 1);
	for (unsigned key = 0; key < w->key_count; key++) {
		plan->members |= 1u << key;
		plan->weight[key] = (uint8_t)(weighted ? 1 + world_draw(w, 3) : 1);
	}
	w->addressed = plan->members;
	plans_number(w, plan);
	plans_quorums(w, plan);
	for (unsigned tries = world_chance(w, 85) ? 8 : 0; tries > 0; tries--) {
		uint32_t bad = w->bad | 1u << world_draw(w, w->key_count);
		if (world_weight(plan, bad) <= plan->quorums.faulty)
			w->bad = bad;
	}
}

/* ---- a committee that follows --------------------------------------------------------------- */

static void plans_leave(struct world *w, struct plan *to)
{
	unsigned leavers = world_draw(w, to->force || w->mistake == LEAVING_UNBOUNDED ? 2u * to->size : 3);
	for (unsigned i = 0; i < leavers; i++) {
		unsigned key = to->order[world_draw(w, to->size)];
		to->members &= ~(1u << key);
		to->weight[key] = 0;
	}
}

static void plans_weigh(struct world *w, struct plan *to)
{
	unsigned key = to->order[world_draw(w, to->size)];
	if (!(to->members >> key & 1))
		return;
	if (world_chance(w, 50))
		to->weight[key] = (uint8_t)(to->weight[key] + 1 + world_draw(w, 2));
	else if (to->weight[key] > 1)
		to->weight[key]--;
}

/* A newcomer, or, where a mistake lets them, somebody who has been there before. */
static unsigned plans_newcomer(struct world *w, const struct plan *to, unsigned *made)
{
	if (world_chance(w, w->mistake == RETIRED_RETURN ? 60 : 10) && to->retired)
		for (unsigned tries = 0; tries < 8; tries++) {
			unsigned key = world_draw(w, w->key_count);
			if (to->retired >> key & 1)
				return key;
		}
	if (w->key_count + *made >= KEYS)
		return KEYS;
	return w->key_count + (*made)++;
}

/* Draws a committee. Returns how many new keys it has, from key_count on. */
static unsigned plans_draw(struct world *w, unsigned from, struct plan *to)
{
	unsigned made = 0, newcomers = world_draw(w, 3) + (world_chance(w, 20) ? 2 : 0);
	bool force = w->forcing && world_chance(w, 50);
	*to = w->plans[from];
	to->epoch++;
	to->from = (uint8_t)from;
	to->unsigned_keys = 0;
	to->force = force;
	if (force)
		newcomers += world_draw(w, 5);
	to->given_up = to->refused = false;
	plans_leave(w, to);
	if (world_chance(w, 25))
		plans_weigh(w, to);
	for (unsigned i = 0; i < newcomers; i++) {
		unsigned key = plans_newcomer(w, to, &made);
		if (key == KEYS)
			break;
		to->members |= 1u << key;
		to->weight[key] = (uint8_t)(1 + (world_chance(w, 25) ? world_draw(w, 3) : 0));
	}
	to->retired |= w->plans[from].members & ~to->members;
	return made;
}

static void plans_approve(struct world *w, const struct plan *from, struct plan *to)
{
	const struct committee *c = &from->quorums;
	uint64_t least = to->force ? c->quorum_fast : c->quorum_slow;
	to->made = w->time;
	to->expires_at = (uint16_t)(w->time + 1 + world_draw(w, DAYS_APPROVED));
	to->approved = least + world_draw(w, (uint32_t)(c->weight - least + 1));
	if (world_chance(w, w->mistake == APPROVED_FAR_AHEAD ? 60 : 10))
		to->expires_at = (uint16_t)(w->time + DAYS_APPROVED + 1 + world_draw(w, 2 * DAYS_APPROVED));
	if (world_chance(w, 5 + 15 * to->force))
		to->approved = c->quorum_slow - 1 + world_draw(w, (uint32_t)(least - c->quorum_slow + 1));
}

/* A key that comes back where a mistake lets it: its owner has kept a copy of it, and of its journal. */
static void plans_revive(struct world *w, uint32_t keys)
{
	for (uint32_t left = keys & ~world_liars(w) & ~w->dead; left; left &= left - 1) {
		unsigned key = (unsigned)__builtin_ctz(left);
		w->nodes[key].gone = false;
		start_again(w, key);
	}
}

/* New keys at the disposal of validators: with a copy of what somebody honest has, votes left out. */
static void plans_enlist(struct world *w, unsigned made)
{
	unsigned teacher = 0;
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && w->nodes[n].disk.epoch >= w->nodes[teacher].disk.epoch)
			teacher = n;
	for (unsigned i = 0; i < made; i++) {
		struct node *node = &w->nodes[w->key_count];
		node->now = w->nodes[teacher].disk;
		memset(node->now.own, 0, sizeof(node->now.own));
		node->now.barred = 0;
		memset(node->now.barred_one, 0, sizeof(node->now.barred_one));
		node->running = node->restarted = true;
		unsigned key = w->key_count++;
		node_sync(w, key);
		start_crash(w, key);
		start_again(w, key);
	}
}

/* Newcomers may be liars, or nobody, as far as the committee bears it. */
static void plans_spoil(struct world *w, const struct plan *to, uint32_t newcomers)
{
	for (uint32_t left = newcomers; left; left &= left - 1) {
		uint32_t key = left & -left;
		if (world_weight(to, w->bad | w->dead | key) > to->quorums.faulty || !world_chance(w, 30))
			continue;
		if (w->forcing || world_chance(w, 60))
			w->bad |= key;
		else
			w->dead |= key;
	}
}

/* Liars, as far as anybody knows when it is agreed on: who has retired is not looked at where a retired key may come
 * back. */
static bool plans_borne(const struct world *w, const struct plan *to)
{
	uint32_t faulty = w->bad | w->dead;
	for (unsigned n = 0; n < w->key_count; n++)
		if (w->nodes[n].disk.barred > to->epoch || w->nodes[n].loses > to->epoch)
			faulty |= 1u << n;
	return world_weight(to, faulty) <= to->quorums.faulty;
}

/* What the rules refuse is made to hurt where they do not. */
static void plans_hurt(struct world *w, const struct plan *from, const struct plan *to, uint32_t newcomers)
{
	if (to->force && to->approved >= from->quorums.quorum_fast)
		return; /* those who force it have seen to it that newcomers are there */
	w->dead |= newcomers & ~w->bad;
	for (uint32_t left = to->members & from->members & ~w->bad; left; left &= left - 1) {
		unsigned key = (unsigned)__builtin_ctz(left);
		uint32_t dead = w->dead | w->bad | 1u << key;
		if (to->weight[key] > from->weight[key] && world_weight(from, dead) <= from->quorums.faulty &&
		    plans_bear(w, key))
			w->dead |= 1u << key;
	}
}

/* Whether the rules allow it, but for the one that a mistake leaves out. */
static bool plans_sound(const struct world *w, const struct plan *to, enum mistake but)
{
	const struct world rules = {.mistake = but};
	const struct plan *from = &w->plans[to->from];
	return !(to->members & to->retired) && !to->unsigned_keys && to->approved >= from->quorums.quorum_slow &&
	       rule_weights(&rules, from, to);
}

static bool plans_fits(const struct world *w, unsigned from, const struct plan *to)
{
	unsigned size = (unsigned)__builtin_popcount(to->members);
	bool same = memcmp(to->weight, w->plans[from].weight, sizeof(to->weight)) == 0;
	return size >= MEMBERS_MIN && size <= MEMBERS_MAX && !same;
}

/* It is agreed on. `made`: so many keys are new to the world. */
static void plans_agree(struct world *w, const struct plan *to, unsigned made, uint32_t fresh)
{
	const struct plan *from = &w->plans[to->from];
	uint32_t newcomers = to->members & ~from->members;
	unsigned number = w->plan_count++;
	w->plans[number] = *to;
	plans_enlist(w, made);
	if (w->mistake == RETIRED_RETURN)
		plans_revive(w, newcomers & ~fresh);
	if (plans_sound(w, to, LEAVING_UNBOUNDED))
		plans_spoil(w, to, fresh);
	else if (to->unsigned_keys)
		w->dead |= to->unsigned_keys;
	else
		plans_hurt(w, from, to, fresh);
	world_say(w, "plan %u for epoch %u after plan %u: members %x, new %x, F %u of %u%s%s", number, to->epoch,
	          to->from, to->members, newcomers, (unsigned)to->quorums.faulty, (unsigned)to->quorums.weight,
	          to->force ? ", force" : "", to->refused ? ", to be refused" : "");
}

void plans_make(struct world *w, unsigned from)
{
	struct plan to;
	if (w->plan_count == PLANS || w->plans[from].epoch + 1 >= EPOCHS)
		return;
	for (unsigned tries = 0; tries < 12; tries++) {
		unsigned made = plans_draw(w, from, &to);
		if (!plans_fits(w, from, &to))
			continue;
		uint32_t fresh = to.members & ~0u << w->key_count;
		plans_number(w, &to);
		plans_quorums(w, &to);
		if (world_weight(&to, w->bad) > to.quorums.faulty)
			continue;
		plans_approve(w, &w->plans[from], &to);
		if (fresh && world_chance(w, 8))
			to.unsigned_keys = fresh & -fresh;
		to.refused = !plans_sound(w, &to, MISTAKE_NONE);
		bool rested_on = plans_sound(w, &to, LEAVING_UNBOUNDED);
		if ((to.refused && !w->heavy) || (rested_on && !plans_borne(w, &to)) ||
		    !rule_approves(w, to.expires_at))
			continue;
		plans_agree(w, &to, made, fresh);
		return;
	}
}

unsigned plans_choose(struct world *w, unsigned epoch_plan, unsigned time)
{
	unsigned found = 0, count = 0;
	for (unsigned i = 1; i < w->plan_count; i++)
		if (rule_reconfigure_valid(w, &w->plans[i], epoch_plan, time) && world_draw(w, ++count) == 0)
			found = i;
	return found;
}

bool plans_bear(const struct world *w, unsigned key)
{
	for (unsigned i = 0; i < w->plan_count; i++) {
		const struct plan *plan = &w->plans[i];
		uint32_t faulty = world_liars(w) | w->dead | 1u << key;
		if ((plan->refused && !plans_sound(w, plan, LEAVING_UNBOUNDED)) || plan->given_up ||
		    !(plan->members >> key & 1))
			continue;
		for (unsigned n = 0; n < w->key_count; n++)
			if (w->nodes[n].disk.barred > plan->epoch || w->nodes[n].loses > plan->epoch)
				faulty |= 1u << n;
		if (world_weight(plan, faulty) > plan->quorums.faulty)
			return false;
	}
	return true;
}

/* A newcomer waits as long as he may be needed: until a block is final whose time is past what was agreed, and the
 * change is not below it. */
void plans_superseded(struct world *w)
{
	unsigned newest = 0;
	for (unsigned height = 1; height < sizeof(w->final_at) && w->final_at[height]; height++)
		newest = w->final_at[height];
	for (unsigned i = 1; i < w->plan_count; i++) {
		struct plan *plan = &w->plans[i];
		unsigned end = plan->made + DAYS_APPROVED;
		bool used = false;
		if (plan->expires_at < end)
			end = plan->expires_at;
		for (unsigned at = newest; at; at = w->blocks[at].parent)
			used = used || w->blocks[at].brings == i;
		if (plan->given_up || used || w->blocks[newest].time < end)
			continue;
		plan->given_up = true;
		uint32_t newcomers = plan->members & ~w->plans[plan->from].members;
		for (unsigned other = 0; other < w->plan_count; other++)
			if (other != i && !w->plans[other].given_up)
				newcomers &= ~w->plans[other].members;
		w->dead |= newcomers;
		world_say(w, "plan %u is given up", i);
	}
}

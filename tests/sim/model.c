/* See model.h. */
#include "model.h"
#include <stdlib.h>
#include <string.h>

static void *grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1)) /* doubled at each power of two */
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	if (!array)
		abort();
	return array;
}

static struct model_height *model_push(struct model *m)
{
	m->heights = grow(m->heights, m->height_count, sizeof(*m->heights));
	struct model_height *height = &m->heights[m->height_count++];
	if (m->height_count == 1)
		memset(height, 0, sizeof(*height));
	else
		*height = height[-1];
	return height;
}

void model_init(struct model *m, const struct genesis *genesis, const struct address addresses[MODEL_ACCOUNTS],
                uint32_t payments_before)
{
	*m = (struct model){.network_id = genesis->network_id, .smallest_amount = genesis->smallest_amount};
	struct model_height *first = model_push(m);

	genesis_block_id(genesis, &first->id);
	first->timestamp_ms = genesis->timestamp_ms;
	for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
		first->accounts[i].address = addresses[i];
		for (uint32_t k = 0; k < genesis->account_count; k++)
			if (memcmp(&genesis->accounts[k].address, &addresses[i], sizeof(addresses[i])) == 0)
				first->accounts[i] = (struct model_account){addresses[i], genesis->accounts[k].balance,
				                                            payments_before, 0};
		m->supply += first->accounts[i].balance;
	}
}

void model_deinit(struct model *m)
{
	for (size_t i = 0; i < m->hold_count; i++)
		free(m->holds[i].changes);
	free(m->holds);
	free(m->made);
	free(m->heights);
	free(m->payments);
}

const struct model_payment *model_find(const struct model *m, const struct payment_id *id)
{
	for (size_t i = 0; i < m->payment_count; i++)
		if (memcmp(&m->payments[i].id, id, sizeof(*id)) == 0)
			return &m->payments[i];
	return NULL;
}

size_t model_account(const struct model *m, const struct address *address)
{
	size_t i = 0;

	while (i < MODEL_ACCOUNTS && memcmp(&m->heights[0].accounts[i].address, address, sizeof(*address)) != 0)
		i++;
	return i;
}

/* ---- holds, as their names say (ledger §3.7) ---- */

static void name_hold(const struct payment_id *opening, const struct hash *lock, const struct address *home,
                      struct address *id)
{
	struct hash seal, hold;

	hash2(HASH_SEAL, opening->b, sizeof(opening->b), lock->b, HASH_SIZE, &seal);
	hash2(HASH_HOLD, home->b, ADDRESS_SIZE, seal.b, HASH_SIZE, &hold);
	memcpy(id->b, hold.b, ADDRESS_SIZE);
}

static struct model_hold *find_hold(const struct model *m, const struct address *id)
{
	for (size_t i = 0; i < m->hold_count; i++)
		if (memcmp(&m->holds[i].id, id, sizeof(*id)) == 0)
			return &m->holds[i];
	return NULL;
}

const struct model_hold *model_hold(const struct model *m, const struct address *id)
{
	return find_hold(m, id);
}

struct model_change model_hold_at(const struct model_hold *hold, uint64_t height)
{
	struct model_change none = {.height = height};

	for (size_t i = hold ? hold->change_count : 0; i-- != 0;)
		if (hold->changes[i].height <= height)
			return hold->changes[i];
	return none;
}

static void change_hold(struct model *m, struct model_hold *hold, amount_t balance)
{
	uint32_t before = hold->change_count ? hold->changes[hold->change_count - 1].payments : 0;

	hold->changes = grow(hold->changes, hold->change_count, sizeof(*hold->changes));
	hold->changes[hold->change_count++] = (struct model_change){m->height_count - 1, balance, before + 1};
}

static amount_t held(const struct model_hold *hold)
{
	return hold && hold->change_count ? hold->changes[hold->change_count - 1].balance : 0;
}

static void open_holds(struct model *m, const struct payment *payment)
{
	for (uint32_t i = 0; i < payment->hold_count; i++) {
		const struct hold_opening *opening = &payment->holds[i];
		struct model_hold hold = {.opening = payment->id,
		                          .lock = opening->lock,
		                          .home = opening->has_home ? opening->home : payment->sender,
		                          .end = opening->end};
		name_hold(&payment->id, &opening->lock, &hold.home, &hold.id);
		m->holds = grow(m->holds, m->hold_count, sizeof(*m->holds));
		m->holds[m->hold_count++] = hold;
		change_hold(m, &m->holds[m->hold_count - 1], opening->amount);
	}
}

/* ---- rules ---- */

static const char *check_time(const struct model *m, uint64_t now_s, const struct payment *payment)
{
	if (payment->expires_at <= now_s)
		return "a final payment had expired";
	if (payment->expires_at > now_s + 3600)
		return "a final payment expires too far ahead";
	return model_find(m, &payment->id) ? "a payment is final twice" : NULL;
}

static const char *check_outputs(const struct model *m, const struct payment *payment, unsigned __int128 *total)
{
	for (uint32_t i = 0; i < payment->output_count; i++) {
		*total += payment->outputs[i].amount;
		if (payment->outputs[i].amount < m->smallest_amount)
			return "a final payment has too small an output";
		if (model_account(m, &payment->outputs[i].to) == MODEL_ACCOUNTS)
			return "a final payment goes to nobody known";
	}
	return NULL;
}

static const char *check_opened(const struct model *m, uint64_t now_s, const struct payment *payment,
                                unsigned __int128 *total)
{
	for (uint32_t i = 0; i < payment->hold_count; i++) {
		const struct hold_opening *opening = &payment->holds[i];
		struct address id;
		*total += opening->amount;
		if (opening->amount < m->smallest_amount)
			return "a final payment opens too small a hold";
		if (opening->end < now_s + 60 || opening->end > now_s + 400 * 86400)
			return "a final payment opens a hold with a wrong end";
		if (model_account(m, opening->has_home ? &opening->home : &payment->sender) == MODEL_ACCOUNTS)
			return "a hold has a home that nobody knows";
		name_hold(&payment->id, &opening->lock, opening->has_home ? &opening->home : &payment->sender, &id);
		if (find_hold(m, &id))
			return "a hold was there before";
		for (uint32_t k = 0; k < i; k++)
			if (memcmp(&payment->holds[k].lock, &opening->lock, HASH_SIZE) == 0 &&
			    memcmp(&payment->holds[k].home, &opening->home, ADDRESS_SIZE) == 0)
				return "a payment opens a hold twice";
	}
	return NULL;
}

/* What is left of `before`, which is nothing, or enough. */
static const char *check_rest(const struct model *m, amount_t before, unsigned __int128 total, amount_t comes_back)
{
	if (before < total)
		return "a final payment spends more than there was";
	amount_t rest = before - (amount_t)total + comes_back;
	return rest && rest < m->smallest_amount ? "a final payment leaves dust behind" : NULL;
}

static const char *check_transfer(const struct model *m, const struct model_height *now, const struct payment *payment)
{
	unsigned __int128 total = 0;
	amount_t own = 0;
	struct address of_key;

	address_of_key(payment->public_key, &of_key);
	if (memcmp(&of_key, &payment->sender, sizeof(of_key)) != 0)
		return "a final payment has another's key";
	size_t from = model_account(m, &payment->sender);
	if (from == MODEL_ACCOUNTS)
		return "a final payment comes from nobody known";
	const char *wrong = check_outputs(m, payment, &total);
	if (!wrong)
		wrong = check_opened(m, now->timestamp_ms / 1000, payment, &total);
	for (uint32_t i = 0; i < payment->output_count; i++)
		if (model_account(m, &payment->outputs[i].to) == from)
			own += payment->outputs[i].amount;
	return wrong ? wrong : check_rest(m, now->accounts[from].balance, total, own);
}

static const char *check_take(const struct model *m, const struct payment *payment)
{
	const struct hold_reference *named = payment->hold;
	const struct model_hold *hold = find_hold(m, &payment->sender);
	unsigned __int128 total = 0;
	uint8_t secret[32] = {0};
	struct address id;
	struct hash lock;

	if (named->has_secret)
		crypto_hash_sha256(secret, named->secret, sizeof(named->secret));
	hash2(HASH_LOCK, payment->public_key, PUBLIC_KEY_SIZE, secret, sizeof(secret), &lock);
	name_hold(&named->opening, &lock, &named->home, &id);
	if (!held(hold))
		return "a final take is of no hold";
	if (memcmp(&id, &payment->sender, sizeof(id)) != 0 || memcmp(&lock, &hold->lock, sizeof(lock)) != 0)
		return "a final take has another's key";
	if (payment->expires_at > hold->end)
		return "a final take expires after the end of its hold";
	const char *wrong = check_outputs(m, payment, &total);
	return wrong ? wrong : check_rest(m, held(hold), total, 0);
}

static const char *check_give_back(const struct model *m, uint64_t now_s, const struct payment *payment)
{
	const struct model_hold *hold = find_hold(m, &payment->sender);
	static const uint8_t zero[NONCE_SIZE];

	if (!held(hold) || payment->total != held(hold))
		return "a final give-back is not of all that a hold has";
	if (now_s < hold->end)
		return "a hold was given back before its end";
	if (payment->has_memo_hash || memcmp(payment->nonce, zero, NONCE_SIZE) != 0 || payment->expires_at % 3600)
		return "something in a final give-back is free";
	return memcmp(&payment->hold->home, &hold->home, sizeof(hold->home)) != 0 ? "a hold went to another home"
	                                                                          : NULL;
}

/* All but its signature. Changes nothing. */
static const char *model_check(const struct model *m, const struct model_height *now, const struct payment *payment)
{
	uint64_t now_s = now->timestamp_ms / 1000;
	const char *wrong = check_time(m, now_s, payment);

	if (wrong)
		return wrong;
	switch (payment->kind) {
	case PAYMENT_TRANSFER:
		return check_transfer(m, now, payment);
	case PAYMENT_TAKE:
		return check_take(m, payment);
	case PAYMENT_GIVE_BACK:
		return check_give_back(m, now_s, payment);
	}
	return "a final payment is of no kind";
}

/* ---- effects ---- */

static void credit_outputs(const struct model *m, struct model_height *now, const struct payment *payment, size_t from,
                           bool touched[MODEL_ACCOUNTS])
{
	for (uint32_t i = 0; i < payment->output_count; i++) {
		size_t to = model_account(m, &payment->outputs[i].to);
		if (!now->accounts[to].balance && to != from)
			now->accounts[to].since = m->payment_count;
		now->accounts[to].balance += payment->outputs[i].amount;
		touched[to] = true;
	}
}

static const char *model_pay(struct model *m, struct model_height *now, const struct payment *payment,
                             uint32_t *touches)
{
	_Static_assert(MODEL_ACCOUNTS <= 32, "a bit for each account");
	bool touched[MODEL_ACCOUNTS] = {false};
	const char *wrong = model_check(m, now, payment);
	size_t from = payment->kind == PAYMENT_TRANSFER ? model_account(m, &payment->sender) : MODEL_ACCOUNTS;

	if (wrong)
		return wrong;
	if (payment->kind == PAYMENT_TAKE && !sign_key_valid(payment->public_key))
		return "a final take has a key that is none";
	if (payment->kind != PAYMENT_GIVE_BACK &&
	    !sign_verify(payment->public_key, &payment->digest, payment->signature))
		return "a final payment has a bad signature";
	if (from != MODEL_ACCOUNTS) {
		now->accounts[from].balance -= payment->total;
		touched[from] = true;
	} else {
		struct model_hold *hold = find_hold(m, &payment->sender);
		change_hold(m, hold, held(hold) - payment->total);
	}
	m->takes += payment->kind == PAYMENT_TAKE;
	m->given_back += payment->kind == PAYMENT_GIVE_BACK;
	credit_outputs(m, now, payment, from, touched);
	open_holds(m, payment);
	for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
		if (touched[i] && now->accounts[i].payments < UINT32_MAX) /* a full counter stays full */
			now->accounts[i].payments++;
		*touches |= (uint32_t)touched[i] << i;
	}
	if (from != MODEL_ACCOUNTS && !now->accounts[from].balance)
		now->accounts[from].payments = 0; /* the account is gone */
	return NULL;
}

/* ---- nobody else's payment can spoil yours ---- */

void model_watch(struct model *m, const struct payment *payment)
{
	m->made = grow(m->made, m->made_count, sizeof(*m->made));
	m->made[m->made_count++] = payment;
}

/* Whether the payment under way is by another sender: whoever has the same key may spend what a payment would need. */
static bool is_others(const struct payment *mine, const struct payment *payment)
{
	return memcmp(&mine->sender, &payment->sender, sizeof(mine->sender)) != 0;
}

/* Forgets those that are final or over; notes in `valid` which of the others are valid now. */
static void watched_before(struct model *m, const struct model_height *now, const struct payment *payment, bool *valid)
{
	size_t count = 0;

	for (size_t i = 0; i < m->made_count; i++)
		if (m->made[i]->expires_at > now->timestamp_ms / 1000 && !model_find(m, &m->made[i]->id))
			m->made[count++] = m->made[i];
	m->made_count = count;
	for (size_t i = 0; i < count; i++)
		valid[i] = is_others(m->made[i], payment) && !model_check(m, now, m->made[i]);
}

static bool watched_after(struct model *m, const struct model_height *now, const bool *valid)
{
	for (size_t i = 0; i < m->made_count; i++) {
		if (!valid[i])
			continue;
		m->pairs++;
		if (model_check(m, now, m->made[i]))
			return false;
	}
	return true;
}

const char *model_apply(struct model *m, const struct block *block)
{
	const struct hash parent = m->heights[m->height_count - 1].id;
	uint64_t parent_ms = m->heights[m->height_count - 1].timestamp_ms;

	if (memcmp(&block->header.parent_id, &parent, sizeof(parent)) != 0 || block->header.height != m->height_count)
		return "a final block does not follow its parent";
	if (block->header.timestamp_ms <= parent_ms)
		return "a final block is not later than its parent";
	struct model_height *now = model_push(m);
	now->id = block->header.id;
	now->timestamp_ms = block->header.timestamp_ms;
	for (uint32_t i = 0; i < block->count; i++) {
		uint32_t touched = 0;
		bool *valid = calloc(m->made_count + 1, sizeof(*valid));
		if (!valid)
			abort();
		watched_before(m, now, block->payments[i], valid);
		const char *wrong = model_pay(m, now, block->payments[i], &touched);
		if (!wrong && !watched_after(m, now, valid))
			wrong = "somebody else's payment has spoiled one that was valid";
		free(valid);
		if (wrong)
			return wrong;
		m->payments = grow(m->payments, m->payment_count, sizeof(*m->payments));
		m->payments[m->payment_count++] =
		    (struct model_payment){.id = block->payments[i]->id,
		                           .height = block->header.height,
		                           .index = i,
		                           .touched = touched,
		                           .sender = (uint32_t)(block->payments[i]->kind == PAYMENT_TRANSFER
		                                                    ? model_account(m, &block->payments[i]->sender)
		                                                    : MODEL_ACCOUNTS)};
	}
	return NULL;
}

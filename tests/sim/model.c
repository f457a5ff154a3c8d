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

static const char *model_pay(struct model *m, struct model_height *now, const struct payment *payment,
                             uint32_t *touches)
{
	_Static_assert(MODEL_ACCOUNTS <= 32, "a bit for each account");
	uint64_t now_s = now->timestamp_ms / 1000;
	unsigned __int128 total = 0;
	bool touched[MODEL_ACCOUNTS] = {false};
	struct address of_key;

	if (payment->expires_at <= now_s)
		return "a final payment had expired";
	if (payment->expires_at > now_s + 3600)
		return "a final payment expires too far ahead";
	if (model_find(m, &payment->id))
		return "a payment is final twice";
	address_of_key(payment->public_key, &of_key);
	if (memcmp(&of_key, &payment->sender, sizeof(of_key)) != 0)
		return "a final payment has another's key";
	if (!sign_verify(payment->public_key, &payment->digest, payment->signature))
		return "a final payment has a bad signature";
	size_t from = model_account(m, &payment->sender);
	if (from == MODEL_ACCOUNTS)
		return "a final payment comes from nobody known";
	for (uint32_t i = 0; i < payment->output_count; i++) {
		total += payment->outputs[i].amount;
		if (payment->outputs[i].amount < m->smallest_amount)
			return "a final payment has too small an output";
		if (model_account(m, &payment->outputs[i].to) == MODEL_ACCOUNTS)
			return "a final payment goes to nobody known";
	}
	if (now->accounts[from].balance < total)
		return "a final payment spends more than there was";
	now->accounts[from].balance -= (amount_t)total;
	touched[from] = true;
	for (uint32_t i = 0; i < payment->output_count; i++) {
		size_t to = model_account(m, &payment->outputs[i].to);
		if (!now->accounts[to].balance && to != from)
			now->accounts[to].since = m->payment_count;
		now->accounts[to].balance += payment->outputs[i].amount;
		touched[to] = true;
	}
	if (now->accounts[from].balance && now->accounts[from].balance < m->smallest_amount)
		return "a final payment leaves dust behind";
	for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
		if (touched[i] && now->accounts[i].payments < UINT32_MAX) /* a full counter stays full */
			now->accounts[i].payments++;
		*touches |= (uint32_t)touched[i] << i;
	}
	if (!now->accounts[from].balance)
		now->accounts[from].payments = 0; /* the account is gone */
	return NULL;
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
		const char *wrong = model_pay(m, now, block->payments[i], &touched);
		if (wrong)
			return wrong;
		m->payments = grow(m->payments, m->payment_count, sizeof(*m->payments));
		m->payments[m->payment_count++] = (struct model_payment){
		    .id = block->payments[i]->id, .height = block->header.height, .index = i, .touched = touched};
	}
	return NULL;
}

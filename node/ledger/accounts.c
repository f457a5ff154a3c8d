/* The rules of accounts that operations share (docs/spec/ledger.md §3.3, §4.2). */
#include <assert.h>
#include <string.h>
#include "ledger_internal.h"
#include "uncia/error.h"

bool amount_too_small(const struct genesis *genesis, amount_t amount)
{
	return amount < genesis->smallest_amount || amount == 0;
}

/* encoding §1.4: an address is of the first public key, which the first payment binds. */
enum sender_key account_key(const struct entry *account, const struct address *address,
                            const uint8_t public_key[PUBLIC_KEY_SIZE])
{
	struct address derived;

	if (account && account->flags & ENTRY_KEY_KNOWN)
		return memcmp(account->public_key, public_key, PUBLIC_KEY_SIZE) ? SENDER_KEY_OTHER : SENDER_KEY_BOUND;
	address_of_key(public_key, &derived);
	return memcmp(&derived, address, sizeof(derived)) ? SENDER_KEY_OTHER : SENDER_KEY_FIRST;
}

int account_signed(struct plan *plan, const struct address *address, const uint8_t public_key[PUBLIC_KEY_SIZE],
                   struct entry **account)
{
	const struct entry_id id = account_id(address);
	struct entry *entry;
	int rc = plan_existing(plan, &id, &entry);

	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_FUNDS : rc;
	enum sender_key key = account_key(entry, address, public_key);
	if (key == SENDER_KEY_OTHER)
		return UNCIA_E_SIGNATURE;
	if (key == SENDER_KEY_FIRST) {
		entry->flags |= ENTRY_KEY_KNOWN;
		memcpy(entry->public_key, public_key, PUBLIC_KEY_SIZE);
	}
	*account = entry;
	return 0;
}

int account_debit(struct entry *account, uint32_t currency, amount_t amount)
{
	if (account->currency != currency || !amount_subtract(account->balance, amount, &account->balance))
		return UNCIA_E_FUNDS;
	return 0;
}

int account_credit(struct plan *plan, uint32_t currency, const struct output *output)
{
	const struct entry_id id = account_id(&output->to);
	struct entry *account;

	if (amount_too_small(plan_genesis(plan), output->amount))
		return UNCIA_E_AMOUNT;
	int rc = plan_existing(plan, &id, &account);
	if (rc == UNCIA_E_NOT_FOUND) {
		rc = plan_create(plan, &id, &account);
		if (rc == 0)
			account->currency = currency;
	}
	if (rc)
		return rc;
	if (account->currency != currency || !amount_add(account->balance, output->amount, &account->balance))
		return UNCIA_E_AMOUNT;
	return 0;
}

void hold_fill(struct entry *hold, const struct address *home, const struct hash *seal)
{
	assert(hold->kind == ENTRY_HOLD);
	hold->address = *home;
	memcpy(hold->public_key, seal->b, HASH_SIZE);
	hold->created = 0;
}

int hold_close(struct plan *plan, struct entry *hold)
{
	assert(hold->kind == ENTRY_HOLD);
	if (hold->balance != 0)
		return amount_too_small(plan_genesis(plan), hold->balance) ? UNCIA_E_AMOUNT : 0;
	plan_delete(plan, hold);
	return 0;
}

int account_close(struct plan *plan, struct entry *account)
{
	assert(account->flags & ENTRY_KEY_KNOWN); /* it has paid */
	if (account->balance != 0)
		return amount_too_small(plan_genesis(plan), account->balance) ? UNCIA_E_AMOUNT : 0;
	if (!(account->flags & ENTRY_KEY_ROTATED))
		plan_delete(plan, account);
	return 0;
}

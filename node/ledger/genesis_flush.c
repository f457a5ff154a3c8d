/* The genesis as the first flush, which makes an empty store a ledger. */
#include "ledger_internal.h"
#include <string.h>

/* Into the record of its group, which is the flush's own. */
static void flush_put_entry(struct flush *flush, uint64_t index, const struct entry *entry)
{
	struct flush_group *group = &flush->groups[index / GROUP_ENTRIES];
	struct group_record *record = &flush->records[index / GROUP_ENTRIES];

	*group = (struct flush_group){.index = index / GROUP_ENTRIES, .record = record};
	entry_encode(entry, record->entries + index % GROUP_ENTRIES * ENTRY_SIZE);
}

/* ledger §4: entry 0 is the currency with its recorded supply, then the accounts in order of address. */
int genesis_flush(const struct genesis *genesis, struct flush **flush)
{
	uint64_t entries = (uint64_t)genesis->account_count + 1;
	size_t groups = (size_t)((entries + GROUP_ENTRIES - 1) / GROUP_ENTRIES);
	struct entry currency = {
	    .kind = ENTRY_CURRENCY,
	    .currency = genesis->currency,
	    .balance = genesis->supply,
	    .created = genesis->smallest_amount,
	};

	const struct flush_room room = {.groups = groups, .addresses = genesis->account_count, .records = groups};
	struct flush *f = flush_new(&room);
	if (!f)
		return UNCIA_E_MEMORY;
	memcpy(currency.address.b, genesis->currency_code, strnlen(genesis->currency_code, 8));
	flush_put_entry(f, 0, &currency);
	for (uint32_t i = 0; i < genesis->account_count; i++) {
		const struct entry account = {
		    .kind = ENTRY_ACCOUNT,
		    .address = genesis->accounts[i].address,
		    .currency = genesis->currency,
		    .balance = genesis->accounts[i].balance,
		};
		flush_put_entry(f, (uint64_t)i + 1, &account);
		f->addresses[i] = (struct flush_address){.id = account_id(&account.address), .index = (uint64_t)i + 1};
	}
	f->group_count = groups;
	f->address_count = genesis->account_count;
	f->meta = (struct state_meta){.height = 0, .entry_count = entries, .free_head = ENTRY_NONE};
	genesis_block_id(genesis, &f->meta.block_id);
	*flush = f;
	return 0;
}

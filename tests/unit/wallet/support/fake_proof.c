/* See fake_proof.h. */
#include "fake_proof.h"
#include <string.h>
#include "fields.h"
#include "unit.h"

struct header fake_proof_parent(const struct fake_network *n)
{
	struct header parent = n->tip;
	if (n->time_passes)
		parent.timestamp_ms = n->f.genesis.timestamp_ms + n->host->now_ms;
	return parent;
}

void fake_proof_make(struct fake_network *n, bool old, Uncia__Pb__AccountProof *proof, uint8_t group[GROUP_SIZE],
                     struct header *header, struct certificate **certificate)
{
	struct entry currency = {.kind = ENTRY_CURRENCY, .currency = 1, .balance = 1000 * AMOUNT_MICROS};
	struct entry entry = {.kind = ENTRY_ACCOUNT,
	                      .address = n->account,
	                      .currency = 1,
	                      .balance = old ? 7 : n->balance,
	                      .payments = n->payments,
	                      .created = n->created};
	struct hash digest, root;
	memset(group, 0, GROUP_SIZE);
	entry_encode(&currency, group);
	entry_encode(&entry, group + ENTRY_SIZE);
	if (n->has_hold)
		entry_encode(&n->hold, group + 2 * ENTRY_SIZE);
	state_group_digest(group, &digest);
	state_root_digest(n->has_hold ? 3 : 2, ENTRY_NONE, &digest, &root);
	struct header parent = fake_proof_parent(n);
	fixture_header(&n->f, old ? NULL : &parent, n->tip.view + 1, NULL, 0, &root, header);
	*certificate = fixture_certificate(&n->f, CERT_SF, header->view, &header->id, n->count);
	proof->index = 1;
	proof->group = field_of(group, GROUP_SIZE);
	proof->entry_count = n->has_hold ? 3 : 2;
	proof->free_head = ENTRY_NONE;
	proof->header = field_of(header->bytes, header->size);
	proof->certificate = field_of((*certificate)->bytes, (*certificate)->size);
}

void fake_hold_pay(struct fake_network *n, const struct payment *payment)
{
	struct entry_id id;
	if (!n->has_hold || !entry_id_of(&n->hold, &id) || !address_equal(&payment->sender, &id.address))
		return;
	ck_assert_uint_le(payment->total, n->hold.balance);
	n->hold.balance -= payment->total;
	n->hold.payments++;
	n->has_hold = n->hold.balance != 0;
}

/* See second_chain.h. */
#include "second_chain.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "command.h"
#include "uncia/error.h"
#include "vote.h"

static int proof_holds(const struct genesis *genesis, const struct bytes *value, uint64_t view)
{
	struct certificate *certificate;
	if (!value->size || value->data[0])
		return UNCIA_E_PROOF;
	int error = certificate_decode(&genesis->committee, value->data + 1, value->size - 1, &certificate);
	if (error)
		return error == UNCIA_E_MEMORY ? error : UNCIA_E_PROOF;
	if (certificate->view != view || !certificate_is_final(certificate->kind))
		error = UNCIA_E_PROOF;
	if (!error)
		error = certificate_verify(&genesis->committee, &genesis->network_id, certificate);
	free(certificate);
	return error;
}

int second_chain_proof(const struct home *home, const struct storage_view *view, uint64_t *of_view)
{
	uint8_t next[JOURNAL_KEY_MAX + 1] = {0};
	size_t size = 8;
	int found = UNCIA_E_NOT_FOUND;
	for (;;) {
		struct bytes key, value;
		int error = view->journal_seek(view->context, JOURNAL_EVIDENCE, next, size, &key, &value);
		if (error)
			return error == UNCIA_E_NOT_FOUND ? found : error;
		if (key.size == 12 && be32_get(key.data + 8) == JOURNAL_SECOND_CHAIN) {
			*of_view = be64_get(key.data);
			found = proof_holds(&home->genesis, &value, *of_view);
			if (found)
				return found;
		}
		size = key.size + 1; /* the smallest key above this one */
		memcpy(next, key.data, key.size);
		next[key.size] = 0;
	}
}

static int final_at(const struct storage_view *view, uint64_t height, struct bytes *value)
{
	uint8_t key[8];
	be64_put(key, height);
	int error = view->journal_get(view->context, JOURNAL_FINAL, key, sizeof(key), value);
	return !error && value->size != 8 + HASH_SIZE ? UNCIA_E_DAMAGED : error;
}

int second_chain_compare(const struct storage_view *one, const struct storage_view *other, uint64_t *height)
{
	for (*height = 1;; ++*height) {
		struct bytes a, b;
		int error = final_at(one, *height, &a);
		if (!error)
			error = final_at(other, *height, &b);
		if (error == UNCIA_E_NOT_FOUND) {
			--*height;
			return 0;
		}
		if (error)
			return error;
		if (memcmp(a.data, b.data, a.size))
			return UNCIA_E_PROOF;
	}
}

/* The view of the newest final block. */
static int tip_view(const struct storage_view *view, uint64_t *tip)
{
	struct bytes key, value;
	int error = view->journal_last(view->context, JOURNAL_FINAL, &key, &value);
	*tip = !error && value.size >= 8 ? be64_get(value.data) : 0;
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

int second_chain_refuse(const struct home *home, struct store *store, bool despite)
{
	struct storage_view view;
	uint64_t of_view, tip = 0;
	store_view(store, &view);
	int error = second_chain_proof(home, &view, &of_view);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (!error)
		error = tip_view(&view, &tip);
	if (error == UNCIA_E_PROOF || error == UNCIA_E_DAMAGED)
		return command_error(EXIT_MISMATCH, "%s: the journal's evidence: %s", home->path,
		                     uncia_error_text(error));
	if (error)
		return command_error(EXIT_FAILED, "%s: the journal: %s", home->path, uncia_error_text(error));
	if (despite && of_view <= tip)
		return 0;
	return command_error(
	    EXIT_SECOND_CHAIN,
	    "%s: there is a second chain under this network's id: the journal holds the proof, a finality "
	    "certificate of view %" PRIu64 "%s. See \"A second chain\" in docs/operating.md",
	    home->path, of_view,
	    despite ? ", which lies above this chain's own end: this is the chain to give up" : "");
}

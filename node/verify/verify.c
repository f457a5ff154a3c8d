/* See verify.h. */
#include "verify.h"
#include <assert.h>

void verify_parts(struct verify_thread *thread, const struct verify_part *parts, size_t count,
                  const struct verify_signer *signer)
{
	struct verify_item *items[VERIFY_CHUNK];
	size_t checks = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < parts[i].count; k++) {
			struct verify_item *item = &parts[i].job->items[parts[i].begin + k];
			assert(checks < VERIFY_CHUNK);
			if (parts[i].job->sign)
				item->valid = signer->sign(signer->context, &item->digest, item->signature) == 0;
			else
				items[checks++] = item;
		}
	}
	verify_signatures(thread, items, checks);
}

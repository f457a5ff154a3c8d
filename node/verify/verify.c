/* See verify.h. */
#include "verify.h"

void verify_items(struct verify_job *job, size_t begin, size_t count, const struct verify_signer *signer,
                  struct verify_keys *keys)
{
	if (!job->sign) {
		verify_signatures(&job->items[begin], count, keys);
		return;
	}
	for (size_t i = begin; i < begin + count; i++) {
		struct verify_item *item = &job->items[i];
		item->valid = signer->sign(signer->context, &item->digest, item->signature) == 0;
	}
}

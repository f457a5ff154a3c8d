/* Results of recent lookups in the store, in bounded tables where newer ones replace older ones: the index of an
 * account, and payment ids that the store does not have. Both are hints that are checked or dated. An index counts once
 * the entry there is found to be that account's; an absent id counts until the store changes. */
#ifndef LOOKUP_CACHE_H
#define LOOKUP_CACHE_H
#include "entry.h"

struct lookup_cache;

/* NULL where memory ends. */
struct lookup_cache *lookup_cache_new(void);
void lookup_cache_free(struct lookup_cache *cache); /* accepts NULL */

/* `hash` is of the address or id, under a seed that no stranger knows. Returns whether an index is held for it. */
bool lookup_cache_index(const struct lookup_cache *cache, unsigned hash, uint64_t *index);
/* Notes where the account with an address of this hash is. Returns 0, or UNCIA_E_MEMORY with all as it was. */
int lookup_cache_add_index(struct lookup_cache *cache, unsigned hash, uint64_t index);

/* Fetches the lines that these lookups will read. */
void lookup_cache_prefetch_index(const struct lookup_cache *cache, unsigned hash);
void lookup_cache_prefetch_absent(const struct lookup_cache *cache, unsigned hash);

/* Whether the store was asked for this id since it last changed, and did not have it. */
bool lookup_cache_absent(const struct lookup_cache *cache, const struct payment_id *id, unsigned hash);
/* Notes that the store does not have this id. Returns 0, or UNCIA_E_MEMORY with all as it was. */
int lookup_cache_add_absent(struct lookup_cache *cache, const struct payment_id *id, unsigned hash);
/* From now on every absent id has to be asked for again. */
void lookup_cache_store_changed(struct lookup_cache *cache);

#endif

/* The free list runs through the spare items themselves. See slab.h. */
#include "slab.h"
#include <assert.h>
#include <stdlib.h>
#include "poison.h"

struct slab_item {
	struct slab_item *next;
};

void slab_init(struct slab *slab, size_t size, uint32_t max)
{
	assert(size >= sizeof(struct slab_item));
	*slab = (struct slab){.size = size, .max = max};
}

void *slab_alloc(struct slab *slab)
{
	struct slab_item *item = slab->spare;

	if (!item)
		return malloc(slab->size);
	assert(slab->count > 0);
	memory_unpoison(item, slab->size);
	slab->spare = item->next;
	slab->count--;
	return item;
}

void slab_free(struct slab *slab, void *memory)
{
	struct slab_item *item = memory;

	assert(memory && slab->count <= slab->max);
	if (slab->count == slab->max) {
		free(item);
		return;
	}
	item->next = slab->spare;
	slab->spare = item;
	slab->count++;
	memory_poison(item, slab->size);
}

void slab_deinit(struct slab *slab)
{
	while (slab->count)
		free(slab_alloc(slab));
	assert(!slab->spare);
}

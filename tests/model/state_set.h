/* The states that an exhaustive search has come upon: each once, in the order of discovery, with the one that led
 * there. What a state is, the search knows; here it is `size` bytes, a multiple of eight. Where memory ends, the
 * process does. */
#ifndef STATE_SET_H
#define STATE_SET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state_set {
	size_t size; /* of a state */
	unsigned char *states;
	uint32_t *parents, *table; /* table: open addressing, index + 1 */
	uint32_t count, capacity, table_size;
};

void state_set_init(struct state_set *set, size_t size);
void state_set_deinit(struct state_set *set);
/* `parent`: the number of the state that led to this one. */
void state_set_add(struct state_set *set, const void *state, uint32_t parent);
/* Valid until the next state is added. */
static inline const void *state_set_at(const struct state_set *set, uint32_t number)
{
	return set->states + set->size * number;
}

#endif

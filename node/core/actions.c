/* The list of actions that a step hands out, and the memory behind it. */
#include "parts.h"
#include <stdlib.h>
#include <string.h>

#define ACTIONS_ARENA_LIMIT ((size_t)256 << 20)

int actions_init(struct actions *actions)
{
	memset(actions, 0, sizeof(*actions));
	actions->arena = malloc(sizeof(*actions->arena));
	actions->spares = calloc(1, sizeof(*actions->spares));
	if (!actions->arena || !actions->spares) {
		free(actions->arena);
		free(actions->spares);
		memset(actions, 0, sizeof(*actions));
		return UNCIA_E_MEMORY;
	}
	arena_init_spared(actions->arena, ACTIONS_ARENA_LIMIT, actions->spares);
	return 0;
}

void actions_deinit(struct actions *actions)
{
	if (actions->arena) {
		arena_deinit(actions->arena);
		arena_spares_deinit(actions->spares);
	}
	free(actions->arena);
	free(actions->spares);
	free(actions->items);
	memset(actions, 0, sizeof(*actions));
}

void actions_clear(struct actions *actions)
{
	arena_deinit(actions->arena);
	arena_init_spared(actions->arena, ACTIONS_ARENA_LIMIT, actions->spares);
	actions->count = 0;
}

struct action *action_add(struct replica *r, enum action_kind kind)
{
	struct actions *out = r->out;

	if (out->count == out->capacity) {
		size_t capacity = out->capacity ? out->capacity * 2 : 64;
		struct action *items = realloc(out->items, capacity * sizeof(*items));
		if (!items)
			return NULL;
		out->items = items;
		out->capacity = capacity;
	}
	struct action *action = &out->items[out->count++];
	memset(action, 0, sizeof(*action));
	action->kind = kind;
	return action;
}

/* Copies bytes into the step's arena. */
int action_bytes(struct replica *r, const void *data, size_t size, struct bytes *copy)
{
	void *memory = arena_alloc_unset(r->out->arena, size ? size : 1);

	if (!memory)
		return UNCIA_E_MEMORY;
	if (size)
		memcpy(memory, data, size);
	copy->data = memory;
	copy->size = size;
	return 0;
}

int action_put(struct replica *r, enum journal_table table, const void *key, size_t key_size, const void *value,
               size_t value_size)
{
	struct action *action = action_add(r, ACTION_JOURNAL_PUT);

	if (!action)
		return UNCIA_E_MEMORY;
	action->table = table;
	action->sequence = step_sequence(r);
	size_t index = r->out->count - 1;
	struct bytes k, v;
	TRY(action_bytes(r, key, key_size, &k));
	TRY(action_bytes(r, value, value_size, &v));
	r->out->items[index].key = k;
	r->out->items[index].message = v;
	return 0;
}

int action_send(struct replica *r, uint32_t peer, const void *message, size_t size)
{
	if (peer == r->config.self)
		return 0;
	struct action *action = action_add(r, ACTION_SEND);
	if (!action)
		return UNCIA_E_MEMORY;
	action->peer = peer;
	return action_bytes(r, message, size, &action->message);
}

int action_answer(struct replica *r, uint64_t wallet, const void *message, size_t size)
{
	struct action *action = action_add(r, ACTION_ANSWER);

	if (!action)
		return UNCIA_E_MEMORY;
	action->wallet = wallet;
	return action_bytes(r, message, size, &action->message);
}

int action_note(struct replica *r, enum note_level level, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	int size = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (size < 0)
		return 0;
	if ((size_t)size >= sizeof(text))
		size = sizeof(text) - 1;
	struct action *action = action_add(r, ACTION_NOTE);
	if (!action)
		return UNCIA_E_MEMORY;
	action->level = level;
	return action_bytes(r, text, (size_t)size, &action->message);
}

/* The sequence of the commit that this step's journal records belong to. */
uint64_t step_sequence(struct replica *r)
{
	if (!r->step_wrote) {
		r->step_wrote = true;
		r->sequence++;
	}
	return r->sequence;
}

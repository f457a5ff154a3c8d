/* The list of actions that a step hands out, and the memory behind it. See step.h. */
#include "step.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "try.h"
#include "uncia/error.h"

#define ACTIONS_ARENA_LIMIT ((size_t)256 << 20)

int actions_init(struct actions *actions)
{
	memset(actions, 0, sizeof(*actions));
	actions->arena = malloc(sizeof(*actions->arena));
	actions->chunk_cache = calloc(1, sizeof(*actions->chunk_cache));
	if (!actions->arena || !actions->chunk_cache) {
		free(actions->arena);
		free(actions->chunk_cache);
		memset(actions, 0, sizeof(*actions));
		return UNCIA_E_MEMORY;
	}
	arena_init_cached(actions->arena, ACTIONS_ARENA_LIMIT, actions->chunk_cache);
	return 0;
}

void actions_deinit(struct actions *actions)
{
	if (actions->arena) {
		arena_deinit(actions->arena);
		chunk_cache_deinit(actions->chunk_cache);
	}
	free(actions->arena);
	free(actions->chunk_cache);
	free(actions->items);
	memset(actions, 0, sizeof(*actions));
}

void actions_clear(struct actions *actions)
{
	arena_deinit(actions->arena);
	arena_init_cached(actions->arena, ACTIONS_ARENA_LIMIT, actions->chunk_cache);
	actions->count = 0;
}

struct action *step_action(struct step *s, enum action_kind kind)
{
	struct actions *out = s->out;

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

int step_copy(struct step *s, const void *data, size_t size, struct bytes *copy)
{
	void *memory = arena_alloc_unset(s->out->arena, size ? size : 1);

	if (!memory)
		return UNCIA_E_MEMORY;
	if (size)
		memcpy(memory, data, size);
	copy->data = memory;
	copy->size = size;
	return 0;
}

int step_put(struct step *s, enum journal_table table, const struct bytes *key, const struct bytes *value)
{
	struct bytes k, v;

	assert(table > 0 && table < JOURNAL_TABLES && key->size && key->size <= JOURNAL_KEY_MAX);
	TRY(step_copy(s, key->data, key->size, &k));
	TRY(step_copy(s, value->data, value->size, &v));
	struct action *action = step_action(s, ACTION_JOURNAL_PUT);
	if (!action)
		return UNCIA_E_MEMORY;
	action->table = table;
	action->sequence = step_sequence(s);
	action->key = k;
	action->message = v;
	return 0;
}

int step_send(struct step *s, uint32_t peer, const void *message, size_t size)
{
	assert(peer == PEER_ALL || peer < s->peer_count);
	if (peer == s->own_peer)
		return 0;
	struct action *action = step_action(s, ACTION_SEND);
	if (!action)
		return UNCIA_E_MEMORY;
	action->peer = peer;
	return step_copy(s, message, size, &action->message);
}

int step_answer(struct step *s, uint64_t wallet, const void *message, size_t size)
{
	struct action *action = step_action(s, ACTION_ANSWER);

	if (!action)
		return UNCIA_E_MEMORY;
	action->wallet = wallet;
	return step_copy(s, message, size, &action->message);
}

int step_drop_peer(struct step *s, uint32_t peer)
{
	assert(peer < s->peer_count);
	if (step_shuns(s, peer))
		return 0;
	struct action *action = step_action(s, ACTION_DROP_PEER);
	if (!action)
		return UNCIA_E_MEMORY;
	action->peer = peer;
	s->peers[peer].shunned_until_ms = s->now_ms + PEER_SHUN_MS;
	return 0;
}

bool step_shuns(const struct step *s, uint32_t peer)
{
	return s->now_ms < s->peers[peer].shunned_until_ms;
}

int step_drop_wallet(struct step *s, uint64_t wallet, int error)
{
	struct action *action = step_action(s, ACTION_DROP_WALLET);

	if (!action)
		return UNCIA_E_MEMORY;
	action->wallet = wallet;
	action->error = error;
	return 0;
}

int step_note(struct step *s, enum note_level level, const char *format, ...)
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
	struct action *action = step_action(s, ACTION_NOTE);
	if (!action)
		return UNCIA_E_MEMORY;
	action->level = level;
	return step_copy(s, text, (size_t)size, &action->message);
}

uint64_t step_sequence(struct step *s)
{
	if (!s->wrote) {
		s->wrote = true;
		s->sequence++;
	}
	return s->sequence;
}

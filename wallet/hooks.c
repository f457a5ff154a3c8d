/* The host's hooks as the parts of the wallet call them: while one runs, the wallet answers nobody. A hook that called
 * back would find lists and blobs in the middle of being changed. */
#include "hooks.h"
#include <assert.h>
#include "wallet.h"

static const struct uncia_host *hook_begin(struct uncia_wallet *w)
{
	assert(!w->in_hook); /* no public function gets as far as here from within one */
	w->in_hook = true;
	return &w->given;
}

static int hook_end(struct uncia_wallet *w, int result)
{
	w->in_hook = false;
	return result;
}

static int guarded_load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	const struct uncia_host *h = hook_begin(context);
	return hook_end(context, h->load(h->context, name, buffer, capacity, size));
}

static int guarded_create(void *context, const char *name, const void *data, size_t size)
{
	const struct uncia_host *h = hook_begin(context);
	return hook_end(context, h->create(h->context, name, data, size));
}

static int guarded_replace(void *context, const char *name, const void *data, size_t size)
{
	const struct uncia_host *h = hook_begin(context);
	return hook_end(context, h->replace(h->context, name, data, size));
}

static int guarded_remove(void *context, const char *name)
{
	const struct uncia_host *h = hook_begin(context);
	return hook_end(context, h->remove(h->context, name));
}

static int guarded_list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                        void *each_context)
{
	const struct uncia_host *h = hook_begin(context);
	return hook_end(context, h->list(h->context, prefix, each, each_context));
}

static int guarded_lock(void *context)
{
	const struct uncia_host *h = hook_begin(context);
	return hook_end(context, h->lock(h->context));
}

static void guarded_unlock(void *context)
{
	const struct uncia_host *h = hook_begin(context);
	h->unlock(h->context);
	hook_end(context, 0);
}

static int guarded_random(void *context, void *buffer, size_t size)
{
	const struct uncia_host *h = hook_begin(context);
	return hook_end(context, h->random(h->context, buffer, size));
}

static uint64_t guarded_now_ms(void *context)
{
	const struct uncia_host *h = hook_begin(context);
	uint64_t now = h->now_ms(h->context);
	hook_end(context, 0);
	return now;
}

static uint64_t guarded_wall_ms(void *context)
{
	const struct uncia_host *h = hook_begin(context);
	uint64_t wall = h->wall_ms(h->context);
	hook_end(context, 0);
	return wall;
}

static void guarded_log(void *context, enum uncia_log_level level, const char *text)
{
	const struct uncia_host *h = hook_begin(context);
	h->log(h->context, level, text);
	hook_end(context, 0);
}

void hooks_init(struct uncia_wallet *w, const struct uncia_host *given)
{
	w->given = *given;
	w->host = (struct uncia_host){.size = sizeof(w->host),
	                              .context = w,
	                              .load = guarded_load,
	                              .create = guarded_create,
	                              .replace = guarded_replace,
	                              .remove = guarded_remove,
	                              .list = guarded_list,
	                              .lock = given->lock ? guarded_lock : NULL,
	                              .unlock = given->unlock ? guarded_unlock : NULL,
	                              .random = guarded_random,
	                              .now_ms = guarded_now_ms,
	                              .wall_ms = guarded_wall_ms,
	                              .log = given->log ? guarded_log : NULL};
}

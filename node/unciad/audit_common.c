/* What the files of the audit have in common: findings, and walks over the journal. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "audit_private.h"
#include "big_endian.h"
#include "command.h"
#include "uncia/error.h"

int audit_mismatch(struct audit *a, uint64_t height, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(a->report->failure, sizeof(a->report->failure), format, list);
	va_end(list);
	a->report->failed_height = height;
	return EXIT_MISMATCH;
}

int audit_judge(struct audit *a, uint64_t height, const char *what, int error)
{
	assert(error);
	if (error == UNCIA_E_MEMORY || error == UNCIA_E_IO)
		return command_error(EXIT_FAILED, "%s: %s", what, uncia_error_text(error));
	const char *damage = error == UNCIA_E_DAMAGED ? store_damage(a->store) : "";
	return audit_mismatch(a, height, "%s: %s", what, *damage ? damage : uncia_error_text(error));
}

void audit_key_after(const struct bytes *key, struct table_walk *next)
{
	assert(key->size < sizeof(next->key));
	memcpy(next->key, key->data, key->size);
	next->size = key->size;
	next->key[next->size++] = 0;
}

int audit_read_final(struct audit *a, uint64_t height, uint64_t *view, struct hash *id)
{
	uint8_t key[8];
	struct bytes value;
	be64_put(key, height);
	int error = a->view.journal_get(a->view.context, JOURNAL_FINAL, key, sizeof(key), &value);
	if (error)
		return audit_judge(a, height, "the record of the final block", error);
	if (value.size != 8 + HASH_SIZE)
		return audit_mismatch(a, height, "the record of the final block has the size %zu", value.size);
	*view = be64_get(value.data);
	memcpy(id->b, value.data + 8, HASH_SIZE);
	return 0;
}

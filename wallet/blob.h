/* The host's hooks as the wallet uses them: defaults filled in, and every stored blob inside an envelope that shows
 * damage (docs/spec/wallet.md, "Storage"). */
#ifndef BLOB_H
#define BLOB_H
#include <stddef.h>
#include <stdint.h>
#include <uncia/uncia.h>

#define BLOB_SIZE_MAX (2u << 20)

/* Copies a caller's host and fills in the defaults. Returns 0 or UNCIA_E_ARGUMENT. */
int host_init(struct uncia_host *host, const struct uncia_host *given);
int host_random(const struct uncia_host *host, void *buffer, size_t size);
/* Nothing where nobody shares the storage. host_lock returns 0 or what the hook returned. */
int host_lock(const struct uncia_host *host);
void host_unlock(const struct uncia_host *host);
void host_log(const struct uncia_host *host, enum uncia_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Envelope: "uncia-1\n" ‖ hash(HASH_RECORD, name ‖ 0 ‖ contents) ‖ contents.
 * blob_load returns 0 and fresh memory (wiped and freed with blob_free); UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED;
 * UNCIA_E_MEMORY; what the hook returned. */
int blob_load(const struct uncia_host *host, const char *name, uint8_t **data, size_t *size);
/* The same of a blob that is expected to be of at most so many bytes: then it is read at once. */
int blob_load_large(const struct uncia_host *host, const char *name, size_t expected, uint8_t **data, size_t *size);
void blob_free(uint8_t *data, size_t size);
int blob_create(const struct uncia_host *host, const char *name, const void *data, size_t size);
int blob_replace(const struct uncia_host *host, const char *name, const void *data, size_t size);

/* Sorted names that start with `prefix`. Returns 0; UNCIA_E_MEMORY; what the hook returned. */
struct name_list {
	size_t count, capacity;
	char **names;
};
int blob_list(const struct uncia_host *host, const char *prefix, struct name_list *list);
void name_list_deinit(struct name_list *list);

#endif

/* A bounded bump allocator, for decoding what strangers send: protobuf-c can turn one byte into dozens
 * (docs/spec/encoding.md, "Canonical bytes"). Freed as a whole. */
#ifndef ARENA_H
#define ARENA_H
#include <stddef.h>
#include <protobuf-c/protobuf-c.h>

struct arena {
	struct arena_chunk *chunks;
	size_t used, limit;
	int error;                   /* why an allocation failed: UNCIA_E_LIMIT or UNCIA_E_MEMORY; 0 where none did */
	ProtobufCAllocator protobuf; /* allocates here; its free does nothing */
};

/* The arena must stay where it is: protobuf holds its address. */
void arena_init(struct arena *a, size_t limit);
/* NULL past the limit or where memory ends. Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
void arena_deinit(struct arena *a);

#endif

/* A bounded bump allocator, for decoding what strangers send: protobuf-c can turn one byte into dozens
 * (docs/spec/encoding.md, "Canonical bytes"). Freed as a whole. */
#ifndef ARENA_H
#define ARENA_H
#include <stddef.h>
#include <protobuf-c/protobuf-c.h>

/* Chunks that arenas gave back, for those of the same thread that come after: what is made again and again takes no
 * fresh memory, whose pages the kernel would have to find and clear. At most ARENA_SPARES_MAX bytes. */
#define ARENA_SPARES_MAX (4u << 20)
struct arena_spares {
	struct arena_chunk *chunks;
	size_t size;
};

struct arena {
	struct arena_chunk *chunks;
	struct arena_spares *spares; /* or NULL */
	size_t used, limit;
	int error;                   /* why an allocation failed: UNCIA_E_LIMIT or UNCIA_E_MEMORY; 0 where none did */
	ProtobufCAllocator protobuf; /* allocates here; its free does nothing */
};

/* The arena must stay where it is: protobuf holds its address. */
void arena_init(struct arena *a, size_t limit);
/* The same with spares, which outlive the arena. */
void arena_init_spared(struct arena *a, size_t limit, struct arena_spares *spares);
/* NULL past the limit or where memory ends. Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
/* The same, not zeroed: whatever was there before. For what is written in full. */
void *arena_alloc_unset(struct arena *a, size_t size);
void arena_deinit(struct arena *a);
void arena_spares_deinit(struct arena_spares *spares);

#endif

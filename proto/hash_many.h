/* The hash of many inputs of one size under one tag, several at a time (docs/spec/encoding.md, "Hashing"): the state
 * tree and the payments tree hash thousands of such at once. Threads: any. */
#ifndef HASH_MANY_H
#define HASH_MANY_H
#include "hash.h"

/* Hashes `count` inputs of `size` bytes each; out[i] is that of inputs[i]. An output may lie in no input. As hash1 for
 * each. */
void hash_many(enum hash_tag tag, const uint8_t *const *inputs, size_t size, size_t count, struct hash *const *out);

#endif

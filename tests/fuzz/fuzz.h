/* What the fuzz targets share: the libFuzzer entry, an input taken apart, the network that inputs are about. A target
 * is one file; the same file runs under libFuzzer (./run fuzz) and, over its corpus, under replay.c (./run test). What
 * an input must not bring about is asserted in the target. */
#ifndef FUZZ_H
#define FUZZ_H
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "fixture.h"
#include "wire_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Four validators and eight accounts of a million; made by the first call, the same in every run. */
#define FUZZ_VALIDATORS 4u
#define FUZZ_ACCOUNTS   8u
#define FUZZ_BALANCE    UINT64_C(1000000)
const struct fixture *fuzz_network(void);

/* Takes bytes from the front of an input; past its end there are zeros, and nothing. */
uint64_t fuzz_number(struct bytes *input, unsigned size); /* big-endian, `size` bytes */
struct bytes fuzz_take(struct bytes *input, size_t size); /* at most what is left */
static inline uint8_t fuzz_byte(struct bytes *input)
{
	return (uint8_t)fuzz_number(input, 1);
}

/* A NUL-terminated copy, in a block of its own. The caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);

/* One end of a link of fuzz_network, with keys that do not change. The caller frees. */
#define FUZZ_LINK_INITIATOR 1u
#define FUZZ_LINK_NK        2u
struct link *fuzz_link(uint8_t role, size_t message_size_max, size_t write_queue_max);

/* Targets whose depth lies behind signatures are linked so that sign_verify comes here: every signature holds but those
 * that end in 0xff (no real one does). */
bool fuzz_signature_holds(const uint8_t signature[SIGNATURE_SIZE]);

#endif

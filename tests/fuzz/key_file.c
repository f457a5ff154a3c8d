/* The key file: raw as it lies in storage, or, so that the checksum does not hide what is behind it, its contents in a
 * right envelope. */
#include "fuzz.h"
#include "host.h"
#include "keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = {data, size};
	bool raw = fuzz_byte(&input) & 1;
	struct fuzz_host host;
	struct keyfile file;
	struct secret *secret;

	fuzz_network();
	fuzz_host_init(&host);
	if (raw)
		assert(host.host.create(&host, KEYFILE_BLOB, input.data, input.size) == 0);
	else if (blob_create(&host.host, KEYFILE_BLOB, input.data, input.size) != 0)
		goto out;
	if (keyfile_load(&host.host, &file) != 0)
		goto out;
	assert(file.method == KEYFILE_PLAIN || file.method == KEYFILE_ARGON2ID);
	assert(file.memory <= KEYFILE_MEMORY_MAX && file.passes <= KEYFILE_PASSES_MAX);
	assert(file.sealed_size <= sizeof(file.sealed));
	/* An honest guess costs a quarter of a gigabyte: here only the cheap ones. */
	if (file.method == KEYFILE_PLAIN || (file.memory <= 16384 && file.passes <= 2)) {
		if (keyfile_open(&file, file.method == KEYFILE_PLAIN ? NULL : "correct horse", &secret) == 0) {
			assert(memcmp(secret->public_key, file.public_key, PUBLIC_KEY_SIZE) == 0);
			secret_free(secret);
		}
	}
out:
	fuzz_host_deinit(&host);
	return 0;
}

/* A host whose storage is a few blobs in memory, for targets of the wallet. */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H
#include <uncia/uncia.h>

#define FUZZ_BLOBS 16

struct fuzz_host {
	struct uncia_host host;
	struct {
		char name[UNCIA_BLOB_NAME_SIZE];
		void *data;
		size_t size;
	} blobs[FUZZ_BLOBS];
	size_t count;
};

void fuzz_host_init(struct fuzz_host *h);
void fuzz_host_deinit(struct fuzz_host *h);

#endif

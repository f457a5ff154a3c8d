/* Driving by bytes: the parts together. */
#ifndef DRIVE_H
#define DRIVE_H
#include <stddef.h>
#include <stdint.h>
#include <uncia/uncia.h>

/* When time next asks for something of any part; UINT64_MAX: never. */
uint64_t drive_next_ms(const struct uncia_wallet *w);
/* As uncia_wallet_link_feed, but takes no more than *budget messages of those that are whole, and subtracts them; what
 * is left is taken by the next call, which may have no data. */
int drive_feed(struct uncia_wallet *w, uint32_t node, const void *data, size_t size, unsigned *budget);

#endif

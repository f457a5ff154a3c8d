/* Driving by bytes: the parts together. */
#ifndef DRIVE_H
#define DRIVE_H
#include <stdint.h>
#include <uncia/uncia.h>

/* When time next asks for something of any part; UINT64_MAX: never. */
uint64_t drive_next_ms(const struct uncia_wallet *w);

#endif

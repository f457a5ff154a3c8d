/* What a payment is by its schema, decoded by protobuf-c: what the decoder written by hand is held against. */
#ifndef BY_SCHEMA_H
#define BY_SCHEMA_H
#include "payment.h"

/* Decodes the bytes both ways and aborts where verdicts or fields differ. Returns whether it is a payment. */
bool by_schema_agrees(const struct hash *network_id, const void *bytes, size_t size);

#endif

/* Strict base64url (docs/spec/wallet.md, "Receipts"): RFC 4648 §5, no padding, unused bits zero. Threads: any. */
#ifndef BASE64URL_H
#define BASE64URL_H
#include <stddef.h>
#include <stdint.h>

/* Decodes `length` characters into `bytes`, which has room for length / 4 * 3 + 3. Out: *size, the number of decoded
 * bytes. Returns 0 or UNCIA_E_ENCODING. */
int base64url_decode(const char *text, size_t length, uint8_t *bytes, size_t *size);

#endif

/* Texts as earlier versions wrote them: the product reads them still. */
#ifndef OLD_TEXTS_H
#define OLD_TEXTS_H
#include <stddef.h>
#include <stdint.h>
#include "address.h"
#include "amount.h"

#define OLD_REQUEST_SIZE 2048

/* "uncia-receipt-1:" and base64url. Owns: free(). */
char *old_receipt_text(const void *bytes, size_t size);
/* "uncia:unc1…?amount=…&memo=…". amount 0, memo "": none. */
void old_request_text(const char *address, amount_t amount, const char *memo, char text[OLD_REQUEST_SIZE]);

#endif

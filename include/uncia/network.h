/* The network file: whom a wallet believes, and where they are. Included by uncia.h, which says what holds for every
 * function. */
#ifndef UNCIA_NETWORK_H
#define UNCIA_NETWORK_H

#include <stdint.h>
#include <uncia/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of a sentence that says what is wrong, in bytes, NUL included. */
#define UNCIA_WHY_SIZE 256

/* A network: its genesis, and where its validators are. Made from network.conf, which anybody may read. */
struct uncia_network;

/* Reads the text of a network file and checks it against itself: the genesis, every key.
 * Returns: 0; UNCIA_E_CONFIG; UNCIA_E_VERSION; UNCIA_E_LIMIT; UNCIA_E_LIBRARY; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT.
 * Out: network. On failure `why` (may be NULL) gets a sentence with the line.
 * Owns: the caller frees with uncia_network_free.
 * Threads: any.
 * Spec: wallet.md 7.5. */
UNCIA_API UNCIA_MUST_CHECK int uncia_network_parse(const char *text, struct uncia_network **network,
                                                   char why[UNCIA_WHY_SIZE]);

/* The same from a file.
 * Returns: as uncia_network_parse; UNCIA_E_NOT_FOUND; UNCIA_E_IO.
 * Owns: as uncia_network_parse.
 * Threads: any. */
UNCIA_API UNCIA_MUST_CHECK int uncia_network_load(const char *path, struct uncia_network **network,
                                                  char why[UNCIA_WHY_SIZE]);

/* Frees a network; NULL is fine. Wallets that use it go on: it is gone when the last of them is closed. The caller uses
 * it no more.
 * Threads: any. */
UNCIA_API void uncia_network_free(struct uncia_network *network);

/* The network's name: text that lives as long as the network; "" for NULL.
 * Threads: any. */
UNCIA_API const char *uncia_network_name(const struct uncia_network *network);

/* Its currency's code, such as "LIB": text that lives as long as the network; "" for NULL.
 * Threads: any. */
UNCIA_API const char *uncia_network_currency(const struct uncia_network *network);

/* The network's id: the hash of its genesis. Does nothing where either is NULL.
 * Out: id, 32 bytes.
 * Threads: any. */
UNCIA_API void uncia_network_id(const struct uncia_network *network, uint8_t id[32]);

/* The smallest amount that an output may have, and an account may keep, in micro-units; 0 for NULL.
 * Threads: any. */
UNCIA_API uint64_t uncia_network_smallest_amount(const struct uncia_network *network);

/* How many validators the file names an address for; they are numbered from 0, and not all of the committee need be
 * there. 0 for NULL, and for a file with the genesis alone: receipts and other texts can be verified with it, and no
 * wallet be opened.
 * Threads: any. */
UNCIA_API uint32_t uncia_network_validators(const struct uncia_network *network);

/* Host (name or numeric address, without brackets) and port of a validator.
 * Returns: 0; UNCIA_E_ARGUMENT where there is none of that number.
 * Out: *host lives as long as the network; *port.
 * Threads: any. */
UNCIA_API UNCIA_MUST_CHECK int uncia_network_validator(const struct uncia_network *network, uint32_t number,
                                                       const char **host, uint16_t *port);

/* The URL (ws:// or wss://) at which a validator serves WebSockets, for hosts that have no other sockets: a browser.
 * The bytes of a link are those of its binary messages, wherever one ends. NULL where the file names none, or there is
 * no such validator; else text that lives as long as the network. Threads: any. Spec: network.md 8.6. */
UNCIA_API const char *uncia_network_websocket(const struct uncia_network *network, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif

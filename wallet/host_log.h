/* The bytes of the log of a home: its header, and its pieces, each of which stores and removes blobs. What is written
 * when, and what follows from it, is host_store.c's; here is no file. Spec: wallet.md 7.1, "Storage". */
#ifndef HOST_LOG_H
#define HOST_LOG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/uncia.h>
#include "canonical.h"

#define HOST_LOG_PAGE   4096u
#define HOST_LOG_ID     16u
#define HOST_LOG_HEADER 40u /* of a piece: checksum 8, id 16, sequence number 8, size of the acts 8 */

/* One thing that is done to a blob. */
struct host_act {
	bool removes;
	struct bytes name; /* a safe one */
	struct bytes data; /* empty where it removes */
};

/* Whether it can be the name of a blob, and so of a file. */
bool host_name_is_safe(const char *name, size_t size);

/* Makes the page that a log begins with. */
void host_log_begin(const uint8_t id[HOST_LOG_ID], uint8_t page[HOST_LOG_PAGE]);
/* Returns 0; UNCIA_E_NEWER for another version's; UNCIA_E_DAMAGED. Out: id. */
int host_log_read_page(const uint8_t page[HOST_LOG_PAGE], uint8_t id[HOST_LOG_ID]);

/* How many bytes an act takes up in a piece. */
size_t host_act_size(const struct host_act *act);
/* Writes an act, of host_act_size. Returns where the next one goes. */
uint8_t *host_act_put(uint8_t *to, const struct host_act *act);
/* Takes the next act. False where there is none, or what is there is none. */
bool host_act_next(struct bytes *acts, struct host_act *act);

/* The name of the act's blob. */
void host_act_name(const struct host_act *act, char name[UNCIA_BLOB_NAME_SIZE]);

/* How many bytes a piece takes up. */
size_t host_piece_size(size_t acts_size);
/* Makes a piece around the acts, which are in place behind the room for its header. */
void host_piece_make(const uint8_t id[HOST_LOG_ID], uint64_t sequence, size_t acts_size, uint8_t *piece);
/* How far a log is read. */
struct host_log_place {
	uint64_t sequence; /* of the piece that ends here; 0: none does */
	size_t at;
};

/* Takes the next piece, and moves on. False: here is none. */
bool host_log_next(const uint8_t *bytes, size_t size, const uint8_t id[HOST_LOG_ID], struct host_log_place *place,
                   struct bytes *acts);
/* Whether a whole piece of this log lies anywhere behind: then what is missing here was there once. */
bool host_log_goes_on(const uint8_t *bytes, size_t size, const uint8_t id[HOST_LOG_ID],
                      const struct host_log_place *place);

/* What a log comes to: of each blob the last act. */
struct host_acts {
	struct host_act *acts;
	size_t count, capacity;
};
/* Takes the acts of a piece, in the place of earlier ones of their blobs. Returns 0 or UNCIA_E_MEMORY. */
int host_acts_add(struct host_acts *all, struct bytes acts);

#endif

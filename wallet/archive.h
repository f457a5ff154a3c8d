/* The archive: payments that have their end, many to a blob, with an index, so that a home with thousands of them is
 * opened by reading a few blobs. archive.c says how it is laid out and why no crash loses any. */
#ifndef ARCHIVE_H
#define ARCHIVE_H
#include <uthash.h>
#include "arena.h"
#include "blob.h"
#include "canonical.h"
#include "payment.h"
#include "storage.pb-c.h"

#define ARCHIVE_NAMES "payment" /* what names of payments' blobs begin with, those of the archive among them */

/* An archived payment, as far as it is in memory. */
struct ended {
	uint8_t nonce[NONCE_SIZE];
	struct payment_id id;
	enum uncia_payment_state state; /* FINAL or EXPIRED */
	uint64_t height;                /* FINAL: of its block */
	amount_t leaving;               /* what it takes out of the account */
	bool from_hold;                 /* it pays from a hold: no payment of the account's */
	bool opens_holds;
	uint32_t segment, place;   /* where its record is */
	uint64_t elapsed_ms;       /* of this session, 0 else */
	bool extra;                /* in `extras` */
	struct ended *prev, *next; /* in `recent` */
	UT_hash_handle by_nonce, by_id;
};

#define ARCHIVE_PAYEE_SIZE 8u

/* A blob of the archive. */
struct segment {
	uint32_t number;
	bool indexed; /* an index has its payments */
	bool durable; /* known to outlive a power cut, all that is known of it */
	bool damaged; /* cannot be read */
	size_t size;  /* of its records */
	/* The first bytes of each account that a final payment in it pays, some of them more than once. */
	uint8_t (*payees)[ARCHIVE_PAYEE_SIZE];
	size_t payee_count, payee_capacity;
	bool payees_known;
	size_t count, capacity;
	struct ended **entries; /* by place; those that are in the archive twice are in no table */
	UT_hash_handle hh;
};

/* A blob of the index. */
struct piece {
	uint32_t number;
	bool durable, damaged;
	UT_hash_handle hh;
};

#define ARCHIVE_OPENED 3u

struct opened {
	bool used;
	uint32_t number;
	struct arena arena;
	const Uncia__Pb__EndedPayments *records;
};

struct uncia_wallet;

struct archive {
	struct ended *by_nonce, *by_id;
	struct ended *recent; /* FINAL, and perhaps above the height of the last sync (balance.c) */
	struct ended **all;
	size_t count, capacity, final_count;
	struct segment *segments;
	struct piece *pieces;
	uint32_t next;            /* the number after the last segment's */
	bool blind;               /* what a damaged segment held is not known: it may be any key's */
	bool in_use;              /* it has been read once: what is found from now on is to be durable */
	bool index_due;           /* a full segment is not in the index */
	uint64_t locked_until_ms; /* outbox.c: until then the home's lock is not tried again */
	bool loose;               /* outbox.c: there are payments with an end that may not be in the archive yet */
	struct ended **extras;    /* whose own blobs are still there, though the index has them */
	size_t extra_count, extra_capacity;
	uint32_t segment_records;   /* at most so many to a segment */
	struct payment_id *expired; /* shown.c: sorted, the latest first */
	size_t expired_count;
	struct opened opened[ARCHIVE_OPENED]; /* segments as they were last read */
	unsigned open_next;                   /* which of these gives way */
};

/* A payment that is to be archived: its record, and what the archive keeps of it in memory. */
struct ending {
	const uint8_t *record;
	size_t size;
	struct ended entry; /* nonce to leaving */
};

/* The name of a payment's own blob. */
void outbox_blob_name(const uint8_t nonce[NONCE_SIZE], char name[UNCIA_BLOB_NAME_SIZE]);

/* Returns 0 or UNCIA_E_MEMORY. */
int archive_init(struct uncia_wallet *w);
void archive_deinit(struct uncia_wallet *w);
/* Reads what is there, or new, of a listing by ARCHIVE_NAMES; new ones come behind those in `all`. Damage becomes an
 * ERROR event where `tell`. Returns 0; UNCIA_E_MEMORY; what the host returned. */
int archive_load(struct uncia_wallet *w, const struct name_list *names, bool tell);
/* NULL: it is not archived. */
struct ended *archive_find(const struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE]);
struct ended *archive_find_id(const struct uncia_wallet *w, const struct payment_id *id);
/* Its record, valid until the next call about the archive. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; what the host
 * returned. */
int archive_record(const struct uncia_wallet *w, const struct ended *ended, struct bytes *record);

/* Whether the segment of this payment may hold a final one that pays the account; false: it holds none. */
bool archive_may_pay(const struct uncia_wallet *w, const struct ended *ended, const struct address *account);

/* archive_write.c */

/* Puts payments into the archive, durably. The caller holds the home's lock and has loaded what others put there; none
 * of them is in it. Returns 0; UNCIA_E_MEMORY; what the host returned: those for which archive_find has an entry are in
 * it all the same. */
int archive_append(struct uncia_wallet *w, const struct ending *endings, size_t count);
/* Makes durable what was only found in storage of this payment. Returns 0; UNCIA_E_MEMORY; what the host returned. */
int archive_confirm(struct uncia_wallet *w, const struct ended *ended);
/* Notes that the blob of this payment's own is still there. Returns 0 or UNCIA_E_MEMORY. */
int archive_note_extra(struct uncia_wallet *w, struct ended *ended);
/* Removes such blobs where there are many, `most` at a time, and only where index and segment are durable. It
 * needs no lock. */
void archive_clear(struct uncia_wallet *w, unsigned most);

/* What archive.c and archive_write.c share. */
void archive_segment_name(uint32_t number, char name[UNCIA_BLOB_NAME_SIZE]);
void archive_piece_name(uint32_t number, char name[UNCIA_BLOB_NAME_SIZE]);
struct segment *archive_segment(const struct uncia_wallet *w, uint32_t number);
struct piece *archive_piece(const struct uncia_wallet *w, uint32_t number);
/* Makes it where it is not there; NULL where memory ends. */
struct segment *archive_need_segment(struct uncia_wallet *w, uint32_t number);
struct piece *archive_need_piece(struct uncia_wallet *w, uint32_t number);
/* Adds the next entry of a segment. Returns 0 or UNCIA_E_MEMORY. */
int archive_add(struct uncia_wallet *w, struct segment *segment, const struct ended *entry);
/* Makes durable what was only found in storage: to create what is there is to be told that it is durable. Returns 0;
 * UNCIA_E_DAMAGED; UNCIA_E_MEMORY; what the host returned. */
int archive_confirm_segment(struct uncia_wallet *w, struct segment *segment);
/* Notes whom a record of the segment pays; where it fails, that this is not known. Returns 0; UNCIA_E_DAMAGED;
 * UNCIA_E_MEMORY. */
int archive_note_payees(const struct uncia_wallet *w, struct segment *segment, struct bytes record);
/* Whether no more payments go into it. */
bool archive_is_full(const struct uncia_wallet *w, const struct segment *segment);
/* Reads a segment, afresh or as it was last read. Returns as archive_record. */
int archive_open(const struct uncia_wallet *w, uint32_t number, bool afresh, const Uncia__Pb__EndedPayments **records);

/* Forgets what was read of a segment. */
void archive_close(const struct uncia_wallet *w, uint32_t number);

#define ARCHIVE_SEGMENT_SIZE   (512u << 10) /* of records, from which on it is full */
#define ARCHIVE_PIECE_SEGMENTS 64u          /* segments of one piece of the index */
#define ARCHIVE_ENTRY_SIZE     (NONCE_SIZE + HASH_SIZE + 1 + 8 + 8)
/* beside the state in an entry of the index */
#define ARCHIVE_FROM_HOLD   0x80u
#define ARCHIVE_OPENS_HOLDS 0x40u

#endif

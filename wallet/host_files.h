/* What the parts of the host over a directory share: its state, and the files of blobs as they are made, replaced and
 * synced by themselves (host_files.c); the log that spares most of these syncs (host_store.c). */
#ifndef HOST_FILES_H
#define HOST_FILES_H
#include <pthread.h>
#include <uncia/uncia.h>
#include "host_log.h"

#define HOST_TEMPORARY_SIZE 64u
#define HOST_LOG_FILE       ".log"

#ifdef __APPLE__ /* which has it, and does not declare it */
#define fdatasync fsync
#endif

/* The log as far as this host knows it. */
struct host_log_state {
	int fd; /* -1: none that is known; with LOCK_SH, so that who closes the home as the last one can tell */
	bool read_only;
	size_t size; /* of the file */
	uint8_t id[HOST_LOG_ID];
	struct host_log_place place; /* where the next piece goes */
	/* Removals that are written there, but not synced: the next piece is written over them, and has them, too. */
	uint8_t *waiting;
	size_t waiting_size;
};

struct host_directory {
	int fd, lock_fd;
	long process;             /* that opened it */
	pthread_mutex_t mutex;    /* of `why`: wallets of several threads may share the host */
	char why[UNCIA_WHY_SIZE]; /* what failed last, and the system's words for it */
	pthread_mutex_t storing;  /* of what follows */
	bool plain;               /* no lock is to be had here: there is no log */
	int unusable;             /* the log that was found does not say what the home holds: nothing is read, either */
	bool failed;          /* what was stored last may be lost: nothing more is, until the home is opened again */
	unsigned stored;      /* blobs that were stored without a log */
	size_t log_limit;     /* how large this host lets the log grow */
	uint64_t patience_ms; /* for which it waits for another one that stores */
	const char *file;     /* that a failure is about, where it is not the blob's own */
	const char *words;    /* for it, where the system has none */
	struct host_log_state log;
	char path[];
};

/* host_files.c */

/* Keeps what the system said of this file, or these words, where rc is of its making. errno is still that of the call
 * that failed, since what cleans up after it leaves it. Returns rc. */
int host_note(struct host_directory *d, const char *file, const char *words, int rc);

/* By errno: UNCIA_E_NOT_FOUND; UNCIA_E_EXISTS; UNCIA_E_PERMISSION; UNCIA_E_IO. */
int host_error_of_errno(void);
/* Opens and locks such a file, which means nothing by itself. It does not wait. Returns 0; UNCIA_E_BUSY;
 * UNCIA_E_PERMISSION; UNCIA_E_IO. Out: *held, for host_release_lock. */
int host_take_lock(const struct host_directory *d, const char *name, int *held);
void host_release_lock(int held);
/* Reads so many bytes. Returns 0 or UNCIA_E_IO. */
int host_read_all(int fd, uint8_t *buffer, size_t size);
/* Writes all of it at this place of a file. Returns 0 or UNCIA_E_IO. */
int host_log_write(int fd, const uint8_t *bytes, size_t size, size_t at);
int host_sync_directory(const struct host_directory *d);
/* Makes a file of a name that nobody else uses. Returns 0; UNCIA_E_RANDOM; UNCIA_E_IO. Out: *opened, to be closed. */
int host_open_temporary(const struct host_directory *d, const void *data, size_t size, char name[HOST_TEMPORARY_SIZE],
                        int *opened);
/* The same, closed, and synced if asked for. Returns 0; UNCIA_E_RANDOM; UNCIA_E_IO. */
int host_write_temporary(const struct host_directory *d, const void *data, size_t size, bool sync,
                         char name[HOST_TEMPORARY_SIZE]);
/* Removes it; errno stays. */
void host_drop_temporary(const struct host_directory *d, const char *name);
/* Creates, replaces, removes with syncs of file and directory. Return as the hooks do. */
int host_file_create(const struct host_directory *d, const char *name, const void *data, size_t size);
int host_file_replace(const struct host_directory *d, const char *name, const void *data, size_t size);
int host_file_remove(const struct host_directory *d, const char *name);
/* Whether the file is there. Where it is not, or cannot be told, errno says which (ENOENT). */
bool host_file_exists(const struct host_directory *d, const char *name);
/* Whether the blob's file is as the act makes it. Where that cannot be told (no descriptor is left, a sector is not
 * read), it is neither taken for what the log has nor for what somebody else wrote. */
enum host_comparison { HOST_SAME, HOST_OTHER, HOST_UNKNOWN };
enum host_comparison host_file_compare(const struct host_directory *d, const struct host_act *act);

/* host_store.c */

/* Looks for a log that others left, or use, and brings the files up to it. Returns 0; UNCIA_E_BUSY; UNCIA_E_MEMORY.
 * A log that cannot be followed makes the host unusable. */
int host_store_open(struct host_directory *d);
/* Creates (`exclusive`), replaces or removes; returns as the hooks do, and has noted why. */
int host_store_act(struct host_directory *d, const struct host_act *act, bool exclusive);
/* Brings the files up to what processes that are gone have left in the log. Returns as host_store_act. */
int host_store_refresh(struct host_directory *d);
/* Copies the log into the files and removes it, where nobody else uses it. */
void host_store_close(struct host_directory *d);

/* host_follow.c */

/* Notes words about the log, or NULL for the system's. Returns rc. */
int host_log_failure(struct host_directory *d, const char *words, int rc);
void host_log_forget_waiting(struct host_log_state *log);
void host_log_close(struct host_directory *d);
/* Finds the log, and brings the files up to what others have put there. The caller has the directory locked. Returns 0;
 * UNCIA_E_MEMORY; UNCIA_E_PERMISSION; UNCIA_E_IO. */
int host_log_follow(struct host_directory *d);
/* Reads the whole file. Returns 0; UNCIA_E_MEMORY; UNCIA_E_IO. Owns: blob_free(*bytes, *size). */
int host_log_read(const struct host_directory *d, uint8_t **bytes, size_t *size);

/* host_checkpoint.c: the caller has the home's directory locked, and has read the whole log. */

/* Makes a log where there is none. Returns 0; UNCIA_E_MEMORY; UNCIA_E_RANDOM; UNCIA_E_IO. */
int host_log_make(struct host_directory *d);
/* Lengthens it, up to its limit. Returns 0; UNCIA_E_MEMORY; UNCIA_E_IO, then it is as it was. */
int host_log_lengthen(struct host_directory *d);
/* Begins it anew, under a new id; what is in it was copied. Returns as host_log_make. */
int host_log_renew(struct host_directory *d);
/* Makes durable in the files what the log holds. Returns 0; UNCIA_E_MEMORY; UNCIA_E_RANDOM; UNCIA_E_IO. */
int host_log_copy(struct host_directory *d);

#endif

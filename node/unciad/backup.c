/* unciad backup: a copy of a home's journal and state as of one moment, made while the validator runs or while it does
 * not. It is put together in DIR.part, and gets its name when it is whole and synced. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "backup_note.h"
#include "big_endian.h"
#include "clocks.h"
#include "command.h"
#include "progress.h"
#include "snapshot.h"
#include "uncia/error.h"

static const struct poptOption options[] = {OPTIONS_HOME, OPTIONS_JSON, OPTIONS_COMMON};

struct backup {
	struct home home;
	struct snapshot snapshot;
	char target[PATH_MAX], part[PATH_MAX]; /* DIR, and where it is put together */
	struct backup_note note;
	struct progress progress;
	int code;      /* why the copy was given up */
	uint64_t size; /* of what was copied */
};

/* ---- what is in the way -------------------------------------------------------------------- */

static int backup_paths(struct backup *b, const char *directory)
{
	size_t length = strlen(directory);
	while (length > 1 && directory[length - 1] == '/')
		length--;
	int n = snprintf(b->target, sizeof(b->target), "%.*s", (int)length, directory);
	if (n <= 0 || (size_t)n + sizeof(".part") > sizeof(b->part) || n >= (int)sizeof(b->target))
		return command_error(EXIT_USAGE, "%s: the path is empty or too long", directory);
	memcpy(b->part, b->target, (size_t)n);
	memcpy(b->part + n, ".part", sizeof(".part"));
	if (path_exists(b->target))
		return command_error(EXIT_FAILED,
		                     "%s is there already: nothing is written over; give another directory", b->target);
	return 0;
}

/* The files of a backup, from which one that was cut short is taken away again. Nothing else is ever removed. */
static const char *const part_files[] = {"data/journal/data.mdb",
                                         "data/journal/lock.mdb",
                                         "data/journal/seal",
                                         "data/journal/log.0",
                                         "data/journal/log.1",
                                         "data/journal/log.seal",
                                         "data/journal",
                                         "data/state/data.mdb",
                                         "data/state/lock.mdb",
                                         "data/state/seal",
                                         "data/state",
                                         "data",
                                         "genesis",
                                         "unciad.conf",
                                         "backup.note",
                                         "lock"};

/* Whether it is one of the small files while it was being written: its name, a point and six letters. */
static bool is_half_written(const char *name)
{
	static const char *const small[] = {"genesis", "unciad.conf", "backup.note"};
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		size_t size = strlen(small[i]);
		if (!strncmp(name, small[i], size) && name[size] == '.' && strlen(name + size + 1) == 6)
			return true;
	}
	return false;
}

static int half_written_remove(const char *part)
{
	DIR *directory = opendir(part);
	const struct dirent *entry;
	int failed = 0;
	while (directory && !failed && (entry = readdir(directory))) {
		if (is_half_written(entry->d_name) && unlinkat(dirfd(directory), entry->d_name, 0))
			failed = -1;
	}
	if (directory)
		closedir(directory);
	return failed;
}

/* Takes an unfinished backup away. Returns 0, or -1 with errno. */
static int part_remove(const char *part)
{
	int failed = store_copy_clean(part) ? -1 : half_written_remove(part);
	for (size_t i = 0; !failed && i < sizeof(part_files) / sizeof(part_files[0]); i++) {
		char path[PATH_MAX];
		int n = snprintf(path, sizeof(path), "%s/%s", part, part_files[i]);
		if (n > 0 && (size_t)n < sizeof(path) && remove(path) && errno != ENOENT)
			failed = -1;
	}
	if (!failed && rmdir(part) && errno != ENOENT)
		failed = -1;
	return failed;
}

/* An earlier backup that was cut short has left its directory; one that is under way holds its lock. */
static int part_make(struct backup *b)
{
	if (path_exists(b->part)) {
		if (store_is_held(b->part))
			return command_error(EXIT_FAILED, "another backup into %s is under way", b->target);
		if (part_remove(b->part))
			return command_error(EXIT_FAILED,
			                     "%s, where the backup is put together, is in the way: %s: take it away",
			                     b->part, strerror(errno));
	}
	return directory_make(b->part);
}

/* ---- room ---------------------------------------------------------------------------------- */

/* Whether two paths are on one file system. */
static bool same_file_system(const char *one, const char *other)
{
	struct stat a, b;
	return !stat(one, &a) && !stat(other, &b) && a.st_dev == b.st_dev;
}

/* Where it lies with the home, the validator's reserve must be left. */
static int backup_room(const struct backup *b)
{
	struct statvfs fs;
	uint64_t needed = store_copy_size(b->snapshot.store);
	if (b->snapshot.running && same_file_system(b->part, b->home.path))
		needed += b->snapshot.reserve;
	if (statvfs(b->part, &fs))
		return command_error(EXIT_FAILED, "%s: %s", b->part, strerror(errno));
	uint64_t there = (uint64_t)fs.f_bavail * fs.f_frsize;
	return there >= needed
	           ? 0
	           : command_error(EXIT_FAILED,
	                           "no room for the backup in %s: %" PRIu64 " MiB may be needed, %" PRIu64
	                           " MiB are free. Nothing was written; free some, or give a directory elsewhere",
	                           b->target, (needed >> 20) + 1, there >> 20);
}

/* ---- the copy ------------------------------------------------------------------------------ */

static bool on_backup_progress(void *context, uint64_t done, uint64_t total)
{
	struct backup *b = context;
	progress_show(&b->progress, done >> 20, total >> 20);
	b->size = done;
	if (*progress_stop())
		b->code = command_error(EXIT_FAILED, "interrupted: nothing is left of the backup");
	else
		b->code = snapshot_watch(&b->snapshot);
	return !b->code;
}

static int backup_store(struct backup *b)
{
	const struct store_copying copying = {.home = b->part, .progress = on_backup_progress, .context = b};
	char why[256] = "";
	int error = store_copy(b->snapshot.store, &copying, why);
	progress_end(&b->progress);
	if (!error || b->code)
		return b->code;
	if (error == UNCIA_E_FULL)
		return command_error(
		    EXIT_FAILED, "no room for the backup in %s: %s. Nothing is left of it, and the home is as it was",
		    b->target, why);
	return command_error(error == UNCIA_E_DAMAGED ? EXIT_MISMATCH : EXIT_FAILED, "%s: %s%s", b->home.path, why,
	                     error == UNCIA_E_DAMAGED ? home_damage_advice(why) : "");
}

static int copy_small(const struct backup *b, const char *name, size_t size_max)
{
	char from[PATH_MAX], to[PATH_MAX];
	uint8_t *bytes;
	size_t size;
	int code = path_join(b->home.path, name, from);
	if (!code)
		code = path_join(b->part, name, to);
	if (!code)
		code = file_read(from, size_max, false, &bytes, &size);
	if (code)
		return code;
	code = file_create(to, 0644, bytes, size);
	free(bytes);
	return code;
}

static int tip_height(struct backup *b)
{
	struct storage_view view;
	struct bytes key, value;
	store_view(b->snapshot.store, &view);
	int error = view.journal_last(view.context, JOURNAL_FINAL, &key, &value);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (error || key.size != 8)
		return command_error(EXIT_MISMATCH, "%s: the end of the final chain: %s", b->home.path,
		                     uncia_error_text(error ? error : UNCIA_E_DAMAGED));
	b->note.height = be64_get(key.data);
	return 0;
}

/* All of it is synced: the one step by which the backup is there. */
static int backup_place(struct backup *b)
{
	char lock[PATH_MAX];
	int code = path_join(b->part, "lock", lock);
	if (!code)
		code = file_remove(lock);
	if (code)
		return code;
	/* Where something has come in the way meanwhile it stays. */
	if (renameat2(AT_FDCWD, b->part, AT_FDCWD, b->target, RENAME_NOREPLACE) &&
	    (errno != EINVAL || rename(b->part, b->target)))
		return command_error(EXIT_FAILED, "%s: %s", b->target, strerror(errno));
	return directory_make(b->target); /* which syncs its name */
}

static int backup_fill(struct backup *b)
{
	int code = backup_room(b);
	clocks_format(clocks_wall_ms(), b->note.made);
	b->note.running = b->snapshot.running;
	memcpy(b->note.consensus_key, b->home.keys.consensus_public, PUBLIC_KEY_SIZE);
	memcpy(b->note.network_key, b->home.keys.network_public, 32);
	if (!code)
		code = tip_height(b);
	if (!code)
		code = copy_small(b, "genesis", GENESIS_SIZE_MAX);
	if (!code)
		code = copy_small(b, "unciad.conf", 1u << 20);
	if (!code)
		code = backup_store(b);
	if (!code)
		code = backup_note_write(b->part, &b->note);
	return code ? code : backup_place(b);
}

static int backup_make(struct backup *b)
{
	char why[256] = "";
	int error = 0, lock = -1, code = part_make(b);
	if (code)
		return code;
	if (store_lock(b->part, &lock, why))
		code = command_error(EXIT_FAILED, "%s", why);
	if (!code) {
		code = snapshot_open(&b->home, &b->snapshot, &error, why);
		if (error)
			code = home_store_failure(&b->home, error, why);
	}
	if (!code)
		code = backup_fill(b);
	snapshot_close(&b->snapshot);
	if (code && lock >= 0 && part_remove(b->part)) /* without the lock it is another backup's */
		command_warning("%s, an unfinished backup, cannot be removed: %s", b->part, strerror(errno));
	if (lock >= 0)
		close(lock);
	return code;
}

static int backup_print(const struct backup *b, bool json)
{
	if (json)
		return command_print_json(json_pack("{s:i,s:s,s:I,s:b,s:I}", "v", 1, "backup", b->target, "height",
		                                    (json_int_t)b->note.height, "running", (int)b->note.running,
		                                    "bytes", (json_int_t)b->size));
	printf("%s\nheight   %" PRIu64 "\ncopied   %" PRIu64 " MiB\n", b->target, b->note.height, b->size >> 20);
	return command_flush();
}

static int backup_directory(struct arguments *arguments, const char **directory)
{
	*directory = arguments_operand(arguments);
	if (!*directory)
		return command_usage_error(arguments, "DIR is missing");
	const char *more = arguments_operand(arguments);
	return more ? command_usage_error(arguments, "%s: unexpected argument", more) : 0;
}

static int backup_run(struct arguments *arguments)
{
	struct backup b = {.snapshot = {.link = {.fd = -1}}};
	const char *path, *directory;
	bool json;
	int code = arguments_home(arguments, &path, &json);
	if (!code)
		code = backup_directory(arguments, &directory);
	if (!code)
		code = backup_paths(&b, directory);
	if (!code)
		code = home_open(path, &b.home);
	if (code)
		return code;
	end_on_fault(EXIT_FAILED);
	progress_begin(&b.progress, "MiB copied");
	code = backup_make(&b);
	home_close(&b.home);
	return code ? code : backup_print(&b, json);
}

const struct command command_backup = {
    .name = "backup",
    .operands = "DIR",
    .summary = "copy a validator's journal and state",
    .description =
        "Copies journal and state of HOME, as of one moment, with its genesis and its configuration, and without its\n"
        "keys, into DIR, which must not be there: while its validator runs, or while none does. Every record is\n"
        "verified; the copy is synced before it gets its name, and nothing is left of one that was cut short.\n"
        "A home that is restored from it has lost the votes that were cast later: see \"Backups\" in\n"
        "docs/operating.md. unciad check --home DIR audits it.",
    .options = options,
    .run = backup_run,
};

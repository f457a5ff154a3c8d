/* The structured log: one logfmt line for each event, on standard error or in a file, each by a single write(2), with a
 * token bucket for each event name, so that no peer can fill a disk with it. Not for results, which go to standard
 * output.
 *
 * Threads: every function is for any. */
#ifndef LOG_H
#define LOG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* How a process ends that cannot go on: its exit code. Starting it again can help after END_FAILED alone. */
enum end_code {
	END_FAILED = 1,
	END_DAMAGED = 7, /* what is stored is not as it must be */
	END_FAULTY = 10, /* validators of more weight than F are faulty: a second chain */
};

#define LOG_LINE_MAX 1024 /* longer lines are cut */
#define LOG_BURST    20   /* the size of an event name's token bucket, in lines */
#define LOG_RATE     5    /* the lines that it is refilled with in a second */

/* A key and its value, made by one of the macros below; both texts are the caller's. */
struct log_field {
	enum { LOG_FIELD_NONE, LOG_FIELD_TEXT, LOG_FIELD_UNSIGNED, LOG_FIELD_SIGNED } kind;
	const char *key;
	const char *text;
	uint64_t number;
	int64_t signed_number;
};

#define LOG_TEXT(k, v)   ((struct log_field){.kind = LOG_FIELD_TEXT, .key = (k), .text = (v)})
#define LOG_NUMBER(k, v) ((struct log_field){.kind = LOG_FIELD_UNSIGNED, .key = (k), .number = (v)})
#define LOG_SIGNED(k, v) ((struct log_field){.kind = LOG_FIELD_SIGNED, .key = (k), .signed_number = (v)})

/* log_event(LOG_LEVEL_INFO, "peer_up", LOG_NUMBER("peer", 3)) writes `ts=… level=info event=peer_up peer=3`. Values are
 * quoted and escaped where they hold anything but plain ASCII. A line that finds its bucket empty is counted, and the
 * next one of that name that is written says `dropped=N`. A line that cannot be written at once is counted, and lost.
 */
#define log_event(level, event, ...)                                                                                   \
	log_write(level, event, (const struct log_field[]){{.kind = LOG_FIELD_NONE}, ##__VA_ARGS__},                   \
	          sizeof((const struct log_field[]){{.kind = LOG_FIELD_NONE}, ##__VA_ARGS__}) /                        \
	              sizeof(struct log_field))
/* log_event as a function; level: one of the above. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);
/* A ready logfmt fragment that begins with event=NAME. Control and non-ASCII bytes in it become '?'. */
void log_fragment(enum log_level level, const void *fragment, size_t size);
/* Writes one error line, whatever the level and the rate, to standard error as well where the log is a file, and ends
 * the process with this exit code: for failures that must not be survived, such as that of a commit. Nothing is flushed
 * or freed. */
_Noreturn void log_fatal(enum end_code code, const char *event, const char *why);
/* Names: error, warning, info, debug. Returns 0 or UNCIA_E_ARGUMENT. */
int log_level_parse(const char *name, enum log_level *level);
/* The other way round. */
const char *log_level_name(enum log_level level);
/* The highest level that is written; LOG_LEVEL_INFO at first. */
void log_set_level(enum log_level level);
/* The descriptor that lines are written to, which stays the caller's; standard error at first. */
void log_set_output(int fd);
/* From now on lines go to the end of this file, which is made where it is not there, for its owner and group to read. A
 * file that was opened so before stays in use until it is taken over: called again, with the same name after the file
 * was renamed, or with another. It waits for no reader of a pipe. Returns 0; or UNCIA_E_IO (errno says why), and lines
 * go on to where they went. */
int log_open(const char *path);
/* Whether log_open has succeeded. */
bool log_is_file(void);
/* Lines that were counted and not written since the start. */
uint64_t log_dropped(void);

#endif

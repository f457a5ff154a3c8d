/* The structured log: one logfmt line per event on standard error, each by a single write(2), limited per event
 * name so that no peer can fill a disk with it. Not for results: those are the caller's, on standard output. */
#ifndef LOG_H
#define LOG_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

#define LOG_LINE_MAX 1024 /* longer lines are cut */
#define LOG_BURST    20   /* lines of one event name at once */
#define LOG_RATE     5    /* and after that, each second */

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

/* log_event(LOG_LEVEL_INFO, "peer_up", LOG_NUMBER("peer", 3)) writes `ts=… level=info event=peer_up peer=3`. Values
 * are quoted and escaped where they hold anything but plain ASCII. Lines over the rate of their event name are
 * counted, and the next one of that name that is written says `dropped=N`. Threads: any. */
#define log_event(level, event, ...)                                                                                   \
	log_write(level, event, (const struct log_field[]){{.kind = LOG_FIELD_NONE}, ##__VA_ARGS__},                   \
	          sizeof((const struct log_field[]){{.kind = LOG_FIELD_NONE}, ##__VA_ARGS__}) /                        \
	              sizeof(struct log_field))
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);
/* A ready logfmt fragment that begins with event=NAME. Control and non-ASCII bytes in it become '?'. */
void log_fragment(enum log_level level, const void *fragment, size_t size);
/* One error line, whatever the level and the rate, and the end of the process with exit code 1: for what must not be
 * survived, such as a failed commit. Nothing is flushed or freed. */
_Noreturn void log_fatal(const char *event, const char *why);
/* Returns 0 or UNCIA_E_ARGUMENT. Names: error, warning, info, debug. */
int log_level_parse(const char *name, enum log_level *level);
void log_set_level(enum log_level level); /* info at first */
void log_set_output(int fd);              /* standard error at first */
/* Lines left out since the start. */
uint64_t log_dropped(void);

#endif

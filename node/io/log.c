/* Formatting, limiting and writing of log lines; the one owner of the log's global state. */
#include "log.h"
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "uncia/error.h"

#define EVENT_NAMES    64 /* names past these have the last bucket together */
#define EVENT_NAME_MAX 32
#define FATAL_WAIT_MS  100 /* for a reader to take the last line */
#define FILE_MODE      0640

static const char *const level_names[] = {"error", "warning", "info", "debug"};

/* A token bucket: a line takes one token. Under the mutex. */
struct bucket {
	char name[EVENT_NAME_MAX];
	uint64_t refilled_ms;
	uint32_t tokens;
	uint64_t dropped; /* lines since the last one that was written */
};

static atomic_int level_max = LOG_LEVEL_INFO;
static atomic_int output = STDERR_FILENO;
static atomic_int file = -1; /* of log_open: its number stays, whatever file it comes to stand for */
static atomic_uint_fast64_t dropped_all;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct bucket buckets[EVENT_NAMES];
static size_t bucket_count;

struct line {
	char text[LOG_LINE_MAX];
	size_t size;
};

static void put_char(struct line *line, char c)
{
	assert(line->size < sizeof(line->text));
	if (line->size < sizeof(line->text) - 1) /* one is kept for the newline */
		line->text[line->size++] = c;
}

static void put_text(struct line *line, const char *text)
{
	while (*text)
		put_char(line, *text++);
}

static bool is_plain(const char *text)
{
	if (!*text)
		return false;
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '=' || *c == '\\')
			return false;
	return true;
}

static void put_value(struct line *line, const char *text)
{
	if (is_plain(text)) {
		put_text(line, text);
		return;
	}
	put_char(line, '"');
	for (const char *c = text; *c; c++) {
		char escape[8];
		if (*c == '"' || *c == '\\')
			snprintf(escape, sizeof(escape), "\\%c", *c);
		else if (*c == '\n')
			snprintf(escape, sizeof(escape), "\\n");
		else if (*c == '\t')
			snprintf(escape, sizeof(escape), "\\t");
		else if (*c < ' ' || *c > '~')
			snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)*c);
		else
			snprintf(escape, sizeof(escape), "%c", *c);
		/* An escape is written whole or, like all behind it, not at all. */
		if (line->size + strlen(escape) + 2 > sizeof(line->text) - 1)
			break;
		put_text(line, escape);
	}
	put_char(line, '"');
}

static void put_field(struct line *line, const struct log_field *field)
{
	char number[24];

	if (field->kind == LOG_FIELD_NONE)
		return;
	put_char(line, ' ');
	put_text(line, field->key);
	put_char(line, '=');
	if (field->kind == LOG_FIELD_TEXT) {
		put_value(line, field->text ? field->text : "");
		return;
	}
	if (field->kind == LOG_FIELD_UNSIGNED)
		snprintf(number, sizeof(number), "%" PRIu64, field->number);
	else
		snprintf(number, sizeof(number), "%" PRId64, field->signed_number);
	put_text(line, number);
}

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The name's bucket, made where there is none. */
static struct bucket *find_bucket(const char *name, size_t size)
{
	assert(bucket_count <= EVENT_NAMES);
	if (size >= EVENT_NAME_MAX)
		size = EVENT_NAME_MAX - 1;
	for (size_t i = 0; i < bucket_count; i++)
		if (strncmp(buckets[i].name, name, size) == 0 && buckets[i].name[size] == '\0')
			return &buckets[i];
	if (bucket_count == EVENT_NAMES)
		return &buckets[EVENT_NAMES - 1];
	struct bucket *bucket = &buckets[bucket_count++];
	memcpy(bucket->name, name, size);
	bucket->tokens = LOG_BURST;
	bucket->refilled_ms = monotonic_ms();
	return bucket;
}

/* Whether a line of this event may be written now; *dropped: how many before it were not. */
static bool take_token(const char *name, size_t size, uint64_t *dropped)
{
	pthread_mutex_lock(&mutex);
	struct bucket *bucket = find_bucket(name, size);
	assert(bucket->tokens <= LOG_BURST);
	uint64_t now = monotonic_ms(), earned = (now - bucket->refilled_ms) * LOG_RATE / 1000;
	if (earned) {
		bucket->tokens = earned > LOG_BURST - bucket->tokens ? LOG_BURST : bucket->tokens + (uint32_t)earned;
		bucket->refilled_ms = now;
	}
	bool admitted = bucket->tokens > 0;
	if (admitted) {
		bucket->tokens--;
		*dropped = bucket->dropped;
		bucket->dropped = 0;
	} else {
		bucket->dropped++;
		atomic_fetch_add(&dropped_all, 1);
	}
	pthread_mutex_unlock(&mutex);
	return admitted;
}

static void line_begin(struct line *line, enum log_level level)
{
	struct timespec now;
	struct tm utc;
	char stamp[80];

	assert((unsigned)level < sizeof(level_names) / sizeof(*level_names));
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	snprintf(stamp, sizeof(stamp), "ts=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
	         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(now.tv_nsec / 1000000));
	line->size = 0;
	put_text(line, stamp);
	put_text(line, " level=");
	put_text(line, level_names[level]);
}

/* Whether the line was written, which has its end. */
static bool line_write(int fd, const struct line *line, int wait_ms)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	return poll(&room, 1, wait_ms) == 1 && write(fd, line->text, line->size) >= 0;
}

/* Ends the line and writes it. A log that cannot be written, or whose reader has stopped reading, must not stop the
 * validator: a line that would have to wait longer than wait_ms is counted, and lost. A pipe or a socket that is ready
 * takes a line. */
static void line_end(struct line *line, uint64_t dropped, int wait_ms)
{
	if (dropped)
		put_field(line, &LOG_NUMBER("dropped", dropped));
	assert(line->size < sizeof(line->text));
	line->text[line->size++] = '\n';
	if (!line_write(output, line, wait_ms))
		atomic_fetch_add(&dropped_all, 1);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	struct line line;
	uint64_t dropped = 0;

	if ((int)level > level_max || !take_token(event, strlen(event), &dropped))
		return;
	line_begin(&line, level);
	put_field(&line, &LOG_TEXT("event", event));
	for (size_t i = 0; i < count; i++)
		put_field(&line, &fields[i]);
	line_end(&line, dropped, 0);
}

void log_fragment(enum log_level level, const void *fragment, size_t size)
{
	static const char prefix[] = "event=";
	const char *text = fragment, *name = "note";
	size_t name_size = strlen(name);
	struct line line;
	uint64_t dropped = 0;

	if (size > sizeof(prefix) - 1 && memcmp(text, prefix, sizeof(prefix) - 1) == 0) {
		name = text + sizeof(prefix) - 1;
		const char *space = memchr(name, ' ', size - (sizeof(prefix) - 1));
		name_size = space ? (size_t)(space - name) : size - (sizeof(prefix) - 1);
	}
	if ((int)level > level_max || !take_token(name, name_size, &dropped))
		return;
	line_begin(&line, level);
	put_char(&line, ' ');
	for (size_t i = 0; i < size; i++)
		put_char(&line, text[i] < ' ' || text[i] > '~' ? '?' : text[i]);
	line_end(&line, dropped, 0);
}

_Noreturn void log_fatal(enum end_code code, const char *event, const char *why)
{
	struct line line;

	assert(code != 0);
	line_begin(&line, LOG_LEVEL_ERROR);
	put_field(&line, &LOG_TEXT("event", event));
	put_field(&line, &LOG_TEXT("why", why));
	line_end(&line, 0, FATAL_WAIT_MS);
	if (log_is_file())
		line_write(STDERR_FILENO, &line, FATAL_WAIT_MS);
	_exit((int)code);
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(*level_names); i++)
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	return UNCIA_E_ARGUMENT;
}

const char *log_level_name(enum log_level level)
{
	assert((unsigned)level < sizeof(level_names) / sizeof(*level_names));
	return level_names[level];
}

void log_set_level(enum log_level level)
{
	level_max = (int)level;
}

void log_set_output(int fd)
{
	output = fd;
}

/* Other threads may be writing: the descriptor's number stays the same, and the file behind it is exchanged at once. */
int log_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, FILE_MODE);

	if (fd < 0)
		return UNCIA_E_IO;
	if (file < 0) {
		file = output = fd;
		return 0;
	}
	int taken = dup3(fd, file, O_CLOEXEC);
	close(fd);
	return taken < 0 ? UNCIA_E_IO : 0;
}

bool log_is_file(void)
{
	return file >= 0;
}

uint64_t log_dropped(void)
{
	return dropped_all;
}

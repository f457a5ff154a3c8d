/* The log: form of a line, escaping, levels, limiting. */
#include "log.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "uncia/error.h"
#include "unit.h"

static int pipe_ends[2];
static char text[65536];

static void setup(void)
{
	ck_assert_int_eq(pipe(pipe_ends), 0);
	log_set_output(pipe_ends[1]);
	log_set_level(LOG_LEVEL_INFO);
}

static void teardown(void)
{
	log_set_output(STDERR_FILENO);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/* What was logged so far, without the time stamp of the first line. */
static const char *logged(void)
{
	ck_assert_int_eq(write(pipe_ends[1], "", 1), 1);
	ssize_t size = read(pipe_ends[0], text, sizeof(text));
	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(text[size - 1], '\0');
	const char *behind = strchr(text, ' ');
	return behind ? behind + 1 : text;
}

START_TEST(log_line_is_logfmt)
{
	log_event(LOG_LEVEL_INFO, "peer_up", LOG_NUMBER("peer", 3), LOG_SIGNED("code", -5),
	          LOG_TEXT("host", "a.example"));
	ck_assert_str_eq(logged(), "level=info event=peer_up peer=3 code=-5 host=a.example\n");
	ck_assert_int_eq(strncmp(text, "ts=20", 5), 0);
	ck_assert_uint_eq(strcspn(text, " "), strlen("ts=2026-01-01T00:00:00.000Z"));
}
END_TEST

START_TEST(log_event_without_fields)
{
	log_event(LOG_LEVEL_WARNING, "bare");
	ck_assert_str_eq(logged(), "level=warning event=bare\n");
}
END_TEST

START_TEST(log_escapes_what_could_forge_a_line)
{
	log_event(LOG_LEVEL_INFO, "hostile", LOG_TEXT("v", "a\nlevel=error \"x\"\\\x1b[31m\xc3\xa9"));
	ck_assert_str_eq(logged(), "level=info event=hostile v=\"a\\nlevel=error \\\"x\\\"\\\\\\x1b[31m\\xc3\\xa9\"\n");
}
END_TEST

START_TEST(log_quotes_empty_value_and_equals)
{
	log_event(LOG_LEVEL_INFO, "quotes", LOG_TEXT("a", ""), LOG_TEXT("b", "x=y"), LOG_TEXT("c", NULL));
	ck_assert_str_eq(logged(), "level=info event=quotes a=\"\" b=\"x=y\" c=\"\"\n");
}
END_TEST

START_TEST(log_cuts_long_line_and_keeps_newline)
{
	char *value = malloc(5000);
	memset(value, '\n', 4999);
	value[4999] = '\0';
	log_event(LOG_LEVEL_INFO, "long", LOG_TEXT("v", value));
	free(value);
	logged();
	size_t size = strlen(text);
	ck_assert_uint_le(size, LOG_LINE_MAX);
	ck_assert_uint_gt(size, LOG_LINE_MAX - 8);
	ck_assert_ptr_eq(strchr(text, '\n'), text + size - 1);
	ck_assert_int_eq(strncmp(text + size - 4, "\\n\"\n", 4), 0);
}
END_TEST

START_TEST(log_level_hides_lower)
{
	log_event(LOG_LEVEL_DEBUG, "hidden");
	ck_assert_str_eq(logged(), "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_event(LOG_LEVEL_DEBUG, "shown");
	ck_assert_str_eq(logged(), "level=debug event=shown\n");
}
END_TEST

START_TEST(log_limits_each_event_name_by_itself)
{
	uint64_t before = log_dropped();
	for (unsigned i = 0; i < LOG_BURST + 1000; i++)
		log_event(LOG_LEVEL_INFO, "flood");
	log_event(LOG_LEVEL_INFO, "other");
	logged();
	unsigned lines = 0;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	ck_assert_uint_ge(lines, LOG_BURST + 1);
	ck_assert_uint_lt(lines, LOG_BURST + 100);
	ck_assert_ptr_nonnull(strstr(text, "event=other"));
	ck_assert_uint_eq(log_dropped() - before, LOG_BURST + 1000 + 1 - lines);
}
END_TEST

START_TEST(log_fragment_keeps_one_line)
{
	log_fragment(LOG_LEVEL_WARNING, "event=evidence voter=2\nx", 24);
	ck_assert_str_eq(logged(), "level=warning event=evidence voter=2?x\n");
}
END_TEST

START_TEST(log_waits_for_no_reader)
{
	static char full[65536];
	ssize_t size = 0;
	uint64_t before = log_dropped();

	ck_assert_int_eq(fcntl(pipe_ends[1], F_SETFL, O_NONBLOCK), 0);
	while (size >= 0)
		size = write(pipe_ends[1], full, sizeof(full));
	ck_assert_int_eq(fcntl(pipe_ends[1], F_SETFL, 0), 0);
	log_event(LOG_LEVEL_ERROR, "unread");
	ck_assert_uint_eq(log_dropped() - before, 1);
	ck_assert_int_eq(fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK), 0);
	while (read(pipe_ends[0], full, sizeof(full)) > 0)
		;
	log_event(LOG_LEVEL_ERROR, "read");
	ck_assert_str_eq(logged(), "level=error event=read\n");
}
END_TEST

START_TEST(log_level_names)
{
	enum log_level level = LOG_LEVEL_INFO;
	ck_assert_int_eq(log_level_parse("debug", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_DEBUG);
	ck_assert_int_lt(log_level_parse("loud", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_DEBUG);
}
END_TEST

static char directory[64];

/* The path of a file in the test's directory; valid until the next call. */
static const char *in_directory(const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/* How often this is in a file; -1: there is none. */
static int occurs(const char *name, const char *what)
{
	FILE *stream = fopen(in_directory(name), "re");
	int count = 0;

	if (!stream)
		return -1;
	text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
	fclose(stream);
	for (const char *at = text; (at = strstr(at, what)); at++)
		count++;
	return count;
}

/* As logrotate does it. In a child: the log of this process stays what it is. */
START_TEST(log_file_is_opened_anew_and_kept_where_that_fails)
{
	char moved[200];

	snprintf(directory, sizeof(directory), "/tmp/log_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	pid_t child = fork();
	if (child == 0) {
		bool right = !log_is_file() && log_open("/nowhere/at/all") == UNCIA_E_IO && !log_is_file();
		right = right && log_open(in_directory("log")) == 0 && log_is_file();
		log_event(LOG_LEVEL_INFO, "first");
		snprintf(moved, sizeof(moved), "%s", in_directory("log.1"));
		right = right && rename(in_directory("log"), moved) == 0;
		log_event(LOG_LEVEL_INFO, "second"); /* into the one that was renamed */
		right = right && log_open(in_directory("log")) == 0;
		log_event(LOG_LEVEL_INFO, "third");
		right = right && mkfifo(in_directory("fifo"), 0600) == 0;
		right = right && log_open(in_directory("fifo")) == UNCIA_E_IO; /* nobody reads: it is not waited for */
		log_event(LOG_LEVEL_INFO, "fourth");
		dup2(pipe_ends[1], STDERR_FILENO);
		if (right)
			log_fatal(END_DAMAGED, "last", "why");
		_exit(99);
	}
	int status = 0;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), END_DAMAGED);
	ck_assert_int_eq(occurs("log.1", "event=first") + occurs("log.1", "event=second"), 2);
	ck_assert_int_eq(occurs("log.1", "event=third"), 0);
	ck_assert_int_eq(occurs("log", "event=third") + occurs("log", "event=fourth") + occurs("log", "event=last"), 3);
	ck_assert_str_eq(logged(), "level=error event=last why=why\n"); /* standard error has the last one, too */
	unlink(in_directory("log"));
	unlink(in_directory("log.1"));
	unlink(in_directory("fifo"));
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

UNIT_MAIN_BETWEEN("log", setup, teardown, log_line_is_logfmt, log_event_without_fields,
                  log_escapes_what_could_forge_a_line, log_quotes_empty_value_and_equals,
                  log_cuts_long_line_and_keeps_newline, log_level_hides_lower, log_limits_each_event_name_by_itself,
                  log_fragment_keeps_one_line, log_waits_for_no_reader, log_level_names,
                  log_file_is_opened_anew_and_kept_where_that_fails)

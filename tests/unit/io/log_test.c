/* The log: form of a line, escaping, levels, limiting. */
#include "log.h"
#include <fcntl.h>
#include <unistd.h>
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

UNIT_MAIN_BETWEEN("log", setup, teardown, log_line_is_logfmt, log_event_without_fields,
                  log_escapes_what_could_forge_a_line, log_quotes_empty_value_and_equals,
                  log_cuts_long_line_and_keeps_newline, log_level_hides_lower, log_limits_each_event_name_by_itself,
                  log_fragment_keeps_one_line, log_waits_for_no_reader, log_level_names)

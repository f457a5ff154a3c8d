/* The text form of network files and configurations, at each of its edges. */
#include "ini_text.h"
#include "unit.h"

/* What the reader gives of a text, as one line: "[s]" for a section, "s/n=v" for a value, "!line what" for a mistake.
 */
static const char *given(const char *text, size_t size)
{
	static char out[4096];
	struct ini_reader r;
	size_t at = 0;
	ini_begin(&r, text, size);
	out[0] = '\0';
	for (;;) {
		enum ini_line line = ini_next(&r);
		if (line == INI_SECTION) {
			ck_assert(!r.name && !r.value);
			at += (size_t)snprintf(out + at, sizeof(out) - at, "[%s]", r.section);
		} else if (line == INI_VALUE) {
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s/%s=%s ", r.section, r.name, r.value);
		} else {
			if (line == INI_WRONG)
				snprintf(out + at, sizeof(out) - at, "!%u %s", r.line, r.wrong);
			ck_assert_int_eq(ini_next(&r), line); /* there is nothing behind it */
			return out;
		}
	}
}

START_TEST(ini_gives_sections_and_values)
{
	static const char form[] = "neither a [section] nor key = value";
	char wrong[100];
	static const struct {
		const char *text, *given;
	} rows[] = {
	    {"", ""},
	    {"\n\n", ""},
	    {"a=b", "/a=b "}, /* whether it may stand there its reader says */
	    {"[s]\na = b\n[t]\n[u]\nc=d", "[s]s/a=b [t][u]u/c=d "},
	    {"[s]\r\na = b\r\n", "[s]s/a=b "},
	    {"\xef\xbb\xbf[s]\na=b", "[s]s/a=b "},                   /* a byte order mark */
	    {"  [s] \t\n\t a  =\t b  \n  c = d", "[s]s/a=b s/c=d "}, /* an indented line is as any other */
	    {"# x\n;y\n  # z\n[s]\n# \xc3\xa9\n", "[s]"},
	    {"[s]\na = b ; c # d", "[s]s/a=b ; c # d "}, /* no comment begins within a line */
	    {"[s]\na = b=c:[d]", "[s]s/a=b=c:[d] "},
	    {"[s t]\na b = c  d", "[s t]s t/a b=c  d "},
	    {"[]", "[]"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(given(rows[i].text, strlen(rows[i].text)), rows[i].given);
	static const char *const formless[] = {"a", "a: b", "[s", "a [s]"};
	for (size_t i = 0; i < sizeof(formless) / sizeof(formless[0]); i++) {
		snprintf(wrong, sizeof(wrong), "!1 %s", form);
		ck_assert_str_eq(given(formless[i], strlen(formless[i])), wrong);
	}
}
END_TEST

START_TEST(ini_names_every_mistake_with_its_line)
{
	static const struct {
		const char *text;
		size_t size;
		const char *given;
	} rows[] = {
	    {"[s] x", 5, "!1 something stands behind the [section]"},
	    {"[s] # x", 7, "!1 something stands behind the [section]"},
	    {"[s]\n\n= b", 8, "[s]!3 there is no key before '='"},
	    {"[s]\na =  \nb=c", 13, "[s]!2 there is no value behind '='"},
	    {"[s]\na = \x01", 9, "[s]!2 there is a control character in it"},
	    {"# \x7f", 3, "!1 there is a control character in it"},
	    {"a=b\0c", 5, "!1 there is a control character in it"},
	    {"a=b\rc=d\n", 8, "!1 there is a control character in it"},
	    {"a=b\n\xef\xbb\xbfx", 8, "/a=b !2 neither a [section] nor key = value"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(given(rows[i].text, rows[i].size), rows[i].given);
}
END_TEST

START_TEST(ini_lines_have_at_most_200_bytes)
{
	static const char *const ends[] = {"", "\n", "\r\n"};
	char text[300], expected[300];
	for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
		for (size_t size = 199; size <= 201; size++) {
			memset(text, 'v', sizeof(text));
			memcpy(text, "a=", 2);
			strcpy(text + size, ends[e]);
			snprintf(expected, sizeof(expected), "/a=%.*s ", (int)size - 2, text + 2);
			ck_assert_str_eq(given(text, strlen(text)),
			                 size <= 200 ? expected : "!1 the line is longer than 200 bytes");
			memcpy(text, "#", 1);
			ck_assert_str_eq(given(text, strlen(text)),
			                 size <= 200 ? "" : "!1 the line is longer than 200 bytes");
		}
	}
}
END_TEST

START_TEST(addresses_are_a_host_and_a_port)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} good[] = {
	    {"h:1", "h", 1},
	    {"127.0.0.1:7400", "127.0.0.1", 7400},
	    {"a-b_c.Example:65535", "a-b_c.Example", 65535},
	    {"[::1]:80", "::1", 80},
	    {"[fe80::1%eth0]:7", "fe80::1%eth0", 7},
	};
	static const char *const bad[] = {
	    "",     "h",    ":1",       "h:",    "h:0",   "h:01",     "h:65536", "h:+1",
	    "h:1 ", " h:1", "h h:1",    "::1:7", "[::1]", "[::1]:",   "[]:1",    "[h]:1",
	    "[h:1", "h]:1", "h:100000", "h/:1",  "a:b:1", "[::1]x:1", "h%1:1",   "\xc3\xa9:1",
	};
	char host[HOST_SIZE_MAX], long_name[HOST_SIZE_MAX + 8];
	uint16_t port;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert(host_port_parse(good[i].text, host, &port));
		ck_assert_str_eq(host, good[i].host);
		ck_assert_uint_eq(port, good[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(host, "as it was");
		port = 9;
		ck_assert_msg(!host_port_parse(bad[i], host, &port), "%s", bad[i]);
		ck_assert_str_eq(host, "as it was");
		ck_assert_uint_eq(port, 9);
	}
	for (size_t size = HOST_SIZE_MAX - 1; size <= HOST_SIZE_MAX; size++) {
		memset(long_name, 'h', size);
		strcpy(long_name + size, ":1");
		ck_assert(host_port_parse(long_name, host, &port) == (size < HOST_SIZE_MAX));
	}
}
END_TEST

UNIT_MAIN("ini_text", ini_gives_sections_and_values, ini_names_every_mistake_with_its_line,
          ini_lines_have_at_most_200_bytes, addresses_are_a_host_and_a_port)

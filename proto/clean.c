/* Cleaning of texts that came through people: see clean.h. */
#include "clean.h"
#include <string.h>
#include "uncia/error.h"
#include "utf8.h"

const struct clean_form clean_plain = {.own_marks = ""};
const struct clean_form clean_request = {.own_marks = ".:", .keeps_blanks = true};
const struct clean_form clean_receipt = {.own_marks = "-_"};

bool text_begins(const char *text, const char *lower)
{
	for (; *lower != '\0'; text++, lower++) {
		char c = (char)(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
		if (c != *lower)
			return false;
	}
	return true;
}

bool clean_is_mark(uint32_t character)
{
	static const char ascii[] = "!\"'()*,-.:;?[]_`{}~";
	if (character < 0x80)
		return character != 0 && strchr(ascii, (int)character);
	return character == 0xab || character == 0xbb || (character >= 0x2018 && character <= 0x201f) ||
	       character == 0x2022 || character == 0x2039 || character == 0x203a || character == 0x3002;
}

/* A clean text that grows. */
struct clean_writer {
	const struct clean_form *form;
	char *text;
	size_t size, room;
	size_t end;   /* behind the last character that is not a mark around the text */
	bool foreign; /* a mark outside of ASCII came, which may only stand around the text */
	bool blank, line_end;
};

static bool clean_put(struct clean_writer *w, char c)
{
	if (w->size + 1 >= w->room)
		return false;
	w->text[w->size++] = c;
	return true;
}

static int clean_add(struct clean_writer *w, uint32_t c)
{
	bool bracket = c == '<' || c == '>' || c == '|';
	if (utf8_is_blank(c) || bracket) {
		w->blank = true;
		w->line_end |= bracket || utf8_is_break(c);
		return 0;
	}
	if (utf8_is_unseen(c))
		return 0;
	if (c == 0x2010 || c == 0x2011)
		c = '-';
	bool mark = clean_is_mark(c), gap = w->blank && w->size != 0 && w->form->keeps_blanks;
	char between = w->line_end ? '\n' : ' ';
	w->blank = w->line_end = false;
	if (mark && w->size == 0)
		return 0;
	if (c >= 0x7f || c < 0x20) {
		w->foreign = true;
		return mark ? 0 : UNCIA_E_CHANGED;
	}
	if ((gap && !clean_put(w, between)) || !clean_put(w, (char)c))
		return UNCIA_E_LIMIT;
	if (mark && (w->foreign || !strchr(w->form->own_marks, (char)c)))
		return 0;
	w->end = w->size;
	return w->foreign ? UNCIA_E_CHANGED : 0;
}

int text_clean(const char *text, const struct clean_form *form, char *clean, size_t clean_size)
{
	struct clean_writer writer = {.form = form, .text = clean, .room = clean_size};
	uint32_t c;
	int rc = strnlen(text, CLEAN_TEXT_MAX + 1) > CLEAN_TEXT_MAX ? UNCIA_E_LIMIT : 0;
	while (!rc && *text != '\0')
		rc = utf8_next(&text, &c) ? clean_add(&writer, c) : UNCIA_E_CHANGED;
	if (rc)
		return rc;
	if (clean_size == 0)
		return UNCIA_E_LIMIT;
	clean[writer.end] = '\0';
	return 0;
}

/* See backup_note.h. */
#include "backup_note.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "ini_text.h"

#define NOTE_FILE     "backup.note"
#define NOTE_SIZE_MAX 4096

bool backup_note_exists(const char *home)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/" NOTE_FILE, home);
	return n > 0 && (size_t)n < sizeof(path) && path_exists(path);
}

/* One line of it. Returns whether it is as it must be. */
static bool note_take(struct backup_note *note, unsigned *seen, const char *name, const char *value)
{
	static const char *const names[] = {"made", "height", "running", "consensus_key", "network_key"};
	unsigned which = 0;
	while (which < 5 && strcmp(name, names[which]) != 0)
		which++;
	if (which == 5 || *seen & 1u << which)
		return false;
	*seen |= 1u << which;
	switch (which) {
	case 0:
		return snprintf(note->made, sizeof(note->made), "%s", value) < (int)sizeof(note->made);
	case 1:
		return number_parse(value, 0, INT64_MAX, &note->height);
	case 2:
		note->running = !strcmp(value, "yes");
		return note->running || !strcmp(value, "no");
	case 3:
		return hex_parse_32(value, strlen(value), note->consensus_key);
	default:
		return hex_parse_32(value, strlen(value), note->network_key);
	}
}

int backup_note_read(const char *home, struct backup_note *note)
{
	char path[PATH_MAX];
	uint8_t *text;
	size_t size;
	unsigned seen = 0;
	struct ini_reader reader;
	enum ini_line line = INI_WRONG;
	bool good = true;
	memset(note, 0, sizeof(*note));
	int code = path_join(home, NOTE_FILE, path);
	if (!code)
		code = file_read(path, NOTE_SIZE_MAX, false, &text, &size);
	if (code)
		return code;
	ini_begin(&reader, (const char *)text, size);
	while (good && (line = ini_next(&reader)) != INI_END && line != INI_WRONG) {
		if (line == INI_SECTION)
			good = !strcmp(reader.section, "backup");
		else
			good = note_take(note, &seen, reader.name, reader.value);
	}
	free(text);
	if (!good || line != INI_END || seen != 31)
		return command_error(EXIT_MISMATCH, "%s: not the note of a backup: put back what unciad backup wrote",
		                     path);
	return 0;
}

int backup_note_write(const char *home, const struct backup_note *note)
{
	struct text_file text;
	char path[PATH_MAX], consensus[2 * PUBLIC_KEY_SIZE + 1], network[2 * 32 + 1];
	int code = path_join(home, NOTE_FILE, path);
	if (!code)
		code = text_begin(&text);
	if (code)
		return code;
	hex_format(note->consensus_key, PUBLIC_KEY_SIZE, consensus);
	hex_format(note->network_key, 32, network);
	fprintf(
	    text.stream,
	    "# A copy of a validator's home, without its keys, made by  unciad backup. The journal in it has no vote\n"
	    "# that was cast later: see \"Backups\" in docs/operating.md before anything is started with it.\n"
	    "[backup]\nmade = %s\nheight = %" PRIu64 "\nrunning = %s\nconsensus_key = %s\nnetwork_key = %s\n",
	    note->made, note->height, note->running ? "yes" : "no", consensus, network);
	return text_end(&text, path, false);
}

void backup_note_warn(const struct home *home)
{
	struct backup_note note;
	if (!backup_note_exists(home->path) || backup_note_read(home->path, &note))
		return;
	command_warning("%s was restored from a backup of %s, at height %" PRIu64
	                ": its journal has no vote that was cast since. Before it votes it asks the other validators "
	                "whether they hold a newer vote of its key, and waits for answers of weight %" PRIu64
	                ", its own included; where one does, this key never votes again. No other process may run with "
	                "these keys. See \"Backups\" in docs/operating.md",
	                home->path, note.made, note.height, home->genesis.committee.quorum_slow);
}

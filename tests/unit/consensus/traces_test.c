/* Stories of the voting machine: each file in traces/ is a script with what the module put out written under each
 * command, so that a reader can follow a round, a skip, a restart. This program replays every file and compares; with
 * UPDATE=1 in the environment it writes the files anew, and the change is there to be read.
 *
 * A line that begins with a letter is a command, one that begins with two blanks is what came of it, others are for the
 * reader. After each command the rules are gone over until nothing follows, as the replica does, and own votes become
 * durable at once. Commands (B: a block's name, "genesis" is one; V: a view; N: a validator's number):
 *
 *   committee SIZE self N         the module starts above the genesis, all links up; every file begins with it
 *   recovered                     all that was stored has been told
 *   answered N [KIND V [B]]       N answers the question at the start, with no vote of ours, or with this one
 *   lost KIND V [B]               that answer's signature has been verified
 *   block B view V parent B CHECK CHECK is header, body, early, valid or invalid
 *   vote N KIND V [B]             KIND is notar1, skip1, notar2, skip2 or final
 *   certificate KIND V [B]        KIND is N, S, FF or SF
 *   propose B                     this validator proposes it in the current view
 *   final B view V                the body of that decided block and of its ancestors is there
 *   time +MS                      so much later
 *   work yes|no                   whether there is something to make final
 *   link N up|down    disk full|free
 *   restart                       from the own votes and certificates that are on the disk
 *   backup, restore               keeps what is on the disk; restarts from what was kept */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "rig.h"
#include "unit.h"

enum { WORDS_MAX = 8, NAMES_MAX = 16, RECORDS_MAX = 64, TEXT_MAX = 64 * 1024 };

/* What a journal would hold. */
struct disk {
	uint64_t final_view;
	unsigned final_block;
	struct vote votes[RECORDS_MAX];
	size_t vote_count;
	struct {
		enum certificate_kind kind;
		uint64_t view;
		unsigned block;
	} certificates[RECORDS_MAX];
	size_t certificate_count;
	struct vote lost; /* view 0: none */
};

struct story {
	struct rig rig;
	struct disk disk, backup;
	char names[NAMES_MAX][16]; /* of blocks: their numbers are their places */
	unsigned name_count;
	bool work, recovered;
	uint64_t began_ms, view, wake;
	char text[TEXT_MAX]; /* the file as it should be */
	size_t size;
	const char *file;
	unsigned line;
};

static const char *const vote_names[] = {"", "notar1", "skip1", "notar2", "skip2", "final"};
static const char *const certificate_names[] = {"", "N", "S", "FF", "SF"};
static const char *const check_names[] = {"header", "body", "early", "valid", "invalid"};

__attribute__((format(printf, 2, 3))) static void say(struct story *s, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int size = vsnprintf(s->text + s->size, sizeof(s->text) - s->size, format, list);
	va_end(list);
	ck_assert(size >= 0 && s->size + (size_t)size < sizeof(s->text));
	s->size += (size_t)size;
}

static _Noreturn void wrong(const struct story *s, const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", s->file, s->line, what);
	exit(EXIT_FAILURE);
}

static const char *word(const struct story *s, const char *given)
{
	if (!given)
		wrong(s, "a word is missing");
	return given;
}

static unsigned named(struct story *s, const char *given)
{
	const char *name = word(s, given);
	unsigned i = 0;

	while (i < s->name_count && strcmp(s->names[i], name) != 0)
		i++;
	if (i == s->name_count) {
		ck_assert(s->name_count < NAMES_MAX && strlen(name) < sizeof(s->names[0]));
		strcpy(s->names[s->name_count++], name);
	}
	return i;
}

static const char *name_of(const struct story *s, const struct hash *id)
{
	ck_assert_uint_lt(id->b[1], s->name_count);
	return s->names[id->b[1]];
}

static int one_of(const struct story *s, const char *word, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (word && strcmp(word, names[i]) == 0)
			return (int)i;
	wrong(s, "no such kind");
}

static uint64_t number(const struct story *s, const char *word)
{
	char *end = NULL;
	uint64_t value = word ? strtoull(word, &end, 10) : 0;

	if (!word || end == word || *end)
		wrong(s, "a number is missing");
	return value;
}

/* KIND V [B] */
static struct vote vote_of(struct story *s, char *const *words, uint32_t voter)
{
	int kind = one_of(s, words[0], vote_names, 6);
	bool names = vote_kind_names_block((uint32_t)kind);

	if (!kind || names != (words[2] != NULL))
		wrong(s, "not a vote");
	return rig_vote((enum vote_kind)kind, number(s, words[1]), names ? named(s, words[2]) : 0, voter);
}

/* ---- what comes out ---- */

static void say_vote(struct story *s, const struct vote *vote)
{
	say(s, "%s view %llu%s%s", vote_names[vote->kind], (unsigned long long)vote->view,
	    vote_kind_names_block(vote->kind) ? " " : "",
	    vote_kind_names_block(vote->kind) ? name_of(s, &vote->block_id) : "");
}

static void own_vote(struct story *s, const struct consensus_output *o, struct vote *durable, size_t *count)
{
	say(s, "  casts ");
	say_vote(s, &o->vote);
	say(s, o->broadcast ? "\n" : ", sent with its proposal\n");
	ck_assert(s->disk.vote_count < RECORDS_MAX && *count < RECORDS_MAX);
	s->disk.votes[s->disk.vote_count++] = o->vote;
	durable[(*count)++] = o->vote;
}

static void certificate_out(struct story *s, const struct certificate *c, bool forward)
{
	say(s, "  certificate %s of view %llu%s%s, %u first and %u extra votes%s\n", certificate_names[c->kind],
	    (unsigned long long)c->view, c->kind == CERT_S ? "" : " for ",
	    c->kind == CERT_S ? "" : name_of(s, &c->block_id), c->first_count, c->extra_count,
	    forward ? ", forwarded" : "");
	ck_assert(s->disk.certificate_count < RECORDS_MAX);
	s->disk.certificates[s->disk.certificate_count].kind = c->kind;
	s->disk.certificates[s->disk.certificate_count].view = c->view;
	s->disk.certificates[s->disk.certificate_count++].block = c->block_id.b[1];
}

static const char *voting_text(enum voting_state voting)
{
	static const char *const texts[] = {"no", "yes", "observer", "never again: the journal has lost a vote",
	                                    "no: the disk is full"};

	return texts[voting];
}

/* Carries out what has come out. Returns whether anything did. */
static bool carry_out(struct story *s)
{
	struct vote durable[RECORDS_MAX];
	struct consensus_output o;
	size_t count = 0;
	bool any = false;

	while (consensus_next(s->rig.c, &o)) {
		any = true;
		switch (o.kind) {
		case OUT_JUDGE:
			say(s, "  judge %s\n", name_of(s, &o.id));
			break;
		case OUT_VOTE:
			own_vote(s, &o, durable, &count);
			break;
		case OUT_CERTIFICATE:
			certificate_out(s, o.certificate, o.forward);
			break;
		case OUT_EVIDENCE:
			say(s, "  evidence against %u: ", o.evidence[0].voter);
			say_vote(s, &o.evidence[0]);
			say(s, " and ");
			say_vote(s, &o.evidence[1]);
			say(s, "\n");
			break;
		case OUT_WANT_BODY:
			say(s, "  wants the body of %s%s\n", name_of(s, &o.id), o.expected ? ", soon" : "");
			break;
		case OUT_DECIDED:
			say(s, "  decided %s of view %llu\n", name_of(s, &o.id), (unsigned long long)o.view);
			break;
		case OUT_VOTING:
			say(s, "  voting: %s\n", voting_text(o.voting));
			break;
		}
	}
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(consensus_vote(s->rig.c, &durable[i]), 0);
	return any;
}

/* What the replica does in each step; blocks are judged by the next command. */
static void go_over_rules(struct story *s)
{
	bool any;

	do {
		any = carry_out(s);
		ck_assert_int_eq(consensus_advance(s->rig.c, s->work), 0);
		any |= carry_out(s);
		ck_assert_int_eq(consensus_expire(s->rig.c), 0);
		any |= carry_out(s);
	} while (any && consensus_pending(s->rig.c));
}

static void say_changes(struct story *s)
{
	uint64_t view = consensus_view(s->rig.c), wake = consensus_wake(s->rig.c);
	struct lead lead;

	if (view != s->view)
		say(s, "  view %llu%s\n", (unsigned long long)view,
		    consensus_leads(s->rig.c, &lead) ? ", to lead" : "");
	if (wake != s->wake && wake == CONSENSUS_NEVER)
		say(s, "  waits for no time\n");
	else if (wake != s->wake)
		say(s, "  waits until %llu\n", (unsigned long long)(wake - s->began_ms));
	s->view = view;
	s->wake = wake;
}

/* ---- commands ---- */

static void start(struct story *s, uint32_t size, uint32_t self)
{
	struct hash id = rig_id(s->disk.final_block);
	uint64_t now_ms = s->rig.now_ms;

	if (s->rig.c)
		rig_free(&s->rig);
	rig_start(&s->rig, size, self, s->disk.final_view, &id);
	if (now_ms > s->rig.now_ms)
		rig_time(&s->rig, now_ms - s->rig.now_ms);
	else
		s->began_ms = s->rig.now_ms;
	s->recovered = false;
	s->view = 0;
	s->wake = CONSENSUS_NEVER;
}

static void restart(struct story *s)
{
	const struct disk disk = s->disk;

	start(s, s->rig.committee.size, s->rig.self);
	s->disk.certificate_count = s->disk.vote_count = 0;
	if (disk.lost.view)
		consensus_recover_newest(s->rig.c, &disk.lost);
	for (size_t i = 0; i < disk.certificate_count; i++)
		if (disk.certificates[i].view > disk.final_view)
			rig_certify(&s->rig, disk.certificates[i].kind, disk.certificates[i].view,
			            disk.certificates[i].block);
	for (size_t i = 0; i < disk.vote_count; i++) {
		if (disk.votes[i].view <= disk.final_view)
			continue;
		say(s, "  stored: ");
		say_vote(s, &disk.votes[i]);
		say(s, "\n");
		ck_assert_int_eq(consensus_recover_vote(s->rig.c, &disk.votes[i]), 0);
		s->disk.votes[s->disk.vote_count++] = disk.votes[i];
	}
}

static void answered(struct story *s, char *const *words)
{
	struct vote newest = {0};
	uint32_t peer = (uint32_t)number(s, words[1]);

	if (words[2])
		newest = vote_of(s, words + 2, s->rig.self);
	int rc = consensus_answered(s->rig.c, peer, words[2] ? &newest : NULL);
	ck_assert_int_ge(rc, 0);
	if (rc)
		say(s, "  unknown: its signature is to be checked\n");
}

static void lost(struct story *s, char *const *words)
{
	const struct vote vote = vote_of(s, words + 1, s->rig.self);
	int rc = consensus_lost(s->rig.c, &vote);

	ck_assert_int_ge(rc, 0);
	if (!rc)
		say(s, "  not lost\n");
	else
		s->disk.lost = vote;
}

static void final(struct story *s, char *const *words)
{
	unsigned block = named(s, words[1]);
	struct hash id = rig_id(block);
	struct certificate *certificate = consensus_final(s->rig.c, number(s, words[3]), &id);

	if (!certificate)
		wrong(s, "it is not final");
	say(s, "  past up to view %llu, by %s\n", (unsigned long long)consensus_final_view(s->rig.c),
	    certificate_names[certificate->kind]);
	free(certificate);
	s->disk.final_view = consensus_final_view(s->rig.c);
	s->disk.final_block = block;
}

static void propose(struct story *s, char *const *words)
{
	struct hash id = rig_id(named(s, words[1]));
	struct vote own;
	int rc = consensus_propose(s->rig.c, consensus_view(s->rig.c), &id, &own);

	if (rc)
		say(s, "  refused: unsafe\n");
	ck_assert(rc == 0 || rc == CONSENSUS_E_UNSAFE);
}

static void block(struct story *s, char *const *words)
{
	rig_know(&s->rig, named(s, words[1]), number(s, words[3]), named(s, words[5]),
	         (enum block_check)one_of(s, words[6], check_names, 5));
}

static void certificate(struct story *s, char *const *words)
{
	int kind = one_of(s, words[1], certificate_names, 5);

	rig_certify(&s->rig, (enum certificate_kind)kind, number(s, words[2]), kind == CERT_S ? 0 : named(s, words[3]));
}

/* `words` ends with NULL. */
static void command(struct story *s, char *const *words)
{
	const char *name = word(s, words[0]);

	if (strcmp(name, "committee") == 0) {
		start(s, (uint32_t)number(s, words[1]), (uint32_t)number(s, words[3]));
	} else if (strcmp(name, "recovered") == 0) {
		ck_assert_int_eq(consensus_recovered(s->rig.c), 0);
		s->recovered = true;
	} else if (strcmp(name, "answered") == 0) {
		answered(s, words);
	} else if (strcmp(name, "lost") == 0) {
		lost(s, words);
	} else if (strcmp(name, "block") == 0) {
		block(s, words);
	} else if (strcmp(name, "vote") == 0) {
		const struct vote vote = vote_of(s, words + 2, (uint32_t)number(s, words[1]));
		ck_assert_int_eq(consensus_vote(s->rig.c, &vote), 0);
	} else if (strcmp(name, "certificate") == 0) {
		certificate(s, words);
	} else if (strcmp(name, "propose") == 0) {
		propose(s, words);
	} else if (strcmp(name, "final") == 0) {
		final(s, words);
	} else if (strcmp(name, "time") == 0) {
		rig_time(&s->rig, number(s, word(s, words[1]) + 1));
	} else if (strcmp(name, "work") == 0) {
		s->work = strcmp(word(s, words[1]), "yes") == 0;
	} else if (strcmp(name, "link") == 0) {
		consensus_peer(s->rig.c, (uint32_t)number(s, words[1]), strcmp(word(s, words[2]), "up") == 0);
	} else if (strcmp(name, "disk") == 0) {
		consensus_space(s->rig.c, strcmp(word(s, words[1]), "full") == 0);
	} else if (strcmp(name, "restart") == 0) {
		restart(s);
	} else if (strcmp(name, "backup") == 0) {
		s->backup = s->disk;
	} else if (strcmp(name, "restore") == 0) {
		s->disk = s->backup;
		restart(s);
	} else {
		wrong(s, "no such command");
	}
	if (s->recovered)
		go_over_rules(s);
	else
		carry_out(s);
	say_changes(s);
}

static void line(struct story *s, char *text)
{
	char *words[WORDS_MAX + 1] = {NULL}, *rest = NULL;
	size_t count = 0;

	if (text[0] == ' ')
		return; /* what came of the command, said anew */
	say(s, "%s\n", text);
	if (text[0] < 'a' || text[0] > 'z')
		return;
	for (char *word = strtok_r(text, " ", &rest); word && count < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	if ((strcmp(word(s, words[0]), "committee") == 0) != !s->rig.c)
		wrong(s, "a committee comes first, and once");
	command(s, words);
}

/* ---- files ---- */

static void read_text(const char *path, char *text)
{
	FILE *file = fopen(path, "r");

	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	size_t size = fread(text, 1, TEXT_MAX - 1, file);
	ck_assert(feof(file));
	text[size] = 0;
	fclose(file);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_msg(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s: %s", path, strerror(errno));
}

/* Says the first line that differs. */
static void compare(const char *path, const char *held, const char *said)
{
	unsigned at = 1;

	while (*held && *held == *said) {
		at += *held == '\n';
		held++;
		said++;
	}
	if (*held == *said)
		return;
	while (said[-1] != '\n') {
		held--;
		said--;
	}
	ck_abort_msg("%s:%u: it says \"%.*s\", and the module \"%.*s\"", path, at, (int)strcspn(held, "\n"), held,
	             (int)strcspn(said, "\n"), said);
}

static void replay(const char *path)
{
	static char held[TEXT_MAX], text[TEXT_MAX];
	static struct story s;
	char *rest = text;

	memset(&s, 0, sizeof(s));
	s.file = path;
	named(&s, "genesis");
	read_text(path, held);
	strcpy(text, held);
	while (*rest) {
		char *end = strchr(rest, '\n');
		ck_assert_msg(end, "%s: the last line has no end", path);
		*end = 0;
		s.line++;
		line(&s, rest);
		rest = end + 1;
	}
	if (s.rig.c)
		rig_free(&s.rig);
	if (getenv("UPDATE"))
		write_text(path, s.text);
	else
		compare(path, held, s.text);
}

START_TEST(each_story_goes_as_it_is_told)
{
	struct dirent **entries;
	int count = scandir(TRACES, &entries, NULL, alphasort), stories = 0;

	ck_assert_int_ge(count, 0);
	for (int i = 0; i < count; i++) {
		char path[1024];
		snprintf(path, sizeof(path), "%s/%s", TRACES, entries[i]->d_name);
		if (strstr(entries[i]->d_name, ".txt")) {
			replay(path);
			stories++;
		}
		free(entries[i]);
	}
	free(entries);
	ck_assert_int_ge(stories, 12);
}
END_TEST

UNIT_MAIN("traces", each_story_goes_as_it_is_told)

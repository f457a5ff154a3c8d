/* See remote_signer.h. */
#include "remote_signer.h"
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "command.h"
#include "log.h"
#include "signer_client.h"
#include "uncia/error.h"

#define VOTE_KEY_SIZE (8u + 1 + HASH_SIZE)
#define OLD_RECORD                                                                                                     \
	"%s: the agent's record lacks %llu vote%s of this journal, and has learnt them again. Was an older copy of "   \
	"it put back? It must not be: see \"A sign agent\" in docs/operating.md"

struct remote_signer {
	const struct home *home;
	const char *path;
	struct store *store;
	struct storage_view view;
	struct signer_client *client;
	uint64_t final_view; /* the journal's */
};

/* ---- journal and record -------------------------------------------------------------------- */

static int journal_unreadable(const struct remote_signer *s, int error)
{
	const char *why = *store_damage(s->store) ? store_damage(s->store) : uncia_error_text(error);
	return home_store_failure(s->home, error, why);
}

static int find_final_view(struct remote_signer *s)
{
	struct bytes key, value;
	int error = s->view.journal_last(s->view.context, JOURNAL_FINAL, &key, &value);
	if (error == UNCIA_E_NOT_FOUND)
		return 0;
	if (!error && value.size < 8)
		error = UNCIA_E_DAMAGED;
	if (error)
		return journal_unreadable(s, error);
	s->final_view = be64_get(value.data);
	return 0;
}

static void place_of(const struct vote *vote, uint8_t key[VOTE_KEY_SIZE])
{
	be64_put(key, vote->view);
	key[8] = (uint8_t)vote->kind;
	memcpy(key + 9, vote->block_id.b, HASH_SIZE);
}

/* Why journal and agent cannot go on together. */
static int say_disagreement(const struct remote_signer *s, int error, const char *why)
{
	if (error == UNCIA_E_DAMAGED)
		return command_error(
		    EXIT_MISMATCH,
		    "%s: %s, and data/journal of %s has another one: one of the two is an older copy, or "
		    "another validator's. Do nothing before you know which: see \"A sign agent\" in "
		    "docs/operating.md",
		    s->path, why, s->home->path);
	return command_error(error == UNCIA_E_UNREACHABLE ? EXIT_FAILED : EXIT_MISMATCH, "%s", why);
}

/* The first own vote of the journal at or behind a place, of an open view. Returns 0, UNCIA_E_NOT_FOUND, or as the
 * view.
 */
static int journaled_vote(struct remote_signer *s, const uint8_t place[VOTE_KEY_SIZE], struct vote *vote)
{
	struct bytes key, value;
	int error = s->view.journal_seek(s->view.context, JOURNAL_VOTE, place, VOTE_KEY_SIZE, &key, &value);
	if (!error)
		error = vote_decode(value.data, value.size, vote);
	return error && error != UNCIA_E_NOT_FOUND && error != UNCIA_E_MEMORY && error != UNCIA_E_IO ? UNCIA_E_DAMAGED
	                                                                                             : error;
}

/* The vote of the agent's record behind one; *vote is moved on to it. Returns as signer_client_next; UNCIA_E_PROTOCOL
 * where the agent goes back. */
static int recorded_vote(struct remote_signer *s, struct vote *vote, char why[256])
{
	uint8_t before[VOTE_KEY_SIZE], behind[VOTE_KEY_SIZE];
	struct vote next;
	place_of(vote, before);
	int error = signer_client_next(s->client, vote, &next, why);
	if (error)
		return error;
	next.voter = s->home->self;
	place_of(&next, behind);
	*vote = next;
	if (memcmp(behind, before, VOTE_KEY_SIZE) > 0)
		return 0;
	strcpy(why, "the agent lists its votes out of order");
	return UNCIA_E_PROTOCOL;
}

/* Counts what the record has of open views. */
static int count_recorded(struct remote_signer *s, uint64_t *count)
{
	struct vote vote = {.view = s->final_view + 1};
	char why[256] = "";
	int error;
	*count = 0;
	while ((error = recorded_vote(s, &vote, why)) == 0)
		++*count;
	return error == UNCIA_E_NOT_FOUND ? 0 : say_disagreement(s, error, why);
}

/* Has the agent sign once more what the journal holds: the same bytes, of what its record has. */
static int teach_agent(struct remote_signer *s)
{
	uint8_t place[VOTE_KEY_SIZE] = {0}, signature[SIGNATURE_SIZE];
	char why[256] = "";
	struct vote vote;
	int error;
	be64_put(place, s->final_view + 1);
	while ((error = journaled_vote(s, place, &vote)) == 0) {
		struct statement statement;
		statement_of_vote(&s->home->genesis.network_id, &vote, &statement);
		error = signer_client_sign(s->client, &statement, signature, why);
		if (error)
			return say_disagreement(s, error, why);
		place_of(&vote, place);
		for (size_t i = VOTE_KEY_SIZE; i-- > 0 && !++place[i];)
			;
	}
	return error == UNCIA_E_NOT_FOUND ? 0 : journal_unreadable(s, error);
}

static int journal_vote(struct remote_signer *s, const struct vote *vote)
{
	uint8_t key[VOTE_KEY_SIZE], bytes[256];
	char why[256] = "";
	size_t size;
	place_of(vote, key);
	int error = vote_encode(vote, bytes, &size);
	const struct journal_write write = {
	    .table = JOURNAL_VOTE, .key = key, .key_size = sizeof(key), .value = bytes, .value_size = size};
	if (!error)
		error = journal_commit(s->store, &write, 1, why);
	if (error)
		return command_error(EXIT_FAILED, "%s/data/journal: %s", s->home->path,
		                     *why ? why : uncia_error_text(error));
	log_event(LOG_LEVEL_WARNING, "vote_taken_over", LOG_NUMBER("view", vote->view), LOG_NUMBER("kind", vote->kind));
	return 0;
}

/* A vote that the agent has signed, and that a crash kept from the journal: from now on it is cast. */
static int take_over_vote(struct remote_signer *s, const struct vote *vote)
{
	uint8_t key[VOTE_KEY_SIZE];
	struct statement statement;
	struct bytes value;
	place_of(vote, key);
	int error = s->view.journal_get(s->view.context, JOURNAL_VOTE, key, sizeof(key), &value);
	if (error != UNCIA_E_NOT_FOUND)
		return error ? journal_unreadable(s, error) : 0;
	statement_of_vote(&s->home->genesis.network_id, vote, &statement);
	if (vote->epoch != s->home->genesis.committee.epoch ||
	    !sign_verify_bound(s->home->keys.consensus_public, &statement.digest, vote->signature))
		return command_error(EXIT_MISMATCH, "%s: its record has a vote that this key has not signed", s->path);
	return journal_vote(s, vote);
}

static int take_over(struct remote_signer *s)
{
	struct vote vote = {.view = s->final_view + 1};
	char why[256] = "";
	int code = 0, error;
	while (!code && (error = recorded_vote(s, &vote, why)) == 0)
		code = take_over_vote(s, &vote);
	if (code)
		return code;
	if (error != UNCIA_E_NOT_FOUND)
		return say_disagreement(s, error, why);
	error = store_view_renew_journal(s->store);
	return error ? journal_unreadable(s, error) : 0;
}

/* The agent forgets only what the journal durably knows to be past. */
static int refuse_older_journal(const struct remote_signer *s)
{
	if (signer_client_past(s->client) <= s->final_view)
		return 0;
	return command_error(
	    EXIT_MISMATCH,
	    "%s/data/journal ends with view %llu, and its sign agent was told that all views up to %llu "
	    "are past: the journal is an older copy, which has forgotten votes. Put back the one that is "
	    "as it was when the process last ended; else see \"A lost journal\" in docs/operating.md",
	    s->home->path, (unsigned long long)s->final_view, (unsigned long long)signer_client_past(s->client));
}

static int bring_together(struct remote_signer *s)
{
	uint64_t before = 0, after = 0;
	int code = find_final_view(s);
	if (!code)
		code = refuse_older_journal(s);
	if (!code)
		code = count_recorded(s, &before);
	if (!code)
		code = teach_agent(s);
	if (!code)
		code = count_recorded(s, &after);
	if (!code && after > before)
		command_warning(OLD_RECORD, s->path, (unsigned long long)(after - before),
		                after - before == 1 ? "" : "s");
	return code ? code : take_over(s);
}

/* ---- life, and signing --------------------------------------------------------------------- */

static int link_to_agent(struct remote_signer *s)
{
	struct signer_client_options options = {.path = s->path, .network_id = s->home->genesis.network_id};
	char why[256] = "";
	memcpy(options.consensus_key, s->home->keys.consensus_public, PUBLIC_KEY_SIZE);
	int error = signer_client_new(&options, &s->client, why);
	if (!error)
		return 0;
	if (error == UNCIA_E_UNREACHABLE)
		return command_error(
		    EXIT_FAILED,
		    "%s: the sign agent that unciad.conf names does not answer there: start it with  unciad "
		    "sign-agent",
		    why);
	return command_error(error == UNCIA_E_MEMORY ? EXIT_FAILED : EXIT_MISMATCH, "%s: %s", s->path, why);
}

int remote_signer_begin(const struct home *home, const char *path, struct store *store, struct remote_signer **signer)
{
	struct remote_signer *s = calloc(1, sizeof(*s));
	if (!s)
		return command_error(EXIT_FAILED, "out of memory");
	s->home = home;
	s->path = path;
	s->store = store;
	store_view(store, &s->view);
	int code = link_to_agent(s);
	if (!code)
		code = bring_together(s);
	if (code) {
		remote_signer_end(s);
		return code;
	}
	*signer = s;
	return 0;
}

void remote_signer_end(struct remote_signer *signer)
{
	if (signer)
		signer_client_free(signer->client);
	free(signer);
}

int remote_signer_sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	struct remote_signer *s = context;
	char why[256] = "";
	int error = signer_client_sign(s->client, statement, signature, why);
	if (!error)
		return 0;
	if (statement->kind == STATEMENT_VOTE)
		log_event(LOG_LEVEL_ERROR, "vote_not_signed", LOG_TEXT("why", why));
	else
		log_event(LOG_LEVEL_DEBUG, "expiry_not_signed", LOG_TEXT("why", why));
	return error == UNCIA_E_DAMAGED ? UNCIA_E_DAMAGED : UNCIA_E_IO;
}

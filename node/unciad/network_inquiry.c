/* A second journal under one key forgets what the first has voted, and two votes where one is allowed can split the
 * network. So before one is made, everybody else is asked for votes of the key. See network_inquiry.h. */
#include "network_inquiry.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "node_client.h"
#include "sign.h"
#include "uncia/error.h"

#define ANSWER_TIMEOUT_MS 3000

/* What came of asking them. */
struct answers {
	uint64_t weight; /* of those that have seen nothing of the key */
	uint64_t others; /* of all but this one */
	uint32_t asked, answered;
	char silent[1000]; /* who has not answered, and why not */
};

static bool is_vote_of(const struct home *home, const struct vote *vote)
{
	struct hash digest;
	vote_digest(&home->genesis.network_id, vote->epoch, vote->kind, vote->view, &vote->block_id, &digest);
	return vote->voter == home->self && sign_verify_bound(home->keys.consensus_public, &digest, vote->signature);
}

static int refuse_to_make(const struct home *home, uint32_t validator, const char *what, uint64_t number)
{
	return command_error(EXIT_REFUSED,
	                     "%s: this key has voted before: validator %u holds %s %" PRIu64
	                     ". A second journal could vote "
	                     "again and split the network: none is made. See \"A lost journal\" in docs/operating.md",
	                     home->path, validator, what, number);
}

static void note_silent(struct answers *answers, uint32_t validator, const char *why)
{
	size_t at = strlen(answers->silent);
	snprintf(answers->silent + at, sizeof(answers->silent) - at, "; validator %u: %s", validator, why);
}

/* Why a validator that was asked at this address has not answered. */
static const char *silence_text(int error, int failure)
{
	switch (error) {
	case UNCIA_E_ADDRESS:
		return "the name could not be looked up";
	case UNCIA_E_UNREACHABLE:
		return failure ? strerrordesc_np(failure) : "no connection could be made";
	case UNCIA_E_CLOSED:
		return "the link was closed, or no answer came in time";
	case UNCIA_E_SIGNATURE:
	case UNCIA_E_PROTOCOL:
	case UNCIA_E_ENCODING:
		return "who answers there is not this validator of this network";
	default:
		return uncia_error_text(error);
	}
}

/* One validator that is asked, by a thread of its own: one that does not answer keeps nobody waiting for the others. */
struct asked {
	pthread_t thread;
	bool started;
	struct node_place place;
	struct voted_answer answer;
	int error;
};

static void *ask_one(void *context)
{
	struct asked *asked = context;
	asked->error = node_ask_voted(&asked->place, ANSWER_TIMEOUT_MS, &asked->answer);
	return NULL;
}

/* Its thread has ended. Returns 0 or EXIT_REFUSED. */
static int take_answer(const struct home *home, uint32_t validator, const struct asked *asked, struct answers *answers)
{
	const struct voted_answer *answer = &asked->answer;
	if (asked->error) {
		char address[ENDPOINT_TEXT_SIZE], why[ENDPOINT_TEXT_SIZE + 100];
		endpoint_format(asked->place.endpoint, address);
		snprintf(why, sizeof(why), "%s: %s", address, silence_text(asked->error, answer->failure));
		note_silent(answers, validator, why);
		return 0;
	}
	if (answer->has_vote && is_vote_of(home, &answer->vote))
		return refuse_to_make(home, validator, "its vote in view", answer->vote.view);
	if (answer->proposed_height)
		return refuse_to_make(home, validator, "a final block that it proposed, at height",
		                      answer->proposed_height);
	if (answer->has_vote)
		note_silent(answers, validator, "answers with a vote that is not of this key, which does not count");
	else {
		answers->weight += home->genesis.committee.validators[validator].weight;
		answers->answered++;
	}
	return 0;
}

/* Asks all whose address is given, at the same time, and takes their answers. Returns an exit code. */
static int ask_all(const struct home *home, const struct config *config, struct answers *answers)
{
	const struct committee *c = &home->genesis.committee;
	struct asked *all = calloc(c->size, sizeof(*all));
	int code = 0;
	if (!all)
		return command_error(EXIT_FAILED, "out of memory");
	for (uint32_t i = 0; i < c->size; i++) {
		all[i].place =
		    (struct node_place){&config->peers[i], c->validators[i].network_key, &home->genesis.network_id};
		all[i].error = UNCIA_E_MEMORY;
		memcpy(all[i].answer.consensus_key, home->keys.consensus_public, PUBLIC_KEY_SIZE);
		if (i != home->self && config->peers[i].port)
			all[i].started = !pthread_create(&all[i].thread, NULL, ask_one, &all[i]);
	}
	for (uint32_t i = 0; i < c->size; i++)
		if (all[i].started)
			pthread_join(all[i].thread, NULL);
	for (uint32_t i = 0; i < c->size && !code; i++) {
		if (i == home->self)
			continue;
		answers->asked += config->peers[i].port != 0;
		if (config->peers[i].port)
			code = take_answer(home, i, &all[i], answers);
		else
			note_silent(answers, i, "no --peer says where it is");
	}
	free(all);
	return code;
}

/* Where the others are: as the home's configuration says, if it has one. */
static int find_others(const struct home *home, const struct config *given, struct config *config)
{
	char path[PATH_MAX];
	int code = path_join(home->path, "unciad.conf", path);
	if (code)
		return code;
	*config = *given;
	return path_exists(path) ? home_config(home, config) : 0;
}

void init_warn_unheard(const char *home, const struct network_inquiry *inquiry)
{
	static const char risk[] = "If it has, this second journal can vote again and split the network: then do not "
	                           "start this home, and see \"A lost journal\" in docs/operating.md";
	if (!inquiry->unheard)
		return;
	if (!inquiry->asked)
		command_warning(
		    "%s: nobody was asked whether this key has voted before: %s, and --first-start says that "
		    "no validator of this network has ever run. %s",
		    home, inquiry->needed ? "no --peer says where the others are" : "there is no other validator",
		    risk);
	else
		command_warning("%s: whether this key has voted before is not known: of %" PRIu32
		                " validators that were asked, %" PRIu32 " answered that it has not, of weight %" PRIu64
		                " of %" PRIu64
		                " needed, and --first-start says that no validator of this network has ever run. %s",
		                home, inquiry->asked, inquiry->answered, inquiry->weight, inquiry->needed, risk);
}

int init_ask_network(const struct home *home, void *context)
{
	struct network_inquiry *inquiry = context;
	const struct committee *c = &home->genesis.committee;
	struct answers answers = {.others = c->weight - c->validators[home->self].weight};
	struct config config;
	int code = find_others(home, inquiry->config, &config);
	if (!code)
		code = ask_all(home, &config, &answers);
	uint64_t needed = c->weight - c->faulty;
	if (needed > answers.others)
		needed = answers.others;
	inquiry->asked = answers.asked;
	inquiry->answered = answers.answered;
	inquiry->weight = answers.weight;
	inquiry->needed = needed;
	if (code || (needed && answers.weight >= needed))
		return code;
	inquiry->unheard = inquiry->first_start;
	if (inquiry->unheard)
		return 0;
	if (!needed)
		return command_error(
		    EXIT_UNREACHABLE,
		    "%s: this is the network's only validator, and nobody else can say whether its key has "
		    "voted before. Nothing is made. Where it has never run, add --first-start",
		    home->path);
	return command_error(
	    EXIT_UNREACHABLE,
	    "%s: whether this key has voted before is not known: validators of weight %" PRIu64 " of %" PRIu64
	    " needed have answered that it has not%s. Nothing is made. Where the network is only being set "
	    "up, and no validator of it has ever run, add --first-start",
	    home->path, answers.weight, needed, answers.silent);
}

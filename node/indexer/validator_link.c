/* One validator after the other is asked; the one that answered last is asked first the next time. */
#include "validator_link.h"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "clocks.h"
#include "node_client.h"
#include "uncia/error.h"

#define ASK_ALL_MS 3000u
#define ASK_ONE_MS 1500u
#define ASKING_MAX 2u /* questions at a time: each has a thread of those that answer requests */

struct validator_link {
	const struct known_network *known;
	pthread_mutex_t lock;
	uint32_t first;  /* whom to ask first */
	uint32_t asking; /* questions under way */
};

struct validator_link *validator_link_new(const struct known_network *known)
{
	struct validator_link *link = NULL;

	for (uint32_t i = 0; i < known->genesis.committee.size && !link; i++)
		if (known->endpoints[i].host[0])
			link = calloc(1, sizeof(*link));
	if (link) {
		link->known = known;
		pthread_mutex_init(&link->lock, NULL);
	}
	return link;
}

void validator_link_free(struct validator_link *link)
{
	if (link)
		pthread_mutex_destroy(&link->lock);
	free(link);
}

/* A proof whose every part holds, of this very entry. */
static int ask_validator(const struct validator_link *link, uint32_t index, int timeout_ms, struct entry_answer *answer,
                         const struct entry_id *id)
{
	const struct genesis *genesis = &link->known->genesis;
	const struct node_place place = {&link->known->endpoints[index],
	                                 genesis->committee.validators[index].network_key, &genesis->network_id};
	struct entry_proof_answer proof = {.id = *id};

	int error = node_ask_entry(&place, timeout_ms, &proof);
	if (error || proof.none)
		return error ? error : UNCIA_E_NOT_FOUND;
	error = entry_proof_verify(&genesis->committee, &genesis->network_id, id, proof.proof, proof.proof_size,
	                           &answer->state);
	if (error) {
		free(proof.proof);
		return error;
	}
	answer->proof = proof.proof;
	answer->proof_size = proof.proof_size;
	return 0;
}

/* Whom to ask first; false: too many ask. */
static bool ask_begin(struct validator_link *link, uint32_t *first)
{
	pthread_mutex_lock(&link->lock);
	bool room = link->asking < ASKING_MAX;
	link->asking += room;
	*first = link->first;
	pthread_mutex_unlock(&link->lock);
	return room;
}

static void ask_end(struct validator_link *link, uint32_t last)
{
	pthread_mutex_lock(&link->lock);
	link->asking--;
	link->first = last;
	pthread_mutex_unlock(&link->lock);
}

int validator_ask_entry(struct validator_link *link, const struct entry_id *id, struct entry_answer *answer,
                        char why[VALIDATOR_WHY_SIZE])
{
	uint64_t deadline = clocks_monotonic_ms() + ASK_ALL_MS;
	uint32_t first, size = link->known->genesis.committee.size, asked = 0;
	int error = UNCIA_E_UNREACHABLE;

	assert(size);
	if (!ask_begin(link, &first)) {
		snprintf(why, VALIDATOR_WHY_SIZE, "others ask already; ask again in a second");
		return UNCIA_E_BUSY;
	}
	for (uint32_t i = 0; i < size && error && error != UNCIA_E_NOT_FOUND; i++) {
		uint64_t now = clocks_monotonic_ms();
		asked = (first + i) % size;
		if (!link->known->endpoints[asked].host[0])
			continue;
		if (now >= deadline)
			break;
		uint64_t left = deadline - now;
		error = ask_validator(link, asked, (int)(left < ASK_ONE_MS ? left : ASK_ONE_MS), answer, id);
		if (error)
			snprintf(why, VALIDATOR_WHY_SIZE, "validator %u: %s", asked, uncia_error_text(error));
	}
	ask_end(link, error ? (asked + 1) % size : asked);
	return error;
}

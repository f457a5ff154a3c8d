/* unciad peers: the links of a running validator to the others, as it has them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "clocks.h"
#include "command.h"
#include "control_client.h"
#include "peers.h"

#define ANSWER_WITHIN_MS 5000

static const struct poptOption options[] = {OPTIONS_HOME, OPTIONS_JSON, OPTIONS_COMMON};

/* A text of the answer: what would disturb a terminal or JSON becomes '?'. */
static void peer_text(const ProtobufCBinaryData *field, char text[320])
{
	size_t size = field->len < 319 ? field->len : 319;
	for (size_t i = 0; i < size; i++)
		text[i] = field->data[i] >= ' ' && field->data[i] <= '~' ? (char)field->data[i] : '?';
	text[size] = '\0';
}

static const char *peer_state_name(uint32_t state)
{
	static const char *const names[] = {[PEER_DOWN] = "down", [PEER_DIALLING] = "dialling", [PEER_UP] = "up"};
	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

static json_t *peer_json(const Uncia__Pb__ControlPeer *p)
{
	char key[2 * 32 + 1] = "", address[320], error[320];
	if (p->network_key.len == 32)
		hex_format(p->network_key.data, 32, key);
	peer_text(&p->address, address);
	peer_text(&p->error, error);
	json_t *object = json_pack("{s:I,s:s,s:s,s:b,s:s,s:I,s:I}", "validator", (json_int_t)p->validator, "key", key,
	                           "state", peer_state_name(p->state), "dialled", (int)p->dialled, "address", address,
	                           "queued", (json_int_t)p->queued, "height", (json_int_t)p->final_height);
	bool failed = !object;
	if (!failed && p->state == PEER_UP)
		failed = json_object_set_new(object, "linked_ms", json_integer((json_int_t)p->linked_ms));
	if (!failed && *error)
		failed = json_object_set_new(object, "error", json_string(error)) ||
		         json_object_set_new(object, "error_ms", json_integer((json_int_t)p->error_ms));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static int peers_print_json(const Uncia__Pb__ControlPeers *answer)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < answer->n_peers; i++) {
		if (json_array_append_new(list, peer_json(answer->peers[i]))) {
			json_decref(list);
			list = NULL;
		}
	}
	/* An observer has no number. */
	json_t *self = answer->self == NOT_A_MEMBER ? json_null() : json_integer(answer->self);
	return command_print_json(json_pack("{s:i,s:o,s:I,s:o}", "v", 1, "self", self, "height",
	                                    (json_int_t)answer->final_height, "peers", list));
}

static void print_peer(const Uncia__Pb__ControlPeer *p)
{
	char key[2 * 4 + 1] = "", address[320], error[320], since[CLOCKS_AGE_SIZE] = "-", ago[CLOCKS_AGE_SIZE];
	if (p->network_key.len == 32)
		hex_format(p->network_key.data, 4, key);
	peer_text(&p->address, address);
	peer_text(&p->error, error);
	if (p->state == PEER_UP)
		clocks_age_format(p->linked_ms, since);
	clocks_age_format(p->error_ms, ago);
	printf("%9" PRIu32 "  %-8s  %-8s  %-3s  %-14s  %9" PRIu64 "  %9" PRIu64 "  %s", p->validator, key,
	       peer_state_name(p->state), p->dialled ? "out" : "in", since, p->queued, p->final_height,
	       *address ? address : "-");
	if (*error)
		printf("  (%s, %s ago)", error, ago);
	putchar('\n');
}

static int peers_print(const Uncia__Pb__ControlPeers *answer)
{
	if (answer->self == NOT_A_MEMBER)
		printf("observer, final height %" PRIu64 "\n\n", answer->final_height);
	else
		printf("validator %" PRIu32 ", final height %" PRIu64 "\n\n", answer->self, answer->final_height);
	printf("validator  key       state     way  linked for      waiting B     height  address  (last error)\n");
	for (size_t i = 0; i < answer->n_peers; i++)
		print_peer(answer->peers[i]);
	return command_flush();
}

static int peers_ask(const char *home, bool json)
{
	Uncia__Pb__ControlRequest request = UNCIA__PB__CONTROL_REQUEST__INIT;
	Uncia__Pb__ControlPeersQuery query = UNCIA__PB__CONTROL_PEERS_QUERY__INIT;
	struct control_link link;
	request.kind_case = UNCIA__PB__CONTROL_REQUEST__KIND_PEERS;
	request.peers = &query;
	int code = control_dial(home, &link);
	if (!code)
		code = control_send(&link, &request);
	if (!code)
		code = control_receive(&link, ANSWER_WITHIN_MS);
	if (!code && link.reply->kind_case != UNCIA__PB__CONTROL_REPLY__KIND_PEERS)
		code = command_error(EXIT_FAILED, "%s/control: the answer is to another question", home);
	if (!code)
		code = json ? peers_print_json(link.reply->peers) : peers_print(link.reply->peers);
	control_hang_up(&link);
	return code;
}

static int peers_run(struct arguments *arguments)
{
	const char *path;
	bool json;
	struct home home;
	int code = arguments_home(arguments, &path, &json);
	if (!code)
		code = home_open(path, &home);
	if (code)
		return code;
	code = peers_ask(path, json);
	home_close(&home);
	return code;
}

const struct command command_peers = {
    .name = "peers",
    .summary = "show a running validator's links to the others",
    .description =
        "Asks the validator that runs in HOME, over HOME/control, for its link to each of the others: number and\n"
        "network key, whether it is up and which side dials, for how long, bytes that wait for it, the final height\n"
        "that it last told, its address, and why the last link ended or could not be made.\n"
        "Exit code 6 where no validator runs there, or it does not answer.",
    .options = options,
    .run = peers_run,
};

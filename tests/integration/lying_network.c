/* Four validators that answer a wallet's questions as they are told: real keys and links, real or false proofs.
 *
 *	lying_network FILE [honest|silent|false|garbage|forgets|expires]…
 *
 * writes the network file of a network in which the wallet of FAKE_WORDS has 100, says "ready", and serves. The last
 * word holds for those that are left. Where one forgets, the proved account knows of no payment: another chain's;
 * where it expires, all that is paid does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <check.h>
#include "fake_network.h"

static enum behaviour behaviour_of(const char *word)
{
	return strcmp(word, "silent") == 0    ? SILENT
	       : strcmp(word, "false") == 0   ? FALSE_BALANCE
	       : strcmp(word, "garbage") == 0 ? GARBAGE
	                                      : HONEST;
}

static char **words;
static int word_count;

/* Within a test of Check's, since fake_network.c asserts by its means. */
START_TEST(serve)
{
	struct memory_host host;
	struct fake_network net;
	memory_host_init(&host);
	fake_network_init(&net, &host, 4);
	fake_network_listen(&net);
	net.finalise = net.elsewhere = true;
	for (int i = 0; i < 4; i++)
		net.nodes[i].behaviour = behaviour_of(words[2 + (i < word_count - 3 ? i : word_count - 3)]);
	bool forgets = strcmp(words[2], "forgets") == 0;
	net.expire = strcmp(words[2], "expires") == 0;
	char *text = fake_network_text(&net);
	FILE *file = fopen(words[1], "w");
	ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
	free(text);
	puts("ready");
	fflush(stdout);
	for (;;) {
		fake_network_serve(&net);
		if (forgets)
			net.payments = 0;
		usleep(1000);
	}
}
END_TEST

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	words = argv;
	word_count = argc;
	Suite *suite = suite_create("lying_network");
	TCase *tests = tcase_create("serve");
	tcase_add_test(tests, serve);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	return 1;
}

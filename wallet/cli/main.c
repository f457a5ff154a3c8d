/* uncia: the wallet's command. The table of its verbs, and one call of one of them. */
#include <sys/resource.h>
#include "verbs.h"

const struct verb *const verbs[] = {&verb_init,           &verb_restore,      &verb_address,
                                    &verb_balance,        &verb_send,         &verb_status,
                                    &verb_wait,           &verb_history,      &verb_receipt_export,
                                    &verb_receipt_verify, &verb_request,      &verb_contact_add,
                                    &verb_contact_list,   &verb_contact_show, &verb_contact_remove,
                                    &verb_completion,     &verb_version,      NULL};

int main(int argc, const char **argv)
{
	struct arguments arguments;
	/* A crash must not leave words or a passphrase in a file. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = 0});
	int code = cli_arguments_init(&arguments, argc, argv);
	if (!code && arguments.call.verb)
		code = arguments.call.verb->run(&arguments.call);
	cli_arguments_deinit(&arguments);
	return code;
}

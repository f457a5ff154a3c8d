/* uncia: the wallet's command. The table of its verbs, and one call of one of them. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "verbs.h"

const struct verb *const verbs[] = {&verb_init,           &verb_restore,
                                    &verb_address,        &verb_balance,
                                    &verb_send,           &verb_status,
                                    &verb_wait,           &verb_history,
                                    &verb_watch,          &verb_receipt_export,
                                    &verb_receipt_verify, &verb_request,
                                    &verb_request_check,  &verb_notice,
                                    &verb_notice_check,   &verb_claim_new,
                                    &verb_claim_show,     &verb_claim_take,
                                    &verb_claim_cancel,   &verb_claim_list,
                                    &verb_hold_key,       &verb_hold_open,
                                    &verb_hold_take,      &verb_hold_return,
                                    &verb_hold_list,      &verb_contact_add,
                                    &verb_contact_list,   &verb_contact_show,
                                    &verb_contact_remove, &verb_contact_export,
                                    &verb_contact_read,   &verb_contact_code,
                                    &verb_contact_pin,    &verb_contact_pins,
                                    &verb_contact_unpin,  &verb_completion,
                                    &verb_version,        NULL};

/* Where a standard stream is closed, the next file that is opened takes its number: a message would be written into the
 * wallet's storage, or to a validator. So each closed one is opened on /dev/null, for reading only, so that output that
 * is lost is noticed. */
static bool keep_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			return false;
	return true;
}

int main(int argc, const char **argv)
{
	struct arguments arguments;
	if (!keep_standard_streams())
		return EXIT_FAILED;
	cli_begin(argc, argv);
	/* A crash must not leave words or a passphrase in a file. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = 0});
	int code = cli_arguments_init(&arguments, argc, argv);
	if (!code && arguments.call.verb)
		code = arguments.call.verb->run(&arguments.call);
	cli_end(code);
	cli_arguments_deinit(&arguments);
	return code;
}

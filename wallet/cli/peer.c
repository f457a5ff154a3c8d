/* See peer.h. */
#include "peer.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "payee.h"

int handle_read(const struct call *call, const char *handle, struct uncia_peer *peer)
{
	*peer = (struct uncia_peer){.size = sizeof(*peer),
	                            .own = call->value[OPTION_OWN],
	                            .handle = handle,
	                            .login = call->value[OPTION_LOGIN]};
	if (!peer->own)
		return cli_complain_usage(call, "--own is missing: who you are in the chat in which %s is that",
		                          handle);
	return 0;
}

int sent_by_read(const struct call *call, const struct session *session, struct sent_by *from)
{
	const char *text = call->value[OPTION_FROM];
	struct uncia_address address;
	*from = (struct sent_by){.peer = {.size = sizeof(from->peer)}};
	if (!text || !*text)
		return cli_complain_usage(call, "--from is missing: who has sent it, as a handle (with --own), a "
		                                "contact as @NAME, or an address");
	if (*text != '@' && strchr(text, ':') && uncia_address_parse(text, &address))
		return handle_read(call, text, &from->peer);
	from->peer.account = from->address;
	return *text == '@' ? contact_read(session, text, from->address) : address_read(call, text, from->address);
}

int pasted_read(const char *operand, char text[PASTED_SIZE])
{
	size_t size = strlen(operand);
	if (strcmp(operand, "-") != 0) {
		if (size >= PASTED_SIZE)
			return cli_complain(EXIT_MISMATCH, "the text is too long");
		strcpy(text, operand);
		return 0;
	}
	size = fread(text, 1, PASTED_SIZE, stdin);
	if (ferror(stdin))
		return cli_complain(EXIT_FAILED, "standard input: %s", strerror(errno));
	if (size == PASTED_SIZE || memchr(text, '\0', size))
		return cli_complain(EXIT_MISMATCH, "standard input: %s",
		                    size == PASTED_SIZE ? "the text is too long" : "not text in UTF-8");
	text[size] = '\0';
	return 0;
}

/* See answers.h. */
#include "answers.h"

Uncia__Pb__NodeReply *reply_to(struct network *n, uint64_t wallet)
{
	Uncia__Pb__NodeReply *reply = NULL;
	size_t count;
	const struct reply *replies = network_replies(n, &count);

	while (count-- > 0 && replies[count].wallet != wallet)
		;
	if (count != SIZE_MAX)
		reply = uncia__pb__node_reply__unpack(NULL, replies[count].size, replies[count].message);
	return reply;
}

size_t replies_to(struct network *n, uint64_t wallet)
{
	size_t count, found = 0;
	const struct reply *replies = network_replies(n, &count);

	for (size_t i = 0; i < count; i++)
		found += replies[i].wallet == wallet;
	return found;
}

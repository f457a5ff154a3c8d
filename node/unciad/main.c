/* unciad: the validator's command. */
#include <stdio.h>

int main(void)
{
	puts("unciad " UNCIA_VERSION);
	return 0;
}

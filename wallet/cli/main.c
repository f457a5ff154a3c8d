/* uncia: the wallet's command. */
#include <stdio.h>

int main(void)
{
	puts("uncia " UNCIA_VERSION);
	return 0;
}

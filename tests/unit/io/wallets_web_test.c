/* All that wallets_test asks for, of wallets that come by WebSocket: the same places, limits and times. */
#define CLIENTS_BY_WEB true
#include "wallets_test.c"

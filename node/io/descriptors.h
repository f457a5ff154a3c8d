/* File descriptors, as far as the system gives them. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H
#include <stdint.h>

/* faults 16: bounds the number of wallets by the file descriptors that so many others leave, having raised the process'
 * limit as far as it goes. Returns how many of the wanted wallets fit, at least one; fewer are told in the log. */
uint32_t descriptors_fit(uint32_t wanted, uint32_t others);

#endif

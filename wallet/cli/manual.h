/* The manual page, made from the table of verbs. */
#ifndef MANUAL_H
#define MANUAL_H

/* Prints its source in the format of scdoc. */
void manual_print(void);

#endif

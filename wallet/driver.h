/* Driving over TCP. */
#ifndef DRIVER_H
#define DRIVER_H

struct driver;

/* Closes all sockets. NULL is fine. */
void driver_free(struct driver *driver);

#endif

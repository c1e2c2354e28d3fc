/* streams.h: standard input, output and error of kefud and kefuctl, as whoever started them left them. */
#ifndef KF_STREAMS_H
#define KF_STREAMS_H

#include <stdbool.h>

/* What was closed leads to /dev/null from here on. Else the next file, socket or database would get its number, and be written to by
 * whatever speaks to people. The first thing that a program does; false: there is no /dev/null. */
bool streams_open(void);

/* Whether all that was printed has got to where it goes. False, once told on standard error: a disk is full, or nobody takes it. */
bool streams_written(const char *program);

#endif

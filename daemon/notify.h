/* notify.h: telling systemd how we are: datagrams to $NOTIFY_SOCKET. Does nothing where there is none. */
#ifndef KF_NOTIFY_H
#define KF_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status); /* "READY=1", and words for `systemctl status` */
void notify_status(const char *status);
void notify_reloading(void); /* followed by notify_ready() */
void notify_stopping(void);
void notify_watchdog(void);
/* How often to call it, in ms: half of what the unit's WatchdogSec asks of this process. 0: not wanted. */
int64_t notify_watchdog_ms(void);

#endif

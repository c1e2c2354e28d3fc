/* lock.h: a state directory belongs to one process: kefud, or a kefuctl that opens the store itself. */
#ifndef KF_LOCK_H
#define KF_LOCK_H

#include "core/rc.h"

/* Makes the directory if there is none (0700) and locks DIR/lock, which then holds our process id. The lock ends with the process or
 * with close(*fd). KF_CONFLICT: another process has it; `why` names it. */
enum kf_rc state_lock(const char *dir, int *fd, struct kf_err *why);

#endif

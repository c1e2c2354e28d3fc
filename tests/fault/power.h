/* power.h: campaign F4: the power fails. A shim inside of kefud (preload/powerless.c) keeps a copy of what was forced to the disk;
 * after a kill -9 that copy takes the place of the files, and of what was written besides, a random part. */
#ifndef KF_TESTS_FAULT_POWER_H
#define KF_TESTS_FAULT_POWER_H

#include "fault/chance.h"
#include "support/daemon.h"

/* For daemons that are started from now on: their copies lie in `dir`, which is made. */
void power_on(const char *dir);
void power_off(void);
void power_forget(const char *dir); /* removes the copies */
struct power_loss {
    int64_t blocks; /* that differed: written, and not forced */
    int64_t kept;   /* of them, those that chance has let through */
};
/* The daemon is dead: makes of its state directory what the disk would hold. */
void power_fail(const char *dir, const char *state, struct chance *chance, struct power_loss *ret);

#endif

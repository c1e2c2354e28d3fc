/* disk.h: campaign F5: the disk is full, and then it is not. Needs the right to mount a small file system of its own. */
#ifndef KF_TESTS_FAULT_DISK_H
#define KF_TESTS_FAULT_DISK_H

#include "fault/crowd.h"

struct disk_plan {
    uint64_t seed;
    int rounds;
};

struct disk_result {
    struct verdict verdict;
    struct platform_verdict platform;
    int put_off;       /* sends that were answered with `unavailable` */
    int hooks_refused; /* webhooks that were answered with 503 */
    int not_ready;     /* rounds in which /readyz said 503 */
    int healed_max_ms; /* from when there was room until something was acknowledged again */
    int ready_max_ms;  /* until /readyz said 200 */
};

/* What a run that has failed may have left mounted. */
void disk_release(void);
/* False: this process may not mount anything here; nothing was tried. */
bool disk_campaign(const struct disk_plan *plan, struct disk_result *ret);

#endif

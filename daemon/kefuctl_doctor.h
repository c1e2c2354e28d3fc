/* kefuctl_doctor.h: what doctor looks at. Each look says what it found, and what to do about it. */
#ifndef KF_KEFUCTL_DOCTOR_H
#define KF_KEFUCTL_DOCTOR_H

#include "kefuctl.h"

enum finding { FINDING_OK, FINDING_NOTE, FINDING_WARNING, FINDING_ERROR };

struct doctor {
    struct ctl *ctl;
    bool running;   /* kefud has the state directory */
    json_t *status; /* what it says of itself, NULL */
    int found[4];   /* how many of each */
};

/* `advice` NULL: nothing to do. */
void doctor_say(struct doctor *d, enum finding kind, const char *what, const char *advice, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

void doctor_redis(struct doctor *d);
void doctor_tls(struct doctor *d);
void doctor_ports(struct doctor *d);
void doctor_proxy(struct doctor *d);

#endif

/* watch.h: what was heard of each channel lately, for whoever sets it up; and a try of it. */
#ifndef KF_DESK_WATCH_H
#define KF_DESK_WATCH_H

#include "desk/inner.h"

struct received;

/* A webhook was answered. `rc`: of receive(). Bounded, on this node only, never a word of what it said. */
void watch_hook(struct desk *d, const struct kf_key *site, const struct kf_key *channel, enum kf_rc rc, const struct received *r,
                int status);
void watch_free(struct desk *d);

#endif

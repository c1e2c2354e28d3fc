/* reveals.h: requests to see what is masked in a transcript. */
#ifndef KF_API_REVEALS_H
#define KF_API_REVEALS_H

#include "api/api.h"

/* Is it granted, and not over? `r` NULL: nothing was asked for. */
bool reveal_holds(const struct stored_reveal *r, int64_t now);
/* May `m` decide what that one has asked for? Nobody decides for himself. */
bool reveal_grants(const struct member *m, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *asker);

#endif

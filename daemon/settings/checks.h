/* checks.h: machine checks as people write them. */
#ifndef KF_SETTINGS_CHECKS_H
#define KF_SETTINGS_CHECKS_H

#include "core/check.h"
#include "settings/keys.h"

/* A document of the kind check. `body` is its text; all that the check points to is the arena's. */
enum kf_rc check_parse(struct slice body, const struct kf_key *key, int64_t version, struct arena *arena, struct check *ret,
                       struct kf_err *why);

#endif

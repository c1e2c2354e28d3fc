#include "core/rc.h"

#include <stdarg.h>
#include <stdio.h>

enum kf_rc kf_fail(struct kf_err *why, enum kf_rc rc, const char *fmt, ...)
{
    va_list ap;

    if (!why)
        return rc;
    why->rc = rc;
    va_start(ap, fmt);
    (void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
    va_end(ap);
    return rc;
}

const char *kf_rc_name(enum kf_rc rc)
{
    static const char *const names[] = {
        [KF_OK] = "ok",
        [KF_AGAIN] = "again",
        [KF_AUTH] = "auth",
        [KF_DENIED] = "denied",
        [KF_ABSENT] = "absent",
        [KF_REJECTED] = "rejected",
        [KF_INVALID] = "invalid",
        [KF_UNSUPPORTED] = "unsupported",
        [KF_CONFLICT] = "conflict",
        [KF_LIMIT] = "limit",
        [KF_RATE] = "rate",
        [KF_NOMEM] = "nomem",
        [KF_IO] = "io",
    };

    return (unsigned)rc < sizeof(names) / sizeof(names[0]) ? names[rc] : "?";
}

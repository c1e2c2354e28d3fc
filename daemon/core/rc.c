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

const char *kf_words(enum kf_rc rc, const struct kf_err *why)
{
    static const char *const plain[] = {
        [KF_OK] = "done",
        [KF_AGAIN] = "not possible at the moment: nothing was acknowledged; try again soon",
        [KF_AUTH] = "sign in first",
        [KF_DENIED] = "you may not do this",
        [KF_ABSENT] = "there is no such thing",
        [KF_REJECTED] = "this was refused for good",
        [KF_INVALID] = "something in it is not as it should be",
        [KF_UNSUPPORTED] = "this is not possible here",
        [KF_CONFLICT] = "somebody was faster: look at it again",
        [KF_LIMIT] = "this is too large",
        [KF_RATE] = "too fast: wait a moment",
        [KF_NOMEM] = "the server has no memory for this now: nothing was acknowledged; try again soon",
        [KF_IO] = "the server is in trouble and has written down why: nothing was acknowledged; try again later",
    };

    if (why && *why->text && rc != KF_NOMEM && rc != KF_IO)
        return why->text;
    return (unsigned)rc < sizeof(plain) / sizeof(plain[0]) ? plain[rc] : "this did not work";
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

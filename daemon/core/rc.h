/* rc.h: what a call says to its caller.
 *
 * The code tells the caller what to do next; `struct kf_err` carries the words for a person.
 * Who fails writes the words, who gives up logs them, once. */
#ifndef KF_CORE_RC_H
#define KF_CORE_RC_H

#include <stdint.h>

enum kf_rc {
    KF_OK = 0,
    KF_AGAIN,       /* not now: the same call later may succeed (see retry_after_ms) */
    KF_AUTH,        /* not known, or no longer: sign in or renew, then once more */
    KF_DENIED,      /* known, but may not */
    KF_ABSENT,      /* there is no such thing, or the caller may not know of it */
    KF_REJECTED,    /* the other side refuses for good */
    KF_INVALID,     /* malformed */
    KF_UNSUPPORTED, /* well formed, but not something we do */
    KF_CONFLICT,    /* somebody was faster, or the same key came with other content */
    KF_LIMIT,       /* over a bound of size */
    KF_RATE,        /* over a bound of rate (see retry_after_ms) */
    KF_NOMEM,       /* the trouble is ours: memory */
    KF_IO           /* the trouble is ours: disk, network, a broken peer */
};

/* The words of a failure. Zero-initialise; every function that takes one accepts NULL. */
struct kf_err {
    enum kf_rc rc;
    int32_t retry_after_ms; /* 0: unknown */
    char field[48];         /* of a document or a form: the member that is wrong, "when.position_max"; "" unknown */
    char text[240];
    const char *wording; /* of a visitor's mistake: the key of what the site says to it, in the visitor's language; NULL nothing */
};

/* Fills `why` (may be NULL) and returns `rc`, so that `return kf_fail(why, KF_INVALID, "…")` reads well. */
enum kf_rc kf_fail(struct kf_err *why, enum kf_rc rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What a person is told of it: the words of `why` (may be NULL), but never those of a database or of our own house. */
const char *kf_words(enum kf_rc rc, const struct kf_err *why);

/* The word for logs: "again", "conflict" ... */
const char *kf_rc_name(enum kf_rc rc);

#endif

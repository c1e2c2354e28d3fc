/* slice.h: bytes that belong to somebody else. Not terminated, may hold NUL, may be invalid UTF-8. */
#ifndef KF_CORE_SLICE_H
#define KF_CORE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *p;
    size_t n;
};

/* A literal: SLICE("text"). */
#define SLICE(lit) ((struct slice){ "" lit, sizeof(lit) - 1 })

/* A C string, NULL becomes empty. */
static inline struct slice slice_of(const char *s)
{
    return (struct slice){ s ? s : "", s ? strlen(s) : 0 };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice a, const char *s)
{
    return slice_eq(a, slice_of(s));
}

static inline bool slice_starts(struct slice a, const char *prefix)
{
    size_t n = strlen(prefix);

    return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

#endif

/* site.h: a site that is put together of a few documents. */
#ifndef KF_TESTS_UNIT_SITE_H
#define KF_TESTS_UNIT_SITE_H

#include "tests/unit/unit.h"

#include "settings/site.h"

/* The one document that no site is without. */
#define SITE_DOC                                             \
    {                                                        \
        KEY("site"), KEY("site"), 1, "{\"name\":\"小店\"}" \
    }

static inline struct site *build(const struct document *docs, size_t n)
{
    struct kf_err why = { 0 };
    struct site *s = NULL;

    if (site_build(&s, &KEY("shop"), docs, n, &why))
        fail_msg("%s", why.text);
    return s;
}

#endif

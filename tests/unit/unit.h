/* unit.h: what every unit test needs. */
#ifndef KF_TESTS_UNIT_H
#define KF_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/id.h"

#include <stdio.h>

/* Rows are written as defaults that they override. */
#pragma GCC diagnostic ignored "-Woverride-init"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Woverride-init-side-effects"
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* An id that differs from others by its number. */
#define ID(n)     ((struct kf_id){ { [15] = (n) } })
#define KEY(text) ((struct kf_key){ text })

/* Fails with the row's name, so that a table tells which of its rows is wrong. */
#define row_int_equal(row, is, want)                                      \
    do {                                                                  \
        long long is_ = (long long)(is), want_ = (long long)(want);       \
        if (is_ != want_)                                                 \
            fail_msg("%s: %s is %lld, not %lld", (row), #is, is_, want_); \
    } while (0)

#define row_string_equal(row, is, want)                                       \
    do {                                                                      \
        const char *is_ = (is), *want_ = (want);                              \
        if (strcmp(is_, want_) != 0)                                          \
            fail_msg("%s: %s is \"%s\", not \"%s\"", (row), #is, is_, want_); \
    } while (0)

#endif

/* failing_page.h: what preload/failing.c shall let fail: the file that KEFUD_FAILING names, mapped by kefud and by the test. */
#ifndef KF_TESTS_FAULT_FAILING_PAGE_H
#define KF_TESTS_FAULT_FAILING_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

enum failing_kind { FAILING_MEMORY, FAILING_WRITE, FAILING_FULL, FAILING_SHORT, FAILING_SYNC, FAILING_READ, FAILING_KINDS };

#define FAILING_DEPTH 32

struct failing_page {
    _Atomic int64_t countdown; /* the call of `kind` that brings it to 0 fails; at or below 0 none does */
    _Atomic int64_t failed;    /* calls in all */
    _Atomic int kind;
    _Atomic int depth;
    void *where[FAILING_DEPTH]; /* who asked for the allocation that failed last */
};

#endif

/* frame.h: frames that a browser sends, and what becomes of them. */
#ifndef KF_TESTS_UNIT_FRAME_H
#define KF_TESTS_UNIT_FRAME_H

#include "protocols/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define V             FRAME_VISITOR
#define S             FRAME_STAFF

#define CONV          "01936b2e-0000-7000-8000-000000000001"
#define FILE_ID       "01936b2e-0000-7000-8000-0000000000f1"
#define HASH          "0123456789abcdef0123456789abcdef0123456789ABCDEF0123456789abcdef"

#define IN_CONV       "\"conversation\":\"" CONV "\",\"cid\":\"1\""

#define CARD(members) "{\"type\":\"message\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"kind\":\"card\"," members "}"

static const struct frame_limits limits = { .text_max = 4096 };

struct turn {
    struct arena *arena;
    struct inbound in;
    struct kf_err why;
};

/* end() frees what it has taken. */
static inline enum kf_rc decode(struct turn *t, enum frame_side side, struct slice text)
{
    t->arena = arena_new(1u << 20);
    assert_non_null(t->arena);
    t->why = (struct kf_err){ .rc = KF_OK };
    return frame_decode(t->arena, side, &limits, text, &t->in, &t->why);
}

static inline void end(struct turn *t)
{
    arena_free(t->arena);
}

static inline void expect_ok(struct turn *t, enum frame_side side, const char *text)
{
    enum kf_rc rc = decode(t, side, slice_of(text));

    if (rc)
        fail_msg("%s: %s", text, t->why.text);
}

static inline void expect_slice(struct slice s, const char *want)
{
    assert_int_equal(s.n, strlen(want));
    assert_memory_equal(s.p, want, s.n);
}

#endif

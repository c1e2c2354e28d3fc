#include "core/change.h"

#include <stdarg.h>
#include <stdio.h>

/* A change may hold a message of 4,096 code points, its extras and a profile; nobody needs a megabyte. */
#define CHANGE_MAX   (4u << 20)
#define SETTINGS_MAX (64u << 20) /* a whole site's */

static struct change *change_of(const struct kf_key *site, int64_t now_ms, size_t max)
{
    struct arena *arena = arena_new(max);
    struct change *c = arena ? ARENA_NEW(arena, struct change) : NULL;

    if (!c) {
        arena_free(arena);
        return NULL;
    }
    c->arena = arena;
    if (site)
        c->site = *site;
    c->at = now_ms;
    c->epoch = -1;
    c->by = (struct actor){ .role = ROLE_SYSTEM, .name = "" };
    return c;
}

struct change *change_new(const struct kf_key *site, int64_t now_ms)
{
    return change_of(site, now_ms, CHANGE_MAX);
}

struct change *change_new_settings(const struct kf_key *site, int64_t now_ms)
{
    return change_of(site, now_ms, SETTINGS_MAX);
}

void change_free(struct change *c)
{
    if (c)
        arena_free(c->arena);
}

struct act *change_act(struct change *c, enum act_kind kind)
{
    static _Thread_local struct act scratch;

    if (c->n_acts == c->cap_acts) {
        size_t cap = c->cap_acts ? 2 * c->cap_acts : 4;
        struct act *more = arena_array(c->arena, cap, sizeof(*more));

        if (!more) {
            c->failed = true;
            scratch = (struct act){ .kind = kind };
            return &scratch;
        }
        if (c->n_acts)
            memcpy(more, c->acts, c->n_acts * sizeof(*more));
        c->acts = more;
        c->cap_acts = cap;
    }
    c->acts[c->n_acts].kind = kind;
    return &c->acts[c->n_acts++];
}

struct member *change_member(struct change *c)
{
    static _Thread_local struct member scratch;
    struct member *m = ARENA_NEW(c->arena, struct member);

    if (!m) {
        c->failed = true;
        scratch = (struct member){ .capacity = 0 };
        return &scratch;
    }
    change_act(c, ACT_MEMBER)->u.member = m;
    return m;
}

const char *change_text(struct change *c, struct slice s)
{
    const char *ret = arena_text(c->arena, s);

    if (!ret)
        c->failed = true;
    return ret ? ret : "";
}

struct slice change_slice(struct change *c, struct slice s)
{
    const char *p = change_text(c, s);

    return (struct slice){ p, c->failed ? 0 : s.n };
}

const char *change_printf(struct change *c, const char *fmt, ...)
{
    va_list ap;
    char *ret;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    ret = n < 0 ? NULL : arena_alloc(c->arena, (size_t)n + 1);
    if (!ret) {
        c->failed = true;
        return "";
    }
    va_start(ap, fmt);
    (void)vsnprintf(ret, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return ret;
}

/* checks.c: machine checks of closed conversations. Away from the road of messages: what was closed stands on a list in the store, the
 * holder of the lease works through it, and what was found is committed with the line struck out. So a conversation that was closed and not
 * looked at, for whatever reason, is found by the next sweep, and one that was looked at is not looked at again. */
#include "desk/inner.h"

#include <stdlib.h>

#define AT_ONCE 20 /* conversations that are looked at in one go: a reader's thread is not kept for long */

/* One go. */
struct round {
    struct desk *d;
    struct kf_key key;
    struct site *site; /* its checks, as long as they are needed */
    struct checking checking;
    size_t left; /* commits under way */
    bool more;
};

static const struct hours *hours_of(const void *ctx, const struct kf_key *queue)
{
    const struct site *site = ctx;
    const struct site_queue *q = site_queue(site, queue);

    return q ? &q->hours : &site->hours;
}

void desk_checking(const struct site *site, const struct check *checks, size_t n, struct checking *ret)
{
    *ret = (struct checking){ .checks = checks,
                              .n = n,
                              .forbidden = site->forbidden,
                              .n_forbidden = site->n_forbidden,
                              .language = site->language,
                              .hours = hours_of,
                              .ctx = site };
}

static void round_end(struct round *r)
{
    struct desk *d = r->d;
    struct desk_site *ds = site_of(d, &r->key);
    bool more = r->more;

    if (ds)
        ds->checking = false;
    d->under_way--;
    site_unref(r->site);
    free(r);
    if (more && ds && !d->stopping && holder(d, ds))
        sweep_checks(d, ds);
}

static void noted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct round *r = ctx;

    (void)news;
    (void)why;
    if (rc && rc != KF_CONFLICT)
        r->more = false; /* the next sweep tries again */
    if (--r->left == 0)
        round_end(r);
}

/* The change's own copy: the answer it comes from ends before the commit. The checks are the site's, which this round holds. */
static const struct check_hit *hits_of(struct change *c, const struct check_found *found)
{
    struct check_hit *ret = arena_array(c->arena, found->n + 1, sizeof(*ret));

    if (!ret) {
        c->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < found->n; i++) {
        ret[i] = found->hits[i];
        ret[i].word = found->hits[i].word ? change_text(c, slice_of(found->hits[i].word)) : NULL;
    }
    return ret;
}

static void note(struct round *r, struct desk_site *ds, const struct checked *k)
{
    struct change *c = housekeeping(r->d, ds);
    struct act_checked *a;

    if (!c) {
        r->more = false;
        return;
    }
    c->conv = k->conv;
    a = &change_act(c, ACT_CHECKED)->u.checked;
    a->due_at = k->due_at;
    if (!k->open) {
        a->again = k->found.again;
        a->n_hits = k->found.n;
        a->hits = hits_of(c, &k->found);
    }
    r->left++;
    r->d->ports.commit(r->d->ports.ctx, c, noted, r);
}

static void have_checked(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct round *r = ctx;
    struct desk_site *ds = site_of(r->d, &r->key);

    if (rc && rc != KF_AGAIN)
        log_event(r->d, 2, "desk event=checks_failed site=%s why=\"%s\"", r->key.s, why ? why->text : "");
    r->more = !rc && q->more;
    r->left = 1; /* keeps noted() from ending this before all are on their way */
    for (size_t i = 0; !rc && ds && i < q->n_checked; i++)
        note(r, ds, &q->checked[i]);
    if (--r->left == 0)
        round_end(r);
}

void sweep_checks(struct desk *d, struct desk_site *ds)
{
    struct query *q = ds->checking ? NULL : query_new(QUERY_TO_CHECK);
    struct round *r = q ? calloc(1, sizeof(*r)) : NULL;

    if (!r) {
        if (q)
            arena_free(q->arena);
        return;
    }
    *r = (struct round){ .d = d, .key = ds->site->key, .site = site_ref(ds->site) };
    desk_checking(r->site, r->site->checks, r->site->n_checks, &r->checking);
    ds->checking = true;
    d->under_way++;
    q->site = r->key;
    q->now = now(d);
    q->limit = AT_ONCE;
    q->checking = &r->checking;
    d->ports.read(d->ports.ctx, q, have_checked, r);
}

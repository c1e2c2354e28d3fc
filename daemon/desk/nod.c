/* nod.c: what a platform wants to hear apart from its answer, such as that a tap on a button has been noticed. Nobody waits for it here and
 * nothing is lost without it: it is said once. */
#include "desk/outlet.h"

struct nodding {
    struct call call;
    struct kf_key channel;
    struct arena *arena; /* owns this */
    struct slice what;
};

static void nodding_end(struct nodding *n)
{
    n->call.d->under_way--;
    arena_free(n->arena);
}

static void nodded(void *ctx, const struct http_resp *resp)
{
    struct nodding *n = ctx;

    if (resp->status < 200 || resp->status > 299)
        log_event(n->call.d, 2, "desk event=nod_refused site=%s channel=%s status=%d", n->call.site.s, n->channel.s, resp->status);
    nodding_end(n);
}

static void have_token(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct nodding *n = ctx;
    struct desk *d = n->call.d;
    struct desk_site *ds = site_of(d, &n->call.site);
    struct outlet *o = ds ? outlet_of(d, ds, &n->channel) : NULL;
    struct http_req req = { 0 };
    struct env env;

    (void)why;
    if (rc || !o || !o->ops->nod) { /* the channel has become one of another platform meanwhile */
        nodding_end(n);
        return;
    }
    env = outlet_env(d, o);
    if (o->ops->nod(o->ch, n->arena, &env, n->what, &req))
        nodding_end(n);
    else
        d->ports.fetch(d->ports.ctx, &req, nodded, n);
}

void nod(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice what)
{
    struct arena *a = o->ops->nod && !d->stopping ? arena_new(0) : NULL;
    struct nodding *n = a ? ARENA_NEW(a, struct nodding) : NULL;

    if (!n) {
        arena_free(a);
        return;
    }
    *n = (struct nodding){ .call = { .d = d, .site = ds->site->key }, .channel = o->channel, .arena = a, .what = arena_copy(a, what) };
    d->under_way++;
    token_want(d, ds, o, SLICE(""), have_token, n);
}

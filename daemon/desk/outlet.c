#include "desk/outlet.h"

#include <stdlib.h>

#define TOKEN_MAX 16384

/* ---- opening ---- */

static void outlet_free(struct outlet *o)
{
    if (o->ops->close)
        o->ops->close(o->ch);
    if (o->token)
        explicit_bzero(o->token, o->n_token);
    free(o->token);
    free(o->cursor);
    free(o->again_token);
    free(o);
}

static struct outlet *outlet_open(struct desk *d, struct desk_site *ds, const struct site_channel *sc)
{
    const struct channel_ops *ops = channel_find(sc->adapter);
    struct outlet *o = ops ? calloc(1, sizeof(*o)) : NULL;
    struct kf_err why = { 0 };

    if (!o)
        return NULL;
    o->channel = sc->key;
    o->ops = ops;
    if (ops->open(&o->ch, slice_of(sc->settings), &why)) {
        log_event(d, 3, "desk event=channel_refused site=%s channel=%s reason=\"%s\"", ds->site->key.s, sc->key.s, why.text);
        free(o);
        return NULL;
    }
    o->next = ds->outlets;
    ds->outlets = o;
    return o;
}

struct outlet *outlet_of(struct desk *d, struct desk_site *ds, const struct kf_key *channel)
{
    const struct site_channel *sc = site_channel(ds->site, channel);

    for (struct outlet *o = ds->outlets; o; o = o->next)
        if (key_eq(&o->channel, channel))
            return o;
    return sc && !sc->off ? outlet_open(d, ds, sc) : NULL;
}

void held_flush(struct desk_site *ds)
{
    for (struct outlet *o = ds->outlets; o; o = o->next) {
        struct held *h = o->held;

        o->held = NULL;
        for (struct held *next; h; h = next) {
            next = h->next;
            held_answer(h, h->status, h->type, h->body);
        }
    }
}

void outlets_close(struct desk_site *ds)
{
    held_flush(ds);
    for (struct outlet *o = ds->outlets, *next; o; o = next) {
        next = o->next;
        outlet_free(o);
    }
    ds->outlets = NULL;
}

struct env outlet_env(struct desk *d, const struct outlet *o)
{
    struct env env = { .now_ms = now(d),
                       .public_url = d->cfg.public_url ? d->cfg.public_url : "",
                       .token = { o->token, o->n_token },
                       .token_expires_ms = o->token_expires,
                       .cursor = { o->cursor, o->n_cursor } };

    d->ports.chance(d->ports.ctx, env.chance, sizeof(env.chance));
    return env;
}

/* ---- answers that are held ---- */

void held_answer(struct held *h, int status, const char *type, struct slice body)
{
    struct arena *a = h->arena;

    h->answer(h->ctx, status, type, body);
    arena_free(a); /* `h` lives in it */
}

struct held *held_take(struct outlet *o, const struct kf_id *conv)
{
    for (struct held **at = &o->held; *at; at = &(*at)->next)
        if (id_eq(&(*at)->conv, conv)) {
            struct held *h = *at;

            *at = h->next;
            return h;
        }
    return NULL;
}

void held_sweep(struct desk *d, struct desk_site *ds)
{
    for (struct outlet *o = ds->outlets; o; o = o->next)
        for (struct held **at = &o->held; *at;) {
            struct held *h = *at;

            if (h->until > mono(d)) {
                at = &h->next;
                continue;
            }
            *at = h->next;
            held_answer(h, h->status, h->type, h->body);
        }
}

/* ---- tokens: one renewal at a time; those who want one wait for it by asking again ---- */

struct wanting {
    struct call call;
    struct kf_key channel;
    token_done *done;
    void *ctx;
    struct arena *arena;
    bool fresh; /* the one that we have was refused */
};

static void want_end(struct wanting *w, enum kf_rc rc, const struct kf_err *why)
{
    struct desk *d = w->call.d;
    struct desk_site *ds = site_of(d, &w->call.site);
    struct outlet *o = ds ? outlet_of(d, ds, &w->channel) : NULL;

    if (o)
        o->renewing = false;
    w->done(w->ctx, rc, why);
    d->under_way--;
    arena_free(w->arena);
    free(w);
}

static bool keep_bytes(char **slot, size_t *n, struct slice s)
{
    char *copy = malloc(s.n + 1);

    if (!copy)
        return false;
    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    free(*slot);
    *slot = copy;
    *n = s.n;
    return true;
}

static void token_stored(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)news;
    want_end(ctx, rc, why);
}

/* "EXPIRES TOKEN" under the name "token", so that a restart or another node need not fetch a new one, which would kill this one. */
static void token_store(struct wanting *w, struct desk_site *ds, struct outlet *o)
{
    struct desk *d = w->call.d;
    /* Whoever has got it, a node that only tries the channel or notices a tap as well: the one before may be dead from now on. */
    struct change *c = change_new(&ds->site->key, now(d));
    struct act *act;

    if (!c) {
        want_end(w, KF_NOMEM, NULL);
        return;
    }
    act = change_act(c, ACT_CHANNEL_STATE);
    act->u.blob.channel = o->channel;
    act->u.blob.name = "token";
    act->u.blob.bytes = slice_of(change_printf(c, "%lld %.*s", (long long)o->token_expires, (int)o->n_token, o->token));
    d->ports.commit(d->ports.ctx, c, token_stored, w);
}

static void renew_step(struct wanting *w, const struct http_resp *last);

static void renew_answered(void *ctx, const struct http_resp *resp)
{
    renew_step(ctx, resp);
}

static void renew_step(struct wanting *w, const struct http_resp *last)
{
    struct desk *d = w->call.d;
    struct desk_site *ds = site_of(d, &w->call.site);
    struct outlet *o = ds ? outlet_of(d, ds, &w->channel) : NULL;
    struct http_req req = { 0 };
    struct renewed renewed = { 0 };
    struct kf_err why = { 0 };
    struct env env;
    enum kf_rc rc;

    if (!o) {
        want_end(w, KF_ABSENT, NULL);
        return;
    }
    env = outlet_env(d, o);
    rc = o->ops->renew(o->ch, w->arena, &env, last, &req, &renewed);
    if (rc == KF_AGAIN)
        d->ports.fetch(d->ports.ctx, &req, renew_answered, w);
    else if (rc || renewed.token.n > TOKEN_MAX || !keep_bytes(&o->token, &o->n_token, renewed.token)) {
        (void)kf_fail(&why, rc ? rc : KF_NOMEM, "the platform gives no access token: check the channel's credentials");
        want_end(w, why.rc, &why);
    } else {
        o->token_expires = renewed.expires_ms;
        token_store(w, ds, o);
    }
}

static void token_found(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct wanting *w = ctx;
    struct desk *d = w->call.d;
    struct desk_site *ds = site_of(d, &w->call.site);
    struct outlet *o = ds ? outlet_of(d, ds, &w->channel) : NULL;
    struct slice token = { NULL, 0 };
    int64_t expires = 0;
    const char *blank;

    if (!o || (rc && rc != KF_ABSENT)) {
        want_end(w, rc ? rc : KF_ABSENT, why);
        return;
    }
    blank = rc ? NULL : memchr(q->bytes_out.p, ' ', q->bytes_out.n);
    if (blank) {
        expires = strtoll(q->bytes_out.p, NULL, 10);
        token = (struct slice){ blank + 1, q->bytes_out.n - (size_t)(blank + 1 - q->bytes_out.p) };
    }
    if (!token.p || expires <= now(d) || (w->fresh && (!o->token || slice_eq(token, (struct slice){ o->token, o->n_token }))))
        renew_step(w, NULL);
    else if (!keep_bytes(&o->token, &o->n_token, token))
        want_end(w, KF_NOMEM, NULL);
    else {
        o->token_expires = expires;
        want_end(w, KF_OK, NULL);
    }
}

void token_want(struct desk *d, struct desk_site *ds, struct outlet *o, bool fresh, token_done *done, void *ctx)
{
    struct kf_err why = { 0 };
    struct wanting *w;
    struct query *q;

    if (!o->ops->renew || (!fresh && o->token && o->token_expires > now(d))) {
        done(ctx, KF_OK, NULL);
        return;
    }
    if (o->renewing) {
        (void)kf_fail(&why, KF_AGAIN, "the access token is being renewed");
        done(ctx, KF_AGAIN, &why);
        return;
    }
    w = calloc(1, sizeof(*w));
    q = w ? query_new(QUERY_BLOB) : NULL;
    if (!q || !(w->arena = arena_new(0))) {
        if (q)
            arena_free(q->arena);
        free(w);
        done(ctx, KF_NOMEM, NULL);
        return;
    }
    w->call = (struct call){ .d = d, .site = ds->site->key };
    w->channel = o->channel;
    w->done = done;
    w->ctx = ctx;
    w->fresh = fresh;
    o->renewing = true;
    d->under_way++;
    /* Another node may have got a new one since: what is stored is asked first, and the platform only where that will not do. */
    q->site = ds->site->key;
    q->channel = o->channel;
    q->text = SLICE("token");
    d->ports.read(d->ports.ctx, q, token_found, w);
}

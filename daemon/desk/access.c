/* access.c: access tokens of platforms. A new one kills the one before with many of them, so over all nodes one renews at a time: it holds the
 * word "renewing" of the channel in the store meanwhile, and looks once more at what is stored when it has got it. Who finds it taken comes
 * again. */
#include "desk/outlet.h"

#include <stdlib.h>

#define TOKEN_MAX 16384
#define HOLD_MS   30000 /* longer than a renewal takes: a node that has died with it is waited for so long */

struct wanting {
    struct call call;
    struct kf_key channel;
    token_done *done;
    void *ctx;
    struct arena *arena;
    struct slice refused; /* by the platform; empty: none */
    bool holds;           /* the word is ours */
    enum kf_rc rc;        /* how it ended, while the word is given back */
    struct kf_err why;
};

static struct outlet *outlet_wanted(const struct wanting *w, struct desk_site **ds)
{
    *ds = site_of(w->call.d, &w->call.site);
    return *ds ? outlet_of(w->call.d, *ds, &w->channel) : NULL;
}

static void want_end(struct wanting *w, enum kf_rc rc, const struct kf_err *why)
{
    struct desk *d = w->call.d;
    struct desk_site *ds;
    struct outlet *o = outlet_wanted(w, &ds);

    if (o)
        o->renewing = false;
    w->done(w->ctx, rc, why);
    d->under_way--;
    arena_free(w->arena);
    free(w);
}

static struct act *state_act(struct change *c, const struct wanting *w, const char *name, struct slice bytes)
{
    struct act *act = change_act(c, ACT_CHANNEL_STATE);

    act->u.blob.channel = w->channel;
    act->u.blob.name = name;
    act->u.blob.bytes = bytes;
    return act;
}

static void given_back(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct wanting *w = ctx;

    (void)rc; /* else it ends by itself */
    (void)news;
    (void)why;
    want_end(w, w->rc, &w->why);
}

/* Without a new token: the word is given back first, if we have it. */
static void give_up(struct wanting *w, enum kf_rc rc, const struct kf_err *why)
{
    struct desk *d = w->call.d;
    struct change *c = w->holds ? change_new(&w->call.site, now(d)) : NULL;

    if (!c) {
        want_end(w, rc, why);
        return;
    }
    w->rc = rc;
    if (why)
        w->why = *why;
    (void)state_act(c, w, "renewing", SLICE(""));
    d->ports.commit(d->ports.ctx, c, given_back, w);
}

static bool keep_token(struct outlet *o, struct slice token, int64_t expires_ms, bool found)
{
    char *copy = malloc(token.n + 1);

    if (!copy)
        return false;
    memcpy(copy, token.p, token.n);
    copy[token.n] = '\0';
    if (o->token)
        explicit_bzero(o->token, o->n_token);
    free(o->token);
    o->token = copy;
    o->n_token = token.n;
    o->token_expires = expires_ms;
    o->token_found = found;
    o->token_held = 0;
    return true;
}

/* ---- renewing ---- */

static void token_stored(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)news;
    want_end(ctx, rc, why);
}

/* "EXPIRES TOKEN" under the name "token", so that a restart or another node need not fetch a new one, which would kill this one. Whoever has got
 * it, a node that only tries the channel or notices a tap as well: the one before may be dead from now on. */
static void token_store(struct wanting *w, const struct outlet *o)
{
    struct desk *d = w->call.d;
    struct change *c = change_new(&w->call.site, now(d));

    if (!c) {
        give_up(w, KF_NOMEM, NULL);
        return;
    }
    (void)state_act(c, w, "token", slice_of(change_printf(c, "%lld %.*s", (long long)o->token_expires, (int)o->n_token, o->token)));
    (void)state_act(c, w, "renewing", SLICE(""));
    d->ports.commit(d->ports.ctx, c, token_stored, w);
}

/* In the platform's own words, if it has said any: KF_AUTH for what only a person can mend, KF_RATE for what may pass. */
static enum kf_rc no_token(enum kf_rc rc, const struct renewed *r, const struct http_resp *last, struct kf_err *why)
{
    const char *first = rc == KF_AUTH ? "the platform gives no access token: check the channel's credentials"
                                      : "the platform gives no access token at the moment";
    int n = (int)(r->words.n < 150 ? r->words.n : 150);

    if (rc == KF_NOMEM || !last)
        return kf_fail(why, rc, "no access token");
    if (n)
        (void)kf_fail(why, rc == KF_AUTH ? KF_AUTH : KF_RATE, "%s (%.*s)", first, n, r->words.p);
    else if (last->status)
        (void)kf_fail(why, rc == KF_AUTH ? KF_AUTH : KF_RATE, "%s (status %d)", first, last->status);
    else
        (void)kf_fail(why, KF_RATE, "%s (%s)", first, last->failure ? last->failure : "no answer");
    why->retry_after_ms = (int32_t)(r->retry_after_ms < INT32_MAX ? r->retry_after_ms : INT32_MAX);
    return why->rc;
}

static void renew_step(struct wanting *w, const struct http_resp *last);

static void renew_answered(void *ctx, const struct http_resp *resp)
{
    renew_step(ctx, resp);
}

static void renew_step(struct wanting *w, const struct http_resp *last)
{
    struct desk *d = w->call.d;
    struct desk_site *ds;
    struct outlet *o = outlet_wanted(w, &ds);
    struct http_req req = { 0 };
    struct renewed renewed = { 0 };
    struct kf_err why = { 0 };
    struct env env;
    enum kf_rc rc;

    if (!o || !o->ops->renew) { /* the channel has become one of another platform meanwhile */
        give_up(w, KF_ABSENT, NULL);
        return;
    }
    env = outlet_env(d, o);
    rc = o->ops->renew(o->ch, w->arena, &env, last, &req, &renewed);
    if (rc == KF_AGAIN)
        d->ports.fetch(d->ports.ctx, &req, renew_answered, w);
    else if (rc) {
        o->token_held = mono(d) + (renewed.retry_after_ms < ASKED_WAIT_MAX_MS ? renewed.retry_after_ms : ASKED_WAIT_MAX_MS);
        give_up(w, no_token(rc, &renewed, last, &why), &why);
    } else if (renewed.token.n > TOKEN_MAX || !keep_token(o, renewed.token, renewed.expires_ms, false))
        give_up(w, kf_fail(&why, KF_NOMEM, "no memory for the access token"), &why);
    else
        token_store(w, o);
}

/* ---- what is stored ---- */

static void look_up(struct wanting *w);

static void held_word(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct wanting *w = ctx;
    struct kf_err busy = { 0 };

    (void)news;
    if (rc == KF_CONFLICT) {
        (void)kf_fail(&busy, KF_AGAIN, "the access token is being renewed");
        want_end(w, KF_AGAIN, &busy);
    } else if (rc)
        want_end(w, rc, why);
    else {
        w->holds = true;
        look_up(w); /* whoever had it before us may have stored one */
    }
}

static void hold(struct wanting *w)
{
    struct desk *d = w->call.d;
    struct change *c = change_new(&w->call.site, now(d));
    char node[KF_ID_TEXT];

    if (!c) {
        want_end(w, KF_NOMEM, NULL);
        return;
    }
    state_act(c, w, "renewing", change_slice(c, slice_of(id_text(&d->cfg.node, node))))->u.blob.hold_ms = HOLD_MS;
    d->ports.commit(d->ports.ctx, c, held_word, w);
}

static void looked(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct wanting *w = ctx;
    struct desk_site *ds;
    struct outlet *o = outlet_wanted(w, &ds);
    struct slice token = { NULL, 0 };
    int64_t expires = 0;
    const char *blank;

    if (!o || (rc && rc != KF_ABSENT)) {
        give_up(w, rc ? rc : KF_ABSENT, why);
        return;
    }
    blank = rc ? NULL : memchr(q->bytes_out.p, ' ', q->bytes_out.n);
    if (blank) {
        expires = strtoll(q->bytes_out.p, NULL, 10);
        token = (struct slice){ blank + 1, q->bytes_out.n - (size_t)(blank + 1 - q->bytes_out.p) };
    }
    if (token.p && expires > now(w->call.d) && !slice_eq(token, w->refused))
        give_up(w, keep_token(o, token, expires, true) ? KF_OK : KF_NOMEM, NULL);
    else if (w->holds)
        renew_step(w, NULL);
    else
        hold(w);
}

static void look_up(struct wanting *w)
{
    struct desk *d = w->call.d;
    struct query *q = query_new(QUERY_BLOB);

    if (!q) {
        give_up(w, KF_NOMEM, NULL);
        return;
    }
    q->site = w->call.site;
    q->channel = w->channel;
    q->text = SLICE("token");
    d->ports.read(d->ports.ctx, q, looked, w);
}

/* ---- */

bool token_again(const struct outlet *o, struct slice refused, int *times)
{
    const struct slice have = { o->token, o->n_token };

    if (!o->ops->renew || *times >= 2 || (*times == 1 && !o->token_found && slice_eq(have, refused)))
        return false;
    ++*times;
    return true;
}

void token_want(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice refused, token_done *done, void *ctx)
{
    struct kf_err why = { 0 };
    struct wanting *w;

    if (!o->ops->renew || (o->token && o->token_expires > now(d) && !slice_eq((struct slice){ o->token, o->n_token }, refused))) {
        done(ctx, KF_OK, NULL);
        return;
    }
    if (mono(d) < o->token_held) {
        (void)kf_fail(&why, KF_RATE, "the platform gives no access token at the moment (it wants to be asked later)");
        why.retry_after_ms = (int32_t)(o->token_held - mono(d) < INT32_MAX ? o->token_held - mono(d) : INT32_MAX);
        done(ctx, KF_RATE, &why);
        return;
    }
    if (o->renewing) {
        (void)kf_fail(&why, KF_AGAIN, "the access token is being renewed");
        done(ctx, KF_AGAIN, &why);
        return;
    }
    w = calloc(1, sizeof(*w));
    if (!w || !(w->arena = arena_new(0))) {
        free(w);
        done(ctx, KF_NOMEM, NULL);
        return;
    }
    w->call = (struct call){ .d = d, .site = ds->site->key };
    w->channel = o->channel;
    w->done = done;
    w->ctx = ctx;
    w->refused = arena_copy(w->arena, refused);
    o->renewing = true;
    d->under_way++;
    look_up(w);
}

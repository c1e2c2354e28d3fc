/* taking.c: what platforms have said is stored: each fact in a commit of its own, in their order, and the cursor after them. */
#include "desk/fact.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD_MAX (24 * 3600 * 1000LL)

struct taking {
    struct call call;
    struct kf_key channel;
    size_t left;
    enum kf_rc worst;
    struct kf_id conv; /* of the last message: a reply may ride in the answer */
    taken_done *done;
    void *ctx;
};

static void taking_step(struct taking *t)
{
    if (--t->left)
        return;
    t->done(t->ctx, t->worst, id_is_zero(&t->conv) ? NULL : &t->conv);
    t->call.d->under_way--;
    free(t);
}

/* The first has won. Whoever runs the other side should know; what either of them says is nobody's business here. */
static void log_differs(const struct taking *t, struct slice key)
{
    size_t skip = strlen("p:") + strlen(t->channel.s) + strlen(":");
    char id[160];
    size_t n = 0;

    for (size_t i = skip; i < key.n && n + 1 < sizeof(id); i++)
        id[n++] = key.p[i] > ' ' && key.p[i] < 0x7f && key.p[i] != '"' ? key.p[i] : '?';
    id[n] = '\0';
    log_event(t->call.d, 2, "desk event=inbound_differs site=%s channel=%s id=\"%s\"", t->call.site.s, t->channel.s, id);
}

static void taken(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct taking *t = ctx;
    struct desk *d = t->call.d;
    struct desk_site *ds = site_of(d, &t->call.site);

    /* A conflict or an unknown reference is ours to log, not the platform's to repeat for days. */
    if (rc == KF_AGAIN || rc == KF_NOMEM || rc == KF_IO)
        t->worst = rc;
    else if (rc)
        log_event(d, 2, "desk event=inbound_dropped site=%s channel=%s reason=\"%s\"", t->call.site.s, t->channel.s, why->text);
    else if (news->duplicate) {
        d->figures.duplicates++;
        if (news->differs.n)
            log_differs(t, news->differs);
    } else {
        d->figures.messages_in += news->n_messages;
        if (news->n_messages)
            t->conv = news->conv.id;
        if (ds)
            tell_news(d, ds, news, 0);
    }
    taking_step(t);
}

static void commit_cursor(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice cursor, struct taking *t)
{
    struct change *c = housekeeping(d, ds);
    struct act *act;

    if (!c) {
        t->worst = KF_NOMEM;
        return;
    }
    act = change_act(c, ACT_CHANNEL_STATE);
    act->u.blob.channel = o->channel;
    act->u.blob.name = "cursor";
    act->u.blob.bytes = change_slice(c, cursor);
    t->left++;
    d->ports.commit(d->ports.ctx, c, taken, t);
}

/* An answer to what has left the house by a detour: its conversation is read first, because it is one of another channel. */
struct returning {
    struct taking *t;
    struct change *c;
};

static void returned(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct returning *r = ctx;
    struct taking *t = r->t;
    struct desk *d = t->call.d;
    struct opening *o = (struct opening *)(uintptr_t)r->c->opening;

    (void)why;
    if (!rc && q->n_convs && key_eq(&q->convs[0].site, &t->call.site)) {
        o->channel = q->convs[0].channel;
        o->peer = o->address = change_text(r->c, slice_of(q->convs[0].peer));
        o->queue = q->convs[0].queue;
        o->profile = NULL;
    }
    if (rc && rc != KF_ABSENT) { /* of one that was erased there is nothing to go back to: it begins anew */
        change_free(r->c);
        t->worst = rc;
        taking_step(t);
    } else
        d->ports.commit(d->ports.ctx, r->c, taken, t);
    free(r);
}

/* False: memory is out. */
static bool commit_returning(struct desk *d, const struct kf_id *conv, struct change *c, struct taking *t)
{
    struct returning *r = malloc(sizeof(*r));
    struct query *q = r ? query_new(QUERY_CONV) : NULL;

    if (!q) {
        free(r);
        return false;
    }
    *r = (struct returning){ t, c };
    q->id = *conv;
    d->ports.read(d->ports.ctx, q, returned, r);
    return true;
}

/* `conv`: of another channel, which has to be looked up first; NULL: not. False: memory is out, and the change is gone. */
static bool commit_one(struct desk *d, struct change *c, const struct kf_id *conv, struct taking *t)
{
    if (conv) {
        if (commit_returning(d, conv, c, t))
            return true;
        change_free(c);
        return false;
    }
    d->ports.commit(d->ports.ctx, c, taken, t);
    return true;
}

/* The word that came with it is claimed first, for what it came with: whoever sends something else under it has seen it go by. */
struct once {
    struct taking *t;
    struct change *c;
    struct kf_id conv;
    bool returns;
};

static void once_claimed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct once *o = ctx;
    struct taking *t = o->t;
    struct desk *d = t->call.d;

    (void)news;
    (void)why;
    if (rc)
        change_free(o->c);
    else if (!commit_one(d, o->c, o->returns ? &o->conv : NULL, t)) /* or it is a repeat: the message's own key tells */
        rc = KF_NOMEM;
    if (rc == KF_CONFLICT)
        log_event(d, 2, "desk event=inbound_dropped site=%s channel=%s reason=replayed_token", t->call.site.s, t->channel.s);
    else if (rc)
        t->worst = rc;
    if (rc)
        taking_step(t);
    free(o);
}

/* The same, and what it came with is claimed before. */
static bool commit_once(struct desk *d, const struct inbound *in, struct change *c, const struct kf_id *conv, struct taking *t)
{
    struct once *o = malloc(sizeof(*o));
    struct change *claim = o ? change_new(&t->call.site, now(d)) : NULL;

    if (!claim) {
        free(o);
        change_free(c);
        return false;
    }
    *o = (struct once){ .t = t, .c = c, .returns = conv != NULL };
    if (conv)
        o->conv = *conv;
    claim->key = slice_of(change_printf(claim, "p:%s:once:%.*s", t->channel.s, (int)in->once.n, in->once.p));
    claim->content = change_slice(claim, in->once_for);
    d->ports.commit(d->ports.ctx, claim, once_claimed, o);
    return true;
}

/* A clock that runs ahead would open a window for longer than its platform does. The times of edits are compared with each other alone, by
 * the platform's own clock; but one of next year would let no other one pass. */
static struct inbound not_ahead(const struct inbound *in, int64_t now_ms)
{
    struct inbound ret = *in;
    int64_t ahead = in->at - now_ms;

    if (ahead <= (in->kind == INBOUND_EDIT ? AHEAD_MAX : 0))
        return ret;
    ret.at = now_ms;
    if (ret.reply_expires_ms)
        ret.reply_expires_ms -= ahead;
    return ret;
}

/* NULL: nothing is to be stored of it, or memory is out (`*failed`). */
static struct change *change_of(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct channel_ops *ops,
                                const struct inbound *in, bool *failed)
{
    struct change *c;
    const char *unfit;
    bool tell = false, aside;

    *failed = false;
    if (guard_inbound(d, ds, &sc->key, in)) {
        d->figures.refused++;
        log_event(d, 2, "desk event=inbound_banned site=%s channel=%s", ds->site->key.s, sc->key.s);
        return NULL;
    }
    if (in->kind == INBOUND_TYPING) {
        typing_there(d, ds, &sc->key, in);
        return NULL;
    }
    unfit = guard_content(d, ds, &sc->key, in);
    aside = unfit && guard_only_aside(d, &sc->key, in, unfit, &tell);
    if (unfit && !aside) {
        d->figures.refused++;
        log_event(d, 2, "desk event=inbound_kept_out site=%s channel=%s reason=%s", ds->site->key.s, sc->key.s, unfit);
        c = fact_kept_out(d, ds, sc, in, unfit);
        *failed = !c;
    } else
        c = fact_change(d, ds, sc, ops, in, failed);
    if (c && aside) {
        fact_set_aside(c, unfit, tell);
        *failed |= c->failed;
    }
    if (tell)
        log_event(d, 2, "desk event=inbound_set_aside site=%s channel=%s reason=%s", ds->site->key.s, sc->key.s, unfit);
    if (!*failed)
        return c;
    change_free(c);
    return NULL;
}

void take_inbound(struct desk *d, struct desk_site *ds, struct outlet *o, const struct inbound *in, size_t n, struct slice cursor,
                  taken_done *done, void *ctx)
{
    const struct site_channel *sc = site_channel(ds->site, &o->channel);
    struct taking *t = sc ? calloc(1, sizeof(*t)) : NULL;

    if (!t) {
        done(ctx, sc ? KF_NOMEM : KF_ABSENT, NULL);
        return;
    }
    *t = (struct taking){ .call = { .d = d, .site = ds->site->key }, .channel = o->channel, .left = 1, .done = done, .ctx = ctx };
    d->under_way++;
    for (size_t i = 0; i < n; i++) {
        const struct inbound one = not_ahead(&in[i], now(d));
        bool failed;
        struct change *c = change_of(d, ds, sc, o->ops, &one, &failed);
        const struct kf_id *elsewhere = c && in[i].proven && c->opening ? &in[i].conversation : NULL;

        if (failed)
            t->worst = KF_NOMEM;
        if (!c)
            continue;
        t->left++;
        if (in[i].once.n ? commit_once(d, &in[i], c, elsewhere, t) : commit_one(d, c, elsewhere, t))
            continue;
        t->left--;
        t->worst = KF_NOMEM;
    }
    /* Items first: the store commits in the order of the calls, and a cursor without its items would lose them. */
    if (cursor.n)
        commit_cursor(d, ds, o, cursor, t);
    taking_step(t);
}

struct outlet *outlet_of_account(struct desk *d, struct desk_site *ds, const struct outlet *first, struct slice account)
{
    for (size_t i = 0; i < ds->site->n_channels; i++) {
        const struct site_channel *sc = &ds->site->channels[i];
        struct outlet *o = strcmp(sc->adapter, first->ops->name) == 0 ? outlet_of(d, ds, &sc->key) : NULL;

        if (o && slice_eq(o->ops->account(o->ch), account))
            return o;
    }
    return NULL;
}

size_t pick_account(struct inbound *in, size_t n, struct slice account, struct inbound *mine)
{
    size_t taken = 0, left = 0;

    for (size_t i = 0; i < n; i++)
        if (!in[i].account.n || slice_eq(in[i].account, account))
            mine[taken++] = in[i];
        else
            in[left++] = in[i];
    return taken;
}

/* pull.c: what platforms do not tell but have to be asked for: page by page from a cursor, one worker per account, items and cursor stored
 * together. */
#include "desk/outlet.h"
#include "protocols/stamp.h"

#include <stdlib.h>

#define SWEEP_EVERY_MS 30000
#define LONGEST_FAIL   5 /* doublings: after a page that could not be had a second is waited, and half a minute in the end */

struct pulling {
    struct desk *d;
    struct kf_key site, channel;
    struct arena *arena; /* of one page; renewed for each */
    struct slice token;  /* of the notice; owned by `base` */
    struct arena *base;
    struct pulled page;
    size_t left;       /* commits of it that have not ended */
    enum kf_rc worst;  /* of those that have */
    int renewed;       /* how often another token was asked for */
    struct slice used; /* the token of the last request */
    int64_t wait_ms;   /* what the platform asked for with the last answer */
};

static void pull_page(struct pulling *p, const struct http_resp *last);

/* NULL: it is there no more, or has become one of another platform meanwhile. */
static struct outlet *pulling_outlet(const struct pulling *p, struct desk_site **ds)
{
    struct outlet *o;

    *ds = site_of(p->d, &p->site);
    o = *ds ? outlet_of(p->d, *ds, &p->channel) : NULL;
    return o && o->ops->pull ? o : NULL;
}

/* With what the newest notice has brought. */
static void pull_once_more(struct desk *d, struct desk_site *ds, struct outlet *o)
{
    char *token = o->again_token;

    o->again_token = NULL;
    pull_kick(d, ds, o, slice_of(token ? token : "")); /* copied there */
    free(token);
}

/* The page is asked for again, soon at first: somebody may be waiting for a word of welcome that is good for twenty seconds. */
static void pull_later(struct pulling *p, struct outlet *o)
{
    uint32_t chance;

    p->d->ports.chance(p->d->ports.ctx, &chance, sizeof(chance));
    o->pull_due = mono(p->d) + 500 + errand_again_ms(o->pull_fails < LONGEST_FAIL ? o->pull_fails : LONGEST_FAIL, 0, 1, chance);
    o->pull_held = p->wait_ms ? mono(p->d) + (p->wait_ms < ASKED_WAIT_MAX_MS ? p->wait_ms : ASKED_WAIT_MAX_MS) : 0;
    if (o->pull_due < o->pull_held)
        o->pull_due = o->pull_held;
    if (!o->pull_fails++)
        log_event(p->d, 2, "desk event=pull_failed site=%s channel=%s", p->site.s, p->channel.s);
    if (p->token.n && !o->again_token)
        o->again_token = strndup(p->token.p, p->token.n);
}

static void pull_end(struct pulling *p, bool failed)
{
    struct desk *d = p->d;
    struct desk_site *ds;
    struct outlet *o = pulling_outlet(p, &ds);
    bool again = o && o->pull_again && !failed;

    if (o) {
        o->pulling = o->pull_again = false;
        if (failed)
            pull_later(p, o);
        else {
            o->pull_fails = 0;
            o->pull_held = 0;
        }
    }
    d->under_way--;
    arena_free(p->arena);
    arena_free(p->base); /* `p` lives in it */
    if (again)
        pull_once_more(d, ds, o);
}

/* Nobody else would notice: what customers say does not come. */
static void pull_refused(struct pulling *p, struct desk_site *ds, struct outlet *o, const char *words)
{
    standing_refused(p->d, ds, o, words);
    pull_end(p, true);
}

static void said(void *ctx, const struct http_resp *resp)
{
    struct desk *d = ctx;

    (void)resp;
    d->under_way--;
}

static void say_after(struct desk *d, const struct pulled *page)
{
    for (size_t i = 0; i < page->n_after; i++) {
        d->under_way++;
        d->ports.fetch(d->ports.ctx, &page->after[i], said, d);
    }
}

static void pull_taken(void *ctx, enum kf_rc rc, const struct kf_id *conv)
{
    struct pulling *p = ctx;
    struct desk_site *ds;
    struct outlet *o = pulling_outlet(p, &ds);
    char *copy;

    (void)conv;
    p->worst = rc ? rc : p->worst;
    if (--p->left)
        return;
    if (p->worst || !o) {
        pull_end(p, true); /* the cursor stays: the poll takes the page again, and the keys tell what is known */
        return;
    }
    standing_good(p->d, ds, o);
    say_after(p->d, &p->page);
    if (p->page.cursor.n && (copy = malloc(p->page.cursor.n))) {
        memcpy(copy, p->page.cursor.p, p->page.cursor.n);
        free(o->cursor);
        o->cursor = copy;
        o->n_cursor = p->page.cursor.n;
    }
    if (!p->page.more) {
        pull_end(p, false);
        return;
    }
    pull_page(p, NULL);
}

static void pull_answered(void *ctx, const struct http_resp *resp)
{
    pull_page(ctx, resp);
}

static void pull_renewed(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct pulling *p = ctx;
    struct desk_site *ds;
    struct outlet *o = pulling_outlet(p, &ds);

    if (rc == KF_AUTH && o)
        pull_refused(p, ds, o, why ? why->text : NULL);
    else if (rc) {
        p->wait_ms = why ? why->retry_after_ms : 0;
        pull_end(p, true);
    } else
        pull_page(p, NULL);
}

/* Items that name another account: of a channel of this site, which would be told them, too, or of nobody here. */
static bool pull_elsewhere(struct pulling *p, struct desk_site *ds, struct outlet *first, struct inbound *in, size_t n)
{
    while (n) {
        struct inbound *mine = arena_array(p->arena, n, sizeof(*mine));
        struct slice account = in[0].account;
        struct outlet *o = outlet_of_account(p->d, ds, first, account);
        size_t taken = mine ? pick_account(in, n, account, mine) : 0;

        if (!mine)
            return false;
        n -= taken;
        log_event(p->d, 2, "desk event=pull_passed_over site=%s channel=%s reason=%s events=%zu", p->site.s, p->channel.s,
                  o ? "another_account" : "unknown_account", taken);
        if (!o)
            continue;
        p->left++;
        take_inbound(p->d, ds, o, mine, taken, (struct slice){ NULL, 0 }, pull_taken, p);
    }
    return true;
}

/* Those for others first: the cursor, which is stored with ours, is behind them all. */
static void pull_take(struct pulling *p, struct desk_site *ds, struct outlet *o)
{
    size_t n = p->page.n, taken = n;
    struct inbound *mine = p->page.inbound;
    bool ok = true;

    p->left = 1;
    p->worst = KF_OK;
    if (p->page.n_unread)
        log_event(p->d, 2, "desk event=pull_unread site=%s channel=%s items=%zu", p->site.s, p->channel.s, p->page.n_unread);
    if (n && o->ops->account && (mine = arena_array(p->arena, n, sizeof(*mine)))) {
        taken = pick_account(p->page.inbound, n, o->ops->account(o->ch), mine);
        ok = pull_elsewhere(p, ds, o, p->page.inbound, n - taken);
    }
    if (ok && (mine || !n))
        take_inbound(p->d, ds, o, mine, taken, p->page.cursor, pull_taken, p);
    else
        pull_taken(p, KF_NOMEM, NULL);
}

static void pull_page(struct pulling *p, const struct http_resp *last)
{
    struct desk *d = p->d;
    struct desk_site *ds;
    struct outlet *o = pulling_outlet(p, &ds);
    struct http_req req = { 0 };
    struct env env;
    enum kf_rc rc;

    if (!last) {
        arena_free(p->arena);
        p->arena = arena_new(0);
    }
    if (!o || !p->arena) {
        pull_end(p, true);
        return;
    }
    env = outlet_env(d, o);
    p->used = env.token.n ? arena_copy(p->arena, env.token) : SLICE("");
    p->wait_ms = last ? stamp_retry_after(last) : 0;
    if (!last)
        p->page = (struct pulled){ 0 };
    rc = o->ops->pull(o->ch, p->arena, &env, p->token, last, &req, &p->page);
    if (rc == KF_AGAIN)
        d->ports.fetch(d->ports.ctx, &req, pull_answered, p);
    else if (rc == KF_AUTH && last)
        pull_refused(p, ds, o, p->page.words.n ? arena_text(p->arena, p->page.words) : NULL);
    else if (rc)
        pull_end(p, true);
    else if (p->page.token_expired && token_again(o, p->used, &p->renewed))
        token_want(d, ds, o, p->used, pull_renewed, p);
    else if (p->page.token_expired)
        pull_refused(p, ds, o, "the platform refuses each access token that it gives");
    else
        pull_take(p, ds, o);
}

static void pull_cursor(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct pulling *p = ctx;
    struct desk_site *ds;
    struct outlet *o = pulling_outlet(p, &ds);

    (void)why;
    if (!o || (rc && rc != KF_ABSENT)) {
        pull_end(p, true);
        return;
    }
    if (!rc && (o->cursor = malloc(q->bytes_out.n + 1))) {
        memcpy(o->cursor, q->bytes_out.p, q->bytes_out.n);
        o->n_cursor = q->bytes_out.n;
    }
    o->cursor_read = true;
    token_want(p->d, ds, o, SLICE(""), pull_renewed, p);
}

/* Also without a notice: one may have been lost, or have reached another node, or come while nobody held the lease. */
void pull_sweep(struct desk *d, struct desk_site *ds)
{
    for (struct outlet *o = ds->outlets; o; o = o->next)
        if (o->pull_due && !o->pulling && mono(d) >= o->pull_due)
            pull_once_more(d, ds, o);
    if (ds->pulled_at && mono(d) - ds->pulled_at < SWEEP_EVERY_MS)
        return;
    ds->pulled_at = mono(d);
    for (size_t i = 0; i < ds->site->n_channels; i++) {
        const struct site_channel *sc = &ds->site->channels[i];
        const struct channel_ops *ops = sc->off ? NULL : channel_find(sc->adapter);
        struct outlet *o = ops && ops->pull && ops->poll_ms ? outlet_of(d, ds, &sc->key) : NULL;

        if (o && !o->pulling && (!o->polled_at || mono(d) - o->polled_at >= ops->poll_ms))
            pull_kick(d, ds, o, (struct slice){ NULL, 0 });
    }
}

int64_t pull_number(const struct kf_key *channel)
{
    uint32_t ret = 2166136261U; /* FNV-1a */

    for (const char *p = channel->s; *p; p++)
        ret = (ret ^ (uint8_t)*p) * 16777619U;
    return (int64_t)ret + 1;
}

/* Two channels with one number cost a question in vain. */
void pull_hinted(struct desk *d, struct desk_site *ds, int64_t number)
{
    for (size_t i = 0; holder(d, ds) && i < ds->site->n_channels; i++) {
        const struct kf_key *key = &ds->site->channels[i].key;
        struct outlet *o = pull_number(key) == number ? outlet_of(d, ds, key) : NULL;

        if (o)
            pull_kick(d, ds, o, (struct slice){ NULL, 0 });
    }
}

/* One worker per account: the lease holder. A notice that reaches another node becomes a hint to it; should that be lost, its poll follows. */
void pull_kick(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice token)
{
    struct arena *base;
    struct pulling *p;
    struct query *q;

    if (!o->ops->pull || !holder(d, ds) || d->stopping)
        return;
    if (o->pulling || mono(d) < o->pull_held) { /* held: pull_due is set */
        o->pull_again = o->pulling;
        if (token.n) {
            free(o->again_token);
            o->again_token = strndup(token.p, token.n);
        }
        return;
    }
    base = arena_new(0);
    p = base ? ARENA_NEW(base, struct pulling) : NULL;
    q = p && !o->cursor_read ? query_new(QUERY_BLOB) : NULL;
    if (!p || (!o->cursor_read && !q)) {
        arena_free(base);
        return;
    }
    *p = (struct pulling){ .d = d, .site = ds->site->key, .channel = o->channel, .base = base };
    p->token = arena_copy(base, token);
    free(o->again_token);
    o->again_token = NULL;
    o->pulling = true;
    o->pull_due = 0;
    o->polled_at = mono(d);
    d->under_way++;
    if (!q) {
        token_want(d, ds, o, SLICE(""), pull_renewed, p);
        return;
    }
    q->site = ds->site->key;
    q->channel = o->channel;
    q->text = SLICE("cursor");
    d->ports.read(d->ports.ctx, q, pull_cursor, p);
}

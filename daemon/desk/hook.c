/* hook.c: what platforms say. Steps 2 to 5 of a message's journey: verify and decode (the adapter), one commit that dedupes and stores, and only
 * then the answer. Nothing slow happens before it. */
#include "core/fault.h"
#include "desk/media.h"
#include "desk/outlet.h"
#include "desk/watch.h"
#include "protocols/sign.h"

#define HELD_MAX        24 /* for one channel: half of the connections that one address may have */
#define HELD_SERVED_MAX 8
#define BODY_MAX        (1LL << 20)

struct hook {
    struct desk *d;
    struct kf_key site, channel;
    struct arena *arena;
    struct received received;
    enum kf_rc rc; /* of receive() */
    desk_hook_answer *answer;
    void *ctx;
    size_t n_unknown; /* events for accounts that no channel has */
    /* What is for other channels is committed, too, before the answer. */
    size_t left;
    enum kf_rc worst;
    struct kf_id conv;
};

static void hook_end(struct hook *h, int status, const char *type, struct slice body)
{
    watch_hook(h->d, &h->site, &h->channel, h->rc, &h->received, status);
    h->answer(h->ctx, status, type, body);
    fault_point("after_ack");
    h->d->under_way--;
    arena_free(h->arena);
}

/* The answer stays open for a moment: a rule or a quick agent may fill it. A repeat that arrives meanwhile is a duplicate and is answered at once. */
static void hook_hold(struct hook *h, struct outlet *o, const struct kf_id *conv)
{
    struct held *held = ARENA_NEW(h->arena, struct held);

    if (!held) {
        hook_end(h, h->received.status, h->received.type, h->received.body);
        return;
    }
    *held = (struct held){ .conv = *conv,
                           .answer_key = h->received.answer_key,
                           .arena = h->arena,
                           .status = h->received.status,
                           .type = h->received.type,
                           .body = h->received.body,
                           .until = mono(h->d) + o->ops->answer_ms,
                           .answer = h->answer,
                           .ctx = h->ctx,
                           .next = o->held };
    o->held = held;
    watch_hook(h->d, &h->site, &h->channel, KF_OK, &h->received, h->received.status);
    h->d->under_way--;
}

/* For another account, too, it was believed by this one's secret: all that comes of it is a question to the platform. */
static void hook_pull(struct hook *h, struct desk_site *ds, struct outlet *o)
{
    struct slice account = h->received.pull_account;

    if (account.n && o->ops->account && !slice_eq(account, o->ops->account(o->ch)))
        o = outlet_of_account(h->d, ds, o, account);
    if (o && !holder(h->d, ds))
        h->d->ports.live_hint(h->d->ports.ctx, &ds->site->key, NULL, pull_number(&o->channel));
    else if (o)
        pull_kick(h->d, ds, o, h->received.pull_token);
    else
        log_event(h->d, 2, "desk event=hook_passed_over site=%s channel=%s reason=unknown_account", ds->site->key.s, h->channel.s);
}

/* Each is a connection, and a platform comes from few addresses: in a rush its events are answered at once, for whoever serves them answers by
 * the API as well. A place is kept longest for those who are answered by nobody else yet: greetings, rules and bots. */
static bool may_hold(struct hook *h, const struct outlet *o, const struct kf_id *conv)
{
    const struct view *v = session_view(h->d->session, conv);
    size_t n = 0;

    for (const struct held *one = o->held; one; one = one->next)
        n++;
    return n < (v && v->conv.state == CONV_SERVED ? HELD_SERVED_MAX : HELD_MAX);
}

static void hook_done(struct hook *h, enum kf_rc rc, const struct kf_id *conv)
{
    struct desk_site *ds = site_of(h->d, &h->site);
    struct outlet *o = ds ? outlet_of(h->d, ds, &h->channel) : NULL;

    if (rc) {
        hook_end(h, 503, "text/plain; charset=utf-8", SLICE("not stored: try again\n"));
        return;
    }
    if (o && h->received.nod.n)
        nod(h->d, ds, o, h->received.nod);
    if (o && conv && h->received.who.n)
        who_ask(h->d, ds, o, conv, h->received.who);
    if (o && h->received.pull)
        hook_pull(h, ds, o);
    if (o && conv && (o->ops->caps & CHAN_ANSWERS) && h->received.answer_key.n && !h->d->stopping && may_hold(h, o, conv))
        hook_hold(h, o, conv);
    else
        hook_end(h, h->received.status, h->received.type, h->received.body);
}

static void hook_taken(void *ctx, enum kf_rc rc, const struct kf_id *conv)
{
    struct hook *h = ctx;

    if (rc)
        h->worst = rc;
    if (conv)
        h->conv = *conv;
    if (--h->left == 0)
        hook_done(h, h->worst, id_is_zero(&h->conv) ? NULL : &h->conv);
}

/* ---- whose it is ---- */

/* Of a hook's events those of one channel, on their way to the store. */
struct portion {
    struct hook *h;
    struct kf_key site, channel;
    struct inbound *in;
    size_t n;
};

static void portion_carried(void *ctx, enum kf_rc rc)
{
    struct portion *p = ctx;
    struct desk *d = p->h->d;
    struct desk_site *ds = site_of(d, &p->site);
    struct outlet *o = ds ? outlet_of(d, ds, &p->channel) : NULL;

    if (rc || !o)
        hook_taken(p->h, rc ? rc : KF_ABSENT, NULL);
    else
        take_inbound(d, ds, o, p->in, p->n, (struct slice){ NULL, 0 }, hook_taken, p->h);
}

/* Counted in h->left by whoever calls it. */
static void portion_take(struct hook *h, struct desk_site *ds, struct outlet *o, struct inbound *in, size_t n)
{
    struct portion *p = carries_files(in, n) ? ARENA_NEW(h->arena, struct portion) : NULL;

    if (p) {
        *p = (struct portion){ .h = h, .site = ds->site->key, .channel = o->channel, .in = in, .n = n };
        carry_files(h->d, ds, h->arena, in, n, portion_carried, p);
    } else if (carries_files(in, n))
        hook_taken(h, KF_NOMEM, NULL);
    else
        take_inbound(h->d, ds, o, in, n, (struct slice){ NULL, 0 }, hook_taken, h);
}

/* Who takes what no channel has for its own, at least so far: this channel before others of its site. NULL: none. */
static struct outlet *taker_of(struct desk *d, struct desk_site *ds, struct outlet *first, struct slice account, enum channel_taking least)
{
    if (first->ops->takes(first->ch, account) >= least)
        return first;
    for (size_t i = 0; i < ds->site->n_channels; i++) {
        const struct site_channel *sc = &ds->site->channels[i];
        struct outlet *o = strcmp(sc->adapter, first->ops->name) == 0 ? outlet_of(d, ds, &sc->key) : NULL;

        if (o && o->ops->takes(o->ch, account) >= least)
            return o;
    }
    return NULL;
}

/* Who of the site has what is nobody's: whoever takes all of that kind, else this channel: it was brought there, and is better read by the
 * wrong one than by nobody. NULL: on this platform nothing is nobody's. */
static struct outlet *finder_of(struct desk *d, struct desk_site *ds, struct outlet *first, struct slice account)
{
    struct outlet *o = first->ops->takes ? taker_of(d, ds, first, account, TAKES_ALL) : NULL;

    return o || !first->ops->takes ? o : first;
}

/* The channel whose it is, and its site: who has the account, or names it, here; has it at another site; finds it. NULL: nobody. */
static struct outlet *owner_of(struct desk *d, struct desk_site *ds, struct outlet *first, struct slice account, struct desk_site **whose)
{
    struct outlet *o = outlet_of_account(d, ds, first, account);

    *whose = ds;
    if (!o && first->ops->takes)
        o = taker_of(d, ds, first, account, TAKES_NAMED);
    for (struct desk_site *other = d->sites; !o && other; other = other->next)
        if (other != ds) {
            *whose = other;
            o = outlet_of_account(d, other, first, account);
        }
    if (o)
        return o;
    *whose = ds;
    return finder_of(d, ds, first, account);
}

/* Takes from `in` what is for this account, or is taken by the same channel. */
static size_t pick_owner(struct desk *d, struct desk_site *ds, struct outlet *first, const struct outlet *o, struct inbound *in, size_t n)
{
    struct slice account = in[0].account;
    struct desk_site *whose;
    size_t left = 0;

    for (size_t i = 0; i < n; i++)
        if (!slice_eq(in[i].account, account) && (!o || owner_of(d, ds, first, in[i].account, &whose) != o))
            in[left++] = in[i];
    return n - left;
}

/* The request as its owner reads it: by the secret of that one, unless both are of one site and the platform leaves it open who owns what. */
static enum kf_rc read_for(struct hook *h, const struct outlet *first, const struct outlet *o, bool same_site, struct slice account,
                           const struct http_req *req, struct received *ret)
{
    struct env env = outlet_env(h->d, o);

    if (o->ops->receive_for)
        return o->ops->receive_for(o->ch, same_site ? first->ch : o->ch, account, h->arena, req, &env, ret);
    return o->ops->receive(o->ch, h->arena, req, &env, ret);
}

static void passed_over(struct hook *h, const struct desk_site *ds, const char *reason, size_t n)
{
    log_event(h->d, 2, "desk event=hook_passed_over site=%s channel=%s reason=%s events=%zu", ds->site->key.s, h->channel.s, reason, n);
}

/* The events of one other account; `n` of the request were for it. `served`: `first` has had its own already. */
static void hook_give(struct hook *h, struct desk_site *ds, struct outlet *first, struct desk_site *whose, struct outlet *o,
                      struct slice account, size_t n, const struct http_req *req, bool served)
{
    struct received again = { .status = 0 };
    struct inbound *mine;
    size_t taken;

    if (read_for(h, first, o, whose == ds, account, req, &again)) {
        h->worst = KF_NOMEM;
        return;
    }
    if (again.refused) {
        passed_over(h, ds, again.refused, n);
        o = whose == ds ? NULL : finder_of(h->d, ds, first, account); /* another site has it, and does not believe us */
        if (o && (o != first || !served))
            hook_give(h, ds, first, ds, o, account, n, req, served);
        return;
    }
    mine = arena_array(h->arena, again.n + 1, sizeof(*mine));
    if (!mine) {
        h->worst = KF_NOMEM;
        return;
    }
    taken = pick_account(again.inbound, again.n, o->ops->account(o->ch), mine);
    h->left++;
    portion_take(h, whose, o, mine, taken);
}

/* The events of somebody else's accounts: of channels that have them, or of nobody. */
static void hook_elsewhere(struct hook *h, struct desk_site *ds, struct outlet *first, const struct http_req *req, struct inbound *in,
                           size_t n, bool served)
{
    while (n) {
        struct slice account = in[0].account;
        struct desk_site *whose;
        struct outlet *o = owner_of(h->d, ds, first, account, &whose);
        size_t of_it = pick_owner(h->d, ds, first, o, in, n);

        n -= of_it;
        if (!o) {
            h->n_unknown += of_it;
            passed_over(h, ds, "unknown_account", of_it);
        } else if (o != first || !served) /* one mail to two of its addresses is one mail */
            hook_give(h, ds, first, whose, o, account, of_it, req, served);
    }
}

int64_t desk_hook_max(const struct site_channel *ch)
{
    const struct channel_ops *ops = channel_find(ch->adapter);

    return ops && ops->body_max ? (int64_t)ops->body_max : BODY_MAX;
}

static void hook_take(struct hook *h, struct desk_site *ds, struct outlet *o, const struct http_req *req)
{
    struct inbound *in = h->received.inbound, *mine = in;
    size_t n = h->received.n, taken = n;

    h->left = 1;
    if (n && o->ops->account) {
        mine = arena_array(h->arena, n, sizeof(*mine));
        if (!mine) {
            hook_end(h, 503, "text/plain; charset=utf-8", SLICE("out of memory\n"));
            return;
        }
        taken = pick_account(in, n, o->ops->account(o->ch), mine);
        if (taken < n)
            hook_elsewhere(h, ds, o, req, in, n - taken, taken > 0);
    }
    if (n && h->n_unknown == n)
        h->received.refused = "unknown_account"; /* for who looks at the channel; the answer stays */
    portion_take(h, ds, o, mine, taken);
}

void desk_hook(struct desk *d, const struct site *site, const struct site_channel *ch, const struct http_req *req, desk_hook_answer *answer,
               void *ctx)
{
    struct desk_site *ds = site_of(d, &site->key);
    struct outlet *o = ds ? outlet_of(d, ds, &ch->key) : NULL;
    struct arena *a = o ? arena_new(0) : NULL;
    struct hook *h = a ? ARENA_NEW(a, struct hook) : NULL;
    struct env env;
    enum kf_rc rc;

    if (!h) {
        arena_free(a);
        answer(ctx, o ? 503 : 404, "text/plain; charset=utf-8", o ? SLICE("out of memory\n") : SLICE("nothing here\n"));
        return;
    }
    *h = (struct hook){ .d = d, .site = site->key, .channel = ch->key, .arena = a, .answer = answer, .ctx = ctx };
    d->under_way++;
    env = outlet_env(d, o);
    (void)sign_troubled(); /* what was before is not ours */
    h->rc = rc = o->ops->receive(o->ch, a, req, &env, &h->received);
    if (!rc && h->received.refused && sign_troubled())
        h->rc = rc = KF_NOMEM; /* perhaps unjustly: it shall come again */
    if (rc) {
        hook_end(h, rc == KF_NOMEM ? 503 : 400, "text/plain; charset=utf-8", SLICE("not understood\n"));
        return;
    }
    if (h->received.refused) {
        d->figures.refused++;
        log_event(d, 2, "desk event=hook_refused site=%s channel=%s reason=%s", site->key.s, ch->key.s, h->received.refused);
        hook_end(h, h->received.status, h->received.type, h->received.body);
        return;
    }
    hook_take(h, ds, o, req);
}

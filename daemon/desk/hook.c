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
    struct inbound *mine; /* of these, those for this channel */
    size_t n_mine;
    enum kf_rc rc; /* of receive() */
    desk_hook_answer *answer;
    void *ctx;
    /* What is for other channels of the site is committed, too, before the answer. */
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

/* The events of somebody else's account: of a channel that believes this request by its own secret, or of nobody. */
static void hook_elsewhere(struct hook *h, struct desk_site *ds, const struct outlet *first, const struct http_req *req, struct inbound *in,
                           size_t n)
{
    struct inbound *mine = arena_array(h->arena, n, sizeof(*mine));

    while (n && mine) {
        struct slice account = in[0].account;
        struct outlet *o = outlet_of_account(h->d, ds, first, account);
        struct env env = o ? outlet_env(h->d, o) : (struct env){ .now_ms = 0 };
        struct received again = { .refused = "unknown_account" };
        size_t taken = pick_account(in, n, account, mine);

        n -= taken;
        if (o && o->ops->receive(o->ch, h->arena, req, &env, &again))
            h->worst = KF_NOMEM;
        if (again.refused) {
            log_event(h->d, 2, "desk event=hook_passed_over site=%s channel=%s reason=%s events=%zu", ds->site->key.s, h->channel.s,
                      again.refused, taken);
            continue;
        }
        h->left++;
        take_inbound(h->d, ds, o, mine, taken, (struct slice){ NULL, 0 }, hook_taken, h);
        mine = arena_array(h->arena, n + 1, sizeof(*mine));
    }
    if (!mine)
        h->worst = KF_NOMEM;
}

int64_t desk_hook_max(const struct site_channel *ch)
{
    const struct channel_ops *ops = channel_find(ch->adapter);

    return ops && ops->body_max ? (int64_t)ops->body_max : BODY_MAX;
}

static void hook_carried(void *ctx, enum kf_rc rc)
{
    struct hook *h = ctx;
    struct desk_site *ds = site_of(h->d, &h->site);
    struct outlet *o = ds ? outlet_of(h->d, ds, &h->channel) : NULL;

    if (rc || !o)
        hook_taken(h, rc ? rc : KF_ABSENT, NULL);
    else
        take_inbound(h->d, ds, o, h->mine, h->n_mine, (struct slice){ NULL, 0 }, hook_taken, h);
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
            hook_elsewhere(h, ds, o, req, in, n - taken);
    }
    h->mine = mine;
    h->n_mine = taken;
    if (carries_files(mine, taken))
        carry_files(h->d, ds, h->arena, mine, taken, hook_carried, h);
    else
        take_inbound(h->d, ds, o, mine, taken, (struct slice){ NULL, 0 }, hook_taken, h);
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

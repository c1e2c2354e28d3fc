/* hint.c: what other nodes say has happened is read, and told to those who are shown it here; and what they have not told is found. */
#include "desk/outlet.h"

#define ENTRIES_MAX   100  /* of a timeline, read again because another node has added some */
#define AGAIN_MS      5000 /* hints get lost on the way, and those of a node that cannot reach Redis never leave */
#define AGAIN_DOWN_MS 2000 /* none can come */
#define AGAIN_A_TICK  50   /* some 2 ms; ten thousand take 20 s */

static void hinted(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    if (!rc && ds)
        tell_read(call->d, ds, &q->convs[0]);
    desk_call_end(call);
}

static void hinted_message(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct view *v = session_view(call->d->session, &call->conv);

    (void)why;
    if (!rc && v && v->told >= q->messages[0].seq) /* else it is still to be told, as it is now */
        tell_changed(call->d, &v->conv, &q->messages[0]);
    desk_call_end(call);
}

static void read_changed(struct desk *d, struct desk_site *ds, const struct kf_id *conv, int64_t seq)
{
    struct call *call;
    struct query *q = session_view(d->session, conv) ? desk_ask(d, ds, QUERY_MESSAGE, &call) : NULL;

    if (!q)
        return;
    call->conv = *conv;
    q->id = *conv;
    q->after = seq;
    d->ports.read(d->ports.ctx, q, hinted_message, call);
}

static void hinted_entries(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    const struct view *v = session_view(call->d->session, &call->conv);

    (void)why;
    if (!rc && v && !id_is_zero(&v->conv.owner))
        tell_entries(call->d, &v->conv, q->entries, q->n_entries);
    desk_call_end(call);
}

static void read_entries(struct desk *d, struct desk_site *ds, const struct kf_id *conv, int64_t from)
{
    const struct view *v = session_view(d->session, conv);
    struct call *call;
    struct query *q = v && session_seats(d->session, &v->conv.owner) ? desk_ask(d, ds, QUERY_TIMELINE, &call) : NULL;

    if (!q)
        return;
    call->conv = *conv;
    q->id = *conv;
    q->after = from - 1;
    q->limit = ENTRIES_MAX;
    d->ports.read(d->ports.ctx, q, hinted_entries, call);
}

static void hinted_alarm(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    if (!rc && ds)
        alarm_here(call->d, ds, &q->convs[0], (int)call->n);
    desk_call_end(call);
}

static void read_alarm(struct desk *d, struct desk_site *ds, const struct kf_id *conv, int stage)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_CONV, &call);

    if (!q)
        return;
    call->n = stage;
    q->id = *conv;
    d->ports.read(d->ports.ctx, q, hinted_alarm, call);
}

static void hinted_typing(struct desk *d, struct desk_site *ds, const struct kf_id *conv, int64_t number)
{
    const struct view *v = session_view(d->session, conv);
    const struct member *m = v ? member_of(ds, &v->conv.owner) : NULL;
    struct actor who = { .role = number / 2 == ROLE_VISITOR ? ROLE_VISITOR : ROLE_AGENT };

    if (!v || id_is_zero(&v->conv.owner))
        return;
    who.name = who.role == ROLE_VISITOR ? v->conv.visitor_name : m ? m->name : NULL;
    who.number = who.role == ROLE_AGENT && m ? m->number : NULL;
    if (!who.name)
        who.name = "";
    tell_typing(d, &v->conv, &who, number % 2, 0);
}

/* That the owner or the state has changed may concern seats here that have no view of it yet. */
void desk_hint(struct desk *d, const struct kf_key *site, const struct kf_id *conv, int64_t seq)
{
    struct desk_site *ds = site_of(d, site);
    struct query *q;
    struct call *call;

    if (!ds)
        return;
    if ((!conv || id_is_zero(conv)) && seq > 0) {
        pull_hinted(d, ds, seq);
        return;
    }
    if (!conv || id_is_zero(conv)) {
        desk_load(d, NULL, NULL); /* people or settings have changed elsewhere; ends in a route pass */
        return;
    }
    if (seq >= HINT_FAR) {
        read_entries(d, ds, conv, seq - HINT_FAR);
        return;
    }
    if (seq == HINT_NOTICE) {
        notice_here(d, ds, conv);
        return;
    }
    if (seq <= HINT_ALARM(0)) {
        read_alarm(d, ds, conv, (int)(HINT_ALARM(0) - seq));
        return;
    }
    if (seq <= -HINT_FAR) {
        hinted_typing(d, ds, conv, -seq - HINT_FAR);
        return;
    }
    if (seq < HINT_MOVED) {
        read_changed(d, ds, conv, HINT_CHANGED(seq));
        return;
    }
    ds->line_moved |= seq == HINT_MOVED;
    if (seq >= 0 && !session_view(d->session, conv))
        return;
    q = desk_ask(d, ds, QUERY_CONV, &call);
    if (!q)
        return;
    q->id = *conv;
    d->ports.read(d->ports.ctx, q, hinted, call);
}

/* ---- what hints have not told ---- */

static bool as_shown(const struct view *v, const struct conv *c)
{
    return v->conv.seq == c->seq && v->conv.epoch == c->epoch && v->conv.state == c->state && v->conv.until == c->until &&
           v->conv.visitor_read == c->visitor_read && v->conv.staff_read == c->staff_read;
}

static void looked_again(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);
    const struct view *v = rc ? NULL : session_view(call->d->session, &q->convs[0].id);

    (void)why;
    if (ds && v && !as_shown(v, &q->convs[0]))
        tell_read(call->d, ds, &q->convs[0]);
    desk_call_end(call);
}

static void look_again(void *ctx, struct view *v)
{
    struct desk *d = ctx;
    struct desk_site *ds = site_of(d, &v->conv.site);
    struct call *call;
    struct query *q;

    if (v->look == d->look || d->look_left == 0)
        return;
    q = ds ? desk_ask(d, ds, QUERY_CONV, &call) : NULL;
    if (!q)
        return;
    v->look = d->look;
    d->look_left--;
    q->id = v->conv.id;
    d->ports.read(d->ports.ctx, q, looked_again, call);
}

void again_tick(struct desk *d, int64_t t)
{
    bool done = d->look_left > 0; /* the tick before found no more to look at */

    if (d->cfg.sole || (done && t - d->again_at < (d->ports.live_up(d->ports.ctx) ? AGAIN_MS : AGAIN_DOWN_MS)))
        return;
    if (done) {
        d->again_at = t;
        d->look++;
    }
    d->look_left = AGAIN_A_TICK;
    session_each_view(d->session, look_again, d);
}

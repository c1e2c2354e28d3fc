/* people.c: presence: chosen by oneself, by a supervisor, or by the house, for who lets offers pass. Each change is a row in the store. */
#include "core/permit.h"
#include "desk/inner.h"

#include <stdlib.h>

/* A word to the live layer that it has not answered yet. */
struct presence_word {
    struct desk *d;
    struct kf_key site;
    struct kf_id person;
    enum presence presence;
    struct presence_word *next; /* said later */
};

static void word_heard(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct presence_word *w = ctx;
    struct desk_site *ds = site_of(w->d, &w->site);

    (void)rc;
    (void)why;
    for (struct presence_word **at = ds ? &ds->words : NULL; at && *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    w->d->under_way--;
    free(w);
}

static void tell_live(struct desk *d, struct desk_site *ds, const struct member *m, enum presence p)
{
    struct presence_word *w = calloc(1, sizeof(*w)), **last = &ds->words;

    if (w) {
        *w = (struct presence_word){ .d = d, .site = ds->site->key, .person = m->person, .presence = p };
        while (*last)
            last = &(*last)->next;
        *last = w;
        d->under_way++;
    }
    d->ports.live_agent(d->ports.ctx, &ds->site->key, &m->person, p, m->capacity, w ? word_heard : NULL, w);
}

void presence_overtakes(struct desk_site *ds)
{
    for (const struct presence_word *w = ds->words; w; w = w->next)
        presence_seen(ds, &w->person, w->presence);
}

static void presence_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct seat *seat = session_seat(d->session, call->conn);
    struct member *m = ds ? member_of(ds, &call->who) : NULL;

    if (rc) {
        seat_fail(d, call->conn, call->cid, rc, why);
        if (m)
            tell_live(d, ds, m, m->presence); /* it may have been told before */
    } else {
        if (m && !news->duplicate) {
            member_presence(ds, m, (enum presence)call->n, call->reason ? call->reason : "", call->m);
            tell_presence(d, ds, m);
            presence_seen(ds, &call->who, m->presence);
            tell_live(d, ds, m, m->presence);
        }
        if (seat)
            session_ack(d->session, seat, slice_of(call->cid), NULL, 0, call->m);
        if (!d->cfg.sole)
            d->ports.live_hint(d->ports.ctx, &call->site, NULL, 0);
        if (ds && m && !news->duplicate) {
            ds->parked_maybe = true;
            presence_changed(d, ds, &call->who);
            if (m->presence != PRESENCE_ONLINE)
                offers_withdraw(d, ds, &call->who);
            look(d, ds);
            route_kick(d, ds);
        }
    }
    desk_call_end(call);
}

void presence_commit(struct desk *d, struct desk_site *ds, struct change *c, const struct kf_id *person, enum presence p,
                     struct slice reason, uint64_t conn, struct slice cid)
{
    struct call *call = desk_call(d, ds);
    struct act *act;

    if (!call) {
        change_free(c);
        seat_fail(d, conn, "", KF_NOMEM, NULL);
        return;
    }
    act = change_act(c, ACT_PRESENCE);
    act->u.presence.person = *person;
    act->u.presence.presence = p;
    act->u.presence.reason = change_text(c, reason);
    call->conn = conn;
    call->who = *person;
    call->n = p;
    call->reason = reason.n ? strndup(reason.p, reason.n) : NULL;
    call->m = c->at;
    desk_call_cid(call, cid);
    d->ports.commit(d->ports.ctx, c, presence_done, call);
}

/* The others would go on waiting for who does not look. The live layer hears of it before it hears of the free place. */
void missed_offers(struct desk *d, struct desk_site *ds, const struct kf_id *person, int missed)
{
    const struct member *m = member_of(ds, person);
    struct change *c;

    if (!ds->site->missed_max || missed < ds->site->missed_max || !m || m->presence != PRESENCE_ONLINE)
        return;
    c = change_new(&ds->site->key, now(d));
    if (!c)
        return;
    c->by = (struct actor){ .role = ROLE_SYSTEM, .name = "" };
    presence_seen(ds, person, PRESENCE_AWAY);
    tell_live(d, ds, m, PRESENCE_AWAY);
    presence_commit(d, ds, c, person, PRESENCE_AWAY, SLICE("missed"), 0, SLICE(""));
}

bool is_present(struct desk *d, const struct desk_site *ds, const struct kf_id *person)
{
    const struct member *m = member_of(ds, person);

    return m && !m->disabled && presence_chosen(ds, m) >= PRESENCE_AWAY && seen_connected(d, ds, person);
}

/* ---- what a lost hint has not told ---- */

#define OWNED_MS 5000

struct tally {
    const struct desk_site *ds;
    int *load; /* beside ds->seen: of the views that are shown here */
};

static void each_owned(void *ctx, struct view *v)
{
    struct tally *t = ctx;
    const struct seen *s;

    if ((v->conv.state != CONV_SERVED && v->conv.state != CONV_OFFERED) || !key_eq(&v->conv.site, &t->ds->site->key))
        return;
    s = seen_of(t->ds, &v->conv.owner);
    if (s)
        t->load[s - t->ds->seen] += conv_weight(&v->conv);
}

static void owned_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++)
        if (conv_is_open(&q->convs[i]))
            tell_read(call->d, ds, &q->convs[i]);
    desk_call_end(call);
}

/* Another node has given somebody who sits here a conversation, and its hint was lost: the live layer counts more than is shown here. */
void sweep_owned(struct desk *d, struct desk_site *ds)
{
    struct tally t = { ds, NULL };

    if (d->cfg.sole || !ds->n_seen || mono(d) - ds->owned_at < OWNED_MS)
        return;
    t.load = calloc(ds->n_seen, sizeof(*t.load));
    if (!t.load)
        return;
    ds->owned_at = mono(d);
    session_each_view(d->session, each_owned, &t);
    for (size_t i = 0; i < ds->n_seen; i++)
        if (ds->seen[i].load != t.load[i] && session_seats(d->session, &ds->seen[i].id))
            desk_ask_owned(d, ds, &ds->seen[i].id, NULL, owned_read);
    free(t.load);
}

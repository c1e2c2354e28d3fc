/* housekeep.c: what the holder of a site's lease does, so that nothing waits for ever: leases, rebuilding the live layer, what has become
 * due, agents who are lost, conversations that were parked. */
#include "core/mutant.h"
#include "desk/outlet.h"
#include "desk/speak.h"

#include <stdlib.h>

#define PAGE           500
#define DUE_MAX        500
#define PASSED_ON_MAX  2000  /* more of them the live layer does not show */
#define HELPER_LOOK_MS 3000  /* so long after the grace a person without conversations is still looked at */
#define PARKED_MS      15000 /* so often those who are parked are looked through for nothing in particular */
#define UNHEARD_MS     60000 /* so often it is looked whether there are such at all */
#define RETELL_SWEEPS  10
#define HAUNTED_SWEEPS 5

bool holder(struct desk *d, const struct desk_site *ds)
{
    return d->leases[ds->shard].held != 0;
}

struct change *housekeeping(struct desk *d, struct desk_site *ds)
{
    struct change *c = holder(d, ds) ? change_new(&ds->site->key, now(d)) : NULL;

    if (!c)
        return NULL;
    c->by = (struct actor){ .role = ROLE_SYSTEM, .name = "" };
    c->lease_shard = ds->shard;
    c->lease_epoch = d->leases[ds->shard].held;
    c->lease_node = d->cfg.node;
    return c;
}

/* ---- leases ---- */

static void lease_lost(struct desk *d, int shard)
{
    struct lease *l = &d->leases[shard];

    if (l->held)
        log_event(d, 2, "desk event=lease_lost shard=%d epoch=%lld", shard, (long long)l->held);
    l->held = 0;
    for (struct desk_site *ds = d->sites; ds; ds = ds->next)
        if (ds->shard == shard)
            ds->ready_lease = 0;
}

static void lease_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct lease *l = &d->leases[call->n];

    (void)why;
    l->busy = false;
    d->figures.store_away = rc == KF_AGAIN;
    if (rc == KF_OK) {
        if (l->held != news->version)
            log_event(d, 1, "desk event=lease_taken shard=%lld epoch=%lld", (long long)call->n, (long long)news->version);
        if (l->held != news->version)
            for (struct desk_site *ds = d->sites; ds; ds = ds->next)
                ds->swept_at = ds->shard == call->n ? 0 : ds->swept_at; /* the first sweep rebuilds: at once */
        l->held = news->version;
        l->beaten_at = call->at; /* from when it was sent, not from when it was answered */
    } else if (rc == KF_CONFLICT)
        lease_lost(d, (int)call->n);
    desk_call_end(call);
}

static void lease_commit(struct desk *d, int shard, int64_t epoch, bool take)
{
    struct change *c = change_new(NULL, now(d));
    struct call *call = c ? desk_call(d, NULL) : NULL;
    struct act *act;

    if (!call) {
        change_free(c);
        return;
    }
    act = change_act(c, ACT_LEASE);
    act->u.lease = (struct act_lease){ .shard = shard, .node = d->cfg.node, .epoch = epoch, .take = take };
    call->n = shard;
    d->leases[shard].busy = true;
    d->ports.commit(d->ports.ctx, c, lease_done, call);
}

static bool shard_used(const struct desk *d, int shard)
{
    for (const struct desk_site *ds = d->sites; ds; ds = ds->next)
        if (ds->shard == shard)
            return true;
    return false;
}

/* Somebody else's lease is ours to take when its beat has stood still for LEASE_LOST_MS of our own clock; one that nobody can hold but
 * a dead process of this very store, at once. */
static void lease_step(struct desk *d, int shard)
{
    struct lease *l = &d->leases[shard];

    if (l->busy)
        return;
    if (l->held && mono(d) - l->beaten_at < LEASE_BEAT_MS - LEASE_LOOK_MS / 2) /* this look was for another shard */
        return;
    if (l->held)
        lease_commit(d, shard, l->held, false);
    else if (l->seen_epoch == 0 || d->cfg.sole || mono(d) - l->seen_at >= LEASE_LOST_MS)
        lease_commit(d, shard, l->seen_epoch, true);
}

static void leases_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;

    (void)why;
    d->lease_reading = false;
    for (size_t i = 0; !rc && i < q->n_leases; i++) {
        const struct stored_lease *s = &q->leases[i];
        struct lease *l;

        if (s->shard < 0 || s->shard >= SHARDS)
            continue;
        l = &d->leases[s->shard];
        if (!l->known || l->seen_epoch != s->epoch || l->seen_beat != s->beat)
            l->seen_at = mono(d);
        l->known = true;
        l->seen_epoch = s->epoch;
        l->seen_beat = s->beat;
    }
    for (int shard = 0; !rc && shard < SHARDS; shard++)
        if (shard_used(d, shard))
            lease_step(d, shard);
    desk_call_end(call);
}

/* Who holds all that there is looks when it beats. Who waits for another's beat to stop looks more often: it must not be the looking
 * that makes a takeover late. */
static int64_t lease_every(const struct desk *d)
{
    for (int shard = 0; shard < SHARDS; shard++)
        if (shard_used(d, shard) && !d->leases[shard].held)
            return LEASE_LOOK_MS;
    return LEASE_BEAT_MS;
}

void lease_tick(struct desk *d)
{
    struct query *q;
    struct call *call;

    for (int shard = 0; shard < SHARDS; shard++)
        if (d->leases[shard].held && mono(d) - d->leases[shard].beaten_at > LEASE_FENCE_MS)
            lease_lost(d, shard);
    if (d->lease_reading || (d->lease_at && mono(d) - d->lease_at < lease_every(d)) || !d->sites)
        return;
    q = desk_ask(d, NULL, QUERY_LEASES, &call);
    if (!q)
        return;
    d->lease_at = mono(d);
    d->lease_reading = true;
    d->ports.read(d->ports.ctx, q, leases_read, call);
}

/* ---- rebuilding the live layer ---- */

struct rebuild {
    struct desk *d;
    struct kf_key site;
    int64_t lease;
    struct kf_id after;
    size_t puts; /* under way */
    bool last;   /* no further page */
    bool failed;
    size_t count;
};

static void rebuild_page(struct rebuild *r);

static void rebuild_end(struct rebuild *r, bool ready)
{
    struct desk *d = r->d;
    struct desk_site *ds = site_of(d, &r->site);

    if (ds) {
        ds->rebuilding = false;
        if (ready && d->leases[ds->shard].held == r->lease) {
            ds->ready_lease = r->lease;
            log_event(d, 1, "desk event=live_rebuilt site=%s conversations=%zu", ds->site->key.s, r->count);
            ds->parked_maybe = true;
            route_kick(d, ds);
        }
    }
    d->under_way--;
    free(r);
}

static void rebuild_ready(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    (void)why;
    rebuild_end(ctx, rc == KF_OK);
}

/* What is said before `ready` is heard before it. */
static void rebuild_passed_on(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct rebuild *r = ctx;
    struct desk_site *ds = site_of(r->d, &r->site);

    (void)why;
    if (rc || !ds) {
        rebuild_end(r, false);
        return;
    }
    for (size_t i = 0; i < q->n_passed_on; i++)
        handed_on(r->d, ds, &q->passed_on[i].conv, &q->passed_on[i].by, q->passed_on[i].at);
    r->d->ports.live_ready(r->d->ports.ctx, &r->site, r->lease, rebuild_ready, r);
}

/* Who has handed somebody over stands on the timeline. */
static void rebuild_refusals(struct rebuild *r)
{
    struct query *q = query_new(QUERY_PASSED_ON);

    if (!q) {
        rebuild_end(r, false);
        return;
    }
    q->site = r->site;
    q->after = now(r->d) - HANDED_MS;
    q->limit = PASSED_ON_MAX;
    r->d->ports.read(r->d->ports.ctx, q, rebuild_passed_on, r);
}

static void rebuild_step(struct rebuild *r)
{
    if (r->puts)
        return;
    if (r->failed)
        rebuild_end(r, false);
    else if (r->last)
        rebuild_refusals(r);
    else
        rebuild_page(r);
}

static void rebuild_put(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct rebuild *r = ctx;

    (void)why;
    r->puts--;
    if (rc)
        r->failed = true;
    rebuild_step(r);
}

static void rebuild_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct rebuild *r = ctx;

    (void)why;
    if (rc) {
        r->failed = true;
        rebuild_step(r);
        return;
    }
    r->last = q->n_convs < PAGE;
    r->puts = 1; /* keeps rebuild_step() from going on before all puts are on their way */
    for (size_t i = 0; i < q->n_convs; i++) {
        r->after = q->convs[i].id;
        r->count++;
        r->puts++;
        r->d->ports.live_put(r->d->ports.ctx, &q->convs[i], rebuild_put, r);
    }
    r->puts--;
    rebuild_step(r);
}

static void rebuild_page(struct rebuild *r)
{
    struct query *q = query_new(QUERY_OPEN);

    if (!q) {
        r->failed = true;
        rebuild_step(r);
        return;
    }
    q->site = r->site;
    q->id = r->after;
    q->now = now(r->d);
    q->limit = PAGE;
    r->d->ports.read(r->d->ports.ctx, q, rebuild_read, r);
}

static void rebuild_was_reset(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct rebuild *r = ctx;
    struct desk *d = r->d;
    struct desk_site *ds = site_of(d, &r->site);

    (void)why;
    if (rc || !ds) {
        rebuild_end(r, false);
        return;
    }
    heartbeat(d, ds); /* it may not even know who is connected */
    tell_agents(d, ds);
    rebuild_page(r);
}

/* The live layer has turned out to be empty: the next tick sweeps, and finds that. */
void rebuild_soon(struct desk_site *ds)
{
    ds->ready_lease = 0;
    ds->swept_at = 0;
}

/* No match is under way while this runs: it begins only between passes, and the scripts refuse reservations until it is ready. */
static void rebuild(struct desk *d, struct desk_site *ds)
{
    struct rebuild *r;

    if (ds->rebuilding || ds->passing || ds->matching)
        return;
    if (mutant("one_rebuild") && ds->rebuilt)
        return;
    r = calloc(1, sizeof(*r));
    if (!r)
        return;
    *r = (struct rebuild){ .d = d, .site = ds->site->key, .lease = d->leases[ds->shard].held };
    ds->rebuilding = ds->rebuilt = true;
    ds->haunt.sweeps = 0;
    d->under_way++;
    d->ports.live_reset(d->ports.ctx, &ds->site->key, r->lease, rebuild_was_reset, r);
}

/* ---- conversations that something has happened to without anybody's doing ---- */

static void kept(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    if (!rc && ds)
        tell_news(call->d, ds, news, 0);
    desk_call_end(call); /* a conflict: somebody acted meanwhile, and the next sweep sees what is there now */
}

/* Takes `c`. */
static void commit_event(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, struct conv_event ev,
                         const char *entry)
{
    struct call *call = c ? desk_call(d, ds) : NULL;
    char id[KF_ID_TEXT];
    struct act *act;

    if (!call) {
        change_free(c);
        return;
    }
    c->conv = conv->id;
    change_act(c, ACT_STEP)->u.step = ev;
    if (entry) {
        act = change_act(c, ACT_ENTRY);
        act->u.entry = (struct entry){ .at = c->at, .kind = entry, .by = c->by, .data = "{\"by\":\"system\"}" };
        if (ev.kind == CONV_RETURN) /* whose silence it was is written down by who counts it */
            act->u.entry.data = change_printf(c, "{\"by\":\"system\",\"why\":\"gone\",\"person\":\"%s\"}", id_text(&conv->owner, id));
    }
    if (ev.kind == CONV_RETURN)
        (void)speak(ds->site, c, conv, "returned", "returned", NULL, 0);
    d->ports.commit(d->ports.ctx, c, kept, call);
}

void keep_event(struct desk *d, struct desk_site *ds, const struct conv *conv, struct conv_event ev, const char *entry)
{
    commit_event(d, ds, housekeeping(d, ds), conv, ev, entry);
}

/* What was handed over by a person stays: who is busy may still take it. No lease is needed, whoever hears first does it. */
static void offers_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++) {
        const struct conv *conv = &q->convs[i];
        struct change *c;

        if (conv->state != CONV_OFFERED || !id_eq(&conv->owner, &q->id) || !id_is_zero(&conv->back))
            continue;
        c = change_new(&ds->site->key, now(d));
        if (c)
            c->by = (struct actor){ .role = ROLE_SYSTEM, .name = "" };
        commit_event(d, ds, c, conv, (struct conv_event){ .kind = CONV_REFUSE, .person = conv->owner, .epoch = conv->epoch }, NULL);
    }
    desk_call_end(call);
}

void offers_withdraw(struct desk *d, struct desk_site *ds, const struct kf_id *person)
{
    desk_ask_owned(d, ds, person, NULL, offers_read);
}

static void keep_step(struct desk *d, struct desk_site *ds, const struct conv *conv, enum conv_event_kind kind, const char *entry)
{
    keep_event(d, ds, conv, (struct conv_event){ .kind = kind, .person = conv->owner, .epoch = conv->epoch }, entry);
}

static void due_one(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    if (c->state == CONV_OFFERED && c->until <= now(d))
        let_pass(d, ds, c);
    else if (c->state == CONV_PARKED && c->until && c->until <= now(d))
        keep_step(d, ds, c, CONV_UNPARK, "unparked");
    else if (c->state == CONV_CLOSED && c->wrapup_until && c->wrapup_until <= now(d))
        keep_step(d, ds, c, CONV_NOTHING, NULL); /* the wrap-up is over: a place is free */
    else
        rules_due(d, ds, c);
}

static void due_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    if (ds) {
        ds->sweeping = false;
        for (size_t i = 0; !rc && i < q->n_convs; i++)
            due_one(call->d, ds, &q->convs[i]);
    }
    desk_call_end(call);
}

static void sweep_due(struct desk *d, struct desk_site *ds)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_DUE, &call);

    if (!q)
        return;
    ds->sweeping = true;
    q->now = now(d);
    q->limit = DUE_MAX;
    d->ports.read(d->ports.ctx, q, due_read, call);
}

/* ---- agents who are lost, and who may serve no more ---- */

static void owned_released(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++) {
        const struct conv *c = &q->convs[i];

        if (id_eq(&c->helper, &q->id)) /* whoever waits for that help looks for another */
            keep_event(d, ds, c, (struct conv_event){ .kind = CONV_HELP, .epoch = c->epoch }, NULL);
        if (!id_eq(&c->owner, &q->id))
            continue;
        if (c->state == CONV_SERVED)
            keep_step(d, ds, c, CONV_RETURN, "returned");
        else if (c->state == CONV_OFFERED)
            let_pass(d, ds, c);
    }
    desk_call_end(call);
}

void release_all(struct desk *d, struct desk_site *ds, const struct kf_id *person)
{
    desk_ask_owned(d, ds, person, NULL, owned_released);
}

/* Off the net for longer than the grace time. */
static bool is_lost(struct desk *d, const struct desk_site *ds, const struct seen *s)
{
    if (d->doubted_at && mono(d) - d->doubted_at < LIVE_GONE_MS)
        return false; /* what the beats of other nodes say is not true yet */
    return !seen_connected(d, ds, &s->id) && s->gone_since && now(d) - s->gone_since >= ds->site->grace_ms;
}

/* Who has nothing may still be somebody's helper: that is looked at once, when the grace time is over. */
static bool may_have_some(struct desk *d, const struct desk_site *ds, const struct seen *s)
{
    return s->load > 0 || now(d) - s->gone_since <= ds->site->grace_ms + HELPER_LOOK_MS;
}

/* Switched off, or without a role that lets serve, while there was something: such a one does not come back. Mostly that was seen when people
 * were read; here it is for a match that was under way then, and for who has taken the lease over since. */
static bool is_barred(const struct desk_site *ds, const struct seen *s)
{
    const struct member *m = s->load > 0 ? member_of(ds, &s->id) : NULL;

    return m && !may_sit(m);
}

static void sweep_lost(struct desk *d, struct desk_site *ds)
{
    for (size_t i = 0; i < ds->n_seen && !mutant("no_grace"); i++) {
        const struct seen *s = &ds->seen[i];

        if ((is_lost(d, ds, s) && may_have_some(d, ds, s)) || is_barred(ds, s))
            release_all(d, ds, &s->id);
    }
}

/* ---- waiting and parked ---- */

/* The live layer knows of somebody who waits no more: a word that a stopped node had kept since before a rebuilding, say. Nobody would miss
 * him until he is offered to somebody, but all behind him are told a wrong position. The two are never seen at the same moment: so it is
 * only believed when over several looks the shortest line there was longer than the longest one in the store. */
static bool haunted(struct desk *d, struct desk_site *ds, const struct query *q)
{
    struct haunt *h = &ds->haunt;
    int64_t stored = (int64_t)q->n_convs;

    if (ds->seen_at == h->look)
        return false; /* no look since */
    h->look = ds->seen_at;
    h->live_least = h->sweeps && h->live_least < ds->waiting ? h->live_least : ds->waiting;
    h->stored_most = h->sweeps && h->stored_most > stored ? h->stored_most : stored;
    h->sweeps = q->n_convs < waiting_max(d) && h->live_least > h->stored_most ? h->sweeps + 1 : 0;
    if (h->sweeps < HAUNTED_SWEEPS)
        return false;
    log_event(d, 2, "desk event=live_ahead site=%s waiting=%lld live=%lld", ds->site->key.s, (long long)stored, (long long)ds->waiting);
    rebuild_soon(ds);
    return true;
}

/* A reservation whose holder has died comes back by being told again who waits: what is already known changes nothing. Does the live
 * layer seem to know less than the store, then everybody is told of at once; else a share at each sweep, so that a long line holds up
 * nobody and everybody has been told of once in RETELL_SWEEPS seconds. */
static void retell(struct desk *d, struct desk_site *ds, const struct query *q)
{
    bool all = (int64_t)q->n_convs != ds->waiting && !(q->n_convs == waiting_max(d) && ds->waiting >= (int64_t)waiting_max(d));

    if (haunted(d, ds, q))
        return;
    ds->retold = (ds->retold + 1) % RETELL_SWEEPS;
    for (size_t i = 0; i < q->n_convs; i++)
        if (all || q->convs[i].id.b[sizeof(q->convs[i].id.b) - 1] % RETELL_SWEEPS == ds->retold)
            d->ports.live_put(d->ports.ctx, &q->convs[i], NULL, NULL);
}

static void waiting_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    if (!rc && ds)
        retell(d, ds, q);
    if (!rc && ds)
        rules_deserted(d, ds, q->convs, q->n_convs, q->n_convs < waiting_max(d));
    if (ds)
        route_kick(d, ds);
    desk_call_end(call);
}

static void sweep_waiting(struct desk *d, struct desk_site *ds)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_WAITING, &call);

    if (!q)
        return;
    q->limit = waiting_max(d);
    d->ports.read(d->ports.ctx, q, waiting_read, call);
}

static void parked_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++) {
        const struct conv *c = &q->convs[i];

        if (c->state != CONV_PARKED || c->until)
            continue;
        ds->parked_left = true;
        if (staffed(d, ds, &c->queue))
            keep_step(d, ds, c, CONV_UNPARK, "unparked");
    }
    if (!rc && ds && q->n_convs == PAGE) {
        struct query *next = query_new(QUERY_OPEN);

        if (next) {
            next->site = ds->site->key;
            next->id = q->convs[q->n_convs - 1].id;
            next->now = now(d);
            next->limit = PAGE;
            d->ports.read(d->ports.ctx, next, parked_read, call);
            return;
        }
    }
    desk_call_end(call);
}

static bool anybody_there(struct desk *d, const struct desk_site *ds)
{
    for (size_t i = 0; i < ds->site->n_queues; i++)
        if (staffed(d, ds, &ds->site->queues[i].key))
            return true;
    return false;
}

/* Something has happened that may matter, or it is time. What another node has put off while somebody came here is heard of by no one. */
static bool parked_due(struct desk *d, const struct desk_site *ds)
{
    return ds->parked_maybe || mono(d) - ds->parked_at >= (ds->parked_left ? PARKED_MS : UNHEARD_MS);
}

/* Looks only while somebody is there, and not all the time: parked conversations may be many. */
static void sweep_parked(struct desk *d, struct desk_site *ds)
{
    struct query *q;
    struct call *call;

    if (!parked_due(d, ds) || !anybody_there(d, ds))
        return;
    q = desk_ask(d, ds, QUERY_OPEN, &call);
    if (!q)
        return;
    ds->parked_maybe = ds->parked_left = false;
    ds->parked_at = mono(d);
    q->now = now(d);
    q->limit = PAGE;
    d->ports.read(d->ports.ctx, q, parked_read, call);
}

void parked_kick(struct desk *d, struct desk_site *ds)
{
    if (ds->parked_maybe && !d->stopping && !d->figures.store_away && holder(d, ds))
        sweep_parked(d, ds);
}

void sweep_tick(struct desk *d, struct desk_site *ds)
{
    if (ds->queue_dirty)
        tell_queue(d, ds);
    tell_site(d, ds);
    rates_refresh(d, ds);
    sweep_owned(d, ds);
    if (!holder(d, ds)) {
        look(d, ds);
        return;
    }
    if (d->figures.store_away)
        return; /* the beat of the lease tries whether it is back */
    if (!ds->sweeping)
        sweep_due(d, ds);
    sweep_parked(d, ds);
    sweep_hours(d, ds);
    sweep_samples(d, ds);
    sweep_checks(d, ds);
    deliver_settle(d, ds);
    deliver_kick(d, ds);
    pull_sweep(d, ds);
    if (!d->ports.live_up(d->ports.ctx))
        return;
    if (ds->ready_lease != d->leases[ds->shard].held) {
        rebuild(d, ds);
        return;
    }
    sweep_lost(d, ds);
    sweep_waits(d, ds);
    sweep_waiting(d, ds);
}

/* assign.c: step 7: waiting conversations meet free agents. C decides, the live layer reserves, the store commits under the epoch. Only the
 * holder of the site's lease does this. Every event that can open a match kicks a pass; the sweep each second is the net. */
#include "core/fault.h"
#include "desk/routing.h"
#include "desk/speak.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOK_MAX 200
#define LOOK_ALL 20000 /* when those first in line suit nobody who is free */
#define WIDE_MS  1000
#define HEAVY_MS 60000

/* ---- the look: what the live layer knows, kept for everybody who asks "is somebody there?" ---- */

static bool was_connected(const struct desk_site *ds, const struct kf_id *agent)
{
    const struct seen *s = seen_of(ds, agent);

    return s && s->connected;
}

void keep_look(struct desk *d, struct desk_site *ds, const struct live_view *view)
{
    struct seen *seen = calloc(view->n_agents ? view->n_agents : 1, sizeof(*seen));

    if (!seen)
        return;
    for (size_t i = 0; i < view->n_agents; i++) {
        const struct live_agent *a = &view->agents[i];

        ds->parked_maybe |= a->connected && !was_connected(ds, &a->id);
        seen[i] = (struct seen){ a->id, a->presence, a->connected, a->load, a->capacity, a->gone_since };
    }
    free(ds->seen);
    ds->seen = seen;
    ds->n_seen = view->n_agents;
    presence_overtakes(ds);
    ds->seen_at = mono(d);
    ds->line_moved |= ds->waiting != view->total_waiting;
    ds->waiting = view->total_waiting;
    ds->longest_ms = view->n_waiting ? now(d) - view->waiting[0].effective : 0;
    if (ds->longest_ms < 0)
        ds->longest_ms = 0;
    parked_kick(d, ds);
}

static void looked(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    if (ds) {
        ds->looking = false;
        if (!rc)
            keep_look(call->d, ds, view);
    }
    desk_call_end(call);
}

void look(struct desk *d, struct desk_site *ds)
{
    struct call *call;

    if (ds->looking || !d->ports.live_up(d->ports.ctx))
        return;
    call = desk_call(d, ds);
    if (!call)
        return;
    ds->looking = true;
    d->ports.live_look(d->ports.ctx, &ds->site->key, 1, looked, call);
}

/* ---- one match ---- */

static void pass_step(struct desk *d, struct desk_site *ds);

static size_t match_of(const struct desk_site *ds, const struct kf_id *agent)
{
    size_t i = 0;

    while (i < ds->matching && !id_eq(&ds->matched[i], agent))
        i++;
    return i;
}

bool is_being_matched(const struct desk_site *ds, const struct kf_id *agent)
{
    return match_of(ds, agent) < ds->matching;
}

static void match_end(struct call *call)
{
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    if (ds)
        ds->matched[match_of(ds, &call->who)] = ds->matched[ds->matching - 1];
    desk_call_end(call);
    if (!ds)
        return;
    ds->matching--;
    pass_step(d, ds);
}

/* What the live layer thinks and what the store says differ: the store is right. */
static void match_reread(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;

    (void)why;
    if (!rc)
        call->d->ports.live_put(call->d->ports.ctx, &q->convs[0], NULL, NULL);
    match_end(call);
}

static void match_undo(struct call *call)
{
    struct query *q = query_new(QUERY_CONV);

    call->d->figures.conflicts++;
    if (!q) {
        match_end(call);
        return;
    }
    q->id = call->conv;
    call->d->ports.read(call->d->ports.ctx, q, match_reread, call);
}

static void match_committed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    if (rc || !ds) {
        match_undo(call);
        return;
    }
    fault_point("after_match");
    d->figures.matches++;
    tell_news(d, ds, news, 0);
    match_end(call);
}

static void match_commit(struct desk *d, struct desk_site *ds, struct call *call)
{
    const struct member *m = member_of(ds, &call->who);
    struct change *c = m ? housekeeping(d, ds) : NULL;
    const struct site_queue *queue;
    struct wording_value v[2];
    struct conv brief;
    struct act *act;

    if (!c) {
        match_undo(call);
        return;
    }
    queue = site_queue(ds->site, &call->queue);
    c->conv = call->conv;
    act = change_act(c, ACT_STEP);
    act->u.step = (struct conv_event){ .kind = CONV_ASSIGN, .person = call->who, .epoch = call->n };
    if (queue && queue->offer) {
        act->u.step.kind = CONV_OFFER;
        act->u.step.until = now(d) + queue->offer_ms;
    }
    act = change_act(c, ACT_ENTRY);
    act->u.entry = (struct entry){
        .at = c->at, .kind = queue && queue->offer ? "offered" : "assigned", .by = c->by, .data = change_text(c, slice_of(call->reason))
    };
    if (!queue || !queue->offer) {
        /* The language is the visitor's: a view has it; whose page is at another node, or closed, is known by the line. */
        const struct view *view = session_view(d->session, &call->conv);

        brief = (struct conv){ .locale = view ? view->conv.locale : call->locale };
        v[0] = (struct wording_value){ "name", m->name };
        v[1] = (struct wording_value){ "number", m->number };
        (void)speak(ds->site, c, &brief, "joined", "joined", v, 2);
    }
    d->ports.commit(d->ports.ctx, c, match_committed, call);
}

static void match_reserved(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    if (rc || !ds) {
        if (ds && live_unready(rc, why))
            rebuild_soon(ds);
        d->figures.conflicts++;
        match_end(call);
        return;
    }
    fault_point("after_reserve");
    match_commit(d, ds, call);
}

static const char *locale_in(const struct live_view *view, const struct kf_id *conv)
{
    for (size_t i = 0; i < view->n_waiting; i++)
        if (id_eq(&view->waiting[i].conv, conv))
            return view->waiting[i].language;
    return "";
}

static void match_begin(struct desk *d, struct desk_site *ds, const struct route_ask *ask, const struct route_agent *agent,
                        const char *locale, const char *reason)
{
    struct call *call = reason ? desk_call(d, ds) : NULL;

    if (!call)
        return;
    call->reason = strdup(reason);
    if (!call->reason) {
        desk_call_end(call);
        return;
    }
    call->conv = ask->conv;
    call->who = agent->id;
    call->n = ask->epoch;
    call->queue = ds->site->queues[ask->queue].key;
    (void)snprintf(call->locale, sizeof(call->locale), "%s", locale);
    ds->matched[ds->matching++] = agent->id;
    d->ports.live_reserve(d->ports.ctx, &ds->site->key, d->leases[ds->shard].held, &ask->conv, ask->epoch, &agent->id, RESERVE_MS,
                          match_reserved, call);
}

/* ---- one pass ---- */

/* Who has just refused or missed it is not asked again for a while: somebody else may want it. Whoever keeps house by then knows of it. */
void refused(struct desk *d, struct desk_site *ds, const struct kf_id *conv, const struct kf_id *agent)
{
    if (ds->site->refused_ms > 0)
        d->ports.live_refuse(d->ports.ctx, &ds->site->key, conv, agent, now(d) + ds->site->refused_ms, false, NULL, NULL);
}

/* Who hands it to a queue wants somebody else there to have it. */
void handed_on(struct desk *d, struct desk_site *ds, const struct kf_id *conv, const struct kf_id *agent, int64_t at)
{
    d->ports.live_refuse(d->ports.ctx, &ds->site->key, conv, agent, at + HANDED_MS, true, NULL, NULL);
}

static bool anybody_free(const struct route_agent *agents, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (agents[i].online && agents[i].load < agents[i].capacity)
            return true;
    return false;
}

/* Those first in line may all wait for somebody who is not there: then the rest is looked through too, now and then. */
static void look_wider(struct desk *d, struct desk_site *ds, bool needed)
{
    if (!needed || mono(d) - ds->wide_at < WIDE_MS) {
        ds->wide = false;
        return;
    }
    ds->wide = ds->pass_again = true;
    ds->wide_at = mono(d);
}

static void pass_match(struct desk *d, struct desk_site *ds, const struct live_view *view)
{
    const struct route_policy policy = { .sticky_ms = ds->site->sticky_ms, .heavy_ms = HEAVY_MS };
    struct routing r;
    struct route_match *matches;
    size_t n;

    if (!routing_init(&r, ds, view)) {
        routing_finish(&r);
        return;
    }
    matches = arena_array(r.arena, MATCH_MAX, sizeof(*matches));
    n = matches ? route_pass(&policy, r.asks, r.n_asks, r.agents, r.n_agents, now(d), matches, MATCH_MAX) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct route_ask *ask = &r.asks[matches[i].ask];

        match_begin(d, ds, ask, &r.agents[matches[i].agent], locale_in(view, &ask->conv),
                    routing_reason(&r, ask, matches[i].agent, matches[i].why, now(d)));
    }
    if (n && view->total_waiting > (int64_t)view->n_waiting)
        ds->pass_again = true;
    look_wider(d, ds, !n && view->total_waiting > (int64_t)view->n_waiting && anybody_free(r.agents, r.n_agents));
    routing_finish(&r);
}

static void pass_looked(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    desk_call_end(call);
    if (!ds)
        return;
    ds->passing = false;
    if (live_unready(rc, why))
        rebuild_soon(ds);
    if (!rc) {
        int64_t waiting = ds->waiting;

        keep_look(d, ds, view);
        if (waiting != ds->waiting)
            tell_queue(d, ds);
        d->figures.passes++;
        if (holder(d, ds))
            pass_match(d, ds, view);
    }
    pass_step(d, ds);
}

static bool may_pass(struct desk *d, const struct desk_site *ds)
{
    return !d->stopping && holder(d, ds) && ds->ready_lease == d->leases[ds->shard].held && d->ports.live_up(d->ports.ctx);
}

/* A pass is over when all its matches are settled: the next one then counts right. */
static void pass_step(struct desk *d, struct desk_site *ds)
{
    struct call *call;

    if (ds->passing || ds->matching || !ds->pass_again)
        return;
    ds->pass_again = false;
    if (!may_pass(d, ds) || !(call = desk_call(d, ds)))
        return;
    ds->passing = true;
    d->ports.live_look(d->ports.ctx, &ds->site->key, ds->wide ? LOOK_ALL : LOOK_MAX, pass_looked, call);
}

void route_kick(struct desk *d, struct desk_site *ds)
{
    ds->pass_again = true;
    pass_step(d, ds);
}

#include "core/permit.h"
#include "desk/outlet.h"
#include "desk/watch.h"
#include "desk/window.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define OUT_MAX (1u << 20)
#define STEP_MS 1000 /* between the wall clock and the monotonic one, from tick to tick: it was set, not slewed */
/* Frames a second from one socket; twice as many at once. */
#define VISITOR_FRAMES 30
#define STAFF_FRAMES   5000
#define WORDING_MAX    16384

struct desk *desk_new(const struct ports *ports, const struct desk_config *cfg)
{
    struct desk *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    d->ports = *ports;
    d->cfg = *cfg;
    buf_init(&d->out, OUT_MAX);
    return d;
}

void desk_listens_at(struct desk *d, const char *url)
{
    if (!d->cfg.public_url || !*d->cfg.public_url) {
        (void)snprintf(d->listening, sizeof(d->listening), "%s", url);
        d->cfg.public_url = d->listening;
    }
}

void desk_bounds(struct desk *d, const struct desk_config *cfg)
{
    d->cfg.new_per_minute = cfg->new_per_minute;
    d->cfg.searches = cfg->searches;
    d->cfg.text_max = cfg->text_max;
    d->cfg.message_burst = cfg->message_burst;
    d->cfg.message_rate = cfg->message_rate;
    d->cfg.json_levels = cfg->json_levels;
    d->cfg.file_max = cfg->file_max;
    d->cfg.hello_ms = cfg->hello_ms;
}

int64_t narrower(int64_t of_site, int64_t of_all)
{
    return of_all > 0 && of_all < of_site ? of_all : of_site;
}

int64_t desk_file_max(struct desk *d, const struct site *site)
{
    return narrower(site->file_max, d->cfg.file_max);
}

static void site_forget(struct desk_site *ds)
{
    outlets_close(ds);
    deliver_forget(ds);
    site_unref(ds->site);
    free(ds->had_staff);
    arena_free(ds->members_arena);
    free(ds->seen);
    line_free(ds);
    free(ds);
}

void desk_free(struct desk *d)
{
    if (!d)
        return;
    for (struct desk_site *ds = d->sites, *next; ds; ds = next) {
        next = ds->next;
        site_forget(ds);
    }
    rates_free(d);
    watch_free(d);
    typed_free(d);
    buf_finish(&d->out);
    free(d);
}

void desk_attach(struct desk *d, struct session *s)
{
    d->session = s;
}

/* ---- the world ---- */

int64_t now(const struct desk *d)
{
    return d->ports.now_ms(d->ports.ctx);
}

int64_t mono(const struct desk *d)
{
    return d->ports.mono_ms(d->ports.ctx);
}

struct kf_id fresh_id(struct desk *d)
{
    uint8_t chance[10];

    d->ports.chance(d->ports.ctx, chance, sizeof(chance));
    d->last_id = id_after(&d->last_id, now(d), chance);
    return d->last_id;
}

void log_event(struct desk *d, int level, const char *fmt, ...)
{
    char line[512];
    va_list ap;

    if (!d->cfg.log)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    d->cfg.log(level, line);
}

struct call *desk_call(struct desk *d, const struct desk_site *ds)
{
    struct call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    call->d = d;
    call->at = mono(d);
    if (ds)
        call->site = ds->site->key;
    d->under_way++;
    return call;
}

struct query *desk_ask(struct desk *d, const struct desk_site *ds, enum query_kind kind, struct call **call)
{
    struct query *q = query_new(kind);

    *call = q ? desk_call(d, ds) : NULL;
    if (q && !*call) {
        arena_free(q->arena);
        return NULL;
    }
    if (q && ds)
        q->site = ds->site->key;
    return q;
}

void desk_ask_owned(struct desk *d, const struct desk_site *ds, const struct kf_id *person, const struct kf_id *about, store_answer *done)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_OWNED, &call);

    if (!q)
        return;
    call->who = q->id = *person;
    if (about)
        call->conv = *about;
    q->now = now(d);
    d->ports.read(d->ports.ctx, q, done, call);
}

void desk_call_end(struct call *call)
{
    call->d->under_way--;
    free(call->reason);
    free(call);
}

void desk_call_cid(struct call *call, struct slice cid)
{
    if (cid.n && cid.n < sizeof(call->cid))
        memcpy(call->cid, cid.p, cid.n);
}

bool desk_quiet(const struct desk *d)
{
    return d->under_way == 0;
}

void desk_figures(struct desk *d, struct desk_figures *ret)
{
    *ret = d->figures;
    ret->under_way = d->under_way;
    ret->waiting = ret->longest_ms = 0;
    ret->ready = true;
    for (const struct desk_site *ds = d->sites; ds; ds = ds->next) {
        ret->waiting += ds->waiting;
        if (ds->longest_ms > ret->longest_ms)
            ret->longest_ms = ds->longest_ms;
        if (d->leases[ds->shard].held) {
            ret->holder = true;
            ret->ready = ret->ready && ds->ready_lease == d->leases[ds->shard].held;
        }
    }
}

/* ---- answers to a seat ---- */

void seat_refuse(struct desk *d, struct seat *seat, const struct inbound *in, enum kf_rc rc, const char *words)
{
    struct kf_err why = { 0 };

    (void)kf_fail(&why, rc, "%s", words);
    session_refuse(d->session, seat, in, &why);
}

void seat_fail(struct desk *d, uint64_t conn, const char *cid, enum kf_rc rc, const struct kf_err *why)
{
    struct seat *seat = session_seat(d->session, conn);
    struct kf_err local = { 0 };

    if (!seat)
        return;
    if (!why) {
        (void)kf_fail(&local, rc, "%s", kf_words(rc, NULL));
        why = &local;
    }
    seat_error(d, seat, slice_of(cid), why);
}

void seat_error(struct desk *d, struct seat *seat, struct slice cid, const struct kf_err *why)
{
    struct desk_site *ds = why->wording ? site_of(d, &seat->site) : NULL;
    const struct site *s = ds ? ds->site : NULL;
    const struct wording *w =
        s ? wording_find(s->wordings, s->n_wordings, why->wording, wording_language(seat->locale, s->language), s->language) : NULL;
    struct wording_value site = { "site", s ? s->name : "" };
    struct buf text;

    if (!w) {
        session_error(d->session, seat, cid, why);
        return;
    }
    buf_init(&text, WORDING_MAX);
    wording_fill(w->text, &site, 1, &text);
    buf_clear(&d->out);
    frame_error_said(&d->out, cid, why, buf_ok(&text) ? buf_slice(&text) : SLICE(""));
    session_send(d->session, seat, &d->out);
    buf_finish(&text);
}

/* ---- the session's calls ---- */

/* Each frame costs a read or a commit, which others share; no page needs so many. A visitor's messages have a bound of their own. */
static bool too_fast(struct desk *d, struct seat *seat, const struct inbound *in)
{
    int rate = seat->side == FRAME_STAFF ? STAFF_FRAMES : VISITOR_FRAMES;
    int64_t retry = 0;
    struct kf_err why = { 0 };

    if ((in->kind == INBOUND_MESSAGE && seat->side == FRAME_VISITOR) || bucket_take(&seat->bucket, 2 * rate, rate, mono(d), &retry))
        return false;
    d->figures.refused++;
    if (in->kind == INBOUND_TYPING)
        return true; /* is never answered */
    (void)kf_fail(&why, KF_RATE, "too many frames at once; wait a moment");
    why.retry_after_ms = (int32_t)retry;
    session_refuse(d->session, seat, in, &why);
    return true;
}

void seat_dispatch(struct desk *d, struct seat *seat, const struct inbound *in)
{
    if (in->kind == INBOUND_HISTORY)
        history(d, seat, in);
    else if (seat->side == FRAME_STAFF)
        staff_acts(d, seat, in);
    else if (in->kind == INBOUND_MESSAGE)
        visitor_says(d, seat, in);
    else
        visitor_acts(d, seat, in);
}

static void on_inbound(void *ctx, struct seat *seat, struct arena *a, const struct inbound *in)
{
    struct desk *d = ctx;
    struct buf *out = &d->out;
    struct kf_err why = { 0 };

    (void)a;
    if (too_fast(d, seat, in))
        return;
    if (in->kind == INBOUND_PING) {
        buf_clear(out);
        frame_pong(out);
        session_send(d->session, seat, out);
    } else if (in->kind == INBOUND_HELLO) {
        if (seat->hello)
            session_kick(d->session, seat, 4400, "hello was said before");
        else if (seat->side == FRAME_VISITOR)
            hello_visitor(d, seat, in);
        else
            hello_staff(d, seat);
    } else if (!seat->hello) {
        (void)kf_fail(&why, KF_INVALID, "say hello first");
        session_refuse(d->session, seat, in, &why);
    } else if (!seat->welcomed) {
        (void)kf_fail(&why, KF_AGAIN, "wait for welcome");
        why.retry_after_ms = 200;
        session_refuse(d->session, seat, in, &why);
    } else if (!line_wait(d, seat, in))
        seat_dispatch(d, seat, in);
}

static void on_opened(void *ctx, struct seat *seat)
{
    struct desk *d = ctx;

    seat->opened_at = mono(d);
    bucket_init(&seat->bucket, 2 * (seat->side == FRAME_STAFF ? STAFF_FRAMES : VISITOR_FRAMES), mono(d));
    if (seat->side == FRAME_STAFF)
        staff_opened(d, seat);
}

static void on_closed(void *ctx, struct seat *seat)
{
    struct desk *d = ctx;
    const struct seat *other;

    line_leave(seat);
    if (seat->side != FRAME_STAFF || id_is_zero(&seat->who))
        return;
    for (other = session_seats(d->session, &seat->who); other; other = other->next)
        if (other != seat && key_eq(&other->site, &seat->site))
            return;
    d->ports.live_gone(d->ports.ctx, &seat->site, &seat->who, NULL, NULL);
}

static void fetched(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct view *v = session_view(call->d->session, &call->conv);

    (void)why;
    if (v) {
        struct conv c = v->conv;

        session_catch_up(call->d->session, &c, rc ? NULL : q->messages, rc ? 0 : q->n_messages);
    }
    desk_call_end(call);
}

static void on_fetch(void *ctx, const struct kf_id *conv, int64_t after)
{
    struct desk *d = ctx;
    struct call *call;
    struct query *q = desk_ask(d, NULL, QUERY_MESSAGES, &call);
    struct view *v = session_view(d->session, conv);

    if (!q) {
        if (v)
            v->fetching = false;
        return;
    }
    call->conv = *conv;
    q->id = *conv;
    q->after = after;
    q->limit = 500;
    d->ports.read(d->ports.ctx, q, fetched, call);
}

static void on_limits(void *ctx, const struct kf_key *site, struct frame_limits *ret)
{
    struct desk *d = ctx;
    const struct desk_site *ds = site_of(d, site);

    ret->text_max = ds ? (size_t)narrower(ds->site->text_max, d->cfg.text_max) : 4096;
    ret->levels = d->cfg.json_levels;
    ret->language = ds ? ds->site->language : NULL;
}

static bool on_file_url(void *ctx, const struct kf_key *site, const struct kf_id *file, char *ret, size_t n)
{
    return desk_file_url(ctx, site, file, ret, n);
}

static bool on_may_watch(void *ctx, const struct seat *seat, const struct conv *conv)
{
    return permit(member_of(site_of(ctx, &seat->site), &seat->who), VERB_WATCH, &seat->site, conv);
}

struct session_ops desk_session_ops(struct desk *d)
{
    return (struct session_ops){ d, on_inbound, on_opened, on_closed, on_fetch, on_limits, on_file_url, on_may_watch };
}

/* ---- time ---- */

static void each_seat(void *ctx, struct seat *seat)
{
    struct desk *d = ctx;

    if (!seat->hello && mono(d) - seat->opened_at > (d->cfg.hello_ms ? d->cfg.hello_ms : 10000))
        session_kick(d->session, seat, 4408, "no hello");
    else if (seat->side == FRAME_STAFF && seat->welcomed && mono(d) - seat->checked_at > 10000)
        staff_check(d, seat);
}

struct beating {
    struct desk_site *ds;
    struct kf_id *ids;
    size_t n, cap;
};

static void each_staff(void *ctx, struct seat *seat)
{
    struct beating *b = ctx;

    /* One beat a person, however many sockets: the first one of this site that is in use stands for all. */
    if (seat->side != FRAME_STAFF || !seat->welcomed || !key_eq(&seat->site, &b->ds->site->key) || b->n == b->cap)
        return;
    for (const struct seat *before = seat->prev; before; before = before->prev)
        if (before->welcomed && key_eq(&before->site, &seat->site))
            return;
    b->ids[b->n++] = seat->who;
}

void heartbeat(struct desk *d, struct desk_site *ds)
{
    size_t cap = session_count(d->session, FRAME_STAFF);
    struct beating b = { ds, cap ? calloc(cap, sizeof(struct kf_id)) : NULL, 0, cap };

    if (!b.ids)
        return;
    session_each_seat(d->session, each_staff, &b);
    if (b.n)
        d->ports.live_connected(d->ports.ctx, &ds->site->key, b.ids, b.n, NULL, NULL);
    free(b.ids);
}

void desk_stop(struct desk *d)
{
    d->stopping = true;
    for (struct desk_site *ds = d->sites; ds; ds = ds->next)
        held_flush(ds);
}

/* The beats of those who are connected bear the time of the wall clock. When that is set, all of them look old at once: they are repeated
 * before anybody looks, and whoever is on another node is given the time to do the same. */
static void clock_tick(struct desk *d, int64_t t)
{
    int64_t ahead = now(d) - t, step = ahead - d->wall_ahead;

    d->wall_ahead = ahead;
    if (d->clocked && (step > STEP_MS || step < -STEP_MS)) {
        log_event(d, 2, "desk event=clock_set by_ms=%lld", (long long)step);
        d->doubted_at = t;
        d->beat_at = t;
        for (struct desk_site *ds = d->sites; ds; ds = ds->next)
            heartbeat(d, ds);
    }
    d->clocked = true;
}

void desk_tick(struct desk *d)
{
    int64_t t = mono(d);

    clock_tick(d, t);
    lease_tick(d);
    if (d->stopping)
        return; /* only what is under way goes on, under the leases that it needs */
    for (struct desk_site *ds = d->sites; ds; ds = ds->next) {
        held_sweep(d, ds);
        line_tick(d, ds);
        if (t - ds->swept_at >= SWEEP_MS) {
            ds->swept_at = t;
            sweep_tick(d, ds);
        }
    }
    if (t - d->beat_at >= LIVE_BEAT_MS) {
        d->beat_at = t;
        for (struct desk_site *ds = d->sites; ds; ds = ds->next)
            heartbeat(d, ds);
    }
    if (t - d->check_at >= 1000) {
        d->check_at = t;
        session_each_seat(d->session, each_seat, d);
        session_sweep(d->session);
        rates_sweep(d);
        window_tick(d);
    }
    again_tick(d, t);
    if (t - d->people_at >= PEOPLE_MS) {
        d->people_at = t;
        people_refresh(d);
        settings_refresh(d);
    }
}

/* Hints were lost while the link was down. */
static void each_unhinted(void *ctx, struct view *v)
{
    desk_hint(ctx, &v->conv.site, &v->conv.id, HINT_MOVED);
}

void desk_live_changed(struct desk *d, bool up)
{
    if (up)
        log_event(d, 1, "desk event=live_up");
    if (up && !d->cfg.sole) {
        session_each_view(d->session, each_unhinted, d);
        d->doubted_at = mono(d); /* nobody could beat meanwhile, and we may be the first */
    }
    for (struct desk_site *ds = d->sites; ds; ds = ds->next) {
        ds->ready_lease = 0;
        if (up) {
            ds->swept_at = 0;
            heartbeat(d, ds);
            tell_agents(d, ds);
        }
    }
}

void desk_signed_out(struct desk *d, const struct kf_id *person, const uint8_t *hash)
{
    for (struct seat *seat = session_seats(d->session, person), *next; seat; seat = next) {
        next = seat->next;
        if (!hash || memcmp(hash, seat->session_hash, sizeof(seat->session_hash)) == 0)
            session_kick(d->session, seat, 4401, "signed out");
    }
}

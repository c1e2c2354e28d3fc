/* wait.c: nobody waits for ever. What the holder of a site's lease looks for each second: who has waited too long in a queue goes on to
 * another one, or leaves a message; whose agent does not answer is not forgotten; what was handed to somebody who is busy is taken when
 * there is a place. */
#include "core/mutant.h"
#include "desk/inner.h"
#include "desk/speak.h"

#include <stdlib.h>

#define PAGE 100

static void waited(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    if (!rc && ds) {
        if (!id_is_zero(&call->who)) /* who has not answered is not the one to get it again */
            refused(call->d, ds, &call->conv, &call->who);
        tell_news(call->d, ds, news, 0);
        for (int64_t stage = call->m + 1; stage <= call->n; stage++) /* what was passed over while nobody looked is told all the same */
            tell_alarm(call->d, ds, &news->conv, (int)stage);
    }
    desk_call_end(call); /* a conflict: somebody acted meanwhile */
}

static struct change *about(struct desk *d, struct desk_site *ds, const struct conv *conv, const struct conv_event *step,
                            struct call **call)
{
    struct change *c = housekeeping(d, ds);

    *call = c ? desk_call(d, ds) : NULL;
    if (!*call) {
        change_free(c);
        return NULL;
    }
    (*call)->conv = conv->id;
    c->conv = conv->id;
    change_act(c, ACT_STEP)->u.step = *step;
    return c;
}

static void note(struct change *c, const char *kind, const char *data)
{
    change_act(c, ACT_ENTRY)->u.entry = (struct entry){ .at = c->at, .kind = kind, .by = c->by, .data = data };
}

/* ---- too long in one queue ---- */

static void overflow(struct desk *d, struct desk_site *ds, const struct conv *conv, const struct site_queue *queue)
{
    const struct conv_event step = { .kind = CONV_MOVE, .queue = queue->overflow, .overflows = true, .epoch = conv->epoch };
    struct call *call;
    struct change *c = about(d, ds, conv, &step, &call);

    if (!c)
        return;
    note(c, "overflowed",
         change_printf(c, "{\"from\":\"%s\",\"queue\":\"%s\",\"waited_ms\":%lld}", queue->key.s, queue->overflow.s,
                       (long long)(c->at - conv->queued_at)));
    (void)speak(ds->site, c, conv, "transferred_queue", "transferred", NULL, 0);
    d->ports.commit(d->ports.ctx, c, waited, call);
}

/* A message is taken, and brought back to agents after a while, to its old place in the line. */
static void give_up(struct desk *d, struct desk_site *ds, const struct conv *conv, const struct site_queue *queue)
{
    const struct conv_event step = { .kind = CONV_PARK, .epoch = conv->epoch, .until = now(d) + queue->retry_ms };
    struct call *call;
    struct change *c = about(d, ds, conv, &step, &call);
    struct act *act;

    if (!c)
        return;
    note(c, "given_up", change_printf(c, "{\"queue\":\"%s\",\"waited_ms\":%lld}", queue->key.s, (long long)(c->at - conv->queued_at)));
    act = speak(ds->site, c, conv, "nobody", NULL, NULL, 0);
    if (act)
        act->u.message.extra = "{\"form\":\"contact\"}";
    ds->parked_maybe = true;
    d->ports.commit(d->ports.ctx, c, waited, call);
}

/* It overflows but once: two queues that point at each other would pass it on for ever. */
static bool may_overflow(const struct conv *c, const struct site_queue *q, int64_t now_ms)
{
    return q->overflow.s[0] && q->overflow_ms && now_ms - c->queued_at >= q->overflow_ms && !c->overflowed;
}

static void late_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++) {
        const struct conv *c = &q->convs[i];
        const struct site_queue *queue = site_queue(ds->site, &c->queue);

        if (!queue || c->state != CONV_WAITING)
            continue;
        if (may_overflow(c, queue, now(d)))
            overflow(d, ds, c, queue);
        else if (queue->limit_ms && now(d) - c->queued_at >= queue->limit_ms)
            give_up(d, ds, c, queue);
    }
    desk_call_end(call);
}

static int64_t sooner_of(int64_t a, int64_t b)
{
    return !a ? b : !b ? a : a < b ? a : b;
}

static void sweep_late(struct desk *d, struct desk_site *ds, const struct site_queue *queue)
{
    int64_t ms = sooner_of(queue->overflow.s[0] ? queue->overflow_ms : 0, queue->limit_ms);
    struct call *call;
    struct query *q = ms && !mutant("no_limit") ? desk_ask(d, ds, QUERY_LATE, &call) : NULL;

    if (!q)
        return;
    q->queue = queue->key;
    q->before = now(d) - ms;
    q->limit = PAGE;
    d->ports.read(d->ports.ctx, q, late_read, call);
}

/* ---- an agent who does not answer ---- */

/* How far it has come: 1 a reminder, 2 an alert, 3 back to the line; 0: nothing is due that was not done. A stage may be passed over where
 * nobody looked for a while: an alert is then told with the reminder before it. */
static int stage_of(const struct conv *c, const struct site_queue *q, int64_t now_ms)
{
    int64_t since = conv_unanswered(c);

    for (int stage = 3; since && stage > c->nagged; stage--)
        if (q->silent_ms[stage - 1] && now_ms - since >= q->silent_ms[stage - 1])
            return stage;
    return 0;
}

static void nag(struct desk *d, struct desk_site *ds, const struct conv *conv, int stage)
{
    const struct conv_event step = {
        .kind = stage == 3 ? CONV_RETURN : CONV_NAG, .person = conv->owner, .epoch = conv->epoch, .number = stage
    };
    struct call *call;
    struct change *c = about(d, ds, conv, &step, &call);
    char id[KF_ID_TEXT];

    if (!c)
        return;
    note(c, stage == 3 ? "returned" : "silent",
         change_printf(c, "{\"why\":\"silent\",\"person\":\"%s\",\"stage\":%d,\"silent_ms\":%lld}", id_text(&conv->owner, id), stage,
                       (long long)(c->at - conv_unanswered(conv))));
    if (stage == 3) {
        call->who = conv->owner;
        (void)speak(ds->site, c, conv, "returned", "returned", NULL, 0);
    } else {
        call->m = conv->nagged;
        call->n = stage;
    }
    d->ports.commit(d->ports.ctx, c, waited, call);
}

static void silent_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++) {
        const struct site_queue *queue = site_queue(ds->site, &q->convs[i].queue);
        int stage = queue ? stage_of(&q->convs[i], queue, now(d)) : 0;

        if (stage)
            nag(d, ds, &q->convs[i], stage);
    }
    desk_call_end(call);
}

/* One question for each stage, so that those who have had theirs do not stand before those who have not. */
static void sweep_silent(struct desk *d, struct desk_site *ds, const struct site_queue *queue)
{
    for (int stage = 1; stage <= 3; stage++) {
        int64_t ms = queue->silent_ms[stage - 1];
        struct call *call;
        struct query *q = ms ? desk_ask(d, ds, QUERY_SILENT, &call) : NULL;

        if (!q)
            continue;
        q->queue = queue->key;
        q->before = now(d) - ms;
        q->after = stage;
        q->limit = PAGE;
        d->ports.read(d->ports.ctx, q, silent_read, call);
    }
}

/* ---- what was handed to somebody ---- */

static void hand(struct desk *d, struct desk_site *ds, const struct conv *conv, const struct member *m)
{
    const struct conv_event step = { .kind = CONV_ACCEPT, .person = conv->owner, .epoch = conv->epoch };
    const struct wording_value v[2] = { { "name", m->name }, { "number", m->number } };
    struct call *call;
    struct change *c = about(d, ds, conv, &step, &call);

    if (!c)
        return;
    note(c, "assigned", change_printf(c, "{\"why\":\"transferred\",\"epoch\":%lld}", (long long)conv->epoch));
    (void)speak(ds->site, c, conv, "joined", "joined", v, 2);
    d->ports.commit(d->ports.ctx, c, waited, call);
}

static bool is_online(const struct desk_site *ds, const struct kf_id *person)
{
    const struct seen *s = seen_of(ds, person);

    return s && s->connected && s->presence == PRESENCE_ONLINE;
}

/* The store's own count: what the live layer was last seen to say may be older than the handing over. What waits here is in it. */
static int places_taken(const struct query *q, int64_t now_ms)
{
    int taken = 0;

    for (size_t i = 0; i < q->n_convs; i++) {
        const struct conv *c = &q->convs[i];

        if (conv_holds_place(c, now_ms) && id_eq(c->state == CONV_CLOSED ? &c->last_agent : &c->owner, &q->id))
            taken += conv_weight(c);
    }
    return taken;
}

/* Who was full when it was handed over, and has a place for it by now. A match for him that is under way may have been counted by nobody
 * yet: then the next sweep says whether there is room beside it. */
static void owned_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    const struct member *m = ds ? member_of(ds, &call->who) : NULL;

    (void)why;
    if (!rc && m && !is_being_matched(ds, &call->who) && places_taken(q, now(d)) <= m->capacity)
        for (size_t i = 0; i < q->n_convs; i++) {
            const struct conv *c = &q->convs[i];

            if (id_eq(&c->id, &call->conv) && c->state == CONV_OFFERED && id_eq(&c->owner, &call->who) && c->until > now(d))
                hand(d, ds, c, m);
        }
    desk_call_end(call);
}

static void hand_if_room(struct desk *d, struct desk_site *ds, const struct conv *conv)
{
    desk_ask_owned(d, ds, &conv->owner, &conv->id, owned_read);
}

static void handed_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++) {
        const struct conv *c = &q->convs[i];
        const struct site_queue *queue = site_queue(ds->site, &c->queue);

        if (c->until > now(d) && !(queue && queue->offer) && is_online(ds, &c->owner))
            hand_if_room(d, ds, c);
    }
    desk_call_end(call);
}

static void sweep_handed(struct desk *d, struct desk_site *ds)
{
    struct call *call;
    struct query *q = desk_ask(d, ds, QUERY_HANDED, &call);

    if (!q)
        return;
    q->limit = PAGE;
    d->ports.read(d->ports.ctx, q, handed_read, call);
}

/* ---- what was offered, or handed over, and let pass ---- */

static void give_back(struct desk *d, struct desk_site *ds, const struct conv *conv, int taken)
{
    struct change *c = housekeeping(d, ds);
    struct call *call = c ? desk_call(d, ds) : NULL;

    if (!call) {
        change_free(c);
        return;
    }
    c->conv = conv->id;
    comes_back(d, ds, c, conv, &conv->owner, taken);
    note(c, "missed", "{\"by\":\"system\"}");
    d->ports.commit(d->ports.ctx, c, waited, call);
}

static void back_reread(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);
    const struct conv *conv = rc ? NULL : &q->convs[0];

    (void)why;
    if (ds && conv && conv->state == CONV_OFFERED && conv->epoch == call->m && id_eq(&conv->back, &call->who))
        give_back(call->d, ds, conv, (int)call->n);
    desk_call_end(call);
}

/* A match for who has handed it over that is under way may have been counted by nobody yet: then the next sweep says whether there is room
 * beside it. */
static void back_counted(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct query *next = !rc && ds && !is_being_matched(ds, &call->who) ? query_new(QUERY_CONV) : NULL;

    (void)why;
    if (!next) {
        desk_call_end(call);
        return;
    }
    call->n = places_taken(q, now(d));
    next->id = call->conv;
    d->ports.read(d->ports.ctx, next, back_reread, call);
}

void let_pass(struct desk *d, struct desk_site *ds, const struct conv *conv)
{
    struct call *call;
    struct query *q;

    if (id_is_zero(&conv->back)) {
        keep_event(d, ds, conv, (struct conv_event){ .kind = CONV_REFUSE, .person = conv->owner, .epoch = conv->epoch }, "missed");
        return;
    }
    q = desk_ask(d, ds, QUERY_OWNED, &call);
    if (!q)
        return;
    call->who = q->id = conv->back;
    call->conv = conv->id;
    call->m = conv->epoch;
    q->now = now(d);
    d->ports.read(d->ports.ctx, q, back_counted, call);
}

void sweep_waits(struct desk *d, struct desk_site *ds)
{
    for (size_t i = 0; i < ds->site->n_queues; i++) {
        sweep_late(d, ds, &ds->site->queues[i]);
        sweep_silent(d, ds, &ds->site->queues[i]);
    }
    sweep_handed(d, ds);
}

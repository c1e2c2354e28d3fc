/* reopen.c: who was put off until the doors open, when it turns out that they open at another time: somebody has changed the hours. */
#include "core/hours.h"
#include "desk/inner.h"

#define PAGE 500

/* 0: open now. */
static int64_t opening(const struct site_queue *q, int64_t now_ms)
{
    int64_t at = hours_open(&q->hours, now_ms) ? 0 : hours_next_opening(&q->hours, now_ms);

    return at == INT64_MAX ? 0 : at; /* never: then until somebody comes, as when it was parked */
}

void hours_compare(struct desk *d, struct desk_site *ds, const struct site *was)
{
    for (size_t i = 0; i < was->n_queues; i++) {
        const struct site_queue *q = site_queue(ds->site, &was->queues[i].key);

        if (q && opening(q, now(d)) != opening(&was->queues[i], now(d)))
            ds->hours_changed = true;
    }
}

static void set_anew(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    const struct site_queue *q = queue_of(ds, &c->queue);
    int64_t until = q ? opening(q, now(d)) : 0;

    if (c->state != CONV_PARKED || !c->until || !q || c->until == until)
        return;
    if (until)
        keep_event(d, ds, c, (struct conv_event){ .kind = CONV_PARK, .epoch = c->epoch, .until = until }, NULL);
    else
        keep_event(d, ds, c, (struct conv_event){ .kind = CONV_UNPARK, .epoch = c->epoch }, "unparked");
}

static void open_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct query *next;

    (void)why;
    if (rc && ds)
        ds->hours_changed = true; /* the next sweep tries again */
    for (size_t i = 0; !rc && ds && i < q->n_convs; i++)
        set_anew(d, ds, &q->convs[i]);
    if (rc || !ds || q->n_convs < PAGE || !(next = query_new(QUERY_OPEN))) {
        desk_call_end(call);
        return;
    }
    next->site = ds->site->key;
    next->id = q->convs[q->n_convs - 1].id;
    next->now = now(d);
    next->limit = PAGE;
    d->ports.read(d->ports.ctx, next, open_read, call);
}

void sweep_hours(struct desk *d, struct desk_site *ds)
{
    struct call *call;
    struct query *q = ds->hours_changed ? desk_ask(d, ds, QUERY_OPEN, &call) : NULL;

    if (!q)
        return;
    ds->hours_changed = false;
    q->now = now(d);
    q->limit = PAGE;
    d->ports.read(d->ports.ctx, q, open_read, call);
}

/* explain.c: how long it will be, and why: from what has happened, or not at all. */
#include "desk/routing.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS   3600000
#define RATES_MS  15000
#define RATE_MIN  5      /* fewer in the last hour say nothing of the next one */
#define SPAN_MIN  300000 /* what was done in less stands for this long: a quick start does not last */
#define LOOK_ALL  20000
#define WHY_BYTES 65536

/* ---- how long ---- */

static void rates_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    if (!rc && ds) {
        ds->n_rates = q->n_counts < RATES_KEPT ? q->n_counts : RATES_KEPT;
        for (size_t i = 0; i < ds->n_rates; i++)
            ds->rates[i] = q->counts[i];
        ds->rates_of = call->at;
    }
    desk_call_end(call);
}

/* How many talks of each queue have ended in the last hour. */
void rates_refresh(struct desk *d, struct desk_site *ds)
{
    struct call *call;
    struct query *q;

    if (ds->rates_at && mono(d) - ds->rates_at < RATES_MS)
        return;
    q = desk_ask(d, ds, QUERY_ENDED, &call);
    if (!q)
        return;
    ds->rates_at = mono(d);
    call->at = now(d);
    q->after = call->at - HOUR_MS;
    d->ports.read(d->ports.ctx, q, rates_read, call);
}

/* The line moves by one where a place becomes free. How many were taken would say too much of the first minutes, in which places are filled
 * that were empty; and a whole hour, where people have been at work for less of it, too little. */
int64_t rated_wait_s(const struct desk_site *ds, const struct kf_key *queue, int64_t position)
{
    int64_t n = 0, span = 0, s;

    for (size_t i = 0; i < ds->n_rates; i++)
        if (key_eq(&ds->rates[i].key, queue)) {
            n = ds->rates[i].n;
            span = ds->rates_of - ds->rates[i].since;
        }
    if (position < 1 || n < RATE_MIN)
        return -1;
    span = span < SPAN_MIN ? SPAN_MIN : span > HOUR_MS ? HOUR_MS : span;
    s = (position * (span / 1000) + n - 1) / n;
    return s < 60 ? (s + 9) / 10 * 10 : (s + 59) / 60 * 60;
}

int64_t expected_wait_s(struct desk *d, const struct desk_site *ds, const struct kf_key *queue, int64_t position)
{
    int64_t wait = rated_wait_s(ds, queue, position);

    return wait < 0 || staffed(d, ds, queue) ? wait : -1;
}

/* ---- why ---- */

struct asking {
    struct desk *d;
    struct kf_key site;
    struct conv conv;
    void (*done)(void *ctx, enum kf_rc rc, const struct buf *json, const struct kf_err *why);
    void *ctx;
    struct buf out;
};

static void asking_end(struct asking *a, enum kf_rc rc, const struct kf_err *why)
{
    a->done(a->ctx, rc, rc ? NULL : &a->out, why);
    buf_finish(&a->out);
    a->d->under_way--;
    free(a);
}

static bool is_decision(const char *kind)
{
    static const char *const kinds[] = {
        "assigned", "offered",  "refused", "missed",   "returned", "transferred", "overflowed", "parked",
        "unparked", "given_up", "moved",   "priority", "reopened", "silent",      "bot",        "handoff"
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}

/* The rule that took it for later: written down in the same moment, and it parks. NULL: it was none. */
static const char *parked_by(const struct site *s, const struct query *q, char ret[KF_KEY_MAX + 1])
{
    int64_t at = 0;
    bool found = false;

    for (size_t i = 0; i < q->n_entries; i++)
        if (strcmp(q->entries[i].kind, "parked") == 0)
            at = q->entries[i].at;
    for (size_t i = 0; i < q->n_entries && at && !found; i++) {
        json_t *data = q->entries[i].at == at && strcmp(q->entries[i].kind, "rule") == 0 ? json_loads(q->entries[i].data, 0, NULL) : NULL;
        const char *name = json_object_get(data, "held") ? NULL : json_string_value(json_object_get(data, "rule"));

        for (size_t k = 0; k < s->n_rules && name && !found; k++)
            if (strcmp(s->rules[k].key.s, name) == 0 && s->rules[k].actions & RULE_PARK) {
                (void)snprintf(ret, KF_KEY_MAX + 1, "%s", name);
                found = true;
            }
        json_decref(data);
    }
    return found ? ret : NULL;
}

static void parked_json(struct asking *a, const struct query *q)
{
    const struct desk_site *ds = site_of(a->d, &a->site);
    char key[KF_KEY_MAX + 1];
    const char *rule = ds ? parked_by(ds->site, q, key) : NULL;

    buf_str(&a->out, ",\"parked\":{\"rule\":");
    if (rule)
        buf_printf(&a->out, "\"%s\"", rule);
    else
        buf_str(&a->out, "null");
    if (a->conv.until)
        buf_printf(&a->out, ",\"until\":%lld}", (long long)a->conv.until);
    else
        buf_str(&a->out, ",\"until\":null}");
}

static void have_decisions(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct asking *a = ctx;
    size_t n = 0;

    if (!rc && a->conv.state == CONV_PARKED)
        parked_json(a, q);
    buf_str(&a->out, ",\"decisions\":[");
    for (size_t i = 0; !rc && i < q->n_entries; i++)
        if (is_decision(q->entries[i].kind)) {
            if (n++)
                buf_char(&a->out, ',');
            frame_entry(&a->out, &q->entries[i]);
        }
    buf_str(&a->out, "]}");
    asking_end(a, rc, why);
}

static void read_decisions(struct asking *a)
{
    struct query *q = query_new(QUERY_TIMELINE);

    if (!q) {
        asking_end(a, KF_NOMEM, NULL);
        return;
    }
    q->id = a->conv.id;
    a->d->ports.read(a->d->ports.ctx, q, have_decisions, a);
}

static void waits_json(struct asking *a, struct desk_site *ds, const struct live_view *view, size_t i)
{
    const struct live_waiting *w = &view->waiting[i];
    const struct site_queue *queue = queue_of(ds, &w->queue);
    struct desk *d = a->d;
    int64_t position = 1, wait;
    struct route_ask ask;
    struct routing r;

    for (size_t k = 0; k < i; k++)
        position += key_eq(&view->waiting[k].queue, &w->queue);
    wait = expected_wait_s(d, ds, &w->queue, position);
    buf_printf(&a->out, ",\"position\":%lld,\"ahead\":%lld,\"waited_ms\":%lld,\"paused\":%s", (long long)position, (long long)i,
               (long long)(now(d) - w->since), queue && queue->paused ? "true" : "false");
    if (wait < 0)
        buf_str(&a->out, ",\"wait_s\":null"); /* nobody can say */
    else
        buf_printf(&a->out, ",\"wait_s\":%lld", (long long)wait);
    if (routing_agents(&r, ds, view) && routing_ask(&r, view, w, &ask)) {
        buf_printf(&a->out, ",\"ring\":%d,", route_ring(&ask, now(d)));
        routing_explain(&a->out, &r, &ask, r.agents, now(d));
    }
    routing_finish(&r);
}

static void asked(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    struct asking *a = ctx;
    struct desk_site *ds = site_of(a->d, &a->site);

    (void)why;
    for (size_t i = 0; !rc && ds && i < view->n_waiting; i++)
        if (id_eq(&view->waiting[i].conv, &a->conv.id)) {
            waits_json(a, ds, view, i);
            break;
        }
    read_decisions(a);
}

void desk_why(struct desk *d, const struct conv *conv,
              void (*done)(void *ctx, enum kf_rc rc, const struct buf *json, const struct kf_err *why), void *ctx)
{
    struct asking *a = calloc(1, sizeof(*a));
    char id[KF_ID_TEXT];

    if (!a) {
        done(ctx, KF_NOMEM, NULL, NULL);
        return;
    }
    *a = (struct asking){ .d = d, .site = conv->site, .conv = *conv, .done = done, .ctx = ctx };
    buf_init(&a->out, WHY_BYTES * 4);
    d->under_way++;
    buf_printf(&a->out, "{\"conversation\":\"%s\",\"state\":\"%s\",\"queue\":\"%s\",\"priority\":%d,\"arrived_at\":%lld",
               id_text(&conv->id, id), conv_state_name(conv->state), conv->queue.s, conv->priority, (long long)conv->arrived_at);
    if (conv->state == CONV_WAITING && d->ports.live_up(d->ports.ctx))
        d->ports.live_look(d->ports.ctx, &a->site, LOOK_ALL, asked, a);
    else
        read_decisions(a);
}

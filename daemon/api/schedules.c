/* schedules.c: the samples that draw themselves: when they are due next, and what the last one was. They are documents of the kind schedule. */
#include "api/reviews.h"

static json_t *run_json(const struct stored_run *r)
{
    char id[KF_ID_TEXT];
    json_t *ret =
        json_pack("{s:I,s:I,s:I,s:I,s:I}", "at", (json_int_t)r->at, "upto", (json_int_t)r->upto, "population", (json_int_t)r->population,
                  "drawn", (json_int_t)r->drawn, "needed", (json_int_t)sample_needed((size_t)r->population, 0.05));

    if (r->wanted)
        (void)json_object_set_new(ret, "wanted", json_integer(r->wanted));
    if (!id_is_zero(&r->sample))
        (void)json_object_set_new(ret, "sample", json_string(id_text(&r->sample, id)));
    return ret;
}

static json_t *schedule_json(const struct schedule *s, const struct hours *h, int64_t now, const struct stored_quality *q)
{
    static const char *const ways[] = { "plain", "per_agent", "strata" };
    int64_t next = schedule_next(s, h, now);
    json_t *ret =
        json_pack("{s:s,s:s,s:b,s:s,s:s,s:i,s:s}", "key", s->key.s, "name", s->name, "off", (int)s->off, "kind", sample_kind_name(s->kind),
                  "way", ways[s->way], s->share ? "share" : "n", s->share ? s->share : s->n, "scorecard", s->card.s);

    if (next != INT64_MAX)
        (void)json_object_set_new(ret, "next_at", json_integer(next));
    for (size_t i = 0; i < q->n_runs; i++)
        if (key_eq(&q->runs[i].schedule, &s->key))
            (void)json_object_set_new(ret, "last", run_json(&q->runs[i]));
    return ret;
}

static void have_runs(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct site *held = t->state;
    const struct ports *p = turn_ports(t);
    json_t *items = json_array();

    for (size_t i = 0; !rc && i < held->n_schedules; i++)
        (void)json_array_append_new(items, schedule_json(&held->schedules[i], &held->hours, p->now_ms(p->ctx), &q->quality));
    if (rc) {
        json_decref(items);
        turn_fail(t, rc, why);
    } else
        turn_jansson(t, 200, json_pack("{s:o,s:s}", "items", items, "zone", held->zone));
    site_unref(held);
}

static void get_schedules(struct turn *t)
{
    const struct member *m;
    struct site *site = sampling_site(t, &m);
    struct query *q = turn_asks(t, site, QUERY_RUNS);

    if (!q)
        return;
    t->state = site_ref(site);
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_runs, t);
}

const struct route_entry routes_schedules[] = { { "GET", "/api/v1/schedules", GATE_STAFF, get_schedules },
                                                { NULL, NULL, GATE_OPEN, NULL } };

/* sampling.c: drawing samples, and those that draw themselves: under the lease, once a day, whichever node it is. */
#include "desk/sampling.h"

#include "desk/inner.h"
#include "settings/scorecards.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define FRESH_MS  (90 * SCHEDULE_DAY_MS)
#define RETRY_MS  5000
#define SEED_BITS 53 /* what a number in JSON holds everywhere */

bool sampling_reviewer(struct sampling *s, struct arena *a, const struct member *m)
{
    struct kf_key *queues = arena_array(a, m->n_queues + 1, sizeof(*queues));

    if (!s->reviewers)
        s->reviewers = arena_array(a, SAMPLING_REVIEWERS, sizeof(*s->reviewers));
    if (s->n_reviewers == SAMPLING_REVIEWERS || !queues || !s->reviewers)
        return false;
    memcpy(queues, m->queues, m->n_queues * sizeof(*queues));
    s->reviewers[s->n_reviewers++] = (struct sample_reviewer){ .person = m->person, .queues = queues, .n_queues = m->n_queues };
    return true;
}

static void find_units(struct sampling *s, struct stored_quality *q)
{
    for (size_t i = 0; i < q->n_units; i++) {
        struct sample_unit u = q->units[i];

        u.fresh = (sample_about(&s->wish, &u) ? u.risk_since : q->since[i]) > s->to - FRESH_MS;
        if ((!s->reader || sample_lists(s->reader->queues, s->reader->n_queues, &u.queue)) && sample_fits(&s->wish, &u, q->reviewed[i]))
            q->units[s->population++] = u;
    }
}

static void know_loads(struct sampling *s, const struct stored_quality *q)
{
    for (size_t i = 0; i < s->n_reviewers; i++)
        for (size_t k = 0; k < q->n_loads; k++)
            if (id_eq(&s->reviewers[i].person, &q->loads[k].person))
                s->reviewers[i].load = q->loads[k].load;
}

static void add_pick(struct sampling *s, const struct ports *p, const struct sample_unit *u, const struct sample_reviewer *r)
{
    struct sample_pick *k = &s->picks[s->n_picks++];
    uint8_t chance[10];

    p->chance(p->ctx, chance, sizeof(chance));
    *k = (struct sample_pick){ .review = id_make(p->now_ms(p->ctx), chance),
                               .conv = u->conv,
                               .agent = u->agent,
                               .reviewer = r->person,
                               .channel = u->channel,
                               .queue = u->queue,
                               .closed_at = u->closed_at };
}

/* Everybody gets every one of an exercise, but for those he has served; what only one may judge has nothing to be compared with. */
static void assign(struct sampling *s, const struct ports *p, const struct sample_unit *units, const bool *chosen, const int *to)
{
    bool all = s->wish.kind == SAMPLE_CALIBRATION;

    for (size_t i = 0; i < s->population; i++) {
        size_t before = s->n_picks;

        if (!chosen[i])
            continue;
        if (!all && to[i] >= 0)
            add_pick(s, p, &units[i], &s->reviewers[to[i]]);
        for (size_t r = 0; all && r < s->n_reviewers; r++)
            if (sample_may(&units[i], &s->reviewers[r]))
                add_pick(s, p, &units[i], &s->reviewers[r]);
        if (all && s->n_picks == before + 1)
            s->n_picks = before;
        s->unassigned += s->n_picks == before;
    }
}

/* A share of very many is too many, and sharing them out would take long. */
static struct sample_plan bounded(struct sampling *s)
{
    struct sample_plan ret = s->plan;

    if (ret.way != SAMPLE_PER_AGENT && (s->wanted = sample_wanted(&ret, s->population)) > SAMPLING_MAX)
        ret = (struct sample_plan){ .way = ret.way, .n = SAMPLING_MAX, .seed = ret.seed };
    return ret;
}

bool sampling_draw(struct sampling *s, const struct ports *p, struct stored_quality *q, struct arena *a)
{
    struct sample_plan plan;
    size_t each = s->wish.kind == SAMPLE_CALIBRATION ? s->n_reviewers : 1;
    bool *chosen, ok = false;
    int *to;

    find_units(s, q);
    know_loads(s, q);
    chosen = arena_array(a, s->population + 1, sizeof(*chosen));
    to = arena_array(a, s->population + 1, sizeof(*to));
    if (!chosen || !to)
        return false;
    plan = bounded(s);
    s->drawn = sample_draw(&plan, q->units, s->population, chosen, &ok);
    s->picks = ok ? arena_array(a, s->drawn * each + 1, sizeof(*s->picks)) : NULL;
    if (!s->picks)
        return false;
    sample_spread(q->units, s->population, chosen, s->reviewers, s->n_reviewers, s->plan.seed, to);
    assign(s, p, q->units, chosen, to);
    return true;
}

bool sampling_act(const struct sampling *s, const struct scorecard *card, const char *plan, struct change *c, struct act_sample *a)
{
    unsigned n = sizeof(a->card_sha256);

    a->kind = s->wish.kind;
    a->once = s->wish.kind == SAMPLE_RANDOM && !s->wish.again;
    a->seed = (int64_t)s->plan.seed;
    a->population = (int64_t)s->population;
    a->card = card->key;
    a->card_version = card->version;
    a->card_body = change_text(c, slice_of(card->body));
    a->plan = change_text(c, slice_of(plan));
    a->picks = arena_array(c->arena, s->n_picks + 1, sizeof(*a->picks));
    a->n_picks = s->n_picks;
    if (!a->picks || EVP_Digest(card->body, strlen(card->body), a->card_sha256, &n, EVP_sha256(), NULL) != 1)
        return false;
    if (s->n_picks)
        memcpy(a->picks, s->picks, s->n_picks * sizeof(*a->picks));
    return true;
}

/* ---- schedules -------------------------------------------------------------------------------------------------------------------------- */

/* A schedule whose day has come, until its sample is stored. */
struct run {
    struct desk *d;
    struct kf_key site;
    struct site *held; /* the settings that it began with */
    const struct schedule *plan;
    struct schedule_day day;
    struct sampling sampling;
};

static int64_t *day_drawn(struct desk_site *ds, const struct kf_key *schedule)
{
    size_t i = 0;

    while (i < ds->n_drawn && !key_eq(&ds->drawn[i].schedule, schedule))
        i++;
    if (i == SITE_SCHEDULES) /* those that are no more are forgotten: the store knows */
        ds->n_drawn = i = 0;
    if (i == ds->n_drawn) {
        ds->drawn[i] = (struct drawn_day){ .schedule = *schedule, .day = -1 };
        ds->n_drawn++;
    }
    return &ds->drawn[i].day;
}

static void run_end(struct run *r, bool done)
{
    struct desk_site *ds = site_of(r->d, &r->site);

    if (ds) {
        ds->sampling = false;
        ds->sampling_at = done ? 0 : mono(r->d) + RETRY_MS;
        if (done)
            *day_drawn(ds, &r->plan->key) = r->day.day;
    }
    site_unref(r->held);
    r->d->under_way--;
    free(r);
}

static void run_stored(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct run *r = ctx;

    (void)news;
    if (rc) /* a conflict: another node was faster, or holds the lease now. The next look tells which */
        log_event(r->d, rc == KF_CONFLICT ? 1 : 2, "desk event=sample_failed site=%s schedule=%s reason=\"%s\"", r->site.s, r->plan->key.s,
                  why ? why->text : "");
    else
        log_event(r->d, 1, "desk event=sample_drawn site=%s schedule=%s population=%zu wanted=%zu reviews=%zu", r->site.s, r->plan->key.s,
                  r->sampling.population, r->sampling.wanted > SAMPLING_MAX ? r->sampling.wanted : r->sampling.n_picks,
                  r->sampling.n_picks);
    run_end(r, rc == KF_OK);
}

/* What was asked for, as the sample keeps it. */
static char *plan_text(const struct run *r)
{
    static const char *const ways[] = { "plain", "per_agent", "strata" };
    json_t *plan = json_pack("{s:s,s:s,s:s,s:i,s:I,s:I}", "schedule", r->plan->key.s, "kind", sample_kind_name(r->plan->kind), "way",
                             ways[r->plan->way], r->plan->share ? "share" : "n", r->plan->share ? r->plan->share : r->plan->n, "from",
                             (json_int_t)r->day.from, "to", (json_int_t)r->day.at);
    char *ret = json_dumps(plan, JSON_COMPACT);

    json_decref(plan);
    return ret;
}

static bool fill(struct run *r, struct change *c, struct act_sample *a)
{
    const struct scorecard *card = site_scorecard(r->held, &r->plan->card);
    char *plan = plan_text(r), id[KF_ID_TEXT];
    bool ret = card && plan && sampling_act(&r->sampling, card, plan, c, a);

    free(plan);
    a->id = fresh_id(r->d);
    a->name = change_text(c, slice_of(r->plan->name));
    a->schedule = r->plan->key;
    a->day = r->day.day;
    a->upto = r->day.at;
    a->wanted = r->sampling.wanted > SAMPLING_MAX ? (int64_t)r->sampling.wanted : 0;
    if (ret && a->n_picks)
        change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = c->at,
                                                            .kind = "sample_drawn",
                                                            .by = c->by,
                                                            .data = change_printf(c, "{\"sample\":\"%s\",\"seed\":%lld,\"drawn\":%zu}",
                                                                                  id_text(&a->id, id), (long long)a->seed, a->n_picks) };
    return ret;
}

/* Too many: some of each agent's, who stand one after the other. */
static void thin_out(struct sampling *s)
{
    size_t n = s->n_picks;

    if (n <= SAMPLING_MAX)
        return;
    for (size_t i = 0; i < SAMPLING_MAX; i++)
        s->picks[i] = s->picks[i * n / SAMPLING_MAX];
    s->wanted = n;
    s->n_picks = SAMPLING_MAX;
}

static void have_population(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct run *r = ctx;
    struct desk_site *ds = site_of(r->d, &r->site);
    struct change *c;
    struct act_sample *a;

    (void)why;
    if (rc || !ds || !sampling_draw(&r->sampling, &r->d->ports, &q->quality, q->arena)) {
        run_end(r, false);
        return;
    }
    thin_out(&r->sampling);
    c = housekeeping(r->d, ds);
    a = c ? ARENA_NEW(c->arena, struct act_sample) : NULL;
    if (a)
        change_act(c, ACT_SAMPLE)->u.sample = a;
    if (!a || !fill(r, c, a)) {
        change_free(c);
        run_end(r, false);
        return;
    }
    r->d->ports.commit(r->d->ports.ctx, c, run_stored, r);
}

static bool is_named(const struct schedule *s, const struct member *m)
{
    for (size_t i = 0; i < s->n_reviewers; i++)
        if (id_eq(&s->reviewers[i], &m->person))
            return (m->roles & (MEMBER_REVIEWER | MEMBER_SUPERVISOR)) != 0;
    return s->n_reviewers == 0 && (m->roles & MEMBER_REVIEWER);
}

static void ask_population(struct run *r, const struct desk_site *ds)
{
    const struct schedule *s = r->plan;
    struct query *q = query_new(QUERY_POPULATION);
    uint64_t chance;

    if (!q) {
        run_end(r, false);
        return;
    }
    r->d->ports.chance(r->d->ports.ctx, &chance, sizeof(chance));
    r->sampling = (struct sampling){ .wish = { .kind = s->kind,
                                               .queues = s->queues,
                                               .n_queues = s->n_queues,
                                               .channels = s->channels,
                                               .n_channels = s->n_channels,
                                               .agents = s->agents,
                                               .n_agents = s->n_agents,
                                               .rating_max = s->rating_max,
                                               .new_agents = s->new_agents,
                                               .findings = s->findings,
                                               .again = s->again,
                                               .tags = s->tags,
                                               .n_tags = s->n_tags },
                                     .plan = { s->way, (size_t)s->n, s->share, chance >> (64 - SEED_BITS) },
                                     .to = r->day.at };
    for (size_t i = 0; i < ds->n_members; i++)
        if (!ds->members[i].disabled && is_named(s, &ds->members[i]))
            (void)sampling_reviewer(&r->sampling, q->arena, &ds->members[i]);
    q->site = r->site;
    q->with_tags = s->kind == SAMPLE_RISK;
    q->after = r->day.from;
    q->before = r->day.at;
    r->d->ports.read(r->d->ports.ctx, q, have_population, r);
}

/* Has that day been drawn? Else its population begins where the last one ended. */
static void have_runs(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct run *r = ctx;
    const struct desk_site *ds = site_of(r->d, &r->site);

    (void)why;
    for (size_t i = 0; !rc && i < q->quality.n_runs; i++) {
        const struct stored_run *last = &q->quality.runs[i];

        if (!key_eq(&last->schedule, &r->plan->key))
            continue;
        if (last->day >= r->day.day) {
            run_end(r, true);
            return;
        }
        if (last->upto > r->day.at - SCHEDULE_BACK * SCHEDULE_DAY_MS)
            r->day.from = last->upto;
    }
    if (rc || !ds)
        run_end(r, false);
    else
        ask_population(r, ds);
}

static void run_begin(struct desk *d, struct desk_site *ds, const struct schedule *s, const struct schedule_day *day)
{
    struct query *q = query_new(QUERY_RUNS);
    struct run *r = q ? calloc(1, sizeof(*r)) : NULL;

    if (!r) {
        if (q)
            arena_free(q->arena);
        return;
    }
    *r = (struct run){ .d = d, .site = ds->site->key, .held = site_ref(ds->site), .plan = s, .day = *day };
    ds->sampling = true;
    d->under_way++;
    q->site = r->site;
    d->ports.read(d->ports.ctx, q, have_runs, r);
}

void sweep_samples(struct desk *d, struct desk_site *ds)
{
    const struct site *site = ds->site;
    struct schedule_day day;

    if (ds->sampling || mono(d) < ds->sampling_at)
        return;
    for (size_t i = 0; i < site->n_schedules; i++)
        if (schedule_due(&site->schedules[i], &site->hours, now(d), &day) && *day_drawn(ds, &site->schedules[i].key) < day.day) {
            run_begin(d, ds, &site->schedules[i], &day); /* one after the other */
            return;
        }
}

#include "core/sample.h"

#include <stdlib.h>

/* SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/* From 0 to n-1, each as likely as the others. */
static size_t below(uint64_t *state, size_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, v;

    do
        v = next(state);
    while (v >= limit);
    return (size_t)(v % n);
}

/* A run of units that belong together: [from, to) of an order. */
struct stratum {
    size_t from, to, take;
};

struct drawing {
    const struct sample_unit *units;
    size_t *order; /* units by stratum */
    struct stratum *strata;
    size_t n_strata;
};

static int by_agent(const struct sample_unit *a, const struct sample_unit *b)
{
    return memcmp(&a->agent, &b->agent, sizeof(a->agent));
}

static int by_stratum(const struct sample_unit *a, const struct sample_unit *b)
{
    int ret = by_agent(a, b);

    if (!ret)
        ret = strcmp(a->channel.s, b->channel.s);
    return ret ? ret : (int)a->fresh - (int)b->fresh;
}

struct sorting {
    const struct sample_unit *unit;
    size_t i;
};

static int sort_agent(const void *x, const void *y)
{
    const struct sorting *a = x, *b = y;
    int ret = by_agent(a->unit, b->unit);

    return ret ? ret : (a->i > b->i) - (a->i < b->i);
}

static int sort_stratum(const void *x, const void *y)
{
    const struct sorting *a = x, *b = y;
    int ret = by_stratum(a->unit, b->unit);

    return ret ? ret : (a->i > b->i) - (a->i < b->i);
}

static bool sort(struct drawing *d, size_t n, enum sample_way way)
{
    struct sorting *all;

    for (size_t i = 0; i < n; i++)
        d->order[i] = i;
    if (way == SAMPLE_PLAIN || n == 0)
        return true;
    all = calloc(n, sizeof(*all));
    if (!all)
        return false;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct sorting){ &d->units[i], i };
    qsort(all, n, sizeof(*all), way == SAMPLE_STRATA ? sort_stratum : sort_agent);
    for (size_t i = 0; i < n; i++)
        d->order[i] = all[i].i;
    free(all);
    return true;
}

static void divide(struct drawing *d, size_t n, enum sample_way way)
{
    for (size_t i = 0; i < n; i++) {
        const struct sample_unit *u = &d->units[d->order[i]], *before = i ? &d->units[d->order[i - 1]] : NULL;
        bool same = before && (way == SAMPLE_PLAIN || (way == SAMPLE_STRATA ? by_stratum(u, before) : by_agent(u, before)) == 0);

        if (!same)
            d->strata[d->n_strata++].from = i;
        d->strata[d->n_strata - 1].to = i + 1;
    }
}

/* Where the sample is smaller than the strata are many, chance says which of them are left out. */
static void share_out(struct drawing *d, size_t n, size_t want, uint64_t *state)
{
    size_t left = want < n ? want : n, given = 0, first;

    if (d->n_strata == 0)
        return;
    first = below(state, d->n_strata);
    for (size_t k = 0; k < d->n_strata && given < left; k++, given++)
        d->strata[(first + k) % d->n_strata].take = 1;
    for (; given < left; given++) { /* the next goes to the stratum that has the least for its size: highest averages */
        struct stratum *best = NULL;
        double most = -1;

        for (size_t k = 0; k < d->n_strata; k++) {
            struct stratum *s = &d->strata[k];
            size_t size = s->to - s->from;
            double claim = (double)size / (double)(s->take + 1);

            if (s->take < size && claim > most) {
                most = claim;
                best = s;
            }
        }
        if (!best) /* left is at most what there is */
            return;
        best->take++;
    }
}

static void draw_from(const struct drawing *d, const struct stratum *s, bool *chosen, uint64_t *state)
{
    size_t size = s->to - s->from, *o = d->order + s->from;

    for (size_t i = 0; i < s->take && i < size; i++) { /* the first steps of a shuffle */
        size_t j = i + below(state, size - i), t = o[i];

        o[i] = o[j];
        o[j] = t;
        chosen[o[i]] = true;
    }
}

size_t sample_wanted(const struct sample_plan *plan, size_t size)
{
    return plan->share ? (size * (size_t)plan->share + 99) / 100 : plan->n;
}

size_t sample_draw(const struct sample_plan *plan, const struct sample_unit *units, size_t n, bool *chosen, bool *ok)
{
    struct drawing d = { .units = units, .order = calloc(n + 1, sizeof(*d.order)), .strata = calloc(n + 1, sizeof(*d.strata)) };
    uint64_t state = plan->seed;
    size_t ret = 0;

    memset(chosen, 0, n * sizeof(*chosen));
    *ok = d.order && d.strata && sort(&d, n, plan->way);
    if (*ok) {
        divide(&d, n, plan->way);
        if (plan->way == SAMPLE_PER_AGENT)
            for (size_t k = 0; k < d.n_strata; k++)
                d.strata[k].take = sample_wanted(plan, d.strata[k].to - d.strata[k].from);
        else
            share_out(&d, n, sample_wanted(plan, n), &state);
        for (size_t k = 0; k < d.n_strata; k++)
            draw_from(&d, &d.strata[k], chosen, &state);
    }
    for (size_t i = 0; i < n; i++)
        ret += chosen[i];
    free(d.order);
    free(d.strata);
    return ret;
}

static bool served_by(const struct sample_unit *u, const struct kf_id *person)
{
    for (size_t i = 0; i < u->n_served; i++)
        if (id_eq(&u->served[i], person))
            return true;
    return id_eq(&u->agent, person);
}

bool sample_lists(const struct kf_key *keys, size_t n, const struct kf_key *key)
{
    for (size_t i = 0; i < n; i++)
        if (key_eq(&keys[i], key))
            return true;
    return n == 0;
}

static bool has_tag(const struct sample_unit *u, const struct sample_wish *w)
{
    for (size_t i = 0; i < u->n_tags; i++)
        for (size_t k = 0; k < w->n_tags; k++)
            if (strcmp(u->tags[i], w->tags[k]) == 0)
                return true;
    return false;
}

bool sample_about(const struct sample_wish *w, struct sample_unit *u)
{
    if (w->kind != SAMPLE_RISK || !w->findings || !u->risky || id_is_zero(&u->risk) || id_eq(&u->risk, &u->agent))
        return false;
    u->agent = u->risk;
    return true;
}

bool sample_fits(const struct sample_wish *w, const struct sample_unit *u, bool reviewed)
{
    bool agent = w->n_agents == 0;

    for (size_t i = 0; i < w->n_agents && !agent; i++)
        agent = id_eq(&w->agents[i], &u->agent);
    if (!agent || !sample_lists(w->queues, w->n_queues, &u->queue) || !sample_lists(w->channels, w->n_channels, &u->channel))
        return false;
    if (reviewed && !w->again && w->kind == SAMPLE_RANDOM)
        return false;
    if (w->kind == SAMPLE_CALIBRATION ? u->scored : u->calibrating) /* a calibration is blind */
        return false;
    return w->kind != SAMPLE_RISK || (u->rating && u->rating <= w->rating_max) || (u->fresh && w->new_agents) ||
           (u->risky && w->findings) || has_tag(u, w);
}

bool sample_may(const struct sample_unit *u, const struct sample_reviewer *r)
{
    return sample_lists(r->queues, r->n_queues, &u->queue) && !served_by(u, &r->person);
}

void sample_spread(const struct sample_unit *units, size_t n, const bool *chosen, struct sample_reviewer *reviewers, size_t n_reviewers,
                   uint64_t seed, int *ret)
{
    uint64_t state = seed ^ 0x5bd1e9955bd1e995ULL;

    for (size_t i = 0; i < n; i++) {
        size_t equal = 0;
        int best = -1;

        ret[i] = -1;
        if (!chosen[i])
            continue;
        for (size_t r = 0; r < n_reviewers; r++) {
            if (!sample_may(&units[i], &reviewers[r]) || (best >= 0 && reviewers[r].load > reviewers[best].load))
                continue;
            equal = best >= 0 && reviewers[r].load == reviewers[best].load ? equal + 1 : 1;
            if (equal == 1 || below(&state, equal) == 0)
                best = (int)r;
        }
        ret[i] = best;
        if (best >= 0)
            reviewers[best].load++;
    }
}

size_t sample_needed(size_t population, double error)
{
    double n0 = 1.96 * 1.96 * 0.25 / (error * error), n;
    size_t ret;

    if (population == 0)
        return 0;
    n = n0 / (1 + (n0 - 1) / (double)population);
    ret = (size_t)n;
    if ((double)ret < n)
        ret++;
    return ret > population ? population : ret;
}

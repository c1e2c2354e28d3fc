#include "core/route.h"

#include <stdlib.h>

static bool may_take(const struct route_ask *ask, const struct route_agent *a, int64_t now_ms)
{
    if (!a->online || !(a->queues >> ask->queue & 1) || (ask->skills & ~a->skills))
        return false;
    return id_is_zero(&ask->exclude) || !id_eq(&ask->exclude, &a->id) || now_ms >= ask->exclude_until;
}

static bool has_place(const struct route_agent *a)
{
    return a->load < a->capacity;
}

/* Below 0: `a` has less to do for what it can take. Both have a place, so no capacity is 0. */
static int by_load(const struct route_agent *a, const struct route_agent *b)
{
    int64_t l = (int64_t)a->load * b->capacity, r = (int64_t)b->load * a->capacity;

    return (l > r) - (l < r);
}

static bool prefers(const struct route_agent *a, const struct route_agent *b)
{
    int load = by_load(a, b);

    if (load)
        return load < 0;
    if (a->idle_since != b->idle_since)
        return a->idle_since < b->idle_since;
    if (a->handled != b->handled)
        return a->handled < b->handled;
    return memcmp(&a->id, &b->id, sizeof(a->id)) < 0;
}

/* The agent who knows the visitor, if there and able; NULL else. */
static const struct route_agent *favourite(const struct route_ask *ask, const struct route_agent *agents, size_t n, int64_t now_ms)
{
    if (id_is_zero(&ask->prefer))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (id_eq(&agents[i].id, &ask->prefer))
            return may_take(ask, &agents[i], now_ms) ? &agents[i] : NULL;
    return NULL;
}

/* The best of those with a place, and the word that says what made it the best. */
static const struct route_agent *best_of(const struct route_ask *ask, const struct route_agent *agents, size_t n, int64_t now_ms,
                                         const char **why)
{
    const struct route_agent *best = NULL;
    size_t able = 0, as_free = 0;

    for (size_t i = 0; i < n; i++) {
        const struct route_agent *a = &agents[i];
        int load;

        if (!has_place(a) || !may_take(ask, a, now_ms))
            continue;
        able++;
        load = best ? by_load(a, best) : -1;
        as_free = load < 0 ? 1 : as_free + (load == 0);
        if (!best || prefers(a, best))
            best = a;
    }
    *why = able == 1 ? "only_one" : as_free == 1 ? "least_load" : "longest_idle";
    return best;
}

struct route route_decide(const struct route_policy *p, const struct route_ask *ask, const struct route_agent *agents, size_t n,
                          int64_t now_ms)
{
    const struct route_agent *known = favourite(ask, agents, n, now_ms), *best;
    int64_t waited = now_ms - ask->waiting_since_ms;
    const char *why = NULL;

    if (known && has_place(known))
        return (struct route){ ROUTE_ASSIGN, known->id, "sticky" };
    if (known && waited < p->sticky_ms)
        return (struct route){ .verdict = ROUTE_QUEUE, .why = "sticky" };
    best = best_of(ask, agents, n, now_ms, &why);
    if (best)
        return (struct route){ ROUTE_ASSIGN, best->id, why };
    if (p->overflow_ms && waited >= p->overflow_ms)
        return (struct route){ .verdict = ROUTE_OVERFLOW };
    return (struct route){ .verdict = ROUTE_QUEUE };
}

static int by_effective(const void *a, const void *b)
{
    const struct route_ask *x = a, *y = b;

    if (x->effective != y->effective)
        return x->effective < y->effective ? -1 : 1;
    return memcmp(&x->conv, &y->conv, sizeof(x->conv));
}

static size_t places(const struct route_agent *agents, size_t n)
{
    size_t ret = 0;

    for (size_t i = 0; i < n; i++)
        if (agents[i].online && has_place(&agents[i]))
            ret += (size_t)(agents[i].capacity - agents[i].load);
    return ret;
}

static size_t index_of(const struct route_agent *agents, size_t n, const struct kf_id *id)
{
    size_t i = 0;

    while (i < n && !id_eq(&agents[i].id, id))
        i++;
    return i;
}

size_t route_pass(const struct route_policy *p, struct route_ask *asks, size_t n_asks, struct route_agent *agents, size_t n_agents,
                  int64_t now_ms, struct route_match *ret, size_t max)
{
    size_t n = 0, left = places(agents, n_agents);

    if (n_asks)
        qsort(asks, n_asks, sizeof(*asks), by_effective);
    for (size_t i = 0; i < n_asks && n < max && left; i++) {
        struct route r = route_decide(p, &asks[i], agents, n_agents, now_ms);
        struct route_agent *a;

        if (r.verdict != ROUTE_ASSIGN)
            continue;
        ret[n] = (struct route_match){ i, index_of(agents, n_agents, &r.agent), r.why };
        a = &agents[ret[n].agent];
        a->load++;
        a->handled++;
        a->idle_since = now_ms; /* the same moment for all of this pass: among equals it goes round by `handled` */
        n++;
        left--;
    }
    return n;
}

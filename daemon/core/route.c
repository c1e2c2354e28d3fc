#include "core/route.h"

#include "core/mutant.h"

#include <stdlib.h>

static const char *const bars[] = { "", "absent", "queue", "channel", "language", "skills", "refused", "handed", "full" };

const char *route_bar_name(enum route_bar bar)
{
    return (unsigned)bar < sizeof(bars) / sizeof(bars[0]) ? bars[bar] : "?";
}

int route_ring(const struct route_ask *ask, int64_t now_ms)
{
    int ring = 0;

    while (ring < ROUTE_RINGS && ask->ring_ms[ring] && now_ms - ask->waiting_since_ms >= ask->ring_ms[ring])
        ring++;
    return ring;
}

static uint64_t let_go(const struct route_ask *ask, int64_t now_ms)
{
    uint64_t ret = 0;

    for (int i = route_ring(ask, now_ms); i > 0; i--)
        ret |= ask->relaxed[i - 1];
    return ret;
}

static int weight_of(const struct route_ask *ask)
{
    return ask->weight > 0 ? ask->weight : 1;
}

static enum route_bar refusal_of(const struct route_ask *ask, const struct kf_id *agent, int64_t now_ms)
{
    enum route_bar ret = ROUTE_MAY;

    for (size_t i = 0; i < ask->n_refusals; i++)
        if (id_eq(&ask->refusals[i].agent, agent) && now_ms < ask->refusals[i].until) {
            if (!ask->refusals[i].handed)
                return ROUTE_REFUSED;
            ret = ask->may_return ? ROUTE_MAY : ROUTE_HANDED;
        }
    return ret;
}

enum route_bar route_bar(const struct route_ask *ask, const struct route_agent *a, int64_t now_ms)
{
    uint64_t gone = let_go(ask, now_ms);
    enum route_bar refusal;

    if (!a->online)
        return ROUTE_ABSENT;
    if (!(a->queues >> ask->queue & 1))
        return ROUTE_OTHER_QUEUE;
    if (ask->channel && a->channels && !(a->channels & ask->channel))
        return ROUTE_OTHER_CHANNEL;
    if (ask->language && a->languages && !(a->languages & ask->language) && !(gone & ROUTE_LANGUAGE))
        return ROUTE_OTHER_LANGUAGE;
    if (ask->skills & ~gone & ~a->skills && !mutant("ignore_skills"))
        return ROUTE_LACKS_SKILLS;
    if ((refusal = refusal_of(ask, &a->id, now_ms)) != ROUTE_MAY)
        return refusal;
    return a->load + weight_of(ask) > a->capacity ? ROUTE_FULL : ROUTE_MAY;
}

int route_level(const struct route_ask *ask, const struct route_agent *a, int64_t now_ms)
{
    uint64_t needed = ask->skills & ~let_go(ask, now_ms);
    int lowest = 0;

    for (int i = 0; i < ROUTE_BITS; i++) {
        int level = a->level[i] ? a->level[i] : ROUTE_LEVEL;

        if ((needed >> i & 1) && (!lowest || level < lowest))
            lowest = level;
    }
    return lowest;
}

/* Below 0: `a` has less to do for what it can take. Both have a place, so no capacity is 0. */
static int by_load(const struct route_agent *a, const struct route_agent *b)
{
    int64_t l = (int64_t)a->load * b->capacity, r = (int64_t)b->load * a->capacity;

    return mutant("ignore_load") ? 0 : (l > r) - (l < r);
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

/* The agent who knows the visitor, if there and able, though perhaps full; NULL else. */
static const struct route_agent *favourite(const struct route_ask *ask, const struct route_agent *agents, size_t n, int64_t now_ms,
                                           enum route_bar *bar)
{
    if (id_is_zero(&ask->prefer))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (id_eq(&agents[i].id, &ask->prefer)) {
            *bar = route_bar(ask, &agents[i], now_ms);
            return *bar == ROUTE_MAY || *bar == ROUTE_FULL ? &agents[i] : NULL;
        }
    return NULL;
}

/* The best of those with a place, and the word that says what made it the best. */
static const struct route_agent *best_of(const struct route_ask *ask, const struct route_agent *agents, size_t n, int64_t now_ms,
                                         const char **why)
{
    const struct route_agent *best = NULL;
    size_t able = 0, as_good = 0, as_free = 0;
    int band = 0;

    for (size_t i = 0; i < n; i++) {
        const struct route_agent *a = &agents[i];
        int level, load;

        if (a->held || route_bar(ask, a, now_ms) != ROUTE_MAY)
            continue;
        able++;
        level = mutant("ignore_proficiency") ? 0 : route_level(ask, a, now_ms);
        if (best && level < band)
            continue;
        if (level > band || !best) {
            band = level;
            best = NULL;
            as_good = as_free = 0;
        }
        as_good++;
        load = best ? by_load(a, best) : -1;
        as_free = load < 0 ? 1 : as_free + (load == 0);
        if (!best || prefers(a, best))
            best = a;
    }
    *why = able == 1 ? "only_one" : as_good == 1 ? "proficiency" : as_free == 1 ? "least_load" : "longest_idle";
    return best;
}

/* Nobody who is there could take it but who has handed it over: that one may have it back. */
static bool only_handed(const struct route_ask *ask, const struct route_agent *agents, size_t n, int64_t now_ms)
{
    bool handed = false;

    for (size_t i = 0; ask->n_refusals && i < n; i++) {
        enum route_bar bar = route_bar(ask, &agents[i], now_ms);

        if (bar == ROUTE_MAY || bar == ROUTE_FULL)
            return false;
        handed |= bar == ROUTE_HANDED;
    }
    return handed;
}

static struct route decide(const struct route_policy *p, const struct route_ask *ask, const struct route_agent *agents, size_t n,
                           int64_t now_ms)
{
    enum route_bar bar = ROUTE_MAY;
    const struct route_agent *known = favourite(ask, agents, n, now_ms, &bar), *best;
    int64_t waited = now_ms - ask->waiting_since_ms;
    const char *why = NULL;

    if (known && bar == ROUTE_MAY && !known->held)
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

struct route route_decide(const struct route_policy *p, const struct route_ask *ask, const struct route_agent *agents, size_t n,
                          int64_t now_ms)
{
    struct route_ask again = *ask;

    again.may_return = only_handed(ask, agents, n, now_ms);
    return decide(p, &again, agents, n, now_ms);
}

/* Who needs several places at once, and finds only single ones, would wait for ever behind those who take them. */
static void hold_for(const struct route_policy *p, const struct route_ask *ask, struct route_agent *agents, size_t n, int64_t now_ms)
{
    struct route_agent *most = NULL;

    if (weight_of(ask) < 2 || !p->heavy_ms || now_ms - ask->waiting_since_ms < p->heavy_ms)
        return;
    for (size_t i = 0; i < n; i++) {
        struct route_agent *a = &agents[i];

        if (a->held || a->capacity < weight_of(ask) || route_bar(ask, a, now_ms) != ROUTE_FULL)
            continue;
        if (!most || a->capacity - a->load > most->capacity - most->load)
            most = a;
    }
    if (most)
        most->held = true;
}

static int by_effective(const void *a, const void *b)
{
    const struct route_ask *x = a, *y = b;

    if (x->effective != y->effective)
        return (x->effective < y->effective) != mutant("newest_first") ? -1 : 1;
    return memcmp(&x->conv, &y->conv, sizeof(x->conv));
}

static size_t places(const struct route_agent *agents, size_t n)
{
    size_t ret = 0;

    for (size_t i = 0; i < n; i++)
        if (agents[i].online && agents[i].load < agents[i].capacity)
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

        if (r.verdict != ROUTE_ASSIGN) {
            hold_for(p, &asks[i], agents, n_agents, now_ms);
            continue;
        }
        ret[n] = (struct route_match){ i, index_of(agents, n_agents, &r.agent), r.why };
        a = &agents[ret[n].agent];
        a->load += weight_of(&asks[i]);
        a->handled++;
        a->idle_since = now_ms; /* the same moment for all of this pass: among equals it goes round by `handled` */
        n++;
        left -= (size_t)weight_of(&asks[i]);
    }
    return n;
}

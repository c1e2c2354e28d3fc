/* reference.c: the router a second time, written plainly from what docs/routing.md promises and from what the model itself knows of its
 * people and queues. What a pass of the real one reserves must be this, in this order. */
#include "inside.h"

#define STICKY_MS 20000 /* as shipped */
#define PASS_LOOK 100   /* a pass looks at more than so many; other looks do not match anybody */

struct candidate {
    int agent; /* its number in the world */
    bool online;
    int load;
    int64_t idle, handled;
};

static int number_of(const struct world *w, const struct kf_id *agent)
{
    for (int i = 0; i < w->n_agents; i++)
        if (id_eq(&w->agents[i].id, agent))
            return i;
    return -1;
}

unsigned needs_of(const struct kf_key *queue, int64_t waited)
{
    bool sales = strcmp(queue->s, "sales") == 0;

    return (waited < RING1_MS ? SKILL_VIP : 0) | (!sales && waited < RING2_MS ? SKILL_REFUND : 0);
}

/* The lowest of the levels in what is needed; 0: nothing is. */
static int band_of(unsigned needs, int agent)
{
    int lowest = 0;

    for (int k = 0; k < SKILLS; k++)
        if (needs >> k & 1 && (!lowest || level_of(agent, k) < lowest))
            lowest = level_of(agent, k);
    return lowest;
}

enum answer { CANNOT, HANDED, FULL, CAN };

static enum answer answer_of(const struct world *w, const struct live_view *v, const struct live_waiting *c, const struct candidate *a,
                             bool may_return, int64_t now)
{
    bool handed = false;

    if (!a->online || needs_of(&c->queue, now - c->since) & ~skills_of(a->agent))
        return CANNOT;
    for (size_t i = 0; i < v->n_refusals; i++) {
        const struct live_refusal *r = &v->refusals[i];

        if (!id_eq(&r->conv, &c->conv) || !id_eq(&r->agent, &w->agents[a->agent].id) || now >= r->until)
            continue;
        if (!r->handed)
            return CANNOT;
        handed = true;
    }
    if (handed && !may_return)
        return HANDED;
    return a->load + c->weight > w->capacity ? FULL : CAN;
}

/* Nobody but who has handed it over could ever take it. */
static bool must_return(const struct world *w, const struct live_view *v, const struct live_waiting *c, const struct candidate *all,
                        size_t n, int64_t now)
{
    bool handed = false;

    for (size_t i = 0; i < n; i++) {
        enum answer a = answer_of(w, v, c, &all[i], false, now);

        if (a == FULL || a == CAN)
            return false;
        handed |= a == HANDED;
    }
    return handed;
}

/* Band, then load, then idle, then handled, then id. Below 0: x goes first. */
static int64_t compare(const struct world *w, unsigned needs, const struct candidate *x, const struct candidate *y)
{
    if (band_of(needs, x->agent) != band_of(needs, y->agent))
        return band_of(needs, y->agent) - band_of(needs, x->agent);
    if (x->load != y->load) /* all have the same capacity */
        return x->load - y->load;
    if (x->idle != y->idle)
        return x->idle - y->idle;
    if (x->handled != y->handled)
        return x->handled - y->handled;
    return memcmp(&w->agents[x->agent].id, &w->agents[y->agent].id, sizeof(struct kf_id));
}

static struct candidate *choose(const struct world *w, const struct live_view *v, const struct live_waiting *c, struct candidate *all,
                                size_t n, int64_t now)
{
    bool back = must_return(w, v, c, all, n, now);
    unsigned needs = needs_of(&c->queue, now - c->since);
    struct candidate *best = NULL;

    for (size_t i = 0; i < n; i++) {
        enum answer a = answer_of(w, v, c, &all[i], back, now);

        if (id_eq(&w->agents[all[i].agent].id, &c->prefer)) {
            if (a == CAN)
                return &all[i];
            if (a == FULL && now - c->since < STICKY_MS)
                return NULL;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (answer_of(w, v, c, &all[i], back, now) == CAN && (!best || compare(w, needs, &all[i], best) < 0))
            best = &all[i];
    return best;
}

static size_t candidates(const struct world *w, const struct live_view *v, struct candidate *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n_agents; i++) {
        const struct live_agent *a = &v->agents[i];
        int number = number_of(w, &a->id);

        if (number >= 0)
            ret[n++] = (struct candidate){ number, a->presence == PRESENCE_ONLINE && a->connected, a->load, a->idle_since, a->handled };
    }
    return n;
}

/* One place of the line. */
struct standing {
    const struct live_waiting *c;
    bool passed_over; /* nobody was found for it in this pass */
};

static int by_effective(const void *a, const void *b)
{
    const struct live_waiting *x = ((const struct standing *)a)->c, *y = ((const struct standing *)b)->c;

    if (x->effective != y->effective)
        return x->effective < y->effective ? -1 : 1;
    return memcmp(&x->conv, &y->conv, sizeof(x->conv));
}

/* Who stood before, and could have had the same agent, is overtaken: to wait for a favourite is the one reason. */
static void note_overtaken(struct world *w, const struct live_view *v, const struct standing *line, size_t at, const struct candidate *a,
                           int64_t now)
{
    for (size_t i = 0; i < at; i++) {
        int64_t by = line[at].c->effective - line[i].c->effective;

        if (line[i].passed_over && answer_of(w, v, line[i].c, a, false, now) == CAN && by > w->overtaken_ms)
            w->overtaken_ms = by;
    }
}

size_t reference_pass(struct world *w, const struct live_view *v, int64_t now, struct planned *ret, size_t max)
{
    struct candidate all[AGENTS_MAX];
    struct standing *line = calloc(v->n_waiting + 1, sizeof(*line));
    size_t n = 0, n_all = candidates(w, v, all);

    assert(line);
    for (size_t i = 0; i < v->n_waiting; i++)
        line[i].c = &v->waiting[i];
    qsort(line, v->n_waiting, sizeof(*line), by_effective);
    for (size_t i = 0; i < v->n_waiting && n < max; i++) {
        struct candidate *best = choose(w, v, line[i].c, all, n_all, now);

        line[i].passed_over = !best;
        if (!best)
            continue;
        note_overtaken(w, v, line, i, best, now);
        ret[n++] = (struct planned){ line[i].c->conv, w->agents[best->agent].id };
        best->load += line[i].c->weight;
        best->handled++;
        best->idle = now;
    }
    free(line);
    return n;
}

/* ---- beside the real one ---- */

void pass_expect(struct model_node *n, const struct live_view *v, int limit)
{
    struct world *w = n->world;

    n->n_planned = n->n_asked = 0;
    n->watched = w->skilled && limit > PASS_LOOK;
    if (n->watched)
        n->n_planned = reference_pass(w, v, port_now(n), n->planned, sizeof(n->planned) / sizeof(n->planned[0]));
}

void pass_asks(struct model_node *n, const struct kf_id *conv, const struct kf_id *agent)
{
    const struct planned *p = &n->planned[n->n_asked];
    struct world *w = n->world;

    if (!n->watched)
        return;
    if (n->n_asked++ >= n->n_planned)
        wrong(w, "R4: somebody was matched for whom nobody comes into question");
    else if (!id_eq(&p->conv, conv))
        wrong(w, "R4: somebody was matched before another one who is first in line");
    else if (!id_eq(&p->agent, agent))
        wrong(w, "R4: agent %d got what was to go to agent %d, by proficiency, load, idle time and number", number_of(w, agent),
              number_of(w, &p->agent));
}

void pass_ends(struct model_node *n)
{
    /* Who is not the holder any more looks, and matches nobody. */
    if (n->watched && n->n_asked && n->n_asked < n->n_planned)
        wrong(n->world, "R5: a pass matched %zu, where %zu could be", n->n_asked, n->n_planned);
    n->watched = false;
}

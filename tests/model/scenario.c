#include "scenario.h"

#include <stdio.h>

/* A node that runs and is not paused, at random. */
static int some_node(struct world *w)
{
    int from = (int)world_choose(w, (uint32_t)w->n_nodes);

    for (int i = 0; i < w->n_nodes; i++)
        if (w->nodes[(from + i) % w->n_nodes].up && !w->nodes[(from + i) % w->n_nodes].paused)
            return (from + i) % w->n_nodes;
    return -1;
}

static void heal(struct world *w)
{
    for (int i = 0; i < w->n_nodes; i++) {
        node_resume(w, i);
        if (!w->nodes[i].up)
            node_start(w, i);
    }
    world_settle(w);
}

/* People whose socket has gone come back, on whatever node answers; agent `but` does not (-1: all may). */
static void come_back(struct world *w, int but)
{
    for (int i = 0; i < w->n_agents; i++)
        if (i != but && !w->agents[i].seat.conn && world_choose(w, 2)) {
            int node = some_node(w);

            if (node >= 0) {
                agent_connect(w, i, node);
                if (w->agents[i].presence == PRESENCE_OFFLINE)
                    agent_presence(w, i, PRESENCE_ONLINE);
            }
        }
    for (int i = 0; i < w->n_visitors; i++)
        if (!w->visitors[i].seat.conn && world_choose(w, 2)) {
            int node = some_node(w);

            if (node >= 0)
                visitor_connect(w, i, node);
        }
}

/* ---- what can happen ---- */

/* Who comes into it: picked before anything is done, so that a step is the same whatever became of those before it. */
struct cast {
    int agent, other, visitor, node;
    uint32_t any;
};

static void says(struct world *w, const struct cast *c)
{
    visitor_say(w, c->visitor, false);
}

static void repeats(struct world *w, const struct cast *c)
{
    visitor_say(w, c->visitor, true);
}

static void hangs_up(struct world *w, const struct cast *c)
{
    visitor_close_talk(w, c->visitor);
}

static void answers(struct world *w, const struct cast *c)
{
    agent_say(w, c->agent);
}

static void closes(struct world *w, const struct cast *c)
{
    agent_close_talk(w, c->agent);
}

static void to_queue(struct world *w, const struct cast *c)
{
    agent_transfer(w, c->agent, c->any % 3 ? "sales" : "service");
}

static void to_person(struct world *w, const struct cast *c)
{
    agent_hand_to(w, c->agent, c->other);
}

static void gives_back(struct world *w, const struct cast *c)
{
    agent_give_back(w, c->agent);
}

static void one_answers_offer(struct world *w, const struct cast *c)
{
    agent_answer(w, c->agent, c->any % 3 != 0);
}

static void all_accept(struct world *w, const struct cast *c)
{
    (void)c;
    for (int i = 0; i < w->n_agents; i++)
        agent_answer(w, i, true);
}

static void asks_for_help(struct world *w, const struct cast *c)
{
    agent_help(w, c->agent, c->other);
}

static void leaves_talk(struct world *w, const struct cast *c)
{
    agent_end_help(w, c->agent);
}

static void is_ready(struct world *w, const struct cast *c)
{
    agent_ready(w, c->agent);
}

static void takes_over(struct world *w, const struct cast *c)
{
    supervisor_act(w, "accept", c->other);
}

static void joins(struct world *w, const struct cast *c)
{
    supervisor_act(w, "join", c->other);
}

static void looks_on(struct world *w, const struct cast *c)
{
    supervisor_act(w, "watch", c->other);
}

static void hastens(struct world *w, const struct cast *c)
{
    supervisor_hasten(w, c->visitor, (int)(c->any % 4));
}

static void is_set(struct world *w, const struct cast *c)
{
    supervisor_presence(w, c->other, (enum presence)(c->any % 4));
}

static void chooses(struct world *w, const struct cast *c)
{
    agent_presence(w, c->agent, (enum presence)(c->any % 4));
}

static void comes_online(struct world *w, const struct cast *c)
{
    agent_presence(w, c->agent, PRESENCE_ONLINE);
}

static void goes(struct world *w, const struct cast *c)
{
    agent_leave(w, c->agent);
}

/* The same visitor on another node, with what it has not heard about. */
static void wanders(struct world *w, const struct cast *c)
{
    int node = some_node(w);

    if (node >= 0) {
        visitor_connect(w, c->visitor, node);
        visitor_say(w, c->visitor, true);
    }
}

static void all_come_back(struct world *w, const struct cast *c)
{
    (void)c;
    come_back(w, -1);
}

static void dies(struct world *w, const struct cast *c)
{
    if (w->nodes[c->node].up)
        node_kill(w, c->node);
}

static void sleeps(struct world *w, const struct cast *c)
{
    if (some_node(w) >= 0)
        node_pause(w, c->node);
}

static void empties(struct world *w, const struct cast *c)
{
    (void)c;
    redis_flush(w);
}

static void heals(struct world *w, const struct cast *c)
{
    (void)c;
    heal(w);
}

struct kind {
    const char *name;
    uint32_t weight;
    void (*act)(struct world *w, const struct cast *c);
};

static const struct kind events[] = {
    { "says", 6, says },
    { "repeats", 1, repeats },
    { "hangs_up", 1, hangs_up },
    { "answers", 4, answers },
    { "closes", 2, closes },
    { "to_queue", 1, to_queue },
    { "to_person", 1, to_person },
    { "gives_back", 1, gives_back },
    { "answers_offer", 1, one_answers_offer },
    { "all_accept", 1, all_accept },
    { "asks_for_help", 1, asks_for_help },
    { "leaves_talk", 1, leaves_talk },
    { "is_ready", 1, is_ready },
    { "takes_over", 1, takes_over },
    { "joins", 1, joins },
    { "looks_on", 1, looks_on },
    { "hastens", 1, hastens },
    { "is_set", 1, is_set },
    { "chooses", 1, chooses },
    { "comes_online", 2, comes_online },
    { "goes", 1, goes },
    { "wanders", 1, wanders },
    { "come_back", 2, all_come_back },
};

static const struct kind faults[] = { { "dies", 1, dies }, { "sleeps", 1, sleeps }, { "redis_empty", 1, empties }, { "heals", 2, heals } };

#define N_EVENTS (sizeof(events) / sizeof(events[0]))
#define N_FAULTS (sizeof(faults) / sizeof(faults[0]))

static const struct kind *kind_at(size_t i)
{
    return i < N_EVENTS ? &events[i] : &faults[i - N_EVENTS];
}

size_t scenario_kinds(void)
{
    return N_EVENTS + N_FAULTS;
}

const char *scenario_kind(size_t i)
{
    return kind_at(i)->name;
}

/* One of them, by weight. */
static size_t draw(struct world *w, const struct kind *kinds, size_t n)
{
    uint32_t all = 0, at;
    size_t i = 0;

    for (size_t k = 0; k < n; k++)
        all += kinds[k].weight;
    for (at = world_choose(w, all); at >= kinds[i].weight; i++)
        at -= kinds[i].weight;
    return i;
}

/* ---- what has happened ---- */

#define TOLD 30 /* so many steps are shown with a failure */

static char told[TOLD][96];
static size_t n_told;

static void tell(int step, const char *name, const struct cast *c, int64_t ms)
{
    (void)snprintf(told[n_told++ % TOLD], sizeof(told[0]), "%d %s agent=%d other=%d visitor=%d node=%d any=%u then %lld ms", step, name,
                   c->agent, c->other, c->visitor, c->node, c->any, (long long)ms);
}

static void print_told(void)
{
    for (size_t i = n_told > TOLD ? n_told - TOLD : 0; i < n_told; i++)
        (void)printf("    %s\n", told[i % TOLD]);
}

static struct cast cast_of(struct world *w)
{
    return (struct cast){ .agent = (int)world_choose(w, (uint32_t)w->n_agents),
                          .other = (int)world_choose(w, (uint32_t)w->n_agents),
                          .visitor = (int)world_choose(w, (uint32_t)w->n_visitors),
                          .node = (int)world_choose(w, (uint32_t)w->n_nodes),
                          .any = world_choose(w, 12) };
}

static bool wanted(const struct scenario *s, int step, size_t kind)
{
    return step >= s->from && !(s->without >> kind & 1);
}

/* Each step has its own numbers: it is the same in a run that leaves others out. */
static void step(struct world *w, const struct scenario *s, int i)
{
    size_t event, fault = N_FAULTS;
    struct cast cast;
    int64_t ms = 0;

    world_script(w, (uint64_t)i);
    cast = cast_of(w);
    event = draw(w, events, N_EVENTS);
    /* Several things at once, now and then: only then can they cross. */
    if (world_choose(w, 3))
        ms = 100 * (1 + (int64_t)world_choose(w, 15));
    if (world_choose(w, 25) == 0)
        fault = draw(w, faults, N_FAULTS);
    if (wanted(s, i, event)) {
        tell(i, events[event].name, &cast, ms);
        events[event].act(w, &cast);
    }
    if (ms) {
        world_settle(w);
        world_pass(w, ms);
    }
    if (fault < N_FAULTS && wanted(s, i, N_EVENTS + fault)) {
        tell(i, faults[fault].name, &cast, 0);
        faults[fault].act(w, &cast);
        if (some_node(w) < 0)
            heal(w);
    }
}

static void open_shop(struct world *w)
{
    world_pass(w, 3000); /* leases are taken, Redis is rebuilt */
    for (int i = 0; i < w->n_agents; i++) {
        agent_connect(w, i, i % w->n_nodes);
        agent_presence(w, i, PRESENCE_ONLINE);
    }
    for (int i = 0; i < w->n_visitors; i++)
        visitor_connect(w, i, i % w->n_nodes);
    world_settle(w);
}

static void finish(struct world *w, char words[300])
{
    (void)snprintf(words, 300, "%s", w->wrong);
    (void)printf(
        "  seed %llu: %llu commits, %llu matches, %llu returned, %llu duplicates, %llu conflicts, %llu kills, %llu pauses, %llu flushes, "
        "%zu acknowledged, overtaken by at most %lld ms%s%s\n",
        (unsigned long long)w->seed, (unsigned long long)w->commits, (unsigned long long)w->matches, (unsigned long long)w->returns,
        (unsigned long long)w->duplicates, (unsigned long long)w->conflicts, (unsigned long long)w->kills, (unsigned long long)w->pauses,
        (unsigned long long)w->flushes, w->n_acks, (long long)w->overtaken_ms, *words ? " WRONG: " : "", words);
    world_close(w);
}

/* Everything runs again, everybody but one agent comes back, and there is time for all that has been waiting for that: longer than a lease, a
 * reservation and the grace of that agent. */
static void calm_down(struct world *w)
{
    int gone = (int)world_choose(w, (uint32_t)w->n_agents);

    heal(w);
    agent_leave(w, gone);
    for (int i = 0; i < 4; i++)
        come_back(w, gone);
    world_pass(w, 44000);
    world_check(w, true);
}

int scenario_random(const struct scenario *s, char words[300])
{
    static struct world w;
    int i = 0;

    n_told = 0;
    world_open_plan(&w, &(struct world_plan){ .seed = s->seed, .nodes = s->nodes, .skilled = true, .skewed = true });
    open_shop(&w);
    for (; i < s->steps && !*w.wrong; i++) {
        step(&w, s, i);
        if (i % 50 == 49)
            world_check(&w, false);
        if (i % 10 == 9)
            world_check_used(&w);
        if (i % 500 == 499)
            calm_down(&w);
    }
    if (!*w.wrong)
        calm_down(&w);
    if (*w.wrong && s->aloud)
        print_told();
    finish(&w, words);
    return i;
}

void scenario_free_place(uint64_t seed, char words[300])
{
    static struct world w;

    world_open(&w, seed, 1);
    open_shop(&w);
    world_pass(&w, 2000);
    for (int i = 0; i < w.n_visitors; i++)
        visitor_say(&w, i, false);
    world_settle(&w);
    world_check(&w, true);
    for (int round = 0; round < 30 && !*w.wrong; round++) {
        agent_close_talk(&w, (int)world_choose(&w, (uint32_t)w.n_agents));
        world_settle(&w);
        world_check(&w, true);
    }
    finish(&w, words);
}

static int holder_of(struct world *w)
{
    struct desk_figures f;

    for (int i = 0; i < w->n_nodes; i++) {
        desk_figures(w->nodes[i].desk, &f);
        if (f.holder)
            return i;
    }
    return -1;
}

void scenario_stale_holder(uint64_t seed, char words[300])
{
    static struct world w;
    int old, other;

    world_open(&w, seed, 2);
    world_pass(&w, 3000);
    old = holder_of(&w);
    other = 1 - old;
    for (int i = 0; i < 2; i++)
        agent_connect(&w, i, other);
    for (int i = 0; i < 3; i++)
        visitor_connect(&w, i, other);
    visitor_say(&w, 0, false);
    world_settle(&w);
    w.nodes[old].pause_at_reserve = true;
    agent_presence(&w, 0, PRESENCE_ONLINE);
    world_pass(&w, 5000); /* the holder sees a free place, reserves it, and falls asleep */
    agent_presence(&w, 0, PRESENCE_AWAY);
    agent_presence(&w, 1, PRESENCE_ONLINE);
    visitor_say(&w, 1, false);
    visitor_say(&w, 2, false);
    world_pass(&w, 20000); /* the other one takes the lease over; agent 1 is full, one more waits */
    node_wake_and_die(&w, old);
    world_pass(&w, 5000);
    world_check(&w, false);
    finish(&w, words);
}

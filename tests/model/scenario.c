#include "scenario.h"

#include <stdio.h>

/* A node that runs and is not paused, at random. */
static int some_node(struct world *w)
{
    int from = (int)world_pick(w, (uint32_t)w->n_nodes);

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
        if (i != but && !w->agents[i].seat.conn && world_pick(w, 2)) {
            int node = some_node(w);

            if (node >= 0) {
                agent_connect(w, i, node);
                if (w->agents[i].presence == PRESENCE_OFFLINE)
                    agent_presence(w, i, PRESENCE_ONLINE);
            }
        }
    for (int i = 0; i < w->n_visitors; i++)
        if (!w->visitors[i].seat.conn && world_pick(w, 2)) {
            int node = some_node(w);

            if (node >= 0)
                visitor_connect(w, i, node);
        }
}

static void fault(struct world *w)
{
    int i = (int)world_pick(w, (uint32_t)w->n_nodes);

    switch (world_pick(w, 5)) {
    case 0:
        if (w->nodes[i].up)
            node_kill(w, i);
        break;
    case 1:
        if (some_node(w) >= 0)
            node_pause(w, i);
        break;
    case 2:
        redis_flush(w);
        break;
    default:
        heal(w);
        break;
    }
    if (some_node(w) < 0)
        heal(w);
}

static void event(struct world *w)
{
    int agent = (int)world_pick(w, (uint32_t)w->n_agents), visitor = (int)world_pick(w, (uint32_t)w->n_visitors);

    switch (world_pick(w, 22)) {
    case 20:
        agent_answer(w, agent, world_pick(w, 3) != 0);
        break;
    case 21:
        for (int i = 0; i < w->n_agents; i++)
            agent_answer(w, i, true);
        break;
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        visitor_say(w, visitor, false);
        break;
    case 6:
        visitor_say(w, visitor, true);
        break;
    case 7:
        visitor_close_talk(w, visitor);
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        agent_say(w, agent);
        break;
    case 12:
    case 13:
        agent_close_talk(w, agent);
        break;
    case 14:
        agent_transfer(w, agent);
        break;
    case 15:
        agent_presence(w, agent, (enum presence)world_pick(w, 4));
        break;
    case 16:
        agent_presence(w, agent, PRESENCE_ONLINE);
        break;
    case 17:
        agent_leave(w, agent);
        break;
    case 18: { /* the same visitor on another node, with what it has not heard about */
        int node = some_node(w);

        if (node >= 0) {
            visitor_connect(w, visitor, node);
            visitor_say(w, visitor, true);
        }
        break;
    }
    default:
        come_back(w, -1);
        break;
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
    int gone = (int)world_pick(w, (uint32_t)w->n_agents);

    heal(w);
    agent_leave(w, gone);
    for (int i = 0; i < 4; i++)
        come_back(w, gone);
    world_pass(w, 44000);
    world_check(w, true);
}

void scenario_random(uint64_t seed, int nodes, int steps, char words[300])
{
    static struct world w;

    world_open_plan(&w, &(struct world_plan){ .seed = seed, .nodes = nodes, .skilled = true, .skewed = true });
    open_shop(&w);
    for (int i = 0; i < steps && !*w.wrong; i++) {
        event(&w);
        /* Several things at once, now and then: only then can they cross. */
        if (world_pick(&w, 3)) {
            world_settle(&w);
            world_pass(&w, 100 * (1 + world_pick(&w, 15)));
        }
        if (world_pick(&w, 25) == 0)
            fault(&w);
        if (i % 50 == 49)
            world_check(&w, false);
        if (i % 10 == 9)
            world_check_used(&w);
        if (i % 500 == 499)
            calm_down(&w);
    }
    calm_down(&w);
    finish(&w, words);
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
        agent_close_talk(&w, (int)world_pick(&w, (uint32_t)w.n_agents));
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

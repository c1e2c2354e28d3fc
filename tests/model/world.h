/* world.h: several nodes in one process, on real SQLite and one real Redis, under a virtual clock. Each node is the daemon's own desk and
 * session; only sockets are missing: what would be sent is kept here. A node can be killed, paused (all it asks for waits) and started again.
 *
 * The world looks over every commit's shoulder: the invariants that one commit can break are checked there. */
#ifndef KF_TESTS_WORLD_H
#define KF_TESTS_WORLD_H

#include "desk/desk.h"
#include "tests/support/scratch.h"

#include <uv.h>

#define NODES_MAX    3
#define AGENTS_MAX   200
#define VISITORS_MAX 5000

struct request;
struct world;

/* One socket of the model: a visitor's page or an agent's console. */
struct seat_model {
    uint64_t conn; /* 0: not connected */
    int node;
    bool staff;
    int who; /* index of the visitor or agent */
    bool welcomed;
    struct kf_id conv;   /* visitors: where they write */
    int64_t acked, sent; /* how many messages */
    struct {
        struct kf_id conv;
        int64_t position, wait_s; /* 0: not told while it has waited */
    } line;                       /* as the page was told over this connection */
    bool staffed;                 /* so the welcome said */
};

struct owned {
    struct kf_id conv;
    bool used;
};

struct agent_model {
    struct kf_id id;
    char token[65];
    struct seat_model seat;
    enum presence presence;
    int64_t gone_at;        /* when the last socket was closed; 0: it was not */
    struct owned owned[64]; /* as its console was told */
    struct owned offers[16];
    struct kf_id closed; /* what it closed last */
};

struct visitor_model {
    char token[192];
    const char *locale; /* NULL: zh-CN */
    struct seat_model seat;
    int next_cid;
};

/* Who is to get whom. */
struct planned {
    struct kf_id conv, agent;
};

struct model_node {
    struct world *world;
    int index;
    bool up, paused, dying;
    int64_t skew; /* how far its clock is off */
    struct kf_id id;
    struct ports ports;
    struct store *store;
    struct live *live;
    struct session *session;
    struct desk *desk;
    struct request *held, **held_end; /* asked for while paused */
    bool slow_disk;
    bool pause_at_reserve;         /* goes to sleep as soon as it has asked for a reservation */
    int pause_at_commit;           /* goes to sleep before its so many-th commit from now leaves; 0: does not */
    void (*between_go)(void *arg); /* the second half of a mutant's reservation, held while it sleeps */
    void *between_arg;
    bool wake;
    /* The pass that it has in hand, as the reference has it, and how far it has come. */
    bool watched;
    struct planned planned[64];
    size_t n_planned, n_asked;
};

struct world {
    uv_loop_t loop;
    uv_async_t stirred; /* a store has something to say: ends a rest at once */
    uint64_t seed, chance;
    uint64_t script; /* what happens next: of its own, for how often a node asks for chance is not the same twice */
    int64_t now;     /* virtual ms, for everybody; also the monotonic clock */
    int n_nodes, n_agents, n_visitors;
    int capacity, weight; /* places of an agent, and those that a conversation takes */
    bool skilled;
    bool skewed;
    size_t waiting_max;
    int64_t fault_at; /* when something was last done to a node or to Redis, or made good */
    struct model_node nodes[NODES_MAX];
    char dir[SCRATCH_MAX], url[128], redis[128];
    int redis_pid;
    struct agent_model agents[AGENTS_MAX];
    struct visitor_model visitors[VISITORS_MAX];
    uint64_t next_conn;
    size_t asked; /* requests under way at store or Redis */

    /* What was acknowledged, to be found in the store at the end. */
    struct ack {
        char cid[32];
        int visitor; /* -1: an agent's */
        struct kf_id conv;
        int64_t seq;
    } * acks;
    size_t n_acks, cap_acks, checked_acks;

    /* Failures, in words; the first is kept. */
    char wrong[300];
    uint64_t opened;
    int64_t overtaken_ms; /* somebody went first who came so much later, while the one before waited for a favourite */
    uint64_t commits, matches, returns, duplicates, conflicts, kills, pauses, flushes;
};

/* What a world is made of; zeros stand for what is usual. */
struct world_plan {
    uint64_t seed;
    int nodes, agents, visitors;
    const char *set; /* the file of the site "demo" */
    int64_t from;    /* when it is */
    /* Of the set skills.json: agents know different things, each conversation takes two places, and nobody has an even number of them. */
    bool skilled;
    size_t waiting_max; /* of those who wait, a node looks through so many at once; 0: as the daemon */
    bool skewed;        /* each node's clock is off a little, another way after each start */
};

/* Blocks; asserts. */
void world_open(struct world *w, uint64_t seed, int nodes);
void world_open_plan(struct world *w, const struct world_plan *plan);
void world_close(struct world *w);
/* A chance number in [0, n). */
uint32_t world_pick(struct world *w, uint32_t n);
/* The same of the script, which begins anew, in a way of its own, for each number that is given. */
void world_script(struct world *w, uint64_t number);
uint32_t world_choose(struct world *w, uint32_t n);

void node_start(struct world *w, int i);
void node_kill(struct world *w, int i);
void node_pause(struct world *w, int i);
void node_resume(struct world *w, int i);
/* While its disk is slow its commits are held, and all else goes on. Too long of that costs it its leases. */
void disk_slow(struct world *w, int i, bool on);
/* It wakes up just long enough for the second half of a reservation to leave, and is killed before it hears of it. */
void node_wake_and_die(struct world *w, int i);
void redis_flush(struct world *w);

/* Runs the loop until nothing is under way on any node that runs. */
void world_settle(struct world *w);
/* Moves the clock on in steps of 100 ms, ticking and settling. */
void world_pass(struct world *w, int64_t ms);
/* One step of so many. */
void world_step(struct world *w, int64_t ms);

void visitor_connect(struct world *w, int visitor, int node);
void visitor_say(struct world *w, int visitor, bool repeat);
void visitor_write(struct world *w, int visitor, const char *text);
void visitor_close_talk(struct world *w, int visitor);
void visitor_rate(struct world *w, int visitor, int score);
void agent_connect(struct world *w, int agent, int node);
void agent_leave(struct world *w, int agent);
void agent_presence(struct world *w, int agent, enum presence p);
void agent_say(struct world *w, int agent);
void agent_close_talk(struct world *w, int agent);
/* Answers one of its visitors, and closes that talk. */
void agent_finish(struct world *w, int agent);
void agent_transfer(struct world *w, int agent, const char *queue);
/* One of its own to somebody else. */
void agent_hand_to(struct world *w, int agent, int other);
/* Will not have one of those that its console shows as its own: what was handed to it goes back. */
void agent_give_back(struct world *w, int agent);
void agent_help(struct world *w, int agent, int other);
void agent_end_help(struct world *w, int agent);
/* With the paper work of what it closed last. */
void agent_ready(struct world *w, int agent);
/* Agent 0 of a skilled world is a supervisor, too: does that ("accept", "join", "watch") with something of another one's. */
void supervisor_act(struct world *w, const char *act, int agent);
void supervisor_hasten(struct world *w, int visitor, int priority);
void supervisor_presence(struct world *w, int agent, enum presence p);
/* Answers one of the offers that its console shows. */
void agent_answer(struct world *w, int agent, bool accept);

void agent_accept(struct world *w, int agent, const struct kf_id *conv);
/* Does its console show this one as its own? */
bool agent_has(const struct world *w, int agent, const struct kf_id *conv);
/* One number out of the database. */
int64_t world_number(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The texts of a column, each row ended by a line feed. */
void world_words(struct world *w, char *ret, size_t n, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* What visitors read that a rule said: each message with its rule and cause, which stand on the timeline right before it. Where a rule has
 * fired has a row of its own, which is unique and so proves nothing of what was said. */
#define SAID_BY_RULES                                                                                                                   \
    "(SELECT DISTINCT m.conv, m.seq, json_extract(t.data, '$.rule') AS rule, json_extract(t.data, '$.cause') AS cause FROM timeline t " \
    "JOIN message m ON m.conv = t.conv AND m.seq = t.after_seq + 1 AND m.at = t.at AND m.role > 1 WHERE t.kind = 'rule' AND "           \
    "json_extract(t.data, '$.held') IS NULL)"

/* Everything that can be seen from the database: P2, P3, P5, P7; acknowledged messages are there. Writes the first failure to w->wrong. */
void world_check(struct world *w, bool calm);
/* R5: whoever can be served at once is, within a second. Only while all nodes run and nothing has befallen them for a while. */
void world_check_used(struct world *w);

#endif

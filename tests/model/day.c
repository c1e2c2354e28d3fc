#include "day.h"

#include "inside.h"

#define DAY_S   86400
#define STEP_MS 1000

struct day {
    struct world w;
    const struct day_plan *plan;
    int64_t *due; /* by visitor: when it comes, in virtual ms */
    int64_t midnight;
    bool open;
    uint64_t commits; /* when it was counted last */
    int64_t waiting, served;
    int unused_steps; /* in a row: somebody waits, and a place is free */
};

static int64_t at(const struct day *d, int s)
{
    return d->midnight + 1000LL * s;
}

/* A tenth comes outside of the hours; of the others half in a quarter of them. */
static void draw_visitors(struct day *d)
{
    const struct day_plan *p = d->plan;
    uint32_t hours = (uint32_t)(p->closes_s - p->opens_s), night = (uint32_t)(p->reopens_s - p->closes_s);

    for (int i = 0; i < p->visitors; i++) {
        uint32_t kind = world_pick(&d->w, 20);
        int s = kind < 1    ? p->from_s + (int)world_pick(&d->w, (uint32_t)(p->opens_s - p->from_s))
                : kind < 2  ? p->closes_s + (int)world_pick(&d->w, night)
                : kind < 11 ? p->opens_s + (int)(hours / 4 + world_pick(&d->w, hours / 4))
                            : p->opens_s + (int)world_pick(&d->w, hours);

        d->due[i] = at(d, s);
    }
}

static void everybody_is(struct day *d, enum presence p)
{
    for (int i = 0; i < d->w.n_agents; i++) {
        agent_presence(&d->w, i, p);
        world_settle(&d->w);
    }
}

/* Who has waited when they went home is brought back in the morning like those who came later. */
static void open_or_close(struct day *d)
{
    bool open = (d->w.now >= at(d, d->plan->opens_s) && d->w.now < at(d, d->plan->closes_s)) || d->w.now >= at(d, d->plan->reopens_s);

    if (open == d->open)
        return;
    d->open = open;
    everybody_is(d, open ? PRESENCE_ONLINE : PRESENCE_OFFLINE);
}

static void visitors_come(struct day *d)
{
    for (int i = 0; i < d->w.n_visitors; i++)
        if (d->due[i] && d->due[i] <= d->w.now) {
            d->due[i] = 0;
            visitor_connect(&d->w, i, i % d->w.n_nodes);
            visitor_say(&d->w, i, false);
        }
}

/* Also who has gone home for the day brings what is there to its end. */
static void agents_work(struct day *d)
{
    for (int i = 0; i < d->w.n_agents; i++)
        if (world_pick(&d->w, (uint32_t)(d->plan->service_s / CAPACITY)) == 0)
            agent_finish(&d->w, i);
}

static void count(struct day *d)
{
    int64_t both;

    if (d->commits == d->w.commits)
        return;
    d->commits = d->w.commits;
    both = world_number(&d->w, "SELECT coalesce(sum(state = 1) * 1000000 + sum(state IN (2,3)), 0) FROM conversation");
    d->waiting = both / 1000000;
    d->served = both % 1000000;
}

/* R5: all agents are equal, so a free place suits everybody. */
static void free_places_are_used(struct day *d, struct day_result *ret)
{
    count(d);
    if (d->waiting > ret->line_max)
        ret->line_max = d->waiting;
    d->unused_steps = d->open && d->waiting && d->served < (int64_t)CAPACITY * d->w.n_agents ? d->unused_steps + 1 : 0;
    if (d->unused_steps > 1)
        wrong(&d->w, "R5: %lld wait for more than a second while %lld places are free, %lld s of the day", (long long)d->waiting,
              (long long)CAPACITY * d->w.n_agents - (long long)d->served, (long long)(d->w.now - d->midnight) / 1000);
}

/* R3, R4: in the order of arrival, of who came at the same moment in any; nobody has more priority than another. */
static void judge_order(struct day *d, struct day_result *ret)
{
    int64_t moment = 0, latest = 0, before = 0; /* served last: of who came up to that moment, of who came before it */
    sqlite3_stmt *s;
    sqlite3 *db;

    assert(sqlite3_open_v2(d->w.url + strlen("sqlite:"), &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    assert(sqlite3_prepare_v2(db, "SELECT arrived_at, opened_at, served_at FROM conversation WHERE served_at > 0 ORDER BY arrived_at", -1,
                              &s, NULL) == SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        int64_t opened = sqlite3_column_int64(s, 1), served = sqlite3_column_int64(s, 2);
        bool by_day = opened >= at(d, d->plan->opens_s) && served < at(d, d->plan->closes_s);

        if (sqlite3_column_int64(s, 0) != moment)
            before = latest;
        moment = sqlite3_column_int64(s, 0);
        if (by_day && served - opened > ret->waited_max_ms)
            ret->waited_max_ms = served - opened;
        if (before - served > ret->overtaken_max_ms)
            ret->overtaken_max_ms = before - served;
        latest = served > latest ? served : latest;
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
}

static void judge(struct day *d, struct day_result *ret)
{
    world_check(&d->w, true);
    judge_order(d, ret);
    ret->conversations = world_number(&d->w, "SELECT count(*) FROM conversation");
    ret->outside =
        world_number(&d->w, "SELECT count(*) FROM conversation WHERE opened_at < %lld OR opened_at BETWEEN %lld AND %lld",
                     (long long)at(d, d->plan->opens_s), (long long)at(d, d->plan->closes_s), (long long)at(d, d->plan->reopens_s) - 1);
    ret->unanswered = world_number(&d->w, "SELECT count(*) FROM conversation WHERE staff_at = 0 OR staff_at IS NULL");
    (void)snprintf(ret->wrong, sizeof(ret->wrong), "%s", d->w.wrong);
}

void day_run(const struct day_plan *plan, struct day_result *ret)
{
    const int64_t midnight = 1794960000000LL;
    const struct world_plan world = { .seed = plan->seed,
                                      .nodes = 2,
                                      .agents = plan->agents,
                                      .visitors = plan->visitors,
                                      .set = plan->set,
                                      .from = midnight + 1000LL * plan->from_s - 3000 };
    struct day *d = calloc(1, sizeof(*d));

    assert(d);
    *ret = (struct day_result){ .line_max = 0 };
    d->plan = plan;
    d->midnight = midnight;
    d->due = calloc((size_t)plan->visitors, sizeof(*d->due));
    assert(d->due);
    world_open_plan(&d->w, &world);
    world_pass(&d->w, 3000); /* leases are taken, Redis is rebuilt */
    draw_visitors(d);
    for (int i = 0; i < d->w.n_agents; i++)
        agent_connect(&d->w, i, i % d->w.n_nodes);
    while (d->w.now < at(d, plan->until_s) && !*d->w.wrong) {
        world_step(&d->w, STEP_MS);
        free_places_are_used(d, ret);
        open_or_close(d);
        visitors_come(d);
        agents_work(d);
        world_settle(&d->w);
    }
    judge(d, ret);
    (void)printf("  seed %llu: %lld conversations, %lld of them outside of the hours, %lld unanswered, longest wait by day %lld s, "
                 "longest line %lld, overtaken by at most %lld ms\n",
                 (unsigned long long)plan->seed, (long long)ret->conversations, (long long)ret->outside, (long long)ret->unanswered,
                 (long long)ret->waited_max_ms / 1000, (long long)ret->line_max, (long long)ret->overtaken_max_ms);
    world_close(&d->w);
    free(d->due);
    free(d);
}

/* quality.c: what reviews add up to, for those who look after agents, and for an agent about himself. Each figure says which reviews it was
 * counted from: GET /api/v1/reviews with the same filters. */
#include "api/reviews.h"

#include <stdio.h>
#include <stdlib.h>

#define GROUPS_MAX 500
#define GROUP_KEY  48

enum grouped { BY_NOTHING, BY_AGENT, BY_QUEUE, BY_REVIEWER, BY_WEEK, BY_ITEM };

struct group {
    char key[GROUP_KEY];
    struct kf_id person;
    struct quality sum;
    size_t rated, failed; /* of an item */
    int *scores;
    size_t n_scores, cap;
};

struct figures {
    struct turn *turn;
    struct kf_key site;
    struct review_filter filter;
    enum grouped by;
    struct group *groups;
    size_t n_groups;
    bool failed; /* memory */
};

static struct group *group_of(struct figures *f, const char *key)
{
    if (!f->groups)
        return NULL;
    for (size_t i = 0; i < f->n_groups; i++)
        if (strcmp(f->groups[i].key, key) == 0)
            return &f->groups[i];
    if (f->n_groups == GROUPS_MAX) {
        f->failed = true;
        return NULL;
    }
    (void)snprintf(f->groups[f->n_groups].key, GROUP_KEY, "%s", key);
    return &f->groups[f->n_groups++];
}

static void add(struct figures *f, struct group *g, const struct review *r)
{
    if (!g)
        return;
    if (g->n_scores == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 16;
        int *more = realloc(g->scores, cap * sizeof(*more));

        if (!more) {
            f->failed = true;
            return;
        }
        g->scores = more;
        g->cap = cap;
    }
    g->scores[g->n_scores++] = r->score;
    quality_add(&g->sum, r);
}

static const char *key_of(const struct figures *f, const struct review *r, char ret[GROUP_KEY])
{
    switch (f->by) {
    case BY_AGENT:
        return id_text(&r->agent, ret);
    case BY_REVIEWER:
        return id_text(&r->reviewer, ret);
    case BY_QUEUE:
        return r->queue.s;
    case BY_WEEK:
        return review_week(f->filter.clock, r->submitted_at, ret);
    case BY_NOTHING:
    case BY_ITEM:
    default:
        return "";
    }
}

/* The lines stand in the order of the reviews; those of reviews that are left out are passed over. */
static void count_items(struct figures *f, const struct stored_quality *q, const struct review *r, size_t *line)
{
    size_t at = *line;

    while (at < q->n_lines && q->lines[at].review != r->n)
        at++;
    if (at == q->n_lines)
        return;
    for (*line = at; *line < q->n_lines && q->lines[*line].review == r->n; (*line)++) {
        struct group *g = group_of(f, q->lines[*line].item.s);

        if (!g)
            return;
        g->rated++;
        g->failed += q->lines[*line].failed;
    }
}

static void count(struct figures *f, const struct stored_quality *q)
{
    size_t line = 0;

    for (size_t i = 0; i < q->n_reviews; i++) {
        const struct review *r = &q->reviews[i];
        char key[GROUP_KEY];

        if (!review_fits(&f->filter, r) || !review_item_fits(&f->filter, q, r))
            continue;
        add(f, &f->groups[0], r);
        if (f->by == BY_ITEM)
            count_items(f, q, r, &line);
        else if (f->by != BY_NOTHING)
            add(f, group_of(f, key_of(f, r, key)), r);
    }
}

/* ---- as JSON -------------------------------------------------------------------------------------------------------------------------- */

static json_t *sum_json(struct group *g)
{
    const struct quality *s = &g->sum;

    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:i,s:I,s:I,s:I,s:I}", "reviews", (json_int_t)s->reviews, "fatal_free",
                     (json_int_t)s->fatal_free, "passed", (json_int_t)s->passed, "score_sum", (json_int_t)s->score, "plain_sum",
                     (json_int_t)s->plain, "median", quality_median(g->scores, g->n_scores), "appealed", (json_int_t)s->appealed, "decided",
                     (json_int_t)s->decided, "overturned", (json_int_t)s->overturned, "turnaround_ms_sum", (json_int_t)s->turnaround_ms);
}

/* The newest wording of an item among the cards that were used. */
static const char *item_name(const struct stored_quality *q, const char *key, json_t **hold)
{
    for (size_t i = 0; i < q->n_cards; i++) {
        json_t *card = json_loads(q->cards[i].body, 0, NULL), *section, *item;
        size_t a, b;

        json_array_foreach(json_object_get(card, "sections"), a, section)
        {
            json_array_foreach(json_object_get(section, "items"), b, item)
            {
                if (slice_is(slice_of(json_string_value(json_object_get(item, "key"))), key)) {
                    *hold = card;
                    return json_string_value(json_object_get(item, "name"));
                }
            }
        }
        json_decref(card);
    }
    *hold = NULL;
    return "";
}

static json_t *group_json(struct figures *f, const struct stored_quality *q, struct group *g)
{
    json_t *ret = f->by == BY_ITEM ? json_pack("{s:I,s:I}", "rated", (json_int_t)g->rated, "failed", (json_int_t)g->failed) : sum_json(g);
    struct kf_id id;

    (void)json_object_set_new(ret, "key", json_string(g->key));
    if ((f->by == BY_AGENT || f->by == BY_REVIEWER) && id_parse(slice_of(g->key), &id))
        (void)json_object_set_new(ret, "person", review_person(f->turn, &f->site, &id));
    if (f->by == BY_ITEM) {
        json_t *card;
        const char *name = item_name(q, g->key, &card);

        (void)json_object_set_new(ret, "name", json_string(name));
        json_decref(card);
    }
    return ret;
}

static void figures_end(struct figures *f)
{
    for (size_t i = 0; f->groups && i < f->n_groups; i++)
        free(f->groups[i].scores);
    free(f->groups);
    free(f);
}

static void have_quality(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct figures *f = ctx;
    struct turn *t = f->turn;
    json_t *groups;

    if (!rc)
        count(f, &q->quality);
    if (rc)
        turn_fail(t, rc, why);
    else if (f->failed)
        turn_problem(t, 413, "more than %d groups: narrow the time or the filters", GROUPS_MAX);
    else {
        groups = json_array();
        for (size_t i = 1; i < f->n_groups; i++)
            (void)json_array_append_new(groups, group_json(f, &q->quality, &f->groups[i]));
        turn_jansson(t, 200, json_pack("{s:o,s:o,s:b}", "total", sum_json(&f->groups[0]), "groups", groups, "capped", (int)q->capped));
    }
    figures_end(f);
}

static struct figures *figures_new(struct turn *t, const struct site *site, const struct member *m)
{
    struct figures *f = calloc(1, sizeof(*f));

    if (f)
        f->groups = calloc(GROUPS_MAX + 1, sizeof(*f->groups));
    if (!f || !f->groups) {
        free(f);
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    f->turn = t;
    f->site = site->key;
    f->n_groups = 1; /* the first is the whole */
    if (review_filter_read(t, site, m, &f->filter))
        return f;
    figures_end(f);
    return NULL;
}

static void ask(struct figures *f, store_answer *done)
{
    struct turn *t = f->turn;
    struct query *q = query_new(QUERY_QUALITY);

    if (!q) {
        turn_problem(t, 500, "out of memory");
        figures_end(f);
        return;
    }
    q->site = f->site;
    q->after = f->filter.from;
    q->before = f->filter.to == INT64_MAX ? 0 : f->filter.to;
    turn_ports(t)->read(turn_ports(t)->ctx, q, done, f);
}

static void get_figures(struct turn *t)
{
    static const char *const words[] = { "", "agent", "queue", "reviewer", "week", "item" };
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct figures *f;
    struct slice by;
    size_t i = 0;

    if (!site)
        return;
    by = turn_query(t, "by");
    if (!t->op && !permit(m, VERB_QUALITY, &site->key, NULL)) {
        turn_problem(t, 403, "the figures of all need the role reviewer or supervisor");
        return;
    }
    while (i < 6 && !slice_is(by, words[i]))
        i++;
    if (i == 6) {
        turn_problem(t, 400, "by: agent, queue, reviewer, week or item");
        return;
    }
    if (!(f = figures_new(t, site, m)))
        return;
    f->by = (enum grouped)i;
    ask(f, have_quality);
}

/* ---- an agent about himself ------------------------------------------------------------------------------------------------------------- */

static bool is_mine(const struct figures *f, const struct review *r)
{
    return r->kind == SAMPLE_RANDOM && id_eq(&r->agent, &f->turn->person);
}

/* All reviews of the queues in which one is judged oneself. */
static void count_team(struct figures *f, const struct stored_quality *q, struct group *team)
{
    struct kf_key queues[MEMBER_QUEUES_MAX];
    size_t n = 0, k;

    for (size_t i = 0; i < q->n_reviews; i++) {
        for (k = 0; k < n && !key_eq(&queues[k], &q->reviews[i].queue);)
            k++;
        if (k == n && n < MEMBER_QUEUES_MAX && is_mine(f, &q->reviews[i]))
            queues[n++] = q->reviews[i].queue;
    }
    for (size_t i = 0; i < q->n_reviews; i++) {
        for (k = 0; k < n && !key_eq(&queues[k], &q->reviews[i].queue);)
            k++;
        if (k < n && q->reviews[i].kind == SAMPLE_RANDOM)
            add(f, team, &q->reviews[i]);
    }
}

/* The own weeks, and the middle of the team: no names but one's own. */
static void have_mine(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct figures *f = ctx;
    struct turn *t = f->turn;
    struct group team = { .n_scores = 0 };
    json_t *weeks;

    if (rc) {
        turn_fail(t, rc, why);
        figures_end(f);
        return;
    }
    for (size_t i = 0; i < q->quality.n_reviews; i++) {
        const struct review *r = &q->quality.reviews[i];
        char week[WEEK_TEXT];

        if (is_mine(f, r)) {
            add(f, &f->groups[0], r);
            add(f, group_of(f, review_week(f->filter.clock, r->submitted_at, week)), r);
        }
    }
    count_team(f, &q->quality, &team);
    weeks = json_array();
    for (size_t i = 1; i < f->n_groups; i++)
        (void)json_array_append_new(weeks, group_json(f, &q->quality, &f->groups[i]));
    turn_jansson(t, 200,
                 json_pack("{s:o,s:o,s:{s:I,s:i}}", "total", sum_json(&f->groups[0]), "weeks", weeks, "team", "reviews",
                           (json_int_t)team.sum.reviews, "median", quality_median(team.scores, team.n_scores)));
    free(team.scores);
    figures_end(f);
}

static void get_mine(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct figures *f = site ? figures_new(t, site, m) : NULL;

    if (!f)
        return;
    f->by = BY_WEEK;
    ask(f, have_mine);
}

const struct route_entry routes_quality[] = { { "GET", "/api/v1/quality", GATE_EITHER_KEY, get_figures },
                                              { "GET", "/api/v1/quality/mine", GATE_STAFF, get_mine },
                                              { NULL, NULL, GATE_OPEN, NULL } };

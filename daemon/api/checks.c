/* checks.c: machine checks and what they have found. A finding is a proposal: it is taken over into a review, or dismissed, by somebody who may
 * judge that conversation. A check can be tried on what was closed last week before it is changed. */
#include "settings/checks.h"
#include "api/masking.h"
#include "api/reviews.h"

#include <stdlib.h>

#define FINDINGS_MAX 200
#define WEEK_MS      (7 * 86400000LL)

/* ---- the checks that there are ------------------------------------------------------------------------------------------------------------ */

static const struct finding_count *count_of(const struct query *q, const struct check *c)
{
    for (size_t i = 0; i < q->n_finding_counts; i++)
        if (key_eq(&q->finding_counts[i].check, &c->key))
            return &q->finding_counts[i];
    return NULL;
}

static json_t *check_json(const struct check *c, const struct finding_count *n)
{
    static const struct finding_count none;
    json_t *body = json_loads(c->body, 0, NULL);

    n = n ? n : &none;
    return json_pack("{s:s,s:I,s:s,s:b,s:o,s:{s:I,s:I,s:I}}", "key", c->key.s, "version", (json_int_t)c->version, "type",
                     check_type_name(c->type), "off", (int)c->off, "body", body ? body : json_object(), "found", "open",
                     (json_int_t)n->by_state[FINDING_OPEN], "taken", (json_int_t)n->by_state[FINDING_TAKEN], "dismissed",
                     (json_int_t)n->by_state[FINDING_DISMISSED]);
}

static void have_counts(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct site *site = rc ? NULL : desk_site(turn_desk(t), &q->site);
    json_t *items;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; site && i < site->n_checks; i++)
        (void)json_array_append_new(items, check_json(&site->checks[i], count_of(q, &site->checks[i])));
    turn_jansson(t, 200, json_pack("{s:o}", "items", items));
}

/* The site, where the asker may see what machines find; NULL: answered. */
static struct site *finding_site(struct turn *t, const struct member **m)
{
    struct site *site = turn_site(t, m);

    if (!site || t->op || permit(*m, VERB_QUALITY, &site->key, NULL))
        return site;
    turn_problem(t, 403, "findings need the role reviewer or supervisor");
    return NULL;
}

static struct query *ask(struct turn *t, const struct site *site, enum query_kind kind)
{
    struct query *q = site ? query_new(kind) : NULL;

    if (site && !q)
        turn_problem(t, 500, "out of memory");
    if (q)
        q->site = site->key;
    return q;
}

static void get_checks(struct turn *t)
{
    const struct member *m;
    struct site *site = finding_site(t, &m);
    struct review_filter span;
    struct query *q;

    if (!site || !review_filter_read(t, site, m, &span) || !(q = ask(t, site, QUERY_FINDING_COUNTS)))
        return;
    q->after = span.from ? span.from : turn_ports(t)->now_ms(turn_ports(t)->ctx) - WEEK_MS;
    q->before = span.to;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_counts, t);
}

/* ---- what was found ------------------------------------------------------------------------------------------------------------------------ */

static json_t *finding_json(struct turn *t, const struct kf_key *site, const struct stored_finding *f)
{
    char id[KF_ID_TEXT], conv[KF_ID_TEXT];
    json_t *ret = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:I,s:b,s:I,s:s,s:I}", "id", id_text(&f->id, id), "conversation",
                            id_text(&f->conv, conv), "channel", f->channel.s, "queue", f->queue.s, "closed_at", (json_int_t)f->closed_at,
                            "check", f->check.s, "version", (json_int_t)f->version, "risk", (int)f->risk, "seq", (json_int_t)f->seq,
                            "state", finding_state_name(f->state), "at", (json_int_t)f->at);

    if (!id_is_zero(&f->agent))
        (void)json_object_set_new(ret, "agent", review_person(t, site, &f->agent));
    if (f->ms)
        (void)json_object_set_new(ret, "ms", json_integer(f->ms));
    if (*f->word)
        (void)json_object_set_new(ret, "word", json_string(f->word));
    if (f->state != FINDING_OPEN)
        (void)json_object_set_new(ret, "decided", json_pack("{s:I,s:{s:s}}", "at", (json_int_t)f->decided_at, "by", "name", f->by_name));
    return ret;
}

static void have_findings(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    json_t *items, *cursor;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->n_findings; i++)
        (void)json_array_append_new(items, finding_json(t, &q->site, &q->findings[i]));
    cursor =
        q->more ? json_sprintf("%lld.%lld", (long long)q->finding_filter.cursor_at, (long long)q->finding_filter.cursor_n) : json_null();
    turn_jansson(t, 200, json_pack("{s:o,s:o}", "items", items, "cursor", cursor));
}

/* "1763740800000.17" */
static bool read_cursor(struct turn *t, struct finding_filter *f)
{
    struct slice s = turn_query(t, "cursor");
    char text[48], *end;

    if (!s.n)
        return true;
    if (s.n < sizeof(text)) {
        memcpy(text, s.p, s.n);
        text[s.n] = 0;
        f->cursor_at = strtoll(text, &end, 10);
        if (*end == '.' && f->cursor_at > 0) {
            f->cursor_n = strtoll(end + 1, &end, 10);
            if (!*end && f->cursor_n > 0)
                return true;
        }
    }
    turn_problem(t, 400, "cursor: what the page before has answered");
    return false;
}

static bool read_state(struct turn *t, int *ret)
{
    struct slice s = turn_query(t, "state");
    enum finding_state state;

    *ret = -1;
    if (!s.n)
        return true;
    if (finding_state_parse(s, &state)) {
        *ret = (int)state;
        return true;
    }
    turn_problem(t, 400, "state: open, taken or dismissed");
    return false;
}

static bool read_words(struct turn *t, struct query *q, int64_t *limit)
{
    struct slice check = turn_query(t, "check"), conv = turn_query(t, "conversation"), n = turn_query(t, "limit");

    *limit = 0;
    for (size_t i = 0; i < n.n && i < 4; i++)
        *limit = n.p[i] >= '0' && n.p[i] <= '9' ? 10 * *limit + (n.p[i] - '0') : FINDINGS_MAX + 1;
    if (check.n && !key_parse(check, &q->finding_filter.check))
        turn_problem(t, 400, "check: a key of 1 to 32 of a-z 0-9 _ -");
    else if (conv.n && !id_parse(conv, &q->conv))
        turn_problem(t, 400, "conversation: the id of a conversation");
    else if (n.n && (*limit < 1 || *limit > FINDINGS_MAX))
        turn_problem(t, 400, "limit: 1 to %d", FINDINGS_MAX);
    else
        return true;
    return false;
}

/* Whoever looks after some queues sees the findings of those. */
static bool narrow(struct turn *t, const struct member *m, struct query *q)
{
    struct kf_key *queues;

    if (!m || !m->n_queues)
        return true;
    queues = arena_array(q->arena, m->n_queues, sizeof(*queues));
    if (!queues) {
        turn_problem(t, 500, "out of memory");
        return false;
    }
    memcpy(queues, m->queues, m->n_queues * sizeof(*queues));
    q->finding_filter.queues = queues;
    q->finding_filter.n_queues = m->n_queues;
    return true;
}

static void get_findings(struct turn *t)
{
    const struct member *m;
    struct site *site = finding_site(t, &m);
    struct review_filter f;
    struct query *q;
    int64_t limit;

    if (!site || !review_filter_read(t, site, m, &f) || !(q = ask(t, site, QUERY_FINDINGS)))
        return;
    q->finding_filter = (struct finding_filter){ .queue = f.queue, .agent = f.agent, .from = f.from, .to = f.to == INT64_MAX ? 0 : f.to };
    if (!read_cursor(t, &q->finding_filter) || !read_state(t, &q->finding_filter.state) || !read_words(t, q, &limit) || !narrow(t, m, q)) {
        arena_free(q->arena);
        return;
    }
    q->limit = (int)limit;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_findings, t);
}

/* ---- judging one ---------------------------------------------------------------------------------------------------------------------------- */

static void have_judged(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;

    if (rc || !q->n_findings)
        turn_fail(t, rc ? rc : KF_ABSENT, why);
    else
        turn_jansson(t, 200, finding_json(t, &q->site, &q->findings[0]));
}

static void judged(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct member *m;
    struct site *site = NULL;
    struct query *q;

    (void)news;
    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    if (!(site = turn_site(t, &m)) || !(q = ask(t, site, QUERY_FINDINGS)))
        return;
    (void)id_parse(t->segment[0], &q->id);
    q->finding_filter.state = -1;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_judged, t);
}

static void judge(struct turn *t, const struct kf_key *site, const struct stored_finding *f, enum finding_state to)
{
    const struct ports *p = turn_ports(t);
    struct change *c = change_new(site, p->now_ms(p->ctx));

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    c->by = turn_actor(t, c);
    change_act(c, ACT_FINDING)->u.finding = (struct act_finding){ .id = f->id, .from = f->state, .to = to };
    p->commit(p->ctx, c, judged, t);
}

static void have_to_judge(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct stored_finding *f = rc || !q->n_findings ? NULL : &q->findings[0];
    const struct member *m = turn_member(t, &q->site);
    struct conv of = { .state = CONV_CLOSED };
    enum finding_state to;
    json_t *body;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    if (f) {
        of.site = q->site;
        of.queue = f->queue;
        of.last_agent = f->agent;
    }
    if (!f || !permit(m, VERB_QUALITY, &q->site, NULL)) {
        turn_problem(t, 404, "no such finding");
        return;
    }
    if (!permit(m, VERB_JUDGE, &q->site, &of)) {
        turn_problem(t, 403, "findings are judged by reviewers and supervisors of the queue, and not by whom they are about");
        return;
    }
    body = turn_body(t);
    if (!body)
        return;
    if (!finding_state_parse(slice_of(json_string_value(json_object_get(body, "state"))), &to))
        turn_problem(t, 400, "state: open, taken or dismissed");
    else
        judge(t, &q->site, f, to);
    json_decref(body);
}

static void post_finding(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct query *q;
    struct kf_id id;

    if (!site)
        return;
    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "no such finding");
        return;
    }
    if (!(q = ask(t, site, QUERY_FINDINGS)))
        return;
    q->id = id;
    q->finding_filter.state = -1;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_to_judge, t);
}

const struct route_entry routes_checks[] = { { "GET", "/api/v1/checks", GATE_EITHER_KEY, get_checks },
                                             { "GET", "/api/v1/findings", GATE_EITHER_KEY, get_findings },
                                             { "POST", "/api/v1/findings/*", GATE_STAFF, post_finding },
                                             { NULL, NULL, GATE_OPEN, NULL } };

/* reviews.c: what is to be reviewed, and reading a review. */
#include "api/reviews.h"

#include <stdlib.h>

#define LIST_MAX 500

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

/* ---- lists -------------------------------------------------------------------------------------------------------------------------- */

static bool is_listed(struct turn *t, const struct query *q, const struct review_filter *f, const struct review *r)
{
    if (q->by != REVIEWS_BY_TIME)
        return t->op || permit_review(f->reader, REVIEW_READ, r, r->kind == SAMPLE_CALIBRATION);
    return review_fits(f, r) && review_item_fits(f, &q->quality, r);
}

static void have_list(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct review_filter *f = t->state;
    json_t *items, *ret;
    size_t n = 0, shown = 0;
    bool past = id_is_zero(&f->after), more = false; /* past: behind what the page before has ended with */

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->quality.n_reviews; i++) {
        const struct review *r = &q->quality.reviews[i];
        bool listed = is_listed(t, q, f, r);

        n += listed;
        more |= listed && past && shown == LIST_MAX;
        if (listed && past && shown < LIST_MAX)
            shown += json_array_append_new(items, review_json(t, r)) == 0;
        past |= id_eq(&f->after, &r->id);
    }
    ret = json_pack("{s:o,s:I,s:b}", "items", items, "count", (json_int_t)n, "more", (int)(q->more || more));
    if (more)
        (void)json_object_set(ret, "next", json_object_get(json_array_get(items, shown - 1), "id"));
    turn_jansson(t, 200, ret);
}

/* list=mine: what I review; about_me: what was told to me; appeals: what waits for a decision; all (or none): what was submitted. */
static struct query *list_query(struct turn *t, const struct site *site, const struct member *m)
{
    struct slice list = turn_query(t, "list"), sample = turn_query(t, "sample");
    bool all = !list.n || slice_is(list, "all"), of_all = all || slice_is(list, "appeals");
    struct query *q;

    if (of_all && !t->op && !permit(m, VERB_QUALITY, &site->key, NULL)) {
        turn_problem(t, 403, "the reviews of others need the role reviewer or supervisor");
        return NULL;
    }
    q = query_new(all && !sample.n ? QUERY_QUALITY : QUERY_REVIEWS);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    q->site = site->key;
    q->id = t->person;
    if (sample.n && id_parse(sample, &q->id))
        q->by = REVIEWS_BY_SAMPLE;
    else if (slice_is(list, "mine"))
        q->by = REVIEWS_BY_REVIEWER;
    else if (slice_is(list, "about_me"))
        q->by = REVIEWS_BY_AGENT;
    else if (slice_is(list, "appeals"))
        q->by = REVIEWS_BY_APPEAL;
    else if (!all || sample.n) {
        arena_free(q->arena);
        turn_problem(t, 400, "list: mine, about_me, appeals or all; sample: the id of a sample");
        return NULL;
    }
    return q;
}

static void get_reviews(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct review_filter *f = site ? ARENA_NEW(t->arena, struct review_filter) : NULL;
    struct query *q;

    if (!site)
        return;
    if (!f) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    if (!review_filter_read(t, site, m, f))
        return;
    if (turn_query(t, "after").n && !id_parse(turn_query(t, "after"), &f->after)) {
        turn_problem(t, 400, "after: what the page before has told as next");
        return;
    }
    if (!(q = list_query(t, site, m)))
        return;
    t->state = f;
    q->after = f->from;
    q->before = f->to == INT64_MAX ? 0 : f->to;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_list, t);
}

/* ---- reading one -------------------------------------------------------------------------------------------------------------------- */

/* What the contents come to, item by item. */
static json_t *lines_json(const struct scorecard *card, json_t *contents)
{
    struct score_answer answers[SCORE_ITEMS_MAX];
    struct score_line lines[SCORE_ITEMS_MAX];
    json_t *ret = json_object();
    struct score_sum sum;

    if (answers_read(card, contents, answers, NULL))
        return ret;
    score_evaluate(card, answers, lines, &sum);
    for (size_t i = 0; i < card->n_items; i++)
        (void)json_object_set_new(
            ret, score_item(card, i, NULL)->key.s,
            json_pack("{s:i,s:i,s:b}", "earned", lines[i].earned, "max", lines[i].max, "failed", (int)lines[i].failed));
    return ret;
}

static json_t *versions_json(const struct stored_quality *q)
{
    json_t *ret = json_array();
    char id[KF_ID_TEXT];

    for (size_t i = 0; i < q->n_versions; i++) {
        const struct review_version *v = &q->versions[i];

        (void)json_array_append_new(ret,
                                    json_pack("{s:I,s:I,s:{s:s,s:s},s:i,s:i,s:b,s:o}", "version", (json_int_t)v->version, "at",
                                              (json_int_t)v->at, "by", "id", id_text(&v->by, id), "name", v->by_name, "score", v->score,
                                              "plain", v->plain, "fatal", (int)v->fatal, "contents", review_contents_json(v->body)));
    }
    return ret;
}

static json_t *appeals_json(const struct stored_quality *q)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < q->n_appeals; i++) {
        const struct review_appeal *a = &q->appeals[i];
        json_t *one = json_pack("{s:s,s:s}", "item", a->item.s, "text", a->text);

        if (a->outcome != APPEAL_NONE) {
            (void)json_object_set_new(one, "outcome", json_string(appeal_outcome_name(a->outcome)));
            (void)json_object_set_new(one, "answer", json_string(a->answer));
        }
        (void)json_array_append_new(ret, one);
    }
    return ret;
}

/* What the asker may do with it now. */
static json_t *may_json(const struct opening_review *o)
{
    static const struct {
        const char *name;
        enum review_verb verb;
        enum review_event ev;
    } acts[] = { { "score", REVIEW_SCORE, REVIEW_SUBMIT },
                 { "acknowledge", REVIEW_ANSWER, REVIEW_ACKNOWLEDGE },
                 { "appeal", REVIEW_ANSWER, REVIEW_APPEAL },
                 { "decide", REVIEW_JUDGE, REVIEW_DECIDE } };
    json_t *ret = json_pack("{s:b}", "comment", (int)permit_review(o->m, REVIEW_COMMENT, o->r, o->q->blind));

    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        enum review_state to;
        bool may = permit_review(o->m, acts[i].verb, o->r, o->q->blind) &&
                   review_step(o->r, acts[i].ev, &o->turn->person, clock_ms(o->turn), &to, NULL) == KF_OK;

        (void)json_object_set_new(ret, acts[i].name, json_boolean(may));
    }
    return ret;
}

static void write_review(struct opening_review *o)
{
    json_t *root = review_json(o->turn, o->r), *card = review_contents_json(o->card.body);
    json_t *contents = review_is_in(o->r) ? opening_submitted(o) : review_contents_json(o->q->draft);
    char *text;

    (void)json_object_set_new(root, "lines", lines_json(&o->card, contents));
    (void)json_object_set_new(root, "card", card);
    (void)json_object_set_new(root, "contents", contents);
    (void)json_object_set_new(root, "versions", versions_json(o->q));
    (void)json_object_set_new(root, "appeals", appeals_json(o->q));
    (void)json_object_set_new(root, "comments", comments_json(o));
    (void)json_object_set_new(root, "readers", readers_json(o));
    (void)json_object_set_new(root, "may", may_json(o));
    (void)json_object_set_new(root, "blind", json_boolean(o->q->blind));
    text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (text)
        buf_str(&o->out, text);
    else
        o->out.failed = true;
    free(text);
}

static void shown(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct opening_review *o = ctx;

    (void)news;
    if (rc)
        turn_fail(o->turn, rc, why);
    else
        turn_json(o->turn, 200, &o->out);
    opening_end(o);
}

/* Who is neither its agent nor its reviewer leaves a line. */
static void show(struct opening_review *o)
{
    struct turn *t = o->turn;
    struct change *c;

    write_review(o);
    if (id_eq(&o->r->agent, &t->person) || id_eq(&o->r->reviewer, &t->person)) {
        turn_json(t, 200, &o->out);
        opening_end(o);
        return;
    }
    c = opening_change(o);
    if (!c) {
        opening_end(o);
        return;
    }
    opening_audit(o, c, "review_read");
    turn_ports(t)->commit(turn_ports(t)->ctx, c, shown, o);
}

static void get_review(struct turn *t)
{
    open_review(t, REVIEW_READ, false, show);
}

const struct route_entry routes_reviews[] = { { "GET", "/api/v1/reviews", GATE_EITHER_KEY, get_reviews },
                                              { "GET", "/api/v1/reviews/*", GATE_STAFF_KEY, get_review },
                                              { NULL, NULL, GATE_OPEN, NULL } };

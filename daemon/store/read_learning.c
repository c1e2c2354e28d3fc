/* Reading the case library and what supervisors have planned with agents. */
#include "store/inside.h"
#include "store/row.h"

#define LISTED_MAX 2000

static int64_t limit_of(const struct query *q)
{
    return q->limit > 0 && q->limit < LISTED_MAX ? q->limit : LISTED_MAX;
}

static void row_example(struct stmt *s, struct arena *a, struct example *e)
{
    *e = (struct example){ .gone = false };
    get_id(s, &e->id);
    e->revision = get_i64(s);
    e->good = get_i64(s) != 0;
    e->title = get_str(s, a);
    e->note = get_str(s, a);
    e->collection = get_str(s, a);
    e->tags = get_str(s, a);
    e->items = get_str(s, a);
    e->lines = get_str(s, a);
    get_id(s, &e->conv);
    get_id(s, &e->review);
    e->at = get_i64(s);
    e->changed_at = get_i64(s);
    get_id(s, &e->by);
    e->by_name = get_str(s, a);
}

void row_coaching(struct stmt *s, struct arena *a, struct coaching *c)
{
    get_id(s, &c->id);
    get_key(s, &c->site);
    c->revision = get_i64(s);
    get_id(s, &c->agent);
    get_id(s, &c->by);
    get_id(s, &c->review);
    c->by_name = get_str(s, a);
    c->text = get_str(s, a);
    c->follow_at = get_i64(s);
    c->state = (enum coaching_state)get_i64(s);
    c->answer = get_str(s, a);
    c->outcome = get_str(s, a);
    c->at = get_i64(s);
    c->acknowledged_at = get_i64(s);
    c->done_at = get_i64(s);
    get_key(s, &c->queue);
}

static enum kf_rc take_examples(struct query *q, struct stmt *s, struct kf_err *why)
{
    while (stmt_row(s)) {
        q->examples = arena_more(q->arena, q->examples, q->n_examples, sizeof(*q->examples));
        if (!q->examples) {
            (void)stmt_end(s, NULL);
            return kf_fail(why, KF_NOMEM, "out of memory");
        }
        row_example(s, q->arena, &q->examples[q->n_examples++]);
    }
    return stmt_end(s, why);
}

static enum kf_rc take_coachings(struct query *q, struct stmt *s, struct kf_err *why)
{
    while (stmt_row(s)) {
        q->coachings = arena_more(q->arena, q->coachings, q->n_coachings, sizeof(*q->coachings));
        if (!q->coachings) {
            (void)stmt_end(s, NULL);
            return kf_fail(why, KF_NOMEM, "out of memory");
        }
        row_coaching(s, q->arena, &q->coachings[q->n_coachings++]);
    }
    return stmt_end(s, why);
}

enum kf_rc learning_run(struct reader *r, struct query *q, struct kf_err *why)
{
    bool all = id_is_zero(&q->id);
    struct stmt *s;
    enum kf_rc rc;

    if (q->kind == QUERY_COACHED) {
        s = stmt_begin(r->db, SQL_COACHING_READ);
        stmt_id(s, &q->id);
        rc = take_coachings(q, s, why);
        return rc || q->n_coachings ? rc : kf_fail(why, KF_ABSENT, "there is no such note");
    }
    s = stmt_begin(r->db, q->kind == QUERY_EXAMPLES ? SQL_EXAMPLES : all ? SQL_COACHINGS_SITE : SQL_COACHINGS_AGENT);
    stmt_str(s, q->site.s);
    if (q->kind == QUERY_COACHING && !all)
        stmt_id(s, &q->id);
    stmt_i64(s, limit_of(q));
    return q->kind == QUERY_EXAMPLES ? take_examples(q, s, why) : take_coachings(q, s, why);
}

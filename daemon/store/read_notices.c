/* Reading what people are told of: comments that name them, and requests to see what is masked. */
#include "store/inside.h"
#include "store/row.h"

#define ROWS_MAX  200
#define ASKED_MAX 1000 /* of a site; who may decide them is not asked here */

void row_reveal(struct stmt *s, struct arena *a, struct stored_reveal *r)
{
    get_id(s, &r->id);
    get_key(s, &r->site);
    get_id(s, &r->conv);
    get_key(s, &r->queue);
    get_id(s, &r->person);
    r->name = get_str(s, a);
    r->reason = get_str(s, a);
    r->state = (enum reveal_state)get_i64(s);
    r->at = get_i64(s);
    r->until = get_i64(s);
    r->decided_at = get_i64(s);
    get_id(s, &r->by);
    r->by_name = get_str(s, a);
    r->seen_at = get_i64(s);
}

static enum kf_rc no_room(struct stmt *s, struct kf_err *why)
{
    (void)stmt_end(s, NULL);
    return kf_fail(why, KF_NOMEM, "out of memory");
}

static enum kf_rc take_reveals(struct query *q, struct stmt *s, struct kf_err *why)
{
    while (stmt_row(s)) {
        q->reveals = arena_more(q->arena, q->reveals, q->n_reveals, sizeof(*q->reveals));
        if (!q->reveals)
            return no_room(s, why);
        row_reveal(s, q->arena, &q->reveals[q->n_reveals++]);
    }
    return stmt_end(s, why);
}

static enum kf_rc read_mentions(struct reader *r, struct query *q, int64_t limit, struct kf_err *why)
{
    struct stmt *s = stmt_begin(r->db, SQL_MENTIONS_OF);

    stmt_id(s, &q->id);
    stmt_str(s, q->site.s);
    stmt_i64(s, limit);
    while (stmt_row(s)) {
        struct stored_mention *m;

        q->mentions = arena_more(q->arena, q->mentions, q->n_mentions, sizeof(*q->mentions));
        if (!q->mentions)
            return no_room(s, why);
        m = &q->mentions[q->n_mentions++];
        get_id(s, &m->comment);
        m->seen_at = get_i64(s);
        m->seq = get_i64(s);
        m->at = get_i64(s);
        get_id(s, &m->by);
        m->by_name = get_str(s, q->arena);
        m->text = get_str(s, q->arena);
        row_review(s, q->arena, &m->review);
    }
    return stmt_end(s, why);
}

static enum kf_rc read_notices(struct reader *r, struct query *q, struct kf_err *why)
{
    int64_t limit = q->limit > 0 && q->limit < ROWS_MAX ? q->limit : ROWS_MAX;
    enum kf_rc rc = read_mentions(r, q, limit, why);
    struct stmt *s;

    if (rc)
        return rc;
    s = stmt_begin(r->db, SQL_REVEALS_ASKED);
    stmt_str(s, q->site.s);
    stmt_i64(s, q->now - REVEAL_LAPSES_MS);
    stmt_i64(s, ASKED_MAX);
    if ((rc = take_reveals(q, s, why)))
        return rc;
    s = stmt_begin(r->db, SQL_REVEALS_TOLD);
    stmt_id(s, &q->id);
    stmt_str(s, q->site.s);
    stmt_i64(s, limit);
    return take_reveals(q, s, why);
}

enum kf_rc notices_run(struct reader *r, struct query *q, struct kf_err *why)
{
    bool newest = !id_is_zero(&q->conv);
    struct stmt *s;
    enum kf_rc rc;

    if (q->kind == QUERY_NOTICES)
        return read_notices(r, q, why);
    s = stmt_begin(r->db, newest ? SQL_REVEAL_NEWEST : SQL_REVEAL_GET);
    if (newest)
        stmt_id(s, &q->conv);
    stmt_id(s, &q->id);
    rc = take_reveals(q, s, why);
    return rc || newest || q->n_reveals ? rc : kf_fail(why, KF_ABSENT, "there is no such request");
}

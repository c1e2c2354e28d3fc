/* The outbox, as people look at it. */
#include "store/inside.h"
#include "store/row.h"

#define LIMIT_USUAL 50
#define LIMIT_MAX   200

static void row_outbox(struct stmt *s, struct arena *a, struct errand *e)
{
    get_id(s, &e->id);
    get_key(s, &e->site);
    get_key(s, &e->channel);
    get_id(s, &e->conv);
    e->seq = get_i64(s);
    e->kind = (enum errand_kind)get_i64(s);
    e->state = (enum errand_state)get_i64(s);
    e->attempt = (int)get_i64(s);
    e->due_at = get_i64(s);
    e->created_at = get_i64(s);
    e->settled_at = get_i64(s);
    e->error = get_text(s, a);
    e->part = (int)get_i64(s);
}

static enum kf_rc read_rows(struct stmt *s, struct query *q, size_t max, struct kf_err *why)
{
    while (stmt_row(s)) {
        if (q->n_errands == max)
            q->more = true;
        else
            row_outbox(s, q->arena, &q->errands[q->n_errands++]);
    }
    return stmt_end(s, why);
}

static enum kf_rc read_list(struct reader *r, struct query *q, enum sql which, size_t max, struct kf_err *why)
{
    struct stmt *s = stmt_begin(r->db, which);

    stmt_str(s, q->site.s);
    stmt_i64(s, (int64_t)(max - q->n_errands) + 1);
    return read_rows(s, q, max, why);
}

enum kf_rc outbox_run(struct reader *r, struct query *q, struct kf_err *why)
{
    size_t max = q->limit > 0 && q->limit < LIMIT_MAX ? (size_t)q->limit : q->limit ? LIMIT_MAX : LIMIT_USUAL;
    enum kf_rc rc = KF_OK;

    q->errands = arena_array(q->arena, max, sizeof(*q->errands));
    if (!q->errands)
        return kf_fail(why, KF_NOMEM, "out of memory");
    if (!id_is_zero(&q->id)) {
        struct stmt *s = stmt_begin(r->db, SQL_OUTBOX_ONE);

        stmt_id(s, &q->id);
        rc = read_rows(s, q, 1, why);
        return !rc && !q->n_errands ? kf_fail(why, KF_ABSENT, "there is nothing of that name to be sent") : rc;
    }
    if (q->needs & OUTBOX_TROUBLE)
        rc = read_list(r, q, SQL_OUTBOX_TROUBLE, max, why);
    if (!rc && (q->needs & OUTBOX_WAITING))
        rc = read_list(r, q, SQL_OUTBOX_WAITING, max, why);
    return rc;
}

/* One more of them, `away` of whose replies, or of those behind it, are on their way: the newest come first, and are used up first. */
static void window_add(struct query *q, int64_t ends, int64_t remaining, int64_t used, int64_t *away)
{
    int64_t left = remaining > used ? remaining - used : 0, taken;

    if (!q->handle.any)
        q->handle.expires_ms = ends; /* if nothing is left this says since when */
    q->handle.any = true;
    if ((ends && ends <= q->now) || q->handle.left < 0)
        return;
    if (remaining < 0) {
        q->handle.expires_ms = q->handle.left ? q->handle.expires_ms : ends;
        q->handle.left = -1;
        return;
    }
    taken = left < *away ? left : *away;
    *away -= taken;
    left -= taken;
    if (!left)
        return;
    if (!q->handle.left)
        q->handle.expires_ms = ends;
    else if (ends < q->handle.expires_ms || !q->handle.expires_ms)
        q->handle.fewer_at = ends;
    q->handle.left += (int)left;
}

enum kf_rc window_run(struct reader *r, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(r->db, SQL_HANDLE_SHOW);
    int64_t away = -1;

    stmt_id(s, &q->id);
    stmt_i64(s, q->now);
    while (stmt_row(s)) {
        int64_t ends = get_i64(s), remaining = get_i64(s), used = get_i64(s), under_way = get_i64(s);
        bool code = get_i64(s) > 0;
        int before = q->handle.left;

        if (away < 0)
            away = under_way;
        window_add(q, ends, remaining, used, &away);
        q->handle.texts = code && q->handle.left > before;
        if (q->handle.texts) /* the platform takes none of the others meanwhile */
            break;
    }
    return stmt_end(s, why);
}

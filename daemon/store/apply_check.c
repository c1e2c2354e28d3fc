/* The acts of machine checks. What is still to be looked at is written in the commit that closes a conversation, and struck out in the one
 * that brings what was found: between the two nothing can be lost, and nothing is looked at twice. */
#include "store/apply.h"

static bool write_to_check(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_TO_CHECK_ADD);

    (void)op;
    stmt_i64(s, w->row.n);
    stmt_str(s, w->row.conv.site.s);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

bool plan_to_check(struct work *w)
{
    return op_add(w, write_to_check, NULL, NULL, 0);
}

static bool write_hit(struct work *w, const struct check_hit *h)
{
    struct kf_id id = id_new(w->change->at);
    const struct conv *c = &w->row.conv;
    struct stmt *s = stmt_begin(w->db, SQL_FINDING_ADD);

    stmt_id(s, &id);
    stmt_str(s, c->site.s);
    stmt_i64(s, w->row.n);
    stmt_str(s, c->queue.s);
    stmt_str(s, c->channel.s);
    stmt_i64(s, c->closed_at);
    stmt_str(s, h->check->key.s);
    stmt_i64(s, h->check->version);
    stmt_i64(s, h->check->risk);
    stmt_i64(s, h->seq);
    stmt_id(s, id_is_zero(&h->agent) ? &c->last_agent : &h->agent);
    stmt_i64(s, h->ms);
    stmt_str(s, h->word ? h->word : "");
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_checked(struct work *w, const struct op *op)
{
    const struct act_checked *a = op->what;
    struct stmt *s;

    for (size_t i = 0; i < a->n_hits; i++)
        if (!write_hit(w, &a->hits[i]))
            return false;
    s = stmt_begin(w->db, SQL_FINDINGS_GONE);
    stmt_i64(s, w->row.n);
    stmt_i64(s, w->change->at);
    if (!run(w, s))
        return false;
    s = stmt_begin(w->db, a->again ? SQL_TO_CHECK_LATER : SQL_TO_CHECK_DONE);
    if (a->again)
        stmt_i64(s, a->again);
    stmt_i64(s, w->row.n);
    return run(w, s);
}

bool plan_checked(struct work *w, const struct act *act)
{
    struct stmt *s;
    bool any;

    if (!needs_conv(w))
        return false;
    s = stmt_begin(w->db, SQL_TO_CHECK_FIND);
    stmt_i64(s, w->row.n);
    stmt_i64(s, act->u.checked.due_at);
    any = stmt_row(s);
    if (!ended(w, s))
        return false;
    if (!any)
        return refuse(w, KF_CONFLICT, "the conversation was looked at meanwhile");
    return op_add(w, write_checked, &act->u.checked, NULL, 0);
}

static bool write_finding(struct work *w, const struct op *op)
{
    const struct act_finding *f = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_FINDING_SET);

    stmt_i64(s, f->to);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, w->change->by.name ? w->change->by.name : "");
    stmt_i64(s, w->change->at);
    stmt_i64(s, op->number);
    return run(w, s);
}

bool plan_finding(struct work *w, const struct act *act)
{
    struct stmt *s = stmt_begin(w->db, SQL_FINDING_FIND);
    int64_t n = 0, state = 0;

    stmt_id(s, &act->u.finding.id);
    stmt_str(s, w->change->site.s);
    if (stmt_row(s)) {
        n = get_i64(s);
        state = get_i64(s);
    }
    if (!ended(w, s))
        return false;
    if (!n)
        return refuse(w, KF_ABSENT, "there is no such finding");
    if (state != (int64_t)act->u.finding.from)
        return refuse(w, KF_CONFLICT, "somebody else has judged it meanwhile");
    return op_add(w, write_finding, &act->u.finding, NULL, n);
}

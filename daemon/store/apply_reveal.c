/* The acts of requests to see what is masked, and of what people have been told. */
#include "store/apply.h"

static const char *text(const char *s)
{
    return s ? s : "";
}

static bool write_asked(struct work *w, const struct op *op)
{
    const struct act_reveal *a = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_REVEAL_ADD);

    stmt_id(s, &a->id);
    stmt_str(s, w->change->site.s);
    stmt_id(s, &a->conv);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, text(w->change->by.name));
    stmt_str(s, a->reason);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool plan_asked(struct work *w, const struct act_reveal *a)
{
    struct stored_reveal before = { .state = REVEAL_REFUSED };
    struct stmt *s = stmt_begin(w->db, SQL_REVEAL_NEWEST);

    stmt_id(s, &a->conv);
    stmt_id(s, &w->change->by.id);
    if (stmt_row(s))
        row_reveal(s, w->arena, &before);
    if (!ended(w, s))
        return false;
    if (before.state == REVEAL_ASKED && before.at > w->change->at - REVEAL_LAPSES_MS)
        return refuse(w, KF_CONFLICT, "it was asked for already, and waits for an answer");
    if (before.state == REVEAL_GRANTED && before.until > w->change->at)
        return refuse(w, KF_CONFLICT, "it is granted already");
    return op_add(w, write_asked, a, NULL, 0);
}

static bool write_decided(struct work *w, const struct op *op)
{
    const struct act_reveal *a = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_REVEAL_SET);

    stmt_i64(s, a->to);
    stmt_i64(s, a->to == REVEAL_GRANTED ? a->until : 0);
    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, text(w->change->by.name));
    stmt_id(s, &a->id);
    return run(w, s);
}

bool plan_reveal(struct work *w, const struct act *act)
{
    const struct act_reveal *a = &act->u.reveal;
    int64_t state = -1;
    struct stmt *s;

    if (a->to == REVEAL_ASKED)
        return plan_asked(w, a);
    s = stmt_begin(w->db, SQL_REVEAL_FIND);
    stmt_id(s, &a->id);
    stmt_str(s, w->change->site.s);
    if (stmt_row(s))
        state = get_i64(s);
    if (!ended(w, s))
        return false;
    if (state < 0)
        return refuse(w, KF_ABSENT, "there is no such request");
    if (state != REVEAL_ASKED)
        return refuse(w, KF_CONFLICT, "somebody has decided meanwhile");
    return op_add(w, write_decided, a, NULL, 0);
}

static bool write_seen(struct work *w, const struct op *op)
{
    const struct kf_id *id = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_MENTION_SEEN);

    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_id(s, id);
    if (!run(w, s))
        return false;
    s = stmt_begin(w->db, SQL_REVEAL_SEEN);
    stmt_i64(s, w->change->at);
    stmt_id(s, id);
    stmt_id(s, &w->change->by.id);
    return run(w, s);
}

bool plan_seen(struct work *w, const struct act *act)
{
    struct stmt *s = stmt_begin(w->db, SQL_NOTICE_FIND);
    bool any;

    stmt_id(s, &w->change->by.id);
    stmt_id(s, &act->u.seen);
    any = stmt_row(s);
    if (!ended(w, s))
        return false;
    return any ? op_add(w, write_seen, &act->u.seen, NULL, 0) : refuse(w, KF_ABSENT, "there is no such notice");
}

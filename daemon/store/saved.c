/* Searches that are kept: a person's own, and those that are shared with the site. */
#include "store/apply.h"
#include "store/inside.h"

/* Whose it is; `any` is false where there is none. */
static bool find_saved(struct work *w, const struct kf_id *id, bool *any, struct kf_id *owner, bool *shared)
{
    struct stmt *s = stmt_begin(w->db, SQL_SAVED_FIND);

    stmt_id(s, id);
    stmt_str(s, w->change->site.s);
    *any = stmt_row(s);
    if (*any) {
        get_id(s, owner);
        *shared = get_i64(s) != 0;
    }
    return ended(w, s);
}

static bool count_others(struct work *w, const struct kf_id *id, int64_t *ret)
{
    struct stmt *s = stmt_begin(w->db, SQL_SAVED_COUNT);

    *ret = 0;
    stmt_str(s, w->change->site.s);
    stmt_id(s, &w->change->by.id);
    stmt_id(s, id);
    if (stmt_row(s))
        *ret = get_i64(s);
    return ended(w, s);
}

static bool write_saved(struct work *w, const struct op *op)
{
    const struct act_saved *a = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_SAVED_SET);

    stmt_id(s, &a->id);
    stmt_str(s, w->change->site.s);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, w->change->by.name ? w->change->by.name : "");
    stmt_str(s, a->name);
    stmt_i64(s, a->shared);
    stmt_str(s, a->filter);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_drop(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_SAVED_DROP);

    stmt_id(s, op->what);
    stmt_str(s, w->change->site.s);
    return run(w, s);
}

bool plan_saved(struct work *w, const struct act *act)
{
    const struct act_saved *a = &act->u.saved;
    bool any, shared = false, mine;
    struct kf_id owner = { { 0 } };
    int64_t others;

    if (!find_saved(w, &a->id, &any, &owner, &shared))
        return false;
    mine = any && id_eq(&owner, &w->change->by.id);
    if (act->kind == ACT_SAVED_DROP) {
        if (!mine && !(any && shared && a->shared))
            return refuse(w, KF_ABSENT, "there is no such search");
        return op_add(w, write_drop, &a->id, NULL, 0);
    }
    if (any ? !mine : !a->fresh)
        return refuse(w, KF_ABSENT, "there is no such search");
    if (!count_others(w, &a->id, &others))
        return false;
    if (others >= SAVED_MAX)
        return refuse(w, KF_LIMIT, "one person keeps %d searches at most", SAVED_MAX);
    return op_add(w, write_saved, a, NULL, 0);
}

enum kf_rc saved_run(struct reader *r, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(r->db, SQL_SAVED_LIST);
    enum kf_rc rc = KF_OK;

    stmt_str(s, q->site.s);
    stmt_id(s, &q->id);
    while (!rc && stmt_row(s)) {
        struct saved_search *all = arena_more(q->arena, q->saved, q->n_saved, sizeof(*all)), *one;

        if (!all) {
            rc = kf_fail(why, KF_NOMEM, "out of memory");
            break;
        }
        q->saved = all;
        one = &all[q->n_saved++];
        get_id(s, &one->id);
        get_id(s, &one->owner);
        one->owner_name = get_str(s, q->arena);
        one->name = get_str(s, q->arena);
        one->shared = get_i64(s) != 0;
        one->filter = get_str(s, q->arena);
        one->at = get_i64(s);
    }
    if (rc)
        (void)stmt_end(s, NULL);
    return rc ? rc : stmt_end(s, why);
}

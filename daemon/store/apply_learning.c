/* The acts of the case library and of coaching. */
#include "store/apply.h"

static const char *text(const char *s)
{
    return s ? s : "";
}

/* ---- examples ---- */

static void bind_words(struct stmt *s, const struct example *e)
{
    stmt_i64(s, e->good);
    stmt_str(s, text(e->title));
    stmt_str(s, text(e->note));
    stmt_str(s, text(e->collection));
    stmt_str(s, e->tags);
    stmt_str(s, e->items);
}

static bool write_new_example(struct work *w, const struct op *op)
{
    const struct example *e = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_EXAMPLE_ADD);

    stmt_id(s, &e->id);
    stmt_str(s, w->change->site.s);
    bind_words(s, e);
    stmt_str(s, e->lines);
    stmt_id(s, &e->conv);
    stmt_id(s, &e->review);
    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, text(w->change->by.name));
    return run(w, s);
}

static bool write_example(struct work *w, const struct op *op)
{
    const struct example *e = op->what;
    struct stmt *s = stmt_begin(w->db, e->gone ? SQL_EXAMPLE_GONE : SQL_EXAMPLE_SET);

    if (!e->gone)
        bind_words(s, e);
    stmt_i64(s, w->change->at);
    stmt_id(s, &e->id);
    return run(w, s);
}

bool plan_example(struct work *w, const struct act *act)
{
    const struct example *e = act->u.example;
    int64_t now = 0;
    struct stmt *s;

    if (e->revision) {
        s = stmt_begin(w->db, SQL_EXAMPLE_FIND);
        stmt_id(s, &e->id);
        stmt_str(s, w->change->site.s);
        if (stmt_row(s))
            now = get_i64(s);
        if (!ended(w, s))
            return false;
        if (!now)
            return refuse(w, KF_ABSENT, "there is no such example");
        if (now != e->revision)
            return refuse(w, KF_CONFLICT, "the example was changed meanwhile: it is at revision %lld", (long long)now);
    }
    w->news->version = e->revision + 1;
    return op_add(w, e->revision ? write_example : write_new_example, e, NULL, 0);
}

/* ---- coaching ---- */

static bool write_plan(struct work *w, const struct coaching *c)
{
    struct stmt *s = stmt_begin(w->db, SQL_COACHING_ADD);

    stmt_id(s, &c->id);
    stmt_str(s, w->change->site.s);
    stmt_id(s, &c->agent);
    stmt_id(s, &c->review);
    stmt_str(s, c->text);
    stmt_i64(s, c->follow_at);
    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, text(w->change->by.name));
    return run(w, s);
}

static bool write_coaching(struct work *w, const struct op *op)
{
    const struct act_coaching *a = op->what;
    struct stmt *s;

    if (a->event == COACHING_PLAN)
        return write_plan(w, &a->note);
    s = stmt_begin(w->db, a->event == COACHING_CLOSE ? SQL_COACHING_CLOSED : SQL_COACHING_ACKNOWLEDGED);
    stmt_i64(s, op->number);
    stmt_str(s, text(a->event == COACHING_CLOSE ? a->note.outcome : a->note.answer));
    stmt_i64(s, w->change->at);
    stmt_id(s, &a->note.id);
    return run(w, s);
}

bool plan_coaching(struct work *w, const struct act *act)
{
    const struct act_coaching *a = act->u.coaching;
    enum coaching_state to = COACHING_PLANNED;
    struct kf_err why = { .rc = KF_OK };
    struct coaching now = { .revision = 0 };
    struct stmt *s;

    if (a->event != COACHING_PLAN) {
        s = stmt_begin(w->db, SQL_COACHING_GET);
        stmt_id(s, &a->note.id);
        if (stmt_row(s))
            row_coaching(s, w->arena, &now);
        if (!ended(w, s))
            return false;
        if (!now.revision || !key_eq(&now.site, &w->change->site))
            return refuse(w, KF_ABSENT, "there is no such note");
        if (coaching_step(now.state, a->event, &to, &why))
            return refuse(w, why.rc, "%s", why.text);
        if (now.revision != a->note.revision)
            return refuse(w, KF_CONFLICT, "the note was changed meanwhile: it is at revision %lld", (long long)now.revision);
    }
    w->news->version = now.revision + 1;
    return op_add(w, write_coaching, a, NULL, to);
}

/* What the rules have looked at, and what has fired. Where a rule has fired stands in a row of its own, so that it is said once, whichever
 * nodes look at the same time; ruled_seq is how far they have looked, heard_seq what they have to look at. */
#include "core/mutant.h"
#include "store/apply.h"

#include <inttypes.h>

/* ---- how far ------------------------------------------------------------------------------------------------------------------ */

/* The rules look at that time at the latest; what they find then is theirs to say. */
void wake_rules(struct conv *c, int64_t at)
{
    if (!c->rule_due_at || c->rule_due_at > at)
        c->rule_due_at = at;
}

bool rules_hear(const struct work *w)
{
    return !(w->change->unruled >> w->row.conv.state & 1);
}

/* Where no rule listens, the rules need not look a second time: the mark moves along with the messages, at once or when they have looked at
 * what they were to hear before. A look that is late ends so, however many such messages have overtaken it. */
void plan_ruled_mark(struct work *w)
{
    struct conv *c = &w->row.conv;
    int64_t before = w->slot ? w->slot->row.conv.seq : 0;

    if (w->ruled_all)
        c->ruled_seq = c->seq;
    else if (c->seq > before && rules_hear(w))
        c->heard_seq = c->seq;
    else if (c->seq > before) {
        if (c->ruled_seq == before)
            c->ruled_seq = c->seq;
        if (w->change->quiet_ms && c->state == CONV_SERVED)
            wake_rules(c, w->change->at + w->change->quiet_ms);
    }
}

/* ---- what fires ---------------------------------------------------------------------------------------------------------------- */

static bool write_firing(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_FIRING_ADD);

    stmt_i64(s, w->row.n);
    stmt_str(s, op->what);
    stmt_str(s, op->more);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_firing_contact(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_FIRING_CONTACT_ADD);

    stmt_id(s, &w->row.conv.contact);
    stmt_str(s, op->what);
    stmt_str(s, op->more);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool plan_firing(struct work *w, const char *rule, const char *cause, bool wide)
{
    struct stmt *s = stmt_begin(w->db, wide ? SQL_FIRING_CONTACT_FIND : SQL_FIRING_FIND);
    bool any;

    if (wide)
        stmt_id(s, &w->row.conv.contact);
    else
        stmt_i64(s, w->row.n);
    stmt_str(s, rule);
    stmt_str(s, cause);
    any = stmt_row(s);
    if (!ended(w, s))
        return false;
    if (any && mutant("rules_twice"))
        return true;
    if (any)
        return refuse(w, KF_CONFLICT, "rule %s has fired for this already", rule);
    return op_add(w, wide ? write_firing_contact : write_firing, rule, cause, 0);
}

bool plan_ruled(struct work *w, const struct act *act)
{
    const struct act_ruled *r = &act->u.ruled;
    struct conv *c = &w->row.conv;
    int64_t moved;

    if (!needs_conv(w))
        return false;
    if (c->ruled_seq != r->from_seq && !mutant("rules_twice"))
        return refuse(w, KF_CONFLICT, "the rules have looked up to %" PRId64 " already", c->ruled_seq);
    for (size_t i = 0; i < r->n_firings; i++)
        if (!plan_firing(w, r->firing[i].rule.s, r->firing[i].cause ? r->firing[i].cause : "", r->firing[i].wide))
            return false;
    w->said = true;
    moved = c->rule_due_at != r->seen_due_at ? c->rule_due_at : 0;
    c->rule_due_at = r->rule_due_at;
    if (moved)
        wake_rules(c, moved);
    if (r->to_seq >= 0 && r->to_seq < c->heard_seq)
        c->ruled_seq = r->to_seq; /* somebody spoke meanwhile: that still has to be looked at */
    else if (r->again)
        c->ruled_seq = c->seq;
    else
        w->ruled_all = true;
    return true;
}

/* Legal holds: set, lifted. Each leaves an entry in the access log, in the same commit. */
#include "store/apply.h"

#include <stdio.h>

#define NO_CONV    "there is no such conversation"
#define NO_VISITOR "there is no such visitor"

struct held {
    const struct act *act;
    struct kf_id customer;
};

static bool find_customer(struct work *w, struct held *h)
{
    struct stmt *s = stmt_begin(w->db, SQL_VISITOR_FIND);
    struct kf_key site = { "" };
    bool any;

    stmt_id(s, &h->act->u.hold.visitor);
    any = stmt_row(s);
    if (any) {
        get_id(s, &h->customer);
        get_key(s, &site);
    }
    if (!ended(w, s))
        return false;
    return any && key_eq(&site, &w->change->site) ? true : refuse(w, KF_ABSENT, "%s", NO_VISITOR);
}

static bool find_row(struct work *w, enum sql which, const struct kf_id *id, const char *words)
{
    struct stmt *s = stmt_begin(w->db, which);
    bool any;

    stmt_id(s, id);
    stmt_str(s, w->change->site.s);
    any = stmt_row(s);
    if (!ended(w, s))
        return false;
    return any ? true : refuse(w, KF_ABSENT, "%s", words);
}

static bool is_in_queues(struct work *w, const struct kf_id *conv, const struct kf_id *customer, const char *queues, bool *ret)
{
    struct stmt *s;

    *ret = !queues || !*queues;
    if (*ret)
        return true;
    s = stmt_begin(w->db, SQL_HOLD_OF_QUEUES);
    stmt_id(s, conv);
    stmt_str(s, queues);
    stmt_id(s, customer);
    *ret = stmt_row(s);
    return ended(w, s);
}

/* What it is on, which is the asker's to hold; of what is not nobody says that it is there. */
static bool find_lifted(struct work *w, const struct act *act, bool *in)
{
    struct stmt *s = stmt_begin(w->db, SQL_HOLD_FIND);
    struct kf_id conv = { { 0 } }, customer = { { 0 } };
    bool any;

    stmt_id(s, &act->u.hold.id);
    stmt_str(s, w->change->site.s);
    any = stmt_row(s);
    if (any) {
        (void)get_i64(s);
        get_id(s, &conv);
        get_id(s, &customer);
    }
    if (!ended(w, s))
        return false;
    *in = false;
    return !any || is_in_queues(w, &conv, &customer, act->u.hold.queues, in);
}

static bool note_hold(struct work *w, const struct held *h)
{
    struct kf_err why = { .rc = KF_OK };
    struct actor by = actor_of(w, &w->change->by);
    const struct kf_id *on = id_is_zero(&h->act->u.hold.conv) ? &h->customer : &h->act->u.hold.conv;
    char data[160], id[KF_ID_TEXT], about[KF_ID_TEXT];
    struct ledger_row row = { .site = w->change->site.s,
                              .at = w->change->at,
                              .kind = h->act->kind == ACT_HOLD ? "hold_set" : "hold_lifted",
                              .role = by.role,
                              .by = by.id,
                              .name = by.name,
                              .data = data };

    if (h->act->kind == ACT_HOLD)
        (void)snprintf(data, sizeof(data), "{\"hold\":\"%s\",\"%s\":\"%s\"}", id_text(&h->act->u.hold.id, id),
                       id_is_zero(&h->act->u.hold.conv) ? "visitor" : "conversation", id_text(on, about));
    else
        (void)snprintf(data, sizeof(data), "{\"hold\":\"%s\"}", id_text(&h->act->u.hold.id, id));
    return stored(w, ledger_add(w->batch->ledger, &w->batch->page, w->db, &row, &why), &why);
}

static bool write_hold(struct work *w, const struct op *op)
{
    const struct held *h = op->what;
    struct actor by = actor_of(w, &w->change->by);
    bool sets = h->act->kind == ACT_HOLD;
    struct stmt *s = stmt_begin(w->db, sets ? SQL_HOLD_ADD : SQL_HOLD_LIFT);

    if (sets) {
        stmt_id(s, &h->act->u.hold.id);
        stmt_str(s, w->change->site.s);
        stmt_id(s, &h->act->u.hold.conv);
        stmt_id(s, &h->customer);
        stmt_str(s, h->act->u.hold.reason);
        stmt_i64(s, w->change->at);
        stmt_id(s, &by.id);
        stmt_str(s, by.name);
    } else {
        stmt_i64(s, w->change->at);
        stmt_id(s, &by.id);
        stmt_str(s, by.name);
        stmt_id(s, &h->act->u.hold.id);
        stmt_str(s, w->change->site.s);
    }
    return run(w, s) && note_hold(w, h);
}

bool plan_hold(struct work *w, const struct act *act)
{
    struct held *h = ARENA_NEW(w->arena, struct held);
    bool in;

    if (!h)
        return refuse(w, KF_NOMEM, "out of memory");
    h->act = act;
    if (act->kind == ACT_HOLD_LIFT) {
        if (!find_lifted(w, act, &in))
            return false;
        if (!in)
            return refuse(w, KF_ABSENT, "there is no such hold");
    } else {
        if (id_is_zero(&act->u.hold.conv) ? !find_customer(w, h) : !find_row(w, SQL_HOLD_CONV, &act->u.hold.conv, NO_CONV))
            return false;
        if (!is_in_queues(w, &act->u.hold.conv, &h->customer, act->u.hold.queues, &in))
            return false;
        if (!in)
            return refuse(w, KF_ABSENT, "%s", id_is_zero(&act->u.hold.conv) ? NO_VISITOR : NO_CONV);
    }
    return op_add(w, write_hold, h, NULL, 0);
}

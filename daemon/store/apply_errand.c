/* The outbox. */
#include "store/apply.h"

static bool write_errand(struct work *w, const struct op *op)
{
    const struct errand *e = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_ERRAND_ADD);

    stmt_id(s, &e->id);
    stmt_str(s, e->site.s);
    stmt_str(s, e->channel.s);
    stmt_i64(s, w->row.n);
    stmt_i64(s, e->seq);
    stmt_i64(s, e->kind);
    stmt_i64(s, e->state);
    stmt_i64(s, e->due_at);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

/* What has failed before is looked after now. */
static bool write_handled(struct work *w, const struct op *op)
{
    const struct errand *e = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_ERRAND_HANDLED);

    stmt_i64(s, w->row.n);
    stmt_i64(s, e->seq);
    stmt_i64(s, e->kind);
    return run(w, s);
}

/* True if `seq` is one of the messages that this change itself appends. */
static bool said_now(const struct work *w, int64_t seq)
{
    return w->n_messages > 0 && seq >= w->messages[0].seq && seq <= w->messages[w->n_messages - 1].seq;
}

bool plan_errand(struct work *w, const struct errand *given, int64_t seq)
{
    const struct conv *c = &w->row.conv;
    struct errand *e;

    if (!needs_conv(w))
        return false;
    e = ARENA_NEW(w->arena, struct errand);
    if (!e)
        return refuse(w, KF_NOMEM, "out of memory");
    e->id = id_is_zero(&given->id) ? id_new(w->change->at) : given->id;
    e->site = c->site;
    e->channel = *given->channel.s ? given->channel : c->channel;
    e->seq = seq;
    e->kind = given->kind;
    e->state = ERRAND_QUEUED;
    e->due_at = given->due_at ? given->due_at : w->change->at;
    w->news->n_errands++;
    if (e->kind == ERRAND_SEND && seq && !said_now(w, seq) && !plan_delivery(w, seq, DELIVERY_SENDING, NULL, NULL))
        return false;
    if (seq && !said_now(w, seq) && !op_add(w, write_handled, e, NULL, 0))
        return false;
    return op_add(w, write_errand, e, NULL, 0);
}

struct stored_errand {
    int64_t n, seq;
    enum errand_state state;
    enum errand_kind kind;
    int part, attempt;
};

static bool errand_get(struct work *w, const struct kf_id *id, struct stored_errand *ret)
{
    struct stmt *s = stmt_begin(w->db, SQL_ERRAND_GET);
    bool any;

    stmt_id(s, id);
    any = stmt_row(s);
    if (any) {
        ret->n = get_i64(s);
        ret->state = (enum errand_state)get_i64(s);
        ret->kind = (enum errand_kind)get_i64(s);
        ret->seq = get_i64(s);
        ret->part = (int)get_i64(s);
        ret->attempt = (int)get_i64(s);
    }
    if (!ended(w, s))
        return false;
    return any ? true : refuse(w, KF_ABSENT, "there is nothing of that name to be sent");
}

static bool write_errand_claim(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_ERRAND_CLAIM);

    stmt_id(s, &w->change->lease_node);
    stmt_i64(s, w->change->lease_epoch ? w->change->lease_epoch : act->u.errand.lease);
    stmt_i64(s, op->number);
    return run(w, s);
}

bool plan_errand_claim(struct work *w, const struct act *act)
{
    struct stored_errand e = { .n = 0 };

    if (!errand_get(w, &act->u.errand.id, &e))
        return false;
    if (e.state != ERRAND_QUEUED || e.part != act->u.errand.part || e.attempt != act->u.errand.attempt)
        return refuse(w, KF_CONFLICT, "that is being sent already, or was");
    return op_add(w, write_errand_claim, act, NULL, e.n);
}

static bool write_errand_settle(struct work *w, const struct op *op)
{
    const struct errand *e = &((const struct act *)op->what)->u.errand;
    struct stmt *s = stmt_begin(w->db, SQL_ERRAND_SETTLE);

    stmt_i64(s, e->state);
    stmt_i64(s, e->attempt);
    stmt_i64(s, e->due_at);
    stmt_str(s, e->error);
    stmt_i64_or_null(s, e->state == ERRAND_QUEUED ? 0 : w->change->at);
    stmt_i64(s, e->part);
    stmt_i64(s, op->number);
    return run(w, s);
}

static bool write_handle_used(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_HANDLE_USED);

    stmt_i64(s, w->row.n);
    stmt_str(s, op->what);
    return run(w, s);
}

/* The platform counts otherwise than we do, and it is right. */
static bool write_handle_over(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_HANDLE_OVER);

    stmt_i64(s, w->change->at);
    stmt_i64(s, w->row.n);
    stmt_str(s, op->what);
    return run(w, s);
}

/* What the outcome of sending means for the message itself. */
static enum delivery delivery_of(enum errand_state s)
{
    switch (s) {
    case ERRAND_DONE:
        return DELIVERY_SENT;
    case ERRAND_FAILED:
        return DELIVERY_FAILED;
    case ERRAND_UNCERTAIN:
        return DELIVERY_UNCERTAIN;
    case ERRAND_QUEUED:
    case ERRAND_SENDING:
    default:
        return DELIVERY_NONE;
    }
}

bool plan_errand_settle(struct work *w, const struct act *act)
{
    const struct errand *e = &act->u.errand;
    struct stored_errand was = { .n = 0 };
    const char *ref = e->message.ref;
    enum delivery to = delivery_of(e->state);

    if (!errand_get(w, &e->id, &was))
        return false;
    if (was.state != ERRAND_SENDING && was.state != ERRAND_QUEUED)
        return refuse(w, KF_CONFLICT, "that was sent already, or given up");
    if (e->state == ERRAND_SENDING)
        return refuse(w, KF_INVALID, "an errand is claimed, not settled, as sending");
    if (!op_add(w, write_errand_settle, act, NULL, was.n))
        return false;
    if (was.kind != ERRAND_SEND || !was.seq || !w->has_conv)
        return true;
    if ((to != DELIVERY_NONE || ref) && !plan_delivery(w, was.seq, to, to == DELIVERY_SENT ? e->message.reason : e->error, ref))
        return false;
    if (e->handle && e->handle_over && !op_add(w, write_handle_over, e->handle, NULL, 0))
        return false;
    if (!e->handle || (e->state != ERRAND_DONE && e->state != ERRAND_UNCERTAIN && e->part == was.part))
        return true; /* nothing has gone out */
    return op_add(w, write_handle_used, e->handle, NULL, 0);
}

static bool write_drop(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_ERRAND_DROP);

    stmt_i64(s, w->change->at);
    stmt_i64(s, op->number);
    return run(w, s);
}

/* Whoever has reacted would believe it there. */
static bool reaction_dropped(struct work *w, int64_t seq)
{
    if (!entry_add(w, "reaction_failed", &w->change->by, "{\"emoji\":\"\",\"why\":\"not sent: taken out of the line by hand\"}"))
        return false;
    w->entries[w->n_entries - 1].after_seq = seq;
    return true;
}

/* What may be on its way at this moment cannot be called back. */
bool plan_errand_drop(struct work *w, const struct act *act)
{
    struct stored_errand e = { .n = 0 };

    if (!errand_get(w, &act->u.errand.id, &e))
        return false;
    if (e.state == ERRAND_SENDING)
        return refuse(w, KF_CONFLICT, "that is being sent at this moment");
    if (e.state == ERRAND_DONE || e.state == ERRAND_HANDLED)
        return refuse(w, KF_CONFLICT, "nothing is left to do about that");
    if (!op_add(w, write_drop, act, NULL, e.n))
        return false;
    if (e.state != ERRAND_QUEUED || !e.seq || !w->has_conv)
        return true;
    if (e.kind == ERRAND_REACT)
        return reaction_dropped(w, e.seq);
    return e.kind != ERRAND_SEND || plan_delivery(w, e.seq, DELIVERY_FAILED, "not sent: taken out of the line by hand", NULL);
}

bool plan_unsent(struct work *w, int64_t seq)
{
    struct stmt *s = stmt_begin(w->db, SQL_ERRAND_UNSENT);
    int64_t n = 0, part = 0;

    stmt_i64(s, w->row.n);
    stmt_i64(s, seq);
    if (stmt_row(s)) {
        n = get_i64(s);
        part = get_i64(s);
    }
    if (!ended(w, s))
        return false;
    return !n ||
           (op_add(w, write_drop, NULL, NULL, n) &&
            plan_delivery(
                w, seq, DELIVERY_FAILED,
                part ? "the rest is not sent, it was taken back: the beginning has gone out" : "not sent: it was taken back before", NULL));
}

/* It needs room: what it displaces, or what can be answered no more. */
static bool write_handle_room(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    struct stmt *s;

    if (act->u.handle.code) {
        s = stmt_begin(w->db, SQL_HANDLE_UNCODE);
        stmt_i64(s, w->row.n);
        return run(w, s);
    }
    s = stmt_begin(w->db, act->u.handle.beside ? SQL_HANDLE_PRUNE : SQL_HANDLE_DISPLACE);
    stmt_i64(s, w->row.n);
    stmt_i64(s, act->u.handle.beside ? w->change->at : act->u.handle.expires_ms);
    if (act->u.handle.beside)
        stmt_i64(s, HANDLES_MAX - 1);
    return run(w, s);
}

static bool write_handle(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    struct stmt *s = stmt_begin(w->db, act->u.handle.beside || act->u.handle.code ? SQL_HANDLE_ADD : SQL_HANDLE_RENEW);

    stmt_i64(s, w->row.n);
    stmt_str(s, act->u.handle.text ? act->u.handle.text : "");
    stmt_i64(s, act->u.handle.expires_ms);
    stmt_i64(s, act->u.handle.left);
    return run(w, s);
}

static bool write_handle_ended(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_HANDLE_ENDED);

    stmt_i64(s, act->u.handle.over ? HANDLE_LEFT : w->change->at);
    stmt_i64(s, w->row.n);
    stmt_i64(s, op->number);
    return run(w, s);
}

bool plan_handle(struct work *w, const struct act *act)
{
    bool ends = act->u.handle.over || act->u.handle.ends;

    if (!w->has_conv && w->change->opening && w->change->opening->joins)
        return true; /* nobody has spoken yet: the first words bring a handle of their own */
    if (!needs_conv(w) || (ends && !op_add(w, write_handle_ended, act, NULL, w->row.conv.seq)))
        return false;
    w->news->window = true;
    if (act->u.handle.over || (act->u.handle.ends && !act->u.handle.text))
        return true;
    return op_add(w, write_handle_room, act, NULL, 0) && op_add(w, write_handle, act, NULL, 0);
}

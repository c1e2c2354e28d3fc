/* What has become of a message that went to a platform: by which names it is known there, and what was said of them. */
#include "core/buf.h"
#include "store/apply.h"

#include <inttypes.h>

#define DATA_MAX 65536
#define DAY_MS   86400000
#define RECALLED 1000 /* among parked deliveries: the visitor has taken it back */
#define FOLLOWED 1001 /* … not of a message: somebody came while no conversation was open, and this says from where */
#define FOLLOWS  4    /* of them the newest are told: a code was scanned, and then another */

/* ---- windows ---------------------------------------------------------------------------------------------------------------- */

/* No more replies are taken, says the platform of one of them; what the visitor has written after it has opened the window anew. */
static bool write_window_over(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_HANDLE_ENDED);

    stmt_i64(s, w->change->at);
    stmt_i64(s, w->row.n);
    stmt_i64(s, op->number);
    return run(w, s);
}

static bool window_over(struct work *w, const struct message *m)
{
    return m->delivery != DELIVERY_FAILED || op_add(w, write_window_over, NULL, NULL, m->seq);
}

/* ---- names ------------------------------------------------------------------------------------------------------------------ */

static bool seq_by(struct work *w, enum sql which, const char *ref, int64_t *seq)
{
    struct stmt *s = stmt_begin(w->db, which);

    stmt_str(s, ref);
    stmt_i64(s, w->row.n);
    if (stmt_row(s))
        *seq = get_i64(s);
    return ended(w, s);
}

bool seq_of_ref(struct work *w, const char *ref, int64_t *seq)
{
    *seq = 0;
    return seq_by(w, SQL_MESSAGE_SEQ_OF_REF, ref, seq) && (*seq || seq_by(w, SQL_REF_SEQ, ref, seq));
}

static bool write_unpark(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_PARKED_DROP);

    stmt_str(s, op->what);
    stmt_str(s, w->row.conv.site.s);
    stmt_str(s, w->row.conv.channel.s);
    return run(w, s);
}

void message_remove(struct message *m)
{
    m->kind = MESSAGE_REMOVED;
    m->text = SLICE("");
    m->extra = NULL;
    m->file = (struct kf_id){ { 0 } };
    m->typed_ms = 0;
}

bool plan_parked(struct work *w, const char *ref, struct message *m, bool first)
{
    struct stmt *s = stmt_begin(w->db, SQL_PARKED_FIND);
    bool any = false, over = false;

    stmt_str(s, ref);
    stmt_str(s, w->row.conv.site.s);
    stmt_str(s, w->row.conv.channel.s);
    stmt_i64(s, w->change->at - DAY_MS);
    while (stmt_row(s)) {
        int64_t what = get_i64(s);
        enum delivery to = (enum delivery)what;
        const char *reason = get_text(s, w->arena);

        any = true;
        if (what == RECALLED) {
            if (m->from.role == ROLE_VISITOR)
                message_remove(m);
            continue;
        }
        over |= to == DELIVERY_NONE; /* that, and why, stands beside it */
        if (!delivery_may(m->delivery, to) || (first && to != DELIVERY_FAILED))
            continue;
        m->delivery = to;
        m->reason = reason;
    }
    if (!ended(w, s) || (over && !window_over(w, m)))
        return false;
    return !any || op_add(w, write_unpark, ref, NULL, 0);
}

/* ---- states ----------------------------------------------------------------------------------------------------------------- */

static bool delivery_entry(struct work *w, const struct message *m)
{
    const char *data;
    struct buf b;

    buf_init(&b, DATA_MAX);
    buf_printf(&b, "{\"seq\":%" PRId64 ",\"state\":", m->seq);
    buf_json(&b, slice_of(delivery_name(m->delivery)));
    if (m->reason) {
        buf_str(&b, ",\"reason\":");
        buf_json(&b, slice_of(m->reason));
    }
    buf_char(&b, '}');
    data = text_of(w, &b);
    return data && entry_add(w, "delivery", &w->change->by, data);
}

static bool write_ref(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_REF_ADD);

    stmt_i64(s, w->row.n);
    stmt_i64(s, op->number);
    stmt_str(s, op->what);
    return run(w, s);
}

/* The platform has a name for it, or one more: a further part of a long text, or the same sent again. */
static bool learn_ref(struct work *w, struct touched *t, const char *ref, bool parts_follow)
{
    if (t->now.ref && strcmp(t->now.ref, ref) == 0)
        return true;
    if (t->now.ref && !op_add(w, write_ref, ref, NULL, t->now.seq))
        return false;
    if (!t->now.ref)
        t->now.ref = ref;
    return plan_parked(w, ref, &t->now, parts_follow);
}

bool plan_delivery(struct work *w, int64_t seq, enum delivery to, const char *reason, const char *ref)
{
    struct touched *t = touch(w, seq);
    enum delivery was;

    if (!t)
        return false;
    was = t->now.delivery;
    if (delivery_may(was, to)) {
        t->now.delivery = to;
        t->now.reason = reason;
    }
    if (ref && *ref && !learn_ref(w, t, ref, to == DELIVERY_NONE))
        return false;
    return t->now.delivery == was || delivery_entry(w, &t->now);
}

static struct stmt *park_begin(struct work *w, const char *ref)
{
    const struct opening *o = w->change->opening;
    struct stmt *s = stmt_begin(w->db, SQL_PARKED_ADD);

    stmt_str(s, w->change->site.s);
    stmt_str(s, w->has_conv ? w->row.conv.channel.s : o ? o->channel.s : w->change->channel.s);
    stmt_str(s, ref);
    return s;
}

static bool write_recall(struct work *w, const struct op *op)
{
    struct stmt *s = park_begin(w, op->what);

    stmt_i64(s, RECALLED);
    stmt_str(s, NULL);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

bool plan_recall_early(struct work *w, const char *ref)
{
    return op_add(w, write_recall, ref, NULL, 0);
}

static const char *follow_ref(struct work *w, const char *peer)
{
    return arena_printf(w->arena, "follow:%s", peer);
}

static bool write_follow(struct work *w, const struct op *op)
{
    const struct entry *e = op->what;
    struct stmt *s = park_begin(w, follow_ref(w, w->change->opening->peer));

    stmt_i64(s, FOLLOWED);
    stmt_str(s, e->data);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

bool plan_follow_early(struct work *w, const struct entry *e)
{
    return op_add(w, write_follow, e, NULL, 0);
}

bool plan_followed(struct work *w, const struct actor *by)
{
    const char *ref = follow_ref(w, w->row.conv.peer), *data[FOLLOWS]; /* the newest first */
    size_t n = 0;
    struct stmt *s = stmt_begin(w->db, SQL_PARKED_FOLLOWS);

    stmt_str(s, ref);
    stmt_str(s, w->row.conv.site.s);
    stmt_str(s, w->row.conv.channel.s);
    stmt_i64(s, FOLLOWED);
    stmt_i64(s, w->change->at - DAY_MS);
    stmt_i64(s, FOLLOWS);
    while (n < FOLLOWS && stmt_row(s))
        data[n++] = get_text(s, w->arena);
    if (!ended(w, s))
        return false;
    for (size_t i = n; i-- > 0;)
        if (!entry_add(w, "follow", by, data[i]))
            return false;
    return !n || op_add(w, write_unpark, ref, NULL, 0);
}

static bool write_park(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    struct stmt *s = park_begin(w, act->u.status.ref);

    stmt_i64(s, op->number);
    stmt_str(s, op->number == DELIVERY_NONE ? NULL : act->u.status.reason);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

/* It came before we knew the name. That the window is over with it is parked as a status of its own, which says nothing else. */
static bool park(struct work *w, const struct act *act)
{
    return op_add(w, write_park, act, NULL, act->u.status.delivery) &&
           (!act->u.status.window_over || op_add(w, write_park, act, NULL, DELIVERY_NONE));
}

/* Somebody asks for what is going to happen by itself: when, and what it waits for. */
static bool refuse_waiting(struct work *w, int64_t seq)
{
    struct stmt *s = stmt_begin(w->db, SQL_ERRAND_LINE);
    const char *error = NULL;
    int64_t wait_ms = 0;

    stmt_i64(s, w->row.n);
    if (stmt_row(s)) {
        wait_ms = get_i64(s) - w->change->at;
        error = get_text(s, w->arena);
    }
    if (!ended(w, s))
        return false;
    if (wait_ms <= 0)
        return refuse(w, KF_CONFLICT, "message %" PRId64 " is on its way: nothing has failed", seq);
    return refuse(w, KF_CONFLICT, "message %" PRId64 " is on its way: the next try is in %" PRId64 " s%s%s; taken back, it is not sent",
                  seq, (wait_ms + 999) / 1000, error ? ", the platform said: " : "", error ? error : "");
}

/* To be sent again by hand: a message that has got through, or one of the visitor's, would reach the platform twice. */
static bool may_resend(struct work *w, int64_t seq)
{
    const struct touched *t = touch(w, seq);

    if (!t)
        return false;
    if (t->now.delivery == DELIVERY_SENDING)
        return refuse_waiting(w, seq);
    if (t->now.delivery != DELIVERY_FAILED && t->now.delivery != DELIVERY_UNCERTAIN)
        return refuse(w, KF_CONFLICT, "message %" PRId64 " has not failed: there is nothing to send again", seq);
    return true;
}

/* Does what is said of `ref` hold for the whole message? That one part has failed does; that one has arrived does where it is the last one. */
static bool speaks_for_all(struct work *w, int64_t seq, const struct act *act, bool *ret)
{
    struct stmt *s;

    *ret = true;
    if (act->u.status.delivery == DELIVERY_FAILED)
        return true;
    s = stmt_begin(w->db, SQL_REF_STATE);
    stmt_i64(s, w->row.n);
    stmt_i64(s, seq);
    if (stmt_row(s)) {
        const char *newest = get_text(s, w->arena);

        *ret = (!newest || strcmp(newest, act->u.status.ref) == 0) && !get_i64(s);
    }
    return ended(w, s);
}

bool plan_status(struct work *w, const struct act *act)
{
    int64_t seq = act->u.status.seq;
    const struct touched *t;
    bool all = true;

    if (!seq && !act->u.status.ref)
        return refuse(w, KF_INVALID, "a status of nothing");
    if (!seq && w->has_conv && !seq_of_ref(w, act->u.status.ref, &seq))
        return false;
    if (!seq)
        return park(w, act);
    if (!act->u.status.seq && !speaks_for_all(w, seq, act, &all))
        return false;
    if (!all)
        return true;
    if (!needs_conv(w) || (act->u.status.again && !may_resend(w, seq)))
        return false;
    if (!plan_delivery(w, seq, act->u.status.delivery, act->u.status.reason, NULL))
        return false;
    t = act->u.status.window_over ? touch(w, seq) : NULL;
    return !t || window_over(w, &t->now);
}

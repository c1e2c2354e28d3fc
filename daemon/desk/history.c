/* history.c: what was said before: a page of the messages of a conversation, and for staff its timeline, to who may read it. */
#include "core/permit.h"
#include "desk/inner.h"

#define HISTORY_MAX 200
/* A socket's queue holds 256 KiB: a timeline has to fit beside a page of history. */
#define TIMELINE_BYTES (96 << 10)

static bool may_read(const struct desk_site *ds, const struct seat *seat, const struct conv *c)
{
    if (!ds || !key_eq(&c->site, &seat->site))
        return false;
    if (seat->side == FRAME_VISITOR)
        return id_eq(&c->contact, &seat->who);
    return permit(member_of(ds, &seat->who), VERB_READ, &seat->site, c);
}

static void history_refused(const struct call *call, struct seat *seat, const struct kf_err *why)
{
    const struct inbound in = { .kind = INBOUND_HISTORY, .conversation = call->conv, .cid = slice_of(call->cid) };

    session_refuse(call->d->session, seat, &in, why);
}

static void history_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct seat *seat = session_seat(d->session, call->conn);

    if (seat && rc)
        history_refused(call, seat, why);
    else if (seat) {
        buf_clear(&d->out);
        desk_file_urls(d, &call->site, q->arena, q->messages, q->n_messages);
        (void)frame_history(&d->out, &call->conv, q->messages, q->n_messages, q->more, call->n != 0);
        session_send(d->session, seat, &d->out);
    }
    desk_call_end(call);
}

/* The first of the newest entries that fit. */
static size_t newest_entries(const struct query *q)
{
    size_t bytes = 0, i = q->n_entries;

    while (i && (bytes += strlen(q->entries[i - 1].data) + 256) <= TIMELINE_BYTES)
        i--;
    return i;
}

static void timeline_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct seat *seat = session_seat(d->session, call->conn);

    (void)why;
    for (size_t i = rc ? 0 : newest_entries(q); seat && !rc && i < q->n_entries; i++) {
        buf_clear(&d->out);
        frame_timeline(&d->out, &call->conv, &q->entries[i]);
        session_send(d->session, seat, &d->out);
    }
    desk_call_end(call);
}

static void read_timeline(struct desk *d, const struct seat *seat, const struct kf_id *conv)
{
    struct call *call;
    struct query *q = desk_ask(d, NULL, QUERY_TIMELINE, &call);

    if (!q)
        return;
    call->conn = seat->conn;
    call->conv = *conv;
    q->id = *conv;
    d->ports.read(d->ports.ctx, q, timeline_read, call);
}

/* The conversation is known and may be read: its messages. `n` says before, `m` the seq, limit is in `at`. */
static void history_go(struct call *call, struct seat *seat)
{
    struct desk *d = call->d;
    struct query *q = query_new(QUERY_MESSAGES);

    if (!q) {
        history_refused(call, seat, &(struct kf_err){ .rc = KF_NOMEM, .text = "out of memory" });
        desk_call_end(call);
        return;
    }
    q->id = call->conv;
    if (call->n)
        q->before = call->m;
    else
        q->after = call->m;
    q->limit = (int)call->at;
    if (seat->side == FRAME_STAFF && !call->n && call->m == 0)
        read_timeline(d, seat, &call->conv);
    d->ports.read(d->ports.ctx, q, history_read, call);
}

static void history_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct seat *seat = session_seat(d->session, call->conn);
    struct kf_err none = { 0 };

    if (!seat) {
        desk_call_end(call);
        return;
    }
    if (!rc && !may_read(site_of(d, &call->site), seat, &q->convs[0]))
        rc = KF_ABSENT;
    if (rc) {
        if (rc == KF_ABSENT)
            (void)kf_fail(&none, KF_ABSENT, "no such conversation");
        history_refused(call, seat, rc == KF_ABSENT ? &none : why);
        desk_call_end(call);
        return;
    }
    history_go(call, seat);
}

void history(struct desk *d, struct seat *seat, const struct inbound *in)
{
    struct kf_id conv = id_is_zero(&in->conversation) ? seat->conv : in->conversation;
    struct view *v = session_view(d->session, &conv);
    struct desk_site *ds = site_of(d, &seat->site);
    struct call *call;
    struct query *q;

    if (id_is_zero(&conv)) {
        buf_clear(&d->out);
        buf_str(&d->out, "{\"type\":\"history\",\"conversation\":null,\"messages\":[],\"more\":false}");
        session_send(d->session, seat, &d->out);
        return;
    }
    call = desk_call(d, ds);
    if (!call) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    call->conn = seat->conn;
    call->conv = conv;
    call->n = in->before > 0;
    call->m = in->before > 0 ? in->before : in->after;
    call->at = in->limit > 0 && in->limit < HISTORY_MAX ? in->limit : HISTORY_MAX;
    desk_call_cid(call, in->cid);
    if (v && may_read(ds, seat, &v->conv)) {
        history_go(call, seat);
        return;
    }
    q = query_new(QUERY_CONV);
    if (!q) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        desk_call_end(call);
        return;
    }
    q->id = conv;
    d->ports.read(d->ports.ctx, q, history_conv, call);
}

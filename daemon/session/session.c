#include "session/session.h"

#include "core/hash.h"

#include <stdio.h>
#include <stdlib.h>

/* All that one contact or person has open here. */
struct who {
    struct kf_id id;
    struct seat *first;
    UT_hash_handle hh;
};

struct session {
    struct session_net net;
    struct session_ops ops;
    struct seat *seats; /* by conn */
    struct who *whos;   /* by id */
    struct view *views; /* by conversation */
    size_t count[2];    /* of seats, by side */
    struct buf out;     /* the frame that is being written: one at a time */
};

/* A frame never needs more: texts have 4,096 code points, history answers 64 KiB. */
#define FRAME_MAX (256u << 10)
/* What decoding one frame may allocate: 64 KiB of JSON with small members. */
#define TURN_MAX (4u << 20)

struct session *session_new(const struct session_net *net, const struct session_ops *ops)
{
    struct session *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->net = *net;
    s->ops = *ops;
    buf_init(&s->out, FRAME_MAX);
    return s;
}

/* ---- seats ---- */

static void seat_stand(struct session *s, struct seat *seat)
{
    struct who *w = seat->at;

    if (!w)
        return;
    if (seat->prev)
        seat->prev->next = seat->next;
    else
        w->first = seat->next;
    if (seat->next)
        seat->next->prev = seat->prev;
    seat->prev = seat->next = NULL;
    seat->at = NULL;
    if (!w->first) {
        HASH_DEL(s->whos, w);
        free(w);
    }
}

static void seat_free(struct session *s, struct seat *seat)
{
    seat_stand(s, seat);
    HASH_DEL(s->seats, seat);
    s->count[seat->side]--;
    free(seat->peer);
    free(seat->name);
    free(seat->profile);
    free(seat->page);
    free(seat->cookie);
    free(seat->shown);
    free(seat);
}

static void view_free(struct session *s, struct view *v)
{
    HASH_DEL(s->views, v);
    free(v->peer);
    free(v->visitor);
    free(v->watchers);
    free(v);
}

void session_free(struct session *s)
{
    struct seat *seat, *next;
    struct view *v, *vnext;

    if (!s)
        return;
    HASH_ITER(hh, s->seats, seat, next)
    seat_free(s, seat);
    HASH_ITER(hh, s->views, v, vnext)
    view_free(s, v);
    buf_finish(&s->out);
    free(s);
}

struct seat *session_open(struct session *s, uint64_t conn, enum frame_side side, const struct kf_key *site, const char *address,
                          const char *cookie)
{
    struct seat *seat = calloc(1, sizeof(*seat));

    if (!seat)
        return NULL;
    seat->conn = conn;
    seat->side = side;
    seat->site = *site;
    strncpy(seat->address, address, sizeof(seat->address) - 1);
    if (cookie && !(seat->cookie = strdup(cookie))) {
        free(seat);
        return NULL;
    }
    HASH_ADD(hh, s->seats, conn, sizeof(seat->conn), seat);
    s->count[side]++;
    s->ops.opened(s->ops.ctx, seat);
    return seat;
}

struct seat *session_seat(struct session *s, uint64_t conn)
{
    struct seat *seat = NULL;

    HASH_FIND(hh, s->seats, &conn, sizeof(conn), seat);
    return seat;
}

void session_closed(struct session *s, uint64_t conn)
{
    struct seat *seat = session_seat(s, conn);

    if (!seat)
        return;
    s->ops.closed(s->ops.ctx, seat);
    seat_free(s, seat);
}

void session_text(struct session *s, uint64_t conn, struct slice text)
{
    struct seat *seat = session_seat(s, conn);
    struct frame_limits limits;
    struct arena *a;
    struct inbound in = { 0 };
    struct kf_err why = { 0 };

    if (!seat)
        return;
    a = arena_new(TURN_MAX);
    if (!a) {
        (void)kf_fail(&why, KF_NOMEM, "out of memory");
        session_error(s, seat, (struct slice){ NULL, 0 }, &why);
        return;
    }
    s->ops.limits(s->ops.ctx, &seat->site, &limits);
    if (frame_decode(a, seat->side, &limits, text, &in, &why))
        session_refuse(s, seat, &in, &why);
    else
        s->ops.inbound(s->ops.ctx, seat, a, &in);
    arena_free(a);
}

bool session_sit(struct session *s, struct seat *seat, const struct kf_id *id)
{
    struct who *w = NULL;

    if (seat->at && id_eq(&seat->who, id))
        return true;
    HASH_FIND(hh, s->whos, id, sizeof(*id), w);
    if (!w) {
        w = calloc(1, sizeof(*w));
        if (!w)
            return false;
        w->id = *id;
        HASH_ADD(hh, s->whos, id, sizeof(w->id), w);
    }
    seat_stand(s, seat);
    seat->who = *id;
    seat->at = w;
    seat->next = w->first;
    if (w->first)
        w->first->prev = seat;
    w->first = seat;
    return true;
}

struct seat *session_seats(struct session *s, const struct kf_id *id)
{
    struct who *w = NULL;

    HASH_FIND(hh, s->whos, id, sizeof(*id), w);
    return w ? w->first : NULL;
}

void session_each_seat(struct session *s, void (*each)(void *ctx, struct seat *seat), void *ctx)
{
    struct seat *seat, *next;

    HASH_ITER(hh, s->seats, seat, next)
    each(ctx, seat);
}

size_t session_count(const struct session *s, enum frame_side side)
{
    return s->count[side];
}

/* ---- telling ---- */

void session_send(struct session *s, struct seat *seat, struct buf *frame)
{
    struct net_frame *f = buf_ok(frame) ? net_frame_new(buf_slice(frame)) : NULL;

    if (!f)
        return;
    s->net.send(s->net.ctx, seat->conn, f);
    net_frame_unref(f);
}

/* One frame to many: copied once. `f` is made when the first seat is found. A person may sit at several sites: only those of `site`. */
static void send_all(struct session *s, const struct kf_key *site, const struct kf_id *id, struct buf *frame, struct net_frame **f,
                     uint64_t except)
{
    for (struct seat *seat = session_seats(s, id), *next; seat; seat = next) {
        next = seat->next; /* sending may close a seat that is too slow */
        if (seat->conn == except || !seat->welcomed || !key_eq(&seat->site, site))
            continue;
        if (!*f && (!buf_ok(frame) || !(*f = net_frame_new(buf_slice(frame)))))
            return;
        s->net.send(s->net.ctx, seat->conn, *f);
    }
}

void session_send_who(struct session *s, const struct kf_key *site, const struct kf_id *id, struct buf *frame, uint64_t except)
{
    struct net_frame *f = NULL;

    send_all(s, site, id, frame, &f, except);
    if (f)
        net_frame_unref(f);
}

void session_send_side(struct session *s, const struct kf_key *site, enum frame_side side, struct buf *frame)
{
    struct net_frame *f = buf_ok(frame) ? net_frame_new(buf_slice(frame)) : NULL;
    struct seat *seat, *next;

    if (!f)
        return;
    HASH_ITER(hh, s->seats, seat, next)
    if (seat->side == side && seat->welcomed && key_eq(&seat->site, site))
        s->net.send(s->net.ctx, seat->conn, f);
    net_frame_unref(f);
}

static bool may_watch(const struct session *s, const struct seat *seat, const struct conv *c)
{
    return !s->ops.may_watch || s->ops.may_watch(s->ops.ctx, seat, c);
}

/* Who looks on, but for those who are told anyway. */
static void send_watchers(struct session *s, const struct conv *c, struct buf *frame, struct net_frame **f, uint64_t except)
{
    const struct view *v = session_view(s, &c->id);

    for (size_t i = 0; v && i < v->n_watchers; i++) {
        const struct seat *seat = session_seat(s, v->watchers[i]);

        if (!seat || seat->conn == except || !seat->welcomed || id_eq(&seat->who, &c->owner) || id_eq(&seat->who, &c->helper) ||
            !may_watch(s, seat, c))
            continue;
        if (!*f && (!buf_ok(frame) || !(*f = net_frame_new(buf_slice(frame)))))
            return;
        s->net.send(s->net.ctx, seat->conn, *f);
    }
}

static void send_staff(struct session *s, const struct conv *c, struct buf *frame, struct net_frame **f, uint64_t except, bool owner)
{
    if (owner && !id_is_zero(&c->owner))
        send_all(s, &c->site, &c->owner, frame, f, except);
    if (!id_is_zero(&c->helper))
        send_all(s, &c->site, &c->helper, frame, f, except);
    send_watchers(s, c, frame, f, except);
}

void session_watchers(struct session *s, const struct conv *c, struct buf *frame)
{
    struct net_frame *f = NULL;

    send_watchers(s, c, frame, &f, 0);
    if (f)
        net_frame_unref(f);
}

void session_staff(struct session *s, const struct conv *c, struct buf *frame, uint64_t except)
{
    struct net_frame *f = NULL;

    send_staff(s, c, frame, &f, except, true);
    if (f)
        net_frame_unref(f);
}

void session_both(struct session *s, const struct conv *c, struct buf *frame, uint64_t except)
{
    struct net_frame *f = NULL;

    send_all(s, &c->site, &c->contact, frame, &f, except);
    send_staff(s, c, frame, &f, except, true);
    if (f)
        net_frame_unref(f);
}

void session_error(struct session *s, struct seat *seat, struct slice cid, const struct kf_err *why)
{
    buf_clear(&s->out);
    frame_error(&s->out, cid, why);
    session_send(s, seat, &s->out);
}

void session_refuse(struct session *s, struct seat *seat, const struct inbound *in, const struct kf_err *why)
{
    const struct kf_id *conv = id_is_zero(&in->conversation) ? &seat->conv : &in->conversation;

    if (in->kind != INBOUND_HISTORY) {
        session_error(s, seat, in->cid, why);
        return;
    }
    buf_clear(&s->out);
    frame_error_of(&s->out, "history", id_is_zero(conv) ? NULL : conv, in->cid, why);
    session_send(s, seat, &s->out);
}

void session_ack(struct session *s, struct seat *seat, struct slice cid, const struct kf_id *conv, int64_t seq, int64_t at)
{
    buf_clear(&s->out);
    frame_ack(&s->out, cid, conv, seq, at);
    session_send(s, seat, &s->out);
}

void session_kick(struct session *s, struct seat *seat, int code, const char *reason)
{
    s->net.close(s->net.ctx, seat->conn, code, reason);
}

/* ---- views ---- */

struct view *session_view(struct session *s, const struct kf_id *conv)
{
    struct view *v = NULL;

    HASH_FIND(hh, s->views, conv, sizeof(*conv), v);
    return v;
}

static void view_named(struct view *v, const char *name)
{
    char *copy = name && (!v->visitor || strcmp(v->visitor, name) != 0) ? strdup(name) : NULL;

    if (!copy)
        return;
    free(v->visitor);
    v->conv.visitor_name = v->visitor = copy;
}

/* Takes the row over unless what we have is newer: rows come from commits and from reads, which may overtake each other. */
static void view_update(struct view *v, const struct conv *c)
{
    char *peer = v->peer;

    if (c->seq < v->conv.seq || c->epoch < v->conv.epoch)
        return;
    if (c->peer && (!peer || strcmp(peer, c->peer) != 0)) {
        char *copy = strdup(c->peer);

        if (copy) {
            free(peer);
            peer = copy;
        }
    }
    if (c->locale)
        (void)snprintf(v->locale, sizeof(v->locale), "%s", c->locale);
    v->conv = *c;
    v->peer = peer;
    v->conv.peer = peer ? peer : "";
    v->conv.locale = v->locale;
    v->conv.visitor_name = v->visitor;
    view_named(v, c->visitor_name);
}

/* Up to where all pages of the visitor that sit here have been told, or will read it as history: at most `seq`. Ids are sorted by time. */
static int64_t told_to_pages(struct session *s, const struct conv *c, int64_t seq)
{
    for (const struct seat *seat = session_seats(s, &c->contact); seat; seat = seat->next) {
        int order = memcmp(&c->id, &seat->conv, sizeof(c->id));
        int64_t counted = order == 0 ? seat->counted : 0;

        if (seat->side == FRAME_VISITOR && seat->welcomed && order >= 0 && counted < seq)
            seq = counted;
    }
    return seq;
}

struct view *session_show(struct session *s, const struct conv *c)
{
    struct view *v = session_view(s, &c->id);

    if (v)
        return v;
    v = calloc(1, sizeof(*v));
    if (!v)
        return NULL;
    view_update(v, c);
    v->told = told_to_pages(s, c, c->seq);
    v->owner_seq = c->seq;
    HASH_ADD(hh, s->views, conv.id, sizeof(v->conv.id), v);
    return v;
}

void session_each_view(struct session *s, void (*each)(void *ctx, struct view *v), void *ctx)
{
    struct view *v, *next;

    HASH_ITER(hh, s->views, v, next)
    each(ctx, v);
}

/* Drops those who are gone. */
static bool is_watched(struct session *s, struct view *v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n_watchers; i++)
        if (session_seat(s, v->watchers[i]))
            v->watchers[n++] = v->watchers[i];
    v->n_watchers = n;
    return n > 0;
}

bool session_watch(struct session *s, const struct conv *c, const struct seat *seat, bool on)
{
    struct view *v = on ? session_show(s, c) : session_view(s, &c->id);
    uint64_t *more;

    if (!v)
        return !on;
    for (size_t i = 0; i < v->n_watchers; i++)
        if (v->watchers[i] == seat->conn) {
            if (!on)
                v->watchers[i] = v->watchers[--v->n_watchers];
            return true;
        }
    if (!on)
        return true;
    (void)is_watched(s, v);
    more = realloc(v->watchers, (v->n_watchers + 1) * sizeof(*more));
    if (!more)
        return false;
    v->watchers = more;
    v->watchers[v->n_watchers++] = seat->conn;
    return true;
}

static bool shown_here(struct session *s, const struct conv *c)
{
    return session_seats(s, &c->contact) || (!id_is_zero(&c->owner) && session_seats(s, &c->owner)) ||
           (!id_is_zero(&c->helper) && session_seats(s, &c->helper));
}

/* ---- news ---- */

static void write_message(struct session *s, const struct conv *c, const struct message *m, bool changed)
{
    struct message shown = *m;
    char url[SESSION_URL_MAX];

    if (!id_is_zero(&m->file) && s->ops.file_url && s->ops.file_url(s->ops.ctx, &c->site, &m->file, url, sizeof(url)))
        shown.file_url = url;
    if (changed)
        frame_changed(&s->out, &c->id, &shown);
    else
        frame_message(&s->out, &c->id, &shown, true);
}

/* What an ack has only stored is on its way from here on: the sender's page hears so too, else it would take stored for sent. */
static void tell_leaving(struct session *s, const struct conv *c, const struct message *m)
{
    buf_clear(&s->out);
    frame_status(&s->out, &c->id, m->seq, m->delivery, NULL, m->at);
    session_both(s, c, &s->out, 0);
}

/* To the visitor's pages, but for those whose welcome has counted it. */
static void send_pages(struct session *s, const struct conv *c, int64_t seq, struct net_frame **f, uint64_t except)
{
    for (struct seat *seat = session_seats(s, &c->contact), *next; seat; seat = next) {
        next = seat->next; /* sending may close a seat that is too slow */
        if (seat->conn == except || !seat->welcomed || !key_eq(&seat->site, &c->site) ||
            (id_eq(&seat->conv, &c->id) && seq <= seat->counted))
            continue;
        if (!*f && (!buf_ok(&s->out) || !(*f = net_frame_new(buf_slice(&s->out)))))
            return;
        s->net.send(s->net.ctx, seat->conn, *f);
    }
}

static void tell_messages(struct session *s, const struct view *v, const struct kf_id *former, const struct message *m, size_t n,
                          uint64_t except)
{
    const struct conv *c = &v->conv;

    for (size_t i = 0; i < n; i++) {
        /* The sender's own words have their ack; what the system said because of them is news to the sender too. */
        uint64_t skip = m[i].cid && *m[i].cid ? except : 0;
        struct net_frame *f = NULL;

        buf_clear(&s->out);
        write_message(s, c, &m[i], false);
        send_pages(s, c, m[i].seq, &f, skip);
        send_staff(s, c, &s->out, &f, skip, m[i].seq > v->owner_seq);
        if (former && !id_is_zero(former) && !id_eq(former, &c->owner))
            send_all(s, &c->site, former, &s->out, &f, skip);
        if (f)
            net_frame_unref(f);
        if (m[i].delivery == DELIVERY_SENDING)
            tell_leaving(s, c, &m[i]);
    }
}

static void tell_rest(struct session *s, const struct view *v, const struct news *news)
{
    const struct conv *c = &v->conv;

    for (size_t i = 0; i < news->n_changed; i++) {
        buf_clear(&s->out);
        write_message(s, c, &news->changed[i], true);
        session_both(s, c, &s->out, 0);
    }
    for (size_t i = 0; i < news->n_statuses; i++) {
        const struct status_news *st = &news->statuses[i];

        buf_clear(&s->out);
        frame_status(&s->out, &c->id, st->seq, st->delivery, st->reason, st->at);
        session_both(s, c, &s->out, 0);
    }
    for (size_t i = 0; i < news->n_entries; i++) {
        struct net_frame *f = NULL;

        buf_clear(&s->out);
        frame_timeline(&s->out, &c->id, &news->entries[i]);
        send_staff(s, c, &s->out, &f, 0, v->owner_seq != INT64_MAX); /* whoever becomes the owner reads the timeline with the history */
        if (f)
            net_frame_unref(f);
    }
}

static void gap_read(struct session *s, struct view *v)
{
    if (v->fetching) {
        v->again = true;
        return;
    }
    v->fetching = true;
    s->ops.fetch(s->ops.ctx, &v->conv.id, v->told);
}

void session_sweep(struct session *s)
{
    struct view *v, *next;

    HASH_ITER(hh, s->views, v, next)
    {
        if (v->fetching)
            continue;
        if (!shown_here(s, &v->conv) && !is_watched(s, v))
            view_free(s, v);
        else if (v->told < v->conv.seq)
            gap_read(s, v); /* a read has failed */
    }
}

void session_news(struct session *s, const struct news *news, uint64_t except)
{
    const struct conv *c = &news->conv;
    struct view *v = session_view(s, &c->id);
    int64_t before = c->seq - (int64_t)news->n_messages;

    if (!news->has_conv)
        return;
    if (!v) {
        if (!shown_here(s, c) && !(news->before.state == CONV_SERVED && session_seats(s, &news->before.owner)))
            return;
        v = session_show(s, c);
        if (!v)
            return;
        if (v->told > before)
            v->told = before;
        v->owner_seq = before;
    } else
        view_update(v, c);
    if (!id_is_zero(&c->owner) && !id_eq(&c->owner, &news->before.owner) && v->conv.epoch == c->epoch)
        v->owner_seq = INT64_MAX; /* unless a later owner is known by now */
    if (v->fetching || before > v->told)
        gap_read(s, v);
    else if (news->n_messages && c->seq > v->told) {
        v->told = c->seq;
        tell_messages(s, v, &news->before.owner, news->messages, news->n_messages, except);
    }
    tell_rest(s, v, news);
}

void session_named(struct session *s, const struct kf_id *conv, const char *name)
{
    struct view *v = session_view(s, conv);

    if (v)
        view_named(v, name);
}

void session_owner_told(struct session *s, const struct kf_id *conv)
{
    struct view *v = session_view(s, conv);

    /* Who has been told already may lack some that are still being read: nothing may be taken off them. */
    if (v && v->owner_seq == INT64_MAX)
        v->owner_seq = v->conv.seq;
}

static uint64_t hash_cid(struct slice cid)
{
    uint64_t h = hash_slice(cid);

    return h ? h : 1;
}

void session_wrote(struct seat *seat, struct slice cid)
{
    if (cid.n)
        seat->wrote[seat->n_wrote++ % SESSION_WROTE] = hash_cid(cid);
}

/* The socket that a message has come from, if that is still here; else 0. */
static uint64_t written_by(struct session *s, const struct message *m)
{
    uint64_t h = hash_cid(slice_of(m->cid ? m->cid : ""));

    for (const struct seat *seat = m->cid ? session_seats(s, &m->from.id) : NULL; seat; seat = seat->next)
        for (size_t i = 0; i < SESSION_WROTE; i++)
            if (seat->wrote[i] == h)
                return seat->conn;
    return 0;
}

void session_catch_up(struct session *s, const struct conv *c, const struct message *m, size_t n)
{
    struct view *v = session_view(s, &c->id);
    bool again;

    if (!v)
        return;
    view_update(v, c);
    again = v->again;
    v->fetching = v->again = false;
    for (size_t i = 0; i < n; i++)
        if (m[i].seq == v->told + 1) {
            v->told = m[i].seq;
            tell_messages(s, v, NULL, &m[i], 1, written_by(s, &m[i]));
        }
    /* A read that failed brings nothing: the next news or the sweep tries again. */
    if (again || (n && v->told < v->conv.seq))
        gap_read(s, v);
}

/* lookup.c: what a frame names is read before it is acted upon. The frame is kept meanwhile; whoever sent it may be gone by then.
 *
 * While one is kept, what the same socket sends after it waits in line behind it: a text does not overtake the picture before it. */
#include "core/permit.h"
#include "desk/inner.h"

#include <jansson.h>

#define NO_FILE   "no such file: upload it first"
#define NO_CHOICE "choice: this was not offered here; allowed is the id of one of the choices that a message of this conversation offers"

/* Among so many of the newest messages a choice is looked for: what was offered before them has scrolled away. */
#define CHOICES_BACK 200

/* More than any page sends before it is answered. */
#define LINE_MAX 256

enum wants { WANTS_NOTHING, WANTS_CONV, WANTS_FILE, WANTS_LOOK, WANTS_CHOICE, WANTS_MESSAGE };

struct lookup {
    struct desk *d;
    uint64_t conn;
    struct arena *arena; /* owns all of this */
    struct inbound in;   /* its texts are copies */
    enum wants wants;
    conv_known *conv_known;
    file_known *file_known;
    choice_known *choice_known;
    message_known *message_known;
    struct message message;
    bool read; /* the answer is here: rc, why, conv or file */
    enum kf_rc rc;
    struct kf_err why;
    struct conv conv;
    struct stored_file file;
    struct lookup *next; /* of the same socket */
};

static bool copied(struct arena *a, struct slice *s)
{
    *s = arena_copy(a, *s);
    return s->p != NULL;
}

/* Everything that a browser's frame may carry. */
static bool keep_inbound(struct arena *a, const struct inbound *in, struct inbound *ret)
{
    *ret = *in;
    ret->media = NULL;
    ret->n_media = 0;
    return copied(a, &ret->cid) && copied(a, &ret->text) && copied(a, &ret->payload) && copied(a, &ret->form) && copied(a, &ret->chosen) &&
           copied(a, &ret->reason) && copied(a, &ret->token) && copied(a, &ret->locale) && copied(a, &ret->page) &&
           copied(a, &ret->profile) && copied(a, &ret->identity_id) && copied(a, &ret->identity_hash) && copied(a, &ret->tags) &&
           copied(a, &ret->comment);
}

static struct lookup *lookup_new(struct desk *d, struct seat *seat, const struct inbound *in, enum wants wants)
{
    struct arena *a = arena_new(0);
    struct lookup *l = a ? ARENA_NEW(a, struct lookup) : NULL;

    if (!l || !keep_inbound(a, in, &l->in)) {
        arena_free(a);
        return NULL;
    }
    l->d = d;
    l->conn = seat->conn;
    l->arena = a;
    l->wants = wants;
    d->under_way++;
    return l;
}

static void lookup_end(struct lookup *l)
{
    l->d->under_way--;
    arena_free(l->arena);
}

/* ---- the line of a socket ---- */

/* What an act in line asks for itself comes before those behind it. */
static void line_enter(struct seat *seat, struct lookup *l)
{
    struct lookup **end = &seat->line;

    while (!l->d->line_runs && *end)
        end = &(*end)->next;
    l->next = *end;
    *end = l;
    seat->line_n++;
}

/* True: it was found. Somebody else's site is as good as nothing. */
static bool found(struct lookup *l, struct seat *seat, const struct kf_key *site, const char *absent)
{
    if (!l->rc && key_eq(site, &seat->site))
        return true;
    if (!l->rc || l->rc == KF_ABSENT)
        seat_refuse(l->d, seat, &l->in, KF_ABSENT, absent);
    else
        session_error(l->d->session, seat, l->in.cid, &l->why);
    return false;
}

static void lookup_run(struct lookup *l, struct seat *seat)
{
    struct desk_site *ds = site_of(l->d, &seat->site);

    if (l->wants == WANTS_CONV) {
        if (ds && found(l, seat, &l->conv.site, "no such conversation"))
            l->conv_known(l->d, ds, seat, &l->in, &l->conv);
    } else if (l->wants == WANTS_LOOK) {
        if (ds)
            l->conv_known(l->d, ds, seat, &l->in, &l->conv);
    } else if (l->wants == WANTS_MESSAGE) {
        if (ds && !l->rc)
            l->message_known(l->d, ds, seat, &l->in, &l->conv, &l->message);
        else if (ds)
            session_error(l->d->session, seat, l->in.cid, &l->why);
    } else if (l->wants == WANTS_CHOICE) {
        if (!l->rc)
            l->choice_known(l->d, seat, &l->in);
        else
            refuse_unless_said(l->d, seat, &l->in, &l->why, true);
    } else if (l->wants == WANTS_FILE) {
        if (found(l, seat, &l->file.site, NO_FILE))
            l->file_known(l->d, seat, &l->in, &l->file);
    } else
        seat_dispatch(l->d, seat, &l->in);
}

static void line_go(struct desk *d, uint64_t conn)
{
    struct seat *seat;

    if (d->line_runs)
        return;
    d->line_runs = true;
    while ((seat = session_seat(d->session, conn)) && seat->line && (seat->line->read || seat->line->wants == WANTS_NOTHING)) {
        struct lookup *l = seat->line;

        seat->line = l->next;
        seat->line_n--;
        lookup_run(l, seat);
        lookup_end(l);
    }
    d->line_runs = false;
}

/* Those that wait for an answer of the store end when it comes, and find nobody. */
void line_leave(struct seat *seat)
{
    for (struct lookup *l = seat->line, *next; l; l = next) {
        next = l->next;
        if (l->read || l->wants == WANTS_NOTHING)
            lookup_end(l);
    }
    seat->line = NULL;
    seat->line_n = 0;
}

static bool may_overtake(enum inbound_kind kind)
{
    return kind == INBOUND_PING || kind == INBOUND_TYPING || kind == INBOUND_READ || kind == INBOUND_HISTORY || kind == INBOUND_HELLO;
}

bool line_wait(struct desk *d, struct seat *seat, const struct inbound *in)
{
    struct lookup *l;

    if (!seat->line || d->line_runs || may_overtake(in->kind))
        return false;
    l = seat->line_n < LINE_MAX ? lookup_new(d, seat, in, WANTS_NOTHING) : NULL;
    if (l)
        line_enter(seat, l);
    else
        seat_refuse(d, seat, in, KF_AGAIN, "too much waits here already; try again in a moment");
    return true;
}

/* ---- what they wait for ---- */

static void answered(struct lookup *l, enum kf_rc rc, const struct kf_err *why)
{
    uint64_t conn = l->conn;

    if (!session_seat(l->d->session, conn)) {
        lookup_end(l);
        return;
    }
    l->read = true;
    l->rc = rc;
    if (rc && why)
        l->why = *why;
    line_go(l->d, conn);
}

static bool keep_conv(struct lookup *l, const struct conv *c)
{
    l->conv = *c;
    l->conv.peer = arena_text(l->arena, slice_of(c->peer));
    l->conv.locale = arena_text(l->arena, slice_of(c->locale));
    l->conv.visitor_name = arena_text(l->arena, slice_of(c->visitor_name));
    return l->conv.peer && l->conv.locale && l->conv.visitor_name;
}

static void have_look(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why)
{
    struct lookup *l = ctx;
    struct desk_site *ds = site_of(l->d, &l->conv.site);

    (void)why;
    if (!rc && ds)
        keep_look(l->d, ds, view);
    answered(l, KF_OK, NULL); /* without it the last look must do */
}

void with_look(struct desk *d, struct seat *seat, const struct inbound *in, const struct conv *conv, conv_known *go)
{
    struct lookup *l = lookup_new(d, seat, in, WANTS_LOOK);

    if (!l || !keep_conv(l, conv)) {
        if (l)
            lookup_end(l);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    l->conv_known = go;
    line_enter(seat, l);
    d->ports.live_look(d->ports.ctx, &conv->site, 1, have_look, l);
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct lookup *l = ctx;

    if (!rc) {
        if (!keep_conv(l, &q->convs[0]))
            rc = kf_fail(&l->why, KF_NOMEM, "out of memory");
    }
    answered(l, rc, why);
}

void with_conv(struct desk *d, struct seat *seat, const struct inbound *in, const struct kf_id *conv, conv_known *go)
{
    struct query *q = query_new(QUERY_CONV);
    struct lookup *l = q ? lookup_new(d, seat, in, WANTS_CONV) : NULL;

    if (!l) {
        if (q)
            arena_free(q->arena);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    l->conv_known = go;
    q->id = *conv;
    line_enter(seat, l);
    d->ports.read(d->ports.ctx, q, have_conv, l);
}

static bool offers(const struct message *m, struct slice choice)
{
    json_t *root = m->extra && m->from.role != ROLE_VISITOR ? json_loads(m->extra, 0, NULL) : NULL;
    const json_t *one;
    bool ret = false;
    size_t i;

    json_array_foreach(json_object_get(root, "choices"), i, one)
    {
        const char *id = json_string_value(json_object_get(one, "id"));

        ret |= id && slice_is(choice, id);
    }
    json_decref(root);
    return ret;
}

static void have_choices(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct lookup *l = ctx;
    bool offered = false;

    for (size_t i = 0; !rc && !offered && i < q->n_messages; i++)
        offered = offers(&q->messages[i], l->in.payload);
    if (!rc && !offered)
        rc = kf_fail(&l->why, KF_INVALID, NO_CHOICE);
    answered(l, rc, why);
}

void with_choice(struct desk *d, struct seat *seat, const struct inbound *in, choice_known *go)
{
    struct query *q = id_is_zero(&seat->conv) ? NULL : query_new(QUERY_MESSAGES);
    struct lookup *l = q ? lookup_new(d, seat, in, WANTS_CHOICE) : NULL;

    if (!l) {
        if (q)
            arena_free(q->arena);
        seat_refuse(d, seat, in, id_is_zero(&seat->conv) ? KF_INVALID : KF_NOMEM, id_is_zero(&seat->conv) ? NO_CHOICE : "out of memory");
        return;
    }
    l->choice_known = go;
    q->id = seat->conv;
    q->before = INT64_MAX;
    q->limit = CHOICES_BACK;
    line_enter(seat, l);
    d->ports.read(d->ports.ctx, q, have_choices, l);
}

static void have_message(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct lookup *l = ctx;
    const struct message *m = !rc && q->n_messages ? &q->messages[0] : NULL;

    if (!rc && (!m || m->seq != l->in.seq))
        rc = kf_fail(&l->why, KF_ABSENT, "there is no message %lld in this conversation", (long long)l->in.seq);
    if (!rc && m) { /* of the rest nobody asks */
        l->message = (struct message){ .seq = m->seq, .kind = m->kind, .delivery = m->delivery };
        l->message.from.role = m->from.role;
        l->message.text = arena_copy(l->arena, m->text);
        l->message.ref = m->ref ? arena_text(l->arena, slice_of(m->ref)) : NULL;
        l->message.extra = m->extra ? arena_text(l->arena, slice_of(m->extra)) : NULL;
    }
    answered(l, rc, why);
}

void with_message(struct desk *d, struct seat *seat, const struct inbound *in, const struct conv *conv, message_known *go)
{
    struct query *q = query_new(QUERY_MESSAGES);
    struct lookup *l = q ? lookup_new(d, seat, in, WANTS_MESSAGE) : NULL;

    if (!l || !keep_conv(l, conv)) {
        if (l)
            lookup_end(l);
        if (q)
            arena_free(q->arena);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    l->message_known = go;
    q->id = conv->id;
    q->after = in->seq - 1;
    q->limit = 1;
    line_enter(seat, l);
    d->ports.read(d->ports.ctx, q, have_message, l);
}

/* Uploads come with the token, which knows nothing of an identity that the page has proven. */
static bool uploaded_by(const struct seat *seat, const struct kf_id *by)
{
    return id_eq(by, &seat->who) || (seat->side == FRAME_VISITOR && id_eq(by, &seat->device));
}

/* Whoever reads a conversation that refers to a file may name it anew. */
static bool may_read_one(const struct desk_site *ds, const struct seat *seat, const struct query *q)
{
    const struct member *m = seat->side == FRAME_STAFF ? member_of(ds, &seat->who) : NULL;

    for (size_t i = 0; i < q->n_convs; i++) {
        const struct conv *c = &q->convs[i];

        if (!key_eq(&c->site, &seat->site))
            continue;
        if (seat->side == FRAME_VISITOR ? id_eq(&c->contact, &seat->who) || id_eq(&c->contact, &seat->device)
                                        : permit(m, VERB_READ, &seat->site, c) || permit(m, VERB_TRANSCRIPT, &seat->site, c))
            return true;
    }
    return false;
}

static void have_file_convs(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct lookup *l = ctx;
    const struct seat *seat = session_seat(l->d->session, l->conn);
    const struct desk_site *ds = seat ? site_of(l->d, &seat->site) : NULL;

    if (!rc && !(ds && may_read_one(ds, seat, q)))
        rc = KF_ABSENT; /* somebody else's: as if it were not there */
    answered(l, rc, why);
}

/* It is somebody else's: who has been shown it may show it to others. */
static void ask_file_convs(struct lookup *l)
{
    struct query *q = query_new(QUERY_FILE_CONVS);

    if (!q) {
        answered(l, kf_fail(&l->why, KF_NOMEM, "out of memory"), NULL);
        return;
    }
    q->id = l->file.id;
    q->limit = 50;
    l->d->ports.read(l->d->ports.ctx, q, have_file_convs, l);
}

static void have_file(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct lookup *l = ctx;
    const struct seat *seat = session_seat(l->d->session, l->conn);

    if (!rc) {
        l->file = q->file;
        l->file.name = arena_text(l->arena, slice_of(q->file.name));
        l->file.mime = arena_text(l->arena, slice_of(q->file.mime));
        l->file.by.name = NULL;
        if (!l->file.name || !l->file.mime)
            rc = kf_fail(&l->why, KF_NOMEM, "out of memory");
    }
    if (!rc && seat && key_eq(&l->file.site, &seat->site) && !uploaded_by(seat, &l->file.by.id))
        ask_file_convs(l);
    else
        answered(l, rc, why);
}

void with_file(struct desk *d, struct seat *seat, const struct inbound *in, file_known *go)
{
    struct query *q = query_new(QUERY_FILE);
    struct lookup *l = q ? lookup_new(d, seat, in, WANTS_FILE) : NULL;

    if (!l) {
        if (q)
            arena_free(q->arena);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    l->file_known = go;
    q->id = in->file;
    line_enter(seat, l);
    d->ports.read(d->ports.ctx, q, have_file, l);
}

/* lookup.c: what a frame names is read before it is acted upon. The frame is kept meanwhile; whoever sent it may be gone by then. */
#include "core/permit.h"
#include "desk/inner.h"

#define NO_FILE "no such file: upload it first"

struct lookup {
    struct desk *d;
    uint64_t conn;
    struct arena *arena; /* owns all of this */
    struct inbound in;   /* its texts are copies */
    conv_known *conv;
    file_known *file;
    struct stored_file stored; /* while it is found out who may read it; its texts are copies */
};

/* What acts that come here may carry; whatever else a frame has stays behind. */
static struct lookup *lookup_new(struct desk *d, const struct seat *seat, const struct inbound *in)
{
    struct arena *a = arena_new(0);
    struct lookup *l = a ? ARENA_NEW(a, struct lookup) : NULL;

    if (!l) {
        arena_free(a);
        return NULL;
    }
    *l = (struct lookup){ .d = d, .conn = seat->conn, .arena = a };
    l->in = (struct inbound){ .kind = in->kind,
                              .conversation = in->conversation,
                              .file = in->file,
                              .seq = in->seq,
                              .reply_to = in->reply_to,
                              .score = in->score,
                              .to_agent = in->to_agent,
                              .to_queue = in->to_queue,
                              .cid = arena_copy(a, in->cid),
                              .text = arena_copy(a, in->text),
                              .tags = arena_copy(a, in->tags),
                              .comment = arena_copy(a, in->comment) };
    if (!l->in.cid.p || !l->in.text.p || !l->in.tags.p || !l->in.comment.p) {
        arena_free(a);
        return NULL;
    }
    d->under_way++;
    return l;
}

static void lookup_end(struct lookup *l)
{
    l->d->under_way--;
    arena_free(l->arena);
}

/* True: it was found. Somebody else's site is as good as nothing. */
static bool found(struct lookup *l, struct seat *seat, enum kf_rc rc, const struct kf_key *site, const char *absent,
                  const struct kf_err *why)
{
    if (!rc && site && key_eq(site, &seat->site))
        return true;
    if (!rc || rc == KF_ABSENT)
        seat_refuse(l->d, seat, &l->in, KF_ABSENT, absent);
    else
        session_error(l->d->session, seat, l->in.cid, why);
    return false;
}

static void have_conv(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct lookup *l = ctx;
    struct seat *seat = session_seat(l->d->session, l->conn);
    struct desk_site *ds = seat ? site_of(l->d, &seat->site) : NULL;

    if (ds && found(l, seat, rc, rc ? NULL : &q->convs[0].site, "no such conversation", why))
        l->conv(l->d, ds, seat, &l->in, &q->convs[0]);
    lookup_end(l);
}

void with_conv(struct desk *d, struct seat *seat, const struct inbound *in, const struct kf_id *conv, conv_known *go)
{
    struct query *q = query_new(QUERY_CONV);
    struct lookup *l = q ? lookup_new(d, seat, in) : NULL;

    if (!l) {
        if (q)
            arena_free(q->arena);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    l->conv = go;
    q->id = *conv;
    d->ports.read(d->ports.ctx, q, have_conv, l);
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
    struct seat *seat = session_seat(l->d->session, l->conn);
    struct desk_site *ds = seat ? site_of(l->d, &seat->site) : NULL;

    if (ds && !rc && !may_read_one(ds, seat, q))
        rc = KF_ABSENT; /* somebody else's: as if it were not there */
    if (ds && found(l, seat, rc, rc ? NULL : &l->stored.site, NO_FILE, why))
        l->file(l->d, seat, &l->in, &l->stored);
    lookup_end(l);
}

/* It is somebody else's: who has been shown it may show it to others. */
static void ask_file_convs(struct lookup *l, const struct stored_file *f)
{
    struct query *q = query_new(QUERY_FILE_CONVS);
    struct seat *seat = session_seat(l->d->session, l->conn);

    l->stored = *f;
    l->stored.name = arena_text(l->arena, slice_of(f->name));
    l->stored.mime = arena_text(l->arena, slice_of(f->mime));
    l->stored.by.name = "";
    if (!q || !l->stored.name || !l->stored.mime) {
        if (q)
            arena_free(q->arena);
        seat_refuse(l->d, seat, &l->in, KF_NOMEM, "out of memory");
        lookup_end(l);
        return;
    }
    q->id = f->id;
    q->limit = 50;
    l->d->ports.read(l->d->ports.ctx, q, have_file_convs, l);
}

static void have_file(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct lookup *l = ctx;
    struct seat *seat = session_seat(l->d->session, l->conn);

    if (seat && !rc && key_eq(&q->file.site, &seat->site) && !uploaded_by(seat, &q->file.by.id)) {
        ask_file_convs(l, &q->file);
        return;
    }
    if (seat && found(l, seat, rc, rc ? NULL : &q->file.site, NO_FILE, why))
        l->file(l->d, seat, &l->in, &q->file);
    lookup_end(l);
}

void with_file(struct desk *d, struct seat *seat, const struct inbound *in, file_known *go)
{
    struct query *q = query_new(QUERY_FILE);
    struct lookup *l = q ? lookup_new(d, seat, in) : NULL;

    if (!l) {
        if (q)
            arena_free(q->arena);
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    l->file = go;
    q->id = in->file;
    d->ports.read(d->ports.ctx, q, have_file, l);
}

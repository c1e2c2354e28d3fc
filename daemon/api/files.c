/* files.c: GET /files/{id}: whoever may have a file is given it, and what is not one's own is not opened unseen. */
#include "api/files.h"
#include "api/download.h"
#include "api/upload.h"

#define NOTED     256    /* openings that are remembered, so that a player which asks for parts is one of them */
#define OPENED_MS 600000 /* how long one is */

/* ---- who asks ---- */

bool file_visitor(struct turn *t, const struct site *site, struct kf_id *ret)
{
    struct slice cookie = cookie_value(turn_header(t, "cookie"), COOKIE_VISITOR);
    struct slice origin = turn_header(t, "origin"), bearer = turn_header(t, "authorization");

    if (slice_starts(bearer, "Bearer v1."))
        return desk_token_check(turn_desk(t), site, (struct slice){ bearer.p + 7, bearer.n - 7 }, ret) == KF_OK;
    if (strcmp(t->method, "GET") != 0 && strcmp(t->method, "HEAD") != 0 && (!origin.n || !origin_ours(t->api, origin)))
        return false;
    return desk_cookie_token(turn_desk(t), site, cookie, ret).n > 0;
}

bool file_session(struct turn *t, store_answer *done, void *ctx)
{
    struct slice origin = turn_header(t, "origin");
    struct query *q;

    if ((origin.n && !origin_ours(t->api, origin)) || !turn_session_hash(t, t->session_hash))
        return false;
    q = query_new(QUERY_SESSION);
    if (!q)
        return false;
    q->bytes = arena_copy(q->arena, (struct slice){ (const char *)t->session_hash, 32 });
    q->now = turn_ports(t)->now_ms(turn_ports(t)->ctx);
    turn_ports(t)->read(turn_ports(t)->ctx, q, done, ctx);
    return true;
}

/* ---- what is given ---- */

static bool asks_peaks(const struct turn *t)
{
    return slice_is(turn_query(t, "as"), "peaks");
}

/* Leads to the origin that files have of their own, by a signed address. */
static void lead_elsewhere(struct turn *t, const struct stored_file *f, bool by_address, const char *as)
{
    char url[FILE_URL_MAX];
    struct http_pair headers[] = { { SLICE("Location"), { NULL, 0 } }, { SLICE("Cache-Control"), SLICE("private, no-store") } };
    const struct net_answer a = { .status = 307, .headers = headers, .n_headers = 2 };

    if (by_address) { /* made before there was such an origin: it holds no longer than it did */
        struct slice exp = turn_query(t, "exp"), sig = turn_query(t, "sig");
        char id[KF_ID_TEXT];

        headers[0].value = slice_of(arena_printf(t->arena, "%s/files/%s?exp=%.*s&sig=%.*s%s", files_elsewhere(t->api), id_text(&f->id, id),
                                                 (int)exp.n, exp.p, (int)sig.n, sig.p, as));
    } else if (desk_file_url(turn_desk(t), &f->site, &f->id, url, sizeof(url)))
        headers[0].value = slice_of(arena_printf(t->arena, "%s%s", url, as));
    if (headers[0].value.n)
        turn_answer(t, &a);
    else
        turn_problem(t, 503, "the site has no secret to sign an address with");
}

/* Whoever may have the file. Where files have an origin of their own, no byte of one leaves from here. */
static void give_file(struct turn *t, const struct stored_file *f, bool by_address)
{
    struct slice as = turn_query(t, "as");

    if (as.n && !slice_is(as, "wav") && !slice_is(as, "peaks"))
        turn_problem(t, 400, "as: wav or peaks");
    else if (asks_peaks(t)) /* our own words about a file are none of its bytes */
        voice_peaks(t, f, by_address);
    else if (files_elsewhere(t->api) && !turn_at_files_origin(t) && !t->op)
        lead_elsewhere(t, f, by_address, as.n ? "&as=wav" : "");
    else if (as.n)
        voice_play(t, f, by_address);
    else
        download_begin(t, f, by_address);
}

/* ---- who may have it ---- */

/* A browser may be signed in and a visitor at once: it is asked as the one, then as the other. */
struct fetching {
    struct turn *turn;
    struct stored_file file;
    struct file_user who;
};

static void try_visitor(struct fetching *f);

static void not_there(struct turn *t)
{
    turn_problem(t, 404, "no such file");
}

/* ---- who opens what is not one's own is written down ---- */

static struct {
    struct kf_id file, who;
    int64_t at; /* 0: free */
} openings[NOTED];
static size_t last_opening;

static int64_t mono_ms(struct turn *t)
{
    return turn_ports(t)->mono_ms(turn_ports(t)->ctx);
}

static bool is_open(const struct fetching *f)
{
    int64_t now = mono_ms(f->turn);

    for (size_t i = 0; i < NOTED; i++)
        if (openings[i].at && now - openings[i].at < OPENED_MS && id_eq(&openings[i].file, &f->file.id) &&
            id_eq(&openings[i].who, &f->who.id))
            return true;
    return false;
}

static void noted(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct fetching *f = ctx;

    (void)news;
    if (rc) {
        turn_fail(f->turn, rc, why);
        return;
    }
    if (!f->turn->op) { /* a page asks for parts of a file, the operator for all of it */
        last_opening = (last_opening + 1) % NOTED;
        openings[last_opening].file = f->file.id;
        openings[last_opening].who = f->who.id;
        openings[last_opening].at = mono_ms(f->turn);
    }
    give_file(f->turn, &f->file, false);
}

/* In a commit before the first byte. `conv`: by which `m` may; both NULL: the operator may all. */
static void note_opening(struct fetching *f, const struct conv *conv, const struct member *m)
{
    const struct ports *p = turn_ports(f->turn);
    struct change *c = change_new(&f->file.site, p->now_ms(p->ctx));
    char file[KF_ID_TEXT], id[KF_ID_TEXT];
    struct act *act;

    if (!c) {
        turn_problem(f->turn, 500, "out of memory");
        return;
    }
    c->by = m ? (struct actor){ .role = ROLE_AGENT,
                                .id = f->who.id,
                                .name = change_text(c, slice_of(m->name)),
                                .number = m->number && *m->number ? change_text(c, slice_of(m->number)) : NULL }
              : turn_actor(f->turn, c);
    act = change_act(c, ACT_AUDIT);
    act->u.entry = (struct entry){ .at = c->at, .kind = "file_opened", .by = c->by };
    act->u.entry.data =
        conv ? change_printf(c, "{\"conversation\":\"%s\",\"file\":\"%s\"}", id_text(&conv->id, id), id_text(&f->file.id, file))
             : change_printf(c, "{\"file\":\"%s\"}", id_text(&f->file.id, file));
    p->commit(p->ctx, c, noted, f);
}

static bool took_part(const struct conv *c, const struct kf_id *who)
{
    return id_eq(&c->owner, who) || id_eq(&c->last_agent, who) || id_eq(&c->helper, who);
}

static void have_convs_of_staff(struct fetching *f, const struct query *q)
{
    struct turn *t = f->turn;
    const struct conv *by = NULL;
    const struct member *as = NULL;

    for (size_t i = 0; i < q->n_convs; i++) {
        const struct conv *c = &q->convs[i];
        const struct member *m = t->key ? turn_member(t, &c->site) : desk_member(turn_desk(t), &c->site, &f->who.id);

        if (!permit(m, VERB_READ, &c->site, c) && !permit(m, VERB_TRANSCRIPT, &c->site, c))
            continue;
        if (took_part(c, &f->who.id)) {
            give_file(t, &f->file, false);
            return;
        }
        by = c;
        as = m;
    }
    if (!by)
        try_visitor(f);
    else if (is_open(f) || asks_peaks(t)) /* a page draws them beside the words: nothing has been opened, what was said is not in them */
        give_file(t, &f->file, false);
    else
        note_opening(f, by, as);
}

static void have_convs(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct fetching *f = ctx;
    bool may = false;

    if (rc && rc != KF_ABSENT)
        turn_fail(f->turn, rc, why);
    else if (!rc && !f->who.visitor)
        have_convs_of_staff(f, q);
    else {
        for (size_t i = 0; !rc && i < q->n_convs && !may; i++)
            may = id_eq(&q->convs[i].contact, &f->who.id) || desk_sits_as(turn_desk(f->turn), &q->convs[i].contact, &f->who.id);
        if (may)
            give_file(f->turn, &f->file, false);
        else
            try_visitor(f);
    }
}

/* The uploader may; everybody else only with a conversation that refers to it and that he may read. */
static void check_reader(struct fetching *f)
{
    struct turn *t = f->turn;
    struct query *q;

    if (id_eq(&f->file.by.id, &f->who.id)) {
        give_file(t, &f->file, false);
        return;
    }
    q = query_new(QUERY_FILE_CONVS);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->id = f->file.id;
    q->limit = 50;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_convs, f);
}

static void try_visitor(struct fetching *f)
{
    struct site *site = desk_site(turn_desk(f->turn), &f->file.site);

    if (f->who.visitor || !site || !file_visitor(f->turn, site, &f->who.id)) {
        not_there(f->turn);
        return;
    }
    f->who.visitor = true;
    check_reader(f);
}

static void reader_staff(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct fetching *f = ctx;

    if (rc && rc != KF_ABSENT)
        turn_fail(f->turn, rc, why);
    else if (rc || !desk_session_alive(turn_desk(f->turn), f->turn->session_hash, &q->session))
        try_visitor(f);
    else {
        f->who.id = q->session.person;
        check_reader(f);
    }
}

static void reader_program(struct turn *t)
{
    struct fetching *f = t->state;

    f->who.id = t->person;
    check_reader(f);
}

static void have_file(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct site *site = rc ? NULL : desk_site(turn_desk(t), &q->file.site);
    struct fetching *f;

    if (rc && rc != KF_ABSENT) {
        turn_fail(t, rc, why);
        return;
    }
    f = site ? ARENA_NEW(t->arena, struct fetching) : NULL;
    if (!f) {
        not_there(t);
        return;
    }
    f->turn = t;
    f->file = q->file;
    f->file.name = arena_text(t->arena, slice_of(q->file.name));
    f->file.mime = arena_text(t->arena, slice_of(q->file.mime));
    t->state = f;
    /* Platforms, and pages where files have an origin of their own, fetch without a session. */
    if (desk_file_signed(turn_desk(t), site, &q->file.id, turn_query(t, "exp"), turn_query(t, "sig")))
        give_file(t, &f->file, true);
    else if (turn_at_files_origin(t))
        not_there(t);
    else if (t->op)
        note_opening(f, NULL, NULL);
    else if (!turn_key(t, reader_program) && !file_session(t, reader_staff, f))
        try_visitor(f);
}

void files_get(struct turn *t)
{
    struct query *q;
    struct kf_id id;

    if (!id_parse(t->segment[0], &id) || !(q = query_new(QUERY_FILE))) {
        not_there(t);
        return;
    }
    q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_file, t);
}

const struct route_entry routes_files[] = { { "POST", "/files", GATE_OPEN, upload_begin },
                                            { "GET", "/files/*", GATE_OPEN, files_get },
                                            { NULL, NULL, GATE_OPEN, NULL } };

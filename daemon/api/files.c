/* files.c: uploads and downloads. Bodies pass through in blocks; nothing is held but one piece. */
#include "api/api.h"
#include "config.h"
#include "core/mime.h"
#include "core/utf8.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <uthash.h>

#define NAME_CP   120
#define NOTED     256    /* openings that are remembered, so that a player which asks for parts is one of them */
#define OPENED_MS 600000 /* how long one is */

/* Somebody who may read or write a file: a visitor or a member of the staff. */
struct file_user {
    bool visitor;
    struct kf_id id;
};

struct upload {
    uint64_t req;
    struct turn *turn;
    struct site *site;
    struct file_user who;
    struct kf_id handle, file;
    bool known; /* who it is has been found out: pieces may go on */
    bool last;
    char *held; /* a piece that came before that, or that is being stored */
    size_t n_held;
    struct mime mime;
    bool sniffed;
    char *name; /* as it was stored */
    int64_t size;
    UT_hash_handle hh;
};

struct download {
    uint64_t req;
    struct store *store;
    struct api *api;
    uint8_t sha256[32];
    int64_t index, left;
    size_t skip; /* of the first block: a range may begin inside of it */
    bool busy, gone;
    UT_hash_handle hh;
};

static struct upload *uploads;
static struct download *downloads;

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

/* ---- uploading ---- */

static void upload_free(struct upload *u)
{
    HASH_DEL(uploads, u);
    site_unref(u->site);
    free(u->held);
    free(u->name);
    free(u);
}

static void upload_fail(struct upload *u, enum kf_rc rc, const struct kf_err *why)
{
    store_file_drop(turn_config(u->turn)->store, &u->handle);
    turn_fail(u->turn, rc, why);
    upload_free(u);
}

static void upload_refuse(struct upload *u, enum kf_rc rc, const char *words)
{
    struct kf_err why = { 0 };

    (void)kf_fail(&why, rc, "%s", words);
    upload_fail(u, rc, &why);
}

static struct upload *upload_of(uint64_t req)
{
    struct upload *u = NULL;

    HASH_FIND(hh, uploads, &req, sizeof(req), u);
    return u;
}

static void upload_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct upload *u = upload_of((uint64_t)(uintptr_t)ctx);
    char id[KF_ID_TEXT];
    json_t *root;

    (void)news;
    if (!u)
        return;
    if (rc) {
        upload_fail(u, rc, why);
        return;
    }
    root = json_pack("{s:s,s:s,s:I,s:s}", "id", id_text(&u->file, id), "mime", u->mime.type, "size", (json_int_t)u->size, "name",
                     u->name ? u->name : "");
    if (u->mime.width > 0 && u->mime.height > 0) {
        json_object_set_new(root, "width", json_integer(u->mime.width));
        json_object_set_new(root, "height", json_integer(u->mime.height));
    }
    turn_jansson(u->turn, 201, root);
    upload_free(u);
}

/* A name for people: no folders, no control characters, not endless. */
static const char *clean_name(struct change *c, struct slice name)
{
    struct buf b;
    const char *ret;
    size_t i = 0;

    buf_init(&b, 4096);
    while (i < name.n) {
        char utf8[4];
        uint32_t cp = utf8_next(name, &i);

        if (cp == '/' || cp == '\\')
            buf_clear(&b);
        else if (cp >= 0x20 && cp != 0x7f && cp != 0xfffd && !(cp >= 0x202a && cp <= 0x202e) && !(cp >= 0x2066 && cp <= 0x2069))
            buf_add(&b, (struct slice){ utf8, utf8_put(utf8, cp) });
    }
    ret = change_text(c, b.n ? utf8_cut(buf_slice(&b), NAME_CP) : SLICE("file"));
    buf_finish(&b);
    return ret;
}

static void upload_stored(void *ctx, enum kf_rc rc, const uint8_t sha256[32], int64_t size, const struct kf_err *why)
{
    struct upload *u = upload_of((uint64_t)(uintptr_t)ctx);
    struct change *c;
    struct act *act;

    if (!u)
        return;
    c = rc ? NULL : change_new(&u->site->key, clock_ms(u->turn));
    if (!c) {
        upload_fail(u, rc ? rc : KF_NOMEM, why);
        return;
    }
    c->by = (struct actor){ .role = u->who.visitor ? ROLE_VISITOR : ROLE_AGENT, .id = u->who.id, .name = "" };
    act = change_act(c, ACT_FILE);
    act->u.file.id = u->file;
    memcpy(act->u.file.sha256, sha256, 32);
    act->u.file.size = size;
    act->u.file.name = clean_name(c, turn_query(u->turn, "name"));
    act->u.file.mime = u->mime.type;
    act->u.file.width = u->mime.width;
    act->u.file.height = u->mime.height;
    u->name = strdup(act->u.file.name);
    u->size = size;
    turn_ports(u->turn)->commit(turn_ports(u->turn)->ctx, c, upload_done, ctx);
}

static void upload_block(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct upload *u = upload_of((uint64_t)(uintptr_t)ctx);

    if (!u)
        return;
    if (rc) {
        upload_fail(u, rc, why);
        return;
    }
    if (u->last)
        store_file_end(turn_config(u->turn)->store, &u->handle, upload_stored, ctx);
    else
        net_more(api_server(u->turn->api), u->req);
}

static void upload_put(struct upload *u)
{
    struct slice piece = { u->held ? u->held : "", u->n_held };

    if (!u->sniffed) {
        u->mime = mime_of(piece);
        u->sniffed = true;
    }
    store_file_put(turn_config(u->turn)->store, &u->handle, piece, upload_block, (void *)(uintptr_t)u->req);
}

void files_body(struct api *api, uint64_t req, struct slice piece, bool last)
{
    struct upload *u = upload_of(req);

    (void)api;
    if (!u)
        return;
    free(u->held);
    u->held = piece.n ? malloc(piece.n) : NULL;
    u->n_held = u->held ? piece.n : 0;
    u->last = last;
    if (piece.n && !u->held) {
        upload_fail(u, KF_NOMEM, NULL);
        return;
    }
    if (u->held)
        memcpy(u->held, piece.p, piece.n);
    if (u->known)
        upload_put(u);
}

static void upload_known(struct upload *u)
{
    u->known = true;
    if (u->held || u->last)
        upload_put(u);
}

static void have_staff(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct upload *u = upload_of((uint64_t)(uintptr_t)ctx);
    const struct member *m;
    struct slice csrf;
    char hex[65];

    if (!u)
        return;
    m = rc ? NULL : desk_member(turn_desk(u->turn), &u->site->key, &q->session.person);
    if (rc && rc != KF_ABSENT) {
        upload_fail(u, rc, why);
        return;
    }
    csrf = turn_header(u->turn, "x-csrf-token");
    for (size_t i = 0; !rc && i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", q->session.csrf[i]);
    if (rc || !desk_session_alive(turn_desk(u->turn), u->turn->session_hash, &q->session))
        upload_refuse(u, KF_AUTH, "sign in first");
    else if (!m || m->disabled)
        upload_refuse(u, KF_DENIED, "not a member of this site");
    else if (csrf.n != 64 || CRYPTO_memcmp(csrf.p, hex, 64) != 0)
        upload_refuse(u, KF_DENIED, "the X-CSRF-Token header is missing or wrong: GET /api/v1/session tells it");
    else {
        u->who.id = q->session.person;
        upload_known(u);
    }
}

/* A visitor by cookie (with our own Origin, so that no other site can make a browser upload) or by token; else somebody of the staff. */
static bool visitor_of(struct turn *t, const struct site *site, struct kf_id *ret)
{
    struct slice cookie = cookie_value(turn_header(t, "cookie"), COOKIE_VISITOR);
    struct slice origin = turn_header(t, "origin"), bearer = turn_header(t, "authorization");

    if (slice_starts(bearer, "Bearer v1."))
        return desk_token_check(turn_desk(t), site, (struct slice){ bearer.p + 7, bearer.n - 7 }, ret) == KF_OK;
    if (strcmp(t->method, "GET") != 0 && strcmp(t->method, "HEAD") != 0 && (!origin.n || !origin_ours(t->api, origin)))
        return false;
    return desk_cookie_token(turn_desk(t), site, cookie, ret).n > 0;
}

static bool read_session(struct turn *t, store_answer *done, void *ctx)
{
    struct slice origin = turn_header(t, "origin");
    struct query *q;

    if ((origin.n && !origin_ours(t->api, origin)) || !turn_session_hash(t, t->session_hash))
        return false;
    q = query_new(QUERY_SESSION);
    if (!q)
        return false;
    q->bytes = arena_copy(q->arena, (struct slice){ (const char *)t->session_hash, 32 });
    q->now = clock_ms(t);
    turn_ports(t)->read(turn_ports(t)->ctx, q, done, ctx);
    return true;
}

static void post_file(struct turn *t)
{
    struct site *site = site_named(t->api, turn_query(t, "site"));
    struct slice type = turn_header(t, "content-type");
    struct upload *u;
    uint8_t chance[10];

    if (!site) {
        turn_problem(t, 404, "no such site: ?site=KEY");
        return;
    }
    if (type.n >= 10 && strncasecmp(type.p, "multipart/", 10) == 0) { /* what is in a form would be stored with the form around it */
        turn_problem(t, 415, "send the file itself as the body, not a form; its name goes into the address: ?name=photo.png");
        return;
    }
    u = calloc(1, sizeof(*u));
    if (!u) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    u->req = t->req;
    u->turn = t;
    u->site = site_ref(site);
    turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
    u->handle = id_make(clock_ms(t), chance);
    turn_ports(t)->chance(turn_ports(t)->ctx, chance, sizeof(chance));
    u->file = id_make(clock_ms(t), chance);
    HASH_ADD(hh, uploads, req, sizeof(u->req), u);
    /* Staff first when it says so by its CSRF token: one browser may hold both cookies. */
    if (!turn_header(t, "x-csrf-token").n && visitor_of(t, site, &u->who.id)) {
        struct kf_err why = { 0 };

        u->who.visitor = true;
        if (desk_may_upload(turn_desk(t), t->peer.address, &why))
            upload_known(u);
        else
            upload_fail(u, KF_RATE, &why);
    } else if (!read_session(t, have_staff, (void *)(uintptr_t)t->req))
        upload_refuse(u, KF_AUTH, "an upload needs the visitor's cookie with our Origin, the visitor's token, or a signed-in session");
}

/* ---- downloading ---- */

static void download_free(struct download *d)
{
    HASH_DEL(downloads, d);
    free(d);
}

static struct download *download_of(uint64_t req)
{
    struct download *d = NULL;

    HASH_FIND(hh, downloads, &req, sizeof(req), d);
    return d;
}

static void have_block(void *ctx, enum kf_rc rc, struct slice block, const struct kf_err *why)
{
    struct download *d = download_of((uint64_t)(uintptr_t)ctx);

    (void)why;
    if (!d)
        return;
    d->busy = false;
    block = block.n > d->skip ? (struct slice){ block.p + d->skip, block.n - d->skip } : (struct slice){ NULL, 0 };
    d->skip = 0;
    if ((int64_t)block.n > d->left)
        block.n = (size_t)d->left;
    if (!d->gone && (rc || !block.n))
        net_answer_abort(api_server(d->api), d->req);
    else if (!d->gone) {
        d->left -= (int64_t)block.n;
        net_piece(api_server(d->api), d->req, block);
    }
    if (d->gone || rc || !block.n || d->left <= 0)
        download_free(d);
}

void files_pull(struct api *api, uint64_t req)
{
    struct download *d = download_of(req);

    (void)api;
    if (!d || d->busy)
        return;
    d->busy = true;
    store_file_get(d->store, d->sha256, d->index++, have_block, (void *)(uintptr_t)req);
}

void files_gone(struct api *api, uint64_t req)
{
    struct download *d = download_of(req);
    struct upload *u = upload_of(req);

    (void)api;
    if (d) {
        d->gone = true;
        if (!d->busy)
            download_free(d);
    }
    if (u) { /* the turn goes with it; what the store is still doing finds nobody */
        store_file_drop(turn_config(u->turn)->store, &u->handle);
        turn_end(u->turn);
        upload_free(u);
    }
}

static void disposition(struct buf *b, const char *name, bool shown)
{
    buf_str(b, shown ? "inline" : "attachment");
    buf_str(b, "; filename*=UTF-8''");
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '.' || *p == '-' || *p == '_')
            buf_char(b, (char)*p);
        else
            buf_printf(b, "%%%02X", *p);
    }
}

/* ---- a part of a file: RFC 9110 §14, one range; players of sound ask for them ---- */

/* Digits only; -1: none, or too many. */
static int64_t digits(struct slice s)
{
    int64_t n = 0;

    if (s.n == 0 || s.n > 15)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        n = n * 10 + (s.p[i] - '0');
    }
    return n;
}

/* "bytes=FROM-TO", "bytes=FROM-", "bytes=-LAST", the unit in either case. 200: the whole (also for what is not understood, or more than one
 * range); 206: `from` and `n`; 416: it lies outside. */
static int range_of(struct slice header, int64_t size, int64_t *from, int64_t *n)
{
    struct slice spec = { header.p + 6, header.n - 6 }, first, last;
    const char *dash;
    int64_t a, b;

    *from = 0;
    *n = size;
    if (header.n < 6 || strncasecmp(header.p, "bytes=", 6) != 0 || !(dash = memchr(spec.p, '-', spec.n)))
        return 200;
    first = (struct slice){ spec.p, (size_t)(dash - spec.p) };
    last = (struct slice){ dash + 1, spec.n - first.n - 1 };
    a = digits(first);
    b = digits(last);
    if ((first.n && a < 0) || (last.n && b < 0) || (!first.n && !last.n) || (first.n && last.n && b < a))
        return 200;
    if (first.n ? a >= size : b == 0 || size == 0)
        return 416;
    if (!first.n) {
        *n = b < size ? b : size;
        *from = size - *n;
    } else {
        *from = a;
        *n = (last.n && b < size ? b + 1 : size) - a;
    }
    return 206;
}

/* What may be a part only: of GET alone, and not if it was asked for under a condition. No file has a validator, so none can be met, and the
 * whole is right (RFC 9110, 13.1.5 and 14.2). */
static struct slice range_wanted(const struct turn *t)
{
    bool whole = strcmp(t->method, "GET") != 0 || turn_header(t, "if-range").p;

    return whole ? (struct slice){ "", 0 } : turn_header(t, "range");
}

/* The headers that every byte of a file goes out with; what a signed address gives, any page may show: whoever has it may have the file. */
static size_t file_headers(struct turn *t, const struct stored_file *f, bool by_address, struct buf *b, struct http_pair *headers)
{
    size_t n = 0;

    disposition(b, f->name, mime_shown(f->mime));
    headers[n++] = (struct http_pair){ SLICE("Content-Disposition"), arena_copy(t->arena, buf_slice(b)) };
    headers[n++] = (struct http_pair){ SLICE("Content-Security-Policy"), SLICE("sandbox; default-src 'none'") };
    headers[n++] = (struct http_pair){ SLICE("X-Content-Type-Options"), SLICE("nosniff") };
    headers[n++] = (struct http_pair){ SLICE("Cache-Control"), SLICE("private, no-store") };
    headers[n++] = (struct http_pair){ SLICE("Accept-Ranges"), SLICE("bytes") };
    if (by_address) {
        headers[n++] = (struct http_pair){ SLICE("Cross-Origin-Resource-Policy"), SLICE("cross-origin") };
        headers[n++] = (struct http_pair){ SLICE("Access-Control-Allow-Origin"), SLICE("*") };
    }
    return n;
}

bool file_answer(struct turn *t, const struct stored_file *f, bool by_address, struct net_answer *ret, int64_t *from, int64_t *n)
{
    struct http_pair *headers = arena_array(t->arena, 8, sizeof(*headers));
    const char *range = "";
    struct buf b;

    if (!headers)
        return false;
    *ret = (struct net_answer){ .type = f->mime, .headers = headers, .status = range_of(range_wanted(t), f->size, from, n) };
    buf_init(&b, 4096);
    ret->n_headers = file_headers(t, f, by_address, &b, headers);
    buf_finish(&b);
    if (ret->status == 206) {
        range = arena_printf(t->arena, "bytes %lld-%lld/%lld", (long long)*from, (long long)(*from + *n - 1), (long long)f->size);
        headers[ret->n_headers++] = (struct http_pair){ SLICE("Content-Range"), slice_of(range) };
    }
    return range != NULL;
}

static void send_file(struct turn *t, const struct stored_file *f, bool by_address)
{
    struct net_answer a;
    int64_t from, n;
    struct download *d;

    if (!file_answer(t, f, by_address, &a, &from, &n)) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    if (a.status == 416) {
        turn_beyond(t, f->size);
        return;
    }
    if (n == 0) {
        turn_answer(t, &a);
        return;
    }
    if (strcmp(t->method, "HEAD") != 0) { /* else: as long as the answer to GET, and nobody pulls */
        d = calloc(1, sizeof(*d));
        if (!d) {
            turn_problem(t, 500, "out of memory");
            return;
        }
        *d = (struct download){ .req = t->req,
                                .store = turn_config(t)->store,
                                .api = t->api,
                                .index = from / STORE_BLOCK,
                                .skip = (size_t)(from % STORE_BLOCK),
                                .left = n };
        memcpy(d->sha256, f->sha256, 32);
        HASH_ADD(hh, downloads, req, sizeof(d->req), d);
    }
    net_answer_begin(api_server(t->api), t->req, &a, n);
    turn_end(t);
}

static bool asks_peaks(const struct turn *t)
{
    return slice_is(turn_query(t, "as"), "peaks");
}

/* Whoever may have the file. Where files have an origin of their own, no byte of one leaves from here: a signed address leads there. */
static void give_file(struct turn *t, const struct stored_file *f, bool by_address)
{
    char url[FILE_URL_MAX];
    struct http_pair headers[] = { { SLICE("Location"), { NULL, 0 } }, { SLICE("Cache-Control"), SLICE("private, no-store") } };
    const struct net_answer a = { .status = 307, .headers = headers, .n_headers = 2 };

    struct slice as = turn_query(t, "as");

    if (as.n && !slice_is(as, "wav") && !slice_is(as, "peaks")) {
        turn_problem(t, 400, "as: wav or peaks");
        return;
    }
    if (asks_peaks(t)) { /* our own words about a file are none of its bytes */
        voice_peaks(t, f, by_address);
        return;
    }
    if (!files_elsewhere(t->api) || turn_at_files_origin(t) || t->op) {
        if (as.n)
            voice_play(t, f, by_address);
        else
            send_file(t, f, by_address);
        return;
    }
    if (by_address) { /* made before there was such an origin: it holds no longer than it did */
        struct slice exp = turn_query(t, "exp"), sig = turn_query(t, "sig");
        char id[KF_ID_TEXT];

        headers[0].value = slice_of(arena_printf(t->arena, "%s/files/%s?exp=%.*s&sig=%.*s%s", files_elsewhere(t->api), id_text(&f->id, id),
                                                 (int)exp.n, exp.p, (int)sig.n, sig.p, as.n ? "&as=wav" : ""));
    } else if (desk_file_url(turn_desk(t), &f->site, &f->id, url, sizeof(url)))
        headers[0].value = slice_of(arena_printf(t->arena, "%s%s", url, as.n ? "&as=wav" : ""));
    if (headers[0].value.n)
        turn_answer(t, &a);
    else
        turn_problem(t, 503, "the site has no secret to sign an address with");
}

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

    if (f->who.visitor || !site || !visitor_of(f->turn, site, &f->who.id)) {
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
    else if (!turn_key(t, reader_program) && !read_session(t, reader_staff, f))
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

const struct route_entry routes_files[] = { { "POST", "/files", GATE_OPEN, post_file },
                                            { "GET", "/files/*", GATE_OPEN, files_get },
                                            { NULL, NULL, GATE_OPEN, NULL } };
